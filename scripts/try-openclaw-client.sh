#!/usr/bin/env bash
# Tries the unmodified `openclaw` client of npm against this gateway: one line per command, exit code 1 when one of them fails.
# Part of .ci/run and not of `npm test`: the client is about 650 MB, installed once (a minute) into the folder that bench/peers.sh uses too.
# The frames its commands send are recorded in test/fixtures/openclaw and replayed by `npm test`.
# Needs `npm ci` here; with tmux the terminal client is driven as well.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
export CLANKER_BENCH_PEERS="${CLANKER_BENCH_PEERS:-$HOME/.cache/open-clanker-peers}"
[ -x "$CLANKER_BENCH_PEERS/node_modules/.bin/openclaw" ] || sh bench/peers.sh

work="$(mktemp -d)"
gateway=""
cleanup() {
  [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
  [ -z "$gateway" ] || wait "$gateway" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

mkdir -p "$work/home" "$work/client"
token="try-openclaw-client-0123456789abcdef"
printf '[gateway]\nport = 0\n[gateway.auth]\ntoken = "%s"\n' "$token" >"$work/home/config.toml"
CLANKER_HOME="$work/home" node src/main.ts start >"$work/gateway.log" 2>&1 &
gateway=$!
for _ in $(seq 1 600); do
  [ -f "$work/home/data/gateway.json" ] && break
  sleep 0.1
done
url="$(node -p "JSON.parse(require('node:fs').readFileSync('$work/home/data/gateway.json', 'utf8')).url.replace(/^http/, 'ws')")"
printf '{ "gateway": { "mode": "remote", "remote": { "url": "%s", "token": "%s" } } }' "$url" "$token" >"$work/client/openclaw.json"

client() {
  env HOME="$work/client" OPENCLAW_STATE_DIR="$work/client" NO_COLOR=1 timeout --foreground "${LIMIT:-180}" "$CLANKER_BENCH_PEERS/node_modules/.bin/openclaw" "$@"
}
failed=0
# try WANTED-PATTERN ARGUMENTS...
try() {
  local wanted="$1"
  shift
  if client "$@" >"$work/out" 2>&1 && grep -Eq "$wanted" "$work/out"; then
    echo "ok    openclaw $*"
  else
    echo "FAIL  openclaw $*"
    sed 's/^/      /' "$work/out" | head -20
    failed=1
  fi
}

try '"ok": true' gateway call health --json
try '"runtimeVersion"' gateway call status --json
try '"sessions"' gateway call sessions.list --json
try '"hash"' gateway call config.get --json
try '"max_tokens"|"applied"' gateway call config.patch --json --params '{"raw":"{\"agents\":{\"max_tokens\":2048}}"}'
try 'built-in demo' agent --agent main --message hello --json
try 'agent:main:main' gateway call sessions.list --json
try '"role": "assistant"' gateway call chat.history --json --params '{"sessionKey":"main"}'
try 'thinkingLevel' gateway call sessions.patch --json --params '{"key":"main","thinkingLevel":"low"}'
try 'reachable' status
try 'agent:main:main' health
try 'offline/demo' models list
try 'nightly' cron add --name nightly --cron '0 3 * * *' --tz Europe/Berlin --message 'tidy up' --session isolated --json
try 'nightly' cron list
try 'gateway is ready' logs --limit 50
try '\[\]' gateway call exec.approval.list --json
try 'Connect: ok' gateway probe

if command -v tmux >/dev/null; then
  tmux -L clanker-try new-session -d -x 110 -y 40 "env HOME='$work/client' OPENCLAW_STATE_DIR='$work/client' '$CLANKER_BENCH_PEERS/node_modules/.bin/openclaw' tui"
  until_shown() {
    for _ in $(seq 1 240); do
      tmux -L clanker-try capture-pane -p | grep -q "$1" && return 0
      sleep 0.5
    done
    return 1
  }
  if until_shown 'connected' && tmux -L clanker-try send-keys 'hello again' Enter && until_shown 'What shall we do now'; then
    echo "ok    openclaw tui"
  else
    echo "FAIL  openclaw tui"
    tmux -L clanker-try capture-pane -p | sed 's/^/      /'
    failed=1
  fi
  tmux -L clanker-try kill-server || true
fi
exit "$failed"
