#!/usr/bin/env bash
# Prints the path of an installed Vulkan driver manifest: `any`, or `lavapipe` (the CPU renderer, which
# draws the same pictures on every machine). Fails when there is none.
set -euo pipefail

case "${1:-lavapipe}" in
    any) pattern='*.json' ;;
    lavapipe) pattern='lvp_icd*.json' ;;
    *) echo "vulkan-driver: error: '$1' is neither any nor lavapipe" >&2; exit 2 ;;
esac

# The folders that the Vulkan loader itself searches.
folders=(
    "${XDG_CONFIG_HOME:-$HOME/.config}/vulkan/icd.d"
    /etc/vulkan/icd.d
    "${XDG_DATA_HOME:-$HOME/.local/share}/vulkan/icd.d"
    /usr/local/share/vulkan/icd.d
    /usr/share/vulkan/icd.d
)
for folder in "${folders[@]}"; do
    for manifest in "$folder"/$pattern; do
        if [[ -e "$manifest" ]]; then
            echo "$manifest"
            exit 0
        fi
    done
done
echo "vulkan-driver: error: no ${1:-lavapipe} driver in ${folders[*]}" >&2
exit 1
