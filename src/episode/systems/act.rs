use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bevy::ecs::change_detection::{Mut, ResMut};
use bevy::ecs::system::Query;

use crate::episode::components::{EpisodeMission, EpisodePlanner, EpisodeState};
use crate::episode::meter::Meter;
use crate::episode::workers::{Scratch, Workers};

/// Carries out the decisions: burn, propagation, image and belief update, spread over the workers.
pub fn act(
    mut workers: ResMut<Workers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<(&EpisodeMission, &mut EpisodeState, &mut EpisodePlanner)>,
) {
    let decided: VecDeque<_> =
        episodes.iter_mut().filter(|(.., planner)| matches!(**planner, EpisodePlanner::Decided(_))).collect();
    if decided.is_empty() {
        return;
    }
    let count = decided.len() as u64;
    let before = workers.busy();
    workers.share(decided, &AtomicBool::new(false), |scratch, (mission, mut state, planner)| {
        step(scratch, mission, &mut state, planner);
    });
    meter.count.decisions += count;
    meter.count.observations += count;
    meter.work.rays += workers.busy() - before;
}

fn step(scratch: &mut Scratch, mission: &EpisodeMission, state: &mut EpisodeState, mut planner: Mut<EpisodePlanner>) {
    if let EpisodePlanner::Decided(decision) = std::mem::take(&mut *planner) {
        let (caster, observation) = scratch.instruments(&mission.mission);
        let summary = Arc::new(decision.summary);
        *planner = match mission.mission.step(&mut state.0, decision.action, caster, observation) {
            Ok(transition) => EpisodePlanner::Acted { summary, transition },
            Err(_) => EpisodePlanner::Refused { summary },
        };
    }
}
