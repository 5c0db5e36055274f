//! What a training run is made of.

use serde::{Deserialize, Serialize};

use crate::mission::{Scenario, Seed};
use crate::network::PolicyValueNetConfig;
use crate::search::{AlphaZeroConfig, Exploration};

use super::error::TrainingError;
use super::learner::LearnerConfig;
use super::randomisation::RandomisationConfig;
use super::self_play::FlightConfig;

/// Everything that a run is made of. Two runs with equal configurations on the CPU have equal bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Seed of weights, missions, noise and batches. Default 1.
    pub seed: Seed,
    /// What is flown, before randomisation. Default: the reference scenario.
    pub scenario: Scenario,
    /// What differs from episode to episode.
    pub randomisation: RandomisationConfig,
    /// Layers of the network.
    pub network: PolicyValueNetConfig,
    /// How every decision is searched.
    pub search: AlphaZeroConfig,
    /// How the network is fitted.
    pub learner: LearnerConfig,
    /// Transitions that the replay buffer holds. 1 to 10,000,000; default 20,000.
    pub replay_transitions: usize,
    /// Episodes of self-play a cycle. 1 to 100,000; default 64.
    pub episodes_per_cycle: u32,
    /// Learning steps a cycle. At most 1,000,000; default 100.
    pub learning_steps_per_cycle: u64,
    /// Episodes at a time. 1 to 4096; default 64.
    pub parallel: usize,
    /// Cohorts that they are dealt out to. 1 to 64; default 2.
    pub cohorts: usize,
    /// λ of the value targets: 1 is the plain return, less trusts the search's values more. 0 to 1; default 1.
    pub lambda: f64,
    /// Cycles between evaluations; 0 for none. Default 4.
    pub evaluate_every: u32,
    /// Pairs of episodes of an evaluation. 2 to 10,000; default 32.
    pub evaluation_pairs: u32,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            seed: Seed(1),
            scenario: Scenario::reference(),
            randomisation: RandomisationConfig::default(),
            network: PolicyValueNetConfig::compact(),
            search: AlphaZeroConfig::default(),
            learner: LearnerConfig::default(),
            replay_transitions: 20_000,
            episodes_per_cycle: 64,
            learning_steps_per_cycle: 100,
            parallel: 64,
            cohorts: 2,
            lambda: 1.0,
            evaluate_every: 4,
            evaluation_pairs: 32,
        }
    }
}

impl TrainingConfig {
    /// How its episodes are flown.
    pub fn flight(&self, exploration: Exploration) -> FlightConfig {
        FlightConfig {
            seed: self.seed,
            search: self.search.clone(),
            exploration,
            parallel: self.parallel,
            cohorts: self.cohorts,
            lambda: self.lambda,
        }
    }

    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first field out of range, named.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let within = |value: u64, low: u64, high: u64| (low..=high).contains(&value);
        let counts = [
            ("replay_transitions", self.replay_transitions as u64, 1, 10_000_000, "1 to 10000000"),
            ("episodes_per_cycle", u64::from(self.episodes_per_cycle), 1, 100_000, "1 to 100000"),
            ("learning_steps_per_cycle", self.learning_steps_per_cycle, 0, 1_000_000, "0 to 1000000"),
            ("evaluation_pairs", u64::from(self.evaluation_pairs), 2, 10_000, "2 to 10000"),
        ];
        let counts = counts
            .map(|(field, value, low, high, accepted)| (field, within(value, low, high), value.to_string(), accepted));
        if let Some((field, _, value, accepted)) = counts.into_iter().find(|(_, accepted, ..)| !accepted) {
            return Err(TrainingError::Config { field, value, accepted });
        }
        self.flight(Exploration::Off).validate()?;
        self.learner.validate()?;
        self.randomisation.validate()?;
        self.scenario.validate().map_err(|error| TrainingError::SelfPlay(error.to_string()))?;
        Ok(self.network.validate()?)
    }
}
