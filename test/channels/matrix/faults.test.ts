import { createMatrix } from "../../../src/channels/matrix/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { channelFaultSuite, MOST_PEOPLE, PAUSE_MS } from "../../contract/channel-faults/index.ts";
import { BOT, startFakeMatrix } from "../../fakes/matrix/index.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { startFaultProxy } from "../../faults/fault-proxy.ts";
import { TOKEN } from "./harness.ts";

channelFaultSuite("matrix", async (clock) => {
  const matrix = await startFakeMatrix({ token: TOKEN, clock });
  const random = createSeededRandom(1);
  const wire = await startFaultProxy(Number(new URL(matrix.url).port), () => random.number(), clock);
  /** Direct rooms, by person. */
  const rooms = new Map(
    Array.from({ length: MOST_PEOPLE }, (_, index) => `@person${index}:test`).map((person) => [person, matrix.world.createRoom([person, BOT])]),
  );
  matrix.world.accountDataOf(BOT).set("m.direct", Object.fromEntries([...rooms].map(([person, room]) => [person, [room]])));
  const send = (person: string) => `PUT /client/v3/rooms/${rooms.get(person)}/send/m.room.message/`;
  let rival = new AbortController();
  return {
    wires: [wire],
    open: (deps) =>
      createMatrix(
        {
          account: "default",
          homeserver: `http://127.0.0.1:${wire.port}`,
          access_token: new Secret("matrix", TOKEN),
          user: undefined,
          password: undefined,
          device_name: "Open Clanker",
          recovery_key: undefined,
          // Its library works on threads of its own, for which manual time does not wait.
          encryption: false,
          streaming: true,
        },
        deps,
      ),
    people: (count) => [...rooms.keys()].slice(0, count),
    say: (person, text) => void matrix.say(text, { room: rooms.get(person)!, from: person }),
    shown: (person) => matrix.texts(rooms.get(person)!),
    tries: (person) => matrix.calls.filter(({ call }) => call.startsWith(send(person))).length,
    failNext(failure, person) {
      const call = send(person);
      if (failure === "retry")
        matrix.faults.push({ call, status: 429, body: { errcode: "M_LIMIT_EXCEEDED", error: "Too Many Requests", retry_after_ms: PAUSE_MS } });
      if (failure === "permanent") matrix.faults.push({ call, status: 403, body: { errcode: "M_FORBIDDEN", error: "not in the room" } });
      if (failure === "unknown") matrix.faults.push({ call, drop: true });
    },
    violations: () => matrix.invariants,
    rival: {
      harmless: "each device has a position of its own in the stream",
      async set(there) {
        rival.abort();
        rival = new AbortController();
        if (!there) return;
        matrix.world.addDevice(BOT, "OTHER", "other-token");
        const { signal } = rival;
        void (async () => {
          for (let since = ""; !signal.aborted;) {
            const url = `${matrix.url}/_matrix/client/v3/sync?timeout=30000${since === "" ? "" : `&since=${since}`}`;
            const response = await fetch(url, { headers: { authorization: "Bearer other-token" }, signal }).catch(() => undefined);
            if (response === undefined) return;
            since = ((await response.json()) as { next_batch: string }).next_batch;
          }
        })().catch(() => {});
      },
    },
    // A connection for each call.
    connectsPerHour: 150,
    async close() {
      rival.abort();
      await wire.close();
      await matrix.close();
    },
  };
});
