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

# lane NAME TIMEOUT PATH…: test files in one process, so that a crash in one lane leaves the others' results; counted from bun's
# report. TIMEOUT is a test's, in milliseconds.
lane() {
  printf '\n== %s tests\n' "$1"
  run_lane "$@"
  count_lane "$1"
}

# run_lane NAME TIMEOUT PATH…: leaves the report and the exit code for count_lane, as it may run beside others.
run_lane() {
  local name=$1 timeout=$2
  shift 2
  as_root "$bun" test --timeout "$timeout" --reporter=junit --reporter-outfile="$reports/$name.xml" "$@"
  echo $? > "$reports/$name.status"
}

# count_lane NAME: adds what a lane's report says to the counts.
count_lane() {
  local name=$1 report=$reports/$1.xml total bad skipped status
  status=$(cat "$reports/$name.status")
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

# machine_lanes: the files of test/host and test/vm, each a lane, as many at a time as there are processors (four at most). What
# they print is shown when they end. Emulators take whole processors, so there is one at a time; the kernel's audit system is one, so
# those that use it go together.
machine_lanes() {
  local workers lanes name paths slow=(hundred parity lifecycle pods networks stack)
  workers=$(nproc) && [ "$workers" -le 4 ] || workers=4
  # The longest first, so that the last one is not waited for alone.
  mapfile -t lanes < <({
    ls test/vm/*.test.ts | paste -sd ' '
    for name in "${slow[@]}"; do echo "test/host/$name.test.ts"; done
    ls test/host/*.test.ts | grep -vE "/($(IFS='|' && echo "${slow[*]}")|audit|loginuid)\.test\.ts"
    echo "test/host/audit.test.ts test/host/loginuid.test.ts"
  })
  for paths in "${lanes[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$workers" ]; do wait -n; done
    (
      name=$(lane_name "$paths")
      # shellcheck disable=SC2086 # the paths are words
      run_lane "$name" 900000 $(printf './%s ' $paths) > "$reports/$name.log" 2>&1
      exec 9> "$reports/print" && flock 9
      printf '\n== %s tests\n' "$name"
      cat "$reports/$name.log"
    ) &
  done
  wait
  for paths in "${lanes[@]}"; do count_lane "$(lane_name "$paths")"; done
}

# lane_name PATHS: host-volumes of test/host/volumes.test.ts.
lane_name() {
  local first=${1%% *}
  first=${first#test/}
  echo "${first%.test.ts}" | tr / -
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

lane top 60000 ./test/*.test.ts
for folder in $(find test -mindepth 2 -name '*.test.ts' -printf '%h\n' | cut -d/ -f2 | sort -u | grep -vxE 'host|vm'); do
  lane "$folder" 60000 "./test/$folder"
done
step "machines' roots, disks and images" as_root "$bun" test/host/prepare.ts
machine_lanes
summary
