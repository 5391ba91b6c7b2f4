import type { ExecProgram } from "../core/processes.ts";

/**
 * What a command may do beyond what its name says. Only `plain` may ever become allow-always; everything else runs other code that the name does not show, so that a
 * remembered "yes" would be a yes to anything (sec-43, sec-44, sec-45, sec-50).
 */
export type ExecRisk =
  | { readonly kind: "plain" }
  | {
      /** `script`: shell text. `wrapper`: runs its arguments as a command. `interpreter`: runs what is in its arguments, input or files. `exec_flag`: does so with these. */
      readonly kind: "script" | "wrapper" | "interpreter" | "exec_flag";
      /** For the person who is asked, one clause. */
      readonly reason: string;
    };

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/u));

/** Programs that run a command from their arguments. */
const WRAPPERS = words(
  "env nice nohup stdbuf timeout time setsid xargs busybox toybox sudo doas su runuser chroot unshare nsenter flock ionice taskset chrt setpriv prlimit strace ltrace " +
    "watch script parallel exec command builtin systemd-run at batch crontab capsh fakeroot fakechroot start-stop-daemon unbuffer entr chpst softlimit catchsegv valgrind " +
    "perf bwrap firejail docker podman nerdctl kubectl lxc run-parts tmux screen daemonize proot rlwrap torsocks proxychains socat cpulimit pkexec newgrp sg setarch " +
    "linux32 linux64 i386 x86_64 numactl ssh-agent dbus-run-session dbus-launch xvfb-run choom uclampset coproc eval nq ts chronic ifne setuidgid sshpass ssh scp sftp rsh " +
    "mosh git hg svn gdb lldb make gmake bmake ninja just task",
);

/** Programs that run what a text says, from arguments, input or files, or have a way to a shell. */
const INTERPRETERS = words(
  "sh bash dash zsh ksh mksh fish csh tcsh ash rbash rksh yash pwsh python pypy perl ruby node nodejs deno bun lua luajit php tclsh wish expect r rscript julia guile racket " +
    "scheme sbcl clisp ecl java jshell groovy kotlin scala ghci runghc runhaskell ocaml erl escript elixir iex swift go cargo rustc cmake npx npm yarn pnpm bunx pip pipx uv uvx " +
    "poetry gem bundle composer mvn gradle ant rake awk gawk mawk nawk bc dc ed ex vi vim view vimdiff rvim nvim emacs nano pico joe mg less more most man info pg sqlite sqlite3 psql " +
    "mysql mariadb mongo mongosh redis-cli m4 tex latex pdftex pdflatex xelatex lualatex gnuplot octave maxima ipython jupyter ansible ansible-playbook mail mailx mutt ftp lftp telnet " +
    "w3m lynx elinks gcc g++ cc c++ clang clang++ tcc ld as osascript wscript cscript powershell cmd irb pry rails logrotate dpkg rpm apt apt-get aptitude dnf yum pacman apk snap " +
    "flatpak systemctl journalctl loginctl convert magick mogrify identify inkscape blender gimp pandoc nix nix-shell sage mcp nmap hping3 wine qemu",
);

/** Long options by which an otherwise plain program runs another one; abbreviations count, as getopt_long takes them. */
const LONG_FLAGS: Readonly<Record<string, readonly string[]>> = {
  sort: ["--compress-program"],
  tar: ["--checkpoint-action", "--to-command", "--use-compress-program", "--rsh-command", "--rmt-command", "--info-script", "--new-volume-script"],
  bsdtar: ["--use-compress-program"],
  cpio: ["--rsh-command"],
  rsync: ["--rsh", "--rsync-path", "--config"],
  split: ["--filter"],
  install: ["--strip-program"],
  zip: ["--unzip-command"],
  wget: ["--use-askpass", "--execute", "--config"],
  curl: ["--config"],
  rg: ["--pre", "--hostname-bin"],
  fd: ["--exec", "--exec-batch"],
  fdfind: ["--exec", "--exec-batch"],
  bat: ["--pager"],
  ag: ["--pager"],
  ar: ["--plugin"],
  nm: ["--plugin"],
  jq: ["--from-file", "--library-path"],
  sed: ["--expression", "--file"],
  fzf: ["--preview", "--bind"],
  openssl: ["--engine"],
  patch: ["--ed"],
};

