#!/bin/bash
# Picks out of a tree of extracted Debian packages what the stack's images need. $1: the tree. $2: the folder for a tree for each image.
set -euo pipefail
tree=$1 out=$2
postgresql=/usr/lib/postgresql/15

# Files, by their names in the tree, and the libraries that programs among them are linked with.
pick() {
  local root=$out/$1 file
  shift
  for file in "$@" $(for program in "$@"; do libraries "$program"; done | sort -u); do
    install -D "$(readlink -f "$tree$file")" "$root$file"
  done
}
# As the tree's own loader finds them.
libraries() {
  chroot "$tree" /lib64/ld-linux-x86-64.so.2 --list "$1" 2> /dev/null | grep -o '/[^ )]*' || true
}

pick redis /usr/bin/redis-server /usr/bin/redis-cli
pick client $postgresql/bin/psql $postgresql/bin/pg_isready
pick db $postgresql/bin/postgres $postgresql/bin/initdb
# Compiled queries (and LLVM, which they need) are left out: a query that would be compiled is interpreted.
mkdir -p "$out/db$postgresql/lib" "$out/db/usr/share/postgresql"
find "$tree$postgresql/lib" -maxdepth 1 -name '*.so' ! -name 'llvmjit*' -exec cp -t "$out/db$postgresql/lib" {} +
cp -r "$tree/usr/share/postgresql/15" "$out/db/usr/share/postgresql/15"
rm -rf "$out/db/usr/share/postgresql/15/man"
for zone in UTC GMT Etc/UTC; do install -D "$tree/usr/share/zoneinfo/$zone" "$out/db/usr/share/zoneinfo/$zone"; done
# The image of the server is made on top of that of the clients.
(cd "$out/client" && find . -type f) | while read -r file; do rm -f "$out/db/$file"; done
