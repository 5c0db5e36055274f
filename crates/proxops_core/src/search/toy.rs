//! A decision process small enough to search by hand: two actions, two steps, discount one half. Nodes are numbered as in
//! a heap: the root is 1, the children of s are 2s and 2s + 1. All numbers are exact in binary.

use std::ops::Range;

use rand::SeedableRng;

use crate::mission::{Action, Purpose, StreamRng};

use super::{
    DetachedLeaf, Gathered, InFlight, LeafRequest, LeafValue, NodeId, Outcome, Root, SearchModel, SearchTree, Ucb1,
    apply, gather,
};

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

    fn imagine(&mut self, _belief: &[i16], _rng: &mut StreamRng) {}

    fn step(&mut self, state: &u32, action: Action, belief: &mut [i16], _rng: &mut StreamRng) -> Outcome<u32> {
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
    tree.begin(Root { nodes, ..root(&[0; 4]) });
}

pub fn root(belief: &[i16]) -> Root<'_, u32> {
    Root {
        state: 1,
        belief,
        entropy_nats: 8.0,
        step: 7,
        depth_limit: 2,
        discount: 0.5,
        actions: 2,
        simulation: 0,
        in_flight: InFlight::VisitsOnly,
        nodes: 8,
    }
}

pub fn value(tree: &SearchTree<u32>, node: NodeId) -> LeafValue {
    LeafValue { node, value: VALUE[tree.node(node).state as usize], priors: None }
}

pub fn value_of(leaf: &DetachedLeaf<u32>) -> LeafValue {
    LeafValue { node: leaf.node, value: VALUE[leaf.state as usize], priors: None }
}

/// The value of a node, wherever a walk has ended.
pub fn value_or_end(tree: &SearchTree<u32>, node: NodeId) -> LeafValue {
    if tree.node(node).is_terminal() { LeafValue::terminal(node) } else { value(tree, node) }
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
