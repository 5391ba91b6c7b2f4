import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Login } from "./login/login.tsx";
import { forgetCredential, keepCredential } from "./login/credential.ts";
import { House } from "./house.tsx";
import { openHouse } from "./open-house.ts";

/** The login, or the house once there is a token. A refused token leads back to the login. */
export function App({ first }: { first: string | undefined }): VNode {
  // null: the login is shown. undefined: try without a token, for a gateway that asks for none.
  const token = useSignal<string | undefined | null>(first);
  const problem = useSignal<string | undefined>(undefined);
  const house = useMemo(
    () =>
      token.value === null
        ? undefined
        : openHouse(token.value, () => {
            if (token.peek() !== undefined) problem.value = "The gateway does not accept this token.";
            forgetCredential();
            token.value = null;
          }),
    [token.value],
  );
  if (house === undefined) {
    return (
      <Login
        problem={problem.value}
        onToken={(text) => {
          keepCredential(text);
          problem.value = undefined;
          token.value = text;
        }}
      />
    );
  }
  return (
    <House
      house={house}
      onLeave={() => {
        house.close();
        forgetCredential();
        token.value = null;
      }}
    />
  );
}
