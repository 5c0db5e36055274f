#!/usr/bin/env bash
# Opens the viewer, or, with no display to open it on, renders a whole episode to out/.
set -euo pipefail
cd "$(dirname "$0")/.."

# Some drivers complain without it, though nothing here needs it.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}"
offscreen=()
# The window is an X11 one; under Wayland it needs XWayland, which sets DISPLAY too.
if [[ -z "${DISPLAY:-}" ]]; then
    echo "No display (DISPLAY is not set): rendering one episode to out/watch.png and out/watch.gif." >&2
    offscreen=(--offscreen)
fi
exec cargo run --release --locked --example watch -- "${offscreen[@]}" "$@"
