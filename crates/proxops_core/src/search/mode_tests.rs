//! What the modes promise: where they agree with `Serial`, what they never lose, what does not show in their results.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::mission::{Mission, MissionState, Scenario, Seed};
use crate::sensor::{Observation, RayCaster};

use super::toy::{self, RULE, Toy};
use super::{
    Decision, DetachedLeaf, GrowingTree, InFlight, InFlightKind, ModeKind, ParallelConfig, Root, Search, SearchConfig,
    SearchProgress, SearchTree, SharedTree, WorkTimes, decide,
};

/// More threads than any machine of ours has cores to spare for them.
const CROWD: u32 = 16;

struct Bench {
    mission: Mission,
    state: MissionState,
    caster: RayCaster,
    observation: Observation,
}

impl Bench {
    fn new() -> Self {
        let mut scenario = Scenario::reference();
        scenario.camera.pixels = 8;
        scenario.grid.cells_per_axis = 8;
        scenario.grid.voxel_size_m = 2.5;
        scenario.steps = 8;
        let mission = Mission::new(scenario, None).unwrap();
        let (mut caster, mut observation) =
            (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()));
        let state = mission.begin(Seed(1), 3, &mut caster, &mut observation);
        Self { mission, state, caster, observation }
    }

    fn begin(&self, config: &SearchConfig) -> Search {
        Search::begin(&self.mission, &self.state, config, SearchTree::default())
    }

    fn run(&mut self, search: &mut Search, max_simulations: u32) -> SearchProgress {
        search.run_while(&self.mission, &mut self.caster, &mut self.observation, max_simulations, || true)
    }

    fn decide(&mut self, config: &SearchConfig) -> Decision {
        let Self { mission, state, caster, observation } = self;
        decide(mission, state, config, SearchTree::default(), caster, observation).0
    }
}

fn config(simulations: u32, parallel: ParallelConfig) -> SearchConfig {
    SearchConfig { simulations, horizon: 3, parallel, ..Default::default() }
}

fn batched(leaves: u32) -> ParallelConfig {
    ParallelConfig { mode: ModeKind::Batched, leaves, ..Default::default() }
}

fn tree_parallel(threads: u32, in_flight: InFlightKind) -> ParallelConfig {
    ParallelConfig { mode: ModeKind::TreeParallel, threads, in_flight, ..Default::default() }
}

fn root_parallel(trees: u32) -> ParallelConfig {
    ParallelConfig { mode: ModeKind::RootParallel, trees, ..Default::default() }
}

#[test]
fn with_one_leaf_one_thread_or_one_tree_every_mode_is_serial_to_the_bit() {
    let mut bench = Bench::new();
    let serial = bench.decide(&config(150, ParallelConfig::default()));
    let modes = [
        batched(1),
        tree_parallel(1, InFlightKind::VisitsOnly),
        tree_parallel(1, InFlightKind::VirtualLoss),
        root_parallel(1),
    ];
    for parallel in modes {
        assert_eq!(bench.decide(&config(150, parallel.clone())), serial, "{parallel:?}");
    }
}

#[test]
fn every_mode_does_all_simulations_and_every_visit_adds_up() {
    let mut bench = Bench::new();
    let modes = [
        (1, ParallelConfig::default()),
        (1, batched(32)),
        (1, tree_parallel(4, InFlightKind::VisitsOnly)),
        (1, tree_parallel(4, InFlightKind::VirtualLoss)),
        (3, root_parallel(3)),
    ];
    for (trees, parallel) in modes {
        let mut search = bench.begin(&config(200, parallel.clone()));
        assert_eq!(bench.run(&mut search, u32::MAX), SearchProgress::Done);
        assert_eq!(search.tree().check_at_rest(), Ok(()));
        let summary = search.finish().0.summary;
        // Each tree's root has one evaluation of its own.
        assert_eq!((summary.simulations, summary.visits.iter().sum::<u32>()), (200, 200 - trees), "{parallel:?}");
        assert!(summary.best_path.len() as u32 <= summary.depth && summary.depth <= 3);
        let deeper: u32 =
            summary.candidates.iter().filter(|branch| branch.depth == 1).map(|branch| branch.visits).sum();
        assert_eq!(deeper, 200 - trees, "{parallel:?}: branches of the root carry its visits");
    }
}

