//! A training run on a thread of its own, beside the episodes.

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::ecs::resource::Resource;

use crate::episode::error::EpisodeError;
use crate::episode::network::layers_for;
use crate::episode::recording::RecordedEpisode;
use crate::episode::settings::{EpisodeSettings, TrainingSettings};
use crate::episode::snapshot::{MAX_HISTORY, MAX_NOTICES, TrainingSnapshot, TrainingStatus};
use crate::flight::{BackgroundTask, TaskState};
use crate::memory::{MemoryEstimate, MemoryLimit};
use crate::mission::Scenario;
use crate::network::{CheckpointDirectory, NetworkDevice, NetworkWeights};
use crate::training::{
    CycleReport, History, HistoryEntry, TrainingConfig, TrainingError, TrainingProgress, TrainingRun,
};

/// The training run beside the episodes, if there is one.
#[derive(Resource, Default)]
pub struct Trainer {
    run: Option<RunBeside>,
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

/// A run on its thread. One that is left behind ends with what it is doing, or with the process: a checkpoint is complete or
/// not there at all, so the run goes on from its last cycle.
struct RunBeside {
    memory: MemoryEstimate,
    task: BackgroundTask<Shown, TrainingError>,
    directory: PathBuf,
    /// Most decisions of recorded episodes that wait for its next cycle.
    most_recorded: usize,
}

/// What the run shows of itself.
struct Shown {
    snapshot: Arc<TrainingSnapshot>,
    news: Vec<TrainingNews>,
    /// Episodes of the world that wait for the next cycle, oldest first.
    recorded: VecDeque<RecordedEpisode>,
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
        let running = self.run.as_ref().filter(|run| !run.task.state().is_stopping());
        if running.is_some_and(|run| run.status().is_alive()) {
            return Err(EpisodeError::Training(format!("a run in {} is under way", settings.directory.display())));
        }
        let config = config_for(settings, run.scenario.clone());
        config.validate()?;
        // What a resumed run asks for is in its folder, and checked when it is read; what it is to be stands for it here.
        let memory = config.memory_estimate();
        run.memory_estimate().and(memory.clone()).check(&run.memory_limit())?;
        // What the run before has come to is still to be seen if the system gives no thread.
        let previous = self.run.as_mut().map(|run| run.task.ending());
        let directory = settings.directory.clone();
        let most_recorded = config.replay_transitions;
        let plan = Plan { config, device: device.clone(), directory: directory.clone(), limit: run.memory_limit() };
        let task = BackgroundTask::start("proxops training", Shown::new(&directory), move |state| {
            // Two runs must not share a directory.
            if let Some(previous) = previous {
                previous.wait();
            }
            run_cycles(&plan, state)
        });
        let task = task.map_err(|error| EpisodeError::Training(error.to_string()))?;
        self.run = Some(RunBeside { memory, task, directory, most_recorded });
        Ok(())
    }

    /// Lets the run stop in the middle of its cycle.
    ///
    /// # Errors
    /// [`EpisodeError::Training`] if none is running.
    pub fn pause(&mut self) -> Result<(), EpisodeError> {
        match self.run.as_ref().filter(|run| run.status().is_alive()) {
            Some(run) => run.task.state().stop(),
            None => return Err(EpisodeError::Training("no run is under way".to_owned())),
        }
        Ok(())
    }

    /// Hands an episode of the world to the run, if one is at work. It learns from it in its next cycle.
    pub fn offer(&self, episode: RecordedEpisode) {
        if let Some(run) = self.run.as_ref().filter(|run| run.status().is_alive()) {
            run.task.state().progress().offer(episode, run.most_recorded);
        }
    }

    /// What a run at work asks for.
    pub fn memory_estimate(&self) -> MemoryEstimate {
        let at_work = self.run.as_ref().filter(|run| run.status().is_alive());
        at_work.map(|run| run.memory.clone()).unwrap_or_default()
    }

