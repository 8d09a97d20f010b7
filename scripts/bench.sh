#!/usr/bin/env bash
# npm run bench: what a start costs, for berth, its parts and its peers, all measured in one run in one throw-away host.
#
#   npm run bench -- --rounds 20 --only start,many,memory,pods,generator,pull
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh

need_berth_on_hosts
as_root "$bun" scripts/bench.ts "$@"
