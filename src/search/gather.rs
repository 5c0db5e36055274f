use crate::mission::Purpose;

use super::{Choice, Evaluation, NodeId, SearchModel, SearchTree, SelectionRule};

/// A node whose value a search is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafRequest {
    /// The node to evaluate: its state and belief are in the tree.
    pub node: NodeId,
    /// The simulation that asks; it keys the evaluator's random numbers.
    pub simulation: u32,
}

/// Where one walk down the tree ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathered {
    /// At a node without a value. Its path is marked in flight until [`apply`](super::apply) gets the value.
    Leaf(LeafRequest),
    /// At a node after which nothing can be done: its value is 0 and needs no evaluator. Its path is marked in flight
    /// until [`apply`](super::apply) gets that value.
    Terminal(NodeId),
    /// At a node whose value another walk is waiting for. Nothing is marked.
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
    let mut at = NodeId::ROOT;
    loop {
        tree.node_mut(at).in_flight += 1;
        let node = tree.node(at);
        if node.is_terminal() {
            return Gathered::Terminal(at);
        }
        match node.evaluation {
            Evaluation::Unasked => {
                tree.node_mut(at).evaluation = Evaluation::Pending;
                return Gathered::Leaf(LeafRequest { node: at, simulation });
            }
            Evaluation::Pending => {
                withdraw(tree, at);
                return Gathered::Collision;
            }
            Evaluation::Done => at = descend(tree, model, rule, at, simulation),
        }
    }
}

/// Chooses an edge of `at`, marks it and returns the node it leads to, which it makes on the first walk.
fn descend<M: SearchModel>(
    tree: &mut SearchTree<M::State>,
    model: &mut M,
    rule: &impl SelectionRule,
    at: NodeId,
    simulation: u32,
) -> NodeId {
    let node = tree.node(at);
    let action = rule.select(&Choice {
        visits: node.visits,
        // The present walk is already counted at the node, but chooses as if it were not there.
        in_flight: node.in_flight - 1,
        own_value: tree.own_value(at),
        depth: node.depth,
        edges: tree.edges(at),
        order: model.actions(),
        range: tree.value_range(),
    });
    let edge = tree.edge_mut(at, action);
    edge.in_flight += 1;
    if let Some(child) = edge.child {
        return child;
    }
    let mut rng = model.rng(tree.node(at).simulation, Purpose::Shape);
    tree.add_child(at, action, simulation, |state, belief| {
        model.imagine(belief, &mut rng);
        model.step(state, action, belief, &mut rng)
    })
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
    use super::super::{LeafValue, apply};
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
        let root = super::super::Root {
            state: 1,
            belief: &[0],
            entropy_nats: 1.0,
            step: 50,
            depth_limit: 0,
            discount: 1.0,
            actions: 2,
            nodes: 1,
        };
        tree.begin(root);
        assert_eq!(gather(&mut tree, &mut Toy::default(), &RULE, 0), Gathered::Terminal(NodeId::ROOT));
    }
}
