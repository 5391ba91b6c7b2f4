#!/usr/bin/env bash
# Installs what the tests need beside npm packages on Debian and Ubuntu: a real PostgreSQL, Chromium for the page, ps for process checks,
# strace for what reaches the disk.
# bubblewrap for the sandbox, tcpdump for what does not leave it, an IRC server (ngircd) and openssl for its certificate,
# an IMAP server (Dovecot), an XMPP server (Prosody), tmux for terminal programs.
# an IMAP server and a submission server (Dovecot), nft and ip for a network whose packets are lost.
# Needs root or sudo. Safe to run again: what is there already is left alone.
set -euo pipefail

need=()
[ -n "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null || true)" ] || need+=(postgresql)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || need+=(chromium)
command -v ps >/dev/null || need+=(procps)
command -v strace >/dev/null || need+=(strace)
command -v bwrap >/dev/null || need+=(bubblewrap)
[ -x /usr/sbin/ngircd ] || need+=(ngircd)
[ -x /usr/sbin/dovecot ] || need+=(dovecot-imapd)
command -v prosody >/dev/null || need+=(prosody)
[ -x /usr/lib/dovecot/submission-login ] || need+=(dovecot-submissiond)
command -v openssl >/dev/null || need+=(openssl)
command -v tcpdump >/dev/null || need+=(tcpdump)
command -v nft >/dev/null || [ -x /usr/sbin/nft ] || need+=(nftables)
command -v ip >/dev/null || [ -x /sbin/ip ] || need+=(iproute2)
command -v tmux >/dev/null || need+=(tmux)
command -v curl >/dev/null || need+=(curl)

if [ "${#need[@]}" -eq 0 ]; then
  echo "test tools: all present"
  exit 0
fi

run=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "test tools: ${need[*]} missing; run this script as root" >&2; exit 1; }
  run=(sudo)
fi

echo "test tools: installing ${need[*]}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
# The lock is waited for: another process may be installing. A cluster that starts by itself would only hold memory: tests make their own.
apt() {
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    exit 1
  }
}
apt update
apt install --no-install-recommends "${need[@]}"
echo "test tools: done"
