//! The panels, driven as a user drives them: clicks, drags and typing through egui's accessibility tree, and the plugin
//! in apps with and without a renderer.
#![cfg(feature = "panel")]

#[path = "../rendering/badge.rs"]
mod badge;
mod ambiguity;
mod contexts;
mod efficiency;
mod episodes;
mod keys;
mod layout;
mod learning;
mod notices;
#[path = "../rendering/offscreen.rs"]
mod offscreen;
mod oracle;
mod parameters;
mod pictures;
mod plots;
mod plugin;
mod run_control;
mod search;
mod strip;
mod support;
