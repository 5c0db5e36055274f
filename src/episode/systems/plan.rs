use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::query::QueryData;
use bevy::ecs::system::Query;

use crate::episode::components::{
    Episode, EpisodeMission, EpisodePace, EpisodePicture, EpisodePlanner, EpisodeState, PictureChange,
};
use crate::episode::meter::Meter;
use crate::episode::run::Run;
use crate::episode::trees::Trees;
use crate::episode::workers::{Scratch, Workers};
use crate::search::{Search, SearchConfig, SearchProgress};

/// Simulations between two looks at the clock: half a millisecond of work, so that workers stop together.
const SLICE: u32 = 4;

#[derive(QueryData)]
#[query_data(mutable)]
pub struct Planning {
    episode: &'static Episode,
    mission: &'static mut EpisodeMission,
    state: &'static EpisodeState,
    planner: &'static mut EpisodePlanner,
    pace: &'static EpisodePace,
    picture: &'static mut EpisodePicture,
}

/// Runs the searches of the episodes that may decide now.
///
/// Workers take episodes from one queue. Searches under way come first, so that there are never more trees than
/// workers; then the episodes that have flown fewest steps, so that all advance together. Planning ends when the
/// tick's allowance is used up, or when a worker has nothing left to do while a decided episode could go on.
/// None of this shows in the results: a search depends on its episode's seed, number and step alone.
pub fn plan(
    run: Res<Run>,
    trees: Res<Trees>,
    mut workers: ResMut<Workers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<Planning>,
) {
    let start = Instant::now();
    // Those that consult a network have a system of their own.
    let idle_ones_too = !run.settings.search.planner.needs_network();
    let mut cohort: Vec<_> = episodes
        .iter_mut()
        .filter(|episode| may_decide(&episode.planner, episode.pace, run.paused, start))
        .filter(|episode| match *episode.planner {
            EpisodePlanner::Searching { .. } => true,
            EpisodePlanner::Idle => idle_ones_too,
            _ => false,
        })
        .collect();
    if cohort.is_empty() {
        return;
    }
    cohort.sort_by_key(|episode| {
        let idle = matches!(*episode.planner, EpisodePlanner::Idle);
        (idle, episode.state.0.step, episode.episode.slot)
    });
    let shift = Shift {
        search: &run.settings.search,
        trees: &trees,
        deadline: start + run.settings.tick_allowance,
        starved: AtomicBool::new(false),
        decided: AtomicBool::new(false),
        simulations: AtomicU64::new(0),
    };
    let jobs: VecDeque<_> = cohort.into_iter().collect();
    workers.share(jobs, &shift.starved, |scratch, mut episode| shift.plan(scratch, &mut episode));
    meter.count.simulations += shift.simulations.into_inner();
}

/// Whether an episode may work on its decision: its pace allows it, or it is granted a step of a paused run.
pub fn may_decide(planner: &EpisodePlanner, pace: &EpisodePace, paused: bool, now: Instant) -> bool {
    let allowed = if paused { pace.granted > 0 } else { pace.due <= now };
    let undecided =
        matches!(planner, EpisodePlanner::Idle | EpisodePlanner::Searching { .. } | EpisodePlanner::Consulting { .. });
    allowed && undecided
}

/// What the workers of one tick share while they plan.
struct Shift<'a> {
    search: &'a SearchConfig,
    trees: &'a Trees,
    deadline: Instant,
    starved: AtomicBool,
    decided: AtomicBool,
    simulations: AtomicU64,
}

impl Shift<'_> {
    fn is_over(&self) -> bool {
        let others_wait = self.starved.load(Ordering::Relaxed) && self.decided.load(Ordering::Relaxed);
        others_wait || Instant::now() >= self.deadline
    }

    fn plan(&self, scratch: &mut Scratch, episode: &mut PlanningItem) {
        if self.is_over() {
            return;
        }
        episode.picture.touch(PictureChange::Status);
        if let EpisodePlanner::Idle = *episode.planner {
            *episode.planner = self.begin(episode);
        }
        let EpisodePlanner::Searching { search, done, .. } = &mut *episode.planner else { return };
        let mission = &*episode.mission.mission;
        let (caster, observation) = scratch.instruments(mission);
        let progress = loop {
            let progress = search.run(mission, caster, observation, SLICE);
            if matches!(progress, SearchProgress::Done) || self.is_over() {
                break progress;
            }
        };
        let before = std::mem::replace(done, search.simulations_done());
        self.simulations.fetch_add(u64::from(*done - before), Ordering::Relaxed);
        if matches!(progress, SearchProgress::Done) {
            self.decide(&mut episode.planner);
        }
    }

    /// A new search from the episode's state, with a tree from the pool.
    fn begin(&self, episode: &mut PlanningItem) -> EpisodePlanner {
        if let Some(next) = episode.mission.next.take() {
            episode.mission.mission = next;
        }
        let search = Search::begin(&episode.mission.mission, &episode.state.0, self.search, self.trees.lend());
        EpisodePlanner::Searching { of: search.simulations(), search: Box::new(search), done: 0 }
    }

    fn decide(&self, planner: &mut EpisodePlanner) {
        if let EpisodePlanner::Searching { search, .. } = std::mem::take(planner) {
            let (decision, tree) = search.finish();
            self.trees.take_back(tree);
            *planner = EpisodePlanner::Decided(decision);
            self.decided.store(true, Ordering::Relaxed);
        }
    }
}
