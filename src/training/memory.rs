//! How much memory flights and training runs ask for.

use crate::memory::{MemoryEstimate, product};
use crate::mission::{Mission, Scenario, Transition};
use crate::network::PolicyValueNetConfig;
use crate::sensor::{Observation, SensorModel};
use crate::voxel::{Belief, CompactCode};

use super::config::TrainingConfig;
use super::samples::{EpisodeRecorder, EpisodeSamples};
use super::self_play::FlightConfig;

/// Copies of a network's weights that a run holds at most: learner, its gradient and the optimiser's two moments, the step
/// under way, the evaluator, the best network and the one that a checkpoint is being written of.
const WEIGHTS_OF_A_RUN: usize = 10;
/// Copies that an evaluator and its owner hold.
const WEIGHTS_OF_AN_EVALUATOR: usize = 3;
/// Vectors that grow as they are filled have room for up to twice what they hold.
const GROWTH: usize = 2;

/// Limit of the code in which a scenario's beliefs are kept; the widest for a sensor that the scenario's own check refuses.
fn code_limit(scenario: &Scenario) -> i16 {
    let sensor = SensorModel::new(scenario.sensor.p_hit_occupied, scenario.sensor.p_hit_empty);
    sensor.map_or(i16::MAX, |sensor| CompactCode::limit_for(sensor.llr_pass()))
}

impl FlightConfig {
    /// What flying `episodes` of a scenario with a network asks for, until they have landed.
    pub fn memory_estimate(
        &self,
        network: &PolicyValueNetConfig,
        scenario: &Scenario,
        episodes: usize,
    ) -> MemoryEstimate {
        let mut estimate = MemoryEstimate::default();
        // A grid that cannot be is refused by the scenario's own check.
        let Ok(grid) = scenario.grid.voxel_grid() else { return estimate };
        let (parallel, steps) = (self.parallel.min(episodes), scenario.steps as usize);

        let decision = product(&[parallel]).saturating_mul(self.search.decision_bytes(&grid, scenario.steps));
        let trees = format!("{parallel} search trees of {} nodes and {} voxels", self.search.simulations, grid.len());
        estimate.add(trees, decision, "search.simulations, parallel or grid.cells_per_axis");

        let mission = Mission::memory_bytes(&grid) + Belief::memory_bytes(&grid);
        let images = product(&[rayon::current_num_threads(), Observation::memory_bytes(&grid)]);
        let recorded = GROWTH * EpisodeRecorder::step_bytes(grid.len()) + size_of::<Transition>();
        estimate.add(
            format!("{parallel} episodes in flight"),
            product(&[parallel, mission]).saturating_add(product(&[parallel, steps, recorded])).saturating_add(images),
            "parallel, steps or grid.cells_per_axis",
        );

        let landed = EpisodeSamples::step_bytes(grid.len(), code_limit(scenario)) + size_of::<Transition>();
        estimate.add(
            format!("{episodes} flown episodes"),
            product(&[episodes, steps, landed]),
            "episodes, steps or grid.cells_per_axis",
        );

        let leaves = parallel.saturating_mul(self.search.parallel.mode().leaves_in_flight());
        estimate.add(
            "the network and its batches",
            network.evaluation_bytes(WEIGHTS_OF_AN_EVALUATOR, leaves),
            "parallel or network",
        );
        estimate
    }
}

impl TrainingConfig {
    /// What a run asks for: the larger of self-play and evaluation, the replay buffer, and learning.
    pub fn memory_estimate(&self) -> MemoryEstimate {
        let flight = self.flight(Default::default());
        let flown = |episodes: u32| flight.memory_estimate(&self.network, &self.scenario, episodes as usize);
        let (playing, judging) = (flown(self.episodes_per_cycle), flown(self.evaluation_pairs));
        let mut estimate = if judging.total_bytes() > playing.total_bytes() { judging } else { playing };
        let Ok(grid) = self.scenario.grid.voxel_grid() else { return estimate };
        estimate.add(
            format!("{} transitions to learn from", self.replay_transitions),
            product(&[self.replay_transitions, EpisodeSamples::step_bytes(grid.len(), code_limit(&self.scenario))]),
            "replay_transitions or grid.cells_per_axis",
        );
        estimate.add(
            format!("learning from {} transitions at a time", self.learner.batch_size),
            self.network.learning_bytes(WEIGHTS_OF_A_RUN, self.learner.batch_size),
            "learner.batch_size or network",
        );
        estimate
    }
}
