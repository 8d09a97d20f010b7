#!/usr/bin/env bash
# npm run bench: what a start costs, for berth, its parts and its peers, all measured in one run in one throw-away host.
#
#   npm run bench -- --only start,exec --rounds 20 --json rounds.json     docs/performance.md says how to read it
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh

need_berth_on_hosts
as_root "$bun" scripts/bench/main.ts "$@"
