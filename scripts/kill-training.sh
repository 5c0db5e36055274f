#!/usr/bin/env bash
# Kills `train` with SIGKILL at random moments and resumes it each time. Proves that it always resumes, that never more
# than the current cycle is lost, and that networks and history end as if nothing had happened.
#
#   scripts/kill-training.sh [KILLS] [SEED]     10 kills and seed 1 if not given; the seed draws the moments
set -euo pipefail
cd "$(dirname "$0")/.."

kills="${1:-10}"
RANDOM="${2:-1}"
cycles=$((4 + 4 * kills))
train="${CARGO_TARGET_DIR:-target}/release/examples/train"
[[ -x "$train" ]] || cargo build --release --locked --quiet --example train

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

fail() {
    echo "kill-training: FAILED: $*" >&2
    [[ -s "$work/stderr" ]] && tail -n 5 "$work/stderr" >&2
    exit 1
}

# Small enough for several cycles a second.
cat >"$work/small.ron" <<'RON'
(name: "small", steps: 4, camera: (pixels: 16), grid: (cells_per_axis: 8, voxel_size_m: 2.5))
RON
new=(--scenario "$work/small.ron" --seed 3 --simulations 8 --episodes 8 --parallel 8 --learning-steps 8
    --decay-steps 200 --evaluate-every 3 --evaluation-pairs 4)
common=(--device cpu --cycles "$cycles")

# The last cycle that this output says is complete, which it says only once its checkpoint is.
last_cycle() {
    sed -nE 's/^(cycle +|resumed after cycle )([0-9]+).*/\2/p' "$1" | tail -n 1
}

has_checkpoint() { compgen -G "$work/killed/generation-*" >/dev/null; }

echo "uninterrupted run of $cycles cycles"
begun="$EPOCHREALTIME"
"$train" "${new[@]}" "${common[@]}" --out "$work/straight" >"$work/stdout" 2>"$work/stderr" </dev/null ||
    fail "the uninterrupted run: exit code $?"
# All delays together are about as long as that run, so that it is seldom complete before the last kill.
longest="$(awk -v begun="$begun" -v now="$EPOCHREALTIME" -v kills="$kills" 'BEGIN { print 1.6 * (now - begun) / (kills + 1) }')"

known=0
first=("${new[@]}")
for ((kill = 1; kill <= kills; kill++)); do
    # Before its first checkpoint there is no run to resume; what a killed one left there then is no obstacle.
    if has_checkpoint; then first=(--resume); fi
    "$train" "${first[@]}" "${common[@]}" --out "$work/killed" >"$work/stdout" 2>"$work/stderr" </dev/null &
    pid=$!
    delay="$(awk -v r="$RANDOM" -v longest="$longest" 'BEGIN { printf "%.3f", 0.05 + longest * r / 32768 }')"
    sleep "$delay"
    killed=yes
    kill -KILL "$pid" 2>/dev/null || killed="ended before"
    if wait "$pid" 2>/dev/null; then killed="ended before"; fi
    if [[ -s "$work/stderr" ]]; then fail "kill $kill: the run did not begin"; fi
    resumed="$(grep -oE '^resumed after cycle [0-9]+' "$work/stdout" | grep -oE '[0-9]+$' || true)"
    if [[ -n "$resumed" ]] && ((resumed < known)); then
        fail "kill $kill: resumed after cycle $resumed, though cycle $known was complete"
    fi
    last="$(last_cycle "$work/stdout")"
    ((${last:-0} > known)) && known="$last"
    echo "kill $kill after $delay s (${killed}): resumed after cycle ${resumed:-none}, complete until cycle $known"
done

if has_checkpoint; then first=(--resume); fi
"$train" "${first[@]}" "${common[@]}" --out "$work/killed" >"$work/stdout" 2>"$work/stderr" </dev/null ||
    fail "the last resumption: exit code $?"
resumed="$(grep -oE '^resumed after cycle [0-9]+' "$work/stdout" | grep -oE '[0-9]+$' || true)"
((${resumed:-0} >= known)) || fail "resumed after cycle ${resumed:-none}, though cycle $known was complete"
for file in best.bin latest.bin history.jsonl; do
    cmp "$work/straight/$file" "$work/killed/$file" >&2 || fail "$file differs from that of the uninterrupted run"
done
echo "kill-training: $kills kills, $cycles cycles: best.bin, latest.bin and history.jsonl are those of the uninterrupted run"
