#!/usr/bin/env bash
# Compile src/main.ts and everything it imports into one executable, dist/berth.
#
# The two --no-compile-autoload flags matter for safety: without them the program would load a .env file and run the
# preload of a bunfig.toml that lies in whatever folder it is started from. --splitting keeps what a command does not need
# (the registry client, D-Bus) out of its start-up: in one piece, all of it is read and linked at every start, 8 ms and
# more. x11 is an optional import of dbus-next.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p dist

# What Bun obeys in every program compiled with it, however that is started: options with a --preload of any file, becoming
# the plain bun command, a debugger, files that replace code. The environment of whoever starts berth must not reach
# that far, as it runs as root and as a generator. Bun has no switch for it, so the copy of it that goes into berth looks for
# names with a "$", which systemd, sudo and shells do not let a variable have. Each has to be there: a newer Bun may differ.
obeyed=(BUN_OPTIONS BUN_BE_BUN BUN_INSPECT BUN_BYTECODE_ORDER_OUT BUN_CONFIG_VERBOSE_FETCH
  BUN_RUNTIME_TRANSPILER_CACHE_PATH JSC_functionOverrides JSC_diskCachePath)
bun=$(readlink -f node_modules/.bin/bun) runtime=$(mktemp dist/runtime.XXXXXX)
trap 'rm -f "$runtime"' EXIT
edits=()
for name in "${obeyed[@]}"; do
  LC_ALL=C grep --quiet --fixed-strings "$name" "$bun" || { echo "build: this Bun does not know $name" >&2; exit 1; }
  edits+=(-e "s/$name/${name:0:4}\$${name:5}/g")
done
LC_ALL=C sed "${edits[@]}" "$bun" > "$runtime"
chmod +x "$runtime"

# The generator delays every boot and every daemon-reload. Its modules are the commands' too, so splitting scatters them over a
# dozen pieces, which cost 2 ms to load; the executable has a copy of them in one piece, which package.json's #generator names.
node_modules/.bin/bun build --target=bun --minify --format=esm --outfile dist/generator.new.js src/generator/main.ts
mv dist/generator.new.js dist/generator.js

# Written beside and renamed: a running berth keeps its old file, and an interrupted build leaves no half of one.
#
# The engine compiles functions to machine code once they have run some hundred times, in threads of its own: for a process
# that ends after 20 ms that is work for nothing, and was nearly half of what the generator took for 100 files. Here it does so a
# hundred times later, which unpacking large layers does not notice.
node_modules/.bin/bun build --compile --compile-jit-policy=100 --minify --bytecode --splitting --format=esm --conditions=in-one-piece \
  --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
  --no-compile-autoload-tsconfig --no-compile-autoload-package-json \
  --compile-executable-path="$runtime" --external x11 --outfile dist/berth.new src/main.ts
mv dist/berth.new dist/berth
