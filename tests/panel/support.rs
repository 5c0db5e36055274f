//! A real run's snapshot and a panel on a test bench.

use std::sync::{Arc, OnceLock};

use bevy_egui::egui::{Pos2, Rect, Shape, Ui, Vec2};
use bevy_proxops::episode::{
    EpisodeSettings, EpisodeSnapshot, NetworkLoad, NetworkSnapshot, SimCommand, Simulation, SimulationSnapshot, Speed,
    TrainingSnapshot, TrainingStatus,
};
use bevy_proxops::search::{PlannerKind, SearchConfig};
use bevy_proxops::training::{CycleEntry, EvaluationEntry, StepLosses};
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

/// The same run with other settings.
pub fn with_settings(change: impl FnOnce(&mut EpisodeSettings)) -> SimulationSnapshot {
    let mut snapshot = snapshot();
    change(Arc::make_mut(&mut snapshot.settings));
    snapshot
}

/// The same run, but planned by a network that is being trained: three cycles and two evaluations old.
pub fn with_learning() -> SimulationSnapshot {
    let mut snapshot = with_settings(|settings| settings.search.planner = PlannerKind::AlphaZero);
    snapshot.diagnostics.network =
        NetworkLoad { evaluations_per_s: 1840.0, batches_per_s: 29.0, fill: 0.93, busy: 0.71, ..Default::default() };
    snapshot.network = Some(Arc::new(NetworkSnapshot {
        device: "CPU (flex)".to_owned(),
        reason: "the only Vulkan adapter is software".to_owned(),
        architecture: "compact, 314 thousand parameters".to_owned(),
        is_trained: true,
        source: "the crate".to_owned(),
        warm_up: (7, 7),
        batch_sizes: vec![(1, 2), (8, 10), (32, 300), (64, 41)],
    }));
    let cycle = |cycle: u32, policy_loss| CycleEntry {
        cycle,
        mean_reward: 0.5 + 0.04 * f64::from(cycle),
        losses: StepLosses {
            policy_loss,
            target_entropy: 1.5,
            value_loss: 0.011,
            value_variance: 0.05,
            ..Default::default()
        },
        ..Default::default()
    };
    let evaluation = |cycle, mean_difference| EvaluationEntry {
        cycle,
        pairs: 8,
        mean_difference,
        interval_95: 0.012,
        promoted: mean_difference > 0.0,
        ..Default::default()
    };
    snapshot.training = Some(Arc::new(TrainingSnapshot {
        status: TrainingStatus::Running,
        directory: "out/training".into(),
        cycle: 3,
        doing: "self-play: 12/32 episodes".to_owned(),
        done: 0.375,
        cycles: vec![cycle(1, 2.4), cycle(2, 2.1), cycle(3, 1.9)],
        evaluations: vec![evaluation(1, -0.01), evaluation(3, 0.02)],
    }));
    snapshot
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

/// Every text that was painted in the last frame where it can be seen, and its place.
pub fn painted_texts<S>(harness: &Harness<'_, S>) -> Vec<(String, Rect)> {
    let mut texts = Vec::new();
    for clipped in &harness.output().shapes {
        visit(&clipped.shape, &mut |shape| {
            if let Shape::Text(text) = shape
                && clipped.clip_rect.contains_rect(text.visual_bounding_rect())
            {
                texts.push((text.galley.text().to_owned(), text.visual_bounding_rect()));
            }
        });
    }
    texts
}

/// Every filled rectangle that was painted in the last frame.
pub fn painted_rects<S>(harness: &Harness<'_, S>) -> Vec<Rect> {
    let mut rects = Vec::new();
    for clipped in &harness.output().shapes {
        visit(&clipped.shape, &mut |shape| {
            if let Shape::Rect(rect) = shape {
                rects.push(rect.rect);
            }
        });
    }
    rects
}

fn visit(shape: &Shape, look: &mut impl FnMut(&Shape)) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| visit(shape, look)),
        shape => look(shape),
    }
}

/// The run with its episode in focus changed.
pub fn with_focused(change: impl FnOnce(&mut EpisodeSnapshot)) -> SimulationSnapshot {
    let mut snapshot = snapshot();
    let mut episode = EpisodeSnapshot::clone(snapshot.focused().expect("three episodes fly"));
    change(&mut episode);
    snapshot.focus = episode.number;
    snapshot.episodes[0] = Arc::new(episode);
    snapshot
}

/// Rests the pointer at a point until a tooltip would have opened.
pub fn rest_at<S>(harness: &mut Harness<'_, S>, at: Pos2) {
    harness.hover_at(at);
    harness.run_steps(6);
}
