//! What happens in the episodes, as messages: in the simulation's world one stream, in the app's world one kind each.

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::app::App;
use bevy::ecs::message::{Message, MessageWriter};
use bevy::ecs::system::SystemParam;
use glam::DVec3;

use crate::episode::components::Episode;
use crate::flight::EpisodeFailure;
use crate::mission::{Action, EpisodeMetrics, Transition};
use crate::search::SearchSummary;

/// Most messages that wait for an app which does not read them; beyond it the oldest are dropped, and [`MessagesLost`]
/// says how many. At a thousand decisions a second that is a minute and a half without a frame.
pub const MAX_WAITING_MESSAGES: usize = 1 << 18;

/// An episode begins; its first image follows.
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeStarted {
    /// The episode.
    pub episode: Episode,
    /// Steps it will have flown at its end.
    pub steps: u32,
}

/// A planner has decided.
#[derive(Message, Clone, Debug, PartialEq)]
pub struct DecisionMade {
    /// The episode.
    pub episode: Episode,
    /// Number of the decision, from 1.
    pub step: u32,
    /// What it will do, [`Action::NONE`] included.
    pub action: Action,
    /// The search behind it.
    pub search: Arc<SearchSummary>,
}

/// The servicer has burned its thrusters. Decisions not to burn send none.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub struct BurnExecuted {
    /// The episode.
    pub episode: Episode,
    /// Number of the decision, from 1.
    pub step: u32,
    /// The burn, m/s in R, T, N.
    pub dv_rtn_m_s: DVec3,
}

/// An image has been taken and the belief updated.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub struct ImageTaken {
    /// The episode.
    pub episode: Episode,
    /// Number of the decision before it; 0 for the first image.
    pub step: u32,
    /// Where it was taken, m in R, T, N from the target's centre.
    pub position_rtn_m: DVec3,
    /// Entropy of the belief before the image, nats.
    pub entropy_before_nats: f64,
    /// Entropy of the belief after it, nats.
    pub entropy_after_nats: f64,
}

/// An episode has flown its last step, or has ended at one that could not be flown
/// ([`EpisodeMetrics::refusal`] says why).
#[derive(Message, Clone, Debug, PartialEq)]
pub struct EpisodeFinished {
    /// The episode.
    pub episode: Episode,
    /// What it has come to.
    pub metrics: Arc<EpisodeMetrics>,
}

/// A fault has ended an episode; the others go on.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct EpisodeFailed {
    /// The episode.
    pub episode: Episode,
    /// Steps flown before.
    pub step: u32,
    /// What has failed, and why.
    pub failure: Arc<EpisodeFailure>,
}

/// The app has not read messages for so long that the oldest were dropped ([`MAX_WAITING_MESSAGES`]).
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagesLost {
    /// How many, since the last time.
    pub count: u64,
}

/// What has happened, in the simulation's world: systems there read it with
/// [`MessageReader`](bevy::ecs::message::MessageReader) after [`SimulationSystems::Record`](super::SimulationSystems).
/// It stays for two ticks.
#[derive(Message, Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EpisodeEvent {
    /// An episode begins.
    Started(EpisodeStarted),
    /// A planner has decided.
    Decision(DecisionMade),
    /// The servicer has burned.
    Burn(BurnExecuted),
    /// An image has been taken.
    Image(ImageTaken),
    /// An episode has ended.
    Finished(EpisodeFinished),
    /// A fault has ended an episode.
    Failed(EpisodeFailed),
}

impl EpisodeEvent {
    /// The episode it happened in.
    pub fn episode(&self) -> Episode {
        match self {
            Self::Started(started) => started.episode,
            Self::Decision(decision) => decision.episode,
            Self::Burn(burn) => burn.episode,
            Self::Image(image) => image.episode,
            Self::Finished(finished) => finished.episode,
            Self::Failed(failed) => failed.episode,
        }
    }

    /// What one step has brought: decision, burn if there was one, image.
    pub(super) fn of_step(
        episode: Episode,
        search: Arc<SearchSummary>,
        transition: &Transition,
    ) -> impl Iterator<Item = Self> {
        let step = transition.step;
        let decision = DecisionMade { episode, step, action: transition.action, search };
        let burn = BurnExecuted { episode, step, dv_rtn_m_s: transition.dv_rtn_m_s };
        let image = ImageTaken {
            episode,
            step,
            position_rtn_m: transition.position_rtn_m,
            entropy_before_nats: transition.entropy_before_nats,
            entropy_after_nats: transition.entropy_after_nats,
        };
        let burn = (transition.action != Action::NONE).then_some(Self::Burn(burn));
        [Some(Self::Decision(decision)), burn, Some(Self::Image(image))].into_iter().flatten()
    }
}

