#!/bin/sh
# Cargo calls this in place of rustc for our own packages (RUSTC_WORKSPACE_WRAPPER). It only passes the call on: what
# counts is its path, which Cargo hashes into the names of what it builds. So every checkout has artefacts of its own
# in the build folder that all checkouts share, and none ever runs another one's tests.
exec "$@"
