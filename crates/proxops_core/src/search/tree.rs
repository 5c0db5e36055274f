use std::ops::Range;

use crate::memory::product;
use crate::mission::Action;
use crate::orbit::RelativeState;

use super::select::UntakenStep;
use super::{Choice, InFlight, Outcome, ValueRange};

/// Which node of a [`SearchTree`]. The root is [`NodeId::ROOT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The state that the search decides in.
    pub const ROOT: Self = Self(0);

    /// Position in the arena; children come after their parents.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One action at one node: what it led to and what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Completed visits, N.
    pub visits: u32,
    /// Walks under way through this edge, O. They count as visits when choosing and never in Q.
    pub in_flight: u32,
    /// Sum over the completed visits of r + γV.
    pub value_sum: f64,
    /// Reward r of the imagined step, its burn paid for; 0 until the step has been taken.
    pub reward: f32,
    /// How likely the action looks before it is tried; uniform unless an evaluator knows better.
    pub prior: f32,
    /// The node it leads to, once the step has been taken.
    pub child: Option<NodeId>,
}

impl Edge {
    pub(super) fn new(prior: f32) -> Self {
        Self { visits: 0, in_flight: 0, value_sum: 0.0, reward: 0.0, prior, child: None }
    }

    /// Mean of r + γV over the completed visits, `None` before the first.
    pub fn q(&self) -> Option<f64> {
        (self.visits > 0).then(|| self.value_sum / f64::from(self.visits))
    }
}

/// How far the evaluation of a node has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// Nobody has asked for the node's value.
    Unasked,
    /// A leaf request is out.
    Pending,
    /// The value is backed up; walks go on below the node.
    Done,
}

/// A belief state reached by a sequence of actions and imagined images.
#[derive(Clone, Copy, Debug)]
pub struct Node<S> {
    /// The state to step from.
    pub state: S,
    /// Entropy of the node's belief, nats.
    pub entropy_nats: f64,
    /// The node above; `None` at the root.
    pub parent: Option<NodeId>,
    /// The action that led here from the parent; the first action at the root.
    pub action: Action,
    /// Steps below the root.
    pub depth: u32,
    /// The simulation that made the node. It keys the images of all its edges, so that actions are compared in the same
    /// imagined world: what differs is what they do, not the luck of the draw (common random numbers).
    pub simulation: u32,
    /// Completed visits: the node's own evaluation and its edges' visits.
    pub visits: u32,
    /// Walks under way through the node.
    pub in_flight: u32,
    /// Sum of the values of the completed visits, as seen from this node.
    pub value_sum: f64,
    /// Whether the node has its value.
    pub evaluation: Evaluation,
    /// Place of the node's edges and belief in their pools; `None` at terminal nodes, which need neither.
    slot: Option<u32>,
}

impl<S> Node<S> {
    fn new(state: S, entropy_nats: f64, depth: u32) -> Self {
        Self {
            state,
            entropy_nats,
            parent: None,
            action: Action::NONE,
            depth,
            simulation: 0,
            visits: 0,
            in_flight: 0,
            value_sum: 0.0,
            evaluation: Evaluation::Unasked,
            slot: None,
        }
    }

    /// Nothing can be done from here: the horizon or the mission's end.
    pub fn is_terminal(&self) -> bool {
        self.slot.is_none()
    }

    /// Mean value of the completed visits, `None` before the first.
    pub fn value(&self) -> Option<f64> {
        (self.visits > 0).then(|| self.value_sum / f64::from(self.visits))
    }
}

/// The root of a tree and the limits of its search.
#[derive(Clone, Copy, Debug)]
pub struct Root<'a, S> {
    /// The state that the search decides in.
    pub state: S,
    /// The belief there, one number a voxel.
    pub belief: &'a [i16],
    /// Its entropy, nats.
    pub entropy_nats: f64,
    /// The mission step the root stands at.
    pub step: u32,
    /// Steps that may be taken below the root; nodes at this depth are terminal.
    pub depth_limit: u32,
    /// Discount γ of the backup.
    pub discount: f64,
    /// Number of actions, 1 to [`Action::COUNT`].
    pub actions: usize,
    /// The simulation that the search begins with; it keys the images of the root's actions.
    pub simulation: u32,
    /// How walks under way count where another walk chooses.
    pub in_flight: InFlight,
    /// Nodes that the search may make, the root included. Room is made for them at once, up to 128 MiB of beliefs.
    pub nodes: usize,
}

/// Beliefs that a tree makes room for at once; larger trees grow as they are searched, and never beyond what the nodes that
/// they may have can need.
const RESERVED_BELIEF_BYTES: usize = 128 << 20;

