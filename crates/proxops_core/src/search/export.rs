use std::fmt::{self, Write};

use serde_json::{Value, json};

use crate::mission::Action;

use super::{Edge, NodeId, SearchTree};

/// One line a node, indented by depth. A precision limits the depth: `format!("{tree:.2}")` shows two levels.
impl<S> fmt::Display for SearchTree<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(root) = self.nodes().first() else { return formatter.write_str("empty tree\n") };
        let value = root.value().unwrap_or(0.0);
        writeln!(formatter, "root: N {}, V {value:+.4}, H {:.2} nats", root.visits, root.entropy_nats)?;
        write_children(self, formatter, NodeId::ROOT)
    }
}

fn write_children<S>(tree: &SearchTree<S>, formatter: &mut fmt::Formatter<'_>, id: NodeId) -> fmt::Result {
    let depth = tree.node(id).depth as usize;
    if formatter.precision().is_some_and(|limit| depth >= limit) {
        return Ok(());
    }
    for (action, edge, child) in made_edges(tree, id) {
        let (q, end) = (edge.q().unwrap_or(0.0), if tree.node(child).is_terminal() { ", end" } else { "" });
        let indent = 2 * (depth + 1);
        writeln!(formatter, "{:indent$}{action}: N {}, Q {q:+.4}, r {:+.4}{end}", "", edge.visits, edge.reward)?;
        write_children(tree, formatter, child)?;
    }
    Ok(())
}

/// The edges of a node that have been walked, with their actions and children.
fn made_edges<S>(tree: &SearchTree<S>, id: NodeId) -> impl Iterator<Item = (Action, &Edge, NodeId)> {
    tree.edges(id).iter().zip(Action::ALL).filter_map(|(edge, action)| Some((action, edge, edge.child?)))
}

impl<S> SearchTree<S> {
    /// The tree as a Graphviz graph, without the nodes visited fewer than `min_visits` times.
    pub fn to_dot(&self, min_visits: u32) -> String {
        let mut dot = String::from("digraph search {\n  node [shape=box];\n");
        for id in self.ids().filter(|&id| id == NodeId::ROOT || self.node(id).visits >= min_visits) {
            // Writing to a string cannot fail.
            let _ = self.write_dot_node(&mut dot, id);
        }
        dot.push_str("}\n");
        dot
    }

    fn write_dot_node(&self, dot: &mut String, id: NodeId) -> fmt::Result {
        let (index, node) = (id.index(), self.node(id));
        let value = node.value().unwrap_or(0.0);
        writeln!(dot, "  n{index} [label=\"N {}\\nV {value:+.4}\"];", node.visits)?;
        let Some(parent) = node.parent else { return Ok(()) };
        let edge = &self.edges(parent)[node.action.index()];
        let (q, action) = (edge.q().unwrap_or(0.0), node.action);
        writeln!(dot, "  n{} -> n{index} [label=\"{action}\\nQ {q:+.4}\"];", parent.index())
    }

    /// The tree as JSON: limits of the search and all nodes with the edges that have been walked. Beliefs are left out.
    pub fn to_json(&self) -> Value {
        let nodes: Vec<Value> = self.ids().map(|id| self.node_to_json(id)).collect();
        json!({ "depth_limit": self.depth_limit(), "discount": self.discount(), "nodes": nodes })
    }

    fn node_to_json(&self, id: NodeId) -> Value {
        let node = self.node(id);
        let edges: Vec<Value> = made_edges(self, id)
            .map(|(action, edge, child)| {
                json!({
                    "action": action.index(),
                    "visits": edge.visits,
                    "q": edge.q(),
                    "reward": edge.reward,
                    "prior": edge.prior,
                    "child": child.index(),
                })
            })
            .collect();
        json!({
            "depth": node.depth,
            "step": self.step(id),
            "terminal": node.is_terminal(),
            "visits": node.visits,
            "value": node.value(),
            "entropy_nats": node.entropy_nats,
            "edges": edges,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::toy;
    use super::*;

    /// The toy's tree after four simulations: two actions tried at the root, one below the first.
    fn tree() -> SearchTree<u32> {
        let mut tree = toy::tree(8);
        toy::run(&mut tree, 0..4);
        tree
    }

    #[test]
    fn display_shows_one_line_a_node() {
        let (none, other) = (Action::ALL[0], Action::ALL[1]);
        let expected = format!(
            "root: N 4, V +0.4531, H 8.00 nats\n\
             \x20 {none}: N 2, Q +0.5938, r +0.2500\n\
             \x20   {none}: N 1, Q +0.3750, r +0.3750, end\n\
             \x20 {other}: N 1, Q +0.6250, r +0.6250\n"
        );
        assert_eq!(tree().to_string(), expected);
        assert_eq!(format!("{:.1}", tree()).lines().count(), 3);
        assert_eq!(SearchTree::<u32>::default().to_string(), "empty tree\n");
    }

    #[test]
    fn dot_draws_every_node_visited_often_enough() {
        let (none, other) = (Action::ALL[0], Action::ALL[1]);
        let expected = format!(
            r#"digraph search {{
  node [shape=box];
  n0 [label="N 4\nV +0.4531"];
  n1 [label="N 2\nV +0.6875"];
  n0 -> n1 [label="{none}\nQ +0.5938"];
  n2 [label="N 1\nV +0.0000"];
  n0 -> n2 [label="{other}\nQ +0.6250"];
  n3 [label="N 1\nV +0.0000"];
  n1 -> n3 [label="{none}\nQ +0.3750"];
}}
"#
        );
        assert_eq!(tree().to_dot(1), expected);
        assert_eq!(tree().to_dot(2).matches("->").count(), 1);
    }

    #[test]
    fn json_lists_nodes_with_the_edges_walked() {
        let expected = json!({
            "depth_limit": 2,
            "discount": 0.5,
            "nodes": [
                { "depth": 0, "step": 7, "terminal": false, "visits": 4, "value": 0.453125, "entropy_nats": 8.0, "edges": [
                    { "action": 0, "visits": 2, "q": 0.59375, "reward": 0.25, "prior": 0.5, "child": 1 },
                    { "action": 1, "visits": 1, "q": 0.625, "reward": 0.625, "prior": 0.5, "child": 2 },
                ] },
                { "depth": 1, "step": 8, "terminal": false, "visits": 2, "value": 0.6875, "entropy_nats": 7.0, "edges": [
                    { "action": 0, "visits": 1, "q": 0.375, "reward": 0.375, "prior": 0.5, "child": 3 },
                ] },
                { "depth": 1, "step": 8, "terminal": false, "visits": 1, "value": 0.0, "entropy_nats": 7.0, "edges": [] },
                { "depth": 2, "step": 9, "terminal": true, "visits": 1, "value": 0.0, "entropy_nats": 6.0, "edges": [] },
            ],
        });
        assert_eq!(tree().to_json(), expected);
    }
}
