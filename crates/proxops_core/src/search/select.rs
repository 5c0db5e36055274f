//! The cheap part of a walk: everything but the step to a new node. A shared tree is locked for this and no longer.

use crate::mission::{Action, Purpose, StreamRng};

use super::{Evaluation, Gathered, LeafRequest, NodeId, Outcome, SearchModel, SearchTree, SelectionRule};

/// Where a walk through the nodes there are ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Selected<S> {
    /// At a node without a value; its path is marked in flight and the node pending.
    Leaf(LeafRequest),
    /// At a node after which nothing can be done; its path is marked in flight.
    Terminal(NodeId),
    /// At an edge that nobody has walked yet; its path and the edge are marked in flight.
    Untaken(UntakenStep<S>),
    /// At something that another walk is busy with. Nothing is marked.
    Collision(Collision),
}

/// What a walk can run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collision {
    /// A leaf that waits for its value.
    Leaf,
    /// An edge whose step is being taken.
    Step,
}

/// A step that the tree still lacks, with what it takes to take it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct UntakenStep<S> {
    /// The node it begins at.
    pub parent: NodeId,
    /// Its state.
    pub state: S,
    pub action: Action,
    /// The walk that takes it.
    pub simulation: u32,
    /// The simulation that made the parent and keys the shape its actions are imagined with.
    world: u32,
}

impl<S: Copy> UntakenStep<S> {
    /// The step from a node.
    pub fn of(tree: &SearchTree<S>, parent: NodeId, action: Action) -> Self {
        let node = tree.node(parent);
        Self { parent, state: node.state, action, simulation: node.simulation, world: node.simulation }
    }

    /// Takes the step; `belief` is the parent's and becomes the child's.
    pub fn expand<M: SearchModel<State = S>>(&self, model: &mut M, belief: &mut [i16]) -> Outcome<S> {
        let mut rng: StreamRng = model.rng(self.world, Purpose::Shape);
        model.imagine(belief, &mut rng);
        model.step(&self.state, self.action, belief, &mut rng)
    }
}

/// Walks down from the root by `rule` to the first thing that is missing. `order` is that of untried actions.
pub(super) fn select<S: Copy>(
    tree: &mut SearchTree<S>,
    order: &[Action],
    rule: &impl SelectionRule,
    simulation: u32,
) -> Selected<S> {
    let mut at = NodeId::ROOT;
    loop {
        match arrive(tree, at, simulation) {
            Some(Gathered::Leaf(request)) => return Selected::Leaf(request),
            Some(Gathered::Terminal(node)) => return Selected::Terminal(node),
            Some(Gathered::Collision) => {
                withdraw(tree, at);
                return Selected::Collision(Collision::Leaf);
            }
            None => {}
        }
        // The present walk is already counted at the node, but chooses as if it were not there.
        let action = rule.select(&tree.choice(at, tree.node(at).in_flight - 1, order));
        let edge = tree.edge_mut(at, action);
        match edge.child {
            None if edge.in_flight > 0 => {
                withdraw(tree, at);
                return Selected::Collision(Collision::Step);
            }
            None => {
                edge.in_flight += 1;
                return Selected::Untaken(UntakenStep { simulation, ..UntakenStep::of(tree, at, action) });
            }
            Some(child) => {
                edge.in_flight += 1;
                at = child;
            }
        }
    }
}

/// Marks a walk that has come to a node; `None` if it goes on below.
fn arrive<S>(tree: &mut SearchTree<S>, at: NodeId, simulation: u32) -> Option<Gathered> {
    let node = tree.node_mut(at);
    node.in_flight += 1;
    if node.is_terminal() {
        return Some(Gathered::Terminal(at));
    }
    match node.evaluation {
        Evaluation::Unasked => {
            node.evaluation = Evaluation::Pending;
            Some(Gathered::Leaf(LeafRequest { node: at, simulation }))
        }
        Evaluation::Pending => Some(Gathered::Collision),
        Evaluation::Done => None,
    }
}

/// Marks the walk that has made a node; `None` if it needs no value.
pub(super) fn arrive_first<S>(tree: &mut SearchTree<S>, child: NodeId, simulation: u32) -> Option<LeafRequest> {
    match arrive(tree, child, simulation) {
        Some(Gathered::Leaf(request)) => Some(request),
        _ => None,
    }
}

/// Takes back a leaf request: its walk's marks go, and the next walk to the node asks again.
pub(super) fn abandon<S>(tree: &mut SearchTree<S>, leaf: NodeId) {
    tree.node_mut(leaf).evaluation = Evaluation::Unasked;
    withdraw(tree, leaf);
}

