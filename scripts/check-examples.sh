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

# example_refuses EXAMPLE PATTERN ARGUMENT…: it must exit with 2 and say PATTERN in one line, without a panic.
example_refuses() {
    local example="$1" pattern="$2" status=0
    shift 2
    "$binaries/$example" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    [[ "$status" == 2 ]] || fail "$example $*: exit code $status instead of 2"
    grep -qE -- "$pattern" "$work/stderr" || fail "$example $*: the message does not say '$pattern'"
    [[ "$(grep -cE '^error: ' "$work/stderr")" == 1 ]] || fail "$example $*: not exactly one error line"
    ! grep -qE 'panicked|RUST_BACKTRACE' "$work/stderr" || fail "$example $*: panicked"
    pass "refused by $example: $*"
}

refuses() { example_refuses headless "$@"; }

# closed_pipe EXAMPLE ARGUMENT…: whoever reads its output goes away at once; it must end in peace.
closed_pipe() {
    local example="$1" status=0
    shift
    "$binaries/$example" "$@" 2>"$work/stderr" </dev/null | true || status="${PIPESTATUS[0]}"
    [[ "$status" == 0 ]] || fail "$example $* | true: exit code $status"
    ! grep -qE '^error|panicked' "$work/stderr" || fail "$example $* | true: not silent"
    pass "a closed pipe ends $example"
}

# full_disk EXAMPLE ARGUMENT…: its output cannot be written; it must say so in one line and exit with 1.
full_disk() {
    local example="$1" status=0
    shift
    "$binaries/$example" "$@" >/dev/full 2>"$work/stderr" </dev/null || status=$?
    [[ "$status" == 1 ]] || fail "$example $* > /dev/full: exit code $status instead of 1"
    grep -qE '^error: standard output: ' "$work/stderr" || fail "$example $* > /dev/full: it does not say why"
    [[ "$(grep -cE '^error: ' "$work/stderr")" == 1 ]] || fail "$example $* > /dev/full: not exactly one error line"
    ! grep -qE 'panicked' "$work/stderr" || fail "$example $* > /dev/full: panicked"
    pass "a full disk ends $example"
}

# Bad input. Scenario files are given as text.
scenario() { printf '%s' "$2" >"$work/$1.ron"; echo "$work/$1.ron"; }
refuses "$work: .*it is a directory, not a file" --scenario "$work"
refuses 'assets: .*it is a directory, not a file' --scenario assets
mkfifo "$work/pipe" "$work/pipe.ron" "$work/pipe.vox"
refuses 'pipe\.ron: .*it is a pipe, not a file' --scenario "$work/pipe.ron"
refuses 'pipe\.vox: it is a pipe, not a file' --scenario "$(scenario piped '(target: Vox(path: "pipe.vox"))')"
refuses 'pipe: it is a pipe, not a file' --planner alpha_zero --network "$work/pipe"
example_refuses train 'pipe: it is a pipe, not a file' --start "$work/pipe" --out "$work/other"
example_refuses duel 'pipe: it is a pipe, not a file' "$work/pipe" untrained
refuses 'nowhere\.ron.*cannot be read' --scenario "$work/nowhere.ron"
refuses 'truncated\.ron:[0-9]+:[0-9]+' --scenario "$(scenario truncated '(name: "half", steps: ')"
refuses 'wrong_type\.ron:[0-9]+:[0-9]+' --scenario "$(scenario wrong_type '(steps: "many")')"
refuses 'beyond\.ron:1:9: steps = 99999999999 is not accepted; accepted: 1 to 100000' --scenario "$(scenario beyond '(steps: 99999999999)')"
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
refuses "'0'.*simulations.*1 to 100000" --simulations 0
refuses "'0'.*episodes.*1 to 4096" --episodes 0
refuses "'-3'.*episodes.*1 to 4096" --episodes -3
refuses "'many'.*episodes.*1 to 4096" --episodes many
refuses "'99999999999'.*episodes.*1 to 4096" --episodes 99999999999
refuses "'0'.*workers.*1 to 1024" --workers 0
refuses 'no parameter is called' --set sensor.colour=3
refuses 'search.exploration.*accepted' --set search.exploration=-1
refuses 'steps=abc.*a whole number from 1 to 10000' --set steps=abc
refuses 'steps=99999999999999999999.*a whole number from 1 to 10000' --set steps=99999999999999999999
refuses 'seed.*0 to 18446744073709551615' --seed minus-one
refuses 'start\.a_roe_m.*outside the target' --scenario "$(scenario inside '(start: (a_roe_m: (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))')"
refuses 'nowhere\.bin.*a weights file, shipped' --planner alpha_zero --network "$work/nowhere.bin"
refuses 'fake\.vox.*not a network weights file' --planner alpha_zero --network "$work/fake.vox"
refuses '20.*8' --network assets/networks/compact.bin --scenario "$(scenario coarse '(grid: (cells_per_axis: 8))')"
refuses 'tpu.*vulkan' --device tpu
refuses 'memory: this needs about .* GB.*lower search\.alpha_zero\.simulations' --planner alpha_zero --episodes 4096 \
    --memory-share 0.01 --scenario "$(scenario finest '(grid: (cells_per_axis: 64, voxel_size_m: 0.3))')"
