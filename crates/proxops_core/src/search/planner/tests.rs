use std::collections::HashSet;

use super::*;
use crate::mission::{Purpose, Scenario, Seed, StreamKey};
use crate::search::{Knowledge, ModeKind, ParallelConfig, RollOutPolicy};
use crate::shape::TargetShape;
use crate::voxel::ImaginedShape;

/// A mission with everything real but little to compute.
struct Bench {
    mission: Mission,
    caster: RayCaster,
    observation: Observation,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::reference();
        scenario.camera.pixels = 16;
        scenario.steps = 8;
        change(&mut scenario);
        let mission = Mission::new(scenario, None).unwrap();
        let (caster, observation) =
            (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()));
        Self { mission, caster, observation }
    }

    fn start(&mut self, seed: u64) -> MissionState {
        self.mission.begin(Seed(seed), 3, &mut self.caster, &mut self.observation)
    }

    fn search(&mut self, state: &MissionState, config: &SearchConfig, slice: u32) -> Search {
        let mut search = Search::begin(&self.mission, state, config, SearchTree::default());
        let Self { mission, caster, observation } = self;
        while search.run_while(mission, caster, observation, slice, || true) == SearchProgress::Running {}
        search
    }

    fn decide(&mut self, state: &MissionState, config: &SearchConfig) -> Decision {
        decide(&self.mission, state, config, SearchTree::default(), &mut self.caster, &mut self.observation).0
    }
}

fn config(simulations: u32) -> SearchConfig {
    SearchConfig { simulations, ..Default::default() }
}

#[test]
fn a_decision_does_not_depend_on_how_the_search_is_sliced() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    let whole = bench.search(&state, &config(150), u32::MAX);
    for slice in [1, 7, 149] {
        let sliced = bench.search(&state, &config(150), slice);
        assert_eq!(sliced.tree().to_json(), whole.tree().to_json(), "slices of {slice}");
    }
}

#[test]
fn equal_seeds_decide_alike_and_other_keys_imagine_other_images() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    let decision = bench.decide(&state, &config(100));
    assert_eq!(decision, bench.decide(&state, &config(100)));
    for other in [MissionState { seed: Seed(2), ..state.clone() }, MissionState { episode: 4, ..state.clone() }] {
        assert_ne!(decision.summary.q, bench.decide(&other, &config(100)).summary.q);
    }
}

#[test]
fn visits_add_up_to_the_simulations_with_the_root_counted() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    let search = bench.search(&state, &config(200), 50);
    assert_eq!(search.tree().check_at_rest(), Ok(()));
    assert_eq!((search.simulations_done(), search.simulations()), (200, 200));
    let summary = search.finish().0.summary;
    assert_eq!(summary.simulations, 200);
    assert_eq!(summary.visits.iter().sum::<u32>(), 199);
    assert!(summary.tree_nodes <= 200, "at most one node a simulation");
    assert!(summary.priors.iter().all(|prior| (prior - 1.0 / 13.0).abs() < 1e-7));
}

#[test]
fn the_search_looks_no_further_than_horizon_and_mission() {
    let mut bench = Bench::new(|_| {});
    let mut state = bench.start(1);
    let greedy = SearchConfig { exploration: 0.05, horizon: 3, ..config(300) };
    assert_eq!(bench.decide(&state, &greedy).summary.depth, 3);
    state.step = 6;
    assert_eq!(bench.decide(&state, &greedy).summary.depth, 2, "two steps are left");
    state.step = 8;
    let over = bench.decide(&state, &greedy);
    assert_eq!((over.action, over.summary.tree_nodes), (Action::NONE, 1));
}

#[test]
fn passive_and_random_answer_at_once() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    let passive = SearchConfig { planner: PlannerKind::Passive, ..Default::default() };
    let search = Search::begin(&bench.mission, &state, &passive, SearchTree::default());
    assert_eq!((search.progress(), search.simulations()), (SearchProgress::Done, 0));
    assert_eq!(search.finish().0.action, Action::NONE);

    let random = SearchConfig { planner: PlannerKind::Random, ..Default::default() };
    let mut chosen = [0_u32; Action::COUNT];
    for episode in 0..1300 {
        chosen[bench.decide(&MissionState { episode, ..state.clone() }, &random).action.index()] += 1;
    }
    // 1300 draws over 13 actions: mean 100, standard deviation 9.6; five of them.
    assert!(chosen.iter().all(|&count| count.abs_diff(100) < 48), "{chosen:?}");
}

