import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { execRisk } from "../../src/security/exec-risk.ts";

const kindOf = (...argv: string[]) => execRisk({ kind: "argv", argv }).kind;
const words = (line: string) => line.split(" ");

describe("security/exec-risk", () => {
  it("lets plain programs be remembered", () => {
    const plain = [
      "ls -la", "cat a.txt", "tr a b", "grep -e x f", "wc -l", "find . -name *.ts", "sort -n -k 2", "tar -czf a.tgz dir", "head -n 1 a", "jq .name package.json", "sed -n 3p f",
      "sed s/a/b/g f", "sed -i -e s/e/w/ f", "cp a b", "diff -u a b", "/usr/bin/ls", "rg pattern src", "curl -s https://example.org", "date +%F", "7z l a.7z", "sha256sum a",
    ]; // prettier-ignore
    for (const line of plain) assert.equal(kindOf(...words(line)), line.startsWith("sed -i ") ? "exec_flag" : "plain", line);
  });

  it("sec-43 a command inside of a wrapper is not the wrapper's name", () => {
    assert.equal(kindOf("env", "-S", "sh -c id", "tr"), "wrapper");
  });

  it("sec-44 sees wrappers at any depth and by any path", () => {
    const wrappers = [
      "env",
      "nice",
      "nohup",
      "stdbuf",
      "timeout",
      "time",
      "setsid",
      "xargs",
      "busybox",
      "/usr/bin/env",
      "/bin/nice",
      "ENV",
      "ld-linux-x86-64.so.2",
    ];
    for (const wrapper of wrappers) {
      for (let depth = 0; depth <= 20; depth++) assert.equal(kindOf(wrapper, ...Array.from({ length: depth }, () => "nice"), "ls"), "wrapper");
    }
    assert.equal(execRisk({ kind: "script", script: "ls" }).kind, "script");
    assert.notEqual(kindOf("sh", "-c", "ls"), "plain");
  });

  it("sec-45 sees options by which a plain program runs another one", () => {
    const lines = [
      "find . -exec id ;", "find . -execdir id +", "find . -ok id ;", "sort --compress-program=id f", "sort --comp id f", "sort --compress-prog=id", "tar cf a --checkpoint-action=exec=id x",
      "tar -xf a --to-command=id", "tar -xIf a", "tar xIf id a", "tar --use-compress id", "git -c core.pager=id log", "git status", "rsync -e id a b", "rsync -avze id a b",
      "rsync --rsh=id a b", "ssh -o ProxyCommand=id h", "scp -S id a b", "awk BEGIN{system(\"id\")}", "gawk -f x", "sed e f", "sed 1e f", "sed s/a/b/e f", "sed s/a/b/w f", "sed -f x f",
      "sed --expr=1e f", "sed -s1e f", "less f", "man -P id ls", "vim -c !id", "jq env", "jq $ENV.X", "jq -n [env]", "split --filter=id f", "zip -T -TT id a b", "rg --pre id x", "fd -x id",
      "make", "npm test", "docker run x", "tcpdump -z id", "ip netns exec x id", "wget --use-askpass=id u", "sqlite3 db", "psql -c x", "gcc -wrapper id a.c", "apt-get install x",
    ]; // prettier-ignore
    for (const line of lines) assert.notEqual(kindOf(...words(line)), "plain", line);
    assert.notEqual(kindOf("sed", "1p\ne id"), "plain");
  });

  it("sec-50 interpreters run what they are told, whatever their version", () => {
    for (const name of [
      "python",
      "python3",
      "python3.12",
      "/usr/bin/python3",
      "node",
      "node22",
      "perl",
      "perl5.36.0",
      "ruby",
      "deno",
      "npx",
      "bash",
      "PHP8.2",
      "java",
      "Rscript",
    ]) {
      assert.equal(kindOf(name, "x"), "interpreter", name);
    }
    for (const path of ["./run", "bin/x", "/workspace/run", "/tmp/ls", "/usr/bin/../../tmp/ls", "/home/a/bin/ls"])
      assert.equal(kindOf(path), "interpreter", path);
  });

  it("says why, in a clause that names the program", () => {
    const risk = execRisk({ kind: "argv", argv: ["find", ".", "-exec", "id", ";"] });
    assert.ok(risk.kind === "exec_flag" && /find.*-exec/u.test(risk.reason));
  });
});
