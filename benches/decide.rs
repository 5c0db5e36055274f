//! What one decision costs: a whole one on the reference scenario, and the tree's own share of it.
use std::hint::black_box;

use bevy_proxops::mission::{Action, Mission, Purpose, Scenario, Seed, StreamKey, StreamRng};
use bevy_proxops::search::{
    Gathered, LeafValue, Outcome, RollOutPolicy, Root, SearchConfig, SearchModel, SearchTree, Ucb1, apply, decide,
    gather,
};
use bevy_proxops::sensor::{Observation, RayCaster};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SIMULATIONS: u32 = 3000;

/// 3000 simulations, horizon 5, on the reference scenario: every image of the tree and its roll-outs is cast.
fn decision(criterion: &mut Criterion) {
    let mission = Mission::new(Scenario::reference(), None).expect("the reference scenario is valid");
    let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
    let mut observation = Observation::new(*mission.grid());
    let state = mission.begin(Seed(1), 0, &mut caster, &mut observation);
    let mut group = criterion.benchmark_group("decide");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(SIMULATIONS)));
    for roll_out in [RollOutPolicy::Random, RollOutPolicy::Coast] {
        let config = SearchConfig { simulations: SIMULATIONS, roll_out, ..Default::default() };
        let mut tree = Some(SearchTree::default());
        group.bench_function(format!("reference_3000_simulations_{roll_out}"), |bencher| {
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

/// A process without orbit and rays: the reward is a hash of the path, the belief is copied but not updated.
struct Rayless;

impl SearchModel for Rayless {
    type State = u64;

    fn actions(&self) -> &[Action] {
        &Action::ALL
    }

    fn rng(&self, simulation: u32, purpose: Purpose) -> StreamRng {
        StreamKey { seed: Seed(1), episode: 0, step: 0, simulation, purpose }.rng()
    }

    fn imagine(&mut self, belief: &[i8], _rng: &mut StreamRng) {
        black_box(belief);
    }

    fn step(&mut self, state: &u64, action: Action, belief: &mut [i8], _rng: &mut StreamRng) -> Outcome<u64> {
        black_box(belief);
        let state = (state ^ (action.index() as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
        Outcome { state, reward: (state >> 40) as f32 / (1 << 24) as f32, entropy_drop_nats: 0.0 }
    }
}

/// Select, expand and back up, 3000 times: what a simulation costs besides its images.
fn tree(criterion: &mut Criterion) {
    let belief = vec![0_i8; 8000];
    let mut tree = SearchTree::<u64>::default();
    let mut group = criterion.benchmark_group("tree");
    group.throughput(Throughput::Elements(u64::from(SIMULATIONS)));
    group.bench_function("3000_simulations_without_rays", |bencher| {
        bencher.iter(|| {
            tree.begin(Root {
                state: 1,
                belief: &belief,
                entropy_nats: 0.0,
                step: 0,
                depth_limit: 5,
                discount: 0.99,
                actions: Action::COUNT,
                nodes: SIMULATIONS as usize,
            });
            for simulation in 0..SIMULATIONS {
                let value = match gather(&mut tree, &mut Rayless, &Ucb1 { exploration: 1.4 }, simulation) {
                    Gathered::Leaf(leaf) => LeafValue { node: leaf.node, value: 0.5, priors: None },
                    Gathered::Terminal(node) => LeafValue::terminal(node),
                    Gathered::Collision => unreachable!("each walk is backed up before the next begins"),
                };
                apply(&mut tree, value);
            }
            tree.nodes().len()
        });
    });
    group.finish();
}

criterion_group!(benches, decision, tree);
criterion_main!(benches);