/// Takes back the marks of a walk that ended at `end`.
fn withdraw<S>(tree: &mut SearchTree<S>, end: NodeId) {
    let mut at = end;
    loop {
        tree.node_mut(at).in_flight -= 1;
        let node = tree.node(at);
        let Some(parent) = node.parent else { return };
        let action = node.action;
        tree.edge_mut(parent, action).in_flight -= 1;
        at = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::super::toy::{self, RULE, Toy};
    use super::super::{InFlight, LeafValue, Root, apply};
    use super::*;

    fn select_next(tree: &mut SearchTree<u32>, simulation: u32) -> Selected<u32> {
        select(tree, Toy::default().actions(), &RULE, simulation)
    }

    #[test]
    fn a_step_taken_elsewhere_makes_the_same_tree() {
        let (mut here, mut elsewhere) = (toy::tree(8), toy::tree(8));
        toy::run(&mut here, 0..8);
        for simulation in 0..8 {
            let node = match select_next(&mut elsewhere, simulation) {
                Selected::Leaf(request) => request.node,
                Selected::Terminal(node) => node,
                Selected::Untaken(step) => {
                    let mut belief = elsewhere.belief(step.parent).to_vec();
                    let outcome = step.expand(&mut Toy::default(), &mut belief);
                    let child = elsewhere.insert(&step, outcome, &belief);
                    arrive_first(&mut elsewhere, child, simulation);
                    child
                }
                Selected::Collision(what) => panic!("one walk at a time, but {what:?}"),
            };
            let value = toy::value_or_end(&elsewhere, node);
            apply(&mut elsewhere, value);
        }
        assert_eq!(here.to_json(), elsewhere.to_json());
        assert!(here.ids().all(|id| here.belief(id) == elsewhere.belief(id)));
    }

    #[test]
    fn a_walk_to_an_edge_being_made_collides_and_leaves_no_mark() {
        let mut tree = toy::tree(8);
        toy::run(&mut tree, 0..1);
        let steps = [1, 2].map(|simulation| match select_next(&mut tree, simulation) {
            Selected::Untaken(step) => step,
            other => panic!("expected a step, not {other:?}"),
        });
        assert_eq!(steps.map(|step| step.action.index()), [0, 1]);
        assert_eq!(select_next(&mut tree, 3), Selected::Collision(Collision::Step));
        assert_eq!(tree.node(NodeId::ROOT).in_flight, 2);
        for step in steps {
            let mut belief = tree.belief(step.parent).to_vec();
            let outcome = step.expand(&mut Toy::default(), &mut belief);
            let child = tree.insert(&step, outcome, &belief);
            arrive_first(&mut tree, child, step.simulation);
            apply(&mut tree, LeafValue { node: child, value: 0.5, priors: None });
        }
        assert_eq!(tree.check_at_rest(), Ok(()));
    }

    /// After 3 simulations both actions of the root have one visit, Q 3/4 and 5/8, the best and the worst value met. One
    /// walk goes through a0. For the next, a0's bonus is √(ln 4/2) = 0.8326 and a1's score 0 + √(ln 4) = 1.1774. Left alone,
    /// a0's Q is 1 on the scale: 1.8326. A virtual loss of weight 1 makes it (3/4 + 5/8)/2, 1/2 on the scale: 1.3326; of
    /// weight 3 (3/4 + 3·5/8)/4, 1/4: 1.0826, and the walk turns to a1.
    #[test]
    fn a_virtual_loss_sends_the_next_walk_elsewhere_as_worked_by_hand() {
        for (in_flight, action) in [
            (InFlight::VisitsOnly, 0),
            (InFlight::VirtualLoss { weight: 1.0 }, 0),
            (InFlight::VirtualLoss { weight: 3.0 }, 1),
        ] {
            let mut tree = SearchTree::default();
            tree.begin(Root { in_flight, ..toy::root(&[0; 4]) });
            toy::run(&mut tree, 0..3);
            let steps = [3, 4].map(|simulation| match select_next(&mut tree, simulation) {
                Selected::Untaken(step) => tree.node(step.parent).action.index(),
                other => panic!("expected a step, not {other:?}"),
            });
            assert_eq!(steps, [0, action], "{in_flight:?}");
        }
    }

    #[test]
    fn an_abandoned_leaf_is_asked_for_again() {
        let mut tree = toy::tree(8);
        let Selected::Leaf(request) = select_next(&mut tree, 0) else { panic!("the root has no value yet") };
        abandon(&mut tree, request.node);
        assert_eq!(tree.check_at_rest(), Ok(()));
        assert!(matches!(select_next(&mut tree, 1), Selected::Leaf(_)));
    }
}
