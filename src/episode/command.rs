use std::fmt;
use std::path::PathBuf;

use bevy::ecs::message::Message;
use bevy::reflect::Reflect;
use bevy::reflect::std_traits::ReflectDefault;

use crate::episode::parameters::{ParameterId, ParameterValue};
use crate::mission::Seed;
use crate::report::BestSetting;

/// Pace of a run.
#[derive(Reflect, Clone, Copy, Debug, PartialEq)]
#[reflect(Debug, Clone, PartialEq, Default)]
pub enum Speed {
    /// Decisions per second and episode, `0.1..=1000`. `Rate(1.0)` is what panels call 1×.
    Rate(f64),
    /// As fast as the cores allow.
    Max,
}

impl Speed {
    /// Slowest rate, in decisions per second and episode.
    pub const MIN_RATE: f64 = 0.1;
    /// Fastest rate short of [`Speed::Max`], in decisions per second and episode.
    pub const MAX_RATE: f64 = 1000.0;

    /// Whether the pace is one that a run accepts: a finite rate in `0.1..=1000`, or [`Speed::Max`].
    pub fn is_valid(self) -> bool {
        match self {
            Speed::Rate(rate) => (Self::MIN_RATE..=Self::MAX_RATE).contains(&rate),
            Speed::Max => true,
        }
    }
}

impl Default for Speed {
    fn default() -> Self {
        Speed::Rate(1.0)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Speed::Rate(rate) => write!(formatter, "{rate}×"),
            Speed::Max => formatter.write_str("max"),
        }
    }
}

/// What anyone may ask of the running simulation: panel, keyboard, host game and tests all send the same messages.
///
/// A command that cannot be carried out changes nothing and leaves a [`Notice`](crate::episode::Notice) of
/// severity error in the next snapshot.
#[derive(Message, Reflect, Clone, Debug, PartialEq)]
#[reflect(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SimCommand {
    /// Lets the episodes run.
    Play,
    /// Freezes every episode, also in the middle of a search.
    Pause,
    /// Pauses, then lets every unfinished episode finish exactly one decision.
    StepOnce,
    /// Sets the pace; a rate must lie in `0.1..=1000`.
    SetSpeed(Speed),
    /// Starts all episodes anew with every pending parameter in force; `None` keeps the seed.
    Reset {
        /// The new seed of the run.
        seed: Option<Seed>,
    },
    /// Starts all episodes anew with the settings in force. After a failure of the simulation
    /// ([`SimulationStatus::Failed`](crate::episode::SimulationStatus)) this alone is carried out: a new simulation begins,
    /// paused if the old one was.
    Restart,
    /// Sets how many episodes run in parallel, `1..=4096`; those that stay are not disturbed.
    SetEpisodes(u32),
    /// Whether a finished episode is followed by a new one.
    SetAutoRestart(bool),
    /// Changes one entry of [`PARAMETERS`](crate::episode::PARAMETERS).
    SetParameter {
        /// Which parameter.
        id: ParameterId,
        /// Its new value, of the parameter's kind and inside its range.
        value: ParameterValue,
    },
    /// Starts all episodes anew in an embedded scenario, named as in [`Scenario::EMBEDDED`](crate::mission::Scenario::EMBEDDED).
    ChooseScenario(String),
    /// Starts all episodes anew in the scenario of a RON file.
    LoadScenario(PathBuf),
    /// Puts the episode of this number in focus.
    Focus(u32),
    /// Plans as a measured setting says: planner, search mode, workers and episodes in parallel.
    UseSetting(BestSetting),
    /// Plans with the network of a weights file from the next leaf on; it must read the scenario's grid.
    LoadNetwork(PathBuf),
    /// Plans with the network that comes with the crate again.
    UseShippedNetwork,
    /// Writes the network that plans to a weights file; a path without extension gets `.bin`.
    SaveNetwork(PathBuf),
    /// Starts a training run in [`EpisodeSettings::training`](crate::episode::EpisodeSettings)'s directory, or resumes the one
    /// that is there. From the end of each cycle on its best network plans, or its newest one until an evaluation has
    /// promoted one: before that the best is still the one that it began with.
    StartTraining,
    /// Stops the training run within about a second. The unfinished cycle is repeated, bit for bit, when it is resumed.
    PauseTraining,
    /// Whether the training run learns from these episodes too, beginning with the next ones
    /// ([`EpisodeSettings::record_for_training`](crate::episode::EpisodeSettings)).
    RecordForTraining(bool),
}
