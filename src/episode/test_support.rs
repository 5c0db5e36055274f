//! Runs that are over in milliseconds.

use crate::episode::{EpisodeSettings, NetworkSettings};
use crate::mission::Scenario;
use crate::network::NetworkDevice;
use crate::search::{AlphaZeroConfig, PlannerKind, SearchConfig};

/// Five episodes of three steps on a grid of 8³ voxels, with few simulations and the shipped layers on the CPU.
pub fn small_settings(planner: PlannerKind, workers: usize) -> EpisodeSettings {
    let mut scenario = Scenario::reference();
    scenario.camera.pixels = 8;
    scenario.grid.cells_per_axis = 8;
    scenario.steps = 3;
    let alpha_zero = AlphaZeroConfig { simulations: 9, ..Default::default() };
    let search = SearchConfig { planner, alpha_zero, ..Default::default() };
    let network = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
    EpisodeSettings { episodes: 5, workers: Some(workers), network, ..EpisodeSettings::headless(scenario, search) }
}
