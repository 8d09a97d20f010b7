#!/usr/bin/env bash
# npm run demo: berth's whole story with real output, on a systemd host that is thrown away afterwards.
# The first run makes that host's Debian root and the sample images (about a minute); later ones take seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh

need_berth_on_hosts
as_root "$bun" scripts/demo.ts
