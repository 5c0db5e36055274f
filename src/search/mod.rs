//! Monte-Carlo tree search over beliefs: arena, gather/apply halves, selection rules, planners. Knows nothing of Bevy.
mod apply;
mod belief_model;
mod config;
mod decision;
mod error;
mod export;
mod gather;
mod model;
mod planner;
mod roll_out;
mod rule;
mod tree;
mod value_range;
#[cfg(test)]
mod toy;

pub use apply::{LeafValue, apply};
pub use belief_model::BeliefModel;
pub use config::{Knowledge, PlannerKind, RollOutPolicy, SearchConfig};
pub use decision::{CandidateBranch, Decision, PlannedStep, SearchSummary};
pub use error::SearchError;
pub use gather::{Gathered, LeafRequest, gather};
pub use model::{Outcome, SearchModel};
pub use planner::{Search, SearchProgress, decide};
pub use roll_out::RollOut;
pub use rule::{Choice, SelectionRule, Ucb1, most_visited};
pub use tree::{Edge, Evaluation, Node, NodeId, Root, SearchTree};
pub use value_range::ValueRange;
