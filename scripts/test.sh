#!/usr/bin/env bash
# npm test: the checks and all lanes of tests; the last line is "N passed, N failed".
#
#   npm test -- PATH…     only these test files or folders, without the checks
#   npm test -- --runtime crun [PATH…]   the same with another OCI runtime
#   npm run soak          what takes too long for every change; BERTH_TEST_SEED= repeats one
#
# It runs as root (by sudo when need be): image layers keep their owners, and test hosts need namespaces and mounts.
# With CI=true in the environment everything runs on both suites, and a skipped test counts as a failure. This script
# makes sure of the packages; scripts/testing/main.ts does the rest.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh

prepare() {
  need_debian_packages "${host_packages[@]}" "${vm_packages[@]}" systemd auditd umoci skopeo buildah runc strace uidmap attr \
    libcap2-bin zstd mandoc groff-base zsh fish && need_npm_packages
}

printf '== preparations\n'
if ! prepare; then
  echo "0 passed, 1 failed"
  exit 1
fi
as_root "$bun" scripts/testing/main.ts "$@"
