#!/usr/bin/env bash
# Compile src/cli/main.ts and everything it imports into one executable, dist/berth.
#
# The two --no-compile-autoload flags matter for safety: without them the program would load a .env file and run the
# preload of a bunfig.toml that lies in whatever folder it is started from. --splitting keeps what a command does not need
# (the registry client, D-Bus) out of its start-up: in one piece, all of it is read and linked at every start, 8 ms and
# more. x11 is an optional import of dbus-next.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p dist
# Written beside and renamed: a running berth keeps its old file, and an interrupted build leaves no half of one.
node_modules/.bin/bun build --compile --minify --bytecode --splitting --format=esm \
  --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
  --no-compile-autoload-tsconfig --no-compile-autoload-package-json \
  --external x11 --outfile dist/berth.new src/cli/main.ts
mv dist/berth.new dist/berth