refuses 'NaN.*numbers from 0\.01 to 1' --memory-share NaN
example_refuses check_gpu 'cpu.*nothing to check' machine --device cpu

refuses "vulkan:99.*was not found" --planner alpha_zero --device vulkan:99 --simulations 5

# Cases of faults that people meet (crates/proxops_core/tests/cases/README.md).
refuses 'molniya_nc\.ron.*NearCircular.*TwoBody' --scenario crates/proxops_core/tests/cases/molniya_nc.ron
three_objects() { scenario "$1" "(grid: (cells_per_axis: $2), target: Vox(path: \"$PWD/crates/proxops_core/tests/cases/satellite_three_objects.vox\"), steps: 2)"; }
refuses 'satellite_three_objects\.vox.*\[6, 24, 4\].*at most 20.*fit: Shrink' --scenario "$(three_objects tight 20)"
runs "a scene of three objects" "$binaries/headless" --scenario "$(three_objects roomy 32)" --planner passive --episodes 1
grep -q '3 objects, 156 voxels' "$work/stdout" || fail "headless: it does not say what the scene was"
runs "a scenario with a byte order mark" "$binaries/headless" --scenario crates/proxops_core/tests/cases/bom.ron --planner passive --episodes 1
runs "a body that large burns leave for ever" "$binaries/headless" --scenario crates/proxops_core/tests/cases/bennu.ron --simulations 20 --episodes 1
low_orbit='(dynamics: TwoBody, chief: (body_radius_km: 6992.5), start: (a_roe_m: (0.0, 6000.0, 0.0, 0.0, 0.0, 0.0), spread_m: (0.0, 0.0, 1000.0, 0.0, 0.0, 0.0)), steps: 3)'
status=0
"$binaries/headless" --scenario "$(scenario low "$low_orbit")" --planner passive --episodes 8 >"$work/stdout" 2>"$work/stderr" || status=$?
[[ "$status" == 3 ]] || fail "headless with an episode that cannot go on: exit code $status instead of 3"
grep -q 'ended after step 0: .*central body' "$work/stdout" || fail "headless: it does not say why an episode ended"
pass "an episode that cannot go on ends with its reason, the others are flown"

# same_for_any_workers WHAT ARGUMENT…: headless must say the same with one worker and with two, but for its timing.
same_for_any_workers() {
    local what="$1"
    shift
    runs "headless$what, one worker" "$binaries/headless" "$@" --workers 1
    cp "$work/stdout" "$work/one.json"
    runs "headless$what, two workers" "$binaries/headless" "$@" --workers 2
    # `timing` is the last key of the object.
    diff <(sed '/"timing"/,$d' "$work/one.json") <(sed '/"timing"/,$d' "$work/stdout") >&2 ||
        fail "headless$what: one and two workers disagree"
    pass "one and two workers agree to the bit$what"
}

# Good input.
runs "a planner of one's own on the core alone" "$binaries/greedy_planner"
runs "headless lists scenarios" "$binaries/headless" --list scenarios
short=(--scenario reference --planner mcts --episodes 3 --seed 1 --simulations 20 --json)
same_for_any_workers "" "${short[@]}"
grep -q '"timing"' "$work/stdout" || fail "headless: no summary"

runs "the documented parameters" "$binaries/headless" --list parameters
diff <(sed -n '/<!-- parameters -->/,/<!-- end -->/p' docs/scenarios.md | sed '1d;$d') "$work/stdout" >&2 ||
    fail "docs/scenarios.md: the parameter table is not that of headless --list parameters"
pass "the documented parameter table is current"

runs "headless lists devices" "$binaries/headless" --list devices
grep -q '^cpu ' "$work/stdout" && grep -q '^auto takes ' "$work/stdout" || fail "headless --list devices: no cpu or no auto"
consulted=(--scenario "$work/coarse.ron" --planner alpha_zero --network untrained --device cpu --episodes 3 --seed 1
    --simulations 9 --json)
