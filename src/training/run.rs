//! A whole training run: self-play, learning and evaluation in cycles, each ending with a checkpoint.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use burn::backend::{Autodiff, Flex};
use crossbeam_channel::{Receiver, unbounded};
use serde::{Deserialize, Serialize};

use crate::files::json::numbers_or_nulls;
use crate::memory::MemoryLimit;
use crate::mission::{Mission, Scenario};
use crate::network::{
    BeliefEncoding, CheckpointDirectory, CheckpointError, EvaluatorThread, Generation, LeafEncoder, NetworkDevice,
    NetworkError, NetworkWeights, TrainedRanges, open_evaluator,
};
use crate::search::Exploration;

use super::config::TrainingConfig;
use super::error::TrainingError;
use super::history::{CycleEntry, DivergenceEntry, EvaluationEntry, FailedEpisodes, History, HistoryEntry};
use super::learner::{Learn, Learner, StepLosses};
use super::progress::TrainingProgress;
use super::randomisation::{RandomisedMissions, Shapes};
use super::replay::ReplayBuffer;
use super::samples::EpisodeRecorder;
use super::self_play::{FlightProgress, FlightResults, FlownEpisode, MissionSource, fly_until};
use super::statistics::mean_and_interval;

const CONFIG_FILE: &str = "config.json";
const COUNTERS_FILE: &str = "counters.json";
const BEST_FILE: &str = "best.bin";
const HISTORY_FILE: &str = "history.jsonl";
/// Attempts at one cycle's learning from the same checkpoint.
const MOST_ATTEMPTS: usize = 4;
/// What the learning rate is multiplied by after each attempt that diverged.
const RATE_AFTER_DIVERGENCE: f64 = 0.5;

/// What a run has to remember besides weights and transitions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counters {
    cycle: u32,
    episodes: u32,
    history_bytes: u64,
    /// Total rewards of the best network on the evaluation's episodes; empty before the first evaluation.
    #[serde(deserialize_with = "numbers_or_nulls")]
    best_rewards: Vec<f64>,
    /// Cycle after which an evaluation made the best network the best; 0 for the one that the run began with.
    #[serde(default)]
    best_cycle: u32,
    /// How often learning has diverged; each time lowered the learning rate.
    #[serde(default)]
    divergences: u32,
}

impl Counters {
    /// By what the configured learning rate is multiplied.
    fn rate_scale(&self) -> f64 {
        RATE_AFTER_DIVERGENCE.powf(f64::from(self.divergences))
    }
}

/// What one cycle came to.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleReport {
    /// Self-play and learning.
    pub cycle: CycleEntry,
    /// The evaluation at its end, if one was due.
    pub evaluation: Option<EvaluationEntry>,
    /// Every time that its learning diverged and began again.
    pub divergences: Vec<DivergenceEntry>,
}

impl CycleReport {
    /// Episodes that faults of this program ended, in words: of self-play and of the evaluation.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let of_self_play = self.cycle.failed.as_ref().map(|failed| format!("self-play: {failed}"));
        let evaluation = self.evaluation.as_ref();
        let of_evaluation =
            evaluation.and_then(|entry| entry.failed.as_ref()).map(|failed| format!("evaluation: {failed}"));
        of_self_play.into_iter().chain(of_evaluation)
    }
}

/// Total rewards of an evaluation's episodes by their numbers, and those that have none.
#[derive(Default)]
struct EvaluationRewards {
    of_episode: BTreeMap<u32, f64>,
    failed: Option<FailedEpisodes>,
}

impl EvaluationRewards {
    /// All rewards, in the order of the episodes, or none if one is missing.
    fn if_complete(&self) -> Vec<f64> {
        if self.failed.is_none() { self.of_episode.values().copied().collect() } else { Vec::new() }
    }
}

/// Watches a run; breaking off stops it in the middle of a cycle.
type Watcher<'a> = &'a mut dyn FnMut(&TrainingProgress) -> ControlFlow<()>;

/// A training run on the CPU's learner and any device's evaluator.
pub struct TrainingRun {
    config: TrainingConfig,
    directory: CheckpointDirectory,
    history: History,
    thread: EvaluatorThread,
    warnings: Receiver<String>,
    learner: Box<dyn Learn>,
    replay: ReplayBuffer,
    best: NetworkWeights,
    counters: Counters,
    training: RandomisedMissions,
    held_out: RandomisedMissions,
    /// Episodes added since the last cycle.
    recorded: usize,
}