#[test]
fn slicing_does_not_show_in_deterministic_modes() {
    let mut bench = Bench::new();
    for parallel in [batched(8), root_parallel(3), tree_parallel(1, InFlightKind::VisitsOnly)] {
        let config = config(100, parallel);
        let whole = bench.decide(&config);
        for slice in [1, 7, 99] {
            let mut search = bench.begin(&config);
            while bench.run(&mut search, slice) == SearchProgress::Running {}
            assert_eq!(search.finish().0, whole, "{:?} in slices of {slice}", config.parallel);
        }
    }
}

#[test]
fn a_search_stops_when_told_and_leaves_nothing_in_flight() {
    let mut bench = Bench::new();
    for parallel in
        [ParallelConfig::default(), batched(8), tree_parallel(CROWD, InFlightKind::VirtualLoss), root_parallel(5)]
    {
        let mut search = bench.begin(&config(3000, parallel.clone()));
        let asked = AtomicU32::new(0);
        let keep_going = || asked.fetch_add(1, Ordering::Relaxed) < 20;
        search.run_while(&bench.mission, &mut bench.caster, &mut bench.observation, u32::MAX, keep_going);
        let done = search.simulations_done();
        assert!((1..=21 + CROWD).contains(&done), "{parallel:?}: {done} simulations");
        let summary = search.finish().0.summary;
        assert_eq!(summary.simulations, done, "a batch in the making is forgotten");
    }
}

#[test]
fn an_early_slice_does_no_more_than_it_may() {
    let mut bench = Bench::new();
    for parallel in
        [ParallelConfig::default(), batched(8), tree_parallel(CROWD, InFlightKind::VisitsOnly), root_parallel(5)]
    {
        let mut search = bench.begin(&config(300, parallel.clone()));
        bench.run(&mut search, 40);
        assert!(search.simulations_done() <= 40, "{parallel:?}: {}", search.simulations_done());
    }
}

#[test]
fn trees_of_a_root_parallel_search_imagine_worlds_of_their_own() {
    let mut bench = Bench::new();
    let mut search = bench.begin(&config(41, root_parallel(2)));
    bench.run(&mut search, u32::MAX);
    let first = search.tree().to_json();
    let merged = search.summary();
    let alone = bench.decide(&config(21, ParallelConfig::default()));
    let mut again = bench.begin(&config(21, ParallelConfig::default()));
    bench.run(&mut again, u32::MAX);
    assert_eq!(first, again.tree().to_json(), "the first tree has the first 21 simulations");
    assert_ne!(merged.q, alone.summary.q);
    assert_eq!(merged.simulations, 41);
    assert!(merged.tree_nodes > alone.summary.tree_nodes);
}

#[test]
fn more_trees_than_simulations_are_not_planted() {
    let mut bench = Bench::new();
    let decision = bench.decide(&config(3, root_parallel(64)));
    assert_eq!((decision.summary.simulations, decision.summary.tree_nodes), (3, 3));
}

#[test]
fn the_time_of_all_threads_is_told_once() {
    let mut bench = Bench::new();
    for (parallel, has_helpers) in
        [(ParallelConfig::default(), false), (batched(8), false), (tree_parallel(3, InFlightKind::VisitsOnly), true)]
    {
        let mut search = bench.begin(&config(60, parallel));
        bench.run(&mut search, u32::MAX);
        let times = search.take_work_times();
        assert!(!times.orbit.is_zero() && times.rays > times.orbit && !times.belief.is_zero(), "{times:?}");
        assert_eq!(!times.helpers.is_zero(), has_helpers);
        assert_eq!(search.take_work_times(), WorkTimes::default());
    }
}

