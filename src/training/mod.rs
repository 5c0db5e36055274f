//! Learning from self-play: samples, replay buffer, learner, history, the training run. Knows nothing of Bevy.

#[cfg(test)]
mod bandit;
mod error;
mod flight;
mod history;
mod learner;
mod learning_rate;
mod mirror;
mod randomisation;
mod replay;
mod run;
mod samples;

pub use error::TrainingError;
pub use flight::{FlightConfig, FlightProgress, FlownEpisode, MissionSource, fly};
pub use history::{CycleEntry, EvaluationEntry, History, HistoryEntry};
pub use learner::{Learn, Learner, LearnerConfig, StepLosses};
pub use learning_rate::CosineDecay;
pub use randomisation::{RandomisationConfig, RandomisedMissions, Shapes};
pub use replay::ReplayBuffer;
pub use run::{TrainingConfig, TrainingProgress, TrainingRun, mean_and_interval};
pub use samples::{EpisodeRecorder, EpisodeSamples, Sample, StepSample};
