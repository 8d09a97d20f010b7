#!/usr/bin/env bash
# Compile src/main.ts and everything it imports into one executable, dist/berth.
#
# The --no-compile-autoload flags are for safety: without them the program would load a .env file and run the preload of
# a bunfig.toml in the folder where it is started. --splitting keeps what a command does not need (the registry client,
# D-Bus) out of its start-up: one piece would be read and linked at every start, 8 ms and more. x11 is an optional
# import of dbus-next.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p dist

# Variables that Bun obeys in every program compiled with it: options with a --preload of any file, a switch to the
# plain bun command, a debugger, files that replace code. A caller's environment must not reach that far, as berth runs
# as root and as a generator. Bun has no switch for it, so berth's copy of Bun looks for names with a "$" instead, which
# systemd, sudo and shells do not allow in a variable. The build fails if a newer Bun lacks one of the names.
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

# The generator delays every boot and every daemon-reload. It shares modules with the commands, so splitting scatters
# them over a dozen pieces, which take 2 ms to load; the executable has a copy of them in one piece, package.json's
# #generator.
node_modules/.bin/bun build --target=bun --minify --format=esm --outfile dist/generator.new.js src/generator/main.ts
mv dist/generator.new.js dist/generator.js

# Written under another name and renamed: a running berth keeps its old file, and an interrupted build leaves no partial
# one.
#
# The engine compiles functions to machine code after some hundred calls, in threads of its own. A process that ends
# after 20 ms gains nothing from that, and it was nearly half of the generator's time for 100 files. The policy of 100
# delays it by that factor, which makes no measurable difference to unpacking large layers.
node_modules/.bin/bun build --compile --compile-jit-policy=100 --minify --bytecode --splitting --format=esm --conditions=in-one-piece \
  --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
  --no-compile-autoload-tsconfig --no-compile-autoload-package-json \
  --compile-executable-path="$runtime" --external x11 --outfile dist/berth.new src/main.ts
mv dist/berth.new dist/berth
