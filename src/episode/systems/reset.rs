use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::entity::Entity;
use bevy::ecs::system::{Commands, Query};

use crate::episode::components::{
    Episode, EpisodeHistory, EpisodeMission, EpisodePace, EpisodePicture, EpisodePlanner, EpisodeState,
};
use crate::episode::meter::Meter;
use crate::episode::run::{Run, waiting_parameters};
use crate::episode::snapshot::StateSample;
use crate::episode::workers::{Workers, lock};
use crate::mission::{Mission, MissionState};

/// Takes away the episodes that have no place any more: all at a reset, those beyond a lowered number of episodes,
/// and finished ones that are to be followed by another.
pub fn despawn_episodes(
    mut commands: Commands,
    run: Res<Run>,
    episodes: Query<(Entity, &Episode, &EpisodePlanner, &EpisodePace)>,
) {
    let now = Instant::now();
    let follow = run.settings.auto_restart && !run.paused;
    for (entity, episode, planner, pace) in &episodes {
        let has_successor = follow && matches!(planner, EpisodePlanner::Finished) && pace.due <= now;
        if run.restart || episode.slot >= run.settings.episodes || has_successor {
            commands.entity(entity).despawn();
        }
    }
}

/// Begins an episode in every empty slot and takes its first image.
pub fn begin_episodes(
    mut commands: Commands,
    mut run: ResMut<Run>,
    mut workers: ResMut<Workers>,
    mut meter: ResMut<Meter>,
    episodes: Query<(&Episode, &EpisodeMission)>,
) {
    if run.restart {
        run.restart = false;
        run.next_number = run.settings.first_episode;
    }
    let taken: BTreeSet<u32> = episodes.iter().map(|(episode, _)| episode.slot).collect();
    let empty: Vec<Episode> = (0..run.settings.episodes)
        .filter(|slot| !taken.contains(slot))
        .zip(0..)
        .map(|(slot, place)| Episode { number: run.next_number.wrapping_add(place), slot })
        .collect();
    if empty.is_empty() {
        return;
    }
    run.next_number = run.next_number.wrapping_add(empty.len() as u32);
    let before = workers.busy();
    let begun = begin_missions(&empty, &run, &mut workers);
    meter.work.rays += workers.busy() - before;
    meter.count.observations += begun.len() as u64;
    run.pending =
        episodes.iter().flat_map(|(_, flown)| waiting_parameters(flown.mission.scenario(), &run.settings)).collect();
    let due = Instant::now();
    for (episode, state) in empty.into_iter().zip(begun) {
        let history = EpisodeHistory { states: vec![StateSample::of(&run.mission, &state)], ..Default::default() };
        commands.spawn((
            episode,
            EpisodeMission { mission: run.mission.clone(), next: None, altered: false },
            EpisodeState(state),
            EpisodePlanner::Idle,
            history,
            EpisodePace { due, granted: 0 },
            EpisodePicture::default(),
        ));
    }
}

/// The first states of these episodes, in their order.
fn begin_missions(episodes: &[Episode], run: &Run, workers: &mut Workers) -> Vec<MissionState> {
    let begun: Vec<Mutex<Option<MissionState>>> = episodes.iter().map(|_| Mutex::new(None)).collect();
    let jobs: VecDeque<_> = episodes.iter().zip(&begun).collect();
    let (mission, seed): (&Arc<Mission>, _) = (&run.mission, run.settings.seed);
    workers.share(jobs, &AtomicBool::new(false), |scratch, (episode, place)| {
        let (caster, observation) = scratch.instruments(mission);
        *lock(place) = Some(mission.begin(seed, episode.number, caster, observation));
    });
    // `share` returns only when every job is done, and every job fills its place.
    begun.into_iter().filter_map(|place| lock(&place).take()).collect()
}

/// Hands the steps asked for to every unfinished episode, those that have just begun included.
pub fn grant_steps(mut run: ResMut<Run>, mut episodes: Query<(&EpisodePlanner, &mut EpisodePace)>) {
    let granted = std::mem::take(&mut run.granted);
    if granted == 0 {
        return;
    }
    for (planner, mut pace) in &mut episodes {
        if !matches!(planner, EpisodePlanner::Finished) {
            pace.granted = pace.granted.saturating_add(granted);
        }
    }
}
