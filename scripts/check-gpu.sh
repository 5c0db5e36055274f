#!/usr/bin/env bash
# Checks a graphics card in at most eight minutes (software Vulkan in at most half an hour): results against the CPU, learning, speed, episodes, memory, a picture.
# One report, in Markdown.
#
#   scripts/check-gpu.sh pack [FILE]     builds what the check needs and packs it (default out/check-gpu.tar.xz, under 60 MB)
#   ./check-gpu.sh run [OPTION…]         on the machine with the card, in the unpacked folder (or in a checkout, after pack)
#     --device vulkan:NAME   another card than the best one
#     --out FOLDER           where the report and the picture go (default out/check-gpu)
#     --small                a hundredth of the work and little tuning, for software Vulkan
#
# BINARIES is the folder of the built examples, if they are elsewhere than where cargo puts them.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
most_packed_bytes=60000000

pack() {
    local packed="${1:-out/check-gpu.tar.xz}" binaries="${BINARIES:-}"
    cd "$here/.."
    if [[ -z "$binaries" ]]; then
        cargo build --release --locked --example check_gpu --example watch
        binaries="${CARGO_TARGET_DIR:-target}/release/examples"
    fi
    # Not local: it is removed when the script has ended.
    folder="$(mktemp -d)"
    trap 'rm -rf "$folder"' EXIT
    mkdir "$folder/check-gpu"
    for example in check_gpu watch; do
        strip -o "$folder/check-gpu/$example" "$binaries/$example"
    done
    cp scripts/check-gpu.sh "$folder/check-gpu/"
    mkdir -p "$(dirname "$packed")"
    XZ_OPT="${XZ_OPT:--6 -T0}" tar -C "$folder" -cJf "$packed" check-gpu
    local bytes
    bytes="$(stat -c %s "$packed")"
    echo "$packed: $bytes bytes"
    ((bytes < most_packed_bytes)) || { echo "check-gpu: error: $packed has more than $most_packed_bytes bytes" >&2; exit 1; }
}

run() {
    local out=out/check-gpu device=vulkan failed=0 time_factor=1
    local -a small=()
    while (($#)); do
        case "$1" in
            --device) device="$2"; shift 2 ;;
            --out) out="$2"; shift 2 ;;
            # The processor takes longer to try a kernel out than to run it with the slowest choice.
            --small) small=(--small); time_factor=4; export CUBECL_AUTOTUNE_LEVEL=minimal; shift ;;
            *) echo "check-gpu: error: unknown option '$1'" >&2; exit 2 ;;
        esac
    done
    local binaries="${BINARIES:-$here}"
    [[ -x "$binaries/check_gpu" ]] || binaries="$here/../${CARGO_TARGET_DIR:-target}/release/examples"
    [[ -x "$binaries/check_gpu" ]] || { echo "check-gpu: error: no binaries: run 'check-gpu.sh pack' first" >&2; exit 2; }
    mkdir -p "$out"
    out="$(cd "$out" && pwd)"
    report="$out/report.md"
    # What this machine remembers of its devices neither helps nor suffers.
    folder="$(mktemp -d)"
    trap 'rm -rf "$folder"' EXIT
    export XDG_CACHE_HOME="$folder"
    printf '# Check of a graphics card\n' >"$report"

    # part NAME SECONDS COMMAND…: its output becomes a section; it is stopped when its time is over.
    part() {
        local name="$1" limit="$(($2 * time_factor))" status=0 started=$SECONDS
        shift 2
        echo "$name (at most $limit s) …"
        printf '\n' >>"$report"
        timeout --kill-after=5 "$limit" "$@" >>"$report" 2>"$out/$name.log" </dev/null || status=$?
        case "$status" in
            0) printf '\n**%s: done in %d s.**\n' "$name" "$((SECONDS - started))" >>"$report" ;;
            124 | 137) failed=1; printf '\n**%s: NOT DONE within %d s.**\n' "$name" "$limit" >>"$report" ;;
            *)
                failed=1
                printf '\n**%s: FAILED with code %d:** %s\n' "$name" "$status" "$(tail -n 3 "$out/$name.log")" >>"$report"
                ;;
        esac
    }
    check() { part "$1" "$2" "$binaries/check_gpu" "$1" --device "$device" --limit "$(($2 * time_factor * 9 / 10))" "${small[@]}"; }

    # 460 s in all, times the factor.
    check machine 15
    check agreement 150
    check learning 75
    check speed 60
    check episodes 100
    printf '\n## Picture\n' >>"$report"
    part picture 60 "$binaries/watch" --offscreen --frames 2 --episodes 2 --simulations 50 --out "$out/picture"
    [[ -s "$out/picture/watch.png" ]] && printf '\n![The viewer on this card](picture/watch.png)\n' >>"$report"
    echo "$report"
    return "$failed"
}

case "${1:-}" in
    pack) shift; pack "$@" ;;
    run) shift; run "$@" ;;
    *) sed -n '2,12p' "$0" | sed 's/^# \?//' >&2; exit 2 ;;
esac
