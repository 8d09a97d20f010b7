#!/usr/bin/env bash
# npm test: the checks and all test lanes; the last line is "N passed, N failed".
#
#   npm test -- PATH…     only these test files or folders, without the checks
#
# It runs as root (by sudo when need be): image layers keep their owners, and test hosts need namespaces and mounts.
# With CI=true a skipped test counts as a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh

passed=0 failed=0 broken=()
reports=$(mktemp -d)
trap 'as_root rm -rf "$reports"' EXIT

# step NAME COMMAND…: one check that passes or fails as a whole.
step() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) broken+=("$name"); fi
}

# lane NAME TIMEOUT PATH…: test files in one process, counted from bun's report. TIMEOUT is a test's, in milliseconds.
lane() {
  local name=$1 timeout=$2 report=$reports/$1.xml total bad skipped
  shift 2
  printf '\n== %s tests\n' "$name"
  as_root "$bun" test --timeout "$timeout" --reporter=junit --reporter-outfile="$report" "$@"
  local status=$?
  if ! total=$(attribute tests "$report"); then
    failed=$((failed + 1)) broken+=("$name tests: no report, exit code $status")
    return
  fi
  bad=$(attribute failures "$report")
  skipped=$(attribute skipped "$report")
  passed=$((passed + total - bad - skipped)) failed=$((failed + bad))
  [ "$bad" = 0 ] || broken+=("$name tests: $bad failed")
  if [ "$skipped" != 0 ]; then
    echo "$name tests: $skipped skipped"
    if [ "${CI:-}" = true ]; then failed=$((failed + skipped)) broken+=("$name tests: $skipped skipped"); fi
  fi
  # An error outside of any test (a module that does not load) is in no report.
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then failed=$((failed + 1)) broken+=("$name tests: exit code $status"); fi
}

# attribute NAME FILE: of the report's root element, which sums up all files.
attribute() {
  grep -o '<testsuites [^>]*' "$2" 2> /dev/null | grep -o " $1=\"[0-9]*\"" | tr -dc 0-9 | grep .
}

# summary: what failed, then the counts; also when the preparations did.
summary() {
  printf '\n'
  [ ${#broken[@]} = 0 ] || printf 'failed: %s\n' "${broken[@]}"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] || exit 1
  exit 0
}

prepare() {
  need_debian_packages "${host_packages[@]}" "${vm_packages[@]}" systemd auditd umoci skopeo buildah runc uidmap attr libcap2-bin zstd mandoc groff-base zsh fish
  need_npm_packages
}
step preparations prepare
[ "$failed" = 0 ] || summary
step build npm run --silent build
if [ $# != 0 ]; then
  lane chosen 300000 "${@/#/./}"
  summary
fi
step types node_modules/.bin/tsc
step style node_modules/.bin/biome check

# A lane is a process of its own, so that a crash in one leaves the others' results. Machines come last: they take longest.
for folder in $(find test -name '*.test.ts' -printf '%h\n' | cut -d/ -f2 | sort -u | grep -vxE 'host|vm') host vm; do
  timeout=60000
  case $folder in host) timeout=300000 ;; vm) timeout=900000 ;; esac
  lane "$folder" $timeout "./test/$folder"
done
summary
