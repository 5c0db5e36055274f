//! A real run's snapshot and a panel on a test bench.

use std::sync::{Arc, OnceLock};

use bevy_egui::egui::{Pos2, Ui, Vec2};
use bevy_proxops::episode::{EpisodeSettings, SimCommand, Simulation, SimulationSnapshot, Speed};
use bevy_proxops::search::SearchConfig;
use egui_kittest::Harness;

/// Enough for egui to settle after one event: the event's frame, the frame of its consequence and one to spare.
pub const FRAMES_TO_SETTLE: usize = 3;

/// A run of three episodes, two steps old, planned by a short tree search.
pub fn snapshot() -> SimulationSnapshot {
    static SNAPSHOT: OnceLock<Arc<SimulationSnapshot>> = OnceLock::new();
    let shared = SNAPSHOT.get_or_init(|| {
        let settings = EpisodeSettings {
            search: SearchConfig { simulations: 40, horizon: 2, ..SearchConfig::default() },
            episodes: 3,
            speed: Speed::Max,
            workers: Some(1),
            ..EpisodeSettings::default()
        };
        let mut simulation = Simulation::new(settings).expect("the reference scenario can be flown");
        while simulation.snapshot().episodes.iter().map(|episode| episode.step).min().unwrap_or(0) < 2 {
            simulation.tick();
        }
        simulation.snapshot()
    });
    SimulationSnapshot::clone(shared)
}

/// A panel's snapshot and state, and every command it has returned.
pub struct Bench<S> {
    pub snapshot: SimulationSnapshot,
    pub state: S,
    pub commands: Vec<SimCommand>,
}

/// Puts a panel function on a bench of the given size.
pub fn bench<'a, S: 'a>(
    size: Vec2,
    snapshot: SimulationSnapshot,
    state: S,
    panel: impl Fn(&mut Ui, &SimulationSnapshot, &mut S) -> Vec<SimCommand> + 'a,
) -> Harness<'a, Bench<S>> {
    let bench = Bench { snapshot, state, commands: Vec::new() };
    let mut harness = Harness::builder().with_size(size).build_ui_state(
        move |ui, bench: &mut Bench<S>| {
            let commands = panel(ui, &bench.snapshot, &mut bench.state);
            bench.commands.extend(commands);
        },
        bench,
    );
    harness.run_steps(FRAMES_TO_SETTLE);
    harness
}

/// Presses at one point, moves to another over several frames and lets go there.
pub fn drag<S>(harness: &mut Harness<'_, S>, from: Pos2, to: Pos2) {
    const FRAMES: usize = 6;
    harness.drag_at(from);
    harness.run_steps(1);
    for frame in 1..=FRAMES {
        harness.hover_at(from.lerp(to, frame as f32 / FRAMES as f32));
        harness.run_steps(1);
    }
    harness.drop_at(to);
    harness.run_steps(FRAMES_TO_SETTLE);
}
