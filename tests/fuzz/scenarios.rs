//! Scenario files, flown for a few steps.

use bevy_proxops::episode::{EpisodeSettings, Simulation};
use bevy_proxops::mission::Scenario;
use bevy_proxops::search::{PlannerKind, SearchConfig};

use crate::harness::{fuzz, shipped};

/// Steps flown of what is accepted.
const STEPS: u32 = 5;
/// Most ticks until then: each decides at least once for every episode that is not over.
const MOST_TICKS: u32 = 1000;

#[test]
fn a_scenario_is_flown_or_refused() {
    let names = ["reference", "drifting", "short_episode", "small_ellipse", "unseen_satellite"];
    let mut seeds = names.map(|name| shipped(&format!("crates/proxops_core/assets/scenarios/{name}.ron"))).to_vec();
    seeds.push(
        b"(name: \"small\", steps: 6, camera: (pixels: 8), grid: (cells_per_axis: 8, voxel_size_m: 2.5))".to_vec(),
    );
    fuzz("scenario", &seeds, 100, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        match Scenario::from_ron_str(text, "some.ron") {
            Ok(scenario) => fly(scenario),
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains("some.ron") && !said.contains('\n'), "not one line that names the file: {said}");
            }
        }
    });
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
