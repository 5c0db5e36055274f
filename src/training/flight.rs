//! Many episodes flown at once with one network: cohorts in lockstep.
//!
//! While the network evaluates the leaves of one cohort, the other cohorts walk their trees: neither waits for the other
//! as long as both have work. What a batch holds is a function of the episodes alone, never of timing.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::mission::{EpisodeMetrics, Mission, MissionState, Seed, Transition};
use crate::network::{EvaluationBatch, EvaluatorThread, LeafEncoder, PolicyValueNetConfig, remaining_entropy};
use crate::search::{AlphaZeroConfig, AlphaZeroSearch, AskedLeaf, Exploration, NodeId, SearchTree};
use crate::sensor::{Observation, RayCaster};

use super::error::TrainingError;
use super::samples::{EpisodeRecorder, EpisodeSamples};

/// Which mission an episode flies.
pub trait MissionSource: Sync {
    /// The mission of an episode: the same for the same number.
    ///
    /// # Errors
    /// [`TrainingError::SelfPlay`] if it cannot be made.
    fn mission(&self, episode: u32) -> Result<Arc<Mission>, TrainingError>;
}

impl MissionSource for Arc<Mission> {
    fn mission(&self, _episode: u32) -> Result<Arc<Mission>, TrainingError> {
        Ok(Arc::clone(self))
    }
}

/// How episodes are flown.
#[derive(Clone, Debug, PartialEq)]
pub struct FlightConfig {
    /// Seed of the run.
    pub seed: Seed,
    /// Search of every decision.
    pub search: AlphaZeroConfig,
    /// Whether decisions leave something to chance.
    pub exploration: Exploration,
    /// Episodes at a time, in all cohorts together.
    pub parallel: usize,
    /// Cohorts; with one, search and network take turns.
    pub cohorts: usize,
    /// λ of the value targets; see [`EpisodeRecorder::finish`].
    pub lambda: f64,
}

impl FlightConfig {
    /// Most episodes at a time.
    pub const MOST_PARALLEL: usize = 4096;
    /// Most cohorts.
    pub const MOST_COHORTS: usize = 64;

    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first field out of range, named.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let checks = [
            ("parallel", (1..=Self::MOST_PARALLEL).contains(&self.parallel), self.parallel.to_string(), "1 to 4096"),
            ("cohorts", (1..=Self::MOST_COHORTS).contains(&self.cohorts), self.cohorts.to_string(), "1 to 64"),
            ("lambda", (0.0..=1.0).contains(&self.lambda), self.lambda.to_string(), "0 to 1"),
        ];
        if let Some((field, _, value, accepted)) = checks.into_iter().find(|(_, accepted, ..)| !accepted) {
            return Err(TrainingError::Config { field, value, accepted });
        }
        self.search.validate().map_err(|error| TrainingError::SelfPlay(error.to_string()))
    }
}

/// An episode from beginning to end.
#[derive(Clone, Debug)]
pub struct FlownEpisode {
    /// Its number.
    pub number: u32,
    /// What it teaches.
    pub samples: EpisodeSamples,
    /// Every step.
    pub transitions: Vec<Transition>,
    /// What it came to.
    pub metrics: EpisodeMetrics,
    /// H/H₀ at its end.
    pub remaining_entropy: f64,
}

/// How far a flight has come, and where its time went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FlightProgress {
    /// Decisions taken.
    pub decisions: u64,
    /// Decisions to take.
    pub of_decisions: u64,
    /// Leaves evaluated.
    pub leaves: u64,
    /// Episodes ended.
    pub episodes: usize,
    /// Episodes to fly.
    pub of: usize,
    /// Time in which trees were walked.
    pub searching: Duration,
    /// Time in which all trees waited for the network.
    pub waiting: Duration,
}

/// Flies `episodes`, in the order of their numbers, and returns them in that order.
///
/// # Errors
/// [`TrainingError::Network`] if the network fails; [`TrainingError::SelfPlay`] if a mission cannot be made.
pub fn fly(
    network: &PolicyValueNetConfig,
    thread: &EvaluatorThread,
    missions: &dyn MissionSource,
    episodes: std::ops::Range<u32>,
    config: &FlightConfig,
    progress: &mut dyn FnMut(&FlightProgress),
) -> Result<Vec<FlownEpisode>, TrainingError> {
    fly_until(network, thread, missions, episodes, config, &mut |state| {
        progress(state);
        ControlFlow::Continue(())
    })
}