impl TrainingRun {
    /// Starts a run in a new or empty directory, from untrained weights or from `start`.
    ///
    /// # Errors
    /// [`TrainingError`] if the configuration is out of range, the directory holds a run or other things already, another
    /// process is at work in it, the device fails, or the run would take more than 60 % of the machine's memory.
    pub fn start(
        config: TrainingConfig,
        directory: &Path,
        device: &NetworkDevice,
        start: Option<NetworkWeights>,
    ) -> Result<Self, TrainingError> {
        Self::start_within(&MemoryLimit::default(), config, directory, device, start)
    }

    /// As [`start`](Self::start), with another limit of memory.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_within(
        limit: &MemoryLimit,
        config: TrainingConfig,
        directory: &Path,
        device: &NetworkDevice,
        start: Option<NetworkWeights>,
    ) -> Result<Self, TrainingError> {
        config.validate()?;
        config.memory_estimate().check(limit)?;
        check_layers(&config, start.as_ref())?;
        let directory = CheckpointDirectory::create(directory)?;
        if !directory.generations()?.is_empty() {
            let reason = "this directory already holds a run: resume it or choose another one";
            return Err(CheckpointError::content(directory.path(), reason).into());
        }
        let weights = match start {
            Some(weights) => weights,
            None => NetworkWeights::untrained(&config.network, config.seed)?,
        };
        let learner = cpu_learner(&config, |encoding| {
            Learner::new(&config.learner, &weights, encoding, config.seed, Default::default())
        })?;
        let replay = ReplayBuffer::new(config.replay_transitions);
        let mut run = Self::assemble(config, directory, device, learner, replay, weights, Counters::default())?;
        run.checkpoint()?;
        Ok(run)
    }

    /// Goes on from a checkpoint of `directory`: the newest one, or `generation`.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`] naming the file that is damaged, with the previous good checkpoint if there is one.
    pub fn resume(directory: &Path, generation: Option<u64>, device: &NetworkDevice) -> Result<Self, TrainingError> {
        Self::resume_within(&MemoryLimit::default(), directory, generation, device)
    }

    /// As [`resume`](Self::resume), with another limit of memory.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_within(
        limit: &MemoryLimit,
        directory: &Path,
        generation: Option<u64>,
        device: &NetworkDevice,
    ) -> Result<Self, TrainingError> {
        let directory = CheckpointDirectory::open(directory)?;
        let checkpoint = match generation {
            Some(number) => directory.load(number)?,
            None => directory.load_latest()?,
        };
        let config: TrainingConfig = checkpoint.read_json(CONFIG_FILE)?;
        let in_file = |name: &str, error: TrainingError| CheckpointError::content(&checkpoint.path(name), error);
        config.validate().map_err(|error| in_file(CONFIG_FILE, error))?;
        config.memory_estimate().check(limit)?;
        let mut counters: Counters = checkpoint.read_json(COUNTERS_FILE)?;
        if counters.best_rewards.iter().any(|reward| !reward.is_finite()) {
            // From before such numbers were refused. The best network flies the evaluation again.
            counters.best_rewards.clear();
        }
        let best = NetworkWeights::from_bytes(&checkpoint.path(BEST_FILE), &checkpoint.read(BEST_FILE)?)?;
        check_layers(&config, Some(&best)).map_err(|error| in_file(BEST_FILE, error))?;
        let cells = config.network.belief_len();
        let replay = ReplayBuffer::load(config.replay_transitions, cells, &checkpoint)?;
        let learner = loaded_learner(&config, &checkpoint, &counters)?;
        Self::assemble(config, directory, device, learner, replay, best, counters)
    }

    fn assemble(
        config: TrainingConfig,
        directory: CheckpointDirectory,
        device: &NetworkDevice,
        learner: Box<dyn Learn>,
        replay: ReplayBuffer,
        best: NetworkWeights,
        counters: Counters,
    ) -> Result<Self, TrainingError> {
        let history = History::open(&directory.path().join(HISTORY_FILE), counters.history_bytes)?;
        let (device, weights, batch) = (device.clone(), learner.weights()?, config.parallel.div_ceil(config.cohorts));
        let largest = batch * config.search.parallel.mode().leaves_in_flight();
        let (warn, warnings) = unbounded();
        let tell = move |text| drop(warn.send(text));
        let make = move || Ok(open_evaluator(&device, &weights, largest, tell)?.evaluator);
        let thread = EvaluatorThread::spawn(make, |_| {})?;
        let missions = |shapes| {
            RandomisedMissions::new(config.scenario.clone(), config.randomisation.clone(), config.seed, shapes)
        };
        let (training, held_out) = (missions(Shapes::Training), missions(Shapes::HeldOut));
        let recorded = 0;
        Ok(Self {
            config,
            directory,
            history,
            thread,
            warnings,
            learner,
            replay,
            best,
            counters,
            training,
            held_out,
            recorded,
        })
    }

    /// What is to be known of the device: that it was lost and the CPU has taken over. The iterator ends where nothing is
    /// new, and goes on when something is.
    pub fn device_warnings(&self) -> impl Iterator<Item = String> + use<> {
        let warnings = self.warnings.clone();
        std::iter::from_fn(move || warnings.try_recv().ok())
    }

    /// Cycles completed.
    pub fn cycle(&self) -> u32 {
        self.counters.cycle
    }

    /// What the run is made of.
    pub fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// Name of the device that evaluates.
    pub fn device_name(&self) -> &str {
        self.thread.name()
    }

    /// What the run's networks are trained on.
    fn trained_ranges(&self) -> TrainedRanges {
        self.config.randomisation.trained_ranges(&self.config.scenario)
    }

    /// The best network so far.
    pub fn best(&self) -> &NetworkWeights {
        &self.best
    }

    /// The network as it is now.
    ///
    /// # Errors
    /// [`TrainingError::Network`] if it cannot be read back.
    pub fn latest(&self) -> Result<NetworkWeights, TrainingError> {
        Ok(self.learner.weights()?.with_trained_ranges(self.trained_ranges()))
    }

    /// Where the history is written.
    pub fn history_path(&self) -> std::path::PathBuf {
        self.directory.path().join(HISTORY_FILE)
    }

    /// The network to play with: the best one, or the newest one until an evaluation has promoted one, for before that
    /// the best is still the one that the run began with.
    ///
    /// # Errors
    /// [`TrainingError::Network`] if it cannot be read back.
    pub fn preferred(&self) -> Result<NetworkWeights, TrainingError> {
        if self.best_cycle() == 0 {
            return self.latest();
        }
        // Checkpoints of older versions do not say what it was trained on.
        Ok(self.best.clone().with_trained_ranges(self.trained_ranges()))
    }

    /// The cycle after which an evaluation promoted the best network; 0 before the first promotion.
    pub fn best_cycle(&self) -> u32 {
        self.counters.best_cycle
    }

    /// Adds an episode that was flown elsewhere, by the search with a network, to what is learnt from. It stays with the next
    /// cycle's checkpoint. A run with such episodes cannot be repeated to the bit.
    ///
    /// # Errors
    /// [`TrainingError::OtherScenario`] if its scenario differs from the run's in more than what self-play varies too;
    /// [`TrainingError::Recording`] if it is not over.
    pub fn add_episode(&mut self, scenario: &Scenario, recorder: EpisodeRecorder) -> Result<(), TrainingError> {
        let own = &self.config.scenario;
        let mut alike = own.clone();
        alike.name.clone_from(&scenario.name);
        alike.start.clone_from(&scenario.start);
        alike.target.clone_from(&scenario.target);
        alike.grid.prior = scenario.grid.prior;
        if alike != *scenario {
            return Err(TrainingError::OtherScenario { flown: scenario.name.clone(), own: own.name.clone() });
        }
        self.replay.push(recorder.finish(scenario.reward.discount, self.config.lambda)?);
        self.recorded += 1;
        Ok(())
    }

    /// One cycle: self-play, learning, now and then an evaluation, and a checkpoint. A process killed in the middle loses
    /// this cycle and nothing else. So does one whose `progress` breaks off: drop the run then, and resume it.
    ///
    /// # Errors
    /// [`TrainingError`]; [`TrainingError::Stopped`] if `progress` broke off.
    pub fn run_cycle(&mut self, progress: Watcher) -> Result<CycleReport, TrainingError> {
        let first = self.counters.episodes;
        let last = first.checked_add(self.config.episodes_per_cycle);
        let last = last.ok_or_else(|| TrainingError::SelfPlay(format!("no numbers are left after episode {first}")))?;
        let episodes = first..last;
        let flown = self.fly_all(&self.training, episodes, Exploration::SelfPlay, &mut |flight| {
            progress(&TrainingProgress::SelfPlay(*flight))
        })?;
        let mut entry = CycleEntry {
            failed: flown.failures(),
            recorded: std::mem::take(&mut self.recorded),
            ..summary_of(&flown.flown)
        };
        for episode in flown.flown {
            self.replay.push(episode.samples);
        }
        let (losses, divergences) = self.learn_until_sound(progress)?;
        entry.losses = losses;
        self.thread.load_weights(self.learner.weights()?)?;

        self.counters.cycle += 1;
        self.counters.episodes = last;
        entry.cycle = self.counters.cycle;
        entry.episodes = self.counters.episodes;
        entry.learning_steps = self.learner.steps();
        entry.transitions = self.replay.len();
        self.history.append(&HistoryEntry::Cycle(entry.clone()))?;
        let mut report = CycleReport { cycle: entry, evaluation: None, divergences };
        if self.config.evaluate_every > 0 && self.counters.cycle.is_multiple_of(self.config.evaluate_every) {
            let evaluation = self.evaluate(progress)?;
            self.history.append(&HistoryEntry::Evaluation(evaluation.clone()))?;
            report.evaluation = Some(evaluation);
        }
        self.checkpoint()?;
        Ok(report)
    }

    /// The cycle's learning. Where it diverges it begins again from the last checkpoint with a lower rate, a few times.
    fn learn_until_sound(&mut self, progress: Watcher) -> Result<(StepLosses, Vec<DivergenceEntry>), TrainingError> {
        let mut divergences = Vec::new();
        loop {
            let (what, step) = match self.learn(progress) {
                Ok(losses) => return Ok((losses, divergences)),
                Err(TrainingError::Diverged { what, step }) => (what, step),
                Err(error) => return Err(error),
            };
            let (cycle, attempts) = (self.counters.cycle, divergences.len() + 1);
            if attempts == MOST_ATTEMPTS {
                let scale = self.counters.rate_scale();
                return Err(TrainingError::DivergedForGood { what, step, attempts, cycle, scale });
            }

            self.counters.divergences += 1;
            let checkpoint = self.directory.load(u64::from(cycle))?;
            self.learner = loaded_learner(&self.config, &checkpoint, &self.counters)?;
            let learning_rate_scale = self.counters.rate_scale();
            let entry = DivergenceEntry { cycle: cycle + 1, learning_step: step, what, learning_rate_scale };
            self.history.append(&HistoryEntry::Divergence(entry.clone()))?;
            if progress(&TrainingProgress::Diverged(entry.clone())).is_break() {
                return Err(TrainingError::Stopped);
            }
            divergences.push(entry);
        }
    }

    fn learn(&mut self, progress: Watcher) -> Result<StepLosses, TrainingError> {
        let of = self.config.learning_steps_per_cycle;
        let mut sum = StepLosses::default();
        for done in 1..=of {
            let losses = self.learner.step(&self.replay)?;
            sum.add(&losses);
            if progress(&TrainingProgress::Learning { done, of, losses }).is_break() {
                return Err(TrainingError::Stopped);
            }
        }
        Ok(sum.divided_by(of.max(1)))
    }

    /// The learner's network and the best one on the same held-out episodes; the better one is the best from now on.
    fn evaluate(&mut self, progress: Watcher) -> Result<EvaluationEntry, TrainingError> {
        let best = self.best_rewards(progress)?;
        let rewards = self.rewards(progress)?;
        let failed = FailedEpisodes::both(rewards.failed.clone(), best.failed);

        // An episode that only one of the two has flown to its end tells nothing.
        let pairs = rewards.of_episode.iter().filter_map(|(number, new)| Some((*new, *best.of_episode.get(number)?)));
        let (compared, differences): (Vec<f64>, Vec<f64>) = pairs.map(|(new, old)| (new, new - old)).unzip();
        if let Some(failed) = failed.as_ref().filter(|_| differences.len() < 2) {
            return Err(TrainingError::NoPairs(failed.clone()));
        }
        let (mean_difference, interval_95) = mean_and_interval(&differences);
        let promoted = mean_difference > 0.0;
        let entry = EvaluationEntry {
            cycle: self.counters.cycle,
            pairs: compared.len(),
            mean_reward: mean_and_interval(&compared).0,
            mean_difference,
            interval_95,
            promoted,
            failed,
        };
        if promoted {
            self.best = self.latest()?;
            self.counters.best_rewards = rewards.if_complete();
            self.counters.best_cycle = self.counters.cycle;
        }
        Ok(entry)
    }

    /// The best network's rewards. They are flown once, and again as long as some are missing.
    fn best_rewards(&mut self, progress: Watcher) -> Result<EvaluationRewards, TrainingError> {
        if !self.counters.best_rewards.is_empty() {
            let of_episode = (0..).zip(self.counters.best_rewards.iter().copied()).collect();
            return Ok(EvaluationRewards { of_episode, failed: None });
        }
        self.thread.load_weights(self.best.clone())?;
        let rewards = self.rewards(progress)?;
        self.thread.load_weights(self.learner.weights()?)?;
        self.counters.best_rewards = rewards.if_complete();
        Ok(rewards)
    }

    fn rewards(&self, progress: Watcher) -> Result<EvaluationRewards, TrainingError> {
        let episodes = 0..self.config.evaluation_pairs;
        let flown = self.fly_all(&self.held_out, episodes, Exploration::Off, &mut |flight| {
            progress(&TrainingProgress::Evaluating(*flight))
        })?;
        let reward = |episode: &FlownEpisode| (episode.number, episode.metrics.total_reward);
        Ok(EvaluationRewards { of_episode: flown.flown.iter().map(reward).collect(), failed: flown.failures() })
    }

    fn fly_all(
        &self,
        missions: &dyn MissionSource,
        episodes: std::ops::Range<u32>,
        exploration: Exploration,
        progress: &mut dyn FnMut(&FlightProgress) -> ControlFlow<()>,
    ) -> Result<FlightResults, TrainingError> {
        let config = self.config.flight(exploration);
        fly_until(&self.config.network, &self.thread, missions, episodes, &config, progress)
    }

    fn checkpoint(&mut self) -> Result<Generation, TrainingError> {
        self.counters.history_bytes = self.history.bytes();
        let mut writer = self.directory.begin(u64::from(self.counters.cycle))?;
        writer.put_json(CONFIG_FILE, &self.config)?;
        writer.put_json(COUNTERS_FILE, &self.counters)?;
        writer.put(BEST_FILE, &self.best.to_bytes())?;
        self.learner.save(&mut writer)?;
        self.replay.save(&mut writer)?;
        Ok(writer.commit()?)
    }
}

