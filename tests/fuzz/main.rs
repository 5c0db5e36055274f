//! Damaged and random input of every kind that comes from outside: it is refused with a message or used, and nothing panics.
//!
//! Each target runs with good input (seeds), with what coverage-guided fuzzing has found to reach new code (`fuzz/corpus/<target>/`), with
//! what once went wrong (`tests/fuzz/regressions/<target>/`), and with a fixed number of changed seeds, the same ones every time.
//! `make fuzz` runs the same targets with libFuzzer for longer.

mod harness;
mod mutation;
mod targets;

use harness::fuzz;

#[test]
fn a_vox_file_is_used_or_refused() {
    fuzz("vox", 300);
}

#[test]
fn a_sealed_file_is_used_or_refused() {
    fuzz("sealed", 60);
}

#[test]
fn a_weights_file_with_a_right_checksum_is_used_or_refused() {
    fuzz("weights", 60);
}

#[test]
fn a_run_with_a_damaged_file_is_resumed_or_refused() {
    fuzz("checkpoints", 24);
}

#[test]
fn a_scenario_is_flown_or_refused() {
    fuzz("scenario", 100);
}

#[test]
fn every_image_counts_no_more_than_its_rays() {
    fuzz("rays", 1000);
}

#[test]
fn a_run_outlives_any_commands() {
    fuzz("commands", 40);
}
