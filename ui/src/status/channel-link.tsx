import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { Connection } from "../connection/connection.ts";
import type { WireLogin } from "../connection/wire.ts";

interface ChannelLinkProps {
  readonly connection: Connection;
  readonly channel: string;
  readonly account: string;
  readonly ready: boolean;
}

/** Links an account from a phone: by a picture to scan, or by a code to type where a number is given. */
export function ChannelLink({ connection, channel, account, ready }: ChannelLinkProps): VNode | null {
  const open = useSignal(false);
  const phone = useSignal("");
  const step = useSignal<WireLogin["step"] | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const running = useSignal(0);
  // Whatever comes for an earlier login is dropped.
  useEffect(() => () => void (running.value += 1), []);
  const begin = (event: Event) => {
    event.preventDefault();
    const mine = (running.value += 1);
    const number = phone.value.replaceAll(/\D/g, "");
    step.value = undefined;
    problem.value = undefined;
    open.value = true;
    follow(connection, { channel, account, ...(number === "" ? {} : { phone: number }) }, (next) => {
      if (running.value === mine) step.value = next;
      return running.value === mine;
    }).catch((error: unknown) => {
      if (running.value === mine) problem.value = error instanceof Error ? error.message : String(error);
    });
  };
  if (ready && step.value?.type !== "linked") return null;
  return (
    <form class="link" aria-label={`Link ${channel}`} onSubmit={begin}>
      {!open.value || problem.value !== undefined ? (
        <>
          <input
            aria-label="Phone number, for a code instead of a picture"
            placeholder="Number, for a code"
            inputMode="tel"
            autocomplete="off"
            value={phone.value}
            onInput={(event) => (phone.value = event.currentTarget.value)}
          />
          <button type="submit">Link</button>
        </>
      ) : (
        <Step step={step.value} />
      )}
      {problem.value !== undefined && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
    </form>
  );
}

function Step({ step }: { step: WireLogin["step"] | undefined }): VNode {
  if (step === undefined) return <p role="status">Asking for a code…</p>;
  if (step.type === "linked") return <p role="status">Linked as {step.identity}</p>;
  if (step.type === "code")
    return (
      <p role="status">
        Type <strong>{step.code}</strong> on the phone
      </p>
    );
  return <QrCode text={step.text} />;
}

/** Dark squares on a light ground, whatever the page's own colours: cameras want it so. */
function QrCode({ text }: { text: string }): VNode {
  const path = useSignal<{ size: number; d: string } | undefined>(undefined);
  useEffect(() => {
    // Loaded when it is wanted: most visits never link anything.
    import("uqr").then(
      ({ encode }) => {
        const { data, size } = encode(text, { border: 3 });
        path.value = { size, d: data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("") };
      },
      () => undefined,
    );
  }, [text]);
  if (path.value === undefined) return <p role="status">Drawing the code…</p>;
  const { size, d } = path.value;
  return (
    <svg class="qr" role="img" aria-label="QR code to scan with the phone" viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={d} />
    </svg>
  );
}

/** Asks for one step after the other until the account is linked, or `shown` does not want any more. */
async function follow(
  connection: Connection,
  params: { channel: string; account: string; phone?: string },
  shown: (step: WireLogin["step"]) => boolean,
): Promise<void> {
  const begun = await connection.call("channels.login", params);
  let { number, step } = begun;
  while (shown(step) && step.type !== "linked") ({ number, step } = await connection.call("channels.login_next", { login_id: begun.login_id, after: number }));
}
