//! What one decision costs in every search mode, on the reference scenario. Divide simulations per second to compare.

use bevy_proxops::mission::{Mission, Scenario, Seed};
use bevy_proxops::search::{InFlightKind, ModeKind, ParallelConfig, RollOutPolicy, SearchConfig, SearchTree, decide};
use bevy_proxops::sensor::{Observation, RayCaster};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SIMULATIONS: u32 = 3000;

/// 3000 simulations, horizon 5: every image of the tree and its roll-outs is cast.
fn decision(criterion: &mut Criterion) {
    let mission = Mission::new(Scenario::reference(), None).expect("the reference scenario is valid");
    let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
    let mut observation = Observation::new(*mission.grid());
    let state = mission.begin(Seed(1), 0, &mut caster, &mut observation);
    let serial = SearchConfig { simulations: SIMULATIONS, ..Default::default() };
    let with = |mode, in_flight| SearchConfig {
        parallel: ParallelConfig { mode, leaves: 32, threads: 2, in_flight, trees: 2, ..Default::default() },
        ..serial.clone()
    };
    let settings = [
        ("serial", serial.clone()),
        ("serial_random_roll_outs", SearchConfig { roll_out: RollOutPolicy::Random, ..serial.clone() }),
        ("batched_32", with(ModeKind::Batched, InFlightKind::VisitsOnly)),
        ("tree_parallel_2_visits_only", with(ModeKind::TreeParallel, InFlightKind::VisitsOnly)),
        ("tree_parallel_2_virtual_loss", with(ModeKind::TreeParallel, InFlightKind::VirtualLoss)),
        ("root_parallel_2", with(ModeKind::RootParallel, InFlightKind::VisitsOnly)),
    ];
    let mut group = criterion.benchmark_group("decide/reference_3000_simulations");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(SIMULATIONS)));
    for (name, config) in settings {
        let mut tree = Some(SearchTree::default());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let lent = tree.take().unwrap_or_default();
                let (decision, back) = decide(&mission, &state, &config, lent, &mut caster, &mut observation);
                tree = Some(back);
                decision
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decision);
criterion_main!(benches);
