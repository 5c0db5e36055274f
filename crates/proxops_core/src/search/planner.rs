use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use rand::RngExt;

use crate::mission::{Action, Mission, MissionState, StreamRng};
use crate::orbit::RelativeState;
use crate::sensor::{Observation, RayCaster};

use super::forest::Forest;
use super::rule::most_visited_of;
use super::shared_tree::TreeGuard;
use super::walker::{EquippedWalker, Orders, Walker};
use super::{
    Batch, Decision, GrowingTree, NodeId, PlannerKind, SearchConfig, SearchMode, SearchSummary, SearchTree, SharedTree,
    WorkTimes,
};

/// How far a [`Search`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchProgress {
    /// Simulations are left.
    Running,
    /// The decision can be taken.
    Done,
}

/// One decision of pure Monte-Carlo search in the making, resumable at any simulation.
///
/// Except in [`SearchMode::TreeParallel`] with more than one thread, the decision is a function of mission, state and
/// settings alone: every random number belongs to a simulation of a step of an episode of a seed, so slicing
/// [`Search::run_while`] differently, or running elsewhere, gives the same bits.
#[derive(Debug)]
pub struct Search {
    config: SearchConfig,
    forest: Forest,
    batch: Batch<RelativeState>,
    walkers: Vec<Walker>,
    /// Set at once by planners that do not search.
    answer: Option<Action>,
    /// Actions that can be flown, by index.
    permitted: [bool; Action::COUNT],
}

impl Search {
    /// Starts deciding at `state`. `tree` lends its memory and comes back from [`Search::finish`].
    pub fn begin(mission: &Mission, state: &MissionState, config: &SearchConfig, tree: SearchTree) -> Self {
        let searches = !matches!(config.planner, PlannerKind::Passive | PlannerKind::Random);
        let simulations = if searches { config.simulations } else { 0 };
        let mode = config.parallel.mode();
        let forest = Forest::plant(mission, state, config.horizon, simulations, mode, tree);
        let permitted = mission.permitted(&state.relative);
        let answer = match config.planner {
            PlannerKind::Passive => Some(Action::NONE),
            PlannerKind::Random => Some(any_of(&permitted, &mut forest.key.rng())),
            // Those with a network are searched by `AlphaZeroSearch`; without one they plan like pure search.
            PlannerKind::Mcts | PlannerKind::AlphaZero | PlannerKind::NetworkOnly => None,
        };
        let threads = match mode {
            SearchMode::Serial | SearchMode::Batched { .. } => 1,
            SearchMode::TreeParallel { threads, .. } => threads as usize,
            // More would only take turns.
            SearchMode::RootParallel { .. } => forest.trees.len().min(cores()),
        };
        let walkers = (0..threads).map(|_| Walker::new(mission, config)).collect();
        Self { config: config.clone(), forest, batch: Batch::default(), walkers, answer, permitted }
    }

    /// Does up to `max_simulations` more, for as long as `keep_going` says; every thread asks it after each of its
    /// simulations. `mission` is the one the search began with; `caster` and `observation` are scratch for its grid and
    /// camera. Threads beyond the caller's are started for this call and have ended when it returns.
    pub fn run_while(
        &mut self,
        mission: &Mission,
        caster: &mut RayCaster,
        observation: &mut Observation,
        max_simulations: u32,
        keep_going: impl Fn() -> bool + Sync,
    ) -> SearchProgress {
        let Self { config, forest, batch, walkers, .. } = self;
        let orders = Orders { mission, config, key: forest.key, max_simulations, keep_going: &keep_going };
        let Some((first, others)) = walkers.split_first_mut() else { return self.progress() };
        let mut caller = first.equip_with(caster, observation);
        match (config.parallel.mode(), &mut forest.trees[..]) {
            (SearchMode::Batched { leaves }, [tree]) => {
                caller.grow_batched(&orders, batch, leaves as usize, tree.get_mut());
            }
            (SearchMode::TreeParallel { .. }, [tree]) => {
                let stop = tree.done().saturating_add(max_simulations);
                let tree = &*tree;
                let work = |walker: &mut EquippedWalker| walker.grow_shared(&orders, tree, stop);
                with_helpers(mission, others, &work, || work(&mut caller));
            }
            (_, [tree]) => caller.grow(&orders, tree.get_mut()),
            (_, trees) => {
                let queue = Mutex::new(shares(trees, max_simulations));
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let work = |walker: &mut EquippedWalker| {
                    while let Some((tree, own)) = next() {
                        walker.grow(&orders.at_most(own), tree);
                        if !keep_going() {
                            return;
                        }
                    }
                };
                with_helpers(mission, others, &work, || work(&mut caller));
            }
        }
        self.progress()
    }

