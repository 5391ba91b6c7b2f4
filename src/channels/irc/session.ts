/**
 * One connection to the server, from the first byte to the last: registration with CAP and SASL (IRCv3), nick, joins, pings, questions and their answers. It knows
 * nothing of updates; what people say is handed to `said`.
 */
import type { ChannelDeps } from "../../core/channel.ts";
import { sleep } from "../../core/clock.ts";
import type { Stream } from "../../core/streams.ts";
import { foldName, type IrcLine, parseLine, parsePrefix, readLines } from "./line.ts";
import { createPace, type Pace } from "./pace.ts";
import type { IrcAccountConfig } from "./config.ts";
import { CHANNEL_TOKEN, createPeople, named, type People } from "./people.ts";
import type { IrcTiming } from "./timing.ts";
import { IrcTrouble } from "./trouble.ts";

/** Capabilities that tell us who speaks; nothing is wanted that changes how it is written. */
const WANTED = ["account-tag", "extended-join", "account-notify", "chghost", "server-time", "message-tags", "sasl"];
const LOGIN_REFUSED = new Set(["464", "902", "904", "905", "906"]);
/** No such nick, no such channel, cannot send, too many targets, no text, not registered, not on the channel, blocked in private. */
const SEND_REFUSED = new Set(["401", "403", "404", "407", "412", "415", "437", "442", "477", "482", "486", "489", "494", "531", "716"]);

/** What a session needs of the account it is for. */
export interface SessionOwner {
  readonly config: IrcAccountConfig;
  readonly deps: Pick<ChannelDeps, "clock" | "random" | "log">;
  readonly timing: IrcTiming;
  /** The server has answered. */
  alive(): void;
}

/** Who holds a nick now. */
export interface Person {
  readonly nick: string;
  readonly userHost: string;
  readonly account: string | undefined;
}

export interface SendAnswer {
  /** `unsent`: it never left us; `lost`: nobody knows. */
  readonly kind: "taken" | "refused" | "unsent" | "lost";
  readonly reason?: string;
}

type Asked = "answered" | "unsent" | "lost";

/** What waits for lines until it has heard enough. @returns true when done. */
type Listener = (line: IrcLine) => boolean;

export class Session {
  readonly caps = new Set<string>();
  readonly people: People;
  nick: string;
  /** `user@host` of ours as others see it, once known. */
  userHost = "";
  readonly #owner: SessionOwner;
  readonly #stream: Stream;
  readonly #said: (line: IrcLine) => Promise<void>;
  readonly #pace: Pace;
  readonly #listeners = new Set<Listener>();
  readonly #supports = new Map<string, string>();
  readonly #over = new AbortController();
  readonly #welcomed = Promise.withResolvers<void>();
  #trouble: IrcTrouble | undefined;
  #registered = false;
  #asks = 0;
  #question: Promise<unknown> = Promise.resolve();

  constructor(owner: SessionOwner, stream: Stream, said: (line: IrcLine) => Promise<void>) {
    this.#owner = owner;
    this.#stream = stream;
    this.#said = said;
    this.nick = owner.config.nick;
    this.#pace = createPace(owner.deps.clock, owner.timing);
    this.people = createPeople({ fold: (name) => this.fold(name), me: () => this.nick });
  }