/// As [`fly`], and stops after the batch at which `progress` breaks off.
///
/// # Errors
/// As [`fly`]; [`TrainingError::Stopped`] if it was stopped.
pub fn fly_until(
    network: &PolicyValueNetConfig,
    thread: &EvaluatorThread,
    missions: &dyn MissionSource,
    episodes: std::ops::Range<u32>,
    config: &FlightConfig,
    progress: &mut dyn FnMut(&FlightProgress) -> ControlFlow<()>,
) -> Result<Vec<FlownEpisode>, TrainingError> {
    config.validate()?;
    let mut flight = Flight { network, missions, config, waiting: episodes.clone(), flown: Vec::new() };
    let mut state = FlightProgress { of: episodes.len(), ..Default::default() };
    let mut cohorts = flight.cohorts()?;
    let steps = cohorts.iter().flat_map(|cohort| &cohort.slots).map(|slot| slot.mission.steps()).max().unwrap_or(0);
    state.of_decisions = episodes.len() as u64 * u64::from(steps);
    while cohorts.iter().any(|cohort| !cohort.slots.is_empty()) {
        for (ticket, cohort) in cohorts.iter_mut().enumerate().filter(|(_, cohort)| !cohort.slots.is_empty()) {
            cohort.take_evaluations(thread, &mut state)?;
            let start = Instant::now();
            cohort.advance()?;
            flight.replace_ended(cohort, &mut state)?;
            cohort.write_leaves();
            state.searching += start.elapsed();
            cohort.submit(thread, ticket as u64)?;
            if progress(&state).is_break() {
                collect(&mut cohorts, thread)?;
                return Err(TrainingError::Stopped);
            }
        }
    }
    flight.flown.sort_by_key(|episode| episode.number);
    Ok(flight.flown)
}

/// Takes the batches still out back, so that nobody else gets them.
fn collect(cohorts: &mut [Cohort], thread: &EvaluatorThread) -> Result<(), TrainingError> {
    for _ in cohorts.iter().filter(|cohort| cohort.submitted) {
        thread.receive()?;
    }
    Ok(())
}

struct Flight<'a> {
    network: &'a PolicyValueNetConfig,
    missions: &'a dyn MissionSource,
    config: &'a FlightConfig,
    waiting: std::ops::Range<u32>,
    flown: Vec<FlownEpisode>,
}

impl Flight<'_> {
    /// The first episodes, dealt out to the cohorts in turn.
    fn cohorts(&mut self) -> Result<Vec<Cohort>, TrainingError> {
        let count = self.config.cohorts;
        let numbers: Vec<u32> = self.waiting.by_ref().take(self.config.parallel).collect();
        let slots = self.begin(&numbers)?;
        let mut cohorts: Vec<Cohort> = (0..count).map(|_| Cohort::default()).collect();
        for (place, slot) in slots.into_iter().enumerate() {
            cohorts[place % count].slots.push(slot);
        }
        Ok(cohorts)
    }

    fn begin(&self, numbers: &[u32]) -> Result<Vec<Slot>, TrainingError> {
        let start = |&number| Slot::begin(number, self.missions.mission(number)?, self.network, self.config);
        numbers.par_iter().map(start).collect()
    }

    /// Takes the episodes that have ended out of the cohort and puts the next ones in their places.
    fn replace_ended(&mut self, cohort: &mut Cohort, state: &mut FlightProgress) -> Result<(), TrainingError> {
        let ended = cohort.slots.iter().filter(|slot| slot.search.is_none()).count();
        state.decisions += cohort.slots.iter_mut().map(|slot| std::mem::take(&mut slot.decided)).sum::<u64>();
        if ended == 0 {
            return Ok(());
        }
        let numbers: Vec<u32> = self.waiting.by_ref().take(ended).collect();
        let mut fresh = self.begin(&numbers)?.into_iter();
        let mut kept = Vec::with_capacity(cohort.slots.len());
        for slot in std::mem::take(&mut cohort.slots) {
            if slot.search.is_some() {
                kept.push(slot);
            } else {
                self.flown.push(slot.end(self.config.lambda)?);
                state.episodes += 1;
                kept.extend(fresh.next());
            }
        }
        cohort.slots = kept;
        // A new episode's first leaf goes into the same batch as the others' next ones.
        cohort.slots.par_iter_mut().filter(|slot| slot.out.is_empty()).try_for_each(Slot::advance)
    }
}

/// Episodes that take their steps together.
#[derive(Default)]
struct Cohort {
    slots: Vec<Slot>,
    /// `None` before the first batch and while it is at the network.
    batch: Option<EvaluationBatch>,
    submitted: bool,
}

