//! A whole training run: self-play, learning and evaluation in cycles, each ending with a checkpoint.

use std::path::Path;
use std::sync::Arc;

use burn::backend::{Autodiff, Flex};
use serde::{Deserialize, Serialize};

use crate::mission::{Mission, Scenario, Seed};
use crate::network::{
    BeliefEncoding, CheckpointDirectory, CheckpointError, EvaluatorThread, Generation, LeafEncoder, NetworkDevice,
    NetworkWeights, PolicyValueNetConfig, open_evaluator,
};
use crate::search::{AlphaZeroConfig, Exploration};

use super::error::TrainingError;
use super::flight::{FlightConfig, FlightProgress, FlownEpisode, MissionSource, fly};
use super::history::{CycleEntry, EvaluationEntry, History, HistoryEntry};
use super::learner::{Learn, Learner, LearnerConfig, StepLosses};
use super::randomisation::{RandomisationConfig, RandomisedMissions, Shapes};
use super::replay::ReplayBuffer;

const CONFIG_FILE: &str = "config.json";
const COUNTERS_FILE: &str = "counters.json";
const BEST_FILE: &str = "best.bin";
const HISTORY_FILE: &str = "history.jsonl";

/// Everything that a run is made of. Two runs with equal configurations on the CPU have equal bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Seed of weights, missions, noise and batches. Default 1.
    pub seed: Seed,
    /// What is flown, before randomisation. Default: the reference scenario.
    pub scenario: Scenario,
    /// What differs from episode to episode.
    pub randomisation: RandomisationConfig,
    /// Layers of the network.
    pub network: PolicyValueNetConfig,
    /// How every decision is searched.
    pub search: AlphaZeroConfig,
    /// How the network is fitted.
    pub learner: LearnerConfig,
    /// Transitions that the replay buffer holds. Above 0; default 20,000.
    pub replay_transitions: usize,
    /// Episodes of self-play a cycle. Above 0; default 64.
    pub episodes_per_cycle: u32,
    /// Learning steps a cycle. Default 100.
    pub learning_steps_per_cycle: u64,
    /// Episodes at a time. Above 0; default 64.
    pub parallel: usize,
    /// Cohorts that they are dealt out to. Above 0; default 2.
    pub cohorts: usize,
    /// λ of the value targets: 1 is the plain return, less trusts the search's values more. 0 to 1; default 1.
    pub lambda: f64,
    /// Cycles between evaluations; 0 for none. Default 4.
    pub evaluate_every: u32,
    /// Pairs of episodes of an evaluation. Above 1; default 32.
    pub evaluation_pairs: u32,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            seed: Seed(1),
            scenario: Scenario::reference(),
            randomisation: RandomisationConfig::default(),
            network: PolicyValueNetConfig::compact(),
            search: AlphaZeroConfig::default(),
            learner: LearnerConfig::default(),
            replay_transitions: 20_000,
            episodes_per_cycle: 64,
            learning_steps_per_cycle: 100,
            parallel: 64,
            cohorts: 2,
            lambda: 1.0,
            evaluate_every: 4,
            evaluation_pairs: 32,
        }
    }
}

impl TrainingConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// The first field out of range, named.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let checks = [
            ("replay_transitions", self.replay_transitions > 0, self.replay_transitions.to_string(), "above 0"),
            ("episodes_per_cycle", self.episodes_per_cycle > 0, self.episodes_per_cycle.to_string(), "above 0"),
            ("parallel", self.parallel > 0, self.parallel.to_string(), "above 0"),
            ("cohorts", self.cohorts > 0, self.cohorts.to_string(), "above 0"),
            ("lambda", (0.0..=1.0).contains(&self.lambda), self.lambda.to_string(), "0 to 1"),
            ("evaluation_pairs", self.evaluation_pairs > 1, self.evaluation_pairs.to_string(), "above 1"),
        ];
        if let Some((field, _, value, accepted)) = checks.into_iter().find(|(_, accepted, ..)| !accepted) {
            return Err(TrainingError::Config { field, value, accepted });
        }
        self.learner.validate()?;
        self.randomisation.validate()?;
        self.search.validate().map_err(|error| TrainingError::SelfPlay(error.to_string()))?;
        Ok(self.network.validate()?)
    }
}

/// What a run has to remember besides weights and transitions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counters {
    cycle: u32,
    episodes: u32,
    history_bytes: u64,
    /// Total rewards of the best network on the evaluation's episodes; empty before the first evaluation.
    best_rewards: Vec<f64>,
}

