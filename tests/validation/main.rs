//! Validation against independently made reference data and printed reference values.

mod mission;
mod orbit;
mod sensor;
