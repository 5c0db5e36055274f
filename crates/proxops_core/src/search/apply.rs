use crate::mission::Action;

use super::{Evaluation, NodeId, SearchTree};

/// The answer to a [`LeafRequest`](super::LeafRequest).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeafValue {
    /// The node that was asked for.
    pub node: NodeId,
    /// Discounted return expected from the node on.
    pub value: f32,
    /// How likely each action looks, if the evaluator knows; otherwise they stay uniform.
    pub priors: Option<[f32; Action::COUNT]>,
}

impl LeafValue {
    /// The value of a node after which nothing can be done.
    pub fn terminal(node: NodeId) -> Self {
        Self { node, value: 0.0, priors: None }
    }
}

/// Backs a value up from its node to the root and takes the marks off the path.
///
/// Every edge on the way gets r + γV, so that Q is its mean; V is what arrived at the edge's child.
pub fn apply<S>(tree: &mut SearchTree<S>, leaf: LeafValue) {
    if let Some(priors) = leaf.priors {
        for (edge, prior) in tree.edges_mut(leaf.node).iter_mut().zip(priors) {
            edge.prior = prior;
        }
    }
    tree.node_mut(leaf.node).evaluation = Evaluation::Done;
    let discount = tree.discount();
    let mut value = f64::from(leaf.value);
    let mut at = leaf.node;
    loop {
        let node = tree.node_mut(at);
        node.visits += 1;
        node.in_flight -= 1;
        node.value_sum += value;
        let Some(parent) = node.parent else { return };
        let action = node.action;
        let edge = tree.edge_mut(parent, action);
        value = f64::from(edge.reward) + discount * value;
        edge.visits += 1;
        edge.in_flight -= 1;
        edge.value_sum += value;
        let q = edge.value_sum / f64::from(edge.visits);
        tree.value_range_mut().include(q);
        at = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::super::toy;
    use super::*;

    /// Eight simulations with UCB1, c = 1, γ = 1/2, worked by hand. Returns r + γV backed up at the root, in order:
    /// a0 3/4 (leaf 2); a1 5/8 (leaf 3); a0 7/16 (ends at 4); a1 11/16 (at 6); a1 3/4 (at 7); a0 1/4 (at 5); a1 3/4 (at 7).
    #[test]
    fn eight_simulations_give_the_visits_and_values_worked_by_hand() {
        let mut tree = toy::tree(8);
        toy::run(&mut tree, 0..6);
        let states: Vec<_> = tree.nodes().iter().map(|node| node.state).collect();
        assert_eq!(states, [1, 2, 3, 4, 6, 7], "in the order of the walks; nobody has walked to 5 yet");
        toy::run(&mut tree, 6..8);

        let root = tree.node(NodeId::ROOT);
        assert_eq!((root.visits, root.value()), (8, Some(4.25 / 8.0)));
        let edges: Vec<_> = tree.edges(NodeId::ROOT).iter().map(|edge| (edge.visits, edge.q())).collect();
        assert_eq!(edges, [(3, Some(1.4375 / 3.0)), (4, Some(0.703125))]);

        let second = tree.edges(NodeId::ROOT)[1].child.unwrap();
        assert_eq!((tree.node(second).visits, tree.node(second).value_sum), (4, 0.625));
        let edges: Vec<_> = tree.edges(second).iter().map(|edge| (edge.visits, edge.q(), edge.reward)).collect();
        assert_eq!(edges, [(1, Some(0.125), 0.125), (2, Some(0.25), 0.25)]);
    }

    #[test]
    fn the_value_range_spans_every_mean_an_edge_has_had() {
        let mut tree = toy::tree(8);
        toy::run(&mut tree, 0..4);
        assert_eq!((tree.value_range().low(), tree.value_range().high()), (0.375, 0.75));
        toy::run(&mut tree, 4..8);
        assert_eq!((tree.value_range().low(), tree.value_range().high()), (0.0, 0.75));
    }

    #[test]
    fn visits_add_up_and_nothing_stays_in_flight() {
        let mut tree = toy::tree(200);
        toy::run(&mut tree, 0..200);
        assert_eq!(tree.check_at_rest(), Ok(()));
        assert_eq!(tree.node(NodeId::ROOT).visits, 200);
        assert_eq!(tree.edges(NodeId::ROOT).iter().map(|edge| edge.visits).sum::<u32>(), 199);
    }

    #[test]
    fn priors_reach_the_edges_of_their_node() {
        let mut tree = toy::tree(8);
        let mut priors = [0.0; Action::COUNT];
        priors[..2].copy_from_slice(&[0.75, 0.25]);
        tree.node_mut(NodeId::ROOT).in_flight = 1;
        apply(&mut tree, LeafValue { node: NodeId::ROOT, value: 0.5, priors: Some(priors) });
        assert_eq!(tree.edges(NodeId::ROOT).iter().map(|edge| edge.prior).collect::<Vec<_>>(), [0.75, 0.25]);
        assert_eq!(tree.check_at_rest(), Ok(()));
    }
}
