//! A decision process small enough to search by hand: two actions, two steps, discount one half. Nodes are numbered as in
//! a heap: the root is 1, the children of s are 2s and 2s + 1. All numbers are exact in binary.

use std::ops::Range;

use rand::SeedableRng;

use crate::mission::{Action, Purpose, StreamRng};

use super::{Gathered, LeafRequest, LeafValue, NodeId, Outcome, Root, SearchModel, SearchTree, Ucb1, apply, gather};

pub const REWARD: [f32; 8] = [0.0, 0.0, 0.25, 0.625, 0.375, 0.0, 0.125, 0.25];
pub const VALUE: [f32; 4] = [0.0, 0.0, 1.0, 0.0];
pub const RULE: Ucb1 = Ucb1 { exploration: 1.0 };

/// Counts its steps, so that tests see what was imagined.
#[derive(Default)]
pub struct Toy {
    pub steps: usize,
}

impl SearchModel for Toy {
    type State = u32;

    fn actions(&self) -> &[Action] {
        &Action::ALL[..2]
    }

    fn rng(&self, simulation: u32, _purpose: Purpose) -> StreamRng {
        StreamRng::seed_from_u64(u64::from(simulation))
    }

    fn imagine(&mut self, _belief: &[i8], _rng: &mut StreamRng) {}

    fn step(&mut self, state: &u32, action: Action, belief: &mut [i8], _rng: &mut StreamRng) -> Outcome<u32> {
        self.steps += 1;
        belief[0] += 1;
        let state = 2 * state + action.index() as u32;
        Outcome { state, reward: REWARD[state as usize], entropy_drop_nats: 1.0 }
    }
}

/// A planted tree with room for `nodes`.
pub fn tree(nodes: usize) -> SearchTree<u32> {
    let mut tree = SearchTree::default();
    plant(&mut tree, nodes);
    tree
}

pub fn plant(tree: &mut SearchTree<u32>, nodes: usize) {
    let belief = [0; 4];
    let root = Root {
        state: 1,
        belief: &belief,
        entropy_nats: 8.0,
        step: 7,
        depth_limit: 2,
        discount: 0.5,
        actions: 2,
        nodes,
    };
    tree.begin(root);
}

pub fn value(tree: &SearchTree<u32>, node: NodeId) -> LeafValue {
    LeafValue { node, value: VALUE[tree.node(node).state as usize], priors: None }
}

/// One simulation after the other, leaves valued by [`VALUE`].
pub fn run(tree: &mut SearchTree<u32>, simulations: Range<u32>) {
    for simulation in simulations {
        let leaf = match gather(tree, &mut Toy::default(), &RULE, simulation) {
            Gathered::Leaf(LeafRequest { node, .. }) => value(tree, node),
            Gathered::Terminal(node) => LeafValue::terminal(node),
            Gathered::Collision => panic!("one walk at a time cannot collide"),
        };
        apply(tree, leaf);
    }
}