/** Short options of the same kind; a cluster (`-xIf`) counts. */
const SHORT_FLAGS: Readonly<Record<string, string>> = {
  tar: "IF",
  rsync: "e",
  zip: "T",
  tcpdump: "z",
  fd: "xX",
  fdfind: "xX",
  wget: "e",
  curl: "K",
  jq: "fL",
  nc: "ec",
  ncat: "ec",
  netcat: "ec",
  patch: "e",
};

/** @param program as the model asked for it */
export function execRisk(program: ExecProgram): ExecRisk {
  if (program.kind === "script") return { kind: "script", reason: "it is shell text" };
  const [path = "", ...args] = program.argv;
  if (path.includes("/") && !/^\/(?:usr\/(?:local\/)?)?s?bin\/[^/]+$/u.test(path))
    return { kind: "interpreter", reason: "it runs a program outside of the system's folders" };
  const name = nameOf(path);
  if (/^ld(?:-linux.*|-musl.*)?\.so|^ld-linux/u.test(name)) return { kind: "wrapper", reason: `${name} runs its arguments` };
  if (WRAPPERS.has(name)) return { kind: "wrapper", reason: `${name} runs other commands` };
  if (INTERPRETERS.has(name)) return { kind: "interpreter", reason: `${name} runs what it is told` };
  const flag = execFlag(name, args);
  return flag === undefined ? { kind: "plain" } : { kind: "exec_flag", reason: `${name} can run other commands by ${flag}` };
}

/** `/usr/bin/python3.12` is python, `gcc-14` is gcc, `PERL.EXE` is perl. */
function nameOf(path: string): string {
  const base = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const plain = base.replace(/\.(?:exe|bat|cmd|com)$/u, "");
  const stem = plain.replace(/-?\d+(?:\.\d+)*$/u, "");
  // A name whose digits belong to it stays (`linux32`, `sqlite3`).
  return WRAPPERS.has(plain) || INTERPRETERS.has(plain) || stem === "" ? plain : stem;
}

function execFlag(name: string, args: readonly string[]): string | undefined {
  if (name === "find") return args.find((arg) => /^-(?:exec|execdir|ok|okdir)$/u.test(arg));
  if (name === "sed") return sedRuns(args) ? "its script" : undefined;
  if (name === "jq" && args.some((arg) => /\benv\b|\$ENV/u.test(arg))) return "env";
  if (name === "ip" && args.some((arg) => /^(?:net|exec|e|ex|exe|-b.*|-batch)$/u.test(arg))) return "netns exec";
  const long = LONG_FLAGS[name] ?? [];
  const short = SHORT_FLAGS[name] ?? "";
  return args.find((arg, index) => isLong(arg, long) || isShort(arg, short, name === "tar" && index === 0));
}

function isLong(arg: string, flags: readonly string[]): boolean {
  const [given = ""] = arg.split("=");
  return given.length > 2 && given.startsWith("--") && flags.some((flag) => flag.startsWith(given));
}

/** @param bare tar takes its first cluster without a hyphen, too. */
function isShort(arg: string, flags: string, bare: boolean): boolean {
  const cluster = arg.startsWith("--") ? "" : arg.startsWith("-") ? arg.slice(1) : bare ? arg : "";
  return [...cluster].some((letter) => flags.includes(letter));
}

/** GNU sed runs commands by `e`, the flag `e` of `s`, and writes files by `w`. Only scripts that surely do neither are plain. */
function sedRuns(args: readonly string[]): boolean {
  if (args.includes("--sandbox")) return false;
  const scripts: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (/^-[nErsuz]*e$/u.test(arg) || arg === "--expression") scripts.push(args[++index] ?? "");
    else if (arg.startsWith("--expression=")) scripts.push(arg.slice("--expression=".length));
    else if (/^(?:-[nErsuz]+|--quiet|--silent|--regexp-extended|--null-data)$/u.test(arg)) continue;
    else if (arg.startsWith("-") && arg !== "-") return true;
    else if (scripts.length === 0) scripts.push(arg);
  }
  return scripts.length === 0 || !scripts.every(isPlainSed);
}

function isPlainSed(script: string): boolean {
  if (/[\n\r]/u.test(script)) return false;
  const address = String.raw`(?:\d+|\$)(?:,(?:\d+|\$))?`;
  if (new RegExp(`^(?:${address})?[pdq=]$`, "u").test(script)) return true;
  return new RegExp(String.raw`^(?:${address})?s([/|#,@])(?:(?!\1)[^\\]|\\.)*\1(?:(?!\1)[^\\]|\\.)*\1[gpIi\d]*$`, "u").test(script);
}
