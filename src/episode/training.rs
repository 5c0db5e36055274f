//! A training run on a thread of its own, beside the episodes.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bevy::ecs::resource::Resource;

use crate::episode::error::EpisodeError;
use crate::episode::network::layers_for;
use crate::episode::settings::{EpisodeSettings, TrainingSettings};
use crate::episode::snapshot::{MAX_HISTORY, MAX_NOTICES, TrainingSnapshot, TrainingStatus};
use crate::episode::workers::lock;
use crate::memory::{MemoryEstimate, MemoryLimit};
use crate::mission::Scenario;
use crate::network::{CheckpointDirectory, NetworkDevice, NetworkWeights};
use crate::threads::{self, guarded, join_soon};
use crate::training::{
    CycleReport, History, HistoryEntry, TrainingConfig, TrainingError, TrainingProgress, TrainingRun,
};

/// The training run beside the episodes, if there is one.
#[derive(Resource, Default)]
pub struct Trainer {
    worker: Option<Worker>,
}

/// What the simulation has to know of.
#[derive(Debug)]
pub enum TrainingNews {
    /// Something was done.
    Info(String),
    /// Something went wrong, and the run goes on.
    Warning(String),
    /// The run has ended because of this.
    Error(String),
    /// Another network is the one to play with.
    Network {
        /// The network.
        weights: NetworkWeights,
        /// The run and the cycle it comes from.
        source: String,
    },
}

struct Worker {
    memory: MemoryEstimate,
    shared: Arc<Shared>,
    handle: Option<JoinHandle<()>>,
}

/// What both threads see.
struct Shared {
    stop: AtomicBool,
    state: Mutex<State>,
}

struct State {
    snapshot: Arc<TrainingSnapshot>,
    news: Vec<TrainingNews>,
}

/// What a run is to be.
struct Plan {
    directory: PathBuf,
    config: TrainingConfig,
    device: NetworkDevice,
    limit: MemoryLimit,
}

impl Trainer {
    /// Resumes the run in the directory, or starts one there with this scenario.
    ///
    /// # Errors
    /// [`EpisodeError::Training`] if one is running already, or the system gives no thread; [`EpisodeError::Memory`] if a new
    /// run would, together with the episodes, ask for more than there is.
    pub fn start(&mut self, run: &EpisodeSettings) -> Result<(), EpisodeError> {
        let (settings, device) = (&run.training, &run.network.device);
        let running = self.worker.as_ref().filter(|worker| !worker.shared.is_stopping());
        if running.is_some_and(|worker| worker.status().is_alive()) {
            return Err(EpisodeError::Training(format!("a run in {} is under way", settings.directory.display())));
        }
        let config = config_for(settings, run.scenario.clone());
        config.validate()?;
        // What a resumed run asks for is in its folder, and checked when it is read; what it is to be stands for it here.
        let memory = config.memory_estimate();
        run.memory_estimate().and(memory.clone()).check(&run.memory_limit())?;
        let mut last = self.worker.take();
        let previous = last.as_mut().and_then(|worker| worker.handle.take());
        let directory = settings.directory.clone();
        let plan = Plan { config, device: device.clone(), directory, limit: run.memory_limit() };
        let shared = Arc::new(Shared::new(&plan));
        let own = shared.clone();
        let work = move || {
            // Two runs must not share a directory.
            if let Some(previous) = previous {
                let _ = previous.join();
            }
            train(&plan, &own);
        };
        let handle = threads::spawn("proxops training", work).map_err(|error| {
            // What the run before has come to is still to be seen.
            self.worker = last;
            EpisodeError::Training(error.to_string())
        })?;
        self.worker = Some(Worker { memory, shared, handle: Some(handle) });
        Ok(())
    }

    /// Lets the run stop in the middle of its cycle.
    ///
    /// # Errors
    /// [`EpisodeError::Training`] if none is running.
    pub fn pause(&mut self) -> Result<(), EpisodeError> {
        match self.worker.as_ref().filter(|worker| worker.status().is_alive()) {
            Some(worker) => worker.shared.stop.store(true, Ordering::Relaxed),
            None => return Err(EpisodeError::Training("no run is under way".to_owned())),
        }
        Ok(())
    }

    /// What a run at work asks for.
    pub fn memory_estimate(&self) -> MemoryEstimate {
        let at_work = self.worker.as_ref().filter(|worker| worker.status().is_alive());
        at_work.map(|worker| worker.memory.clone()).unwrap_or_default()
    }