impl Cohort {
    /// Waits for the cohort's batch and backs its values up.
    fn take_evaluations(&mut self, thread: &EvaluatorThread, state: &mut FlightProgress) -> Result<(), TrainingError> {
        if !std::mem::take(&mut self.submitted) {
            return Ok(());
        }
        let start = Instant::now();
        // Batches come back in the order of submission, which is that of the cohorts.
        let finished = thread.receive()?;
        state.waiting += start.elapsed();
        finished.result?;
        state.leaves += finished.batch.leaves() as u64;
        let mut evaluations = finished.batch.evaluations();
        for slot in &mut self.slots {
            let (own, rest) = evaluations.split_at(slot.out.len());
            evaluations = rest;
            let Some(search) = &mut slot.search else { continue };
            for (leaf, evaluation) in slot.out.drain(..).zip(own) {
                let value = slot.encoder.value(&slot.mission, &search.tree_of(leaf), leaf.node, evaluation);
                search.apply(leaf, value);
            }
        }
        self.batch = Some(finished.batch);
        Ok(())
    }

    fn advance(&mut self) -> Result<(), TrainingError> {
        self.slots.par_iter_mut().try_for_each(Slot::advance)
    }

    fn write_leaves(&mut self) {
        let Some(row_len) = self.slots.first().map(|slot| slot.encoder.row_len()) else { return };
        let leaves = self.slots.iter().map(|slot| slot.out.len()).sum();
        let batch = self.batch.get_or_insert_with(|| EvaluationBatch::new(row_len, leaves));
        batch.set_leaves(leaves);
        let mut rows = batch.inputs_mut();
        let mut work = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let (own, rest) = rows.split_at_mut(slot.out.len() * row_len);
            rows = rest;
            work.push((slot, own));
        }
        work.into_par_iter().for_each(|(slot, rows)| slot.write_leaves(rows));
    }

    fn submit(&mut self, thread: &EvaluatorThread, ticket: u64) -> Result<(), TrainingError> {
        match self.batch.take_if(|batch| batch.leaves() > 0 && !self.slots.is_empty()) {
            Some(batch) => {
                thread.submit(ticket, batch)?;
                self.submitted = true;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// One episode in flight.
struct Slot {
    number: u32,
    mission: Arc<Mission>,
    encoder: LeafEncoder,
    exploration: Exploration,
    config: AlphaZeroConfig,
    state: MissionState,
    /// `None` once the episode has ended.
    search: Option<AlphaZeroSearch>,
    recorder: EpisodeRecorder,
    transitions: Vec<Transition>,
    caster: RayCaster,
    observation: Observation,
    /// Leaves at the network.
    out: Vec<AskedLeaf>,
    decided: u64,
}

impl Slot {
    fn begin(
        number: u32,
        mission: Arc<Mission>,
        network: &PolicyValueNetConfig,
        config: &FlightConfig,
    ) -> Result<Self, TrainingError> {
        let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
        let mut observation = Observation::new(*mission.grid());
        let state = mission.begin(config.seed, number, &mut caster, &mut observation);
        let mut slot = Self {
            number,
            encoder: LeafEncoder::new(network, &mission)?,
            exploration: config.exploration,
            config: config.search.clone(),
            search: None,
            recorder: EpisodeRecorder::new(u64::from(number), mission.grid().len()),
            transitions: Vec::with_capacity(mission.steps() as usize),
            caster,
            observation,
            out: Vec::new(),
            decided: 0,
            state,
            mission,
        };
        slot.begin_search(SearchTree::default());
        Ok(slot)
    }

    fn begin_search(&mut self, tree: SearchTree) {
        self.search = (!self.state.is_done(&self.mission))
            .then(|| AlphaZeroSearch::begin(&self.mission, &self.state, &self.config, self.exploration, tree));
    }

    /// Takes steps until a leaf has to be evaluated or the episode has ended.
    fn advance(&mut self) -> Result<(), TrainingError> {
        while let Some(search) = &mut self.search {
            search.walk(&self.mission, &mut self.caster, &mut self.observation, &mut self.out);
            if !self.out.is_empty() {
                return Ok(());
            }
            self.decide()?;
        }
        Ok(())
    }

    fn decide(&mut self) -> Result<(), TrainingError> {
        let Some(search) = self.search.take() else { return Ok(()) };
        let tree = search.tree();
        let orbit = self.encoder.orbit(&self.mission, &tree, NodeId::ROOT);
        let remaining = remaining_entropy(&self.mission, &tree, NodeId::ROOT);
        let belief = tree.belief(NodeId::ROOT).to_vec();
        drop(tree);
        let (decided, tree) = search.finish();
        self.recorder.decide(&belief, orbit, &decided.policy, remaining, decided.root_value)?;
        let action = decided.decision.action;
        match self.mission.step(&mut self.state, action, &mut self.caster, &mut self.observation) {
            Ok(transition) => {
                self.recorder.reward(transition.reward)?;
                self.transitions.push(transition);
            }
            // The episode ends here; the network learns what the search charged for it.
            Err(_) => self.recorder.reward(-self.mission.refused_step_cost())?,
        }
        self.decided += 1;
        self.begin_search(tree);
        Ok(())
    }

    fn write_leaves(&self, rows: &mut [f32]) {
        let Some(search) = &self.search else { return };
        for (&leaf, row) in self.out.iter().zip(rows.chunks_mut(self.encoder.row_len())) {
            self.encoder.write(&self.mission, &search.tree_of(leaf), leaf.node, row);
        }
    }

    fn end(self, lambda: f64) -> Result<FlownEpisode, TrainingError> {
        let metrics = EpisodeMetrics::of(&self.mission, &self.state, &self.transitions);
        let samples = self.recorder.finish(self.mission.discount(), lambda)?;
        let remaining_entropy = self.state.belief.entropy_nats() / self.mission.initial_entropy_nats();
        Ok(FlownEpisode { number: self.number, samples, transitions: self.transitions, metrics, remaining_entropy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::Scenario;
    use crate::network::{CountingEvaluator, SeededRandomEvaluator};

    fn mission() -> Arc<Mission> {
        let mut scenario = Scenario::reference();
        scenario.camera.pixels = 8;
        scenario.steps = 4;
        Arc::new(Mission::new(scenario, None).unwrap())
    }

    fn config(parallel: usize, cohorts: usize) -> FlightConfig {
        FlightConfig {
            seed: Seed(3),
            search: AlphaZeroConfig { simulations: 12, ..Default::default() },
            exploration: Exploration::SelfPlay,
            parallel,
            cohorts,
            lambda: 1.0,
        }
    }

    fn flown(config: &FlightConfig, episodes: std::ops::Range<u32>) -> Vec<FlownEpisode> {
        let thread = EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap();
        fly(&PolicyValueNetConfig::compact(), &thread, &mission(), episodes, config, &mut |_| {}).unwrap()
    }

    #[test]
    fn episodes_are_the_same_however_many_fly_at_once() {
        let alone = flown(&config(1, 1), 0..5);
        for (parallel, cohorts) in [(5, 1), (4, 2), (3, 3)] {
            let together = flown(&config(parallel, cohorts), 0..5);
            for (one, other) in alone.iter().zip(&together) {
                assert_eq!((one.number, &one.transitions), (other.number, &other.transitions));
                assert_eq!(one.samples, other.samples, "{parallel} in {cohorts} cohorts");
            }
        }
        assert_eq!(flown(&config(2, 2), 4..5)[0].samples, alone[4].samples, "any episode flies alone");
    }

    #[test]
    fn every_episode_ends_with_all_its_steps_and_samples() {
        for episode in flown(&config(3, 2), 10..17) {
            assert_eq!(episode.transitions.len(), 4);
            assert_eq!(episode.samples.len(), 4);
            assert_eq!(episode.metrics.steps, 4);
            let total: f64 = episode.transitions.iter().map(|transition| transition.reward).sum();
            assert!((episode.metrics.total_reward - total).abs() < 1e-12);
        }
    }

    #[test]
    fn a_stopped_flight_leaves_the_network_ready_for_the_next() {
        let thread = EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap();
        let (network, config) = (PolicyValueNetConfig::compact(), config(4, 2));
        let mut stop = |progress: &FlightProgress| match progress.decisions {
            0..3 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        };
        let stopped = fly_until(&network, &thread, &mission(), 0..5, &config, &mut stop);
        assert!(matches!(stopped, Err(TrainingError::Stopped)));
        let again = fly(&network, &thread, &mission(), 0..5, &config, &mut |_| {}).unwrap();
        let samples =
            |episodes: &[FlownEpisode]| episodes.iter().map(|flown| flown.samples.clone()).collect::<Vec<_>>();
        assert_eq!(samples(&again), samples(&flown(&config, 0..5)));
    }

    #[test]
    fn batches_are_as_large_as_a_cohort() {
        let evaluator = CountingEvaluator::new(SeededRandomEvaluator::new(1));
        let counters = evaluator.counters();
        let thread = EvaluatorThread::spawn(|| Ok(evaluator), |_| {}).unwrap();
        let mut last = FlightProgress::default();
        let mut note = |progress: &FlightProgress| last = *progress;
        fly(&PolicyValueNetConfig::compact(), &thread, &mission(), 0..8, &config(8, 2), &mut note).unwrap();
        let counts = counters.counts();
        assert_eq!(counts.leaves, last.leaves);
        assert_eq!((last.episodes, last.of, last.decisions, last.of_decisions), (8, 8, 32, 32));
        // Walks to the last step need no evaluation, so a few batches are smaller.
        assert!(counts.mean_batch() > 3.5, "{:?}", counts.histogram);
        assert!(counts.histogram.keys().all(|leaves| *leaves <= 4));
    }
}
