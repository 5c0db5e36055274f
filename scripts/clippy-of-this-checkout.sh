#!/bin/sh
# The same as rustc-of-this-checkout.sh for lints: `cargo clippy` would put its own program in the wrapper's place and
# share what it found between checkouts.
exec clippy-driver "$@" -D warnings
