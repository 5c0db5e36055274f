//! A two-armed bandit: search, network and learner together have to find out which arm pays more.

use burn::backend::{Autodiff, Flex};
use rand::RngExt;

use crate::mission::{Action, Purpose, Seed, StreamKey, StreamRng};
use crate::network::{
    BatchPlan, BeliefEncoding, EvaluationBatch, Evaluator, InputEncoder, LeafEvaluation, NetworkEvaluator,
    NetworkWeights, OrbitFeatures, PolicyValueNetConfig,
};
use crate::search::{
    Choice, Gathered, Gumbel, GumbelRoot, InFlight, LeafValue, NodeId, Outcome, Puct, Root, SearchModel, SearchTree,
    SelectionRule, apply, gather, visit_schedule,
};
use crate::voxel::CompactCode;

use super::learner::{Learn, Learner, LearnerConfig};
use super::replay::ReplayBuffer;
use super::samples::EpisodeRecorder;

const CELLS: usize = 512;
const SIMULATIONS: u32 = 8;
/// What the network sees: not zero, or its biases alone could learn.
const INPUT: OrbitFeatures = OrbitFeatures([1.0; OrbitFeatures::LEN]);
/// Chances that an arm pays 1.
const CHANCES: [f64; 2] = [0.3, 0.7];

struct TwoArms {
    round: u32,
}

impl SearchModel for TwoArms {
    type State = u32;

    fn actions(&self) -> &[Action] {
        &Action::ALL[..2]
    }

    fn rng(&self, simulation: u32, purpose: Purpose) -> StreamRng {
        StreamKey { seed: Seed(1), episode: self.round, step: 0, simulation, purpose }.rng()
    }

    fn imagine(&mut self, _belief: &[i16], _rng: &mut StreamRng) {}

    fn step(&mut self, state: &u32, action: Action, _belief: &mut [i16], rng: &mut StreamRng) -> Outcome<u32> {
        // One number for both arms would tell which is better in a single comparison.
        let paid = (0..=action.index()).map(|_| rng.random_bool(CHANCES[action.index()])).last() == Some(true);
        Outcome { state: *state, reward: f32::from(u8::from(paid)), entropy_drop_nats: 0.0 }
    }
}

/// One search with the network at the root; returns its policy and value.
fn search(round: u32, own: &LeafEvaluation, rule: &Rules) -> ([f32; Action::COUNT], f64) {
    let mut model = TwoArms { round };
    let mut tree = SearchTree::default();
    tree.begin(Root {
        state: 0,
        belief: &[0; CELLS],
        entropy_nats: 1.0,
        step: 0,
        depth_limit: 1,
        discount: 1.0,
        actions: 2,
        simulation: 0,
        in_flight: InFlight::VisitsOnly,
        nodes: SIMULATIONS as usize,
    });
    for simulation in 0..SIMULATIONS {
        let value = match gather(&mut tree, &mut model, rule, simulation) {
            Gathered::Leaf(request) => LeafValue { node: request.node, value: own.value, priors: Some(own.priors()) },
            Gathered::Terminal(node) => LeafValue::terminal(node),
            Gathered::Collision => panic!("one walk at a time cannot collide"),
        };
        apply(&mut tree, value);
    }
    let root = tree.node(NodeId::ROOT);
    let choice = tree.choice(NodeId::ROOT, 0, &Action::ALL[..2]);
    (rule.policy(&choice), root.value().unwrap_or(0.0))
}

enum Rules {
    Puct(Puct),
    Gumbel(Gumbel),
}

impl Rules {
    fn policy(&self, choice: &Choice) -> [f32; Action::COUNT] {
        let mut policy = [0.0; Action::COUNT];
        match self {
            Self::Gumbel(rule) => policy = rule.improved_policy(choice).map(|share| share as f32),
            Self::Puct(_) => {
                let total: u32 = choice.edges.iter().map(|edge| edge.visits).sum();
                for (share, edge) in policy.iter_mut().zip(choice.edges) {
                    *share = edge.visits as f32 / total as f32;
                }
            }
        }
        policy
    }
}

impl SelectionRule for Rules {
    fn select(&self, choice: &Choice) -> Action {
        match self {
            Self::Puct(rule) => rule.select(choice),
            Self::Gumbel(rule) => rule.select(choice),
        }
    }
}

fn encoding() -> BeliefEncoding {
    BeliefEncoding::new(&CompactCode::new(6.86, -2.99))
}

fn evaluate(weights: &NetworkWeights) -> LeafEvaluation {
    let encoder = InputEncoder::new(weights.config(), encoding()).unwrap();
    let mut batch = EvaluationBatch::new(encoder.row_len(), 1);
    batch.set_leaves(1);
    encoder.write(&[0; CELLS], &INPUT, batch.row_mut(0));
    let plan = BatchPlan::Padded { shapes: vec![1] };
    NetworkEvaluator::<Flex>::new("bandit", weights, Default::default(), plan).unwrap().evaluate(&mut batch).unwrap();
    batch.evaluations()[0]
}

/// Plays and learns; returns what the network says in the end.
fn learn(rule: &Rules) -> LeafEvaluation {
    let config = PolicyValueNetConfig::compact().with_cells_per_axis(8);
    let weights = NetworkWeights::untrained(&config, Seed(2)).unwrap();
    let settings = LearnerConfig { learning_rate: 3e-3, decay_steps: 200, batch_size: 32, ..Default::default() };
    // A mirrored bandit would have other arms.
    let settings = LearnerConfig { mirror: false, ..settings };
    let mut learner =
        Learner::<Autodiff<Flex>>::new(&settings, &weights, encoding(), Seed(2), Default::default()).unwrap();
    let mut replay = ReplayBuffer::new(128);
    let mut round = 0;
    for _ in 0..12 {
        let own = evaluate(&learner.weights().unwrap());
        for _ in 0..32 {
            let (policy, value) = search(round, &own, rule);
            let mut recorder = EpisodeRecorder::new(u64::from(round), CELLS);
            recorder.decide(&[0; CELLS], INPUT, &policy, 1.0, value).unwrap();
            let arm = usize::from(policy[1] > policy[0]);
            let mut rng =
                StreamKey { seed: Seed(3), episode: round, step: 0, simulation: 0, purpose: Purpose::Sensor }.rng();
            recorder.reward(f64::from(u8::from(rng.random_bool(CHANCES[arm])))).unwrap();
            replay.push(recorder.finish(1.0, 1.0).unwrap());
            round += 1;
        }
        for _ in 0..16 {
            learner.step(&replay).unwrap();
        }
    }
    evaluate(&learner.weights().unwrap())
}

fn assert_knows_the_better_arm(own: &LeafEvaluation) {
    let priors = own.priors();
    assert!(priors[1] > 0.7, "prior of the better arm: {priors:?}");
    assert!((0.5..0.9).contains(&own.value), "value: {}, the better arm pays 0.7 on average", own.value);
}

#[test]
fn gumbel_search_and_learning_find_the_better_arm() {
    let root = GumbelRoot { draw: [0.0; Action::COUNT], schedule: visit_schedule(2, SIMULATIONS as usize - 1) };
    assert_knows_the_better_arm(&learn(&Rules::Gumbel(Gumbel { root, visit_scale: 50.0, value_scale: 0.05 })));
}

#[test]
fn puct_search_and_learning_find_the_better_arm() {
    assert_knows_the_better_arm(&learn(&Rules::Puct(Puct {
        exploration: 1.5,
        first_play_reduction: 0.2,
        noise: None,
    })));
}
