//! One decision that is searched with a network.

use crate::mission::Mission;
use crate::network::{LeafEncoder, LeafEvaluation};
use crate::search::{AlphaZeroDecision, AlphaZeroSearch, AskedLeaf, SearchTree, WorkTimes};
use crate::sensor::{Observation, RayCaster};

/// One decision that is searched with a network: the search, and its pending leaves, whose values are still to come.
#[derive(Debug)]
pub struct NetworkSearch {
    search: Box<AlphaZeroSearch>,
    pending: Vec<AskedLeaf>,
}

impl From<AlphaZeroSearch> for NetworkSearch {
    fn from(search: AlphaZeroSearch) -> Self {
        Self { search: Box::new(search), pending: Vec::new() }
    }
}

impl NetworkSearch {
    /// The search.
    pub fn search(&self) -> &AlphaZeroSearch {
        &self.search
    }

    /// Leaves whose values are still to come.
    pub fn pending(&self) -> &[AskedLeaf] {
        &self.pending
    }

    /// Walks to the next leaves, one walk after the other. Without a pending leaf after that the search is done. To walk on
    /// several workers at once there is [`walk_all`](super::walk_all).
    pub fn walk(&mut self, mission: &Mission, caster: &mut RayCaster, observation: &mut Observation) {
        self.search.walk(mission, caster, observation, &mut self.pending);
    }

    /// The search, to walk its parts on several workers; then come [`take_leaves`](Self::take_leaves).
    pub(super) fn search_mut(&mut self) -> &mut AlphaZeroSearch {
        &mut self.search
    }

    /// Takes the leaves that the parts of the search have found. Returns where their time has gone.
    pub(super) fn take_leaves(&mut self) -> WorkTimes {
        self.search.take_leaves(&mut self.pending);
        self.search.take_work_times()
    }

    /// Writes the rows of some of its leaves, `[leaves, row_len]`.
    pub(super) fn write_rows(&self, mission: &Mission, encoder: &LeafEncoder, leaves: &[AskedLeaf], rows: &mut [f32]) {
        for (&leaf, row) in leaves.iter().zip(rows.chunks_mut(encoder.row_len())) {
            encoder.write(mission, &self.search.tree_of(leaf), leaf.node, row);
        }
    }

    /// Backs up the values of all pending leaves, in their order.
    pub(super) fn apply(&mut self, mission: &Mission, encoder: &LeafEncoder, evaluations: &[LeafEvaluation]) {
        for (leaf, evaluation) in self.pending.drain(..).zip(evaluations) {
            let value = encoder.value(mission, &self.search.tree_of(leaf), leaf.node, evaluation);
            self.search.apply(leaf, value);
        }
    }

    /// Decides, and gives the tree back.
    pub fn finish(self) -> (AlphaZeroDecision, SearchTree) {
        self.search.finish()
    }
}
