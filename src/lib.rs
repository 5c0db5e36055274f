#![warn(missing_docs)]
//! Spacecraft that decide for themselves how to look at an unknown object, as an embeddable Bevy plugin.

pub mod orbit;
pub mod voxel;
pub mod sensor;
pub mod target;
pub mod mission;
pub mod search;
pub mod network;
pub mod training;

pub mod episode;
#[cfg(feature = "view")]
pub mod view;
#[cfg(feature = "panel")]
pub mod panel;

mod plugins;
pub mod prelude;

pub use plugins::ProxOpsPlugins;
