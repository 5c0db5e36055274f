//! The one table of everything that can be tuned in a run: panels, files and command lines all read it.

mod choice;
mod spec;
mod table;

pub use spec::{Applies, ParameterError, ParameterGroup, ParameterId, ParameterKind, ParameterSpec, ParameterValue};
pub use table::PARAMETERS;
