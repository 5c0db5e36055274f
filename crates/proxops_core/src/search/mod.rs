//! Monte-Carlo tree search over beliefs: arena, gather/apply halves, selection rules, modes, planners. Knows nothing of Bevy.
//!
//! A node of the [`SearchTree`] is a *belief*: where the servicer is and what it would believe about the target after a
//! sequence of burns and images. Search is two halves that know neither threads nor who values a leaf:
//!
//! 1. [`gather`] walks down from the root, edge by edge as a [`SelectionRule`] says, takes the first untaken step it meets
//!    in the [`SearchModel`] (one burn, one imagined image, one belief update), marks its path in flight and returns a
//!    [`LeafRequest`].
//! 2. [`apply`] takes the [`LeafValue`], backs r + γV up to the root and takes the marks off.
//!
//! Between the two stands whoever values leaves: here a [`RollOut`]. [`Search`] is pure Monte-Carlo search, resumable,
//! and [`decide`] runs it in one go. [`AlphaZeroSearch`] gives its leaves out to whoever owns a network: [`Puct`] or
//! [`Gumbel`] choose, and many searches share one batch. Both follow one [`SearchMode`]:
//!
//! | mode | runs | same bits whatever runs it |
//! |---|---|---|
//! | [`Serial`](SearchMode::Serial) | one leaf at a time on a [`GrowingTree`] | yes |
//! | [`Batched`](SearchMode::Batched) | a [`Batch`] of leaves collected, then evaluated, then backed up | yes |
//! | [`TreeParallel`](SearchMode::TreeParallel) | threads on one [`SharedTree`] | no |
//! | [`RootParallel`](SearchMode::RootParallel) | several trees, their equal lines of play added up at the end | yes |
//!
//! A step takes tens of microseconds and everything else about a simulation less than one, so `gather` is two parts: the
//! walk through the nodes there are, for which a shared tree is locked, and the step to a new node, which happens on a
//! copy of a belief with the tree unlocked.
//!
//! What is *not* here, because it does not pay for this problem: transpositions (burns at different times give different
//! orbits), and keeping a tree for the next decision (a real image never equals an imagined one).
mod alpha_zero;
mod alpha_zero_config;
mod apply;
mod batched;
mod belief_model;
mod config;
mod decision;
mod error;
mod export;
mod forest;
mod gather;
mod growing_tree;
mod gumbel;
mod invariants;
mod memory;
mod merge;
mod model;
mod named_choice;
mod parallel;
mod planner;
mod puct;
mod roll_out;
mod root_rule;
mod rule;
mod select;
mod shared_tree;
mod tree;
mod value_range;
mod walker;
mod work_times;
#[cfg(test)]
mod mode_tests;
#[cfg(test)]
mod toy;

pub use alpha_zero::{AlphaZeroDecision, AlphaZeroSearch, AlphaZeroWalker, AskedLeaf, Exploration};
pub use alpha_zero_config::{AlphaZeroConfig, RootRule};
pub use apply::{LeafValue, apply};
pub use batched::Batch;
pub use belief_model::BeliefModel;
pub use config::{Knowledge, PlannerKind, RollOutPolicy, SearchConfig};
pub use decision::{CandidateBranch, Decision, PlannedStep, SearchSummary};
pub use error::SearchError;
pub use gather::{DetachedLeaf, Gathered, LeafRequest, gather};
pub use growing_tree::GrowingTree;
pub use gumbel::{Gumbel, GumbelRoot, visit_schedule};
pub use model::{Outcome, SearchModel};
pub use parallel::{InFlight, InFlightKind, ModeKind, ParallelConfig, SearchMode};
pub use planner::{Search, SearchProgress, decide};
pub use puct::{Puct, RootNoise};
pub use roll_out::RollOut;
pub use rule::{Choice, SelectionRule, Ucb1, most_visited};
pub use shared_tree::{SharedTree, TreeGuard};
pub use tree::{Edge, Evaluation, Node, NodeId, Root, SearchTree};
pub use value_range::ValueRange;
pub use work_times::WorkTimes;
