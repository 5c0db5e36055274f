use super::select::{Selected, arrive_first, select};
use super::{NodeId, SearchModel, SearchTree, SelectionRule};

/// A node whose value a search is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafRequest {
    /// The node to evaluate: its state and belief are in the tree.
    pub node: NodeId,
    /// The simulation that asks; it keys the evaluator's random numbers.
    pub simulation: u32,
}

/// A leaf with what its evaluation needs of the tree besides the belief.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetachedLeaf<S> {
    /// The node to evaluate.
    pub node: NodeId,
    /// The simulation that asks.
    pub simulation: u32,
    /// The node's state.
    pub state: S,
    /// Steps from it to the tree's depth limit.
    pub steps_left: u32,
}

impl<S: Copy> SearchTree<S> {
    /// A requested leaf, to be evaluated away from the tree.
    pub fn detach(&self, request: LeafRequest) -> DetachedLeaf<S> {
        let LeafRequest { node, simulation } = request;
        let leaf = self.node(node);
        DetachedLeaf { node, simulation, state: leaf.state, steps_left: self.depth_limit() - leaf.depth }
    }
}

/// Where one walk down the tree ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathered {
    /// At a node without a value. Its path is marked in flight until [`apply`](super::apply) gets the value.
    Leaf(LeafRequest),
    /// At a node after which nothing can be done: its value is 0 and needs no evaluator. Its path is marked in flight
    /// until [`apply`](super::apply) gets that value.
    Terminal(NodeId),
    /// At something that another walk is busy with: a node that waits for its value, or an edge whose step is being taken.
    /// Nothing is marked.
    Collision,
}

/// Walks once from the root to a node without a value, choosing edges by `rule`.
///
/// The first walk through an edge takes its step in the `model`: one burn, one image, one belief update. `simulation`
/// numbers the walks of a decision and keys the random numbers of what they make and ask for.
pub fn gather<M: SearchModel>(
    tree: &mut SearchTree<M::State>,
    model: &mut M,
    rule: &impl SelectionRule,
    simulation: u32,
) -> Gathered {
    let step = match select(tree, model.actions(), rule, simulation) {
        Selected::Leaf(request) => return Gathered::Leaf(request),
        Selected::Terminal(node) => return Gathered::Terminal(node),
        Selected::Collision(_) => return Gathered::Collision,
        Selected::Untaken(step) => step,
    };
    let child = tree.take_step(&step, |belief| step.expand(model, belief));
    arrive_first(tree, child, simulation).map_or(Gathered::Terminal(child), Gathered::Leaf)
}

#[cfg(test)]
mod tests {
    use super::super::toy::{self, RULE, Toy};
    use super::super::{LeafValue, Root, apply};
    use super::*;

    #[test]
    fn the_first_walk_asks_for_the_root() {
        let mut tree = toy::tree(8);
        let expected = LeafRequest { node: NodeId::ROOT, simulation: 5 };
        assert_eq!(gather(&mut tree, &mut Toy::default(), &RULE, 5), Gathered::Leaf(expected));
    }

    #[test]
    fn nodes_are_made_one_a_simulation_with_one_step_each() {
        let mut tree = toy::tree(8);
        let mut model = Toy::default();
        for simulation in 0..7 {
            let node = match gather(&mut tree, &mut model, &RULE, simulation) {
                Gathered::Leaf(request) => request.node,
                Gathered::Terminal(node) => node,
                Gathered::Collision => panic!("one walk at a time cannot collide"),
            };
            apply(&mut tree, LeafValue::terminal(node));
            assert!(tree.nodes().len() <= simulation as usize + 1);
            assert_eq!(model.steps, tree.nodes().len() - 1, "walking through a node that exists takes no step");
        }
    }

    #[test]
    fn the_walk_ends_at_the_depth_limit() {
        let mut tree = toy::tree(64);
        toy::run(&mut tree, 0..60);
        assert_eq!(tree.depth(), 2);
        assert_eq!(tree.nodes().len(), 7);
        assert!(tree.nodes().iter().all(|node| node.is_terminal() == (node.depth == 2)));
    }

    #[test]
    fn a_walk_to_a_node_being_valued_collides_and_leaves_no_mark() {
        let mut tree = toy::tree(8);
        let mut model = Toy::default();
        let Gathered::Leaf(root) = gather(&mut tree, &mut model, &RULE, 0) else { panic!("the root has no value yet") };
        assert_eq!(gather(&mut tree, &mut model, &RULE, 1), Gathered::Collision);
        assert_eq!(tree.node(root.node).in_flight, 1, "the mark of the first walk stays");
        let value = toy::value(&tree, root.node);
        apply(&mut tree, value);
        assert_eq!(tree.check_at_rest(), Ok(()));
    }

    #[test]
    fn walks_under_way_spread_over_the_actions() {
        let mut tree = toy::tree(8);
        let mut model = Toy::default();
        toy::run(&mut tree, 0..1);
        let leaves = [1, 2].map(|simulation| match gather(&mut tree, &mut model, &RULE, simulation) {
            Gathered::Leaf(request) => request.node,
            other => panic!("expected a leaf, not {other:?}"),
        });
        assert_eq!(leaves.map(|leaf| tree.node(leaf).state), [2, 3]);
        assert_eq!(tree.node(NodeId::ROOT).in_flight, 2);
        assert_eq!(gather(&mut tree, &mut model, &RULE, 3), Gathered::Collision);
        for leaf in leaves {
            let value = toy::value(&tree, leaf);
            apply(&mut tree, value);
        }
        assert_eq!(tree.check_at_rest(), Ok(()));
        assert_eq!(tree.node(NodeId::ROOT).visits, 3);
    }

    #[test]
    fn a_terminal_root_is_answered_at_once() {
        let mut tree = toy::tree(8);
        tree.begin(Root { depth_limit: 0, nodes: 1, ..toy::root(&[0; 4]) });
        assert_eq!(gather(&mut tree, &mut Toy::default(), &RULE, 0), Gathered::Terminal(NodeId::ROOT));
    }
}
