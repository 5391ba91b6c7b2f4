import type { WebSocket } from "ws";
import { createHash } from "node:crypto";
import type { Dispatch, FakeSession, FakeState, Json } from "./state.ts";

export interface GatewaySettings {
  heartbeatMs: number;
  /** Heartbeats are not answered any more, as on a connection that is dead on one side. */
  deaf: boolean;
  /** Nothing is said, not even hello. */
  mute: boolean;
  /** So many RESUMEs are answered with Invalid Session, `d` as given. */
  rejectResumes: { times: number; resumable: boolean };
  /** READY comes without what is in the servers. */
  withholdGuilds: boolean;
  /** Identify is answered by closing with this code. */
  refuseIdentify: number | undefined;
}

export interface GatewayLog {
  identifies: number;
  resumes: number;
  heartbeats: number;
  intents: number;
  readonly closes: number[];
}

export function serveGateway(state: FakeState, settings: GatewaySettings, log: GatewayLog, url: () => string) {
  const open = new Set<WebSocket>();
  return {
    open,
    accept(socket: WebSocket, query: URLSearchParams): void {
      if (query.get("v") !== "10" || query.get("encoding") !== "json") state.violations.push(`gateway opened with ${query}`);
      if (open.size > 0) state.violations.push("two connections at once");
      open.add(socket);
      const send = (op: number, more: Json = {}) => socket.readyState === socket.OPEN && socket.send(JSON.stringify({ op, s: null, t: null, ...more }));
      const deliver = ({ s, t, d }: Dispatch) => send(0, { s, t, d });
      let session: FakeSession | undefined;
      const openedAt = state.clock.monotonic();
      let beats = 0;
      const live = (dispatch: Dispatch) => session !== undefined && session === state.session && deliver(dispatch);
      state.events.on("dispatch", live);
      socket.on("close", (code) => {
        open.delete(socket);
        state.events.off("dispatch", live);
        log.closes.push(code);
        // The client has ended its session for good (Gateway, Disconnecting).
        if ((code === 1000 || code === 1001) && session !== undefined) session.alive = false;
        state.changed();
      });
      socket.on("error", () => {});
      socket.on("message", (data) => {
        const frame = JSON.parse(String(data)) as { op: number; d: Json & number };
        if (frame.op === 1) {
          log.heartbeats += 1;
          // Too often is the client's fault; too late may be a busy machine.
          beats += 1;
          const allowed = (state.clock.monotonic() - openedAt) / settings.heartbeatMs + 3;
          if (beats > allowed) state.violations.push(`${beats} heartbeats where ${Math.floor(allowed)} are due`);
          if (session !== undefined && typeof frame.d === "number") read(session, frame.d);
          if (!settings.deaf) send(11);
        } else if (frame.op === 2) identify(frame.d);
        else if (frame.op === 6) resume(frame.d);
        else state.violations.push(`unknown opcode ${frame.op}`);
        state.changed();
      });

      const read = (one: FakeSession, seq: number) => {
        if (seq > one.dispatches.length) state.violations.push(`read ${seq} of ${one.dispatches.length}`);
        if (seq < one.read) state.violations.push(`read ${seq} after ${one.read}`);
        one.read = Math.max(one.read, seq);
      };
      const identify = (d: Json) => {
        log.identifies += 1;
        log.intents = Number(d["intents"]);
        if (session !== undefined) {
          state.violations.push("identified twice on one connection");
          return socket.close(4005);
        }
        if (settings.refuseIdentify !== undefined) return socket.close(settings.refuseIdentify);
        if (d["token"] !== state.token) return socket.close(4004);
        session = { id: createHash("sha256").update(`${log.identifies}${Math.random()}`).digest("hex").slice(0, 32), dispatches: [], read: 0, alive: true };
        state.session = session;
        const ready = {
          v: 10,
          user: state.me,
          session_id: session.id,
          resume_gateway_url: url(),
          guilds: [{ id: state.guild, unavailable: true }],
          application: { id: state.me.id },
        };
        state.dispatch("READY", ready);
        if (settings.withholdGuilds) return;
        const all = [...state.channels.values()].filter((channel) => channel.guild_id !== undefined);
        const shown = all.map(({ messages, ...channel }) => ({ ...channel, last_message_id: messages.at(-1)?.id ?? null }));
        state.dispatch("GUILD_CREATE", { id: state.guild, channels: shown.filter((one) => one.type === 0), threads: shown.filter((one) => one.type === 11) });
      };
      const resume = (d: Json) => {
        log.resumes += 1;
        if (d["token"] !== state.token) return socket.close(4004);
        if (settings.rejectResumes.times > 0) {
          settings.rejectResumes.times -= 1;
          if (!settings.rejectResumes.resumable && state.session !== undefined) state.session.alive = false;
          return send(9, { d: settings.rejectResumes.resumable });
        }
        const old = state.session;
        if (old?.alive !== true || old.id !== d["session_id"]) return send(9, { d: false });
        if (Number(d["seq"]) > old.dispatches.length) return socket.close(4007);
        session = old;
        read(session, Number(d["seq"]));
        for (const dispatch of session.dispatches.slice(Number(d["seq"]))) deliver(dispatch);
        state.dispatch("RESUMED", {});
      };
      if (!settings.mute) send(10, { d: { heartbeat_interval: settings.heartbeatMs } });
      state.changed();
    },
  };
}
