//! Learning from self-play: samples, replay buffer, learner, history, the training run. Knows nothing of Bevy.

#[cfg(test)]
mod bandit;
mod config;
mod error;
mod game;
mod history;
mod learner;
mod learning_rate;
mod memory;
mod mirror;
mod progress;
mod randomisation;
mod replay;
mod run;
mod samples;
mod self_play;
mod statistics;

pub use config::TrainingConfig;
pub use error::TrainingError;
pub use history::{CycleEntry, DivergenceEntry, EvaluationEntry, FailedEpisodes, History, HistoryEntry};
pub use learner::{Learn, Learner, LearnerConfig, StepLosses};
pub use learning_rate::CosineDecay;
pub use progress::TrainingProgress;
pub use randomisation::{RandomisationConfig, RandomisedMissions, Shapes};
pub use replay::ReplayBuffer;
pub use run::{CycleReport, TrainingRun};
pub use samples::{EpisodeRecorder, EpisodeSamples, RootSample, Sample, StepSample};
pub use self_play::{
    FailedEpisode, FlightConfig, FlightProgress, FlightResults, FlownEpisode, MissionSource, fly, fly_until,
};
pub use statistics::mean_and_interval;
