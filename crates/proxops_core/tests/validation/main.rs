//! Holds the crate against independent reference data and printed values.

mod mission;
mod orbit;
mod sensor;
