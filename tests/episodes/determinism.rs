use std::time::Duration;

use bevy_proxops::episode::{EpisodeSettings, Simulation};
use bevy_proxops::prelude::*;

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