/// The arena of one search: nodes, edges and beliefs in flat pools, linked by `u32` ids.
///
/// A node's edges are contiguous, one an action. Nodes are made when a walk first takes their edge, so one simulation
/// costs one image. A tree is begun again and again; its pools keep their memory.
#[derive(Clone, Debug)]
pub struct SearchTree<S = RelativeState> {
    nodes: Vec<Node<S>>,
    /// `actions` edges for every slot.
    edges: Vec<Edge>,
    /// `belief_len` numbers for every slot; while a terminal node is made also one more, as scratch.
    beliefs: Vec<i16>,
    /// Numbers of beliefs that the nodes which this search may make can need.
    most_belief_numbers: usize,
    value_range: ValueRange,
    actions: usize,
    belief_len: usize,
    depth_limit: u32,
    root_step: u32,
    discount: f64,
    in_flight: InFlight,
}

impl<S> Default for SearchTree<S> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            edges: Vec::new(),
            beliefs: Vec::new(),
            most_belief_numbers: 0,
            value_range: ValueRange::EMPTY,
            actions: 0,
            belief_len: 0,
            depth_limit: 0,
            root_step: 0,
            discount: 1.0,
            in_flight: InFlight::VisitsOnly,
        }
    }
}

impl<S: Copy> SearchTree<S> {
    /// Forgets everything and plants a root. Allocates only what the pools have never held before.
    pub fn begin(&mut self, root: Root<S>) {
        self.clear();
        self.actions = root.actions;
        self.belief_len = root.belief.len();
        self.depth_limit = root.depth_limit;
        self.root_step = root.step;
        self.discount = root.discount;
        self.in_flight = root.in_flight;
        self.reserve(root.nodes.max(1));
        self.beliefs.extend_from_slice(root.belief);
        self.push(Node { simulation: root.simulation, ..Node::new(root.state, root.entropy_nats, 0) });
    }

    /// Makes room for `nodes`.
    fn reserve(&mut self, nodes: usize) {
        let slots = slots_of(nodes, self.depth_limit, self.actions);
        self.most_belief_numbers = (slots + 1) * self.belief_len;
        self.nodes.reserve_exact(nodes);
        self.edges.reserve_exact(slots * self.actions);
        self.beliefs.reserve_exact(self.most_belief_numbers.min(RESERVED_BELIEF_BYTES / size_of::<i16>()));
    }

    /// Makes room for one more belief: by half as much again, but for no more than the search can need.
    fn make_room(&mut self) {
        let (held, capacity) = (self.beliefs.len(), self.beliefs.capacity());
        if held + self.belief_len > capacity {
            let wanted = (capacity + capacity / 2).min(self.most_belief_numbers).max(held + self.belief_len);
            self.beliefs.reserve_exact(wanted - held);
        }
    }

    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.edges.clear();
        self.beliefs.clear();
        self.value_range = ValueRange::EMPTY;
    }

    /// Appends a node; the last `belief_len` numbers of the pool are its belief, dropped again if it is terminal.
    fn push(&mut self, node: Node<S>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let slots = self.edges.len() / self.actions.max(1);
        let terminal = node.depth >= self.depth_limit;
        if terminal {
            self.beliefs.truncate(slots * self.belief_len);
        } else {
            let prior = 1.0 / self.actions as f32;
            self.edges.extend(std::iter::repeat_n(Edge::new(prior), self.actions));
        }
        self.nodes.push(Node { slot: (!terminal).then_some(slots as u32), ..node });
        id
    }

    /// Makes the child that a step leads to. `take` gets a copy of the parent's belief to update in place.
    pub(super) fn take_step(&mut self, step: &UntakenStep<S>, take: impl FnOnce(&mut [i16]) -> Outcome<S>) -> NodeId {
        self.make_room();
        let belief = self.belief_range(step.parent);
        let copy = self.beliefs.len();
        self.beliefs.extend_from_within(belief);
        let outcome = take(&mut self.beliefs[copy..]);
        self.link(step, outcome)
    }

    /// Adds the child that a step has led to elsewhere, with the belief there.
    pub(super) fn insert(&mut self, step: &UntakenStep<S>, outcome: Outcome<S>, belief: &[i16]) -> NodeId {
        if self.node(step.parent).depth + 1 < self.depth_limit {
            self.make_room();
            self.beliefs.extend_from_slice(belief);
        }
        self.link(step, outcome)
    }

    fn link(&mut self, step: &UntakenStep<S>, outcome: Outcome<S>) -> NodeId {
        let parent = self.node(step.parent);
        let node = Node::new(outcome.state, parent.entropy_nats - outcome.entropy_drop_nats, parent.depth + 1);
        let (action, simulation) = (step.action, step.simulation);
        let child = self.push(Node { parent: Some(step.parent), action, simulation, ..node });
        let edge = self.edge_mut(step.parent, action);
        edge.reward = outcome.reward;
        edge.child = Some(child);
        child
    }
}

impl<S> SearchTree<S> {
    /// All nodes, parents before their children.
    pub fn nodes(&self) -> &[Node<S>] {
        &self.nodes
    }

