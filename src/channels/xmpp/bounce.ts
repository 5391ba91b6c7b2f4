import type { Element } from "@xmpp/client";
import { ChannelError } from "../../core/errors.ts";
import { NS } from "./ns.ts";

/** RFC 6120 section 8.3.2: `wait` may be tried again, everything else may not. */
export function bounceOf(stanza: Element): ChannelError {
  const error = stanza.getChild("error");
  const condition = error?.getChildElements().find((one) => one.getNS() === NS.stanzaErrors && one.name !== "text")?.name ?? "error";
  const text = (error?.getChildText("text", NS.stanzaErrors) ?? "").slice(0, 200);
  const words = `the server answered ${condition}${text === "" ? "" : `: ${text}`}`;
  if (error?.attrs["type"] === "wait") return new ChannelError("xmpp_try_later", words, "retry", { retryAfterMs: 30_000 });
  return new ChannelError("xmpp_refused", words, "permanent", { hint: "Check the address; in a room the assistant has to be let in and allowed to speak" });
}
