//! Ground-truth shapes: built in, shipped satellites and `.vox` files. Knows nothing of Bevy.

mod builtin;
mod error;
mod generated;
mod shape;
mod vox;

pub use error::TargetError;
pub use shape::TargetShape;
