use super::*;
use crate::mission::{Scenario, Seed};
use crate::search::{InFlightKind, ModeKind, ParallelConfig, RootRule};

struct Bench {
    mission: Mission,
    caster: RayCaster,
    observation: Observation,
}

impl Bench {
    fn new() -> Self {
        let mut scenario = Scenario::reference();
        scenario.camera.pixels = 16;
        scenario.steps = 8;
        let mission = Mission::new(scenario, None).unwrap();
        let caster = RayCaster::new(*mission.grid(), *mission.camera());
        let observation = Observation::new(*mission.grid());
        Self { mission, caster, observation }
    }

    fn start(&mut self, seed: u64) -> MissionState {
        self.mission.begin(Seed(seed), 3, &mut self.caster, &mut self.observation)
    }

    fn decide(
        &mut self,
        state: &MissionState,
        config: &AlphaZeroConfig,
        exploration: Exploration,
    ) -> AlphaZeroDecision {
        let mut search = AlphaZeroSearch::begin(&self.mission, state, config, exploration, SearchTree::default());
        while !search.is_done() {
            let mut out = Vec::new();
            search.walk(&self.mission, &mut self.caster, &mut self.observation, &mut out);
            assert!(!out.is_empty() || search.is_done(), "a search that is not done gives out a leaf");
            back_up(&mut search, &self.mission, &out);
        }
        search.finish().0
    }
}

/// Values leaves as a network would that prefers action 5 and expects half of the remaining entropy.
fn back_up(search: &mut AlphaZeroSearch, mission: &Mission, out: &[AskedLeaf]) {
    for &leaf in out {
        let entropy = search.tree_of(leaf).node(leaf.node).entropy_nats / mission.initial_entropy_nats();
        let mut priors = [0.05; Action::COUNT];
        priors[5] = 0.4;
        search.apply(leaf, LeafValue { node: leaf.node, value: 0.5 * entropy as f32, priors: Some(priors) });
    }
}

fn config(root: RootRule, simulations: u32) -> AlphaZeroConfig {
    AlphaZeroConfig { root, simulations, ..Default::default() }
}