same_for_any_workers " with a network" "${consulted[@]}"
grep -q '"evaluations_per_s"' "$work/stdout" || fail "headless with a network: its timing says nothing of the network"

small=(--scenario "$(scenario small '(name: "small", steps: 3, camera: (pixels: 8), grid: (cells_per_axis: 8))')" --simulations 6
    --episodes 4 --parallel 4 --learning-steps 4 --evaluation-pairs 3 --device cpu)
unjudged=("${small[@]}" --evaluate-every 0)
small+=(--evaluate-every 1)
runs "train" "$binaries/train" "${small[@]}" --cycles 2 --out "$work/run"
for file in best.bin latest.bin history.jsonl policy_loss.svg value_loss.svg reward.svg evaluation.svg; do
    [[ -s "$work/run/$file" ]] || fail "train: no $file"
done
grep -q 'best\.bin (that of cycle [0-9]*, ' "$work/stdout" || fail "train: it does not say which cycle best.bin is of"
example_refuses train 'run in this directory.*--resume' "${small[@]}" --out "$work/run"

# Without a promotion the network to play with is the newest one, and no untrained one.
runs "train without an evaluation" "$binaries/train" "${unjudged[@]}" --cycles 1 --out "$work/unjudged"
grep -q 'best\.bin (that of cycle 1, the newest' "$work/stdout" || fail "train: it does not say that best.bin is the newest"
cmp "$work/unjudged/best.bin" "$work/unjudged/latest.bin" >&2 || fail "train: best.bin is not the newest network"

# Other people's files.
mkdir -p "$work/mine/shared" "$work/mine/partial-notes"
for file in history.jsonl shared/replay.bin partial-notes/text; do echo mine >"$work/mine/$file"; done
example_refuses train 'mine: this directory is not empty and not a run' "${small[@]}" --out "$work/mine"
for file in history.jsonl shared/replay.bin partial-notes/text; do
    [[ "$(cat "$work/mine/$file")" == mine ]] || fail "train: $file is gone"
done
[[ "$(find "$work/mine" -type f | wc -l)" == 3 ]] || fail "train: it wrote into a directory of others"

# Two at once: the second is refused, the first goes on and ends as if it had been alone.
"$binaries/train" --resume --cycles 6 --device cpu --out "$work/unjudged" >"$work/first" 2>&1 </dev/null &
first=$!
until grep -q '^resumed after cycle 1' "$work/first" || ! kill -0 "$first" 2>/dev/null; do sleep 0.01; done
kill -STOP "$first"
example_refuses train 'unjudged: another process or app is at work in this run' \
    --resume --cycles 6 --device cpu --out "$work/unjudged"
kill -CONT "$first"
wait "$first" || fail "train: a second one disturbed the first: $(cat "$work/first")"
runs "train alone" "$binaries/train" "${unjudged[@]}" --cycles 6 --out "$work/alone"
for file in best.bin history.jsonl; do
    cmp "$work/unjudged/$file" "$work/alone/$file" >&2 || fail "train: a second one changed $file"
done
pass "two trainings at once: one runs, the other is refused"

# Numbers at their limits, folders that cannot be written to, readers that go away.
for minutes in inf 1e30 nan -5; do
    example_refuses soak "$minutes.*accepted are 0 to 1000000" "--minutes=$minutes" --out "$work/other"
    example_refuses train "$minutes.*accepted are 0 to 1000000" "--minutes=$minutes" --out "$work/other"
