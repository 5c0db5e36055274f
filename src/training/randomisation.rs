//! Missions to learn on and missions to be judged by.

use std::sync::Arc;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::mission::{Mission, Purpose, Scenario, Seed, StreamKey};
use crate::network::TrainedRanges;
use crate::shape::TargetShape;

use super::error::TrainingError;
use super::self_play::MissionSource;

/// Which satellites of the generated family are flown around. They never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shapes {
    /// Those with even numbers.
    Training,
    /// Those with odd numbers: what was learnt has to carry over to them.
    HeldOut,
}

/// What differs from episode to episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomisationConfig {
    /// Whether every episode has another generated satellite; otherwise all have the scenario's target. Default true.
    pub shapes: bool,
    /// The scenario's start is scaled by a factor between these two. Default 0.75 to 1.5.
    pub start_scale: [f64; 2],
    /// The scenario's prior is scaled by a factor between these two, and kept within 0.01 to 0.5. Default 0.5 to 2.
    pub prior_scale: [f64; 2],
}

impl Default for RandomisationConfig {
    fn default() -> Self {
        Self { shapes: true, start_scale: [0.75, 1.5], prior_scale: [0.5, 2.0] }
    }
}

impl RandomisationConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`TrainingError::Config`] naming the first field out of range.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let accepted = "two numbers from 0.01 to 100, the smaller one first";
        for (field, [low, high]) in [("start_scale", self.start_scale), ("prior_scale", self.prior_scale)] {
            let ordered = 0.01 <= low && low <= high && high <= 100.0;
            if !ordered {
                return Err(TrainingError::Config { field, value: format!("[{low}, {high}]"), accepted });
            }
        }
        Ok(())
    }

    /// A scenario whose start and prior are scaled by these factors.
    fn scaled(&self, scenario: &Scenario, start: f64, prior: f64) -> Scenario {
        let mut scenario = scenario.clone();
        scenario.start.a_roe_m = scenario.start.a_roe_m.map(|metres| metres * start);
        scenario.grid.prior = (scenario.grid.prior * prior).clamp(0.01, 0.5);
        scenario
    }

    /// The ranges of all missions made from `scenario`: what a network that flies them is trained on.
    pub fn trained_ranges(&self, scenario: &Scenario) -> TrainedRanges {
        let [least, largest] = [0, 1].map(|end| self.scaled(scenario, self.start_scale[end], self.prior_scale[end]));
        TrainedRanges::of(&least).with(&largest)
    }
}

/// Missions made from one scenario, each episode's fixed by the seed and its number.
#[derive(Clone, Debug)]
pub struct RandomisedMissions {
    scenario: Scenario,
    config: RandomisationConfig,
    seed: Seed,
    shapes: Shapes,
}

impl RandomisedMissions {
    /// Variations of `scenario`.
    pub fn new(scenario: Scenario, config: RandomisationConfig, seed: Seed, shapes: Shapes) -> Self {
        Self { scenario, config, seed, shapes }
    }

    /// The scenario of one episode.
    pub fn scenario(&self, episode: u32) -> Scenario {
        // Step 1, simulation 2: neither the initial weights' stream (0, 0) nor a learning step's (·, 1).
        let key = StreamKey { seed: self.seed, episode, step: 1, simulation: 2, purpose: Purpose::Training };
        let mut rng = key.rng();
        let mut between = |[low, high]: [f64; 2]| low + (high - low) * rng.random::<f64>();
        let (start, prior) = (between(self.config.start_scale), between(self.config.prior_scale));
        let mut scenario = self.config.scaled(&self.scenario, start, prior);
        if self.config.shapes {
            let pair = rng.random_range(0..u64::from(u32::MAX));
            scenario.target = TargetShape::Generated { number: 2 * pair + u64::from(self.shapes == Shapes::HeldOut) };
        }
        scenario
    }
}

impl MissionSource for RandomisedMissions {
    fn mission(&self, episode: u32) -> Result<Arc<Mission>, TrainingError> {
        let mission = Mission::new(self.scenario(episode), None);
        mission.map(Arc::new).map_err(|error| TrainingError::SelfPlay(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::NetworkWeights;

    fn missions(shapes: Shapes) -> RandomisedMissions {
        RandomisedMissions::new(Scenario::reference(), RandomisationConfig::default(), Seed(1), shapes)
    }

    #[test]
    fn training_and_held_out_shapes_never_meet() {
        let number = |shapes, episode| match missions(shapes).scenario(episode).target {
            TargetShape::Generated { number } => number,
            other => panic!("{other} is not generated"),
        };
        assert!((0..50).all(|episode| number(Shapes::Training, episode) % 2 == 0));
        assert!((0..50).all(|episode| number(Shapes::HeldOut, episode) % 2 == 1));
    }

    #[test]
    fn an_episodes_mission_is_its_own_and_stays_within_range() {
        let missions = missions(Shapes::Training);
        assert_eq!(missions.scenario(3), missions.scenario(3));
        assert_ne!(missions.scenario(3), missions.scenario(4));
        for episode in 0..50 {
            let scenario = missions.scenario(episode);
            scenario.validate().unwrap();
            assert!((150.0..=300.0).contains(&scenario.start.a_roe_m[1]), "{:?}", scenario.start);
            assert!((0.25..=0.5).contains(&scenario.grid.prior));
        }
    }

    #[test]
    fn every_mission_lies_within_the_trained_ranges_and_their_ends_are_reached() {
        let scenario = Scenario::embedded("standoff_200m").unwrap();
        let config = RandomisationConfig::default();
        let ranges = config.trained_ranges(&scenario);
        for shapes in [Shapes::Training, Shapes::HeldOut] {
            let missions = RandomisedMissions::new(scenario.clone(), config.clone(), Seed(1), shapes);
            assert!((0..200).all(|episode| ranges.outside(&missions.scenario(episode)).is_empty()));
        }
        assert!(ranges.outside(&scenario).is_empty());
        let mut far = scenario;
        far.start.a_roe_m[1] *= 1.5;
        assert!(ranges.outside(&far).is_empty());
        far.start.a_roe_m[1] += 1.0;
        assert_eq!(ranges.outside(&far)[0].trained, "140 to 310");
    }

    #[test]
    fn the_shipped_network_says_what_it_was_trained_on() {
        let scenario = Scenario::embedded("standoff_200m").unwrap();
        let ranges = RandomisationConfig::default().trained_ranges(&scenario);
        assert_eq!(NetworkWeights::shipped().unwrap().trained_ranges(), Some(&ranges));
    }

    #[test]
    fn ranges_upside_down_are_named() {
        let wrong = RandomisationConfig { prior_scale: [2.0, 1.0], ..Default::default() };
        assert!(wrong.validate().unwrap_err().to_string().contains("training.prior_scale: [2, 1]"));
    }
}
