#!/bin/sh
# Installs the programs that `npm run bench -- --only peer` compares with into bench/peers (not in git, not in package.json; about 1 GB).
# Their install scripts are not run: what needs them is not measured.
set -eu
cd "$(dirname "$0")"
mkdir -p peers
cd peers
[ -f package.json ] || echo '{ "private": true }' >package.json
npm install --save-exact --ignore-scripts --no-audit --no-fund "openclaw@${OPENCLAW_VERSION:-2026.9.6}"
