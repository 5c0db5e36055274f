#!/usr/bin/env bash
# Two checkouts that differ only in a data file, built in turn with this Makefile and one build folder: each must run its
# own program. Shows first that one target folder for both, as it once was, runs the other one's.
#
#   scripts/check-two-checkouts.sh           a crate of one example in place of ours: seconds
#   scripts/check-two-checkouts.sh --full    two clones of this repository, the second with changed test data: minutes
set -euo pipefail
cd "$(dirname "$0")/.."
here="$PWD"
# What a surrounding `make` has set would decide for the checkouts.
unset CARGO_TARGET_DIR RUSTC_WORKSPACE_WRAPPER MAKEFLAGS MAKELEVEL MFLAGS

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

fail() {
    echo "check-two-checkouts: FAILED: $*" >&2
    exit 1
}

# small_checkout NAME: a workspace with our Makefile, our packages' names and one example that prints a data file of the core.
small_checkout() {
    local checkout="$work/$1" core="$work/$1/crates/proxops_core"
    mkdir -p "$checkout/src" "$checkout/examples" "$core/src"
    cp -r Makefile scripts "$checkout"
    {
        printf '[workspace]\nmembers = ["crates/proxops_core"]\n[package]\nname = "bevy_proxops"\nversion = "0.1.0"\nedition = "2024"\n'
        printf '[dependencies]\nproxops_core = { path = "crates/proxops_core" }\n'
    } >"$checkout/Cargo.toml"
    printf '[package]\nname = "proxops_core"\nversion = "0.1.0"\nedition = "2024"\n' >"$core/Cargo.toml"
    printf 'pub use proxops_core::NAME;\n' >"$checkout/src/lib.rs"
    printf 'pub const NAME: &str = include_str!("name.txt");\n' >"$core/src/lib.rs"
    printf 'fn main() { println!("{}", bevy_proxops::NAME) }\n' >"$checkout/examples/headless.rs"
    printf '%s' "$1" >"$core/src/name.txt"
    # The same times in both, as after an unpacked archive: Cargo can tell them apart by nothing else.
    find "$checkout" -exec touch -d '2020-01-01' {} +
    (cd "$checkout" && cargo generate-lockfile --quiet --offline)
}

# says CHECKOUT VARIABLE=VALUE…: what the example of this checkout prints.
says() {
    local checkout="$1"
    shift
    env "$@" make --no-print-directory -s -C "$work/$checkout" headless 2>"$work/stderr" || {
        tail -n 5 "$work/stderr" >&2
        fail "$checkout does not build"
    }
}

in_turn_small() {
    small_checkout first
    small_checkout second
    local shared=(CARGO_BUILD_BUILD_DIR="$work/old" CARGO_TARGET_DIR="$work/old" RUSTC_WORKSPACE_WRAPPER=)
    [[ "$(says first "${shared[@]}")" == first ]] || fail "a single checkout does not run its own program"
    [[ "$(says second "${shared[@]}")" == first ]] || fail "one target folder no longer shows the fault: this check proves nothing"
    for checkout in first second first second; do
        local answer
        answer="$(says "$checkout" CARGO_BUILD_BUILD_DIR="$work/build")"
        [[ "$answer" == "$checkout" ]] || fail "$checkout ran the program of $answer"
    done
    echo "two checkouts built in turn ran their own programs; with one target folder the second ran the first's"
}

# The second clone expects another number of occupied voxels, so its own tests must fail and the first's pass.
in_turn_full() {
    local data="crates/proxops_core/tests/reference/target_occupied.json"
    git clone --quiet "$here" "$work/first"
    git clone --quiet "$here" "$work/second"
    sed -i '0,/[0-9]/s/[0-9]/9/' "$work/second/$data"
    cmp --silent "$work/first/$data" "$work/second/$data" && fail "$data was not changed"
    # What counts is whose program runs, not how fast.
    for checkout in first second; do
        mkdir -p "$work/$checkout/.cargo"
        printf '[profile.release.package.proxops_core]\nopt-level = 0\n' >"$work/$checkout/.cargo/config.toml"
    done
    find "$work/first" "$work/second" -name .git -prune -o -type f -exec touch -d '2020-01-01' {} +
    for checkout in first second first; do
        local status=0
        make --no-print-directory -s -C "$work/$checkout" tests ARGS="--test validation" >"$work/$checkout.log" 2>&1 || status=$?
        grep -E '^ *(Summary|error:)' "$work/$checkout.log" || true
        [[ "$checkout" == first ]] && ((status != 0)) && fail "the first clone fails with the second one's data"
        [[ "$checkout" == second ]] && ((status == 0)) && fail "the second clone passes with the first one's program"
    done
    echo "two clones built in turn tested themselves"
}

if [[ "${1:-}" == --full ]]; then in_turn_full; else in_turn_small; fi
