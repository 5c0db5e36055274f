use super::*;
use crate::search::toy;

#[test]
fn a_tree_begun_again_keeps_its_memory() {
    let mut tree = toy::tree(32);
    let bytes = tree.memory_bytes();
    let edges = tree.edges.as_ptr();
    for _ in 0..3 {
        toy::run(&mut tree, 0..31);
        assert_eq!(tree.memory_bytes(), bytes);
        toy::plant(&mut tree, 32);
    }
    assert_eq!(tree.edges.as_ptr(), edges);
    assert_eq!(tree.nodes().len(), 1);
    assert_eq!(tree.value_range(), ValueRange::EMPTY);
}

#[test]
fn terminal_nodes_have_neither_edges_nor_belief() {
    let mut tree = toy::tree(8);
    toy::run(&mut tree, 0..6);
    let terminal: Vec<_> = tree.ids().filter(|&id| tree.node(id).is_terminal()).collect();
    assert_eq!(terminal.len(), 3);
    for id in terminal {
        assert_eq!((tree.node(id).depth, tree.edges(id).len(), tree.belief(id).len()), (2, 0, 0));
    }
    assert_eq!(tree.beliefs.len(), 3 * 4, "one belief for each of the root and its two children");
}

#[test]
fn a_child_starts_from_its_parents_belief() {
    let mut tree = toy::tree(8);
    toy::run(&mut tree, 0..6);
    let beliefs: Vec<_> = tree.ids().map(|id| tree.belief(id).first().copied()).collect();
    assert_eq!(beliefs, [Some(0), Some(1), Some(1), None, None, None]);
}

#[test]
fn the_principal_variation_follows_visits() {
    let mut tree = toy::tree(8);
    toy::run(&mut tree, 0..6);
    let states: Vec<_> = tree.principal_variation().iter().map(|&id| tree.node(id).state).collect();
    assert_eq!(states, [3, 7]);
    assert!(SearchTree::<u32>::default().principal_variation().is_empty());
}

#[test]
fn a_torn_tree_is_noticed() {
    let mut tree = toy::tree(8);
    toy::run(&mut tree, 0..6);
    assert_eq!(tree.check_at_rest(), Ok(()));
    tree.edge_mut(NodeId::ROOT, Action::ALL[1]).in_flight = 1;
    assert_eq!(tree.check_at_rest().unwrap_err(), "node 0: 1 still in flight");
    tree.edge_mut(NodeId::ROOT, Action::ALL[1]).in_flight = 0;
    tree.edge_mut(NodeId::ROOT, Action::ALL[1]).visits += 1;
    assert!(tree.check_at_rest().is_err());
}