#[test]
fn rewards_pay_for_what_was_learnt_and_charge_for_the_burn() {
    let mut bench = Bench::new(|scenario| scenario.reward.dv_cost_per_m_s = 2.0);
    let state = bench.start(1);
    let search = bench.search(&state, &config(100), u32::MAX);
    let (tree, mission) = (&*search.tree(), &bench.mission);
    for id in tree.ids().skip(1) {
        let node = tree.node(id);
        let parent = node.parent.unwrap();
        let drop_nats = tree.node(parent).entropy_nats - node.entropy_nats;
        let cost = 2.0 * mission.actions().impulse(node.action).magnitude_m_s();
        let reward = tree.edges(parent)[node.action.index()].reward;
        assert!((f64::from(reward) - (drop_nats / mission.initial_entropy_nats() - cost)).abs() < 1e-7);
    }
}

#[test]
fn actions_of_a_node_are_compared_in_the_same_imagined_world() {
    let mut bench = Bench::new(|scenario| {
        // A micrometre a second for a second: no pixel's ray enters another voxel.
        (scenario.actions.small_dv_m_s, scenario.actions.large_dv_m_s, scenario.step_s) = (1e-6, 1e-6, 1.0);
        scenario.reward.dv_cost_per_m_s = 0.0;
    });
    let state = bench.start(1);
    let search = bench.search(&state, &config(14), u32::MAX);
    let rewards: Vec<_> = search.tree().edges(NodeId::ROOT).iter().map(|edge| edge.reward).collect();
    assert_eq!(rewards, [rewards[0]; Action::COUNT], "burns that move nothing see the same image");
    assert!(rewards[0] > 0.0);
}

#[test]
fn a_nodes_entropy_is_that_of_its_belief() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    let search = bench.search(&state, &config(200), u32::MAX);
    let (tree, code) = (&*search.tree(), bench.mission.compact_code());
    let of = |id| code.entropy_nats(tree.belief(id));
    for id in tree.ids().filter(|&id| !tree.node(id).is_terminal()) {
        let dropped = tree.node(NodeId::ROOT).entropy_nats - tree.node(id).entropy_nats;
        // Entropies of compact beliefs are whole multiples of 2⁻³¹ nats, differences of them exact.
        assert!((dropped - (of(NodeId::ROOT) - of(id))).abs() < 1e-9);
    }
}

#[test]
fn a_prohibitive_price_of_burns_means_no_burn() {
    // Random roll-outs burn too, by chance: it takes more of them to see the price of the one burn that matters.
    for (roll_out, simulations) in [(RollOutPolicy::Random, 3000), (RollOutPolicy::Coast, 300)] {
        let mut bench = Bench::new(|scenario| {
            scenario.reward.dv_cost_per_m_s = 1000.0;
            scenario.camera.pixels = 8;
        });
        let state = bench.start(1);
        let decision = bench.decide(&state, &SearchConfig { roll_out, ..config(simulations) });
        assert_eq!(decision.action, Action::NONE, "{roll_out} roll-outs");
    }
}

/// Final entropies of five episodes, nats.
fn final_entropies(config: &SearchConfig) -> Vec<f64> {
    let mission = Mission::new(Scenario::embedded("standoff_200m").unwrap(), None).unwrap();
    let (mut caster, mut observation) =
        (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()));
    let mut tree = SearchTree::default();
    (1..=5)
        .map(|seed| {
            let mut state = mission.begin(Seed(seed), 0, &mut caster, &mut observation);
            while !state.is_done(&mission) {
                let (decision, back) =
                    decide(&mission, &state, config, std::mem::take(&mut tree), &mut caster, &mut observation);
                tree = back;
                mission.step(&mut state, decision.action, &mut caster, &mut observation).unwrap();
            }
            state.belief.entropy_nats()
        })
        .collect()
}

