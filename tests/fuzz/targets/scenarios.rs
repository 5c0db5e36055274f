//! Scenario files, flown for a few steps.

use bevy_proxops::episode::{EpisodeSettings, Simulation};
use bevy_proxops::mission::Scenario;
use bevy_proxops::search::{PlannerKind, SearchConfig};

use super::Target;

/// Steps flown of what is accepted.
const STEPS: u32 = 5;
/// Most ticks until then: each decides at least once for every episode that is not over.
const MOST_TICKS: u32 = 1000;

/// A scenario file: it is flown, or the message is one line that names the file.
pub fn scenario() -> Target {
    let seeds = [
        include_str!("../../../crates/proxops_core/assets/scenarios/reference.ron"),
        include_str!("../../../crates/proxops_core/assets/scenarios/drifting.ron"),
        include_str!("../../../crates/proxops_core/assets/scenarios/short_episode.ron"),
        include_str!("../../../crates/proxops_core/assets/scenarios/small_ellipse.ron"),
        include_str!("../../../crates/proxops_core/assets/scenarios/unseen_satellite.ron"),
        "(name: \"small\", steps: 6, camera: (pixels: 8), grid: (cells_per_axis: 8, voxel_size_m: 2.5))",
    ];
    Target { seeds: seeds.map(|text| text.as_bytes().to_vec()).to_vec(), check: Box::new(flown_or_refused) }
}

fn flown_or_refused(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Scenario::from_ron_str(text, "some.ron") {
        Ok(scenario) => fly(scenario),
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("some.ron") && !said.contains('\n'), "not one line that names the file: {said}");
        }
    }
}

fn fly(scenario: Scenario) {
    for planner in [PlannerKind::Random, PlannerKind::Mcts] {
        let search = SearchConfig { planner, simulations: 3, horizon: 2, ..SearchConfig::default() };
        let settings =
            EpisodeSettings { episodes: 1, workers: Some(1), ..EpisodeSettings::headless(scenario.clone(), search) };
        let Ok(mut simulation) = Simulation::new(settings) else { return };
        for _ in 0..MOST_TICKS {
            let snapshot = simulation.snapshot();
            if snapshot.episodes.iter().all(|episode| episode.step >= STEPS || episode.status.is_over()) {
                let began = !snapshot.episodes.is_empty();
                if began {
                    break;
                }
            }
            simulation.tick();
        }
        for episode in &simulation.snapshot().episodes {
            assert!(episode.entropy_nats.is_finite() && episode.dv_spent_m_s.is_finite(), "figures are finite");
            assert!(episode.step >= STEPS || episode.status.is_over(), "{} steps in {MOST_TICKS} ticks", episode.step);
        }
    }
}
