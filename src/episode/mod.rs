//! Episodes as entities in a simulation world of their own, commands in and snapshots out.
//!
//! [`Simulation`] is that world with its schedule; it runs headless by itself, or on its own thread in an app with
//! [`EpisodePlugin`]. The app sees it through [`LatestSnapshot`] and steers it with [`SimCommand`] messages.

mod command;
mod components;
pub mod diagnostics;
mod efficiency;
mod efficiency_sweep;
mod error;
mod failure;
mod file_work;
#[cfg(test)]
mod failure_tests;
mod memory;
mod messages;
mod meter;
mod mirror;
mod network;
mod notices;
mod parameters;
mod plugin;
mod recording;
mod reflection;
mod run;
mod settings;
mod simulation;
mod snapshot;
mod systems;
#[cfg(test)]
mod test_support;
mod thread;
mod training;
mod trees;
mod workers;

pub use command::{SimCommand, Speed};
pub use components::{Episode, EpisodeHistory, EpisodeMission, EpisodePace, EpisodePlanner, EpisodeState};
pub use efficiency::{SweepProgress, check_plan, measure_efficiency};
pub use efficiency_sweep::EfficiencySweep;
pub use error::EpisodeError;
pub use messages::{
    BurnExecuted, DecisionMade, EpisodeEvent, EpisodeFailed, EpisodeFinished, EpisodeStarted, ImageTaken,
    MAX_WAITING_MESSAGES, MessagesLost,
};
pub use mirror::{EpisodeProgress, FocusedEpisode, LatestEpisode, ServicerPose};
pub use parameters::{
    Applies, PARAMETERS, ParameterError, ParameterGroup, ParameterId, ParameterKind, ParameterSpec, ParameterValue,
};
pub use plugin::{EpisodePlugin, EpisodeSystems};
pub use settings::{EpisodeSettings, MAX_EPISODES, MAX_WORKERS, NetworkSettings, TICK_ALLOWANCES, TrainingSettings};
pub use simulation::Simulation;
pub use snapshot::{
    EpisodeSnapshot, EpisodeStatus, LatestSnapshot, MAX_HISTORY, MAX_NOTICES, NetworkLoad, NetworkSnapshot, Notice,
    NoticeSeverity, SimDiagnostics, SimulationSnapshot, SimulationStatus, SimulationStatusChanged, StateSample,
    TimeSplit, TrainingSnapshot, TrainingStatus,
};
pub use systems::SimulationSystems;
pub use thread::{Received, SimulationThread, THREAD_NAME};
pub use trees::EpisodeTrees;
pub use workers::EpisodeWorkers;

pub use crate::flight::{EpisodeFailure, EpisodePhase};
