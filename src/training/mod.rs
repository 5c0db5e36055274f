//! Learning from self-play: samples, replay buffer, learner, history, the training run. Knows nothing of Bevy.

mod error;
mod flight;
mod learner;
mod learning_rate;
mod mirror;
mod replay;
mod samples;

pub use error::TrainingError;
pub use flight::{FlightConfig, FlightProgress, FlownEpisode, MissionSource, fly};
pub use learner::{Learn, Learner, LearnerConfig, StepLosses};
pub use learning_rate::CosineDecay;
pub use replay::ReplayBuffer;
pub use samples::{EpisodeRecorder, EpisodeSamples, Sample, StepSample};
