use std::collections::VecDeque;

use crate::mission::Action;

use super::select::UntakenStep;
use super::{Edge, InFlight, NodeId, Outcome, Root, SearchTree};

/// Adds up trees of the same root: nodes that equal lines of play lead to become one, with all their visits and value
/// sums; priors, and rewards and entropies of what each tree imagined, are averaged.
///
/// The merged tree is for reading: it has no beliefs, and its root counts one evaluation for every tree.
pub(super) fn merge<S: Copy>(trees: &[&SearchTree<S>]) -> SearchTree<S> {
    let mut merged = SearchTree::default();
    let Some((first, root)) = trees.first().and_then(|tree| Some((tree, tree.nodes().first()?))) else { return merged };
    merged.begin(Root {
        state: root.state,
        belief: &[],
        entropy_nats: root.entropy_nats,
        step: first.step(NodeId::ROOT),
        depth_limit: first.depth_limit(),
        discount: first.discount(),
        actions: first.edges(NodeId::ROOT).len(),
        simulation: root.simulation,
        in_flight: InFlight::VisitsOnly,
        nodes: trees.iter().map(|tree| tree.nodes().len()).sum(),
    });
    for tree in trees {
        merged.value_range_mut().include_all(tree.value_range());
    }
    let roots: Vec<_> = trees.iter().map(|&tree| Source { tree, node: NodeId::ROOT }).collect();
    let mut to_do = VecDeque::from([(NodeId::ROOT, roots)]);
    while let Some((at, sources)) = to_do.pop_front() {
        add_up(&mut merged, at, &sources);
        for &action in &Action::ALL[..merged.edges(at).len()] {
            let children: Vec<_> = sources.iter().filter_map(|source| source.child(action)).collect();
            if let Some(outcome) = mean_outcome(&merged, at, &children) {
                let step = UntakenStep::of(&merged, at, action);
                let child = merged.insert(&step, outcome, &[]);
                to_do.push_back((child, children));
            }
        }
    }
    merged
}

/// One of the nodes that become one.
struct Source<'a, S> {
    tree: &'a SearchTree<S>,
    node: NodeId,
}

impl<'a, S> Source<'a, S> {
    fn edge(&self, action: Action) -> Option<&'a Edge> {
        self.tree.edges(self.node).get(action.index())
    }

    fn child(&self, action: Action) -> Option<Self> {
        Some(Self { tree: self.tree, node: self.edge(action)?.child? })
    }

    /// Reward of the step to this node.
    fn reward(&self) -> f64 {
        let node = self.tree.node(self.node);
        let edge = node.parent.and_then(|parent| self.tree.edges(parent).get(node.action.index()));
        edge.map_or(0.0, |edge| f64::from(edge.reward))
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

/// Writes the sums of the sources' counts into a merged node and its edges.
fn add_up<S: Copy>(merged: &mut SearchTree<S>, at: NodeId, sources: &[Source<S>]) {
    for source in sources {
        let from = source.tree.node(source.node);
        let node = merged.node_mut(at);
        node.visits += from.visits;
        node.value_sum += from.value_sum;
        node.evaluation = from.evaluation;
        for (edge, from) in merged.edges_mut(at).iter_mut().zip(source.tree.edges(source.node)) {
            edge.visits += from.visits;
            edge.value_sum += from.value_sum;
        }
    }
    for (index, edge) in merged.edges_mut(at).iter_mut().enumerate() {
        let prior = |source: &Source<S>| f64::from(source.tree.edges(source.node)[index].prior);
        edge.prior = mean(sources.iter().map(prior)) as f32;
    }
}

/// The step from a merged node to the node that its sources' children become; `None` if there are none.
fn mean_outcome<S: Copy>(merged: &SearchTree<S>, at: NodeId, children: &[Source<S>]) -> Option<Outcome<S>> {
    let first = children.first()?;
    let entropy_nats = mean(children.iter().map(|child| child.tree.node(child.node).entropy_nats));
    Some(Outcome {
        state: first.tree.node(first.node).state,
        reward: mean(children.iter().map(Source::reward)) as f32,
        entropy_drop_nats: merged.node(at).entropy_nats - entropy_nats,
    })
}

#[cfg(test)]
mod tests {
    use super::super::toy;
    use super::*;

    #[test]
    fn a_tree_merged_with_itself_has_twice_its_visits_and_the_same_means() {
        let mut tree = toy::tree(8);
        toy::run(&mut tree, 0..8);
        let merged = merge(&[&tree, &tree]);
        assert_eq!(merged.nodes().len(), tree.nodes().len());
        assert_eq!((merged.node(NodeId::ROOT).visits, merged.node(NodeId::ROOT).value()), (16, Some(4.25 / 8.0)));
        for (both, one) in merged.edges(NodeId::ROOT).iter().zip(tree.edges(NodeId::ROOT)) {
            assert_eq!((both.visits, both.q(), both.reward), (2 * one.visits, one.q(), one.reward));
        }
        assert_eq!(merged.own_value(NodeId::ROOT), tree.own_value(NodeId::ROOT));
        assert_eq!(merged.value_range(), tree.value_range());
        let states = |tree: &SearchTree<u32>| -> Vec<_> {
            tree.principal_variation().iter().map(|&id| tree.node(id).state).collect()
        };
        assert_eq!(states(&merged), states(&tree));
    }

    /// After 2 simulations the tree holds the root and a0; after 6 it holds all but one node (see `apply`'s test).
    #[test]
    fn nodes_that_only_one_tree_has_are_kept() {
        let (mut small, mut large) = (toy::tree(8), toy::tree(8));
        toy::run(&mut small, 0..2);
        toy::run(&mut large, 0..6);
        let merged = merge(&[&small, &large]);
        let mut states: Vec<_> = merged.nodes().iter().map(|node| node.state).collect();
        states.sort_unstable();
        assert_eq!(states, [1, 2, 3, 4, 6, 7]);
        let visits: Vec<_> = merged.edges(NodeId::ROOT).iter().map(|edge| edge.visits).collect();
        let of = |tree: &SearchTree<u32>, action: usize| tree.edges(NodeId::ROOT)[action].visits;
        assert_eq!(visits, [of(&small, 0) + of(&large, 0), of(&large, 1)]);
        assert_eq!(merged.node(NodeId::ROOT).visits, 8);
    }

    #[test]
    fn nothing_merges_to_an_empty_tree() {
        assert!(merge::<u32>(&[]).nodes().is_empty());
    }
}
