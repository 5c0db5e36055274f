use crate::mission::Action;
use crate::orbit::RelativeState;

use super::select::{Collision, Selected, UntakenStep, abandon, select};
use super::{DetachedLeaf, Gathered, LeafValue, NodeId, SearchModel, SearchTree, SelectionRule, apply, gather};

/// A tree, the simulations that it is to be grown by, and how many of them have begun and ended.
#[derive(Clone, Debug, Default)]
pub struct GrowingTree<S = RelativeState> {
    tree: SearchTree<S>,
    /// Number of the first simulation.
    first: u32,
    simulations: u32,
    begun: u32,
    done: u32,
}

/// Where a walk through a tree that others walk too has ended.
pub(super) enum Found<S> {
    /// At a leaf that needs a value; its belief is copied.
    Leaf(DetachedLeaf<S>),
    /// At a step to take; the belief it begins with is copied.
    Step(UntakenStep<S>),
    /// Where nothing can be done any more: it is backed up.
    End,
    /// At something that another walk is busy with.
    Collision(Collision),
    /// Nowhere: all simulations have begun.
    Nothing,
}

impl<S: Copy> GrowingTree<S> {
    /// A planted tree that is to be grown by `simulations`, numbered from `first` on.
    pub fn new(tree: SearchTree<S>, first: u32, simulations: u32) -> Self {
        Self { tree, first, simulations, begun: 0, done: 0 }
    }

    /// The tree as it stands.
    pub fn tree(&self) -> &SearchTree<S> {
        &self.tree
    }

    /// The tree, to be used again.
    pub fn into_tree(self) -> SearchTree<S> {
        self.tree
    }

    /// Simulations to do in all.
    pub fn simulations(&self) -> u32 {
        self.simulations
    }

    /// Simulations done.
    pub fn done(&self) -> u32 {
        self.done
    }

    /// Simulations that wait for their value.
    pub fn in_flight(&self) -> u32 {
        self.begun - self.done
    }

    /// Whether all simulations are done.
    pub fn is_done(&self) -> bool {
        self.done >= self.simulations
    }

    /// Whether all simulations have at least begun.
    pub(super) fn has_begun_all(&self) -> bool {
        self.begun >= self.simulations
    }

    /// Backs up the value of a leaf in flight.
    pub fn finish(&mut self, value: LeafValue) {
        apply(&mut self.tree, value);
        self.done += 1;
    }

    /// One simulation after the other, at most `max_simulations` and for as long as `keep_going` says after each.
    pub fn grow<M: SearchModel<State = S>>(
        &mut self,
        model: &mut M,
        rule: &impl SelectionRule,
        mut evaluate: impl FnMut(&mut M, &DetachedLeaf<S>, &[i16]) -> LeafValue,
        max_simulations: u32,
        keep_going: &impl Fn() -> bool,
    ) {
        for _ in 0..max_simulations.min(self.simulations - self.done) {
            match self.gather(model, rule) {
                Some(leaf) => {
                    let value = evaluate(model, &leaf, self.tree.belief(leaf.node));
                    self.finish(value);
                }
                // The walk has ended at a terminal node and is backed up already: nothing is in flight to collide with.
                None => debug_assert_eq!(self.in_flight(), 0),
            }
            if !keep_going() {
                return;
            }
        }
    }

    /// Begins the next simulation and walks to its leaf. `None` if it needs no value, or no walk is possible now.
    pub(super) fn gather<M: SearchModel<State = S>>(
        &mut self,
        model: &mut M,
        rule: &impl SelectionRule,
    ) -> Option<DetachedLeaf<S>> {
        if self.has_begun_all() {
            return None;
        }
        match gather(&mut self.tree, model, rule, self.first + self.begun) {
            Gathered::Leaf(request) => {
                self.begun += 1;
                Some(self.tree.detach(request))
            }
            Gathered::Terminal(node) => {
                self.begun += 1;
                self.finish(LeafValue::terminal(node));
                None
            }
            Gathered::Collision => None,
        }
    }

    /// The part of [`gather`](Self::gather) that needs the tree: what it needs elsewhere is copied into `belief`.
    pub(super) fn find(&mut self, order: &[Action], rule: &impl SelectionRule, belief: &mut Vec<i16>) -> Found<S> {
        if self.has_begun_all() {
            return Found::Nothing;
        }
        let selected = select(&mut self.tree, order, rule, self.first + self.begun);
        if let Selected::Collision(what) = selected {
            return Found::Collision(what);
        }
        self.begun += 1;
        match selected {
            Selected::Leaf(request) => {
                self.copy_belief(request.node, belief);
                Found::Leaf(self.tree.detach(request))
            }
            Selected::Untaken(step) => {
                self.copy_belief(step.parent, belief);
                Found::Step(step)
            }
            Selected::Terminal(node) => {
                self.finish(LeafValue::terminal(node));
                Found::End
            }
            Selected::Collision(what) => Found::Collision(what),
        }
    }

    fn copy_belief(&self, node: NodeId, belief: &mut Vec<i16>) {
        belief.clear();
        belief.extend_from_slice(self.tree.belief(node));
    }

    /// Adds the node that a step has led to. `None` if it needs no value: it is then backed up.
    pub(super) fn insert(
        &mut self,
        step: &UntakenStep<S>,
        outcome: super::Outcome<S>,
        belief: &[i16],
    ) -> Option<DetachedLeaf<S>> {
        let child = self.tree.insert(step, outcome, belief);
        match super::select::arrive_first(&mut self.tree, child, step.simulation) {
            Some(request) => Some(self.tree.detach(request)),
            None => {
                self.finish(LeafValue::terminal(child));
                None
            }
        }
    }

    /// Takes back a simulation that has begun and whose leaf will get no value.
    pub(super) fn abandon(&mut self, leaf: NodeId) {
        abandon(&mut self.tree, leaf);
        self.begun -= 1;
    }

    /// Checks what must hold whenever no walk is under way; see [`SearchTree::check_at_rest`].
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn check_at_rest(&self) -> Result<(), String> {
        self.tree.check_at_rest()?;
        let visits = self.tree.nodes().first().map_or(0, |root| root.visits);
        if visits == self.done && self.begun == self.done {
            Ok(())
        } else {
            Err(format!("{} simulations begun, {} done, but {visits} visits of the root", self.begun, self.done))
        }
    }
}
