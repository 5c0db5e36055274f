//! What is estimated before a run against what it allocates, and what is refused.

use bevy_proxops::episode::{EpisodeSettings, NoticeSeverity, Simulation};
use bevy_proxops::memory::MemoryLimit;
use bevy_proxops::mission::Scenario;
use bevy_proxops::network::{NetworkDevice, OrbitFeatures};
use bevy_proxops::prelude::*;
use bevy_proxops::search::{AlphaZeroConfig, SearchConfig, SearchTree, decide};
use bevy_proxops::sensor::{Observation, RayCaster};
use bevy_proxops::training::{EpisodeRecorder, EpisodeSamples, ReplayBuffer, TrainingConfig, TrainingRun};

use crate::memory::most_bytes_allocated;

/// An estimate and what is allocated are at most so many times apart, either way. Where a buffer grows, the counting
/// allocator sees the old and the new one together.
const FACTOR: f64 = 2.0;

fn agree(what: &str, estimated: u64, allocated: usize) {
    let ratio = estimated as f64 / allocated as f64;
    println!("{what}: {:.2} MB estimated, {:.2} MB allocated", estimated as f64 / 1e6, allocated as f64 / 1e6);
    assert!((1.0 / FACTOR..=FACTOR).contains(&ratio), "{what}: {estimated} bytes estimated, {allocated} allocated");
}

fn scenario(cells_per_axis: u32, steps: u32) -> Scenario {
    let mut scenario = Scenario::reference();
    scenario.camera.pixels = 8;
    scenario.grid.cells_per_axis = cells_per_axis;
    scenario.grid.voxel_size_m = 20.0 / f64::from(cells_per_axis);
    scenario.steps = steps;
    scenario
}

/// Trees below and above the 64 MiB that are reserved at once.
#[test]
fn trees_take_what_is_estimated() {
    for (cells, simulations) in [(8, 2000), (20, 700), (64, 270)] {
        let mission = Mission::new(scenario(cells, 50), None).expect("a mission");
        let (mut caster, mut image) =
            (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()));
        let state = mission.begin(Seed(1), 0, &mut caster, &mut image);
        let config = SearchConfig { simulations, ..Default::default() };
        let (_, allocated) =
            most_bytes_allocated(|| decide(&mission, &state, &config, SearchTree::default(), &mut caster, &mut image));
        agree(&format!("{simulations} nodes at {cells}³"), config.decision_bytes(mission.grid(), 50), allocated);
    }
}

#[test]
fn a_replay_buffer_takes_what_is_estimated() {
    let cells = 20_usize.pow(3);
    // With the sensor of all shipped scenarios, and with the weakest.
    for (what, limit) in [("a replay buffer of bytes", 127), ("a replay buffer of words", i16::MAX)] {
        let (_, allocated) = most_bytes_allocated(|| {
            let mut replay = ReplayBuffer::new(1000);
            for number in 0..30 {
                let mut recorder = EpisodeRecorder::new(number, cells);
                for _ in 0..50 {
                    let policy = std::array::from_fn(|action| if action == 0 { 1.0 } else { 0.0 });
                    recorder
                        .decide(&vec![limit; cells], OrbitFeatures([0.0; OrbitFeatures::LEN]), &policy, 1.0, 0.5)
                        .expect("in order");
                    recorder.reward(0.1).expect("in order");
                }
                replay.push(recorder.finish(0.9, 1.0).expect("a whole episode"));
            }
            assert_eq!(replay.len(), 1000);
            replay
        });
        agree(what, 1000 * EpisodeSamples::step_bytes(cells, limit) as u64, allocated);
    }
}

#[test]
fn beliefs_histories_and_pictures_take_what_is_estimated() {
    for (episodes, cells, steps, planner) in
        [(60, 32, 3, PlannerKind::Passive), (20, 8, 2000, PlannerKind::Passive), (4, 20, 2, PlannerKind::Mcts)]
    {
        let search = SearchConfig { planner, simulations: 400, horizon: 3, ..Default::default() };
        let settings =
            EpisodeSettings { episodes, workers: Some(1), ..EpisodeSettings::headless(scenario(cells, steps), search) };
        let estimated = settings.memory_estimate().total_bytes();
        let (_, allocated) = most_bytes_allocated(|| {
            let mut simulation = Simulation::new(settings).expect("valid settings");
            let mut shown = simulation.snapshot();
            for _ in 0..20 {
                simulation.tick();
                shown = simulation.snapshot();
            }
            simulation.run_to_end();
            (simulation.snapshot(), shown, simulation)
        });
        agree(&format!("{episodes} episodes of {steps} steps at {cells}³"), estimated, allocated);
    }
}

