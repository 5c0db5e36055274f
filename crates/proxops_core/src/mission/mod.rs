//! The partially observable decision problem: scenario, state, actions, reward, one step, metrics. Knows nothing of
//! Bevy.
//!
//! A [`Scenario`] is what a person writes (RON files, degrees, metres); a [`Mission`] is the same turned into maths
//! once and shared by every episode. [`Mission::begin`] makes an episode's [`MissionState`] with its first image;
//! [`Mission::step`] burns, coasts, looks and updates the belief. Every random number comes from a [`StreamKey`], so
//! an episode is a function of its seed and number alone.

mod action;
mod embedded;
mod error;
mod field_path;
mod metrics;
mod problem;
mod random;
mod refusal;
mod refused_value;
mod reward;
mod scenario;
mod scenario_file;
mod state;
mod step;
mod validation;

pub use action::{Action, ActionSet};
pub use embedded::EMBEDDED_SCENARIOS;
pub use error::{FieldProblem, MissionError, ScenarioError};
pub use metrics::EpisodeMetrics;
pub use problem::Mission;
pub use random::{Purpose, Seed, StreamKey, StreamRng};
pub use refusal::StepRefusal;
pub use reward::RewardSettings;
pub use scenario::{CameraSettings, ChiefElements, GridSettings, Scenario, SensorSettings, StartState};
pub use state::MissionState;
pub use step::{Arrival, Transition};
