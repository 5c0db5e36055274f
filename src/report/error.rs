use std::path::PathBuf;

use thiserror::Error;

use crate::mission::MissionError;
use crate::network::{CheckpointError, NetworkError};

/// Why efficiency could not be measured, or its report not be written.
#[derive(Error, Debug)]
pub enum ReportError {
    /// The scenario cannot be flown.
    #[error(transparent)]
    Mission(#[from] MissionError),
    /// The network cannot be used.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A run could not begin or stopped.
    #[error("the measured run stopped: {0}")]
    Run(String),
    /// A file could not be written or read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A picture could not be drawn.
    #[error("{}: cannot be drawn: {reason}", path.display())]
    Chart {
        /// The picture's file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// Whoever watched the sweep stopped it.
    #[error("the sweep was stopped")]
    Stopped,
}
