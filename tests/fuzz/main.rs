//! Damaged and random input of every kind that comes from outside: it is refused with a message or used, and nothing panics.
//!
//! Each target starts from good input (seeds) and from what once went wrong (`tests/fuzz/regressions/<target>/`), and changes it byte by
//! byte and number by number. A fixed number of cases runs with the other tests, the same ones every time. `make fuzz` goes on for
//! longer: `FUZZ_SECONDS` is the time for each target, `FUZZ_SEED` the number of the first round.

mod checkpoints;
mod commands;
mod files;
mod harness;
mod mutation;
mod rays;
mod scenarios;
