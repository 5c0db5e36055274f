use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bevy::ecs::change_detection::{Mut, ResMut};
use bevy::ecs::system::Query;

use crate::episode::components::{EpisodeMission, EpisodePlanner, EpisodeState};
use crate::episode::meter::{Meter, Phase};
use crate::episode::workers::{Scratch, Workers, lock};

/// Carries out the decisions: burn, propagation, image and belief update, spread over the workers.
pub fn act(
    mut workers: ResMut<Workers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<(&EpisodeMission, &mut EpisodeState, &mut EpisodePlanner)>,
) {
    let start = Instant::now();
    let decided: VecDeque<_> =
        episodes.iter_mut().filter(|(.., planner)| matches!(**planner, EpisodePlanner::Decided(_))).collect();
    if decided.is_empty() {
        return;
    }
    let count = decided.len() as u64;
    let worked = Mutex::new(Duration::ZERO);
    workers.share(decided, &AtomicBool::new(false), |scratch, (mission, mut state, planner)| {
        let start = Instant::now();
        step(scratch, mission, &mut state, planner);
        *lock(&worked) += start.elapsed();
    });
    // Nearly all of a step is its image.
    meter.work.rays += *lock(&worked);
    meter.count.decisions += count;
    meter.count.observations += count;
    meter.spent(Phase::Act, start);
}

fn step(scratch: &mut Scratch, mission: &EpisodeMission, state: &mut EpisodeState, mut planner: Mut<EpisodePlanner>) {
    if let EpisodePlanner::Decided(decision) = std::mem::take(&mut *planner) {
        let (caster, observation) = scratch.instruments(&mission.mission);
        let transition = mission.mission.step(&mut state.0, decision.action, caster, observation);
        *planner = EpisodePlanner::Acted { summary: Arc::new(decision.summary), transition };
    }
}
