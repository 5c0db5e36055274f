//! Faults of this program that end one episode and leave the others alone.

use std::fmt;

use crate::mission::Scenario;

/// What an episode was at when a fault ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EpisodePhase {
    /// Its start and first image.
    FirstImage,
    /// The search for its next decision.
    Search,
    /// The network's evaluation of its leaves.
    Evaluation,
    /// Burn, image and belief update.
    Step,
    /// The record of a step.
    Record,
    /// Its snapshot.
    Snapshot,
}

impl fmt::Display for EpisodePhase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FirstImage => "first image",
            Self::Search => "search",
            Self::Evaluation => "network evaluation",
            Self::Step => "burn and image",
            Self::Record => "record of a step",
            Self::Snapshot => "snapshot",
        })
    }
}

/// Why a fault of this program ended an episode. A step that cannot be flown is no fault:
/// [`StepRefusal`](crate::mission::StepRefusal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpisodeFailure {
    /// What the episode was at.
    pub phase: EpisodePhase,
    /// What the panic or the network said.
    pub reason: String,
}

impl fmt::Display for EpisodeFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a fault in its {}, please report it: {}", self.phase, self.reason)
    }
}

/// Where a test lets one episode panic: in episode 2, at the point that the scenario's name says, from its first record on.
/// In any other build it does nothing.
#[cfg_attr(not(test), expect(unused_variables, reason = "only tests look at them"))]
#[inline]
pub(crate) fn pass(point: &str, scenario: &Scenario, number: u32, step: u32) {
    #[cfg(test)]
    if number == 2 && scenario.name == format!("panic at {point}") && (step > 0 || point == "first image") {
        panic!("{point} of episode {number} panics on purpose");
    }
}
