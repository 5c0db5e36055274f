//! One way to fly: how searches and a network work together, whoever owns the searches. Knows nothing of Bevy.
//!
//! A search with a network stops at leaves that need a value, and a network is fast only where it evaluates many leaves at
//! once. So many searches run side by side, and a [`LeafExchange`] goes between them and the evaluator. The data flow of one
//! turn of a cohort:
//!
//! ```text
//! owners                          exchange                                evaluator
//!   walk to the next leaves   ─►  pending leaves, in the owners' order
//!   (advance, walk_all)           rows of one inference batch         ─►  InferenceQueue::submit
//!   back up the values        ◄─  split among the owners              ◄─  InferenceQueue::receive
//! ```
//!
//! | user | owner of a search | leaves are evaluated by |
//! |---|---|---|
//! | [`episode`](crate::episode), the simulation world | an episode | an [`EvaluatorThread`](crate::network::EvaluatorThread), until a tick's time is up |
//! | [`training`](crate::training), self-play and evaluation | an episode of the flight | an `EvaluatorThread` |
//! | [`decide_together`], the judging of search modes in [`report`](crate::report) | one decision | [`EvaluateHere`] |
//!
//! Around the exchange stand the [`Workers`], the threads that walk trees and take images, with the instruments for that; the
//! [`TreePool`]; and the [`BackgroundTask`], for a whole run beside its owner. A fault in one owner, or a row that
//! the network cannot evaluate, ends that owner ([`EpisodeFailure`]) and no other.
//!
//! # Example
//!
//! Eight decisions at the beginning of eight episodes, with batches of eight leaves:
//!
//! ```
//! use bevy_proxops::flight::{Workers, decide_together};
//! use bevy_proxops::mission::{Mission, Scenario, Seed};
//! use bevy_proxops::network::{LeafEncoder, PolicyValueNetConfig, SeededRandomEvaluator};
//! use bevy_proxops::search::{AlphaZeroConfig, AlphaZeroSearch, Exploration, SearchTree};
//!
//! let mut scenario = Scenario::reference();
//! scenario.camera.pixels = 8;
//! let mission = Mission::new(scenario, None)?;
//! let config = AlphaZeroConfig { simulations: 16, ..Default::default() };
//! let begun = Workers::new(None).map((0..8).collect(), |scratch, episode| {
//!     let (caster, observation) = scratch.instruments(&mission);
//!     let state = mission.begin(Seed(1), episode, caster, observation);
//!     AlphaZeroSearch::begin(&mission, &state, &config, Exploration::Off, SearchTree::default())
//! });
//! let searches = begun.into_iter().collect::<Result<_, String>>()?;
//!
//! let encoder = LeafEncoder::new(&PolicyValueNetConfig::compact(), &mission)?;
//! let decisions = decide_together(&mission, searches, &encoder, &mut SeededRandomEvaluator::new(1))?;
//! assert!(decisions.iter().all(Result::is_ok));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod background_task;
mod decide;
mod exchange;
mod failure;
mod inference;
mod network_search;
mod tree_pool;
mod workers;

pub use background_task::{BackgroundTask, TaskEnding, TaskState};
pub use decide::decide_together;
pub use exchange::{LeafExchange, SearchOwner, Searching, Turn, walk_all};
pub(crate) use failure::pass;
pub use failure::{EpisodeFailure, EpisodePhase};
pub use inference::{EvaluateHere, InferenceQueue};
pub use network_search::NetworkSearch;
pub use tree_pool::TreePool;
pub(crate) use workers::worker_count;
pub use workers::{JobFault, Scratch, Workers};
