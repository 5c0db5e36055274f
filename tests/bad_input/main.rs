//! What happens with input that is wrong: one clear error, never a panic.

mod memory;
mod memory_estimate;
mod settings_values;
mod target_memory;
mod weights_file;
