use std::process::Command;
use std::time::Duration;

use bevy_proxops::episode::{EpisodeSettings, NetworkSettings, Simulation};
use bevy_proxops::network::{NetworkDevice, PolicyValueNetConfig};
use bevy_proxops::prelude::*;
use bevy_proxops::search::{AlphaZeroConfig, InFlightKind, ModeKind, ParallelConfig};
use bevy_proxops::training::{LearnerConfig, TrainingConfig, TrainingRun};

use crate::support::{bits, fly, small_settings};

fn results(settings: EpisodeSettings) -> Vec<String> {
    fly(settings).episodes.iter().map(|episode| bits(episode)).collect()
}

#[test]
fn any_number_of_workers_gives_the_same_bits() {
    for planner in [PlannerKind::Passive, PlannerKind::Random, PlannerKind::Mcts] {
        let alone = results(small_settings(planner));
        assert_eq!(alone.len(), 4);
        for workers in [2, 3, 7] {
            let together = results(EpisodeSettings { workers: Some(workers), ..small_settings(planner) });
            assert_eq!(alone, together, "{planner} with {workers} workers");
        }
    }
}

/// Small runs in one search mode; with a network, of 20 simulations on the CPU.
fn settings_in(planner: PlannerKind, mode: ModeKind) -> EpisodeSettings {
    let mut settings = small_settings(planner);
    settings.search.parallel = ParallelConfig { mode, leaves: 6, trees: 3, ..Default::default() };
    settings.search.alpha_zero = AlphaZeroConfig { simulations: 20, ..Default::default() };
    settings.network = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
    settings
}

#[test]
fn any_number_of_workers_gives_the_same_bits_in_every_deterministic_mode() {
    for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
        let mut modes = Vec::new();
        for mode in [ModeKind::Serial, ModeKind::Batched, ModeKind::RootParallel] {
            let alone = results(settings_in(planner, mode));
            for workers in [2, 3, 7] {
                let together = results(EpisodeSettings { workers: Some(workers), ..settings_in(planner, mode) });
                assert_eq!(alone, together, "{planner}, {mode} with {workers} workers");
            }
            let short = Duration::from_micros(200);
            let hurried = EpisodeSettings { tick_allowance: short, ..settings_in(planner, mode) };
            assert_eq!(results(hurried), alone, "{planner}, {mode} in short ticks");
            modes.push(alone);
        }
        assert!(modes[0] != modes[1] && modes[0] != modes[2], "{planner}: the modes search differently");
    }
}

#[test]
fn threads_on_one_tree_finish_every_decision_with_all_its_simulations() {
    for (planner, simulations) in [(PlannerKind::Mcts, 60), (PlannerKind::AlphaZero, 20)] {
        for in_flight in [InFlightKind::VisitsOnly, InFlightKind::VirtualLoss] {
            let mut settings = settings_in(planner, ModeKind::TreeParallel);
            settings.search.parallel.threads = 5;
            settings.search.parallel.in_flight = in_flight;
            settings.workers = Some(3);
            for episode in &fly(settings).episodes {
                assert_eq!(episode.transitions.len(), 5, "{planner} {in_flight}");
                let search = episode.search.as_ref().expect("it has searched");
                let below_root: u32 = search.visits.iter().sum();
                assert_eq!((search.simulations, below_root), (simulations, simulations - 1), "{planner} {in_flight}");
            }
        }
    }
}

#[test]
fn one_thread_on_a_tree_is_serial_to_the_bit() {
    for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
        let mut threaded = settings_in(planner, ModeKind::TreeParallel);
        threaded.search.parallel.threads = 1;
        assert_eq!(results(threaded), results(settings_in(planner, ModeKind::Serial)), "{planner}");
    }
}

#[test]
fn the_length_of_a_tick_does_not_show_in_the_results() {
    let long = results(small_settings(PlannerKind::Mcts));
    let short = results(EpisodeSettings {
        tick_allowance: Duration::from_micros(50),
        workers: Some(2),
        ..small_settings(PlannerKind::Mcts)
    });
    assert_eq!(long, short);
}

#[test]
fn any_episode_replays_alone_to_the_same_bits() {
    let settings = EpisodeSettings { first_episode: 40, workers: Some(2), ..small_settings(PlannerKind::Mcts) };
    let together = fly(settings.clone());
    for episode in &together.episodes {
        let alone = Simulation::replay(&settings, episode.number).unwrap();
        assert_eq!(bits(&alone), bits(episode));
    }
}

#[test]
fn episodes_and_seeds_differ() {
    let one = results(small_settings(PlannerKind::Random));
    let other = results(EpisodeSettings { seed: Seed(2), ..small_settings(PlannerKind::Random) });
    assert_ne!(one, other);
    assert_ne!(one[0], one[1]);
}

