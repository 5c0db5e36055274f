//! What a training run is doing at the moment.

use std::fmt;

use super::history::DivergenceEntry;
use super::learner::StepLosses;
use super::self_play::FlightProgress;

/// What a run is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingProgress {
    /// Flying episodes of self-play.
    SelfPlay(FlightProgress),
    /// Learning: steps done and to do in this cycle, and the losses of the last one.
    Learning {
        /// Steps done.
        done: u64,
        /// Steps to do.
        of: u64,
        /// Losses of the last step.
        losses: StepLosses,
    },
    /// Flying the episodes of an evaluation.
    Evaluating(FlightProgress),
    /// Learning diverged and begins again from the last checkpoint, with a lower rate.
    Diverged(DivergenceEntry),
}

impl TrainingProgress {
    /// Share of it that is done, 0 to 1.
    pub fn share_done(&self) -> f64 {
        let share = |done: u64, of: u64| if of == 0 { 1.0 } else { (done as f64 / of as f64).min(1.0) };
        match self {
            Self::SelfPlay(flight) | Self::Evaluating(flight) => share(flight.decisions, flight.of_decisions),
            Self::Learning { done, of, .. } => share(*done, *of),
            Self::Diverged(_) => 0.0,
        }
    }

    /// Its name: that of its part of a cycle.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SelfPlay(_) => "self-play",
            Self::Learning { .. } | Self::Diverged(_) => "learning",
            Self::Evaluating(_) => "evaluation",
        }
    }
}

impl fmt::Display for TrainingProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.name())?;
        match self {
            Self::SelfPlay(flight) | Self::Evaluating(flight) => write!(
                formatter,
                "{}/{} episodes{}, {}/{} decisions",
                flight.episodes,
                flight.of,
                if flight.failed > 0 { format!(" ({} failed)", flight.failed) } else { String::new() },
                flight.decisions,
                flight.of_decisions
            ),
            Self::Diverged(entry) => write!(formatter, "{entry}"),
            Self::Learning { done, of, losses } => {
                write!(formatter, "{done}/{of} steps, policy {:.3}, value {:.4}", losses.policy_loss, losses.value_loss)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_is_done_and_how_much_of_it() {
        let flight = FlightProgress { decisions: 30, of_decisions: 120, episodes: 1, of: 4, ..Default::default() };
        let progress = TrainingProgress::SelfPlay(flight);
        assert_eq!(progress.to_string(), "self-play: 1/4 episodes, 30/120 decisions");
        assert_eq!(progress.share_done(), 0.25);
        let failing = TrainingProgress::SelfPlay(FlightProgress { failed: 2, ..flight });
        assert_eq!(failing.to_string(), "self-play: 1/4 episodes (2 failed), 30/120 decisions");
        let losses = StepLosses { policy_loss: 2.5, value_loss: 0.125, ..Default::default() };
        let learning = TrainingProgress::Learning { done: 3, of: 4, losses };
        assert_eq!(learning.to_string(), "learning: 3/4 steps, policy 2.500, value 0.1250");
        assert_eq!(learning.share_done(), 0.75);
        assert_eq!(TrainingProgress::Learning { done: 0, of: 0, losses }.share_done(), 1.0);
        let entry = DivergenceEntry {
            cycle: 2,
            learning_step: 7,
            what: "the loss became NaN".into(),
            learning_rate_scale: 0.5,
        };
        let text = TrainingProgress::Diverged(entry).to_string();
        assert!(
            text.contains("cycle 2 learns again") && text.ends_with("the loss became NaN at learning step 7"),
            "{text}"
        );
    }
}
