#!/usr/bin/env bash
# Everything `make test` runs after the set-up. One profile and one set of features, so that the
# dependencies are compiled once. Stops at the first step that fails; closes with the count of tests.
set -euo pipefail
cd "$(dirname "$0")/.."

log_folder="$(mktemp -d)"
current_step="start"
finish() {
    local status=$?
    rm -rf "$log_folder"
    ((status == 0)) || printf '\nmake test: FAILED at: %s\n' "$current_step" >&2
}
trap finish EXIT

# step NAME COMMAND…: runs the command, keeps its output in a log, says how long it took.
step() {
    current_step="$1"
    shift
    local started=$SECONDS
    printf '\n== %s\n' "$current_step"
    "$@" 2>&1 | tee "$log_folder/${current_step// /-}.log"
    printf '== %s: %d s\n' "$current_step" "$((SECONDS - started))"
}

# Adds up the numbers that stand before a word ("12 passed") in the lines of a log that match a pattern.
count() {
    local word="$1" line_pattern="$2" log="$log_folder/$3.log"
    { grep -aE "$line_pattern" "$log" || true; } | { grep -oE "[0-9]+ $word" || true; } | awk '{ sum += $1 } END { print sum + 0 }'
}

driver="$(scripts/vulkan-driver.sh lavapipe)"
export VK_DRIVER_FILES="$driver" VK_ICD_FILENAMES="$driver" WGPU_BACKEND=vulkan
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

step "format" cargo fmt --all -- --check
step "two checkouts" scripts/check-two-checkouts.sh
step "unit and integration tests" cargo nextest run --release --locked
# Once more as a debug build, whose assertions and checks for overflow a release has not.
step "core with checks" cargo test --locked --package proxops_core
step "dependencies" scripts/check-dependencies.sh
step "examples" scripts/check-examples.sh
step "doc tests" cargo test --release --locked --doc
step "lints" env RUSTC_WORKSPACE_WRAPPER="$PWD/scripts/clippy-of-this-checkout.sh" cargo check --release --locked --all-targets \
    --workspace --features bevy_proxops_fuzz/libfuzzer
# Examples are named so that the features of the development dependencies stay on: without them Bevy
# would be checked once more.
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps --lib --examples
step "headless build" cargo check --release --locked --no-default-features --lib

summary='^ *Summary '
result='^test result: '
passed=$(($(count passed "$summary" unit-and-integration-tests) + $(count passed "$result" core-with-checks) + $(count passed "$result" doc-tests) + $(count passed '^examples: ' examples)))
((passed > 0)) || { echo "no test ran" >&2; exit 1; }
# Any failure has ended the script before this line.
printf '\n%d passed, 0 failed\n' "$passed"