    /// The run as it is now.
    pub fn snapshot(&self) -> Option<Arc<TrainingSnapshot>> {
        self.worker.as_ref().map(|worker| lock(&worker.shared.state).snapshot.clone())
    }

    /// What has happened since the last call.
    pub fn take_news(&mut self) -> Vec<TrainingNews> {
        self.worker.as_ref().map(|worker| std::mem::take(&mut lock(&worker.shared.state).news)).unwrap_or_default()
    }
}

impl TrainingStatus {
    /// Whether its thread is at work.
    fn is_alive(self) -> bool {
        matches!(self, Self::Starting | Self::Running)
    }
}

impl Worker {
    fn status(&self) -> TrainingStatus {
        lock(&self.shared.state).snapshot.status
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // The thread catches its own panics. One that is left behind ends with what it is doing, or with the process: a
        // checkpoint is complete or not there at all, so the run goes on from its last cycle.
        let _ = self.handle.take().map(join_soon);
    }
}

impl Shared {
    fn new(plan: &Plan) -> Self {
        let snapshot = TrainingSnapshot {
            directory: plan.directory.clone(),
            doing: "making the network ready".to_owned(),
            ..Default::default()
        };
        Self {
            stop: AtomicBool::new(false),
            state: Mutex::new(State { snapshot: Arc::new(snapshot), news: Vec::new() }),
        }
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut TrainingSnapshot)) {
        change(Arc::make_mut(&mut lock(&self.state).snapshot));
    }

    fn tell(&self, news: TrainingNews) {
        let mut state = lock(&self.state);
        // Of networks only the newest counts, and where nobody asks, the oldest news is forgotten.
        if matches!(news, TrainingNews::Network { .. }) {
            state.news.retain(|earlier| !matches!(earlier, TrainingNews::Network { .. }));
        }
        if state.news.len() == MAX_NOTICES {
            state.news.remove(0);
        }
        state.news.push(news);
    }

    /// Shows the progress, and breaks off if the run is to stop.
    fn watch(&self, progress: &TrainingProgress) -> ControlFlow<()> {
        if let TrainingProgress::Diverged(entry) = progress {
            self.tell(TrainingNews::Warning(format!("training: {entry}")));
        }
        self.change(|snapshot| {
            snapshot.doing = progress.to_string();
            snapshot.done = progress.share_done() as f32;
        });
        if self.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn begun(&self, run: &TrainingRun) -> Result<(), TrainingError> {
        let history = History::read(&run.history_path())?;
        self.change(|snapshot| {
            snapshot.status = TrainingStatus::Running;
            snapshot.cycle = run.cycle();
            for entry in history {
                match entry {
                    HistoryEntry::Cycle(entry) => push_thinning(&mut snapshot.cycles, entry),
                    HistoryEntry::Evaluation(entry) => push_thinning(&mut snapshot.evaluations, entry),
                    HistoryEntry::Divergence(_) => {}
                }
            }
        });
        Ok(())
    }

    fn cycle_done(&self, report: CycleReport) {
        self.change(|snapshot| {
            snapshot.cycle = report.cycle.cycle;
            push_thinning(&mut snapshot.cycles, report.cycle);
            if let Some(evaluation) = report.evaluation {
                push_thinning(&mut snapshot.evaluations, evaluation);
            }
        });
    }

    fn ended(&self, status: TrainingStatus, doing: &str) {
        self.change(|snapshot| {
            snapshot.status = status;
            snapshot.doing = doing.to_owned();
            snapshot.done = 0.0;
        });
    }
}

/// Appends an entry. Where there are too many, every other one of the older ones goes: the curve keeps its shape, and the
/// newest entry is there. The file of the run keeps all.
fn push_thinning<T>(entries: &mut Vec<T>, entry: T) {
    if entries.len() == MAX_HISTORY {
        let mut place = 0;
        entries.retain(|_| {
            place += 1;
            place % 2 == 0
        });
    }
    entries.push(entry);
}

/// The settings' configuration for that scenario and its grid.
fn config_for(settings: &TrainingSettings, scenario: Scenario) -> TrainingConfig {
    let cells = scenario.grid.cells_per_axis as usize;
    let network = settings.config.network.clone().with_cells_per_axis(cells);
    let network = if network.validate().is_ok() { network } else { layers_for(cells) };
    TrainingConfig { scenario, network, ..settings.config.clone() }
}

