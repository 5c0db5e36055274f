//! The one state that all episodes of a run share.

use std::collections::BTreeSet;
use std::sync::Arc;

use bevy::ecs::resource::Resource;

use crate::episode::error::EpisodeError;
use crate::episode::notices::Notices;
use crate::episode::parameters::{Applies, PARAMETERS, ParameterId};
use crate::episode::settings::EpisodeSettings;
use crate::mission::{Mission, Scenario};
use crate::shape::TargetShape;

/// Settings in force, and what has been asked for but not yet done.
#[derive(Resource, Debug)]
pub struct Run {
    /// What the next episode that begins is made of.
    pub settings: Arc<EpisodeSettings>,
    /// The mission of the next episode that begins.
    pub mission: Arc<Mission>,
    /// Whether the episodes stand still.
    pub paused: bool,
    /// Slot of the episode in focus; a successor takes the focus over with the slot.
    pub focus_slot: u32,
    /// Number of the next episode that begins.
    pub next_number: u32,
    /// Whether all episodes are to start anew.
    pub restart: bool,
    /// Decisions that every episode may make although the run is paused, not yet handed out.
    pub granted: u32,
    /// Changed parameters that at least one running episode does not fly with.
    pub pending: BTreeSet<ParameterId>,
    /// What the user should know.
    pub notices: Notices,
}

impl Run {
    /// Checks the settings and makes their mission.
    ///
    /// # Errors
    /// [`EpisodeError`] for settings outside their range and for a scenario that cannot be flown.
    pub fn new(settings: EpisodeSettings) -> Result<Self, EpisodeError> {
        settings.validate()?;
        let mission = Arc::new(Mission::new(settings.scenario.clone(), settings.base_dir.as_deref())?);
        let mut notices = Notices::default();
        note_target(&mission, &mut notices);
        Ok(Self {
            mission,
            paused: settings.start_paused,
            focus_slot: 0,
            next_number: settings.first_episode,
            restart: true,
            granted: 0,
            pending: BTreeSet::new(),
            notices,
            settings: Arc::new(settings),
        })
    }
}

/// Says what was read from a target's file; what of it is missing or altered is a warning. Shapes without a file are
/// what their name says.
pub fn note_target(mission: &Mission, notices: &mut Notices) {
    if !matches!(mission.scenario().target, TargetShape::Vox { .. }) {
        return;
    }
    let text = format!("target {}", mission.target());
    if mission.target().is_altered() { notices.warning(text) } else { notices.info(text) }
}

/// The scenario of a running episode with the parameters that apply at once taken from `wanted`.
pub fn with_immediate_parameters(flown: &Scenario, wanted: &EpisodeSettings) -> Scenario {
    let mut settings = EpisodeSettings { scenario: flown.clone(), ..wanted.clone() };
    for spec in PARAMETERS.iter().filter(|spec| spec.applies == Applies::Now) {
        spec.copy(wanted, &mut settings);
    }
    settings.scenario
}

/// The parameters in which a running episode's scenario differs from `wanted` until it starts anew.
pub fn waiting_parameters(flown: &Scenario, wanted: &EpisodeSettings) -> BTreeSet<ParameterId> {
    let settings = EpisodeSettings { scenario: flown.clone(), ..wanted.clone() };
    PARAMETERS
        .iter()
        .filter(|spec| spec.applies == Applies::NextEpisode && (spec.get)(&settings) != (spec.get)(wanted))
        .map(|spec| spec.id)
        .collect()
}