    /// Whether simulations are left.
    pub fn progress(&self) -> SearchProgress {
        if self.simulations_done() < self.simulations() { SearchProgress::Running } else { SearchProgress::Done }
    }

    /// Simulations done so far.
    pub fn simulations_done(&self) -> u32 {
        self.forest.done()
    }

    /// Simulations to do in all; 0 for planners that do not search.
    pub fn simulations(&self) -> u32 {
        self.forest.simulations()
    }

    /// The tree as it stands; with root parallelism, the first of them.
    pub fn tree(&self) -> TreeGuard<'_, RelativeState> {
        self.forest.trees[0].lock()
    }

    /// The search so far.
    pub fn summary(&self) -> SearchSummary {
        self.forest.read(|_, summary| summary)
    }

    /// Where the time of all threads has gone since the last call.
    pub fn take_work_times(&mut self) -> WorkTimes {
        self.walkers.iter_mut().map(|walker| std::mem::take(&mut walker.times)).sum()
    }

    /// Decides by what has been searched, and gives the tree back. The most visited action wins, ties go to the larger Q
    /// and then to the smaller index; with nothing searched, or no step left, no burn is made. An action that cannot be
    /// flown is never chosen while another can.
    pub fn finish(mut self) -> (Decision, SearchTree) {
        self.batch.abandon(self.forest.trees[0].get_mut());
        debug_assert_eq!(self.forest.check_at_rest(), Ok(()));
        let decision = self.forest.read(|tree, summary| {
            let searched = most_visited_of(tree.edges(NodeId::ROOT), &self.permitted);
            Decision { action: self.answer.or(searched).unwrap_or(first_of(&self.permitted)), summary }
        });
        (decision, self.forest.into_lent())
    }
}

/// One of the permitted actions, each as likely as the others. At least one is.
fn any_of(permitted: &[bool; Action::COUNT], rng: &mut StreamRng) -> Action {
    loop {
        let action = Action::ALL[rng.random_range(0..Action::COUNT)];
        if permitted[action.index()] {
            return action;
        }
    }
}

/// The first permitted action: no burn, if that is one.
pub(super) fn first_of(permitted: &[bool; Action::COUNT]) -> Action {
    Action::ALL.into_iter().find(|action| permitted[action.index()]).unwrap_or(Action::NONE)
}

/// Threads that can run at the same time.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The trees that are not done, and how many of `max_simulations` each may do.
fn shares(trees: &mut [SharedTree], max_simulations: u32) -> VecDeque<(&mut GrowingTree, u32)> {
    let unfinished: Vec<_> = trees.iter_mut().map(SharedTree::get_mut).filter(|tree| !tree.is_done()).collect();
    let count = unfinished.len().max(1) as u32;
    let (all, some) = (max_simulations / count, max_simulations % count);
    let own = |place: usize| all + u32::from((place as u32) < some);
    unfinished.into_iter().enumerate().map(|(place, tree)| (tree, own(place))).collect()
}

/// Runs `own` here and `help` on a thread for every helper; returns when all have ended.
fn with_helpers(
    mission: &Mission,
    helpers: &mut [Walker],
    help: &(impl Fn(&mut EquippedWalker) + Sync),
    own: impl FnOnce(),
) {
    if helpers.is_empty() {
        return own();
    }
    thread::scope(|scope| {
        for helper in helpers {
            let run = move || {
                let start = Instant::now();
                help(&mut helper.equip(mission));
                helper.times.helpers += start.elapsed();
            };
            // Where no thread can be had, the others do its part.
            let _ = thread::Builder::new().name("proxops-search".into()).spawn_scoped(scope, run);
        }
        own();
    });
}

/// Decides in one go. See [`Search`] for doing it in slices.
pub fn decide(
    mission: &Mission,
    state: &MissionState,
    config: &SearchConfig,
    tree: SearchTree,
    caster: &mut RayCaster,
    observation: &mut Observation,
) -> (Decision, SearchTree) {
    let mut search = Search::begin(mission, state, config, tree);
    search.run_while(mission, caster, observation, u32::MAX, || true);
    search.finish()
}

#[cfg(test)]
mod tests;
