//! A scenario and a shape of one's own, from code: a ring of trusses, looked at from a hold behind it, flown without an app.

use bevy_proxops::prelude::*;
use bevy_proxops::shape::TargetShape;

fn main() -> Result<(), EpisodeError> {
    let grid = VoxelGrid::default();
    let mut scenario = Scenario {
        name: "ring".to_owned(),
        description: "a ring, seen from behind".to_owned(),
        steps: 10,
        step_s: 60.0,
        target: TargetShape::from_fn("ring", &grid, |centre_m| {
            let from_axis_m = centre_m.x.hypot(centre_m.z);
            centre_m.y.abs() < 1.0 && (5.0..8.0).contains(&from_axis_m)
        }),
        ..Scenario::reference()
    };
    // Relative orbital elements times a: 150 m behind, swinging 40 m across the track.
    scenario.start.a_roe_m = [0.0, -150.0, 0.0, 0.0, 40.0, 0.0];
    scenario.camera.fov_deg = 12.0;

    let search = SearchConfig { planner: PlannerKind::Mcts, simulations: 200, ..Default::default() };
    let mut simulation =
        Simulation::new(EpisodeSettings { episodes: 2, ..EpisodeSettings::headless(scenario, search) })?;
    simulation.run_to_end();
    for episode in &simulation.snapshot().episodes {
        let metrics = &episode.metrics;
        println!(
            "episode {}: {:.0} % of its surface found, {:.2} m/s spent, never nearer than {:.0} m",
            episode.number,
            100.0 * metrics.surface_recall,
            metrics.dv_spent_m_s,
            metrics.closest_approach_m
        );
    }
    Ok(())
}