/// Events on their way to the app. They become readable together with the snapshot that shows them.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    waiting: VecDeque<EpisodeEvent>,
    readable: usize,
    lost: u64,
}

impl EventQueue {
    /// Adds an event that no snapshot shows yet.
    pub fn push(&mut self, event: EpisodeEvent) {
        if self.waiting.len() == MAX_WAITING_MESSAGES {
            self.waiting.pop_front();
            self.readable = self.readable.saturating_sub(1);
            self.lost += 1;
        }
        self.waiting.push_back(event);
    }

    /// Makes everything readable that has happened so far.
    pub fn publish(&mut self) {
        self.readable = self.waiting.len();
    }

    /// What is readable, oldest first, and how many before it were dropped.
    pub fn take(&mut self) -> (Vec<EpisodeEvent>, u64) {
        let events = self.waiting.drain(..self.readable).collect();
        self.readable = 0;
        (events, std::mem::take(&mut self.lost))
    }
}

/// Writes events as the messages of an app.
#[derive(SystemParam)]
pub(super) struct EpisodeMessages<'w> {
    started: MessageWriter<'w, EpisodeStarted>,
    decisions: MessageWriter<'w, DecisionMade>,
    burns: MessageWriter<'w, BurnExecuted>,
    images: MessageWriter<'w, ImageTaken>,
    finished: MessageWriter<'w, EpisodeFinished>,
    failed: MessageWriter<'w, EpisodeFailed>,
    lost: MessageWriter<'w, MessagesLost>,
}

impl EpisodeMessages<'_> {
    /// Writes events in their order, after the count of those that were dropped before them.
    pub fn write(&mut self, events: Vec<EpisodeEvent>, lost: u64) {
        if lost > 0 {
            self.lost.write(MessagesLost { count: lost });
        }
        for event in events {
            match event {
                EpisodeEvent::Started(started) => drop(self.started.write(started)),
                EpisodeEvent::Decision(decision) => drop(self.decisions.write(decision)),
                EpisodeEvent::Burn(burn) => drop(self.burns.write(burn)),
                EpisodeEvent::Image(image) => drop(self.images.write(image)),
                EpisodeEvent::Finished(finished) => drop(self.finished.write(finished)),
                EpisodeEvent::Failed(failed) => drop(self.failed.write(failed)),
            }
        }
    }
}

/// Makes the messages known to an app.
pub(super) fn add_messages(app: &mut App) {
    app.add_message::<EpisodeStarted>()
        .add_message::<DecisionMade>()
        .add_message::<BurnExecuted>()
        .add_message::<ImageTaken>()
        .add_message::<EpisodeFinished>()
        .add_message::<EpisodeFailed>()
        .add_message::<MessagesLost>();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(number: u32) -> EpisodeEvent {
        EpisodeEvent::Started(EpisodeStarted { episode: Episode { number, slot: 0 }, steps: 1 })
    }

    fn numbers(events: &[EpisodeEvent]) -> Vec<u32> {
        events.iter().map(|event| event.episode().number).collect()
    }

    #[test]
    fn events_are_readable_once_and_not_before_their_snapshot() {
        let mut queue = EventQueue::default();
        queue.push(started(0));
        queue.push(started(1));
        assert_eq!(queue.take(), (Vec::new(), 0));
        queue.publish();
        queue.push(started(2));
        assert_eq!(numbers(&queue.take().0), [0, 1]);
        assert_eq!(queue.take(), (Vec::new(), 0));
        queue.publish();
        assert_eq!(numbers(&queue.take().0), [2]);
    }

    #[test]
    fn a_full_queue_drops_the_oldest_and_counts_them() {
        let mut queue = EventQueue::default();
        let count = MAX_WAITING_MESSAGES as u32 + 3;
        (0..count).for_each(|number| queue.push(started(number)));
        queue.publish();
        let (events, lost) = queue.take();
        assert_eq!(lost, 3);
        assert_eq!(numbers(&events), (3..count).collect::<Vec<_>>());
        assert_eq!(queue.take(), (Vec::new(), 0));
    }
}