    /// The run as it is now.
    pub fn snapshot(&self) -> Option<Arc<TrainingSnapshot>> {
        self.run.as_ref().map(|run| run.task.state().progress().snapshot.clone())
    }

    /// What has happened since the last call.
    pub fn take_news(&mut self) -> Vec<TrainingNews> {
        let Some(run) = &mut self.run else { return Vec::new() };
        run.take_end();
        std::mem::take(&mut run.task.state().progress().news)
    }
}

impl TrainingStatus {
    /// Whether its thread is at work.
    fn is_alive(self) -> bool {
        matches!(self, Self::Starting | Self::Running)
    }
}

impl RunBeside {
    fn status(&self) -> TrainingStatus {
        self.task.state().progress().snapshot.status
    }

    /// Shows how the run has ended, if it has.
    fn take_end(&mut self) {
        let Some(ended) = self.task.take_result() else { return };
        let mut shown = self.task.state().progress();
        let error = match ended {
            Ok(TrainingError::Stopped) => {
                shown.tell(TrainingNews::Info(format!("training in {} is paused", self.directory.display())));
                return shown.ended(TrainingStatus::Paused, "");
            }
            Ok(error) => error.to_string(),
            Err(reason) => format!("it has stopped, please report it: {reason}"),
        };
        shown.tell(TrainingNews::Error(format!("training: {error}")));
        shown.ended(TrainingStatus::Failed, &error);
    }
}

impl Shown {
    fn new(directory: &Path) -> Self {
        let snapshot = TrainingSnapshot {
            directory: directory.to_owned(),
            doing: "making the network ready".to_owned(),
            ..Default::default()
        };
        Self { snapshot: Arc::new(snapshot), news: Vec::new(), recorded: VecDeque::new() }
    }

    fn change(&mut self, change: impl FnOnce(&mut TrainingSnapshot)) {
        change(Arc::make_mut(&mut self.snapshot));
    }

    fn tell(&mut self, news: TrainingNews) {
        // Of networks only the newest counts, and where nobody asks, the oldest news is forgotten.
        if matches!(news, TrainingNews::Network { .. }) {
            self.news.retain(|earlier| !matches!(earlier, TrainingNews::Network { .. }));
        }
        if self.news.len() == MAX_NOTICES {
            self.news.remove(0);
        }
        self.news.push(news);
    }

    /// Keeps an episode for the next cycle. The replay buffer would forget the oldest too.
    fn offer(&mut self, episode: RecordedEpisode, most_decisions: usize) {
        self.recorded.push_back(episode);
        let decisions = |recorded: &VecDeque<RecordedEpisode>| -> usize {
            recorded.iter().map(|episode| episode.recorder.len()).sum()
        };
        while self.recorded.len() > 1 && decisions(&self.recorded) > most_decisions {
            self.recorded.pop_front();
        }
    }

    fn warn(&mut self, text: impl fmt::Display) {
        self.tell(TrainingNews::Warning(format!("training: {text}")));
    }

    fn show(&mut self, progress: &TrainingProgress) {
        if let TrainingProgress::Diverged(entry) = progress {
            self.warn(entry);
        }
        self.change(|snapshot| {
            snapshot.doing = progress.to_string();
            snapshot.done = progress.share_done() as f32;
        });
    }

    fn begun(&mut self, cycle: u32, history: Vec<HistoryEntry>) {
        self.change(|snapshot| {
            snapshot.status = TrainingStatus::Running;
            snapshot.cycle = cycle;
            for entry in history {
                match entry {
                    HistoryEntry::Cycle(entry) => push_thinning(&mut snapshot.cycles, entry),
                    HistoryEntry::Evaluation(entry) => push_thinning(&mut snapshot.evaluations, entry),
                    HistoryEntry::Divergence(_) => {}
                }
            }
        });
    }