/// Grows a toy tree with a crowd of threads on one tree.
fn crowd_on_a_toy(in_flight: InFlight, depth_limit: u32, simulations: u32) -> GrowingTree<u32> {
    let mut tree = SearchTree::default();
    tree.begin(Root { in_flight, depth_limit, nodes: simulations as usize, ..toy::root(&[0; 4]) });
    let shared = SharedTree::new(GrowingTree::new(tree, 0, simulations));
    std::thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                let evaluate = |_: &mut Toy, leaf: &DetachedLeaf<u32>, _: &[i16]| toy::value_of(leaf);
                shared.grow(&mut Toy::default(), &RULE, &mut Vec::new(), evaluate, u32::MAX, &|| true);
            });
        }
    });
    shared.into_inner()
}

/// The smallest trees collide the most: a whole depth of two has seven nodes for sixteen threads.
#[test]
fn a_crowd_on_a_small_tree_loses_no_visit() {
    for in_flight in [InFlight::VisitsOnly, InFlight::VirtualLoss { weight: 1.0 }] {
        for _ in 0..300 {
            let growing = crowd_on_a_toy(in_flight, 2, 100);
            assert_eq!((growing.check_at_rest(), growing.done()), (Ok(()), 100));
            assert!(growing.tree().nodes().len() <= 7, "no node is made twice");
        }
        let growing = crowd_on_a_toy(in_flight, 0, 100);
        assert_eq!((growing.check_at_rest(), growing.tree().nodes().len()), (Ok(()), 1));
    }
}

#[test]
fn a_crowd_on_a_real_search_loses_no_visit() {
    let mut bench = Bench::new();
    for in_flight in [InFlightKind::VisitsOnly, InFlightKind::VirtualLoss] {
        let config = config(150, tree_parallel(CROWD, in_flight));
        for _ in 0..10 {
            let mut search = bench.begin(&config);
            // In slices too: threads end and begin anew on the same tree.
            while bench.run(&mut search, 60) == SearchProgress::Running {
                assert_eq!(search.tree().check_at_rest(), Ok(()));
            }
            let summary = search.finish().0.summary;
            assert_eq!((summary.simulations, summary.visits.iter().sum::<u32>()), (150, 149));
        }
    }
}

/// Panics at its third step.
struct Fragile(Toy);

impl super::SearchModel for Fragile {
    type State = u32;

    fn actions(&self) -> &[crate::mission::Action] {
        self.0.actions()
    }

    fn rng(&self, simulation: u32, purpose: crate::mission::Purpose) -> crate::mission::StreamRng {
        self.0.rng(simulation, purpose)
    }

    fn imagine(&mut self, _belief: &[i16], _rng: &mut crate::mission::StreamRng) {}

    fn step(
        &mut self,
        state: &u32,
        action: crate::mission::Action,
        belief: &mut [i16],
        rng: &mut crate::mission::StreamRng,
    ) -> super::Outcome<u32> {
        assert!(self.0.steps < 1, "broken on purpose");
        self.0.step(state, action, belief, rng)
    }
}

#[test]
fn a_thread_that_panics_takes_nobody_into_eternal_sleep() {
    let shared = SharedTree::new(GrowingTree::new(toy::tree(8), 0, 1000));
    let ended: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let evaluate = |_: &mut Fragile, leaf: &DetachedLeaf<u32>, _: &[i16]| toy::value_of(leaf);
                    let mut model = Fragile(Toy::default());
                    shared.grow(&mut model, &RULE, &mut Vec::new(), evaluate, u32::MAX, &|| true);
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().is_ok()).collect()
    });
    assert!(ended.contains(&false), "seven nodes take six steps, and four threads take one each");
}
