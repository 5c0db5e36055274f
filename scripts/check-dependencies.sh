#!/usr/bin/env bash
# Checks what the crate is built from, by deny.toml: licences, sources and doubles offline; known vulnerabilities where the
# database of advisories can be had from this machine. Closes with one line on each.
set -euo pipefail
cd "$(dirname "$0")/.."

# Longest wait for the database, s.
readonly patience_s=60

# A build has not downloaded packages that its features leave out, and their manifests are read too. Offline all is there or the check says
# what is not.
cargo fetch --locked --quiet --target x86_64-unknown-linux-gnu || true

# What is listed and not needed any more is an error too.
cargo deny --offline --locked check \
    -D unmatched-skip -D license-exception-not-encountered -D license-not-encountered -D unmatched-source \
    licenses bans sources

if timeout "$patience_s" cargo deny --locked fetch db >/dev/null 2>&1; then
    # Yanked versions are looked up in Cargo's own copy of the index, as far as it has one.
    cargo deny --offline --locked check -A index-failure advisories
else
    echo "advisories NOT CHECKED: their database cannot be had from here"
fi
