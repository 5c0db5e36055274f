#!/usr/bin/env bash
# Coverage-guided fuzzing with libFuzzer: changed input, guided by the code of ours that it reaches, until something panics,
# hangs or takes too much memory.
#
#   scripts/fuzz.sh SECONDS [TARGET…]    every target, or these, one after the other for so long each
#   scripts/fuzz.sh TARGET FILE          one input again
#   scripts/fuzz.sh --shrink             what was found, as few small inputs as reach the same code: into fuzz/corpus
#
# Input that reached new code is kept in out/fuzz/TARGET and used the next time, input that broke something in
# out/fuzz/findings. `make fuzz` sets the folders that all checkouts share.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly most_memory_mb=4096 most_seconds_per_input=20
readonly work=out/fuzz findings=out/fuzz/findings regressions=tests/fuzz/regressions corpus=fuzz/corpus
# An input larger than this is not kept in the repository.
readonly most_bytes_kept=1024
mapfile -t all_targets < <(sed -nE 's/^    \("([a-z]+)", .*/\1/p' tests/fuzz/targets/mod.rs)
readonly -a all_targets

fail() {
    printf 'fuzz: error: %s\n' "$*" >&2
    exit 1
}

# Prints the path of the program, built where that is needed.
build() {
    local folder
    folder="$(unset RUSTC_WORKSPACE_WRAPPER
        cargo build --release --locked --manifest-path fuzz/libfuzzer/Cargo.toml --message-format json-render-diagnostics |
            grep -o '"out_dir":"[^"]*/libfuzzer-sys-[^"]*"' | cut -d'"' -f4)"
    [[ -f "$folder/libfuzzer.a" ]] || fail "libFuzzer's archive was not built"
    # The root package is named too, so that its dependencies have the features of every other build and are there already.
    LIBFUZZER_FOLDER="$folder" RUSTC_WORKSPACE_WRAPPER="$PWD/scripts/rustc-for-fuzzing.sh" \
        cargo build --release --locked -p bevy_proxops -p bevy_proxops_fuzz --example fuzz \
        --features bevy_proxops_fuzz/libfuzzer --message-format json-render-diagnostics |
        grep -o '"executable":"[^"]*"' | cut -d'"' -f4
}

# libfuzzer TARGET ARGUMENT…: runs the program with a folder for temporary files that is removed afterwards.
libfuzzer() {
    local target="$1" temporary status=0
    shift
    temporary="$(mktemp -d)"
    FUZZ_TARGET="$target" TMPDIR="$temporary" "$program" -rss_limit_mb="$most_memory_mb" \
        -timeout="$most_seconds_per_input" "$@" || status=$?
    rm -rf "$temporary"
    return "$status"
}

# The folders of input for a target that are there.
input_folders() {
    local folder
    for folder in "$corpus/$1" "$regressions/$1"; do
        [[ ! -d "$folder" ]] || printf '%s\n' "$folder"
    done
}

# fuzz TARGET SECONDS: false after a finding.
fuzz() {
    local target="$1" seconds="$2" status=0
    local -a folders
    mapfile -t folders < <(input_folders "$target")
    mkdir -p "$work/$target" "$findings"
    touch "$work/begun"
    printf '\n== %s, %s s\n' "$target" "$seconds"
    FUZZ_SEEDS="$work/$target" libfuzzer "$target" -max_total_time="$seconds" -print_final_stats=1 -max_len=524288 \
        -artifact_prefix="$findings/$target-" "$work/$target" "${folders[@]}" || status=$?
    ((status != 0)) || return 0

    local input
    input="$(find "$findings" -name "$target-*" -newer "$work/begun" -print -quit)"
    [[ -n "$input" ]] || fail "$target ended with status $status and left no input"
    cat >&2 <<END

fuzz: $target broke at $input
  once more:          scripts/fuzz.sh $target $input
  as a regression:    mkdir -p $regressions/$target && cp $input $regressions/$target/WHAT_IT_IS
                      make tests ARGS="--test fuzz"
END
    return 1
}

# Keeps of seeds and found input what no smaller input replaces.
shrink() {
    local target
    for target in "${all_targets[@]}"; do
        [[ -d "$work/$target" ]] || continue
        rm -rf "${work:?}/shrunk"
        mkdir -p "$work/shrunk" "$corpus/$target"
        find "$work/$target" -type f -size -"$((most_bytes_kept + 1))"c -exec cp -t "$work/shrunk" {} +
        libfuzzer "$target" -set_cover_merge=1 "$corpus/$target" "$work/shrunk"
    done
    rm -rf "${work:?}/shrunk"
    du -sh --apparent-size "$corpus"
}

[[ $# -gt 0 ]] || fail "how many seconds for each target? (scripts/fuzz.sh 60)"
program="$(build)"
[[ -x "$program" ]] || fail "the program was not built"

if [[ "$1" == --shrink ]]; then
    shrink
elif [[ "$1" =~ ^[0-9]+$ ]]; then
    seconds="$1"
    shift
    targets=("$@")
    ((${#targets[@]} > 0)) || targets=("${all_targets[@]}")
    broken=()
    for target in "${targets[@]}"; do
        fuzz "$target" "$seconds" || broken+=("$target")
    done
    ((${#broken[@]} == 0)) || fail "broken: ${broken[*]}"
    printf '\nfuzz: nothing broke in %s\n' "${targets[*]}"
else
    [[ -f "${2:-}" ]] || fail "no file '${2:-}': scripts/fuzz.sh TARGET FILE"
    libfuzzer "$1" "$2"
fi
