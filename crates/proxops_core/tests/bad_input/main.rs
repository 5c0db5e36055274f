//! What happens with scenarios and targets that are wrong: one clear error, never a panic.

mod scenario_file;
mod scenario_values;
mod target_file;
