//! The exchange of leaves between searches and an evaluator.

use std::time::{Duration, Instant};

use crate::mission::Mission;
use crate::network::{EvaluationBatch, LeafEncoder, LeafEvaluation, NetworkError};
use crate::search::{AlphaZeroWalker, AskedLeaf, WorkTimes};
use crate::threads::guarded;

use super::failure::{EpisodePhase, pass};
use super::inference::InferenceQueue;
use super::network_search::NetworkSearch;
use super::workers::{JobFault, Workers};

/// Jobs that the rows of a batch are divided into for each worker, at least: the last worker to end is hardly waited for.
const JOBS_PER_WORKER: usize = 4;

/// What owns a search whose leaves a network evaluates: an episode of the world, one of self-play, a decision that is judged.
pub trait SearchOwner {
    /// Tells the owners of one exchange apart.
    type Key: Copy + PartialEq;

    /// Its key.
    fn key(&self) -> Self::Key;

    /// Its search and what that needs; `None` while it does not search.
    fn searching(&mut self) -> Option<Searching<'_>>;

    /// Ends the owner because of a fault, and drops its search. The first fault is the one to be told.
    fn fail(&mut self, phase: EpisodePhase, reason: String);
}

/// A search and what it needs.
pub struct Searching<'a> {
    /// The mission that is searched.
    pub mission: &'a Mission,
    /// Writes its leaves into rows.
    pub encoder: &'a LeafEncoder,
    /// The search.
    pub search: &'a mut NetworkSearch,
    /// Number of the episode.
    pub number: u32,
    /// Step that is decided.
    pub step: u32,
}

/// The exchange of leaves between searches and an evaluator.
///
/// Owners are dealt to cohorts, which take turns. In its [turn](Self::take_turn) a cohort gets the values of its last batch,
/// walks its trees to the next leaves, and sends those off as one batch: while the network evaluates the leaves of one
/// cohort, the workers walk the trees of the others. What a batch holds is a function of the owners alone, never of timing.
///
/// A fault in one owner, or a row that the network cannot evaluate, ends that owner and no other.
#[derive(Debug)]
pub struct LeafExchange<K> {
    cohorts: Vec<CohortBatch<K>>,
    /// The cohort whose turn it is: batches come back in the order of the turns.
    turn: usize,
}

/// The batch of one cohort, here or at the network. Batches and lists are used again.
#[derive(Debug)]
struct CohortBatch<K> {
    /// `None` before the first turn, and while it is at the network.
    batch: Option<EvaluationBatch>,
    is_out: bool,
    /// Whose leaves it holds, in the order of its rows, and how many of each.
    owners: Vec<(K, usize)>,
}

/// What a turn has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Leaves of the batch that came back.
    pub leaves: usize,
    /// Those of them whose values were backed up.
    pub backed_up: usize,
    /// Time spent waiting for that batch.
    pub waiting: Duration,
}

impl<K: Copy + PartialEq> LeafExchange<K> {
    /// For that many cohorts, at least one.
    pub fn new(cohorts: usize) -> Self {
        let cohort = || CohortBatch { batch: None, is_out: false, owners: Vec::new() };
        Self { cohorts: std::iter::repeat_with(cohort).take(cohorts.max(1)).collect(), turn: 0 }
    }

    /// How many cohorts there are.
    pub fn cohorts(&self) -> usize {
        self.cohorts.len()
    }

    /// The cohort whose turn it is.
    pub fn turn(&self) -> usize {
        self.turn
    }

