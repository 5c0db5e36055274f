//! Episodes as a user of the crate sees them: simulations alone, and in an app.

mod app;
mod commands;
mod determinism;
mod efficiency;
mod load;
mod messages;
mod network;
mod refusal;
mod schedule;
mod support;
