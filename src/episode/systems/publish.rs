use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::resource::Resource;
use bevy::ecs::system::Query;

use crate::episode::components::{
    Episode, EpisodeHistory, EpisodeMission, EpisodePicture, EpisodePlanner, EpisodeState, PictureChange,
};
use crate::episode::meter::{Load, Meter};
use crate::episode::network::NetworkPlanner;
use crate::episode::run::Run;
use crate::episode::snapshot::{EpisodeSnapshot, EpisodeStatus, SimulationSnapshot, SimulationStatus};
use crate::episode::training::Trainer;
use crate::episode::workers::EpisodeWorkers;
use crate::flight::{EpisodeFailure, EpisodePhase, pass};
use crate::mission::EpisodeMetrics;
use crate::threads::guarded;

/// The newest snapshot, and how often there is to be one.
#[derive(Resource, Debug)]
pub struct Publication {
    /// The newest snapshot.
    pub latest: Arc<SimulationSnapshot>,
    /// Least time between two snapshots of the schedule; `None` if they are only built when asked for.
    pub interval: Option<Duration>,
    at: Instant,
}

impl Publication {
    /// An empty snapshot, to be followed by others at that interval.
    pub fn new(run: &Run, interval: Option<Duration>) -> Self {
        Self { latest: Arc::new(SimulationSnapshot::empty(&run.settings)), interval, at: Instant::now() }
    }

    /// Goes on counting after the frames of a simulation before.
    pub fn count_on_from(&mut self, frame: u64) {
        Arc::make_mut(&mut self.latest).frame = frame;
        self.at = Instant::now().checked_sub(Duration::from_secs(1)).unwrap_or(self.at);
    }

    /// How long until the next snapshot is due, if the schedule builds them.
    pub fn due_in(&self) -> Option<Duration> {
        let interval = self.interval?;
        Some(if self.latest.frame == 0 { Duration::ZERO } else { interval.saturating_sub(self.at.elapsed()) })
    }
}

/// Whether the schedule is to build a snapshot in this tick.
pub fn is_due(publication: Res<Publication>) -> bool {
    publication.due_in() == Some(Duration::ZERO)
}

/// Builds the snapshot of the run; episodes that have not changed are shared with the one before.
pub fn publish(
    run: Res<Run>,
    workers: Res<EpisodeWorkers>,
    planner: Res<NetworkPlanner>,
    trainer: Res<Trainer>,
    mut meter: ResMut<Meter>,
    mut publication: ResMut<Publication>,
    mut episodes: Query<(
        &Episode,
        &EpisodeMission,
        &EpisodeState,
        &mut EpisodePlanner,
        &EpisodeHistory,
        &mut EpisodePicture,
    )>,
) {
    let mut pictures = Vec::with_capacity(episodes.iter().len());
    for (episode, mission, state, mut planner, history, mut picture) in &mut episodes {
        let latest = picture.latest.take();
        let with_status = |latest: &EpisodeSnapshot, planner: &EpisodePlanner| {
            Arc::new(EpisodeSnapshot {
                status: status_of(planner, state),
                altered: mission.altered,
                failure: failure_of(planner).cloned(),
                ..latest.clone()
            })
        };
        let latest = match (picture.change, latest) {
            (PictureChange::None, Some(latest)) => Some(latest),
            (PictureChange::Status, Some(latest)) => Some(with_status(&latest, &planner)),
            // It cannot be pictured, and there is no earlier picture.
            (_, None) if failure_of(&planner).is_some_and(|failure| failure.phase == EpisodePhase::Snapshot) => None,
            (_, latest) => match guarded(|| picture_of(episode, mission, state, &planner, history)) {
                Ok(now) => Some(Arc::new(now)),
                Err(reason) => {
                    planner.fail(EpisodePhase::Snapshot, reason);
                    latest.map(|latest| with_status(&latest, &planner))
                }
            },
        };
        picture.latest = latest.clone();
        picture.change = PictureChange::None;
        pictures.extend(latest.map(|latest| (episode.slot, latest)));
    }
    pictures.sort_by_key(|(slot, _)| *slot);
    let focus = run.focus_slot.min(run.settings.episodes - 1);
    let focus = pictures.iter().find(|(slot, _)| *slot == focus).map_or(0, |(_, picture)| picture.number);
    let episodes = pictures.into_iter().map(|(_, picture)| picture).collect();
    let counts = planner.counts();
    let diagnostics = meter.read(Load::of(&workers, &counts));
    let network = shared(publication.latest.network.as_ref(), planner.snapshot(&counts));
    publication.latest = Arc::new(SimulationSnapshot {
        frame: publication.latest.frame + 1,
        settings: run.settings.clone(),
        status: SimulationStatus::of(run.paused),
        paused: run.paused,
        focus,
        episodes,
        diagnostics,
        notices: run.notices.to_vec(),
        pending: run.pending.clone(),
        network,
        training: trainer.snapshot(),
    });
    publication.at = Instant::now();
}