/// The learner of a checkpoint, with the learning rate that the divergences so far have left.
fn loaded_learner(
    config: &TrainingConfig,
    checkpoint: &Generation,
    counters: &Counters,
) -> Result<Box<dyn Learn>, TrainingError> {
    let mut learner = cpu_learner(config, |encoding| {
        Learner::load(&config.learner, checkpoint, encoding, config.seed, Default::default())
    })?;
    learner.scale_learning_rate(counters.rate_scale());
    Ok(learner)
}

/// Refuses a network with other layers than the run's.
fn check_layers(config: &TrainingConfig, weights: Option<&NetworkWeights>) -> Result<(), TrainingError> {
    match weights.map(NetworkWeights::config).filter(|layers| **layers != config.network) {
        None => Ok(()),
        Some(found) => {
            let reason = format!("layers {found:?} where the run has {:?}", config.network);
            Err(NetworkError::Weights { reason }.into())
        }
    }
}

fn cpu_learner(
    config: &TrainingConfig,
    make: impl FnOnce(BeliefEncoding) -> Result<Learner<Autodiff<Flex>>, TrainingError>,
) -> Result<Box<dyn Learn>, TrainingError> {
    let mission = Mission::new(config.scenario.clone(), None).map(Arc::new);
    let mission = mission.map_err(|error| TrainingError::SelfPlay(error.to_string()))?;
    // Refuses a network for another grid before anything is flown.
    LeafEncoder::new(&config.network, &mission)?;
    Ok(Box::new(make(BeliefEncoding::new(mission.compact_code()))?))
}

