//! Monte-Carlo tree search over beliefs: arena, gather/apply halves, selection rules, planners. Knows nothing of Bevy.
mod alpha_zero;
mod alpha_zero_config;
mod apply;
mod belief_model;
mod config;
mod decision;
mod error;
mod export;
mod gather;
mod gumbel;
mod model;
mod planner;
mod puct;
mod roll_out;
mod rule;
mod tree;
mod value_range;
#[cfg(test)]
mod toy;

pub use alpha_zero::{AlphaZeroDecision, AlphaZeroSearch, Exploration};
pub use alpha_zero_config::{AlphaZeroConfig, RootRule};
pub use apply::{LeafValue, apply};
pub use belief_model::BeliefModel;
pub use config::{Knowledge, PlannerKind, RollOutPolicy, SearchConfig};
pub use decision::{CandidateBranch, Decision, PlannedStep, SearchSummary};
pub use error::SearchError;
pub use gather::{Gathered, LeafRequest, gather};
pub use gumbel::{Gumbel, GumbelRoot, visit_schedule};
pub use model::{Outcome, SearchModel};
pub use planner::{Search, SearchProgress, decide};
pub use puct::{Puct, RootNoise};
pub use roll_out::RollOut;
pub use rule::{Choice, SelectionRule, Ucb1, most_visited};
pub use tree::{Edge, Evaluation, Node, NodeId, Root, SearchTree};
pub use value_range::ValueRange;
