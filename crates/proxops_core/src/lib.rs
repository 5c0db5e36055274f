#![warn(missing_docs)]
//! Inspecting an unknown object in orbit as a decision problem, without an engine: relative orbits, images by ray casting, a
//! voxel belief and Monte-Carlo tree search.
//!
//! [`bevy_proxops`](https://docs.rs/bevy_proxops) flies these missions as a Bevy plugin, watched in 3D, with networks to
//! plan them. This crate is what it decides with, and needs neither Bevy nor a tensor library.
//!
//! The crate is built in floors; each imports only those above it.
//!
//! | floor | holds |
//! |---|---|
//! | [`files`] | whole-file writes, bounded reads, locks |
//! | [`memory`] | how much memory a run asks for, and how much it may have |
//! | [`orbit`] | chief orbit, relative orbital elements, impulses, the RTN frame |
//! | [`voxel`] | grid geometry, occupancy, the log-odds belief and its entropy |
//! | [`sensor`] | camera, ray casting, likelihoods: one image as per-voxel counts |
//! | [`shape`] | ground-truth shapes, built in or from `.vox` files |
//! | [`mission`] | scenario, state, actions, reward, one step, metrics |
//! | [`search`] | tree arena, gather and apply halves, selection rules, planners |
//!
//! An episode planned by tree search:
//!
//! ```
//! use proxops_core::mission::{Mission, Scenario, Seed};
//! use proxops_core::search::{SearchConfig, SearchTree, decide};
//! use proxops_core::sensor::{Observation, RayCaster};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mission = Mission::new(Scenario { steps: 3, ..Scenario::reference() }, None)?;
//! let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
//! let mut image = Observation::new(*mission.grid());
//! let mut state = mission.begin(Seed(1), 0, &mut caster, &mut image);
//! let before_nats = state.belief.entropy_nats();
//!
//! let config = SearchConfig { simulations: 100, ..SearchConfig::default() };
//! while !state.is_done(&mission) {
//!     let (decision, _) = decide(&mission, &state, &config, SearchTree::default(), &mut caster, &mut image);
//!     mission.step(&mut state, decision.action, &mut caster, &mut image)?;
//! }
//! assert!(state.belief.entropy_nats() < before_nats);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/greedy_planner.rs` decides with a planner of its own.
//!
//! | Cargo feature | default | brings |
//! |---|---|---|
//! | `bevy_reflect` | no | reflection of [`Scenario`](mission::Scenario), [`Seed`](mission::Seed) and [`SearchConfig`](search::SearchConfig) |
//! | `test-support` | no | disks that fail, for the tests of crates that save files through [`files`] |

pub mod files;
pub mod memory;
pub mod orbit;
pub mod voxel;
pub mod sensor;
pub mod shape;
pub mod mission;
pub mod search;

#[cfg(feature = "bevy_reflect")]
mod reflection;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDocTests;