    /// The turn of a cohort: backs up the values of its last batch, lets `advance` bring its owners to their next leaves, and
    /// sends those off. `advance` may put other owners in the places of those that are done. `None` if the batch is not back
    /// by the deadline: then it is still the same cohort's turn.
    ///
    /// Leaves of owners that are gone are forgotten, and leaves that are pending already are sent again.
    ///
    /// # Errors
    /// [`NetworkError`] if the network fails as a whole; whatever `advance` returns.
    pub fn take_turn<O: SearchOwner<Key = K>, E: From<NetworkError>>(
        &mut self,
        queue: &mut impl InferenceQueue,
        workers: &mut Workers,
        owners: &mut Vec<O>,
        deadline: Option<Instant>,
        advance: impl FnOnce(&mut Workers, &mut Vec<O>) -> Result<(), E>,
    ) -> Result<Option<Turn>, E> {
        let Some(turn) = self.take_back(queue, owners, deadline)? else { return Ok(None) };
        advance(workers, owners)?;
        self.send(queue, workers, owners)?;
        self.turn = (self.turn + 1) % self.cohorts.len();
        Ok(Some(turn))
    }

    /// Waits for the batches that are out, so that nobody else gets them, and forgets their values.
    ///
    /// # Errors
    /// [`NetworkError`] if no batch will ever come.
    pub fn collect(&mut self, queue: &mut impl InferenceQueue) -> Result<(), NetworkError> {
        for cohort in &mut self.cohorts {
            if std::mem::take(&mut cohort.is_out) {
                cohort.batch = queue.receive(None)?.map(|finished| finished.batch);
            }
        }
        Ok(())
    }

    /// Backs up the values of the cohort's batch, if one is out.
    fn take_back<O: SearchOwner<Key = K>>(
        &mut self,
        queue: &mut impl InferenceQueue,
        owners: &mut [O],
        deadline: Option<Instant>,
    ) -> Result<Option<Turn>, NetworkError> {
        let cohort = &mut self.cohorts[self.turn];
        if !cohort.is_out {
            return Ok(Some(Turn::default()));
        }
        let start = Instant::now();
        let Some(finished) = queue.receive(deadline)? else { return Ok(None) };
        let mut turn = Turn { leaves: finished.batch.leaves(), backed_up: 0, waiting: start.elapsed() };
        cohort.is_out = false;
        // A network that fails for single leaves works for the others.
        if finished.faults.is_empty() {
            finished.result?;
        }

        let mut evaluations = finished.batch.evaluations();
        let (mut first, mut place) = (0, 0);
        for &(key, count) in &cohort.owners {
            let (own, rest) = evaluations.split_at(count);
            let leaves = first..first + count;
            (evaluations, first) = (rest, leaves.end);
            let Some(found) = place_of(key, owners, place) else { continue };
            place = found + 1;
            let fault = finished.faults.iter().find(|fault| leaves.contains(&fault.leaf));
            match fault.map_or_else(|| apply(&mut owners[found], own), |fault| Err(fault.reason.clone())) {
                Ok(applied) => turn.backed_up += applied,
                Err(reason) => owners[found].fail(EpisodePhase::Evaluation, reason),
            }
        }
        cohort.batch = Some(finished.batch);
        Ok(Some(turn))
    }

    /// Lets the workers write the cohort's pending leaves into the rows of its batch, and sends that off.
    fn send<O: SearchOwner<Key = K>>(
        &mut self,
        queue: &mut impl InferenceQueue,
        workers: &mut Workers,
        owners: &mut [O],
    ) -> Result<(), NetworkError> {
        let cohort = &mut self.cohorts[self.turn];
        cohort.owners.clear();
        let (mut leaves, mut row_len) = (0, 0);
        for owner in owners.iter_mut() {
            let key = owner.key();
            let Some(Searching { encoder, search, .. }) = owner.searching() else { continue };
            let own = search.pending().len();
            if own > 0 {
                cohort.owners.push((key, own));
                (leaves, row_len) = (leaves + own, encoder.row_len());
            }
        }
        if leaves == 0 {
            return Ok(());
        }
        let mut batch = cohort.batch.take().unwrap_or_else(|| EvaluationBatch::new(row_len, leaves));
        batch.set_leaves(leaves);
        write_rows(batch.inputs_mut(), leaves, workers, owners);
        queue.submit(self.turn as u64, batch)?;
        cohort.is_out = true;
        Ok(())
    }
}

