#!/bin/sh
# Installs the program that `npm run bench -- --only peer` compares with into a folder of its own, outside the repository and not in package.json
# (about 650 MB). Its install scripts are not run: what needs them is not measured.
set -eu
folder="${CLANKER_BENCH_PEERS:-$HOME/.cache/open-clanker-peers}"
mkdir -p "$folder"
cd "$folder"
[ -f package.json ] || echo '{ "private": true }' >package.json
npm install --save-exact --ignore-scripts --no-audit --no-fund "openclaw@${OPENCLAW_VERSION:-2026.9.6}"
