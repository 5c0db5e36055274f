#!/usr/bin/env bash
# Makes sure that everything needed to build, test and watch is on this machine.
#
#   scripts/setup.sh build    compiler and linker
#   scripts/setup.sh fuzz     the same, and a C++ compiler for libFuzzer
#   scripts/setup.sh watch    the same, and Vulkan loader and driver, window libraries
#   scripts/setup.sh test     the same, and lavapipe, Xvfb, cargo-nextest and cargo-deny
#   scripts/setup.sh mutants  compiler and linker, and cargo-mutants
#
# Missing Debian/Ubuntu packages are installed through apt-get when that is permitted (root, or sudo
# without a password); otherwise the script names them and stops. Nothing is installed that is there.
set -euo pipefail

readonly purpose="${1:-test}"
readonly minimum_rust="1.95.0"
# Newer releases may need a newer compiler than the one named above.
readonly nextest_version="0.9.143"
readonly deny_version="0.20.2"

# Debian keeps ldconfig where an ordinary user's PATH does not look.
export PATH="$PATH:/usr/sbin:/sbin"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

has_command() { command -v "$1" >/dev/null 2>&1; }
has_library() { grep -qF "$1 " <<<"$loader_cache"; }
has_vulkan_driver() { scripts/vulkan-driver.sh any >/dev/null 2>&1; }
has_lavapipe() { scripts/vulkan-driver.sh lavapipe >/dev/null 2>&1; }

# Prints the Debian package of every missing part, one a line.
missing_packages() {
    local loader_cache
    loader_cache="$(ldconfig -p 2>/dev/null || true)"
    has_command cc || printf '%s\n' gcc libc6-dev
    has_command pkg-config || echo pkg-config
    if [[ "$purpose" == fuzz ]]; then
        has_command c++ || echo g++
    fi
    [[ "$purpose" != build && "$purpose" != fuzz && "$purpose" != mutants ]] || return 0
    has_library libvulkan.so.1 || echo libvulkan1
    has_vulkan_driver || echo mesa-vulkan-drivers
    # The window library opens these at run time; no linker would complain.
    has_library libX11.so.6 || echo libx11-6
    has_library libX11-xcb.so.1 || echo libx11-xcb1
    has_library libXcursor.so.1 || echo libxcursor1
    has_library libXi.so.6 || echo libxi6
    has_library libXrandr.so.2 || echo libxrandr2
    has_library libxkbcommon-x11.so.0 || echo libxkbcommon-x11-0
    if [[ "$purpose" == test ]]; then
        has_lavapipe || echo mesa-vulkan-drivers
        has_command Xvfb || echo xvfb
        has_command xauth || echo xauth
    fi
}

install_packages() {
    local -a as_root=()
    if ! has_command apt-get; then
        fail "missing here: $*
These are Debian's package names; install the same parts with this system's package manager."
    fi
    if [[ "$(id -u)" -ne 0 ]]; then
        if ! { has_command sudo && sudo -n true 2>/dev/null; }; then
            fail "some packages are missing and may not be installed by this user. Run:
    sudo apt-get install --no-install-recommends $*"
        fi
        as_root=(sudo -n)
    fi
    say "installing $*"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

check_rust() {
    if ! { has_command cargo && has_command rustc; }; then
        fail "Rust $minimum_rust or newer is needed and none is installed: https://www.rust-lang.org/tools/install"
    fi
    local found
    found="$(rustc --version | cut -d' ' -f2)"
    [[ "$(printf '%s\n' "$minimum_rust" "${found%%-*}" | sort -V | head -n1)" == "$minimum_rust" ]] ||
        fail "Rust $minimum_rust or newer is needed, found $found: run 'rustup update stable'"
}

check_test_tools() {
    cargo fmt --version >/dev/null 2>&1 || fail "rustfmt is missing: run 'rustup component add rustfmt'"
    cargo clippy --version >/dev/null 2>&1 || fail "clippy is missing: run 'rustup component add clippy'"
    if ! cargo nextest --version >/dev/null 2>&1; then
        say "installing cargo-nextest $nextest_version (a few minutes, once)"
        cargo install --locked --no-default-features --features default-no-update \
            "cargo-nextest@$nextest_version" >&2
        cargo nextest --version >/dev/null || fail "cargo-nextest was installed but cargo does not find it"
    fi
    if ! cargo deny --version >/dev/null 2>&1; then
        say "installing cargo-deny $deny_version (one or two minutes, once)"
        # Unoptimised: optimising it takes longer than all its checks ever will. Without its own Git: the command is there.
        cargo install --locked --debug --no-default-features "cargo-deny@$deny_version" >&2
        cargo deny --version >/dev/null || fail "cargo-deny was installed but cargo does not find it"
    fi
}

check_mutation_tools() {
    if ! cargo mutants --version >/dev/null 2>&1; then
        say "installing cargo-mutants (a few minutes, once)"
        cargo install --locked cargo-mutants >&2
        cargo mutants --version >/dev/null || fail "cargo-mutants was installed but cargo does not find it"
    fi
}

# What checkouts that are gone have built of our crate stays in the shared build folder. When several are gone, the
# builds of all are removed; those that are still there compile it once more.
readonly most_gone_checkouts=3
forget_gone_checkouts() {
    [[ -n "${CARGO_BUILD_BUILD_DIR:-}" ]] || return 0
    mkdir -p "$CARGO_BUILD_BUILD_DIR"
    local list="$CARGO_BUILD_BUILD_DIR/checkouts.txt" checkout
    local -a present=("$PWD") gone=()
    while IFS= read -r checkout; do
        if [[ "$checkout" == "$PWD" ]]; then continue; fi
        if [[ -d "$checkout" ]]; then present+=("$checkout"); else gone+=("$checkout"); fi
    done < <(cat "$list" 2>/dev/null)
    if ((${#gone[@]} > most_gone_checkouts)); then
        say "removing the builds of ${#gone[@]} checkouts that are gone"
        cargo clean --release --locked --quiet --package bevy_proxops --package proxops_core --package bevy_proxops_fuzz
        gone=()
    fi
    printf '%s\n' "${present[@]}" "${gone[@]}" >"$list"
}

cd "$(dirname "$0")/.."
case "$purpose" in
    build | fuzz | watch | test | mutants) ;;
    *) fail "unknown purpose '$purpose': build, fuzz, watch, test or mutants" ;;
esac
packages="$(missing_packages | sort -u)"
if [[ -n "$packages" ]]; then
    # Package names hold no spaces.
    # shellcheck disable=SC2086
    install_packages $packages
    packages="$(missing_packages | sort -u)"
    [[ -z "$packages" ]] || fail "still missing after installation: ${packages//$'\n'/ }"
fi
check_rust
[[ "$purpose" != test ]] || check_test_tools
[[ "$purpose" != mutants ]] || check_mutation_tools
forget_gone_checkouts