    fn cycle_done(&mut self, report: CycleReport) {
        self.change(|snapshot| {
            snapshot.cycle = report.cycle.cycle;
            push_thinning(&mut snapshot.cycles, report.cycle);
            if let Some(evaluation) = report.evaluation {
                push_thinning(&mut snapshot.evaluations, evaluation);
            }
        });
    }

    fn ended(&mut self, status: TrainingStatus, doing: &str) {
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

/// Runs cycles until it is stopped or fails. Returns why it ended.
fn run_cycles(plan: &Plan, state: &TaskState<Shown>) -> TrainingError {
    let Err(error) = try_cycles(plan, state);
    error
}

fn try_cycles(plan: &Plan, state: &TaskState<Shown>) -> Result<std::convert::Infallible, TrainingError> {
    let mut run = if CheckpointDirectory::holds_run(&plan.directory) {
        let run = TrainingRun::resume_within(&plan.limit, &plan.directory, None, &plan.device)?;
        let scenario = &run.config().scenario.name;
        let directory = plan.directory.display();
        let text =
            format!("training goes on after cycle {} of the run in {directory}, scenario {scenario}", run.cycle());
        state.progress().tell(TrainingNews::Info(text));
        run
    } else {
        TrainingRun::start_within(&plan.limit, plan.config.clone(), &plan.directory, &plan.device, None)?
    };
    let history = History::read(&run.history_path())?;
    state.progress().begun(run.cycle(), history);
    let mut warnings = run.device_warnings();
    let (mut playing, mut refused) = (None, None);
    loop {
        if run.cycle() > 0 {
            let preferred = run.preferred()?;
            if playing.as_ref() != Some(&preferred) {
                let source = source_of(&run, plan);
                state.progress().tell(TrainingNews::Network { weights: preferred.clone(), source });
                playing = Some(preferred);
            }
        }
        if state.is_stopping() {
            return Err(TrainingError::Stopped);
        }
        let recorded = std::mem::take(&mut state.progress().recorded);
        for RecordedEpisode { scenario, recorder } in recorded {
            let text = run.add_episode(&scenario, recorder).err().map(|error| error.to_string());
            // Said once, not for every episode.
            if let Some(text) = text.filter(|text| refused.as_ref() != Some(text)) {
                state.progress().warn(&text);
                refused = Some(text);
            }
        }
        let report = run.run_cycle(&mut |progress| {
            let mut shown = state.progress();
            warnings.by_ref().for_each(|text| shown.warn(text));
            shown.show(progress);
            if state.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let mut shown = state.progress();
        report.failures().for_each(|text| shown.warn(text));
        shown.cycle_done(report);
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
        let shown = Shown::new(Path::new("before"));
        let task = BackgroundTask::start("before", shown, |_| TrainingError::Stopped).unwrap();
        task.state().stop();
        let last = RunBeside { memory: Default::default(), task, directory: "before".into(), most_recorded: 0 };
        let mut trainer = Trainer { run: Some(last) };
        let refused = crate::threads::refusal::after(0, || trainer.start(&settings)).unwrap_err().to_string();
        assert!(refused.starts_with("training: the system gives no further thread: "), "{refused}");
        assert_eq!(trainer.snapshot().unwrap().directory, std::path::Path::new("before"));
    }

    #[test]
    fn news_that_nobody_takes_do_not_pile_up() {
        let mut shown = Shown::new(Path::new("run"));
        let weights = NetworkWeights::shipped().unwrap();
        for cycle in 0..1000 {
            shown.tell(TrainingNews::Network { weights: weights.clone(), source: cycle.to_string() });
            shown.tell(TrainingNews::Warning(cycle.to_string()));
        }
        let news = shown.news;
        let networks: Vec<_> = news.iter().filter(|news| matches!(news, TrainingNews::Network { .. })).collect();
        assert!(news.len() <= MAX_NOTICES);
        assert!(matches!(networks[..], [TrainingNews::Network { source, .. }] if source == "999"));
    }
}
