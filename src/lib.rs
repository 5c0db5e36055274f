#![warn(missing_docs)]
//! Spacecraft that decide for themselves how to look at an unknown object, as an embeddable Bevy plugin.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_proxops::prelude::*;
//!
//! App::new().add_plugins((DefaultPlugins, ProxOpsPlugins::default())).run();
//! ```
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
//! | | *floors above are the crate [`proxops_core`], which needs neither Bevy nor Burn* |
//! | [`network`] | policy–value network, devices, batched evaluators, checkpoints |
//! | [`flight`] | the exchange of leaves between many searches and a network; worker threads, tree pool, background tasks |
//! | [`training`] | self-play, replay buffer, learner, the training run |
//! | [`report`] | what parallel search gains on a machine and what it costs in decisions |
//! | | *floors below know Bevy* |
//! | [`episode`] | episodes as entities in a simulation world of their own, commands in, snapshots out |
//! | `view` | the 3D view (feature `view`) |
//! | `panel` | the egui panels (feature `panel`) |
//!
//! # Faults
//!
//! A panic ends one episode ([`EpisodeStatus::Failed`](episode::EpisodeStatus)) or, outside any one episode, the simulation
//! ([`SimulationStatus::Failed`](episode::SimulationStatus)), never the app. That needs unwinding: in a host built with
//! `panic = "abort"` the first panic, also one of a graphics driver, ends the process. Nothing else relies on it: files are
//! written whole or not at all, and a training run goes on from its last checkpoint either way.

pub use proxops_core::{files, memory, mission, orbit, search, sensor, shape, voxel};

pub mod network;
pub mod flight;
pub mod training;
pub mod report;

pub mod episode;
#[cfg(feature = "view")]
pub mod view;
#[cfg(feature = "panel")]
pub mod panel;

mod plugins;
pub mod prelude;
mod threads;

pub use plugins::ProxOpsPlugins;

#[cfg(all(doctest, feature = "panel"))]
#[doc = include_str!("../README.md")]
struct ReadmeDocTests;

#[cfg(all(doctest, feature = "panel"))]
#[doc = include_str!("../docs/embedding.md")]
struct EmbeddingDocTests;
