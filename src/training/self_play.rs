//! Many episodes flown at once with one network: cohorts in lockstep.
//!
//! While the network evaluates the leaves of one cohort, the other cohorts walk their trees: neither waits for the other
//! as long as both have work. What a batch holds is a function of the episodes alone, never of timing.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::flight::{EpisodeFailure, EpisodePhase, LeafExchange, TreePool, Workers};
use crate::mission::{EpisodeMetrics, Mission, Seed, Transition};
use crate::network::{EvaluatorThread, PolicyValueNetConfig};
use crate::search::{AlphaZeroConfig, Exploration};
use crate::threads::guarded;

use super::error::TrainingError;
use super::game::Game;
use super::history::FailedEpisodes;
use super::samples::EpisodeSamples;

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
    /// λ of the value targets, TD(λ), 0 to 1.
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

/// An episode that a fault of this program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedEpisode {
    /// Its number.
    pub number: u32,
    /// Why.
    pub failure: EpisodeFailure,
}

/// What the episodes of a flight came to, each list in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct FlightResults {
    /// Episodes from beginning to end.
    pub flown: Vec<FlownEpisode>,
    /// Episodes that a fault of this program ended. They change nothing in the others.
    pub failed: Vec<FailedEpisode>,
}

impl FlightResults {
    /// How many episodes have failed, and why the first did.
    pub fn failures(&self) -> Option<FailedEpisodes> {
        let first = self.failed.first()?;
        let (count, of) = (self.failed.len(), self.failed.len() + self.flown.len());
        let first = format!("episode {}: {}", first.number, first.failure);
        Some(FailedEpisodes { count, of, first })
    }
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
    /// Episodes that a fault of this program ended; they are not among `episodes`.
    pub failed: usize,
    /// Time in which trees were walked, leaves written and values backed up.
    pub searching: Duration,
    /// Time in which all trees waited for the network.
    pub waiting: Duration,
}

/// Flies `episodes`, in the order of their numbers. A fault of this program in one of them ends that one and no other.
///
/// It uses as many worker threads as Rayon's global pool has, in a pool of its own.
///
/// # Errors
/// [`TrainingError::Network`] if the network fails; [`TrainingError::SelfPlay`] if a mission cannot be made;
/// [`TrainingError::AllFailed`] if no episode was flown to its end.
pub fn fly(
    network: &PolicyValueNetConfig,
    thread: &EvaluatorThread,
    missions: &dyn MissionSource,
    episodes: Range<u32>,
    config: &FlightConfig,
    progress: &mut dyn FnMut(&FlightProgress),
) -> Result<FlightResults, TrainingError> {
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
    episodes: Range<u32>,
    config: &FlightConfig,
    progress: &mut dyn FnMut(&FlightProgress) -> ControlFlow<()>,
) -> Result<FlightResults, TrainingError> {
    config.validate()?;
    let mut workers = Workers::new(Some(rayon::current_num_threads()));
    let trees = TreePool::new(config.parallel, u64::MAX);
    let state = FlightProgress { of: episodes.len(), ..Default::default() };
    let mut flight =
        Flight { network, missions, config, trees: &trees, waiting: episodes, state, results: Default::default() };
    let mut cohorts = flight.cohorts(&mut workers)?;
    let mut exchange = LeafExchange::new(config.cohorts);
    let mut queue = thread;

    while cohorts.iter().any(|games| !games.is_empty()) {
        let games = &mut cohorts[exchange.turn()];
        let is_empty = games.is_empty();
        let start = Instant::now();
        let turn = exchange.take_turn(&mut queue, &mut workers, games, None, |workers, games| {
            Game::advance_all(workers, games);
            flight.replace_ended(workers, games)
        })?;
        if is_empty {
            continue;
        }
        let turn = turn.unwrap_or_default();
        flight.state.leaves += turn.leaves as u64;
        flight.state.waiting += turn.waiting;
        flight.state.searching += start.elapsed().saturating_sub(turn.waiting);
        if progress(&flight.state).is_break() {
            exchange.collect(&mut queue)?;
            return Err(TrainingError::Stopped);
        }
    }
    flight.end()
}

struct Flight<'a> {
    network: &'a PolicyValueNetConfig,
    missions: &'a dyn MissionSource,
    config: &'a FlightConfig,
    trees: &'a TreePool,
    /// Episodes that have not begun.
    waiting: Range<u32>,
    state: FlightProgress,
    results: FlightResults,
}

