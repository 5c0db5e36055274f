//! Voxel grid geometry, occupancy and the log-odds belief with its entropy. Knows nothing of Bevy.

mod belief;
mod compact;
pub(crate) mod entropy;
mod error;
mod grid;
mod imagined;
mod occupancy;

pub(crate) use belief::BLOCK as BELIEF_BLOCK;
pub use belief::{Belief, LOG_ODDS_LIMIT};
pub use compact::CompactCode;
pub use entropy::{entropy_of_log_odds, entropy_of_probability, log_odds_of_probability, probability_of_log_odds};
pub use error::VoxelError;
pub use grid::{VoxelGrid, VoxelIndex};
pub use imagined::ImaginedShape;
pub use occupancy::Occupancy;