  fold(name: string): string {
    return foldName(name, this.#supports.get("CASEMAPPING"));
  }

  isChannel(name: string): boolean {
    return (this.#supports.get("CHANTYPES") ?? "#&+!").includes(name.slice(0, 1)) && name !== "";
  }

  /** Aborts when the connection is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Serves until the connection ends. @param ready is called when the server has welcomed us. @throws IrcTrouble when it ended by itself. */
  async serve(signal: AbortSignal, ready: () => void): Promise<void> {
    const stop = () => this.#end();
    signal.addEventListener("abort", stop, { once: true });
    const reading = this.#read();
    this.#welcomed.promise.then(ready, () => {});
    try {
      if (signal.aborted) return this.#end();
      this.#register();
      void this.#watch();
      const reason = await this.#stream.closed;
      await reading;
      if (!signal.aborted) throw this.#trouble ?? new IrcTrouble("irc_lost", `the connection was lost (${reason})`);
    } finally {
      signal.removeEventListener("abort", stop);
      this.#over.abort();
      this.#welcomed.reject(new Error("over"));
      this.#stream.close();
      await reading;
    }
  }

  /** Says one line to a nick or channel and waits until the server has it: it works in order, so its answer to a PING behind the line is also one to the line. */
  async say(target: string, text: string, signal: AbortSignal): Promise<SendAnswer> {
    if (!(await this.#pace.turn(AbortSignal.any([signal, this.over])))) return { kind: "unsent" };
    let refusal: string | undefined;
    const heard = await this.#ask(
      (token) => [`PRIVMSG ${target} :${text}`, `PING :${token}`],
      (line, token) => {
        if (SEND_REFUSED.has(line.command) && this.fold(line.params[1] ?? "") === this.fold(target)) refusal ??= line.params.slice(1).join(" ");
        return line.command === "PONG" && line.params.at(-1) === token;
      },
    );
    if (refusal !== undefined) return { kind: "refused", reason: refusal };
    return { kind: heard === "answered" ? "taken" : heard };
  }

  /** Who has this nick at this moment. @returns undefined when nobody has, or the server does not say. */
  async who(nick: string): Promise<Person | undefined> {
    if (/[\s,*?]/.test(nick) || nick === "" || !(await this.#pace.turn(this.over))) return undefined;
    let userHost: string | undefined;
    let account: string | undefined;
    const whox = this.#supports.has("WHOX");
    const same = (name: string | undefined) => this.fold(name ?? "") === this.fold(nick);
    const heard = await this.#ask(
      (token) => [whox ? `WHO ${nick} %tuhna,${Number(token) % 1_000}` : `WHOIS ${nick}`, `PING :${token}`],
      ({ command, params }, token) => {
        if (command === "354" && params[1] === String(Number(token) % 1_000) && same(params[4])) {
          userHost = `${params[2]}@${params[3]}`;
          account = named(params[5]);
        } else if (command === "311" && same(params[1])) userHost = `${params[2]}@${params[3]}`;
        else if (command === "330" && same(params[1])) account = named(params[2]);
        return command === "PONG" && params.at(-1) === token;
      },
    );
    return heard === "answered" && userHost !== undefined ? { nick, userHost, account } : undefined;
  }

  /** One question at a time, so that an answer belongs to it. `unsent`: it never left; `lost`: the connection ended or was silent before the answer. */
  #ask(lines: (token: string) => readonly string[], hear: (line: IrcLine, token: string) => boolean): Promise<Asked> {
    const run = async (): Promise<Asked> => {
      this.#asks = (this.#asks % 700) + 1;
      const token = String(1_000 * (Math.floor(this.#owner.deps.clock.monotonic()) % 1_000_000) + this.#asks);
      const { promise, resolve } = Promise.withResolvers<Asked>();
      const listener: Listener = (line) => hear(line, token) && (resolve("answered"), true);
      const gone = () => resolve("lost");
      this.over.addEventListener("abort", gone, { once: true });
      const cancel = this.#owner.deps.clock.timer(this.#owner.timing.answerMs, () => this.#fail("irc_silent", "the server does not answer"));
      this.#listeners.add(listener);
      try {
        if (this.over.aborted || !this.#send(lines(token))) return "unsent";
        return await promise;
      } finally {
        cancel();
        this.#listeners.delete(listener);
        this.over.removeEventListener("abort", gone);
      }
    };
    const mine = this.#question.then(run);
    this.#question = mine;
    return mine;
  }

  #send(lines: readonly string[], credential = false): boolean {
    return this.#stream.write(lines.map((line) => `${line}\r\n`).join(""), { credential });
  }

  #end(): void {
    this.#send(["QUIT :bye"]);
    this.#over.abort();
    this.#stream.close();
  }

  #fail(code: IrcTrouble["code"], message: string): void {
    this.#trouble ??= new IrcTrouble(code, message);
    this.#over.abort();
    this.#stream.close();
  }

  #register(): void {
    const { config } = this.#owner;
    this.#send(["CAP LS 302"]);
    if (config.server_password !== undefined) this.#send(["PASS :{server_password}"], true);
    this.#send([`NICK ${this.nick}`, `USER ${config.nick.replace(/[^A-Za-z0-9]/g, "").slice(0, 9) || "clanker"} 0 * :${config.nick}`]);
  }

  async #read(): Promise<void> {
    for await (const text of readLines(this.#stream.bytes)) {
      const line = parseLine(text);
      if (line === undefined) continue;
      this.#take(line);
      for (const listener of this.#listeners) if (listener(line)) this.#listeners.delete(listener);
      await this.#said(line);
    }
  }

  #take(line: IrcLine): void {
    const { command, params, prefix } = line;
    const ours = this.fold(parsePrefix(prefix).nick) === this.fold(this.nick);
    this.people.watch(line);
    switch (command) {
      case "PING":
        return void this.#send([`PONG :${params.at(-1) ?? ""}`]);
      case "CAP":
        return this.#negotiate(params);
      case "AUTHENTICATE":
        if (params[0] !== "+") return;
        // RFC 4616: no authorization identity, account, password.
        return void this.#stream.write("\0{login}\0{login_password}".replace("{login}", this.#owner.config.login ?? ""), {
          credential: true,
          base64: { before: "AUTHENTICATE ", after: "\r\n" },
        });
      case "903":
        return void this.#send(["CAP END"]);
      case "001":
        this.nick = params[0] ?? this.nick;
        return this.#welcome();
      case "005":
        for (const token of params.slice(1, -1)) this.#supports.set(token.split("=", 1)[0]!, token.includes("=") ? token.slice(token.indexOf("=") + 1) : "");
        return;
      case "432":
      case "433":
      case "436":
      case "437":
        return this.#otherNick();
      case "465":
        return this.#fail("irc_banned", `the server refuses us: ${params.at(-1)}`);
      case "NICK":
        if (ours) this.nick = params[0] ?? this.nick;
        else if (this.#wantsNick(parsePrefix(prefix).nick)) this.#claimNick();
        return;
      case "QUIT":
        if (this.#wantsNick(parsePrefix(prefix).nick)) this.#claimNick();
        return;
      case "JOIN":
        if (ours) {
          this.userHost = parsePrefix(prefix).userHost;
          if (this.#supports.has("WHOX")) this.#send([`WHO ${params[0]} %tcuhna,${CHANNEL_TOKEN}`]);
        }
        return;
      case "ERROR":
        return this.#fail(troubleIn(params.at(-1) ?? ""), `the server ends the connection: ${params.at(-1)}`);
      default:
        if (LOGIN_REFUSED.has(command)) this.#fail("irc_login_refused", `the server refuses the login: ${params.at(-1)}`);
        // Behind the welcome the numbers 471 to 475 and 405 are about a channel that does not let us in; the others go on.
        if (/^(403|405|47[1-7])$/.test(command)) this.#owner.deps.log.warn("irc channel not joined", { channel: params[1], reason: params.at(-1) });
    }
  }

  readonly #offered: string[] = [];

  #negotiate(params: readonly string[]): void {
    const [, verb, second = ""] = params;
    const names = (params.at(-1) ?? "").split(" ").filter((name) => name !== "");
    if (verb === "LS") {
      this.#offered.push(...names.map((name) => name.split("=", 1)[0]!));
      if (second === "*") return;
      const sasl = this.#owner.config.login !== undefined;
      if (sasl && !this.#offered.includes("sasl")) return this.#fail("irc_login_refused", "the server takes no login (SASL)");
      const wanted = WANTED.filter((name) => this.#offered.includes(name) && (name !== "sasl" || sasl));
      this.#send([wanted.length === 0 ? "CAP END" : `CAP REQ :${wanted.join(" ")}`]);
    } else if (verb === "ACK") {
      for (const name of names) this.caps.add(name);
      this.#send([this.caps.has("sasl") ? "AUTHENTICATE PLAIN" : "CAP END"]);
    } else if (verb === "NAK") {
      if (this.#owner.config.login !== undefined) this.#fail("irc_login_refused", "the server takes no login (SASL)");
      else this.#send(["CAP END"]);
    }
  }

  #welcome(): void {
    const { config } = this.#owner;
    if (config.channels.length > 0) this.#send(config.channels.map((channel) => `JOIN ${channel}`));
    this.#registered = true;
    this.#welcomed.resolve();
  }

  #otherNick(): void {
    // Behind the welcome it was only a try to get the wanted one back.
    if (this.#registered) return;
    this.nick = this.nick.length >= 28 ? `${this.nick.slice(0, 20)}${this.#owner.deps.random.number().toString(36).slice(2, 6)}` : `${this.nick}_`;
    this.#send([`NICK ${this.nick}`]);
  }

  #wantsNick(freed: string): boolean {
    return this.#registered && this.fold(freed) === this.fold(this.#owner.config.nick) && this.fold(this.nick) !== this.fold(this.#owner.config.nick);
  }

  #claimNick(): void {
    this.#send([`NICK ${this.#owner.config.nick}`]);
  }

  /** The server has to welcome us, and then to answer: a quiet network is not a deaf account (P7). */
  async #watch(): Promise<void> {
    const { deps, timing, config } = this.#owner;
    const { clock } = deps;
    const cancel = clock.timer(
      timing.welcomeMs,
      () => this.#registered || this.#fail("irc_silent", `the server did not welcome us within ${timing.welcomeMs} ms`),
    );
    try {
      await this.#welcomed.promise;
    } catch {
      return;
    } finally {
      cancel();
    }
    let nickAt = clock.monotonic();
    while (!this.over.aborted) {
      await sleep(clock, Math.min(timing.pingMs, timing.nickMs), this.over);
      if (this.over.aborted) return;
      if (this.fold(this.nick) !== this.fold(config.nick) && clock.monotonic() - nickAt >= timing.nickMs) {
        nickAt = clock.monotonic();
        this.#claimNick();
      }
      if (
        (await this.#ask(
          (token) => [`PING :${token}`],
          (line, token) => line.command === "PONG" && line.params.at(-1) === token,
        )) !== "answered"
      )
        return;
      this.#owner.alive();
    }
  }
}

/** Why a server says goodbye is in its words alone. */
function troubleIn(words: string): IrcTrouble["code"] {
  if (/password|access denied/i.test(words)) return "irc_login_refused";
  return /banned|[kgz]-?lined/i.test(words) ? "irc_banned" : "irc_lost";
}