/// Runs cycles until it is stopped or fails.
fn train(plan: &Plan, shared: &Shared) {
    let error = match guarded(|| run_cycles(plan, shared)) {
        Ok(TrainingError::Stopped) => {
            shared.tell(TrainingNews::Info(format!("training in {} is paused", plan.directory.display())));
            return shared.ended(TrainingStatus::Paused, "");
        }
        Ok(error) => error.to_string(),
        Err(reason) => format!("it has stopped, please report it: {reason}"),
    };
    shared.tell(TrainingNews::Error(format!("training: {error}")));
    shared.ended(TrainingStatus::Failed, &error);
}

/// Why it ended.
fn run_cycles(plan: &Plan, shared: &Shared) -> TrainingError {
    let Err(error) = try_cycles(plan, shared);
    error
}

fn try_cycles(plan: &Plan, shared: &Shared) -> Result<std::convert::Infallible, TrainingError> {
    let mut run = if CheckpointDirectory::holds_run(&plan.directory) {
        let run = TrainingRun::resume_within(&plan.limit, &plan.directory, None, &plan.device)?;
        let scenario = &run.config().scenario.name;
        let directory = plan.directory.display();
        let text =
            format!("training goes on after cycle {} of the run in {directory}, scenario {scenario}", run.cycle());
        shared.tell(TrainingNews::Info(text));
        run
    } else {
        TrainingRun::start_within(&plan.limit, plan.config.clone(), &plan.directory, &plan.device, None)?
    };
    shared.begun(&run)?;
    let mut warnings = run.device_warnings();
    let mut playing = None;
    loop {
        if run.cycle() > 0 {
            let preferred = run.preferred()?;
            if playing.as_ref() != Some(&preferred) {
                let source = source_of(&run, plan);
                shared.tell(TrainingNews::Network { weights: preferred.clone(), source });
                playing = Some(preferred);
            }
        }
        if shared.is_stopping() {
            return Err(TrainingError::Stopped);
        }
        let report = run.run_cycle(&mut |progress| {
            let warning = |text| TrainingNews::Warning(format!("training: {text}"));
            warnings.by_ref().map(warning).for_each(|news| shared.tell(news));
            shared.watch(progress)
        })?;
        shared.cycle_done(report);
    }
}

/// The cycle that the preferred network comes from.
fn source_of(run: &TrainingRun, plan: &Plan) -> String {
    let (kind, cycle) = match run.best_cycle() {
        0 => ("newest", run.cycle()),
        cycle => ("best", cycle),
    };
    format!("training in {}, cycle {cycle} ({kind})", plan.directory.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_is_thinned_and_ends_with_the_newest_entry() {
        let mut entries = Vec::new();
        for cycle in 1..=50_000_u32 {
            push_thinning(&mut entries, cycle);
            assert!(entries.len() <= MAX_HISTORY && entries.last() == Some(&cycle));
        }
        assert!(entries.len() >= MAX_HISTORY / 2 && entries.is_sorted());
    }

    #[test]
    fn a_run_that_gets_no_thread_says_so_and_leaves_the_last_one_to_be_seen() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = EpisodeSettings::default();
        settings.training.directory = folder.path().join("run");
        let plan = Plan {
            directory: "before".into(),
            config: settings.training.config.clone(),
            device: NetworkDevice::Cpu,
            limit: settings.memory_limit(),
        };
        let shared = Arc::new(Shared::new(&plan));
        shared.stop.store(true, Ordering::Relaxed);
        let mut trainer = Trainer { worker: Some(Worker { memory: Default::default(), shared, handle: None }) };
        let refused = crate::threads::refusal::after(0, || trainer.start(&settings)).unwrap_err().to_string();
        assert!(refused.starts_with("training: the system gives no further thread: "), "{refused}");
        assert_eq!(trainer.snapshot().unwrap().directory, std::path::Path::new("before"));
    }

    #[test]
    fn news_that_nobody_takes_do_not_pile_up() {
        let settings = EpisodeSettings::default();
        let plan = Plan {
            directory: "run".into(),
            config: settings.training.config.clone(),
            device: NetworkDevice::Cpu,
            limit: settings.memory_limit(),
        };
        let shared = Shared::new(&plan);
        let weights = NetworkWeights::shipped().unwrap();
        for cycle in 0..1000 {
            shared.tell(TrainingNews::Network { weights: weights.clone(), source: cycle.to_string() });
            shared.tell(TrainingNews::Warning(cycle.to_string()));
        }
        let news = std::mem::take(&mut lock(&shared.state).news);
        let networks: Vec<_> = news.iter().filter(|news| matches!(news, TrainingNews::Network { .. })).collect();
        assert!(news.len() <= MAX_NOTICES);
        assert!(matches!(networks[..], [TrainingNews::Network { source, .. }] if source == "999"));
    }
}