impl<'a> Flight<'a> {
    /// The first episodes, dealt out to the cohorts in turn.
    fn cohorts(&mut self, workers: &mut Workers) -> Result<Vec<Vec<Game<'a>>>, TrainingError> {
        let games = self.begin(self.config.parallel, workers)?;
        let steps = games.iter().map(Game::steps).max().unwrap_or(0);
        self.state.of_decisions = self.state.of as u64 * u64::from(steps);
        let mut cohorts: Vec<_> = (0..self.config.cohorts).map(|_| Vec::new()).collect();
        for (place, game) in games.into_iter().enumerate() {
            cohorts[place % self.config.cohorts].push(game);
        }
        Ok(cohorts)
    }

    /// Begins so many of the episodes that wait, or all. Another one begins instead of one that fails at that.
    fn begin(&mut self, count: usize, workers: &mut Workers) -> Result<Vec<Game<'a>>, TrainingError> {
        let (network, missions, config, trees) = (self.network, self.missions, self.config, self.trees);
        let mut games = Vec::with_capacity(count.min(self.waiting.len()));
        while games.len() < count && !self.waiting.is_empty() {
            let numbers: Vec<u32> = self.waiting.by_ref().take(count - games.len()).collect();
            let begun = workers.map(numbers.clone(), |scratch, number| {
                Game::begin(number, missions.mission(number)?, network, config, trees, scratch)
            });
            for (number, begun) in numbers.into_iter().zip(begun) {
                match begun {
                    Ok(game) => games.push(game?),
                    Err(reason) => self.fail(number, EpisodeFailure { phase: EpisodePhase::FirstImage, reason }),
                }
            }
        }
        Ok(games)
    }

    /// Takes the episodes that have ended out of the cohort and puts the next ones in their places.
    fn replace_ended(&mut self, workers: &mut Workers, games: &mut Vec<Game<'a>>) -> Result<(), TrainingError> {
        self.state.decisions += games.iter_mut().map(Game::take_decided).sum::<u64>();
        let ended = games.iter().filter(|game| game.is_over()).count();
        if ended == 0 {
            return Ok(());
        }
        let mut fresh = self.begin(ended, workers)?.into_iter();
        let mut kept = Vec::with_capacity(games.len());
        for game in std::mem::take(games) {
            if game.is_over() {
                self.land(game);
                kept.extend(fresh.next());
            } else {
                kept.push(game);
            }
        }
        *games = kept;
        // A new episode's first leaf goes into the same batch as the others' next ones.
        Game::advance_all(workers, games);
        Ok(())
    }

    /// Keeps what an episode that is over has come to.
    fn land(&mut self, game: Game) {
        let number = game.number();
        let ended = guarded(|| game.end()).unwrap_or_else(|reason| {
            let phase = EpisodePhase::Record;
            Err(EpisodeFailure { phase, reason })
        });
        match ended {
            Ok(flown) => {
                self.results.flown.push(flown);
                self.state.episodes += 1;
            }
            Err(failure) => self.fail(number, failure),
        }
    }

    fn fail(&mut self, number: u32, failure: EpisodeFailure) {
        tracing::error!("episode {number} ended: {failure}");
        self.results.failed.push(FailedEpisode { number, failure });
        self.state.failed += 1;
    }

    fn end(self) -> Result<FlightResults, TrainingError> {
        let mut results = self.results;
        results.flown.sort_by_key(|episode| episode.number);
        results.failed.sort_by_key(|episode| episode.number);
        match results.failures() {
            Some(failures) if results.flown.is_empty() => Err(TrainingError::AllFailed(failures)),
            _ => Ok(results),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::mission::Scenario;
    use crate::network::{
        CountingEvaluator, EvaluationBatch, Evaluator, EvaluatorAttributes, NetworkError, SeededRandomEvaluator,
    };
    use crate::threads::lock;

    fn mission() -> Arc<Mission> {
        mission_named("reference")
    }

    fn mission_named(name: &str) -> Arc<Mission> {
        let mut scenario = Scenario::reference();
        scenario.name = name.to_owned();
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

    fn flown(config: &FlightConfig, episodes: Range<u32>) -> Vec<FlownEpisode> {
        let thread = EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap();
        let flown = fly(&PolicyValueNetConfig::compact(), &thread, &mission(), episodes, config, &mut |_| {}).unwrap();
        assert_eq!(flown.failed, []);
        flown.flown
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

    /// Episode 2 has failed in that phase with that reason, and all others are those of the whole flight.
    fn assert_one_failed(results: &FlightResults, whole: &[FlownEpisode], phase: EpisodePhase, reason: &str) {
        let [failed] = &results.failed[..] else { panic!("{reason}: {:?}", results.failed) };
        assert_eq!((failed.number, failed.failure.phase), (2, phase), "{reason}");
        assert!(failed.failure.reason.contains(reason), "{}", failed.failure);
        assert_eq!(results.flown.len(), whole.len() - 1);
        for (one, other) in results.flown.iter().zip(whole.iter().filter(|episode| episode.number != 2)) {
            assert_eq!((one.number, &one.transitions), (other.number, &other.transitions), "{reason}");
            assert_eq!((&one.samples, &one.metrics), (&other.samples, &other.metrics), "{reason}");
        }
        let told = results.failures().unwrap();
        assert_eq!((told.count, told.of), (1, whole.len()));
        assert!(told.first.starts_with("episode 2: a fault in its ") && told.first.contains(reason), "{told}");
    }

    #[test]
    fn a_panic_in_any_phase_ends_its_episode_and_no_other() {
        use EpisodePhase::{Evaluation, FirstImage, Record, Search, Step};
        let config = config(4, 2);
        let whole = flown(&config, 0..5);
        let points = [
            ("first image", FirstImage),
            ("begin", Search),
            ("walk", Search),
            ("decide", Search),
            ("record", Record),
            ("step", Step),
            ("write", Evaluation),
            ("apply", Evaluation),
        ];
        for (point, phase) in points {
            let thread = EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap();
            let (network, mission) = (PolicyValueNetConfig::compact(), mission_named(&format!("panic at {point}")));
            let mut last = FlightProgress::default();
            let results = fly(&network, &thread, &mission, 0..5, &config, &mut |progress| last = *progress).unwrap();
            assert_one_failed(&results, &whole, phase, &format!("{point} of episode 2 panics on purpose"));
            assert_eq!((last.episodes, last.failed), (4, 1));
        }
    }

    /// Its second episode cannot be made.
    struct PanicsAtTwo(Arc<Mission>);

    impl MissionSource for PanicsAtTwo {
        fn mission(&self, episode: u32) -> Result<Arc<Mission>, TrainingError> {
            assert!(episode != 2, "no shape for it");
            Ok(Arc::clone(&self.0))
        }
    }

    #[test]
    fn an_episode_whose_mission_panics_is_followed_by_the_next_one() {
        let thread = EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap();
        let (network, missions) = (PolicyValueNetConfig::compact(), PanicsAtTwo(mission()));
        let whole = flown(&config(1, 1), 0..4);
        for parallel in [1, 3] {
            let results = fly(&network, &thread, &missions, 0..4, &config(parallel, 1), &mut |_| {}).unwrap();
            assert_one_failed(&results, &whole, EpisodePhase::FirstImage, "no shape for it");
        }
    }

    /// Answers by the rows alone, but panics at one of them. Keeps the third row of the first batch.
    struct Fragile {
        bad: Option<Vec<f32>>,
        third: Arc<Mutex<Option<Vec<f32>>>>,
    }

    impl Evaluator for Fragile {
        fn name(&self) -> String {
            "fragile".into()
        }

        fn attributes(&self) -> EvaluatorAttributes {
            SeededRandomEvaluator::new(1).attributes()
        }

        fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
            lock(&self.third).get_or_insert_with(|| batch.row(2).to_vec());
            let bad = self.bad.as_deref();
            assert!((0..batch.leaves()).all(|leaf| Some(batch.row(leaf)) != bad), "this row is bad");
            SeededRandomEvaluator::new(1).evaluate(batch)
        }
    }

    #[test]
    fn a_row_that_makes_the_network_panic_ends_its_episode_and_no_other() {
        let third: Arc<Mutex<Option<Vec<f32>>>> = Arc::default();
        let results = |bad: Option<Vec<f32>>| {
            let third = third.clone();
            let thread = EvaluatorThread::spawn(move || Ok(Fragile { bad, third }), |_| {}).unwrap();
            let network = PolicyValueNetConfig::compact();
            fly(&network, &thread, &mission(), 0..5, &config(5, 1), &mut |_| {}).unwrap()
        };
        let whole = results(None).flown;
        let bad = lock(&third).clone();
        assert_one_failed(&results(bad), &whole, EpisodePhase::Evaluation, "this row is bad");
    }

    #[test]
    fn a_flight_in_which_all_fail_is_an_error() {
        let thread = EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap();
        let (network, mission) = (PolicyValueNetConfig::compact(), mission_named("panic at walk"));
        let error = fly(&network, &thread, &mission, 2..3, &config(1, 1), &mut |_| {}).unwrap_err().to_string();
        let expected =
            "no episode was flown to its end: 1 of 1 episodes failed, the first: episode 2: a fault in its search";
        assert!(error.starts_with(expected), "{error}");
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
        let again = fly(&network, &thread, &mission(), 0..5, &config, &mut |_| {}).unwrap().flown;
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
