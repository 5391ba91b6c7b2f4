import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createTranscript } from "../../src/cli/chat/transcript.ts";
import { createOutput } from "../../src/cli/output.ts";

function setup(details = true) {
  let printed = "";
  const stream = { isTTY: false, write: (text: string) => (printed += text) } as unknown as NodeJS.WriteStream;
  const output = createOutput({ argv: [], env: {}, stdout: stream, stderr: stream });
  const transcript = createTranscript({ output, details, isOwn: (id) => id === "mine" });
  const delta = (offset: number, text: string) => transcript.event({ event: "turn.delta", payload: { turn_id: "t", offset, text } });
  return { transcript, delta, printed: () => printed };
}

test("whatever is repeated, missed or out of order, the answer is printed once and whole", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "grapheme-ascii" }), fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { maxLength: 20 }), (text, pieces) => {
      const { transcript, delta, printed } = setup();
      for (const [offset, length] of pieces) delta(offset, text.slice(offset, offset + length));
      transcript.end({ turn_id: "t", text });
      delta(0, text);
      transcript.end({ turn_id: "t", text });
      assert.equal(printed(), `${text}\n`);
      assert.equal(transcript.running.size, 0);
    }),
  );
});

test("a reconnect shows the running turn from where it was, and later deltas go on behind it", () => {
  const { transcript, delta, printed } = setup();
  delta(0, "one ");
  transcript.resume([{ turn_id: "t", text: "one two " }]);
  delta(4, "two three");
  assert.equal(printed(), "one two three");
  assert.deepEqual([...transcript.running], ["t"]);
});

test("steps before the answer stay, tools are one dim line, other channels' messages are shown, own ones are not", () => {
  const { transcript, delta, printed } = setup();
  delta(0, "Let me look.");
  transcript.event({ event: "turn.tool", payload: { turn_id: "t", call_id: "c", name: "clock", state: "started" } });
  transcript.event({ event: "turn.tool", payload: { turn_id: "t", call_id: "c", name: "clock", state: "finished" } });
  transcript.event({ event: "message.accepted", session: "s", payload: { message_id: "mine", text: "hidden", channel: "web", at: 0 } } as never);
  transcript.event({ event: "message.accepted", session: "s", payload: { message_id: "other", text: "from the phone", channel: "telegram", at: 0 } } as never);
  transcript.end({ turn_id: "t", text: "It is noon." });
  assert.equal(printed(), "Let me look.\n· clock …\n· clock done\n[telegram] from the phone\nIt is noon.\n");
});

test("sec-28: control characters of an answer or a tool's name never reach the terminal", () => {
  const { transcript, delta, printed } = setup();
  delta(0, "a\u001b[2Jb\tc\nd");
  transcript.event({ event: "turn.tool", payload: { turn_id: "t", call_id: "c", name: "x\u001b]0;evil\u0007", state: "denied" } });
  transcript.end({ turn_id: "t", text: "a\u001b[2Jb\tc\nd" });
  assert.ok(!printed().includes("\u001b") && !printed().includes("\u0007"));
  assert.match(printed(), /a\\u001b\[2Jb\tc\nd/);
});
