//! Episodes of the world that the training run learns from too.

use bevy::ecs::component::Component;

use crate::episode::components::{Episode, EpisodePlanner};
use crate::flight::NetworkSearch;
use crate::mission::{Mission, Scenario};
use crate::network::LeafEncoder;
use crate::search::{AlphaZeroDecision, SearchTree};
use crate::training::{EpisodeRecorder, RootSample, TrainingError};

/// What an episode teaches, as far as it is flown. `None` where it is not recorded: the switch was off when it began, a
/// decision was taken without a network, or its mission changed in mid-flight.
#[derive(Component, Default, Debug)]
pub struct EpisodeRecording(Option<EpisodeRecorder>);

/// An episode that was flown to its end, with what it teaches.
#[derive(Debug)]
pub struct RecordedEpisode {
    /// What it flew.
    pub scenario: Scenario,
    /// What it teaches, before value targets are made of it.
    pub recorder: EpisodeRecorder,
}

impl EpisodeRecording {
    /// Of an episode that begins.
    pub fn begin(episode: Episode, mission: &Mission, is_recorded: bool) -> Self {
        Self(is_recorded.then(|| EpisodeRecorder::new(u64::from(episode.number), mission.grid().len())))
    }

    /// Takes the decision of a search that is done, and records it.
    pub fn decide(
        &mut self,
        search: NetworkSearch,
        mission: &Mission,
        encoder: &LeafEncoder,
    ) -> (AlphaZeroDecision, SearchTree) {
        let root = self.0.is_some().then(|| RootSample::of(&search, mission, encoder));
        let (decided, tree) = search.finish();
        if let (Some(recorder), Some(root)) = (&mut self.0, root) {
            let recorded = root.record(&decided, recorder);
            self.keep_if(recorded);
        }
        (decided, tree)
    }

    /// Records the reward of the step that has been flown or refused.
    pub fn record_reward(&mut self, mission: &Mission, planner: &EpisodePlanner) {
        let reward = match planner {
            EpisodePlanner::Acted { transition, .. } => transition.reward,
            // The episode ends here; the network learns what the search charged for it.
            EpisodePlanner::Refused { .. } => -mission.refused_step_cost(),
            _ => return,
        };
        if let Some(recorder) = &mut self.0 {
            let recorded = recorder.reward(reward);
            self.keep_if(recorded);
        }
    }

    /// Drops the record.
    pub fn drop_record(&mut self) {
        self.0 = None;
    }

    /// The record of an episode that has ended.
    pub fn take(&mut self, mission: &Mission) -> Option<RecordedEpisode> {
        let recorder = self.0.take().filter(|recorder| !recorder.is_empty())?;
        Some(RecordedEpisode { scenario: mission.scenario().clone(), recorder })
    }

    /// A decision that was taken otherwise, without a network, leaves a gap: nothing can be learnt from the episode then.
    fn keep_if(&mut self, recorded: Result<(), TrainingError>) {
        if recorded.is_err() {
            self.0 = None;
        }
    }
}