/// What was published before, if it is still true.
fn shared<T: PartialEq>(before: Option<&Arc<T>>, now: Option<T>) -> Option<Arc<T>> {
    let now = now?;
    Some(before.filter(|before| ***before == now).cloned().unwrap_or_else(|| Arc::new(now)))
}

fn status_of(planner: &EpisodePlanner, state: &EpisodeState) -> EpisodeStatus {
    match planner {
        EpisodePlanner::Searching { done, of, .. } => EpisodeStatus::Searching { done: *done, of: *of },
        EpisodePlanner::SearchingWithNetwork(searching) => {
            let search = searching.search();
            EpisodeStatus::Searching { done: search.simulations_done(), of: search.simulations() }
        }
        EpisodePlanner::Failing(_) | EpisodePlanner::Failed(_) => EpisodeStatus::Failed,
        EpisodePlanner::Finished if state.0.refusal.is_some() => EpisodeStatus::Refused,
        EpisodePlanner::Finished => EpisodeStatus::Finished,
        EpisodePlanner::Idle
        | EpisodePlanner::Decided(_)
        | EpisodePlanner::Acted { .. }
        | EpisodePlanner::Refused { .. } => EpisodeStatus::Stepping,
    }
}

fn failure_of(planner: &EpisodePlanner) -> Option<&Arc<EpisodeFailure>> {
    match planner {
        EpisodePlanner::Failing(failure) | EpisodePlanner::Failed(failure) => Some(failure),
        _ => None,
    }
}

fn picture_of(
    episode: &Episode,
    flown: &EpisodeMission,
    state: &EpisodeState,
    planner: &EpisodePlanner,
    history: &EpisodeHistory,
) -> EpisodeSnapshot {
    let status = status_of(planner, state);
    let (mission, state) = (&flown.mission, &state.0);
    pass("snapshot", mission.scenario(), episode.number, state.step);
    let mut probability_u8 = Vec::new();
    state.belief.probabilities_u8(&mut probability_u8);
    EpisodeSnapshot {
        number: episode.number,
        slot: episode.slot,
        step: state.step,
        steps: mission.scenario().steps,
        status,
        mission: mission.clone(),
        altered: flown.altered,
        grid: *mission.grid(),
        probability_u8: probability_u8.into(),
        entropy_nats: state.belief.entropy_nats(),
        initial_entropy_nats: mission.initial_entropy_nats(),
        reachable_entropy_nats: mission.reachable_entropy_nats(),
        dv_spent_m_s: state.dv_spent_m_s,
        range_m: history.states.last().map_or(0.0, |sample| sample.position_rtn_m.length()),
        states: history.states.as_slice().into(),
        transitions: history.transitions.clone(),
        search: history.search.clone(),
        expected_returns: history.expected_returns.clone(),
        truth: mission.truth().clone(),
        metrics: EpisodeMetrics::of(mission, state, &history.transitions),
        failure: failure_of(planner).cloned(),
    }
}