#[test]
fn on_the_200_m_hold_the_search_learns_more_than_passive_flight_for_every_seed() {
    let passive = final_entropies(&SearchConfig { planner: PlannerKind::Passive, ..Default::default() });
    let searched = final_entropies(&config(50));
    for (searched, passive) in searched.iter().zip(&passive) {
        // Passive flight keeps about 294 nats, the unseen sides of the target; the search should leave half of it.
        assert!(2.0 * searched < *passive, "{searched} against {passive} nats");
    }
}

#[test]
fn only_the_oracle_sees_the_true_shape() {
    let mut one = Bench::new(|_| {});
    let mut two = Bench::new(|scenario| scenario.target = TargetShape::Cube { side_m: 12.0 });
    assert_ne!(one.mission.truth(), two.mission.truth());
    let state = one.start(1);
    let honest = config(150);
    assert_eq!(one.decide(&state, &honest), two.decide(&state, &honest));
    let oracle = SearchConfig { knowledge: Knowledge::Oracle, ..honest };
    assert_ne!(one.decide(&state, &oracle), two.decide(&state, &oracle));
}

#[test]
fn a_reference_tree_stays_under_65_mb_and_is_used_again_as_it_is() {
    let mut bench = Bench::new(|scenario| scenario.camera.pixels = 4);
    let state = bench.start(1);
    let mut tree = SearchTree::default();
    let mut sizes = Vec::new();
    for _ in 0..2 {
        let Bench { mission, caster, observation } = &mut bench;
        tree = decide(mission, &state, &config(3000), tree, caster, observation).1;
        sizes.push(tree.memory_bytes());
    }
    assert!(sizes[0] < 65_000_000, "{} bytes", sizes[0]);
    assert_eq!(sizes[0], sizes[1]);
}

#[test]
fn candidates_are_the_most_visited_branches_and_their_arcs_meet_the_nodes() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    let Decision { action, summary } = bench.decide(&state, &config(600));
    assert_eq!(summary.candidates.len(), SearchSummary::MAX_CANDIDATES);
    assert!(summary.candidates.is_sorted_by(|one, two| one.visits >= two.visits));
    assert_eq!(summary.best_path[0].action, action);

    let (chief, dynamics) = (bench.mission.chief(), bench.mission.dynamics());
    let position = |roe, time_s: f32| {
        let state = dynamics.initial(chief, roe, f64::from(time_s));
        dynamics.rtn(chief, &state).position_rtn_m.as_vec3()
    };
    for branch in &summary.candidates {
        let roe = crate::orbit::RelativeOrbitalElements::from_array(branch.roe.map(f64::from));
        let burnt = dynamics.initial(chief, roe, f64::from(branch.time_s));
        let end = dynamics.rtn(chief, &dynamics.propagate(chief, &burnt, 120.0)).position_rtn_m.as_vec3();
        // Elements in f32 keep 7 digits of a few hundred metres.
        assert!(position(roe, branch.time_s).distance(branch.parent_position_rtn_m) < 1e-3);
        assert!(end.distance(branch.position_rtn_m) < 1e-3);
        assert!((0.0..=1.0).contains(&branch.q_normalised));
    }
}

#[test]
fn imagined_steps_inside_the_keep_out_sphere_cost_what_flown_ones_do() {
    let rewards = |keep_out_radius_m| {
        let mut bench = Bench::new(|scenario| {
            (scenario.reward.keep_out_radius_m, scenario.reward.keep_out_cost) = (keep_out_radius_m, 0.25);
        });
        let state = bench.start(1);
        let search = bench.search(&state, &config(14), u32::MAX);
        assert!(search.tree().edges(NodeId::ROOT).iter().all(|edge| edge.child.is_some()));
        search.tree().edges(NodeId::ROOT).iter().map(|edge| edge.reward).collect::<Vec<_>>()
    };
    for (outside, inside) in rewards(1.0).into_iter().zip(rewards(10_000.0)) {
        assert!((outside - inside - 0.25).abs() < 1e-6, "{outside} outside, {inside} inside");
    }
}

