#!/usr/bin/env bash
# Runs every example once in its shortest form, and gives the command line bad input: each must answer with
# one line that names what is wrong, and exit code 2. Closes with "examples: N passed".
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked --quiet --examples
binaries="$CARGO_TARGET_DIR/release/examples"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
passed=0

fail() {
    echo "examples: FAILED: $*" >&2
    [[ -s "$work/stderr" ]] && tail -n 20 "$work/stderr" >&2
    exit 1
}

pass() {
    passed=$((passed + 1))
    echo "ok: $*"
}

# runs NAME COMMAND…: the command must succeed.
runs() {
    local name="$1"
    shift
    "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || fail "$name: exit code $?: $*"
    pass "$name"
}

# refuses PATTERN ARGUMENT…: headless must exit with 2 and say PATTERN in one line, without a panic.
refuses() {
    local pattern="$1" status=0
    shift
    "$binaries/headless" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    [[ "$status" == 2 ]] || fail "headless $*: exit code $status instead of 2"
    grep -qE -- "$pattern" "$work/stderr" || fail "headless $*: the message does not say '$pattern'"
    [[ "$(grep -cE '^error: ' "$work/stderr")" == 1 ]] || fail "headless $*: not exactly one error line"
    ! grep -qE 'panicked|RUST_BACKTRACE' "$work/stderr" || fail "headless $*: panicked"
    pass "refused: $*"
}

# Bad input. Scenario files are given as text.
scenario() { printf '%s' "$2" >"$work/$1.ron"; echo "$work/$1.ron"; }
refuses 'nowhere\.ron.*cannot be read' --scenario "$work/nowhere.ron"
refuses 'truncated\.ron:[0-9]+:[0-9]+' --scenario "$(scenario truncated '(name: "half", steps: ')"
refuses 'wrong_type\.ron:[0-9]+:[0-9]+' --scenario "$(scenario wrong_type '(steps: "many")')"
refuses 'unknown_field\.ron.*stepps' --scenario "$(scenario unknown_field '(stepps: 3)')"
refuses 'nan\.ron.*step_s.*NaN' --scenario "$(scenario nan '(step_s: NaN)')"
refuses 'zero\.ron.*voxel_size_m.*0' --scenario "$(scenario zero '(grid: (voxel_size_m: 0.0))')"
refuses 'certain\.ron.*p_hit_occupied.*1\.5' --scenario "$(scenario certain '(sensor: (p_hit_occupied: 1.5))')"
refuses 'blind\.ron.*p_hit_' --scenario "$(scenario blind '(sensor: (p_hit_occupied: 0.001, p_hit_empty: 0.2))')"
refuses 'large\.ron.*target' --scenario "$(scenario large '(target: Cube(side_m: 500.0))')"
refuses 'voxless\.ron.*satellite\.vox' --scenario "$(scenario voxless '(target: Vox(path: "satellite.vox"))')"
echo 'no voxels here' >"$work/fake.vox"
refuses 'notvox\.ron.*fake\.vox' --scenario "$(scenario notvox '(target: Vox(path: "fake.vox"))')"
refuses 'refrence.*standoff_200m' --scenario refrence
refuses 'minimax.*passive' --planner minimax
refuses 'simulations.*0' --simulations 0
refuses 'episodes.*0' --episodes 0
refuses 'workers.*0' --workers 0
refuses 'no parameter is called' --set sensor.colour=3
refuses 'search.exploration.*accepted' --set search.exploration=-1
refuses 'seed' --seed minus-one
refuses 'unexpected argument' --frobnicate
refuses 'start\.a_roe_m.*outside the target' --scenario "$(scenario inside '(start: (a_roe_m: (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))')"

# Good input.
runs "headless lists scenarios" "$binaries/headless" --list scenarios
short=(--scenario reference --planner mcts --episodes 3 --seed 1 --simulations 20 --json)
runs "headless with one worker" "$binaries/headless" "${short[@]}" --workers 1
cp "$work/stdout" "$work/one.json"
runs "headless with two workers" "$binaries/headless" "${short[@]}" --workers 2
# `timing` is the last key of the object.
diff <(sed '/"timing"/,$d' "$work/one.json") <(sed '/"timing"/,$d' "$work/stdout") >&2 ||
    fail "headless: one and two workers disagree"
grep -q '"timing"' "$work/one.json" || fail "headless: no summary"
pass "one and two workers agree to the bit"

runs "the README's parameters" "$binaries/headless" --list parameters
diff <(sed -n '/<!-- parameters -->/,/<!-- end -->/p' README.md | sed '1d;$d') "$work/stdout" >&2 ||
    fail "README.md: the parameter table is not that of headless --list parameters"
pass "the README's parameter table is current"

runs "embed leaves its host alone" "$binaries/embed" --check

runs "watch without a display" env -u DISPLAY -u WAYLAND_DISPLAY \
    "$binaries/watch" --frames 3 --episodes 2 --simulations 50 --out "$work/out"
for picture in watch.png watch.gif; do
    [[ -s "$work/out/$picture" ]] || fail "watch: no $picture"
done

# A pointer drags the slider of the exploration constant; the running episodes must say that it changed.
runs "watch in a window" xvfb-run --auto-servernum --server-args "-screen 0 1280x800x24" \
    "$binaries/watch" --script examples/common/raise_exploration.txt --episodes 2 --simulations 50
grep -qE 'search\.exploration changed from 1\.4 to [0-9.]+ after step [0-9]+' "$work/stdout" "$work/stderr" ||
    fail "watch: the slider changed nothing"
pass "a dragged slider reaches the running episodes"

echo "examples: $passed passed"
