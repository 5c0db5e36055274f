//! One mission step, and what many cores and many episodes cost: `cargo bench --bench step`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bevy_proxops::episode::{EpisodeSettings, Simulation};
use bevy_proxops::mission::Action;
use bevy_proxops::prelude::*;
use bevy_proxops::report::resident_bytes;
use bevy_proxops::sensor::{Observation, RayCaster};
use criterion::{Criterion, criterion_group, criterion_main};

/// Steps of a run whose speed is measured; short, so that a measurement can be repeated.
const STEPS: u32 = 4;
/// Simulations per decision of that run.
const SIMULATIONS: u32 = 200;
/// Pairs of runs, one worker and two workers taking turns, so that a machine's moods hit both alike.
const PAIRS: usize = 5;

fn run_of(planner: PlannerKind, episodes: u32, workers: usize) -> EpisodeSettings {
    let scenario = Scenario { steps: STEPS, ..Scenario::reference() };
    let search = SearchConfig { planner, simulations: SIMULATIONS, ..Default::default() };
    EpisodeSettings { episodes, workers: Some(workers), ..EpisodeSettings::headless(scenario, search) }
}

fn seconds_to_end(settings: EpisodeSettings) -> f64 {
    let mut simulation = Simulation::new(settings).expect("valid settings");
    let start = Instant::now();
    simulation.run_to_end();
    start.elapsed().as_secs_f64()
}

fn mission_step(criterion: &mut Criterion) {
    let mission = Mission::new(Scenario::reference(), None).expect("valid scenario");
    let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
    let mut observation = Observation::new(*mission.grid());
    let mut episode = 0;
    let mut state = mission.begin(Seed(1), episode, &mut caster, &mut observation);
    criterion.bench_function("mission step, averaged over the reference orbit", |bencher| {
        bencher.iter(|| {
            if state.is_done(&mission) {
                episode += 1;
                state = mission.begin(Seed(1), episode, &mut caster, &mut observation);
            }
            black_box(mission.step(&mut state, Action::NONE, &mut caster, &mut observation))
        });
    });
}

fn episodes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("8 episodes of 4 steps");
    group.sample_size(10);
    for planner in [PlannerKind::Passive, PlannerKind::Mcts] {
        for workers in [1, 2] {
            group.bench_function(format!("{planner}, {workers} workers"), |bencher| {
                bencher.iter(|| seconds_to_end(run_of(planner, 8, workers)));
            });
        }
    }
    group.finish();
}

fn ratio_of_two_workers_to_one(_: &mut Criterion) {
    let mut ratios: Vec<f64> = (0..PAIRS)
        .map(|_| {
            let [one, two] = [1, 2].map(|workers| seconds_to_end(run_of(PlannerKind::Mcts, 8, workers)));
            one / two
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("8 mcts episodes, two workers over one: median {:.3}, all {ratios:.3?} (target 1.9)", ratios[PAIRS / 2]);
}

/// What 256 more episodes add, each with two steps and a search behind it.
fn memory_of_idle_episodes(_: &mut Criterion) {
    let settings = EpisodeSettings { start_paused: true, ..run_of(PlannerKind::Mcts, 8, 2) };
    let mut simulation = Simulation::new(settings).expect("valid settings");
    let mut grown_to = |episodes| {
        simulation.command(SimCommand::SetEpisodes(episodes));
        for _ in 0..2 {
            simulation.command(SimCommand::StepOnce);
            simulation.tick();
            while simulation.idle_for() < Duration::MAX {
                simulation.tick();
            }
        }
        black_box(simulation.snapshot());
        resident_bytes()
    };
    let few = grown_to(8);
    let many = grown_to(264);
    println!("memory per additional idle episode: {:.3} MB (target 5)", many.saturating_sub(few) as f64 / 256.0 / 1e6);
}

criterion_group!(benches, mission_step, episodes, ratio_of_two_workers_to_one, memory_of_idle_episodes);
criterion_main!(benches);
