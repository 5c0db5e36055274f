//! How much memory the episodes of a run ask for.

use crate::episode::network::{Demand, planning_layers};
use crate::episode::settings::EpisodeSettings;
use crate::episode::snapshot::{EpisodeSnapshot, StateSample};
use crate::flight::worker_count;
use crate::memory::{MemoryEstimate, MemoryLimit, product};
use crate::mission::{Mission, Transition};
use crate::sensor::Observation;
use crate::training::EpisodeRecorder;
use crate::voxel::{Belief, VoxelGrid};

/// A history grows as it is flown, with room for up to twice what it holds, and a snapshot that is out may hold the one of
/// the step before.
const COPIES_OF_A_HISTORY: usize = 3;
/// The picture that is being made, the one of the simulation and the one that the app shows.
const COPIES_OF_A_PICTURE: usize = 3;
/// Copies of the weights: settings, planner, evaluator and its twin.
const COPIES_OF_WEIGHTS: usize = 4;
/// Missions alive at the same time: the next episodes', and one that changed parameters have replaced.
const MISSIONS: usize = 3;

impl EpisodeSettings {
    /// What a run with these settings asks for. A training run beside it is apart:
    /// [`TrainingConfig::memory_estimate`](crate::training::TrainingConfig::memory_estimate).
    pub fn memory_estimate(&self) -> MemoryEstimate {
        let mut estimate = MemoryEstimate::default();
        // A grid that cannot be is refused by the scenario's own check.
        let Ok(grid) = self.scenario.grid.voxel_grid() else { return estimate };
        self.add_trees(&grid, &mut estimate);

        let episode = Belief::memory_bytes(&grid) + COPIES_OF_A_PICTURE * (grid.len() + size_of::<EpisodeSnapshot>());
        let beliefs = product(&[self.episodes as usize, episode])
            .saturating_add(product(&[MISSIONS, Mission::memory_bytes(&grid)]))
            .saturating_add(product(&[worker_count(self.workers), Observation::memory_bytes(&grid)]));
        estimate.add(format!("{} beliefs and pictures", self.episodes), beliefs, "episodes or grid.cells_per_axis");

        let step = size_of::<Transition>() + size_of::<StateSample>() + size_of::<f32>();
        let histories = product(&[COPIES_OF_A_HISTORY, self.episodes as usize, self.scenario.steps as usize, step]);
        let what = format!("{} histories of {} steps", self.episodes, self.scenario.steps);
        estimate.add(what, histories, "steps or episodes");

        if self.record_for_training {
            let decisions = product(&[self.episodes as usize, self.scenario.steps as usize]);
            let bytes = decisions.saturating_mul(2 * EpisodeRecorder::step_bytes(grid.len()) as u64);
            estimate.add(format!("records of {} episodes for training", self.episodes), bytes, "steps or episodes");
        }
        if self.search.planner.needs_network() {
            let layers = planning_layers(&self.network, self.scenario.grid.cells_per_axis);
            let leaves = self.search.parallel.mode().leaves_in_flight();
            let demand = Demand { episodes: self.episodes as usize, leaves };
            let batches = layers.evaluation_bytes(COPIES_OF_WEIGHTS, demand.all_leaves());
            estimate.add("the network and its batches", batches, "episodes, search.parallel.leaves or the network");
        }
        estimate
    }

    /// Trees of all decisions that are under way at the same time.
    fn add_trees(&self, grid: &VoxelGrid, estimate: &mut MemoryEstimate) {
        let (trees, nodes) = (self.trees_at_a_time(), self.nodes_of_a_decision());
        let bytes = product(&[trees]).saturating_mul(self.decision_bytes(grid));
        let what = format!("{trees} search trees of {nodes} nodes and {} voxels", grid.len());
        let settings = match self.search.planner.needs_network() {
            true => "search.alpha_zero.simulations, episodes or grid.cells_per_axis",
            false => "search.simulations, search.horizon, workers or grid.cells_per_axis",
        };
        estimate.add(what, bytes, settings);
    }

    /// With a network every episode searches at the same time; otherwise no more than there are workers.
    pub(super) fn trees_at_a_time(&self) -> usize {
        let episodes = self.episodes as usize;
        if self.search.planner.needs_network() { episodes } else { episodes.min(worker_count(self.workers)) }
    }

    /// Most bytes of one decision.
    pub(super) fn decision_bytes(&self, grid: &VoxelGrid) -> u64 {
        let steps = self.scenario.steps;
        match self.search.planner.needs_network() {
            true => self.search.with_network().decision_bytes(grid, steps),
            false => self.search.decision_bytes(grid, steps),
        }
    }

    fn nodes_of_a_decision(&self) -> u32 {
        match self.search.planner.needs_network() {
            true => self.search.with_network().simulations,
            false => self.search.simulations,
        }
    }

    /// The most that this run may ask for.
    pub fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::of_this_machine(self.memory_share)
    }
}
