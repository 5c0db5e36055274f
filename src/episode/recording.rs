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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::episode::network::{NetworkPlanner, planning_layers};
    use crate::episode::test_support::small_settings;
    use crate::episode::{EpisodeSettings, EpisodeState, SimCommand, Simulation};
    use crate::network::{DeviceChoice, EvaluatorThread, OpenedEvaluator, ResolvedDevice, SeededRandomEvaluator};
    use crate::search::{Exploration, PlannerKind};
    use crate::training::{EpisodeSamples, FlightConfig, fly};

    /// What two steps of five episodes teach, if they are recorded, and where they stand then.
    fn recorded(settings: EpisodeSettings) -> (Vec<Option<EpisodeSamples>>, Vec<String>) {
        let mut simulation = Simulation::new(EpisodeSettings { start_paused: true, ..settings }).unwrap();
        simulation.world_mut().insert_resource(NetworkPlanner::opening_with(Arc::new(|_, _, _, _| {
            let choice = DeviceChoice { device: ResolvedDevice::Cpu, reason: "a test".into() };
            Ok(OpenedEvaluator { evaluator: Box::new(SeededRandomEvaluator::new(1)), choice })
        })));
        (0..2).for_each(|_| simulation.command(SimCommand::StepOnce));
        simulation.tick();
        while simulation.idle_for() < Duration::MAX {
            simulation.tick();
        }
        let mut episodes = simulation.world_mut().query::<(&Episode, &EpisodeState, &EpisodeRecording)>();
        let mut found: Vec<_> = episodes.iter(simulation.world()).collect();
        found.sort_by_key(|(episode, ..)| episode.number);
        assert!(found.iter().all(|(_, state, _)| state.0.step == 2));
        let samples = |recorder: &EpisodeRecorder| recorder.clone().finish(0.9, 0.0).unwrap();
        let taught = found.iter().map(|(.., recording)| recording.0.as_ref().map(samples)).collect();
        (taught, found.iter().map(|(_, state, _)| format!("{:?}", state.0)).collect())
    }

    #[test]
    fn an_episode_of_the_world_teaches_what_the_same_episode_of_self_play_does() {
        let mut settings = small_settings(PlannerKind::AlphaZero, 2);
        settings.scenario.reward.discount = 0.9;
        let (taught, states) = recorded(EpisodeSettings { record_for_training: true, ..settings.clone() });

        let network = planning_layers(&settings.network, 8);
        let thread = EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap();
        let mission = Arc::new(Mission::new(settings.scenario.clone(), None).unwrap());
        let search = settings.search.with_network();
        let config = FlightConfig {
            seed: settings.seed,
            search,
            exploration: Exploration::Off,
            parallel: 5,
            cohorts: 1,
            lambda: 0.0,
        };
        let flown = fly(&network, &thread, &mission, 0..5, &config, &mut |_| {}).unwrap().flown;
        for (taught, flown) in taught.iter().zip(&flown) {
            let taught = taught.as_ref().unwrap();
            assert_eq!((taught.len(), flown.samples.len()), (2, 3));
            // With λ = 0 a value target holds the reward and the search's value of the next step, no later ones.
            assert_eq!(taught.sample(0), flown.samples.sample(0));
            let (one, other) = (taught.sample(1), flown.samples.sample(1));
            assert_eq!(
                (one.belief, one.step.orbit, one.step.policy),
                (other.belief, other.step.orbit, other.step.policy)
            );
        }

        // Off, nothing is recorded, and the episodes are the same.
        let (nothing, same) = recorded(settings.clone());
        assert!(nothing.iter().all(Option::is_none));
        assert_eq!(states, same);
        // Without a network there is nothing to record.
        let without = EpisodeSettings { record_for_training: true, ..small_settings(PlannerKind::Passive, 1) };
        assert!(recorded(without).0.iter().all(Option::is_none));
    }
}