/// What a run is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingProgress {
    /// Flying episodes of self-play.
    SelfPlay(FlightProgress),
    /// Learning: steps done and to do in this cycle, and the losses of the last one.
    Learning {
        /// Steps done.
        done: u64,
        /// Steps to do.
        of: u64,
        /// Losses of the last step.
        losses: StepLosses,
    },
    /// Flying the episodes of an evaluation.
    Evaluating(FlightProgress),
}

/// A training run on the CPU's learner and any device's evaluator.
pub struct TrainingRun {
    config: TrainingConfig,
    directory: CheckpointDirectory,
    history: History,
    thread: EvaluatorThread,
    learner: Box<dyn Learn>,
    replay: ReplayBuffer,
    best: NetworkWeights,
    counters: Counters,
    training: RandomisedMissions,
    held_out: RandomisedMissions,
}

impl TrainingRun {
    /// Starts a run in a new directory, from untrained weights or from `start`.
    ///
    /// # Errors
    /// [`TrainingError`] if the configuration is out of range, the directory already holds a run, or the device fails.
    pub fn start(
        config: TrainingConfig,
        directory: &Path,
        device: &NetworkDevice,
        start: Option<NetworkWeights>,
    ) -> Result<Self, TrainingError> {
        config.validate()?;
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
        let directory = CheckpointDirectory::open(directory)?;
        let checkpoint = match generation {
            Some(number) => directory.load(number)?,
            None => directory.load_latest()?,
        };
        let config: TrainingConfig = checkpoint.read_json(CONFIG_FILE)?;
        let counters: Counters = checkpoint.read_json(COUNTERS_FILE)?;
        let best = NetworkWeights::from_bytes(&checkpoint.path(BEST_FILE), &checkpoint.read(BEST_FILE)?)?;
        let replay = ReplayBuffer::load(config.replay_transitions, &checkpoint)?;
        let learner = cpu_learner(&config, |encoding| {
            Learner::load(&config.learner, &checkpoint, encoding, config.seed, Default::default())
        })?;
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
        let make = move || Ok(open_evaluator(&device, &weights, largest, |_| {})?.evaluator);
        let thread = EvaluatorThread::spawn(make, |_| {})?;
        let missions = |shapes| {
            RandomisedMissions::new(config.scenario.clone(), config.randomisation.clone(), config.seed, shapes)
        };
        let (training, held_out) = (missions(Shapes::Training), missions(Shapes::HeldOut));
        Ok(Self { config, directory, history, thread, learner, replay, best, counters, training, held_out })
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

    /// The best network so far.
    pub fn best(&self) -> &NetworkWeights {
        &self.best
    }

    /// The network as it is now.
    ///
    /// # Errors
    /// [`TrainingError::Network`] if it cannot be read back.
    pub fn latest(&self) -> Result<NetworkWeights, TrainingError> {
        self.learner.weights()
    }

    /// Where the history is written.
    pub fn history_path(&self) -> std::path::PathBuf {
        self.directory.path().join(HISTORY_FILE)
    }

    /// One cycle: self-play, learning, now and then an evaluation, and a checkpoint. A process killed in the middle loses
    /// this cycle and nothing else.
    ///
    /// # Errors
    /// [`TrainingError`].
    pub fn run_cycle(&mut self, progress: &mut dyn FnMut(&TrainingProgress)) -> Result<CycleEntry, TrainingError> {
        let first = self.counters.episodes;
        let episodes = first..first + self.config.episodes_per_cycle;
        let flown = self.fly_all(&self.training, episodes, Exploration::SelfPlay, &mut |flight| {
            progress(&TrainingProgress::SelfPlay(*flight));
        })?;
        let mut entry = summary_of(&flown);
        for episode in flown {
            self.replay.push(episode.samples);
        }
        entry.losses = self.learn(progress)?;
        self.thread.load_weights(self.learner.weights()?)?;

        self.counters.cycle += 1;
        self.counters.episodes += self.config.episodes_per_cycle;
        entry.cycle = self.counters.cycle;
        entry.episodes = self.counters.episodes;
        entry.learning_steps = self.learner.steps();
        entry.transitions = self.replay.len();
        self.history.append(&HistoryEntry::Cycle(entry.clone()))?;
        if self.config.evaluate_every > 0 && self.counters.cycle.is_multiple_of(self.config.evaluate_every) {
            let evaluation = self.evaluate(progress)?;
            self.history.append(&HistoryEntry::Evaluation(evaluation))?;
        }
        self.checkpoint()?;
        Ok(entry)
    }

    fn learn(&mut self, progress: &mut dyn FnMut(&TrainingProgress)) -> Result<StepLosses, TrainingError> {
        let of = self.config.learning_steps_per_cycle;
        let mut sum = StepLosses::default();
        for done in 1..=of {
            let losses = self.learner.step(&self.replay)?;
            sum.add(&losses);
            progress(&TrainingProgress::Learning { done, of, losses });
        }
        Ok(sum.divided_by(of.max(1)))
    }

    /// The learner's network and the best one on the same held-out episodes; the better one is the best from now on.
    fn evaluate(&mut self, progress: &mut dyn FnMut(&TrainingProgress)) -> Result<EvaluationEntry, TrainingError> {
        if self.counters.best_rewards.is_empty() {
            self.thread.load_weights(self.best.clone())?;
            self.counters.best_rewards = self.rewards(progress)?;
            self.thread.load_weights(self.learner.weights()?)?;
        }
        let rewards = self.rewards(progress)?;
        let differences: Vec<f64> =
            rewards.iter().zip(&self.counters.best_rewards).map(|(new, old)| new - old).collect();
        let (mean_difference, interval_95) = mean_and_interval(&differences);
        let promoted = mean_difference > 0.0;
        let entry = EvaluationEntry {
            cycle: self.counters.cycle,
            pairs: rewards.len(),
            mean_reward: mean_and_interval(&rewards).0,
            mean_difference,
            interval_95,
            promoted,
        };
        if promoted {
            self.best = self.learner.weights()?;
            self.counters.best_rewards = rewards;
        }
        Ok(entry)
    }

    fn rewards(&self, progress: &mut dyn FnMut(&TrainingProgress)) -> Result<Vec<f64>, TrainingError> {
        let episodes = 0..self.config.evaluation_pairs;
        let flown = self.fly_all(&self.held_out, episodes, Exploration::Off, &mut |flight| {
            progress(&TrainingProgress::Evaluating(*flight));
        })?;
        Ok(flown.iter().map(|episode| episode.metrics.total_reward).collect())
    }

    fn fly_all(
        &self,
        missions: &dyn MissionSource,
        episodes: std::ops::Range<u32>,
        exploration: Exploration,
        progress: &mut dyn FnMut(&FlightProgress),
    ) -> Result<Vec<FlownEpisode>, TrainingError> {
        let config = FlightConfig {
            seed: self.config.seed,
            search: self.config.search.clone(),
            exploration,
            parallel: self.config.parallel,
            cohorts: self.config.cohorts,
            lambda: self.config.lambda,
        };
        fly(&self.config.network, &self.thread, missions, episodes, &config, progress)
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

/// Mean and half the width of its 95 % interval, by Student's t for up to 30 samples and the normal law beyond.
pub fn mean_and_interval(samples: &[f64]) -> (f64, f64) {
    /// Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
    const STUDENT: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];
    let count = samples.len();
    let mean = samples.iter().sum::<f64>() / count.max(1) as f64;
    if count < 2 {
        return (mean, f64::INFINITY);
    }
    let variance = samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
    let quantile = STUDENT.get(count - 2).copied().unwrap_or(1.96);
    (mean, quantile * (variance / count as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            run.run_cycle(&mut |_| {}).unwrap();
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
        let history = |run: &TrainingRun| std::fs::read(run.history_path()).unwrap();
        assert_eq!(history(&straight), history(&resumed));
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
        assert_eq!(TrainingRun::resume(folder.path(), None, &NetworkDevice::Cpu).unwrap().cycle(), 2);
    }

    #[test]
    fn a_directory_with_a_run_is_not_started_over() {
        let folder = tempfile::tempdir().unwrap();
        drop(TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).unwrap());
        let error = TrainingRun::start(config(), folder.path(), &NetworkDevice::Cpu, None).err().unwrap().to_string();
        assert!(error.contains("already holds a run"), "{error}");
    }

    #[test]
    fn the_interval_of_a_mean_is_students() {
        let (mean, half) = mean_and_interval(&[1.0, 2.0, 3.0]);
        // Standard deviation 1, three samples: 4.303/√3.
        assert!((mean - 2.0).abs() < 1e-12 && (half - 4.303 / 3_f64.sqrt()).abs() < 1e-12);
        assert_eq!(mean_and_interval(&[1.0]).1, f64::INFINITY);
    }
}
