use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::entity::Entity;
use bevy::ecs::message::MessageWriter;
use bevy::ecs::system::{Commands, Query};

use crate::episode::components::{
    Episode, EpisodeHistory, EpisodeMission, EpisodePace, EpisodePicture, EpisodePlanner, EpisodeState,
};
use crate::episode::messages::{EpisodeEvent, EpisodeStarted, ImageTaken};
use crate::episode::meter::Meter;
use crate::episode::recording::EpisodeRecording;
use crate::episode::run::{Run, waiting_parameters};
use crate::episode::snapshot::StateSample;
use crate::episode::workers::EpisodeWorkers;
use crate::flight::{EpisodePhase, Workers, pass};
use crate::mission::{Mission, MissionState};
use crate::orbit::{RelativeOrbitalElements, RelativeState};
use crate::threads::guarded;

/// Takes away the episodes that have no place any more: all at a reset, those beyond a lowered number of episodes,
/// and finished ones that are to be followed by another. Failed ones
/// stay, so that a fault is seen and cannot repeat for ever.
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
    mut workers: ResMut<EpisodeWorkers>,
    mut meter: ResMut<Meter>,
    mut events: MessageWriter<EpisodeEvent>,
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
    for (episode, begun) in empty.into_iter().zip(begun) {
        let mut planner = EpisodePlanner::Idle;
        let steps = run.mission.scenario().steps;
        events.write(EpisodeEvent::Started(EpisodeStarted { episode, steps }));
        let (state, samples) = match begun {
            Ok((state, sample)) => {
                events.write(EpisodeEvent::Image(first_image(episode, &run.mission, &sample)));
                (state, vec![sample])
            }
            Err(reason) => {
                planner.fail(EpisodePhase::FirstImage, reason);
                without_image(episode, &run)
            }
        };
        let history = EpisodeHistory { states: samples, ..Default::default() };
        commands.spawn((
            episode,
            EpisodeMission { mission: run.mission.clone(), next: None, altered: false },
            EpisodeState(state),
            planner,
            history,
            EpisodePace { due, granted: 0 },
            EpisodePicture::default(),
            EpisodeRecording::begin(episode, &run.mission, run.settings.record_for_training),
        ));
    }
}

/// A state and its sample.
type Begun = (MissionState, StateSample);

fn first_image(episode: Episode, mission: &Mission, sample: &StateSample) -> ImageTaken {
    ImageTaken {
        episode,
        step: 0,
        position_rtn_m: sample.position_rtn_m,
        entropy_before_nats: mission.initial_entropy_nats(),
        entropy_after_nats: sample.entropy_nats,
    }
}

/// The first states of these episodes, in their order, or why one has none.
fn begin_missions(episodes: &[Episode], run: &Run, workers: &mut Workers) -> Vec<Result<Begun, String>> {
    let (mission, seed): (&Arc<Mission>, _) = (&run.mission, run.settings.seed);
    workers.map(episodes.iter().collect(), |scratch, episode| {
        let (caster, observation) = scratch.instruments(mission);
        let state = mission.begin(seed, episode.number, caster, observation);
        pass("first image", mission.scenario(), episode.number, state.step);
        let sample = StateSample::of(mission, &state);
        (state, sample)
    })
}

/// The state of an episode that has failed at its first image: at its start if that can be said, else nowhere.
fn without_image(episode: Episode, run: &Run) -> (MissionState, Vec<StateSample>) {
    let (mission, seed) = (&run.mission, run.settings.seed);
    let start = guarded(|| {
        let state = mission.initial_state(seed, episode.number);
        let sample = StateSample::of(mission, &state);
        (state, vec![sample])
    });
    start.unwrap_or_else(|_| {
        let roe = RelativeOrbitalElements::default();
        let state = MissionState {
            seed,
            episode: episode.number,
            step: 0,
            relative: RelativeState { time_s: 0.0, roe, argument_of_latitude_rad: 0.0 },
            belief: mission.prior_belief().clone(),
            dv_spent_m_s: 0.0,
            total_reward: 0.0,
            closest_approach_m: 0.0,
            refusal: None,
        };
        (state, Vec::new())
    })
}

/// Hands the steps asked for to every unfinished episode, those that have just begun included.
pub fn grant_steps(mut run: ResMut<Run>, mut episodes: Query<(&EpisodePlanner, &mut EpisodePace)>) {
    let granted = std::mem::take(&mut run.granted);
    if granted == 0 {
        return;
    }
    for (planner, mut pace) in &mut episodes {
        if !planner.is_over() {
            pace.granted = pace.granted.saturating_add(granted);
        }
    }
}