#[test]
fn a_reset_with_the_same_seed_repeats_the_run() {
    let mut simulation = Simulation::new(small_settings(PlannerKind::Mcts)).unwrap();
    simulation.run_to_end();
    let first: Vec<String> = simulation.snapshot().episodes.iter().map(|episode| bits(episode)).collect();
    simulation.command(SimCommand::Reset { seed: None });
    simulation.run_to_end();
    let again: Vec<String> = simulation.snapshot().episodes.iter().map(|episode| bits(episode)).collect();
    assert_eq!(first, again);
    simulation.command(SimCommand::Reset { seed: Some(Seed(99)) });
    simulation.run_to_end();
    let other = simulation.snapshot();
    assert_eq!(other.settings.seed, Seed(99));
    assert_ne!(bits(&other.episodes[0]), first[0]);
}

/// Says to the process that computes it what is computed: `search` or `training`, then cells per axis.
const WORK: &str = "PROXOPS_TEST_WORK";
/// Comes before the result on its line.
const RESULT: &str = "bits of the work:";

/// Not a test of its own: the tests below run it in processes that have another number of threads.
#[test]
#[ignore = "run by other tests, in processes of their own"]
fn work_of_a_process() {
    let Ok(work) = std::env::var(WORK) else { return };
    let (kind, cells) = work.split_once(' ').expect("a kind and a number");
    let cells: u32 = cells.parse().expect("cells per axis");
    let bits = if kind == "search" { bits_of_searches(cells) } else { bits_of_training(cells) };
    println!("{RESULT} {:08x}", crc32fast::hash(bits.as_bytes()));
}

/// A scenario on that grid; the largest one in its shortest form.
fn scenario_on(cells: u32) -> Scenario {
    let mut scenario = Scenario::embedded("standoff_200m").expect("shipped");
    scenario.grid.cells_per_axis = cells;
    scenario.grid.voxel_size_m = 20.0 / f64::from(cells);
    scenario.camera.pixels = 16;
    scenario.steps = if cells < 64 { 2 } else { 1 };
    scenario
}

/// As many workers as the process has threads.
fn workers() -> Option<usize> {
    std::env::var("RAYON_NUM_THREADS").ok().and_then(|threads| threads.parse().ok())
}

fn bits_of_searches(cells: u32) -> String {
    let simulations = if cells < 64 { 12 } else { 4 };
    let mut all = String::new();
    for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
        let mut search = SearchConfig { planner, simulations, ..Default::default() };
        search.alpha_zero.simulations = simulations;
        let network = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
        let settings = EpisodeSettings {
            episodes: 3,
            network,
            workers: workers(),
            ..EpisodeSettings::headless(scenario_on(cells), search)
        };
        all += &results(settings).concat();
    }
    all
}

fn bits_of_training(cells: u32) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let layers = [PolicyValueNetConfig::compact(), PolicyValueNetConfig::reference()];
    let layers = layers.map(|layers| layers.with_cells_per_axis(cells as usize));
    let network = layers.into_iter().find(|layers| layers.validate().is_ok()).expect("layers for that grid");
    let config = TrainingConfig {
        scenario: scenario_on(cells),
        network,
        search: AlphaZeroConfig { simulations: 4, ..Default::default() },
        learner: LearnerConfig { batch_size: 4, ..Default::default() },
        episodes_per_cycle: 2,
        learning_steps_per_cycle: 2,
        parallel: 2,
        evaluate_every: 0,
        ..Default::default()
    };
    let mut run = TrainingRun::start(config, folder.path(), &NetworkDevice::Cpu, None).expect("a valid run");
    let report = run.run_cycle(&mut |_| std::ops::ControlFlow::Continue(())).expect("a cycle");
    let weights = crc32fast::hash(&run.latest().expect("finite weights").to_bytes());
    format!("{weights:08x} {:?}", report.cycle)
}

/// The result of some work in a process with so many threads.
fn bits_with(threads: &str, work: &str) -> String {
    let test = std::env::current_exe().expect("this test's own program");
    let run = Command::new(test)
        .args(["--exact", "determinism::work_of_a_process", "--ignored", "--nocapture"])
        .env("RAYON_NUM_THREADS", threads)
        .env(WORK, work)
        .output()
        .expect("the same program");
    let output = String::from_utf8_lossy(&run.stdout).into_owned();
    let result = output.lines().find_map(|line| line.split_once(RESULT)).map(|(_, result)| result.trim().to_owned());
    result.unwrap_or_else(|| panic!("{work}: {output}{}", String::from_utf8_lossy(&run.stderr)))
}

#[test]
fn searches_give_the_same_bits_with_1_2_and_8_threads_on_every_size_of_grid() {
    let mut seen = Vec::new();
    for cells in [20, 32, 64] {
        let work = format!("search {cells}");
        let alone = bits_with("1", &work);
        for threads in ["2", "8"] {
            assert_eq!(bits_with(threads, &work), alone, "{cells}³ with {threads} threads");
        }
        assert!(!seen.contains(&alone), "another grid, other bits");
        seen.push(alone);
    }
}

#[test]
fn a_training_cycle_gives_the_same_bits_with_1_2_and_8_threads_on_every_size_of_grid() {
    for cells in [20, 32, 64] {
        let work = format!("training {cells}");
        let alone = bits_with("1", &work);
        for threads in ["2", "8"] {
            assert_eq!(bits_with(threads, &work), alone, "{cells}³ with {threads} threads");
        }
    }
}