/// The place of an owner. Owners are mostly in the order of their leaves, so the search begins where it is expected.
fn place_of<O: SearchOwner>(key: O::Key, owners: &[O], expected: usize) -> Option<usize> {
    let places = (expected..owners.len()).chain(0..expected.min(owners.len()));
    places.into_iter().find(|&place| owners[place].key() == key)
}

/// Backs up the values of all pending leaves of an owner; of a panic, what it said.
fn apply<O: SearchOwner>(owner: &mut O, evaluations: &[LeafEvaluation]) -> Result<usize, String> {
    guarded(|| {
        let Some(Searching { mission, encoder, search, number, step }) = owner.searching() else { return 0 };
        pass("apply", mission.scenario(), number, step);
        search.apply(mission, encoder, evaluations);
        evaluations.len()
    })
}

/// Rows of one owner that a worker writes at a time.
struct RowJob<'a> {
    mission: &'a Mission,
    encoder: &'a LeafEncoder,
    search: &'a NetworkSearch,
    number: u32,
    step: u32,
    leaves: &'a [AskedLeaf],
    rows: &'a mut [f32],
}

impl RowJob<'_> {
    fn write(self) {
        pass("write", self.mission.scenario(), self.number, self.step);
        self.search.write_rows(self.mission, self.encoder, self.leaves, self.rows);
    }
}

/// Writes the pending leaves of all owners into their rows. An owner with many leaves keeps several workers busy.
fn write_rows<O: SearchOwner>(mut rows: &mut [f32], leaves: usize, workers: &mut Workers, owners: &mut [O]) {
    let most = leaves.div_ceil(JOBS_PER_WORKER * workers.count());
    let (mut jobs, mut places) = (Vec::new(), Vec::new());
    for (place, owner) in owners.iter_mut().enumerate() {
        let Some(Searching { mission, encoder, search, number, step }) = owner.searching() else { continue };
        let (search, row_len) = (&*search, encoder.row_len());
        let (own, rest) = rows.split_at_mut(search.pending().len() * row_len);
        rows = rest;
        for (leaves, rows) in search.pending().chunks(most).zip(own.chunks_mut(most * row_len)) {
            jobs.push(RowJob { mission, encoder, search, number, step, leaves, rows });
            places.push(place);
        }
    }
    let faults = workers.share(jobs, |_, job| job.write());
    fail(owners, &places, faults, EpisodePhase::Evaluation);
}

/// Walks all searches without pending leaves to their next ones, the parts of one search at the same time. Returns where the
/// workers' time has gone. A search that has no pending leaf after that is done.
///
/// Workers share out walks, not searches: a search with several trees, or with several walks at a time on one, keeps several
/// workers busy. Walks at the same time on one tree find other leaves than walks one after the other.
pub fn walk_all<O: SearchOwner>(workers: &mut Workers, owners: &mut [O]) -> WorkTimes {
    let (mut walks, mut places) = (Vec::new(), Vec::new());
    for (place, owner) in owners.iter_mut().enumerate() {
        let Some(Searching { mission, search, number, step, .. }) = owner.searching() else { continue };
        if search.pending().is_empty() {
            let walkers = search.search_mut().walkers();
            walks.extend(walkers.map(|walker| (mission, walker, number, step)));
            places.resize(walks.len(), place);
        }
    }
    type Walk<'a> = (&'a Mission, AlphaZeroWalker<'a>, u32, u32);
    let faults = workers.share(walks, |scratch, (mission, mut walker, number, step): Walk| {
        pass("walk", mission.scenario(), number, step);
        let (caster, observation) = scratch.instruments(mission);
        walker.walk(mission, caster, observation);
    });
    fail(owners, &places, faults, EpisodePhase::Search);
    owners.iter_mut().filter_map(SearchOwner::searching).map(|found| found.search.take_leaves()).sum()
}

/// Ends the owners whose jobs have panicked; `places` says whose the jobs were.
fn fail<O: SearchOwner>(owners: &mut [O], places: &[usize], faults: Vec<JobFault>, phase: EpisodePhase) {
    for fault in faults {
        owners[places[fault.job]].fail(phase, fault.reason);
    }
}
