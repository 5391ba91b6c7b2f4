import { startDovecot } from "../../fakes/dovecot.ts";
import type { Stranger } from "../stranger.ts";
import { createBench, PASSWORD } from "./harness.ts";

/** To look for mail and to read its head and words, before which nobody knows who wrote it. To mark it or to fetch the files in it is none. */
const MAIL_UPKEEP = /^(?:DONE|\w+ (?:NOOP|IDLE|UID SEARCH .*|UID FETCH \d+ \((?!.*(?:\[[2-9]|BODY\[)).*))$/;

export const stranger: Stranger = async (intake, ends) => {
  const server = await startDovecot({ password: PASSWORD });
  ends(() => server.close());
  const bench = await createBench(server, { intake });
  ends(() => bench.close());
  let sent = "";
  for (const wire of [bench.imapWire, bench.smtpWire]) wire.onSent = (chunk) => void (sent += String(chunk));
  bench.start();
  await bench.until(() => bench.channel.status().state === "ready");
  const head = ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"];
  const file = ["--b", "Content-Type: image/png; name=a.png", "Content-Disposition: attachment", "Content-Transfer-Encoding: base64", "", "eA=="];
  const body = ["--b", "Content-Type: text/plain", "", "hi", ...file, "--b--"].join("\n");
  return {
    stranger: "eve@example.org",
    does: { message: () => void bench.receive({ from: "eve@example.org", head, body }) },
    calls: () =>
      sent
        .split("\r\n")
        .slice(0, -1)
        .filter((line) => !MAIL_UPKEEP.test(line)).length,
  };
};
