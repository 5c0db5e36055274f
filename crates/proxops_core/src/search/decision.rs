use glam::{DVec3, Vec3};
use serde::{Deserialize, Serialize};

use crate::mission::{Action, ActionSet};
use crate::orbit::{ChiefOrbit, Dynamics, RelativeState};

use super::{NodeId, SearchTree};

/// What a planner chose, and everything worth showing of how it came to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The burn to make now.
    pub action: Action,
    /// The search behind it.
    pub summary: SearchSummary,
}

/// A search in numbers and arcs, small enough to keep for every step of an episode.
///
/// Arrays are indexed by action. Planners that do not search leave all of it at zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchSummary {
    /// Mean discounted return from the root.
    pub root_value: f32,
    /// What the evaluator said of the root before any action was tried: a roll-out's return, or the network's value.
    pub own_value: f32,
    /// Simulations done.
    pub simulations: u32,
    /// Visits of the root's actions.
    pub visits: [u32; Action::COUNT],
    /// Mean of r + γV of the root's actions; 0 where never visited.
    pub q: [f32; Action::COUNT],
    /// How likely each action looked before it was tried.
    pub priors: [f32; Action::COUNT],
    /// The most visited line of play.
    pub best_path: Vec<PlannedStep>,
    /// The most visited branches of the tree, most visited first, at most [`SearchSummary::MAX_CANDIDATES`].
    pub candidates: Vec<CandidateBranch>,
    /// Nodes made, the root included.
    pub tree_nodes: u32,
    /// Steps from the root to the deepest node.
    pub depth: u32,
}

/// One step of the planned path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Burn at the start of the step.
    pub action: Action,
    /// Its Δv.
    pub dv_rtn_m_s: Vec3,
    /// Where the step ends.
    pub position_rtn_m: Vec3,
}

/// One branch of the tree: a burn at the parent's position and the coast to the child's.
///
/// The arc between the two is the free motion of `roe` from `time_s` on for one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateBranch {
    /// Where the burn is made.
    pub parent_position_rtn_m: Vec3,
    /// Where the step ends.
    pub position_rtn_m: Vec3,
    /// Steps from the root to the end of the branch; 1 for the root's own actions.
    pub depth: u8,
    /// The burn.
    pub action: Action,
    /// Visits of the branch.
    pub visits: u32,
    /// Mean of r + γV, 0 for the worst and 1 for the best met in this tree.
    pub q_normalised: f32,
    /// Time of the burn, s after the chief's elements were given.
    pub time_s: f32,
    /// Relative orbital elements (δa, δλ, δex, δey, δix, δiy) just after the burn, dimensionless and rad.
    pub roe: [f32; 6],
}

impl SearchSummary {
    /// Most branches a summary keeps.
    pub const MAX_CANDIDATES: usize = 400;
}

/// The motion behind a tree's states, for turning them into positions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    pub chief: ChiefOrbit,
    pub dynamics: Dynamics,
    pub actions: ActionSet,
}

impl Motion {
    fn position_rtn_m(&self, state: &RelativeState) -> Vec3 {
        self.dynamics.rtn(&self.chief, state).position_rtn_m.as_vec3()
    }

    fn dv_rtn_m_s(&self, action: Action) -> DVec3 {
        self.actions.impulse(action).dv_rtn_m_s
    }

    /// Sums up a tree.
    pub fn summarise(&self, tree: &SearchTree<RelativeState>) -> SearchSummary {
        let root = tree.node(NodeId::ROOT);
        let mut summary = SearchSummary {
            root_value: root.value().unwrap_or(0.0) as f32,
            own_value: if tree.nodes().is_empty() { 0.0 } else { tree.own_value(NodeId::ROOT) as f32 },
            simulations: root.visits,
            visits: [0; Action::COUNT],
            q: [0.0; Action::COUNT],
            priors: [0.0; Action::COUNT],
            best_path: tree.principal_variation().iter().map(|&id| self.planned_step(tree, id)).collect(),
            candidates: self.candidates(tree),
            tree_nodes: tree.nodes().len() as u32,
            depth: tree.depth(),
        };
        for (index, edge) in tree.edges(NodeId::ROOT).iter().enumerate() {
            summary.visits[index] = edge.visits;
            summary.q[index] = edge.q().unwrap_or(0.0) as f32;
            summary.priors[index] = edge.prior;
        }
        summary
    }

    fn planned_step(&self, tree: &SearchTree<RelativeState>, id: NodeId) -> PlannedStep {
        let node = tree.node(id);
        PlannedStep {
            action: node.action,
            dv_rtn_m_s: self.dv_rtn_m_s(node.action).as_vec3(),
            position_rtn_m: self.position_rtn_m(&node.state),
        }
    }

    fn candidates(&self, tree: &SearchTree<RelativeState>) -> Vec<CandidateBranch> {
        let mut ids: Vec<NodeId> = tree.ids().skip(1).collect();
        ids.sort_by_key(|&id| (std::cmp::Reverse(tree.node(id).visits), id));
        ids.truncate(SearchSummary::MAX_CANDIDATES);
        ids.iter().filter_map(|&id| self.candidate(tree, id)).collect()
    }

    /// `None` at the root, to which no branch leads.
    fn candidate(&self, tree: &SearchTree<RelativeState>, id: NodeId) -> Option<CandidateBranch> {
        let node = tree.node(id);
        let parent_id = node.parent?;
        let parent = tree.node(parent_id);
        let q = tree.edges(parent_id)[node.action.index()].q().unwrap_or(0.0);
        let burnt = self.dynamics.apply_impulse(&self.chief, &parent.state, &self.actions.impulse(node.action));
        Some(CandidateBranch {
            parent_position_rtn_m: self.position_rtn_m(&parent.state),
            position_rtn_m: self.position_rtn_m(&node.state),
            depth: node.depth as u8,
            action: node.action,
            visits: node.visits,
            q_normalised: tree.value_range().normalise(q) as f32,
            time_s: parent.state.time_s as f32,
            roe: burnt.roe.as_array().map(|element| element as f32),
        })
    }
}
