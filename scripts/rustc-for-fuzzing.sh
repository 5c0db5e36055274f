#!/bin/sh
# Stands in for rustc where our own packages are built for libFuzzer (RUSTC_WORKSPACE_WRAPPER), and has LLVM count what
# they run: the stable compiler has the pass, only its option `-Z sanitizer` is unstable. Dependencies are the ones of
# every release build. The flags are those of cargo-fuzz; of an option given twice the last one holds. Overflows and
# broken assumptions end the program. LIBFUZZER_FOLDER holds libFuzzer's archive.
#
# Cargo knows this file by its path alone: after a change to it, run `cargo clean --release -p bevy_proxops`.
exec "$@" \
    -C passes=sancov-module \
    -C llvm-args=-sanitizer-coverage-level=4 \
    -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
    -C llvm-args=-sanitizer-coverage-pc-table \
    -C llvm-args=-sanitizer-coverage-trace-compares \
    -C opt-level=1 \
    -C lto=off \
    -C codegen-units=16 \
    -C debug-assertions=on \
    -C overflow-checks=on \
    -L "native=${LIBFUZZER_FOLDER:?is set by scripts/fuzz.sh}"