#[test]
fn visits_add_up_to_the_simulations_with_the_root_counted() {
    let mut bench = Bench::new();
    let state = bench.start(1);
    for root in RootRule::ALL {
        for leaves in [1, 4] {
            let parallel = ParallelConfig { mode: ModeKind::Batched, leaves, ..Default::default() };
            let config = AlphaZeroConfig { parallel, ..config(root, 60) };
            let decided = bench.decide(&state, &config, Exploration::SelfPlay);
            assert_eq!(decided.decision.summary.visits.iter().sum::<u32>(), 59, "{root} {leaves}");
            assert!((decided.policy.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn without_exploration_nothing_is_left_to_chance() {
    let mut bench = Bench::new();
    let state = bench.start(1);
    for root in RootRule::ALL {
        let one = bench.decide(&state, &config(root, 40), Exploration::Off);
        assert_eq!(one, bench.decide(&state, &config(root, 40), Exploration::Off));
        let noisy = bench.decide(&state, &config(root, 40), Exploration::SelfPlay);
        assert_eq!(noisy, bench.decide(&state, &config(root, 40), Exploration::SelfPlay), "chance has a seed");
        assert_ne!(one.decision.summary.visits, noisy.decision.summary.visits, "{root}");
    }
}

#[test]
fn one_simulation_leaves_the_decision_to_the_network() {
    let mut bench = Bench::new();
    let state = bench.start(1);
    for root in RootRule::ALL {
        let decided = bench.decide(&state, &config(root, 1), Exploration::Off);
        assert_eq!(decided.decision.action.index(), 5, "{root}");
    }
}

#[test]
fn at_the_last_step_only_rewards_count() {
    let mut bench = Bench::new();
    let mut state = bench.start(1);
    state.step = 7;
    for root in RootRule::ALL {
        let decided = bench.decide(&state, &config(root, 30), Exploration::Off);
        let summary = decided.decision.summary;
        assert_eq!(summary.depth, 1);
        // The root's own evaluation is one visit of 30; the rest is the mean reward of the tried actions.
        let own = 0.5 * state.belief.entropy_nats() / bench.mission.initial_entropy_nats();
        let rewards: f64 =
            summary.q.iter().zip(summary.visits).map(|(q, visits)| f64::from(*q) * f64::from(visits)).sum();
        assert!((decided.root_value - (own + rewards) / 30.0).abs() < 1e-6);
    }
}

fn with_mode(root: RootRule, simulations: u32, parallel: ParallelConfig) -> AlphaZeroConfig {
    AlphaZeroConfig { parallel, ..config(root, simulations) }
}

fn mode(mode: ModeKind, count: u32) -> ParallelConfig {
    ParallelConfig { mode, leaves: count, threads: count, trees: count, ..Default::default() }
}

#[test]
fn with_one_leaf_one_thread_or_one_tree_every_mode_is_serial_to_the_bit() {
    let mut bench = Bench::new();
    let state = bench.start(1);
    for root in RootRule::ALL {
        let serial = bench.decide(&state, &config(root, 40), Exploration::SelfPlay);
        for kind in ModeKind::ALL {
            let one = with_mode(root, 40, mode(*kind, 1));
            assert_eq!(bench.decide(&state, &one, Exploration::SelfPlay), serial, "{root} {kind}");
        }
    }
}

#[test]
fn no_more_leaves_are_out_than_the_mode_allows_and_several_are() {
    let mut bench = Bench::new();
    let state = bench.start(1);
    for (kind, root_leaves) in [(ModeKind::Batched, 1), (ModeKind::TreeParallel, 1), (ModeKind::RootParallel, 4)] {
        let config = with_mode(RootRule::Puct, 60, mode(kind, 4));
        let Bench { mission, caster, observation } = &mut bench;
        let mut search = AlphaZeroSearch::begin(mission, &state, &config, Exploration::Off, SearchTree::default());
        let mut sizes = Vec::new();
        while !search.is_done() {
            let mut out = Vec::new();
            search.walk(mission, caster, observation, &mut out);
            sizes.push(out.len());
            back_up(&mut search, mission, &out);
        }
        assert_eq!(sizes[0], root_leaves, "{kind}: the root, of every tree");
        assert_eq!(sizes.iter().max(), Some(&4), "{kind}");
        let times = search.take_work_times();
        assert!(times.rays > times.orbit && times.helpers.is_zero(), "{times:?}");
        let decided = search.finish().0;
        assert_eq!(decided.decision.summary.simulations, 60);
        assert_eq!(decided.decision.summary.visits.iter().sum::<u32>(), 60 - root_leaves as u32, "{kind}");
        assert!((decided.policy.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

#[test]
fn merged_trees_keep_the_networks_word_on_the_root() {
    let mut bench = Bench::new();
    let state = bench.start(1);
    for root in RootRule::ALL {
        let serial = bench.decide(&state, &config(root, 60), Exploration::Off).decision.summary;
        let merged = bench.decide(&state, &with_mode(root, 60, mode(ModeKind::RootParallel, 3)), Exploration::Off);
        assert_eq!(merged.decision.summary.own_value, serial.own_value, "{root}");
        assert_eq!(merged.decision.summary.priors, serial.priors, "{root}");
        assert_ne!(merged.decision.summary.q, serial.q, "{root}: other images");
    }
}

#[test]
fn walkers_on_threads_of_their_own_lose_no_visit() {
    let mut bench = Bench::new();
    let state = bench.start(1);
    for in_flight in [InFlightKind::VisitsOnly, InFlightKind::VirtualLoss] {
        for root in RootRule::ALL {
            let parallel = ParallelConfig { in_flight, ..mode(ModeKind::TreeParallel, 16) };
            let config = with_mode(root, 80, parallel);
            let mission = &bench.mission;
            let mut search =
                AlphaZeroSearch::begin(mission, &state, &config, Exploration::SelfPlay, SearchTree::default());
            while !search.is_done() {
                std::thread::scope(|scope| {
                    for mut walker in search.walkers() {
                        scope.spawn(move || {
                            let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
                            walker.walk(mission, &mut caster, &mut Observation::new(*mission.grid()));
                        });
                    }
                });
                let mut out = Vec::new();
                search.take_leaves(&mut out);
                assert!(!out.is_empty() || search.is_done(), "a search that is not done gives out a leaf");
                assert!(out.len() <= 16);
                back_up(&mut search, mission, &out);
            }
            let summary = search.finish().0.decision.summary;
            assert_eq!((summary.simulations, summary.visits.iter().sum::<u32>()), (80, 79), "{root}");
        }
    }
}
