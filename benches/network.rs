//! Evaluations per second.
fn main() {}