/// A hundredth of any machine is less than these ask for.
#[test]
fn what_no_machine_has_is_refused_before_it_begins() {
    let alpha_zero = SearchConfig { planner: PlannerKind::AlphaZero, ..Default::default() };
    let mut deep = alpha_zero.clone();
    deep.alpha_zero.simulations = 100_000;
    let settings = |episodes, search| EpisodeSettings {
        episodes,
        memory_share: 0.01,
        ..EpisodeSettings::headless(scenario(64, 50), search)
    };
    for (what, settings) in [("many", settings(4096, alpha_zero)), ("deep", settings(1, deep))] {
        let (refused, allocated) = most_bytes_allocated(|| Simulation::new(settings).err().map(|e| e.to_string()));
        let refused = refused.unwrap_or_default();
        assert!(refused.starts_with("memory: this needs about ") && refused.contains(" GB"), "{what}: {refused}");
        assert!(refused.contains("search.alpha_zero.simulations, episodes or grid.cells_per_axis"), "{refused}");
        assert!(allocated < 1 << 20, "{what}: {allocated} bytes");
    }
}

#[test]
fn a_change_that_asks_for_too_much_becomes_a_notice_and_nothing_changes() {
    // What is flown fits, with little to spare.
    let search = SearchConfig { simulations: 10, ..Default::default() };
    let mut settings = EpisodeSettings {
        start_paused: true,
        workers: Some(64),
        episodes: 64,
        ..EpisodeSettings::headless(scenario(64, 2), search)
    };
    let asked = settings.memory_estimate().total_bytes();
    settings.memory_share = (2.0 * asked as f64 / MemoryLimit::default().machine_bytes as f64).clamp(0.01, 1.0);
    let mut simulation = Simulation::new(settings.clone()).expect("it fits");
    let set = |path, value| SimCommand::SetParameter { id: ParameterId::find(path).expect("a path"), value };
    let refused = [
        set("search.simulations", ParameterValue::Integer(100_000)),
        set("steps", ParameterValue::Integer(10_000)),
        SimCommand::SetEpisodes(4096),
    ];
    for (count, command) in refused.into_iter().enumerate() {
        simulation.command(command.clone());
        simulation.tick();
        let after = simulation.snapshot();
        let errors: Vec<_> = after.notices.iter().filter(|notice| notice.severity == NoticeSeverity::Error).collect();
        // Steps alone do not fill a large machine.
        if matches!(command, SimCommand::SetParameter { id, .. } if id.path() == "steps") && errors.len() == count {
            continue;
        }
        let last = errors.last().map(|notice| notice.text.clone()).unwrap_or_default();
        assert!(last.starts_with("memory: this needs about ") && last.contains(": lower "), "{command:?}: {last}");
        assert_eq!((after.settings.search.simulations, after.settings.episodes), (10, 64));
    }
}

#[test]
fn a_training_run_that_does_not_fit_is_refused_by_its_largest_part() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let limit = MemoryLimit { share: 0.5, machine_bytes: 8_000_000_000 };
    let mut config = TrainingConfig { scenario: scenario(64, 50), ..Default::default() };
    config.network = bevy_proxops::network::PolicyValueNetConfig::compact().with_cells_per_axis(64);
    config.search = AlphaZeroConfig { simulations: 8, ..Default::default() };
    let start = |config: TrainingConfig| {
        let run = TrainingRun::start_within(&limit, config, &folder.path().join("run"), &NetworkDevice::Cpu, None);
        run.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let refused = start(config.clone());
    assert!(refused.contains("20000 transitions to learn from") && refused.contains("5.2 GB"), "{refused}");
    assert!(refused.contains("lower replay_transitions"), "{refused}");
    config.replay_transitions = 100;
    config.search.simulations = 100_000;
    let refused = start(config);
    assert!(
        refused.contains("search trees of 100000 nodes") && refused.contains("lower search.simulations"),
        "{refused}"
    );
    assert!(!folder.path().join("run").exists(), "nothing was begun");
}