#[test]
fn the_tree_discounts_as_the_scenario_says() {
    let mut bench = Bench::new(|scenario| scenario.reward.discount = 0.5);
    let state = bench.start(1);
    let search = bench.search(&state, &config(200), u32::MAX);
    let tree = search.tree();
    let mut beyond_the_root = 0;
    for edge in tree.ids().flat_map(|id| tree.edges(id)) {
        let Some(child) = edge.child.map(|child| tree.node(child)) else { continue };
        beyond_the_root += usize::from(child.depth > 1);
        let returns = f64::from(edge.visits) * f64::from(edge.reward) + 0.5 * child.value_sum;
        assert!((edge.value_sum - returns).abs() < 1e-9, "{} instead of {returns}", edge.value_sum);
    }
    assert!(beyond_the_root > 50);
}

/// Flies without burns through the world that the root's roll-out imagines, by hand.
#[test]
fn a_roll_out_is_the_sum_of_its_rewards_discounted_as_the_scenario_says() {
    let mut bench = Bench::new(|scenario| scenario.reward.discount = 0.5);
    let state = bench.start(1);
    let said = bench.decide(&state, &config(1)).summary.own_value;

    let mission = &bench.mission;
    let mut belief = vec![0; mission.grid().len()];
    mission.compact_code().encode_into(&state.belief, &mut belief);
    let (mut shape, mut relative) = (ImaginedShape::empty(*mission.grid()), state.relative);
    let mut rng = state.stream_key(Purpose::RollOut).rng();
    mission.compact_code().imagine(&belief, &mut rng, &mut shape);
    let mut expected = 0.0;
    for step in 0..config(1).horizon {
        let arrival = mission.advance(&relative, Action::NONE);
        let image = &mut bench.observation;
        bench.caster.observe_imagined(&mut shape, arrival.position_rtn_m, mission.sensor(), &mut rng, image);
        let drop_nats = mission.update_rule().apply_compact(image, mission.compact_code(), &mut belief);
        expected += mission.reward(drop_nats, 0.0) * 0.5_f64.powi(step as i32);
        relative = arrival.relative;
    }
    assert!((f64::from(said) - expected).abs() < 1e-6, "{said} instead of {expected}");
    assert!(expected > 0.0);
}

#[test]
fn the_exploration_constant_of_the_settings_spreads_the_visits() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    for mode in ModeKind::ALL {
        let parallel = ParallelConfig { mode: *mode, leaves: 4, ..Default::default() };
        let mut most_visits = |exploration| {
            let config = SearchConfig { exploration, parallel: parallel.clone(), ..config(400) };
            bench.decide(&state, &config).summary.visits.into_iter().max()
        };
        // 399 visits are 30 or 31 for each of the 13 actions.
        assert!(most_visits(100.0) <= Some(40), "{mode}: {:?}", most_visits(100.0));
        assert!(most_visits(0.0) >= Some(100), "{mode}: {:?}", most_visits(0.0));
    }
}

/// Takes every step of a search again, each with the shape that belongs to the simulation that made its parent.
#[test]
fn every_node_imagines_a_world_of_its_own() {
    let mut bench = Bench::new(|_| {});
    let state = bench.start(1);
    let search = bench.search(&state, &config(200), u32::MAX);
    let (tree, mission) = (&*search.tree(), &bench.mission);
    let mut shape = ImaginedShape::empty(*mission.grid());
    let mut below_the_root = 0;
    for id in tree.ids().skip(1).filter(|&id| !tree.node(id).is_terminal()) {
        let node = tree.node(id);
        let parent = node.parent.expect("not the root");
        let simulation = tree.node(parent).simulation;
        let mut rng = StreamKey { simulation, ..state.stream_key(Purpose::Shape) }.rng();
        let mut belief = tree.belief(parent).to_vec();
        mission.compact_code().imagine(&belief, &mut rng, &mut shape);
        let position_rtn_m = mission.advance(&tree.node(parent).state, node.action).position_rtn_m;
        let image = &mut bench.observation;
        bench.caster.observe_imagined(&mut shape, position_rtn_m, mission.sensor(), &mut rng, image);
        mission.update_rule().apply_compact(image, mission.compact_code(), &mut belief);
        assert_eq!(tree.belief(id), belief, "node {}", id.index());
        below_the_root += usize::from(node.depth > 1);
    }
    assert!(below_the_root > 50, "{below_the_root}");
    let worlds: HashSet<u32> = tree.nodes().iter().map(|node| node.simulation).collect();
    assert_eq!(worlds.len(), tree.nodes().len(), "each node has the number of the simulation that made it");
}
