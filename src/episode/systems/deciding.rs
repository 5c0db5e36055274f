use std::time::Instant;

use bevy::ecs::entity::Entity;
use bevy::ecs::query::QueryData;
use bevy::ecs::system::Query;

use crate::episode::components::{Episode, EpisodeMission, EpisodePace, EpisodePicture, EpisodePlanner, EpisodeState};
use crate::episode::recording::EpisodeRecording;
use crate::flight::pass;

/// An episode on its way to a decision.
#[derive(QueryData)]
#[query_data(mutable)]
pub struct Deciding {
    pub entity: Entity,
    pub episode: &'static Episode,
    pub mission: &'static mut EpisodeMission,
    pub state: &'static EpisodeState,
    pub planner: &'static mut EpisodePlanner,
    pub pace: &'static EpisodePace,
    pub picture: &'static mut EpisodePicture,
    pub recording: &'static mut EpisodeRecording,
}

impl DecidingItem<'_, '_> {
    /// A decision begins: a mission that was changed meanwhile is in force from now on.
    pub fn adopt_next_mission(&mut self) {
        if let Some(next) = self.mission.next.take() {
            self.mission.mission = next;
            // Its rewards would be of two kinds.
            self.recording.drop_record();
        }
    }

    /// Where a test may let it panic.
    pub fn pass(&self, point: &str) {
        pass(point, self.mission.mission.scenario(), self.episode.number, self.state.0.step);
    }
}

/// The episodes that may work on their decision now and whose planner is `ours`: their pace allows it, or they are
/// granted a step of a paused run.
pub fn deciding<'q, 's>(
    episodes: &'q mut Query<'_, 's, Deciding>,
    paused: bool,
    now: Instant,
    ours: impl Fn(&EpisodePlanner) -> bool,
) -> Vec<DecidingItem<'q, 's>> {
    let may_decide = |pace: &EpisodePace| if paused { pace.granted > 0 } else { pace.due <= now };
    episodes.iter_mut().filter(|episode| may_decide(episode.pace) && ours(&episode.planner)).collect()
}
