use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use bevy::reflect::Reflect;

use crate::episode::command::Speed;
use crate::episode::error::EpisodeError;
use crate::memory::MemoryLimit;
use crate::mission::{Scenario, Seed};
use crate::network::{NetworkDevice, NetworkWeights};
use crate::search::SearchConfig;
use crate::training::TrainingConfig;

/// Most episodes one run may hold at the same time.
pub const MAX_EPISODES: u32 = 4096;
/// Most threads that may plan and observe.
pub const MAX_WORKERS: usize = 1024;
/// Shortest and longest time that a tick may spend on planning: with none it does the least that gets a search on, and for
/// longer than the longest no command is heard.
pub const TICK_ALLOWANCES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

/// Everything a run is made of: what is flown, how it is planned, how many episodes and how fast.
///
/// `Default` is the windowed default: 8 episodes of the reference scenario, one decision per second and episode.
#[derive(Reflect, Clone, Debug, PartialEq)]
#[reflect(Debug, Clone, PartialEq)]
pub struct EpisodeSettings {
    /// The mission every episode flies. Default: [`Scenario::reference`].
    pub scenario: Scenario,
    /// How every decision is made. Default: [`SearchConfig::default`].
    pub search: SearchConfig,
    /// The network of the planners that need one. Default: [`NetworkSettings::default`].
    pub network: NetworkSettings,
    /// The training run that [`SimCommand::StartTraining`](crate::episode::SimCommand::StartTraining) starts.
    pub training: TrainingSettings,
    /// Whether the training run learns from these episodes too: from those that begin while this is on and are flown to
    /// their end with a network. Such a run cannot be repeated to the bit. Default: `false`.
    pub record_for_training: bool,
    /// Episodes that run in parallel, `1..=`[`MAX_EPISODES`]. Default: 8.
    pub episodes: u32,
    /// Number of the first episode; with the seed it decides every random number of an episode. Default: 0.
    pub first_episode: u32,
    /// Seed of the whole run. Default: 1.
    pub seed: Seed,
    /// Threads that plan and observe, `1..=`[`MAX_WORKERS`]. `None` takes one per core, and in an app with a window one less,
    /// so that its frames have a core for themselves. Results never depend on it. Default: `None`.
    pub workers: Option<usize>,
    /// Pace of the run. Default: one decision per second and episode.
    pub speed: Speed,
    /// Whether the run waits for [`SimCommand::Play`](crate::episode::SimCommand::Play). Default: `false`.
    pub start_paused: bool,
    /// Whether a finished episode is followed by a new one with the next unused number. Default: `true`;
    /// [`EpisodeSettings::headless`] turns it off so that a run has an end.
    pub auto_restart: bool,
    /// Folder that relative paths in the scenario (a `.vox` target) are resolved against. Default: the working directory.
    pub base_dir: Option<PathBuf>,
    /// Longest wall-clock time one tick of the schedule spends on planning. Shorter answers commands sooner,
    /// longer wastes less time between ticks; results never depend on it. At most 60 s; default 30 ms.
    pub tick_allowance: Duration,
    /// Most of the machine's memory that the run may ask for, the training run beside it included; settings that would take
    /// more are refused ([`EpisodeSettings::memory_estimate`]). In a container its limit counts. 0.01 to 1; default 0.6.
    pub memory_share: f64,
}

/// Which network plans, and where it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkSettings {
    /// Its weights. Default: `None`, the network that comes with the crate, or an untrained one on other grids than its
    /// own.
    pub weights: Option<NetworkWeights>,
    /// Where those weights come from, for panel and messages. Default: empty.
    pub source: String,
    /// The device it runs on. Default: [`NetworkDevice::Auto`].
    pub device: NetworkDevice,
}

/// A training run beside the episodes.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSettings {
    /// Directory of its checkpoints; a run that is there is resumed. Default: `out/training`.
    pub directory: PathBuf,
    /// What a new run is made of, but for the scenario, which is the one that is flown when it starts, and the size of
    /// the belief that the network reads, which is the scenario's. A run that is resumed keeps what it began with.
    pub config: TrainingConfig,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self { directory: PathBuf::from("out/training"), config: TrainingConfig::default() }
    }
}

impl Default for EpisodeSettings {
    fn default() -> Self {
        Self {
            scenario: Scenario::reference(),
            search: SearchConfig::default(),
            network: NetworkSettings::default(),
            training: TrainingSettings::default(),
            record_for_training: false,
            episodes: 8,
            first_episode: 0,
            seed: Seed(1),
            workers: None,
            speed: Speed::default(),
            start_paused: false,
            auto_restart: true,
            base_dir: None,
            tick_allowance: Duration::from_millis(30),
            memory_share: MemoryLimit::DEFAULT_SHARE,
        }
    }
}

impl EpisodeSettings {
    /// Settings of a run without a window: no limit on speed, no restart, ticks of 200 ms.
    pub fn headless(scenario: Scenario, search: SearchConfig) -> Self {
        Self {
            scenario,
            search,
            speed: Speed::Max,
            auto_restart: false,
            tick_allowance: Duration::from_millis(200),
            ..Self::default()
        }
    }

    /// Checks every number against its range, and what all of it asks for against the memory there is. What a scenario's
    /// target file holds is checked when it is read.
    ///
    /// # Errors
    /// [`EpisodeError`] naming the first setting that is not accepted, its value and what is.
    pub fn validate(&self) -> Result<(), EpisodeError> {
        self.scenario.validate()?;
        self.training.config.validate()?;
        self.validate_planning()
    }

    /// The part of [`validate`](Self::validate) that a change of search, pace or size can touch.
    pub(super) fn validate_planning(&self) -> Result<(), EpisodeError> {
        if !(1..=MAX_EPISODES).contains(&self.episodes) {
            return Err(EpisodeError::Episodes(self.episodes));
        }
        if let Some(workers) = self.workers.filter(|workers| !(1..=MAX_WORKERS).contains(workers)) {
            return Err(EpisodeError::Workers(workers));
        }
        if !self.speed.is_valid() {
            return Err(EpisodeError::Speed(self.speed));
        }
        if !TICK_ALLOWANCES.contains(&self.tick_allowance) {
            return Err(EpisodeError::TickAllowance(self.tick_allowance));
        }
        self.search.validate()?;
        Ok(self.memory_estimate().check(&self.memory_limit())?)
    }

    /// The same run reduced to the one episode of that number, which then flies alone to the same bits.
    pub fn only(mut self, number: u32) -> Self {
        self.first_episode = number;
        self.episodes = 1;
        self.auto_restart = false;
        self
    }
}