done
example_refuses train '4294967295.*1 to 100000' --episodes 4294967295 --out "$work/other"
example_refuses train '18446744073709551615.*1 to 4096' --parallel 18446744073709551615 --out "$work/other"
example_refuses train '70000.*1 to 1024' --workers 70000 --out "$work/other"
example_refuses duel '4294967295.*1 to 10000' untrained untrained --pairs 4294967295
example_refuses duel '4294967295.*4000000000' untrained untrained --first-episode 4294967295
echo 'a file' >"$work/file"
example_refuses train 'file/run.*/file is a file, not a directory' --out "$work/file/run"
example_refuses efficiency 'folder .*file/report.*/file is a file, not a directory' --out "$work/file/report"
DISPLAY='' example_refuses watch 'folder .*file/out.*/file is a file, not a directory' --out "$work/file/out" --offscreen
DISPLAY='' example_refuses watch 'folder .*file: it is a file, not a directory' --out "$work/file" --offscreen
example_refuses watch "'0'.*frames.*1 to" --frames 0 --offscreen
example_refuses train "'0'.*cycles.*1 to" --cycles 0
closed_pipe train "${small[@]}" --cycles 2 --out "$work/piped"
closed_pipe duel untrained untrained --scenario "$work/small.ron" --pairs 2
closed_pipe efficiency --seconds 0.1 --states 2 --memory-episodes 16 --device cpu --out "$work/efficiency"
closed_pipe headless --list scenarios
full_disk train "${small[@]}" --cycles 2 --out "$work/full"
full_disk duel untrained,puct,4 untrained,puct,4 --scenario "$work/small.ron" --pairs 2
full_disk efficiency --force --seconds 0.1 --states 2 --memory-episodes 16 --device cpu --out "$work/efficiency"
full_disk headless --list scenarios
full_disk embed --check
runs "train resumes without its settings" "$binaries/train" --resume --cycles 3 --device cpu --out "$work/run"
grep -q '^resumed after cycle 2 of small' "$work/stdout" || fail "train --resume: not after cycle 2"
example_refuses train 'empty.*' --resume --out "$work/empty"
example_refuses train 'nowhere\.bin' --start "$work/nowhere.bin" --out "$work/other"
example_refuses train "'0'.*episodes.*1 to 100000" --episodes 0 --out "$work/other"
runs "duel" "$binaries/duel" "$work/run/best.bin,gumbel,4" untrained,puct,4 --scenario "$work/small.ron" --pairs 2
example_refuses duel 'nowhere\.bin' "$work/nowhere.bin" untrained
echo 'PNG' >"$work/run/generation-000003/learner-weights.bin"
example_refuses train 'generation-000003/learner-weights\.bin.*--generation 2' --resume --out "$work/run"
runs "train resumes from the checkpoint before" \
    "$binaries/train" --resume --generation 2 --cycles 3 --device cpu --out "$work/run"
echo '{"format": "something else", "version": 1, "current": 3}' >"$work/run/manifest.json"
example_refuses train 'manifest\.json.*something else' --resume --out "$work/run"
runs "train survives two kills" scripts/kill-training.sh 2

runs "efficiency" "$binaries/efficiency" --force --seconds 0.1 --states 2 --memory-episodes 16 --device cpu --out "$work/efficiency"
for file in report.md report.csv quality.csv speed_up.svg quality.svg modes.svg time_split.svg; do
    [[ -s "$work/efficiency/$file" ]] || fail "efficiency: no $file"
done
grep -q '^best for mcts: ' "$work/stdout" || fail "efficiency: no best setting"
example_refuses efficiency 'report\.md: it is there already; --force replaces it' --out "$work/efficiency"
pass "a sweep ends with its report"

for example in duel efficiency embed headless soak train watch; do
    runs "$example --help without a display" env -u DISPLAY -u WAYLAND_DISPLAY "$binaries/$example" --help
    grep -q '^Usage: ' "$work/stdout" || fail "$example --help: says nothing"
    example_refuses "$example" 'unexpected argument' --frobnicate
done

# Its handler is there once the kernel says that it catches the signal.
until_it_hears_ctrl_c() {
    until grep -qE '^SigCgt:.*[2367abef]$' "/proc/$1/status" 2>/dev/null || ! kill -0 "$1" 2>/dev/null; do sleep 0.01; done
}

# Ctrl-C: the summary of what is flown, and the exit code that shells have for it.
interrupted_headless() {
    local status=0
    "$binaries/headless" --planner mcts --simulations 100000 --episodes 40 --workers 1 >"$work/stdout" 2>"$work/stderr" </dev/null &
    local running=$!
    until_it_hears_ctrl_c "$running"
    # With the first tick the episodes are there; earlier there is nothing to sum up.
    sleep 2
    kill -INT "$running"
    wait "$running" || status=$?
    [[ "$status" == 130 ]] || fail "headless after Ctrl-C: exit code $status instead of 130"
    grep -qE '^error: interrupted(: 0 of 40 episodes are finished| before an episode was begun)$' "$work/stderr" ||
        fail "headless after Ctrl-C: it does not say so"
    ! grep -q ' of 40 ' "$work/stderr" || grep -q '^mean ' "$work/stdout" || fail "headless after Ctrl-C: no summary"
    pass "Ctrl-C ends headless"
}
interrupted_headless

