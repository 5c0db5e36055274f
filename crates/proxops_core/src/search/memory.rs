use crate::memory::product;
use crate::mission::Action;
use crate::orbit::RelativeState;
use crate::sensor::Observation;
use crate::voxel::{ImaginedShape, VoxelGrid};

use super::{AlphaZeroConfig, PlannerKind, SearchConfig, SearchMode, SearchTree};

impl SearchConfig {
    /// Most bytes of one decision of pure search, `steps` before the mission's end: its trees, and what its threads work on.
    pub fn decision_bytes(&self, grid: &VoxelGrid, steps: u32) -> u64 {
        let searches = !matches!(self.planner, PlannerKind::Passive | PlannerKind::Random);
        let simulations = if searches { self.simulations } else { 1 };
        decision_bytes(self.parallel.mode(), simulations, self.horizon.min(steps), grid)
    }
}

impl AlphaZeroConfig {
    /// Most bytes of one decision with a network, `steps` before the mission's end.
    pub fn decision_bytes(&self, grid: &VoxelGrid, steps: u32) -> u64 {
        decision_bytes(self.parallel.mode(), self.simulations, steps, grid)
    }
}

fn decision_bytes(mode: SearchMode, simulations: u32, depth_limit: u32, grid: &VoxelGrid) -> u64 {
    let (trees, cells) = (mode.trees(simulations) as usize, grid.len());
    let own = (simulations as usize).div_ceil(trees);
    let planted = SearchTree::<RelativeState>::bytes_for(own, depth_limit, Action::COUNT, cells);
    // Several trees are read as one, which has no beliefs.
    let merged = match trees {
        1 => 0,
        _ => SearchTree::<RelativeState>::bytes_for(simulations as usize, depth_limit, Action::COUNT, 0),
    };
    let threads = match mode {
        SearchMode::TreeParallel { threads, .. } => threads as usize,
        _ => trees,
    };
    let walker = ImaginedShape::memory_bytes(grid) + Observation::memory_bytes(grid) + cells;
    let leaves = product(&[mode.leaves_per_tree() as usize, cells]);
    planted.saturating_mul(trees as u64).saturating_add(merged + product(&[threads, walker]) + leaves)
}
