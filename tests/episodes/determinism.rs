use std::time::Duration;

use bevy_proxops::episode::{EpisodeSettings, NetworkSettings, Simulation};
use bevy_proxops::network::NetworkDevice;
use bevy_proxops::prelude::*;
use bevy_proxops::search::{AlphaZeroConfig, InFlightKind, ModeKind, ParallelConfig};

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
    assert_eq!(other.seed, Seed(99));
    assert_ne!(bits(&other.episodes[0]), first[0]);
}
