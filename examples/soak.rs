//! A long run under rough treatment: episodes, self-play and training in an app, random commands, and a fault every minute.
//! Memory, threads, open handles and the time of a frame are sampled; a table at the end says how they grow.
//!
//! Ends with 0 if every fault was survived and said, with 1 otherwise, and with 2 for bad input.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_proxops::episode::{NoticeSeverity, Speed, TrainingSettings, TrainingSnapshot, TrainingStatus};
use bevy_proxops::files;
use bevy_proxops::prelude::*;
use bevy_proxops::search::AlphaZeroConfig;
use bevy_proxops::training::TrainingConfig;
use clap::Parser;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

#[path = "common/faults.rs"]
mod faults;
#[path = "common/minutes.rs"]
mod minutes;
#[path = "common/random_commands.rs"]
mod random_commands;
#[path = "common/samples.rs"]
mod samples;
#[path = "common/terminal.rs"]
mod terminal;

use faults::{FAULTS, Fault};
use minutes::minutes;
use samples::Samples;
use terminal::{BAD_INPUT, FAILURE, UserError, say};

/// Runs episodes and training for long, with random commands and a fault every minute, and measures what grows.
#[derive(Parser)]
struct Options {
    /// How long, 0 to 1000000; short runs have their faults closer together, so that each comes once
    #[arg(long, default_value_t = 30.0, value_parser = minutes)]
    minutes: f64,
    /// Seed of commands and episodes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for samples.csv and, in its subfolder `work`, for what the run writes
    #[arg(long, value_name = "FOLDER", default_value = "out/soak")]
    out: PathBuf,
}

/// Time between two frames, as a display would have it.
const FRAME: Duration = Duration::from_millis(16);
/// Time between two random commands.
const COMMAND_INTERVAL: Duration = Duration::from_millis(700);
/// Longest time between two faults.
const FAULT_INTERVAL: Duration = Duration::from_secs(60);
/// Longest wait for a notice and for the next snapshot after a fault.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    terminal::finish(run(&Options::parse()))
}

fn run(options: &Options) -> Result<(), (u8, UserError)> {
    let work = options.out.join("work");
    prepare(&work).map_err(|error| (BAD_INPUT, format!("folder {}: {error}", work.display()).into()))?;
    let mut soak = Soak::new(options, work);
    soak.go_on_until(options.minutes).map_err(|error| (FAILURE, error))?;
    let table = format!("{}\n{}", soak.samples.table(), soak.report());
    let csv = options.out.join("samples.csv");
    files::write(&csv, soak.samples.csv().as_bytes())
        .map_err(|error| (FAILURE, format!("{}: {error}", csv.display()).into()))?;
    say(table).map_err(|error| (FAILURE, error.into()))?;
    match soak.outcomes.iter().filter(|outcome| outcome.failure.is_some()).count() {
        0 => Ok(()),
        failed => Err((FAILURE, format!("{failed} of {} faults were not borne", soak.outcomes.len()).into())),
    }
}

/// Lies in the folder that a run works in, so that nobody else's is ever emptied.
const MARK: &str = "made-by-soak";

/// An empty folder of our own.
fn prepare(work: &std::path::Path) -> std::io::Result<()> {
    let holds_something = work.exists() && std::fs::read_dir(work)?.next().is_some();
    if holds_something {
        if !work.join(MARK).is_file() {
            let reason = "it is not empty and no folder of an earlier soak";
            return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, reason));
        }
        std::fs::remove_dir_all(work)?;
    }
    std::fs::create_dir_all(work)?;
    std::fs::write(work.join(MARK), "emptied by the next soak\n")?;
    files::try_folder(work)
}

/// What came of a fault.
struct Outcome {
    name: &'static str,
    /// `None` where it was borne as promised.
    failure: Option<String>,
}

/// The app and what is known of it.
struct Soak {
    app: App,
    random: Xoshiro256PlusPlus,
    work: PathBuf,
    samples: Samples,
    outcomes: Vec<Outcome>,
    commands: u64,
    learning: Learning,
    began: Instant,
}