fn summary_of(flown: &[FlownEpisode]) -> CycleEntry {
    let count = flown.len().max(1) as f64;
    let mean = |of: &dyn Fn(&FlownEpisode) -> f64| flown.iter().map(of).sum::<f64>() / count;
    CycleEntry {
        mean_reward: mean(&|episode| episode.metrics.total_reward),
        mean_final_entropy: mean(&|episode| episode.remaining_entropy),
        mean_dv_m_s: mean(&|episode| episode.metrics.dv_spent_m_s),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::learner::{LearnerConfig, poison};
    use super::*;
    use crate::files::faults::at_every_call;
    use crate::mission::Seed;
    use crate::network::PolicyValueNetConfig;
    use crate::search::AlphaZeroConfig;

    fn config() -> TrainingConfig {
        let mut scenario = Scenario::reference();
        scenario.camera.pixels = 8;
        scenario.steps = 3;
        scenario.grid.cells_per_axis = 8;
        TrainingConfig {
            network: PolicyValueNetConfig::compact().with_cells_per_axis(8),
            search: AlphaZeroConfig { simulations: 6, ..Default::default() },
            learner: LearnerConfig { batch_size: 8, decay_steps: 20, ..Default::default() },
            scenario,
            replay_transitions: 20,
            episodes_per_cycle: 4,
            learning_steps_per_cycle: 3,
            parallel: 4,
            evaluate_every: 2,
            evaluation_pairs: 3,
            ..Default::default()
        }
    }

    fn cycles(run: &mut TrainingRun, count: u32) {
        for _ in 0..count {
            run.run_cycle(&mut |_| ControlFlow::Continue(())).unwrap();
        }
    }

    #[test]
    fn a_resumed_run_goes_on_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let mut straight = TrainingRun::start(config(), &one, &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut straight, 4);
        let mut stopped = TrainingRun::start(config(), &other, &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut stopped, 1);
        drop(stopped);
        let mut resumed = TrainingRun::resume(&other, None, &NetworkDevice::Cpu).unwrap();
        assert_eq!(resumed.cycle(), 1);
        cycles(&mut resumed, 3);
        assert_eq!(straight.latest().unwrap(), resumed.latest().unwrap());
        assert_eq!(straight.best(), resumed.best());
        assert_eq!(straight.counters, resumed.counters);
        let history_of = |run: &TrainingRun| std::fs::read(run.history_path()).unwrap();
        assert_eq!(history_of(&straight), history_of(&resumed));
        assert_ne!(straight.latest().unwrap(), NetworkWeights::untrained(&config().network, Seed(1)).unwrap());
    }

    #[test]
    fn what_an_interrupted_cycle_left_behind_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let mut straight = TrainingRun::start(config(), &one, &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut straight, 2);
        let mut killed = TrainingRun::start(config(), &other, &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut killed, 1);
        killed.history.append(&HistoryEntry::Evaluation(EvaluationEntry::default())).unwrap();
        killed.directory.begin(2).unwrap().put("counters.json", b"{}").unwrap();
        drop(killed);
        let mut resumed = TrainingRun::resume(&other, None, &NetworkDevice::Cpu).unwrap();
        cycles(&mut resumed, 1);
        assert_eq!(straight.latest().unwrap(), resumed.latest().unwrap());
        assert_eq!(std::fs::read(straight.history_path()).unwrap(), std::fs::read(resumed.history_path()).unwrap());
    }

    #[test]
    fn a_run_stopped_in_the_middle_repeats_that_cycle_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let mut straight = TrainingRun::start(config(), &one, &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut straight, 2);
        type Moment = fn(&TrainingProgress) -> bool;
        let moments: [Moment; 3] = [
            |progress| matches!(progress, TrainingProgress::SelfPlay(flight) if flight.decisions > 5),
            |progress| matches!(progress, TrainingProgress::Learning { done: 2, .. }),
            |progress| matches!(progress, TrainingProgress::Evaluating(flight) if flight.episodes > 0),
        ];
        drop(TrainingRun::start(config(), &other, &NetworkDevice::Cpu, None).unwrap());
        for is_the_moment in moments {
            let mut run = TrainingRun::resume(&other, None, &NetworkDevice::Cpu).unwrap();
            let mut stop = |progress: &TrainingProgress| match is_the_moment(progress) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            // The evaluation is at the end of the second cycle.
            let stopped = (0..2).find_map(|_| run.run_cycle(&mut stop).err());
            assert!(matches!(stopped, Some(TrainingError::Stopped)));
        }
        let mut resumed = TrainingRun::resume(&other, None, &NetworkDevice::Cpu).unwrap();
        assert_eq!(resumed.cycle(), 1);
        cycles(&mut resumed, 1);
        assert_eq!(straight.latest().unwrap(), resumed.latest().unwrap());
        assert_eq!(straight.counters, resumed.counters);
        assert_eq!(std::fs::read(straight.history_path()).unwrap(), std::fs::read(resumed.history_path()).unwrap());
    }

    #[test]
    fn a_fault_in_one_episode_is_told_and_the_run_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config();
        config.scenario.name = "panic at walk".to_owned();
        let mut run = TrainingRun::start(config, folder.path(), &NetworkDevice::Cpu, None).unwrap();
        let mut cycle = || run.run_cycle(&mut |_| ControlFlow::Continue(())).unwrap();
        let (first, second) = (cycle(), cycle());

        // Episodes 0 to 3, of three steps each.
        let failed = first.cycle.failed.clone().unwrap();
        assert_eq!((failed.count, failed.of, first.cycle.transitions), (1, 4, 9));
        assert!(failed.first.starts_with("episode 2: a fault in its search, please report it: walk of"), "{failed}");
        assert_eq!(first.failures().collect::<Vec<_>>(), [format!("self-play: {failed}")]);
        // Episodes 4 to 7; the evaluation flies 0 to 2 with both networks.
        assert_eq!((&second.cycle.failed, second.cycle.transitions), (&None, 18));
        let evaluation = second.evaluation.clone().unwrap();
        let failed = evaluation.failed.clone().unwrap();
        assert_eq!((evaluation.pairs, failed.count, failed.of), (2, 2, 6));

        let entries =
            [HistoryEntry::Cycle(first.cycle), HistoryEntry::Cycle(second.cycle), HistoryEntry::Evaluation(evaluation)];
        assert_eq!(history(&run), entries);
        // What is missing is flown again by the next evaluation.
        assert!(run.counters.best_rewards.is_empty());
    }

    #[test]
    fn an_episode_flown_elsewhere_is_learnt_from_if_its_scenario_is_of_the_runs_kind() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap();
        let recorder = || {
            let cells = config().network.belief_len();
            let mut recorder = EpisodeRecorder::new(70, cells);
            let policy = std::array::from_fn(|action| if action == 0 { 1.0 } else { 0.0 });
            let orbit = crate::network::OrbitFeatures([0.0; crate::network::OrbitFeatures::LEN]);
            recorder.decide(&vec![0; cells], orbit, &policy, 1.0, 0.5).unwrap();
            recorder.reward(0.1).unwrap();
            recorder
        };
        let mut scenario = config().scenario;
        scenario.grid.prior *= 0.5;
        scenario.start.a_roe_m[1] *= 0.5;
        run.add_episode(&scenario, recorder()).unwrap();
        scenario.reward.dv_cost_per_m_s *= 2.0;
        scenario.name = "dear burns".to_owned();
        let error = run.add_episode(&scenario, recorder()).unwrap_err().to_string();
        assert!(error.contains("episodes of scenario dear burns are not learnt from"), "{error}");

        let mut cycle = || run.run_cycle(&mut |_| ControlFlow::Continue(())).unwrap().cycle;
        let (first, second) = (cycle(), cycle());
        // Four episodes of three steps of self-play, and the one of one step.
        assert_eq!((first.recorded, first.transitions, second.recorded), (1, 13, 0));
        let numbers: Vec<u64> = run.replay.episodes().map(|episode| episode.number()).collect();
        assert!(numbers.contains(&4) && run.replay.len() <= 20, "{numbers:?}");
    }

    #[test]
    fn a_cycle_in_which_all_episodes_fail_stops_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = TrainingConfig { episodes_per_cycle: 1, ..config() };
        config.scenario.name = "panic at decide".to_owned();
        let mut run = TrainingRun::start(config, folder.path(), &NetworkDevice::Cpu, None).unwrap();
        run.counters.episodes = 2;
        let error = run.run_cycle(&mut |_| ControlFlow::Continue(())).unwrap_err().to_string();
        assert!(error.contains("no episode was flown to its end: 1 of 1 episodes failed"), "{error}");
        assert!(error.contains("episode 2: a fault in its search, please report it: decide of"), "{error}");
    }

    #[test]
    fn the_newest_network_is_preferred_until_one_is_promoted() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut run, 1);
        assert_eq!((run.best_cycle(), run.preferred().unwrap()), (0, run.latest().unwrap()));
        run.counters.best_cycle = 1;
        assert_eq!(run.preferred().unwrap(), *run.best());
    }

    #[test]
    fn networks_of_a_run_say_what_they_were_trained_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap();
        // Whether the first evaluation promotes depends on chance; the second cycle is sure to have one.
        cycles(&mut run, 2);
        let ranges = config().randomisation.trained_ranges(&config().scenario);
        for weights in [run.latest().unwrap(), run.preferred().unwrap()] {
            assert_eq!(weights.trained_ranges(), Some(&ranges));
        }
    }

    #[test]
    fn a_damaged_checkpoint_offers_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut run, 2);
        drop(run);
        std::fs::write(folder.path().join("generation-000002/learner-weights.bin"), b"PNG").unwrap();
        let error = TrainingRun::resume(folder.path(), None, &NetworkDevice::Cpu).err().unwrap().to_string();
        assert!(error.contains("learner-weights.bin") && error.contains("generation 1"), "{error}");
        let mut run = TrainingRun::resume(folder.path(), Some(1), &NetworkDevice::Cpu).unwrap();
        cycles(&mut run, 1);
        drop(run);
        assert_eq!(TrainingRun::resume(folder.path(), None, &NetworkDevice::Cpu).unwrap().cycle(), 2);
    }

    fn history(run: &TrainingRun) -> Vec<HistoryEntry> {
        History::read(&run.history_path()).unwrap()
    }

    #[test]
    fn a_divergence_goes_back_to_the_checkpoint_with_half_the_rate_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let mut run = TrainingRun::start(config(), &one, &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut run, 1);
        // The second step of the second cycle, once.
        poison::at_step(4, 1, f32::NAN);
        let mut told = Vec::new();
        let report = run.run_cycle(&mut |progress| {
            if let TrainingProgress::Diverged(entry) = progress {
                told.push(entry.clone());
            }
            ControlFlow::Continue(())
        });
        let report = report.unwrap();
        let [entry] = &told[..] else { panic!("{told:?}") };
        assert_eq!((entry.cycle, entry.learning_step, entry.learning_rate_scale), (2, 4, 0.5));
        assert_eq!(entry.what, "the loss became NaN");
        assert_eq!(report.divergences, told);
        assert!(history(&run).contains(&HistoryEntry::Divergence(entry.clone())));
        assert_eq!(report.cycle.learning_steps, 6);

        // Without the divergence the same steps have twice the rate.
        let mut straight = TrainingRun::start(config(), &other, &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut straight, 1);
        let undisturbed = straight.run_cycle(&mut |_| ControlFlow::Continue(())).unwrap();
        let (lower, rate) = (report.cycle.losses.learning_rate, undisturbed.cycle.losses.learning_rate);
        assert!((lower / rate - 0.5).abs() < 1e-12, "{lower} {rate}");
        assert_eq!(report.cycle.mean_reward, undisturbed.cycle.mean_reward);

        // The lower rate is part of the checkpoint.
        drop(run);
        let mut resumed = TrainingRun::resume(&one, None, &NetworkDevice::Cpu).unwrap();
        let next = resumed.run_cycle(&mut |_| ControlFlow::Continue(())).unwrap();
        assert!(next.cycle.losses.learning_rate < 0.51 * rate && next.divergences.is_empty());
    }

    #[test]
    fn a_divergence_that_repeats_itself_ends_the_run_with_a_checkpoint_that_opens() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap();
        cycles(&mut run, 1);
        let good = run.latest().unwrap();
        poison::at_step(4, u32::MAX, 1e30);
        let error = run.run_cycle(&mut |_| ControlFlow::Continue(())).unwrap_err().to_string();
        for part in
            ["learning step 4: the loss became inf", "at 4 attempts", "cycle 1", "0.125 times the learning rate"]
        {
            assert!(error.contains(part), "{error}");
        }
        drop(run);
        poison::at_step(4, 0, 0.0);
        let mut resumed = TrainingRun::resume(folder.path(), None, &NetworkDevice::Cpu).unwrap();
        assert_eq!((resumed.cycle(), resumed.latest().unwrap()), (1, good));
        cycles(&mut resumed, 1);
        let is_divergence = |entry: &HistoryEntry| matches!(entry, HistoryEntry::Divergence(_));
        assert!(!history(&resumed).iter().any(is_divergence), "lines of the cycle that failed are forgotten");
    }

    #[test]
    fn two_runs_cannot_share_a_directory_and_a_network_of_other_layers_begins_none() {
        let folder = tempfile::tempdir().unwrap();
        let run = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap();
        let error = TrainingRun::resume(folder.path(), None, &NetworkDevice::Cpu).err().unwrap().to_string();
        assert!(error.contains("another process or app is at work in this run"), "{error}");
        drop(run);

        let path = folder.path().join("other");
        let start = NetworkWeights::untrained(&PolicyValueNetConfig::compact(), Seed(1)).unwrap();
        let error = TrainingRun::start(config(), &path, &NetworkDevice::Cpu, Some(start)).err().unwrap().to_string();
        assert!(error.contains("where the run has") && !path.exists(), "{error}");
    }

    #[test]
    fn a_checkpoint_that_fails_anywhere_loses_no_more_than_its_cycle() {
        let prepare = || {
            let folder = tempfile::tempdir().unwrap();
            let run = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap();
            (folder, run)
        };
        let save = |(_, run): &mut (_, TrainingRun)| {
            run.counters.cycle = 1;
            run.checkpoint()
        };
        at_every_call(prepare, save, |(folder, run), fault, at, result| {
            assert!(result.unwrap_err().to_string().contains(&*folder.path().to_string_lossy()), "{fault:?} at {at}");
            drop(run);
            let resumed = TrainingRun::resume(folder.path(), None, &NetworkDevice::Cpu);
            assert!(resumed.unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}")).cycle() <= 1);
        });
    }

    #[test]
    fn a_directory_with_a_run_is_not_started_over() {
        let folder = tempfile::tempdir().unwrap();
        drop(TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap());
        let error = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).err().unwrap().to_string();
        assert!(error.contains("already holds a run"), "{error}");
    }
}
