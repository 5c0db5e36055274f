use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::system::Query;

use crate::episode::components::{EpisodePlanner, PictureChange};
use crate::episode::meter::Meter;
use crate::episode::run::Run;
use crate::episode::systems::deciding::{Deciding, DecidingItem, deciding};
use crate::episode::trees::EpisodeTrees;
use crate::episode::workers::EpisodeWorkers;
use crate::flight::{EpisodePhase, Scratch, TreePool};
use crate::search::{Search, SearchConfig, SearchProgress, WorkTimes};
use crate::threads::lock;

/// Runs the searches of the episodes that may decide now.
///
/// Workers take episodes from one queue. Searches under way come first, so that there are never more trees than
/// workers; then the episodes that have flown fewest steps, so that all advance together. Planning ends when the
/// tick's allowance is used up, or when a worker has nothing left to do while a decided episode could go on.
/// None of this shows in the results: a search depends on its episode's seed, number and step alone, unless threads
/// share its tree.
pub fn plan(
    run: Res<Run>,
    trees: Res<EpisodeTrees>,
    mut workers: ResMut<EpisodeWorkers>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<Deciding>,
) {
    let start = Instant::now();
    // Searches with a network have a system of their own.
    let idle_ones_too = !run.settings.search.planner.needs_network();
    let mut cohort = deciding(&mut episodes, run.paused, start, |planner| match planner {
        EpisodePlanner::Searching { .. } => true,
        EpisodePlanner::Idle => idle_ones_too,
        _ => false,
    });
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
        work: Mutex::default(),
    };
    let jobs = cohort.iter_mut().collect();
    let faults = workers.share_until_starved(jobs, &shift.starved, |scratch, episode| shift.plan(scratch, episode));
    for fault in faults {
        cohort[fault.job].planner.fail(EpisodePhase::Search, fault.reason);
    }
    meter.count.simulations += shift.simulations.load(Ordering::Relaxed);
    let work = *lock(&shift.work);
    meter.work += work;
    workers.helped(work.helpers);
}

/// What the workers of one tick share while they plan.
struct Shift<'a> {
    search: &'a SearchConfig,
    trees: &'a TreePool,
    deadline: Instant,
    starved: AtomicBool,
    decided: AtomicBool,
    simulations: AtomicU64,
    work: Mutex<WorkTimes>,
}

impl Shift<'_> {
    fn is_over(&self) -> bool {
        let others_wait = self.starved.load(Ordering::Relaxed) && self.decided.load(Ordering::Relaxed);
        others_wait || Instant::now() >= self.deadline
    }

    fn plan(&self, scratch: &mut Scratch, episode: &mut DecidingItem) {
        if self.is_over() {
            return;
        }
        episode.picture.touch(PictureChange::Status);
        if let EpisodePlanner::Idle = *episode.planner {
            episode.pass("begin");
            *episode.planner = self.begin(episode);
        }
        episode.pass("walk");
        let EpisodePlanner::Searching { search, done, .. } = &mut *episode.planner else { return };
        let mission = &*episode.mission.mission;
        let (caster, observation) = scratch.instruments(mission);
        let progress = search.run_while(mission, caster, observation, u32::MAX, || !self.is_over());
        *lock(&self.work) += search.take_work_times();
        let before = std::mem::replace(done, search.simulations_done());
        self.simulations.fetch_add(u64::from(*done - before), Ordering::Relaxed);
        if matches!(progress, SearchProgress::Done) {
            episode.pass("decide");
            self.decide(&mut episode.planner);
        }
    }

    /// A new search from the episode's state, with a tree from the pool.
    fn begin(&self, episode: &mut DecidingItem) -> EpisodePlanner {
        episode.adopt_next_mission();
        let search = Search::begin(&episode.mission.mission, &episode.state.0, self.search, self.trees.take());
        EpisodePlanner::Searching { of: search.simulations(), search: Box::new(search), done: 0 }
    }

    fn decide(&self, planner: &mut EpisodePlanner) {
        if let EpisodePlanner::Searching { search, .. } = std::mem::take(planner) {
            let (decision, tree) = search.finish();
            self.trees.give_back(tree);
            *planner = EpisodePlanner::Decided(decision);
            self.decided.store(true, Ordering::Relaxed);
        }
    }
}
