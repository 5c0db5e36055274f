use std::sync::Arc;

use bevy::ecs::change_detection::ResMut;
use bevy::ecs::system::Query;

use crate::episode::components::{Episode, EpisodeMission, EpisodePlanner, EpisodeState};
use crate::episode::meter::Meter;
use crate::episode::workers::EpisodeWorkers;
use crate::flight::{EpisodePhase, Scratch, pass};

/// Carries out the decisions: burn, propagation, image and belief update, spread over the workers.
pub fn act(
    mut workers: ResMut<EpisodeWorkers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<(&Episode, &EpisodeMission, &mut EpisodeState, &mut EpisodePlanner)>,
) {
    let mut decided: Vec<_> =
        episodes.iter_mut().filter(|(.., planner)| matches!(**planner, EpisodePlanner::Decided(_))).collect();
    if decided.is_empty() {
        return;
    }
    let count = decided.len() as u64;
    let before = workers.busy();
    let jobs = decided.iter_mut().collect();
    let faults = workers.share(jobs, |scratch, (episode, mission, state, planner)| {
        step(scratch, episode, mission, state, planner);
    });
    for fault in faults {
        decided[fault.job].3.fail(EpisodePhase::Step, fault.reason);
    }
    meter.count.decisions += count;
    meter.count.observations += count;
    meter.work.rays += workers.busy() - before;
}

/// A step that panics half-way leaves the state as it was before.
fn step(
    scratch: &mut Scratch,
    episode: &Episode,
    mission: &EpisodeMission,
    state: &mut EpisodeState,
    planner: &mut EpisodePlanner,
) {
    if let EpisodePlanner::Decided(decision) = std::mem::take(planner) {
        let mission = &mission.mission;
        let (caster, observation) = scratch.instruments(mission);
        let summary = Arc::new(decision.summary);
        let mut next = state.0.clone();
        let flown = mission.step(&mut next, decision.action, caster, observation);
        pass("step", mission.scenario(), episode.number, state.0.step);
        state.0 = next;
        *planner = match flown {
            Ok(transition) => EpisodePlanner::Acted { summary, transition },
            Err(_) => EpisodePlanner::Refused { action: decision.action, summary },
        };
    }
}
