//! Episodes as entities in a simulation world of their own, commands in and snapshots out.

mod command;
mod parameters;
mod settings;
mod snapshot;

pub use command::{SimCommand, Speed};
pub use parameters::{
    Applies, PARAMETERS, ParameterError, ParameterGroup, ParameterId, ParameterKind, ParameterSpec, ParameterValue,
};
pub use settings::{EpisodeSettings, MAX_EPISODES};
pub use snapshot::{
    EpisodeSnapshot, EpisodeStatus, LatestSnapshot, MAX_NOTICES, Notice, Severity, SimDiagnostics, SimulationSnapshot,
    StateSample, TimeSplit,
};