/// How far training has come, over all the times that it began anew.
#[derive(Default)]
struct Learning {
    /// Cycle of the training run that was seen last.
    cycle: u32,
    /// Cycles of all training runs.
    cycles: u64,
    /// When the replay buffer was first full.
    full_after: Option<Duration>,
}

impl Learning {
    /// Looks at the training run as it is now.
    fn watch(&mut self, training: &TrainingSnapshot, now: Duration) {
        // One that begins anew counts from nought again.
        self.cycles += u64::from(training.cycle.saturating_sub(self.cycle));
        self.cycle = training.cycle;
        let is_full = training.cycles.windows(2).any(|pair| pair[1].transitions <= pair[0].transitions);
        if is_full {
            self.full_after.get_or_insert(now);
        }
    }
}

impl Soak {
    fn new(options: &Options, work: PathBuf) -> Self {
        let mut settings = EpisodeSettings { seed: Seed(options.seed), speed: Speed::Max, ..default() };
        settings.search.planner = PlannerKind::AlphaZero;
        settings.search.alpha_zero.simulations = 20;
        settings.search.simulations = 50;
        settings.training = TrainingSettings { directory: work.join("training"), config: small_training() };
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, ProxOpsPlugins::new(settings)));
        app.finish();
        app.cleanup();
        Self {
            app,
            random: Xoshiro256PlusPlus::seed_from_u64(options.seed),
            work,
            samples: Samples::default(),
            outcomes: Vec::new(),
            commands: 0,
            learning: Learning::default(),
            began: Instant::now(),
        }
    }

    fn go_on_until(&mut self, minutes: f64) -> Result<(), UserError> {
        let length = Duration::from_secs_f64(60.0 * minutes);
        let fault_interval = FAULT_INTERVAL.min(length / (FAULTS.len() as u32 + 1));
        let sample_interval = (length / 200).clamp(Duration::from_millis(100), Duration::from_secs(10));
        let (mut next_command, mut next_fault, mut next_sample) = (Duration::ZERO, fault_interval, Duration::ZERO);
        let mut faults = FAULTS.iter().cycle();
        self.app.world_mut().write_message(SimCommand::StartTraining);
        // A short run still meets every fault once.
        while self.began.elapsed() < length || self.outcomes.len() < FAULTS.len() {
            self.frame();
            let now = self.began.elapsed();
            if now >= next_command {
                next_command = now + COMMAND_INTERVAL;
                let latest = self.latest();
                if let Some(training) = &latest.training {
                    self.learning.watch(training, now);
                    self.begin_learning_anew(training);
                }
                let command = random_commands::draw(&mut self.random, &latest);
                self.commands += 1;
                self.app.world_mut().write_message(command);
            }
            if now >= next_sample {
                next_sample = now + sample_interval;
                self.samples.take(now.as_secs_f64())?;
            }
            if now >= next_fault
                && let Some(fault) = faults.next()
            {
                self.suffer(fault);
                next_fault = self.began.elapsed() + fault_interval;
            }
        }
        // Until the replay buffer is full, memory grows as it is meant to.
        self.samples.filled(self.learning.full_after.unwrap_or_default().as_secs_f64());
        Ok(())
    }

    /// As a user does whose folder a fault has spoilt for good: takes an empty one.
    fn begin_learning_anew(&mut self, training: &TrainingSnapshot) {
        if training.status == TrainingStatus::Failed {
            let _ = std::fs::remove_dir_all(self.work.join("training"));
            self.app.world_mut().write_message(SimCommand::StartTraining);
        }
    }

    fn frame(&mut self) {
        let begun = Instant::now();
        self.app.update();
        self.samples.frame(begun.elapsed());
        std::thread::sleep(FRAME.saturating_sub(begun.elapsed()));
    }

    fn latest(&self) -> std::sync::Arc<SimulationSnapshot> {
        self.app.world().resource::<LatestSnapshot>().0.clone()
    }

    /// Brings a fault about, waits for what it promises, and sees that the run goes on.
    fn suffer(&mut self, fault: &Fault) {
        let known = self.latest().notices.last().map(|notice| notice.id);
        let failure = self.brought_about(fault, known).err();
        let outcome = Outcome { name: fault.name, failure: failure.map(|error| error.to_string()) };
        let said = outcome.failure.as_deref().unwrap_or("borne");
        terminal::warn(format_args!("{:>7.1} s  {}: {said}", self.began.elapsed().as_secs_f64(), fault.name));
        self.outcomes.push(outcome);
    }

    fn brought_about(&mut self, fault: &Fault, known: Option<u64>) -> Result<(), UserError> {
        for command in (fault.bring_about)(&self.work)? {
            self.app.world_mut().write_message(command);
        }
        if let Some(words) = fault.notice {
            let is_said = |snapshot: &SimulationSnapshot| {
                let mut new = snapshot.notices.iter().filter(|notice| known.is_none_or(|known| notice.id > known));
                new.any(|notice| notice.severity != NoticeSeverity::Info && notice.text.contains(words))
            };
            self.wait_for(&format!("a notice that says '{words}'"), is_said)?;
        }
        // Whatever has happened, the episodes still decide.
        self.app.world_mut().write_message(SimCommand::Play);
        self.app.world_mut().write_message(SimCommand::SetSpeed(Speed::Max));
        self.app.world_mut().write_message(SimCommand::SetAutoRestart(true));
        let decisions = self.latest().diagnostics.decisions;
        self.wait_for("another decision", |snapshot| snapshot.diagnostics.decisions > decisions)
    }

    fn wait_for(&mut self, what: &str, is_there: impl Fn(&SimulationSnapshot) -> bool) -> Result<(), UserError> {
        let deadline = Instant::now() + PATIENCE;
        while !is_there(&self.latest()) {
            if Instant::now() > deadline {
                let notices = &self.latest().notices;
                let last: Vec<&str> = notices.iter().rev().take(3).map(|notice| notice.text.as_str()).collect();
                return Err(format!("{what} did not come within {} s; last said: {last:?}", PATIENCE.as_secs()).into());
            }
            self.frame();
        }
        Ok(())
    }

    fn report(&self) -> String {
        let latest = self.latest();
        let failed = self.outcomes.iter().filter_map(|outcome| Some((outcome.name, outcome.failure.as_ref()?)));
        let failed: String = failed.map(|(name, failure)| format!("\nnot borne: {name}: {failure}")).collect();
        let full = self
            .learning
            .full_after
            .map_or("was never full".to_owned(), |after| format!("was first full after {:.0} s", after.as_secs_f64()));
        format!(
            "{} faults, {} commands, {} decisions, {} episodes and {} cycles of training in {:.1} min; \
             the replay buffer of {REPLAY_TRANSITIONS} transitions {full}{failed}",
            self.outcomes.len(),
            self.commands,
            latest.diagnostics.decisions,
            latest.diagnostics.episodes_done,
            self.learning.cycles,
            self.began.elapsed().as_secs_f64() / 60.0,
        )
    }
}

/// Two cycles fill it: what grows once it is full is not the buffer.
const REPLAY_TRANSITIONS: usize = 400;

/// Cycles of seconds, so that checkpoints are written all the time, and several between two random commands that pause training: a
/// cycle that is broken off begins again.
fn small_training() -> TrainingConfig {
    TrainingConfig {
        search: AlphaZeroConfig { simulations: 2, ..AlphaZeroConfig::default() },
        episodes_per_cycle: 4,
        parallel: 4,
        learning_steps_per_cycle: 4,
        replay_transitions: REPLAY_TRANSITIONS,
        evaluation_pairs: 2,
        ..TrainingConfig::default()
    }
}
