//! Ground-truth shapes: built in, shipped satellites and `.vox` files. Knows nothing of Bevy.

mod builtin;
mod description;
mod error;
mod generated;
mod model_fit;
mod object_choice;
mod target_shape;
mod vox;

pub use description::TargetDescription;
pub use error::TargetError;
pub use model_fit::ModelFit;
pub use object_choice::ObjectChoice;
pub use target_shape::{LoadedTarget, TargetShape};
