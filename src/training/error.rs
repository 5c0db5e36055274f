//! What can go wrong while learning.

use std::path::PathBuf;

use crate::network::{CheckpointError, NetworkError};

/// An error of the training floor.
#[derive(Debug, thiserror::Error)]
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
    /// Nothing to learn from.
    #[error("the replay buffer holds {transitions} transitions, a batch needs at least one")]
    EmptyReplay {
        /// Transitions in it.
        transitions: usize,
    },
    /// A loss that is not a number: the learning rate is too high or the data are damaged.
    #[error(
        "the loss became {loss} at learning step {step}; the weights of the step before are in the last checkpoint"
    )]
    Diverged {
        /// The loss.
        loss: f32,
        /// The step.
        step: u64,
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
    /// Self-play failed.
    #[error("self-play: {0}")]
    SelfPlay(String),
}
