//! Pictures of the view, rendered without a window: on a software renderer too.
//!
//! Every test makes an app with a renderer of its own, so they are meant to run one process per test (`cargo nextest run`).
//! Set `RENDERING_PICTURES` to a folder to keep the pictures.
#![cfg(feature = "view")]

mod badge;
mod cameras;
mod controls;
mod host;
mod layers;
mod memory;
mod offscreen;
mod pictures;
mod row;
mod scale;
mod support;
mod synthetic;
