use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::episode::command::Speed;
use crate::episode::parameters::ParameterError;
use crate::episode::settings::{MAX_EPISODES, MAX_WORKERS, TICK_ALLOWANCES};
use crate::memory::MemoryError;
use crate::mission::{MissionError, ScenarioError};
use crate::network::{CheckpointError, NetworkError};
use crate::search::SearchError;
use crate::training::TrainingError;

/// Why a run cannot begin, or a command cannot be carried out.
#[derive(Error, Debug)]
#[non_exhaustive]
pub enum EpisodeError {
    /// The scenario cannot be flown.
    #[error(transparent)]
    Mission(#[from] MissionError),
    /// The scenario cannot be read.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The search is set up wrongly.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A parameter has a value it does not accept.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A weights file cannot be read or written.
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// A network cannot be made.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A network for another grid.
    #[error("{source_name}: this network reads a belief of {network}³ voxels, the scenario has {scenario}³")]
    NetworkGrid {
        /// Where the network comes from.
        source_name: String,
        /// Cells along each axis that it reads.
        network: usize,
        /// Cells along each axis that the scenario has.
        scenario: u32,
    },
    /// A training run is not as the command takes it to be.
    #[error("training: {0}")]
    Training(String),
    /// A folder cannot be made, or a file is not replaced.
    #[error("{}: {source}", path.display())]
    Output {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Too few or too many episodes.
    #[error("episodes = {0}: accepted are 1 to {MAX_EPISODES}")]
    Episodes(u32),
    /// No thread to work with, or more than a system gives.
    #[error("workers = {0}: accepted are 1 to {MAX_WORKERS}, or none for one per core")]
    Workers(usize),
    /// A tick in which nothing gets done, or during which no command is heard.
    #[error("tick_allowance = {0:?}: accepted are {least:?} to {most:?}", least = TICK_ALLOWANCES.start(), most = TICK_ALLOWANCES.end())]
    TickAllowance(Duration),
    /// It would take more memory than it may.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The training run is set up wrongly.
    #[error(transparent)]
    TrainingConfig(#[from] TrainingError),
    /// A pace outside the range.
    #[error("speed = {0}: accepted are {min}× to {max}×, or max", min = Speed::MIN_RATE, max = Speed::MAX_RATE)]
    Speed(Speed),
    /// Work on a file broke off.
    #[error("{doing}: {reason}")]
    FileThread {
        /// What was being done.
        doing: String,
        /// What the system or a panic said.
        reason: String,
    },
    /// The simulation has failed or was stopped.
    #[error("the simulation {status} and did not carry out {command}{help}")]
    NotAlive {
        /// What has become of it.
        status: &'static str,
        /// The command that was sent.
        command: String,
        /// What can be done.
        help: &'static str,
    },
    /// Nobody has that number.
    #[error("focus = {number}: no running episode has this number; running are {running}")]
    Focus {
        /// The number asked for.
        number: u32,
        /// The numbers there are.
        running: String,
    },
}
