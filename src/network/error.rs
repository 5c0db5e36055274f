//! What can go wrong in the network floor.

use std::path::PathBuf;

/// An error of the network: its configuration, its device or an evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A layer or shape outside its range.
    #[error("network config: {field} = {value} is not allowed: {allowed}")]
    Config {
        /// Key in the configuration.
        field: String,
        /// What was given.
        value: String,
        /// What is accepted.
        allowed: String,
    },
    /// A device name that means nothing.
    #[error(
        "network device `{text}` is not one of `auto`, `cpu`, `vulkan`, `vulkan:<number>`, `vulkan:<part of the adapter's name>`"
    )]
    DeviceName {
        /// What was given.
        text: String,
    },
    /// The device asked for does not exist here.
    #[error("network device `{requested}` was not found; available: {available}")]
    DeviceMissing {
        /// What was asked for.
        requested: String,
        /// What there is.
        available: String,
    },
    /// The device failed while it was set up or while it evaluated.
    #[error("network device {device} failed: {reason}")]
    DeviceFailed {
        /// Name of the device.
        device: String,
        /// Message of the driver or of Burn.
        reason: String,
    },
    /// The device answers otherwise than the CPU.
    #[error(
        "network device {device} is not used, for it computes wrongly: {difference}{}",
        verdicts.as_ref().map_or_else(String::new, |path| format!("; {} keeps this verdict: remove it to test again", path.display()))
    )]
    DeviceUntrusted {
        /// Name of the device.
        device: String,
        /// Where they differ.
        difference: String,
        /// The file that remembers it.
        verdicts: Option<PathBuf>,
    },
    /// The device answered with numbers that are none: the weights or the device are of no use.
    #[error("network on {device}: {output} of leaf {leaf} is {value}: it is stopped, for it decides nothing")]
    NotFinite {
        /// Name of the device.
        device: String,
        /// Row in the batch.
        leaf: usize,
        /// Which output.
        output: String,
        /// What was answered.
        value: f32,
    },
    /// More leaves than the evaluator takes at once.
    #[error("a batch of {leaves} leaves was given to {evaluator}, which takes 1 to {max_batch}")]
    BatchSize {
        /// Leaves given.
        leaves: usize,
        /// Largest batch accepted.
        max_batch: usize,
        /// Name of the evaluator.
        evaluator: String,
    },
    /// Rows of another length than the network's input.
    #[error("a batch with rows of {given} numbers was given to a network that reads {expected}")]
    RowLength {
        /// Numbers per row given.
        given: usize,
        /// Numbers per row expected.
        expected: usize,
    },
    /// Weights that do not belong to the network they were loaded into.
    #[error("weights do not fit: {reason}")]
    Weights {
        /// What differs.
        reason: String,
    },
    /// Two evaluators that should agree do not.
    #[error(
        "leaf {leaf}: {output} is {primary} on {primary_name} but {reference} on {reference_name} (relative tolerance {tolerance})"
    )]
    Disagreement {
        /// Row in the batch.
        leaf: usize,
        /// Which output.
        output: String,
        /// Value of the evaluator under test.
        primary: f32,
        /// Value of the evaluator it is checked against.
        reference: f32,
        /// Name of the evaluator under test.
        primary_name: String,
        /// Name of the evaluator it is checked against.
        reference_name: String,
        /// Largest relative difference accepted.
        tolerance: f32,
    },
    /// The network panicked.
    #[error("the network panicked while {doing}, please report it: {reason}")]
    Panicked {
        /// What it was doing.
        doing: &'static str,
        /// What the panic said.
        reason: String,
    },
    /// The thread that runs the network is gone.
    #[error("the network thread has stopped: {reason}")]
    ThreadStopped {
        /// Why.
        reason: String,
    },
    /// A file with weights could not be read or written.
    #[error(transparent)]
    File(#[from] CheckpointError),
}

/// An error of a checkpoint or weights file. Every message names the file and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a file of this program.
    #[error("{path}: not a {expected} file of bevy_proxops (it starts with {found})")]
    Foreign {
        /// File.
        path: PathBuf,
        /// Kind of file expected.
        expected: &'static str,
        /// First bytes, printable.
        found: String,
    },
    /// Written by another version.
    #[error("{path}: format version {found}, this program reads versions up to {expected}")]
    Version {
        /// File.
        path: PathBuf,
        /// Version found.
        found: u32,
        /// The newest version this program reads.
        expected: u32,
    },
    /// Shorter or longer than it says it is.
    #[error("{path}: {found} bytes of content where {expected} were written: the file is truncated or was appended to")]
    Length {
        /// File.
        path: PathBuf,
        /// Bytes expected.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The bytes are not those that were written.
    #[error("{path}: checksum {found:08x} where {expected:08x} was written: the file is damaged")]
    Checksum {
        /// File.
        path: PathBuf,
        /// CRC-32 written.
        expected: u32,
        /// CRC-32 of what is there.
        found: u32,
    },
    /// Sound bytes with a meaning that does not fit.
    #[error("{path}: {reason}")]
    Content {
        /// File.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The newest checkpoint is unusable, an earlier one is sound.
    #[error(
        "{damage}; the previous good checkpoint is generation {generation} in {directory}: resume from it with `--generation {generation}`"
    )]
    PreviousGood {
        /// What is wrong with the newest.
        damage: Box<CheckpointError>,
        /// Number of the sound one.
        generation: u64,
        /// The run's directory.
        directory: PathBuf,
    },
    /// A directory with other things in it.
    #[error(
        "{path}: this directory is not empty and not a run of bevy_proxops, so nothing is written to it: choose another one"
    )]
    ForeignDirectory {
        /// Directory.
        path: PathBuf,
    },
    /// Another process or app is at work in the run's directory.
    #[error("{path}: another process or app is at work in this run: wait for it, stop it, or choose another directory")]
    InUse {
        /// Directory.
        path: PathBuf,
    },
    /// No checkpoint at all.
    #[error("{path}: no checkpoint of bevy_proxops in this directory")]
    Empty {
        /// Directory.
        path: PathBuf,
    },
}

impl CheckpointError {
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn content(path: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self::Content { path: path.to_owned(), reason: reason.to_string() }
    }
}
