//! Small runs that take milliseconds.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_proxops::episode::{EpisodeSettings, EpisodeSnapshot, LatestSnapshot, Simulation, SimulationSnapshot};
use bevy_proxops::prelude::*;

/// Longest wait for another thread. Far beyond what is needed, so that only a hang fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A few small episodes at full speed: 8³ voxels, 16×16 pixels, 5 steps, 60 simulations.
pub fn small_settings(planner: PlannerKind) -> EpisodeSettings {
    let mut scenario = Scenario::reference();
    scenario.steps = 5;
    scenario.camera.pixels = 16;
    scenario.grid.cells_per_axis = 8;
    scenario.grid.voxel_size_m = 2.5;
    let search = SearchConfig { planner, simulations: 60, horizon: 3, ..Default::default() };
    EpisodeSettings { episodes: 4, workers: Some(1), ..EpisodeSettings::headless(scenario, search) }
}

/// The same run, started paused.
pub fn paused_settings(planner: PlannerKind) -> EpisodeSettings {
    EpisodeSettings { start_paused: true, ..small_settings(planner) }
}

/// Flies a run to its end.
pub fn fly(settings: EpisodeSettings) -> std::sync::Arc<SimulationSnapshot> {
    let mut simulation = Simulation::new(settings).expect("valid settings");
    simulation.run_to_end();
    simulation.snapshot()
}

/// Everything an episode's results consist of, to the bit.
pub fn bits(episode: &EpisodeSnapshot) -> String {
    let floats = [episode.entropy_nats, episode.dv_spent_m_s, episode.range_m].map(f64::to_bits);
    let visits = episode.search.as_ref().map(|search| (search.visits, search.q.map(f32::to_bits)));
    format!(
        "{} {} {floats:?} {visits:?} {:?} {:?} {:?}",
        episode.number, episode.step, episode.probability_u8, episode.states, episode.transitions
    )
}

/// An app without renderer or window.
pub fn minimal_app(settings: EpisodeSettings) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, EpisodePlugin::new(settings)));
    app
}

/// Updates the app until the latest snapshot is as wanted.
pub fn update_until(app: &mut App, wanted: impl Fn(&SimulationSnapshot) -> bool) {
    let start = Instant::now();
    while !wanted(&app.world().resource::<LatestSnapshot>().0) {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain");
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The value of a parameter by its path.
pub fn parameter(path: &str) -> ParameterId {
    ParameterId::find(path).expect("a path of the table")
}
