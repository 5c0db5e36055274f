//! Episodes that a fault of this program ends.

use crate::episode::components::EpisodePlanner;
use crate::flight::{EpisodeFailure, EpisodePhase};

impl EpisodePlanner {
    /// Ends the episode because of a fault. Its tree is freed at once; the first fault is the one that is told.
    pub(super) fn fail(&mut self, phase: EpisodePhase, reason: String) {
        if !matches!(self, Self::Failing(_) | Self::Failed(_)) {
            *self = Self::Failing(EpisodeFailure { phase, reason }.into());
        }
    }

    /// Whether nothing more will happen in the episode.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Finished | Self::Failed(_))
    }
}
