//! The tree's own share of a simulation: select, expand, insert and back up, with a model that costs nothing.
use std::hint::black_box;
use std::thread;

use bevy_proxops::mission::{Action, Purpose, Seed, StreamKey, StreamRng};
use bevy_proxops::search::{
    Batch, DetachedLeaf, GrowingTree, InFlight, LeafValue, Outcome, Root, SearchModel, SearchTree, SharedTree, Ucb1,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SIMULATIONS: u32 = 3000;
const BELIEF: [i16; 8000] = [0; 8000];
const RULE: Ucb1 = Ucb1 { exploration: 1.4 };

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

    fn imagine(&mut self, belief: &[i16], _rng: &mut StreamRng) {
        black_box(belief);
    }

    fn step(&mut self, state: &u64, action: Action, belief: &mut [i16], _rng: &mut StreamRng) -> Outcome<u64> {
        black_box(belief);
        let state = (state ^ (action.index() as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
        Outcome { state, reward: (state >> 40) as f32 / (1 << 24) as f32, entropy_drop_nats: 0.0 }
    }
}

fn one_half(_: &mut Rayless, leaf: &DetachedLeaf<u64>, _: &[i16]) -> LeafValue {
    LeafValue { node: leaf.node, value: 0.5, priors: None }
}

fn planted(mut tree: SearchTree<u64>, in_flight: InFlight) -> GrowingTree<u64> {
    tree.begin(Root {
        state: 1,
        belief: &BELIEF,
        entropy_nats: 0.0,
        step: 0,
        depth_limit: 5,
        discount: 0.99,
        actions: Action::COUNT,
        simulation: 0,
        in_flight,
        nodes: SIMULATIONS as usize,
    });
    GrowingTree::new(tree, 0, SIMULATIONS)
}

fn serial(mut growing: GrowingTree<u64>) -> GrowingTree<u64> {
    growing.grow(&mut Rayless, &RULE, one_half, u32::MAX, &|| true);
    growing
}

fn batched(mut growing: GrowingTree<u64>) -> GrowingTree<u64> {
    Batch::default().grow(&mut growing, 32, &mut Rayless, &RULE, one_half, u32::MAX, &|| true);
    growing
}

/// Without rays the lock is all there is: this is what it costs, not what threads bring.
fn shared(growing: GrowingTree<u64>, threads: u32) -> GrowingTree<u64> {
    let shared = SharedTree::new(growing);
    let grow = || shared.grow(&mut Rayless, &RULE, &mut Vec::new(), one_half, u32::MAX, &|| true);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(grow);
        }
        grow();
    });
    shared.into_inner()
}

fn simulations(criterion: &mut Criterion) {
    let lossy = InFlight::VirtualLoss { weight: 1.0 };
    let mut group = criterion.benchmark_group("tree/3000_simulations_without_rays");
    group.throughput(Throughput::Elements(u64::from(SIMULATIONS)));
    let mut bench = |name: &str, in_flight: InFlight, grow: &dyn Fn(GrowingTree<u64>) -> GrowingTree<u64>| {
        let mut tree = SearchTree::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| tree = grow(planted(std::mem::take(&mut tree), in_flight)).into_tree());
        });
    };
    bench("serial", InFlight::VisitsOnly, &serial);
    bench("batched_32", InFlight::VisitsOnly, &batched);
    bench("tree_parallel_1", InFlight::VisitsOnly, &|growing| shared(growing, 1));
    bench("tree_parallel_2_visits_only", InFlight::VisitsOnly, &|growing| shared(growing, 2));
    bench("tree_parallel_2_virtual_loss", lossy, &|growing| shared(growing, 2));
    group.finish();
}

criterion_group!(benches, simulations);
criterion_main!(benches);