    /// The ids of all nodes, parents before their children.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<S> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node<S> {
        &self.nodes[id.index()]
    }

    /// The edges of a node, indexed by action; empty at terminal nodes.
    pub fn edges(&self, id: NodeId) -> &[Edge] {
        match self.node(id).slot {
            Some(slot) => &self.edges[slot as usize * self.actions..][..self.actions],
            None => &[],
        }
    }

    /// The value that a node got from its evaluator, without what came back through its edges; 0 before it has one.
    pub fn own_value(&self, id: NodeId) -> f64 {
        // Every walk that went on below the node added the same to the node and to one of its edges. What is left is its
        // own evaluation, or those of all the trees that a merged node stands for.
        let node = self.node(id);
        let (mut visits, mut value_sum) = (node.visits, 0.0);
        for edge in self.edges(id) {
            visits -= edge.visits;
            value_sum += edge.value_sum;
        }
        (node.value_sum - value_sum) / f64::from(visits.max(1))
    }

    /// The belief of a node, one number a voxel; empty at terminal nodes.
    pub fn belief(&self, id: NodeId) -> &[i16] {
        &self.beliefs[self.belief_range(id)]
    }

    fn belief_range(&self, id: NodeId) -> Range<usize> {
        match self.node(id).slot {
            Some(slot) => slot as usize * self.belief_len..(slot as usize + 1) * self.belief_len,
            None => 0..0,
        }
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node<S> {
        &mut self.nodes[id.index()]
    }

    /// Only nodes that are not terminal have edges.
    pub(super) fn edge_mut(&mut self, id: NodeId, action: Action) -> &mut Edge {
        let slot = self.nodes[id.index()].slot.map_or(0, |slot| slot as usize);
        &mut self.edges[slot * self.actions + action.index()]
    }

    pub(super) fn edges_mut(&mut self, id: NodeId) -> &mut [Edge] {
        match self.node(id).slot {
            Some(slot) => &mut self.edges[slot as usize * self.actions..][..self.actions],
            None => &mut [],
        }
    }

    /// What a rule may know of a node, where `in_flight` walks besides the one that chooses are under way.
    pub fn choice<'a>(&'a self, id: NodeId, in_flight: u32, order: &'a [Action]) -> Choice<'a> {
        let node = self.node(id);
        Choice {
            visits: node.visits,
            in_flight,
            own_value: self.own_value(id),
            depth: node.depth,
            edges: self.edges(id),
            order,
            range: self.value_range,
            virtual_loss: self.in_flight.virtual_loss(),
        }
    }

    pub(super) fn value_range_mut(&mut self) -> &mut ValueRange {
        &mut self.value_range
    }

    /// Range of all means of r + γV that edges of this tree have had.
    pub fn value_range(&self) -> ValueRange {
        self.value_range
    }

    /// Discount γ of the backup.
    pub fn discount(&self) -> f64 {
        self.discount
    }

    /// Steps that may be taken below the root.
    pub fn depth_limit(&self) -> u32 {
        self.depth_limit
    }

    /// The mission step that a node stands at.
    pub fn step(&self, id: NodeId) -> u32 {
        self.root_step + self.node(id).depth
    }

    /// Deepest node made so far.
    pub fn depth(&self) -> u32 {
        self.nodes.iter().map(|node| node.depth).max().unwrap_or(0)
    }

    /// The nodes from `id` up to the root, both included.
    pub fn path_to_root(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(Some(id), |&at| self.node(at).parent)
    }

    /// The most visited line of play: each node's most visited child, ties by Q, then by action, while there is one.
    pub fn principal_variation(&self) -> Vec<NodeId> {
        let next = |&id: &NodeId| {
            let edges = self.edges(id);
            super::most_visited(edges).and_then(|action| edges[action.index()].child)
        };
        std::iter::successors((!self.nodes.is_empty()).then_some(NodeId::ROOT), next).skip(1).collect()
    }

    /// Most bytes that the pools of a tree hold which may have `nodes` nodes of `actions` actions down to `depth_limit`, with
    /// beliefs of `belief_len` voxels.
    pub fn bytes_for(nodes: usize, depth_limit: u32, actions: usize, belief_len: usize) -> u64 {
        let slots = slots_of(nodes, depth_limit, actions);
        product(&[nodes, size_of::<Node<S>>()])
            .saturating_add(product(&[slots, actions, size_of::<Edge>()]))
            .saturating_add(product(&[slots + 1, belief_len, size_of::<i16>()]))
    }

    /// Bytes held by the pools, used or not.
    pub fn memory_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<S>>()
            + self.edges.capacity() * size_of::<Edge>()
            + self.beliefs.capacity() * size_of::<i16>()
    }
}

/// How many of `nodes` can need edges and a belief: no more than the full tree above the depth limit. The pool of beliefs
/// holds one more, the scratch in which a terminal node's step is taken.
fn slots_of(nodes: usize, depth_limit: u32, actions: usize) -> usize {
    let level = |depth| actions.checked_pow(depth).unwrap_or(usize::MAX);
    let mut full_tree = 0_usize;
    for depth in 0..depth_limit {
        full_tree = full_tree.saturating_add(level(depth));
        if full_tree >= nodes {
            return nodes;
        }
    }
    full_tree
}

#[cfg(test)]
mod tests;
