//! What an episode entity is made of.

use std::sync::Arc;
use std::time::Instant;

use bevy::ecs::component::Component;
use bevy::ecs::reflect::ReflectComponent;
use bevy::reflect::Reflect;

use crate::episode::snapshot::{EpisodeSnapshot, StateSample};
use crate::flight::{EpisodeFailure, NetworkSearch};
use crate::mission::{Action, Mission, MissionState, Transition};
use crate::search::{Decision, Search, SearchSummary};

/// One episode. Number and run seed decide every random number in it.
#[derive(Component, Reflect, Clone, Copy, Debug, PartialEq, Eq)]
#[reflect(Component, Debug, Clone, PartialEq)]
pub struct Episode {
    /// Number of the episode, unique in a run.
    pub number: u32,
    /// Place in the list of parallel episodes, `0..episodes`; a successor takes over its predecessor's.
    pub slot: u32,
}

/// The mission an episode flies.
#[derive(Component, Reflect, Clone, Debug)]
#[reflect(opaque)]
#[reflect(Component, Debug, Clone)]
pub struct EpisodeMission {
    /// The mission in force.
    pub mission: Arc<Mission>,
    /// The mission from the next decision on, if a parameter was changed meanwhile.
    pub next: Option<Arc<Mission>>,
    /// Whether mission or search changed in mid-flight.
    pub altered: bool,
}

/// Where the episode stands: orbit, belief, Δv spent.
#[derive(Component, Reflect, Clone, Debug)]
#[reflect(opaque)]
#[reflect(Component, Debug, Clone)]
pub struct EpisodeState(pub MissionState);

/// How far the next decision has come.
#[derive(Component, Default)]
pub enum EpisodePlanner {
    /// No decision under way.
    #[default]
    Idle,
    /// A search holds a tree.
    Searching {
        /// The search.
        search: Box<Search>,
        /// Simulations done.
        done: u32,
        /// Simulations the decision takes.
        of: u32,
    },
    /// A search with a network holds a tree.
    SearchingWithNetwork(NetworkSearch),
    /// The search has chosen.
    Decided(Decision),
    /// The burn is made and its image taken, but not yet recorded.
    Acted {
        /// What the search saw.
        summary: Arc<SearchSummary>,
        /// What the step did.
        transition: Transition,
    },
    /// The step could not be flown; [`MissionState::refusal`] says why.
    Refused {
        /// The decision.
        action: Action,
        /// What the search saw.
        summary: Arc<SearchSummary>,
    },
    /// All steps flown, or one refused.
    Finished,
    /// A fault has ended the episode, but that is not yet recorded.
    Failing(Arc<EpisodeFailure>),
    /// Ended by a fault. No other episode follows in its place before a reset: what has failed stays in sight.
    Failed(Arc<EpisodeFailure>),
}

/// What an episode has behind it.
#[derive(Component, Reflect, Clone, Debug, Default)]
#[reflect(opaque)]
#[reflect(Component, Debug, Clone)]
pub struct EpisodeHistory {
    /// Every step.
    pub transitions: Arc<Vec<Transition>>,
    /// The state after the first image and after every step.
    pub states: Vec<StateSample>,
    /// What the search of every step expected: the mean discounted return from its root.
    pub expected_returns: Arc<Vec<f32>>,
    /// The latest finished search.
    pub search: Option<Arc<SearchSummary>>,
}

/// When an episode may decide.
#[derive(Component, Reflect, Clone, Copy, Debug)]
#[reflect(opaque)]
#[reflect(Component, Debug, Clone)]
pub struct EpisodePace {
    /// The earliest time of its next decision.
    pub due: Instant,
    /// Decisions it may make although the run is paused.
    pub granted: u32,
}

/// The latest picture of an episode, and what of it is out of date.
#[derive(Component, Clone, Debug, Default)]
pub struct EpisodePicture {
    /// The latest snapshot; `None` before the first.
    pub latest: Option<Arc<EpisodeSnapshot>>,
    /// How much has changed since.
    pub change: PictureChange,
}

/// How much of a picture is out of date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PictureChange {
    /// Nothing.
    None,
    /// The progress of the search.
    Status,
    /// A step was flown, or nothing has been pictured yet.
    #[default]
    Step,
}

impl EpisodePicture {
    /// Marks at least that much as out of date.
    pub fn touch(&mut self, change: PictureChange) {
        self.change = self.change.max(change);
    }
}