# At the end of a process the driver's data is taken away: no thread may be at work with it then.
interrupted_in_a_driver() {
    local after status running
    for after in 0 0.05 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 1.1 1.2 1.3 1.4 1.5 1.6 1.8 2; do
        status=0
        # Without what drivers remember of earlier runs there is more to compile.
        XDG_CACHE_HOME="$work/cache-$after" "$binaries/headless" --planner alpha_zero --device vulkan --episodes 2 \
            >"$work/stdout" 2>"$work/stderr" </dev/null &
        running=$!
        until_it_hears_ctrl_c "$running"
        sleep "$after"
        kill -INT "$running"
        wait "$running" || status=$?
        [[ "$status" == 130 ]] || fail "headless after Ctrl-C while it opens Vulkan: exit code $status instead of 130"
    done
    pass "Ctrl-C ends headless while it opens Vulkan"
}
interrupted_in_a_driver

# no_vulkan EXAMPLE ARGUMENT…: without a driver it must name one to install, in one line, and exit with 2.
no_vulkan() {
    local example="$1" status=0
    shift
    xvfb-run --auto-servernum env VK_DRIVER_FILES=/nonexistent VK_ICD_FILENAMES=/nonexistent "$binaries/$example" "$@" \
        >"$work/stderr" 2>&1 </dev/null || status=$?
    [[ "$status" == 2 ]] || fail "$example without Vulkan: exit code $status instead of 2"
    grep -q '^error: no Vulkan.*mesa-vulkan-drivers' "$work/stderr" || fail "$example without Vulkan: it names no driver"
    ! grep -q 'panicked' "$work/stderr" || fail "$example without Vulkan: panicked"
    pass "$example without Vulkan: $*"
}
no_vulkan watch
no_vulkan watch --offscreen --out "$work/out"
no_vulkan embed
no_vulkan embed --check

runs "soak" "$binaries/soak" --minutes 0.1 --out "$work/soak"
grep -qE '^memory, MB ' "$work/stdout" || fail "soak: no table"
[[ -s "$work/soak/samples.csv" ]] || fail "soak: no samples.csv"
mkdir -p "$work/soak_of_others/work"
echo mine >"$work/soak_of_others/work/notes"
example_refuses soak 'work: it is not empty' --minutes 0.1 --out "$work/soak_of_others"
[[ "$(cat "$work/soak_of_others/work/notes")" == mine ]] || fail "soak: it emptied a folder of others"

for first_step in read_snapshot react_to_messages own_system own_scenario send_commands; do
    runs "first step: $first_step" timeout 120 "$binaries/$first_step"
    [[ -s "$work/stdout" ]] || fail "$first_step says nothing"
done
grep -q 'p_hit_occupied' "$work/stdout" || fail "send_commands: a wrong command has no answer"
runs "embed leaves its host alone" env -u DISPLAY -u WAYLAND_DISPLAY "$binaries/embed" --check

# without_window DISPLAY: embed must say in one line that no window can be opened there, and what can be done instead.
without_window() {
    local status=0
    env -u WAYLAND_DISPLAY DISPLAY="$1" "$binaries/embed" >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    [[ "$status" == 1 ]] || fail "embed with DISPLAY='$1': exit code $status instead of 1"
    [[ "$(wc -l <"$work/stderr")" == 1 ]] || fail "embed with DISPLAY='$1': not exactly one line"
    grep -q -- '^error: no window.*--check' "$work/stderr" || fail "embed with DISPLAY='$1': it does not name --check"
    pass "embed names --check with DISPLAY='$1'"
}
without_window ""
without_window ":4242"

runs "watch without a display" env -u DISPLAY -u WAYLAND_DISPLAY \
    "$binaries/watch" --frames 3 --episodes 2 --simulations 50 --out "$work/out"
for picture in watch.png watch.gif; do
    [[ -s "$work/out/$picture" ]] || fail "watch: no $picture"
done
DISPLAY='' example_refuses watch 'out/watch\.png: it is there already; --force replaces it' --frames 1 --out "$work/out"
runs "watch with a display that is gone" env -u WAYLAND_DISPLAY DISPLAY=:4242 \
    "$binaries/watch" --frames 1 --episodes 1 --simulations 10 --out "$work/out" --force
grep -q 'no X server answers at DISPLAY=:4242' "$work/stderr" || fail "watch: it does not say that the display is gone"

# A pointer drags the slider of the exploration constant; the running episodes must say that it changed.
runs "watch in a window" xvfb-run --auto-servernum --server-args "-screen 0 1280x800x24" \
    "$binaries/watch" --script examples/common/raise_exploration.txt --episodes 2 --simulations 50
grep -qE 'search\.exploration changed from 1\.4 to [0-9.]+ after step [0-9]+' "$work/stdout" "$work/stderr" ||
    fail "watch: the slider changed nothing"
pass "a dragged slider reaches the running episodes"

echo "examples: $passed passed"
