//! What can go wrong while learning.

use std::path::PathBuf;

use crate::memory::MemoryError;
use crate::network::{CheckpointError, NetworkError};

use super::history::FailedEpisodes;

/// An error of the training floor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A setting outside its range.
    #[error("training.{field}: {value} is not accepted, it must be {accepted}")]
    Config {
        /// Name of the setting.
        field: &'static str,
        /// What was given.
        value: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// Transitions were recorded out of order.
    #[error("episode {episode}: {reason}")]
    Recording {
        /// Number of the episode.
        episode: u64,
        /// What was out of order.
        reason: &'static str,
    },
    /// An episode that was flown elsewhere is not of the run's kind.
    #[error(
        "episodes of scenario {flown} are not learnt from: it differs from the run's scenario {own} in more than name, start, prior and \
         target"
    )]
    OtherScenario {
        /// Name of the scenario that was flown.
        flown: String,
        /// Name of the run's scenario.
        own: String,
    },
    /// Nothing to learn from.
    #[error("the replay buffer holds {transitions} transitions, a batch needs at least one")]
    EmptyReplay {
        /// Transitions in it.
        transitions: usize,
    },
    /// Loss, gradient or weights left what a network can have: the learning rate is too high or the data are damaged.
    #[error("learning step {step}: {what}")]
    Diverged {
        /// What left its range.
        what: String,
        /// The step.
        step: u64,
    },
    /// It diverged at every attempt.
    #[error(
        "learning step {step}: {what}, at {attempts} attempts from the checkpoint of cycle {cycle}, the last with {scale} times the \
         learning rate; that checkpoint is sound: begin a new run from its network with other settings"
    )]
    DivergedForGood {
        /// What left its range at the last attempt.
        what: String,
        /// The step.
        step: u64,
        /// Attempts from the same checkpoint.
        attempts: usize,
        /// The cycle that ended with that checkpoint.
        cycle: u32,
        /// By what the configured learning rate was multiplied at the last attempt.
        scale: f64,
    },
    /// The network or its device failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The history could not be read or written.
    #[error("{path}: {source}")]
    History {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Whoever watched the progress broke it off.
    #[error("stopped in the middle of a cycle; the run can be resumed from its last checkpoint")]
    Stopped,
    /// It would take more memory than it may.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A fault of this program ended every episode.
    #[error("no episode was flown to its end: {0}")]
    AllFailed(FailedEpisodes),
    /// Of an evaluation's pairs of episodes fewer than two are left to compare.
    #[error("the evaluation has fewer than two pairs of episodes left to compare: {0}")]
    NoPairs(FailedEpisodes),
    /// Self-play failed.
    #[error("self-play: {0}")]
    SelfPlay(String),
}
