//! Trains the network by self-play, without a window, and can be stopped and resumed at any time.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::network::{CheckpointDirectory, NetworkDevice, NetworkWeights, PolicyValueNetConfig};
use bevy_proxops::search::RootRule;
use bevy_proxops::training::{
    CycleEntry, CycleReport, EvaluationEntry, TrainingConfig, TrainingError, TrainingProgress, TrainingRun,
};
use clap::Parser;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

#[path = "common/training_plots.rs"]
mod training_plots;

type UserError = Box<dyn std::error::Error>;

/// Exit code for settings, files and devices that cannot be used.
const BAD_INPUT: u8 = 2;
/// Exit code for a run that broke off.
const FAILURE: u8 = 1;

/// Trains the policy-value network by self-play.
#[derive(Parser)]
struct Options {
    /// Directory of the run: checkpoints, history, plots
    #[arg(long, default_value = "out/training")]
    out: PathBuf,
    /// Go on with the run in --out
    #[arg(long)]
    resume: bool,
    /// The checkpoint to go on from, by number; the newest one if not given
    #[arg(long, requires = "resume")]
    generation: Option<u64>,
    /// Stop after this many cycles in all
    #[arg(long, default_value_t = 40)]
    cycles: u32,
    /// Stop at the end of the first cycle after this many minutes
    #[arg(long)]
    minutes: Option<f64>,
    /// Where the network runs: auto, cpu, vulkan, or vulkan:NAME with a number or a part of the name
    #[arg(long, default_value = "auto")]
    device: NetworkDevice,
    /// Threads for search and CPU network; all cores if not given
    #[arg(long)]
    workers: Option<usize>,
    /// Start from this weights file instead of from nothing
    #[arg(long)]
    start: Option<PathBuf>,
    #[command(flatten)]
    new: NewRun,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Settings of a new run (one that is resumed keeps those it began with)")]
struct NewRun {
    /// Seed of everything
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// An embedded scenario's name, or a scenario file
    #[arg(long, default_value = "standoff_200m")]
    scenario: String,
    /// Layers: reference or compact
    #[arg(long, default_value = "compact")]
    network: String,
    /// How the root chooses: puct or gumbel
    #[arg(long, default_value = "gumbel")]
    root: RootRule,
    /// Simulations a decision
    #[arg(long, default_value_t = 100)]
    simulations: u32,
    /// Episodes of self-play a cycle
    #[arg(long, default_value_t = 32)]
    episodes: u32,
    /// Episodes at a time
    #[arg(long, default_value_t = 32)]
    parallel: usize,
    /// Learning steps a cycle
    #[arg(long, default_value_t = 100)]
    learning_steps: u64,
    /// Learning steps over which the learning rate falls
    #[arg(long, default_value_t = 4000)]
    decay_steps: u64,
    /// Cycles between evaluations against the best network; 0 for none
    #[arg(long, default_value_t = 5)]
    evaluate_every: u32,
    /// Pairs of episodes of an evaluation
    #[arg(long, default_value_t = 32)]
    evaluation_pairs: u32,
    /// Weight of the return against the search's own values in the value targets, 0 to 1
    #[arg(long, default_value_t = 1.0)]
    lambda: f64,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, error)) => {
            eprintln!("error: {error}");
            ExitCode::from(code)
        }
    }
}

fn run(options: &Options) -> Result<(), (u8, UserError)> {
    let bad_input = |error: UserError| (BAD_INPUT, error);
    match options.workers {
        Some(0) => return Err(bad_input("workers = 0: accepted are 1 and more".into())),
        Some(workers) => rayon::ThreadPoolBuilder::new()
            .num_threads(workers)
            .build_global()
            .map_err(|error| (FAILURE, error.into()))?,
        None => {}
    }
    let mut run = begin(options).map_err(bad_input)?;
    println!("network on {}; run in {}", run.device_name(), options.out.display());
    if options.resume {
        println!("resumed after cycle {} of {}", run.cycle(), run.config().scenario.name);
    }
    train(&mut run, options).and_then(|()| finish(&run, &options.out)).map_err(|error| (FAILURE, error))
}

fn train(run: &mut TrainingRun, options: &Options) -> Result<(), UserError> {
    let mut bars = Bars::new(options.cycles, run.cycle())?;
    let start = Instant::now();
    let limit = options.minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes.max(0.0)));
    while run.cycle() < options.cycles && limit.is_none_or(|limit| start.elapsed() < limit) {
        let report = run.run_cycle(&mut |progress| {
            bars.show(progress);
            ControlFlow::Continue(())
        })?;
        bars.end_cycle(&report, start.elapsed());
    }
    bars.finish();
    Ok(())
}

fn begin(options: &Options) -> Result<TrainingRun, UserError> {
    if options.resume {
        return Ok(TrainingRun::resume(&options.out, options.generation, &options.device)?);
    }
    if CheckpointDirectory::holds_run(&options.out) {
        let out = options.out.display();
        return Err(
            format!("{out}: there is a run in this directory: go on with it by --resume, or choose another").into()
        );
    }
    let new = &options.new;
    let start = options.start.as_deref().map(NetworkWeights::load).transpose()?;
    let mut config = TrainingConfig {
        seed: Seed(new.seed),
        scenario: Scenario::named(&new.scenario)?,
        network: match &start {
            Some(weights) => weights.config().clone(),
            None => PolicyValueNetConfig::named(&new.network)?,
        },
        episodes_per_cycle: new.episodes,
        learning_steps_per_cycle: new.learning_steps,
        parallel: new.parallel,
        lambda: new.lambda,
        evaluate_every: new.evaluate_every,
        evaluation_pairs: new.evaluation_pairs,
        ..Default::default()
    };
    config.search.root = new.root;
    config.search.simulations = new.simulations;
    config.learner.decay_steps = new.decay_steps;
    config.network.cells_per_axis = config.scenario.grid.cells_per_axis as usize;
    Ok(TrainingRun::start(config, &options.out, &options.device, start)?)
}

/// The networks as files of their own, and the plots.
fn finish(run: &TrainingRun, out: &Path) -> Result<(), UserError> {
    let save = |name: &str, weights: &NetworkWeights| -> Result<(), TrainingError> {
        weights.save(&out.join(name)).map_err(TrainingError::from)
    };
    save("best.bin", run.best())?;
    save("latest.bin", &run.latest()?)?;
    let plots = training_plots::write(&run.history_path(), out)?;
    println!("{} cycles; networks in {}/best.bin and latest.bin", run.cycle(), out.display());
    for plot in plots {
        println!("{}", plot.display());
    }
    Ok(())
}

/// One bar for the cycles and one for what the cycle is doing.
struct Bars {
    cycles: ProgressBar,
    part: ProgressBar,
    name: &'static str,
    began: Instant,
}

impl Bars {
    fn new(cycles: u32, done: u32) -> Result<Self, UserError> {
        let bars = MultiProgress::new();
        let bar = |length: u64, template: &str| -> Result<ProgressBar, UserError> {
            let bar = bars.add(ProgressBar::new(length));
            bar.set_style(ProgressStyle::with_template(template)?);
            bar.enable_steady_tick(Duration::from_millis(500));
            Ok(bar)
        };
        let cycles = bar(u64::from(cycles), "cycles      {bar:30} {pos}/{len}, {elapsed} gone, {eta} to go")?;
        // What was done before says nothing about how long the rest takes.
        cycles.set_position(u64::from(done));
        cycles.reset_eta();
        let part = bar(0, "{prefix:11} {bar:30} {pos}/{len}, {eta} to go; {msg}")?;
        Ok(Self { cycles, part, name: "", began: Instant::now() })
    }

    fn show(&mut self, progress: &TrainingProgress) {
        if self.name != progress.name() {
            self.name = progress.name();
            self.began = Instant::now();
            self.part.reset();
            self.part.set_prefix(self.name);
        }
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        let (done, of, message) = match progress {
            TrainingProgress::SelfPlay(flight) | TrainingProgress::Evaluating(flight) => {
                let (decisions, leaves) = (flight.decisions as f64 / seconds, flight.leaves as f64 / seconds);
                let message = format!(
                    "{} of {} episodes, {decisions:.1} decisions/s, {leaves:.0} evaluations/s",
                    flight.episodes, flight.of
                );
                (flight.decisions, flight.of_decisions, message)
            }
            TrainingProgress::Learning { done, of, losses } => {
                let rate = *done as f64 / seconds;
                let message = format!(
                    "{rate:.1} steps/s, policy {:.3}, value {:.4}, rate {:.1e}",
                    losses.policy_loss, losses.value_loss, losses.learning_rate
                );
                (*done, *of, message)
            }
        };
        self.part.set_length(of);
        self.part.set_position(done);
        self.part.set_message(message);
    }

    fn end_cycle(&mut self, report: &CycleReport, elapsed: Duration) {
        self.name = "";
        self.cycles.set_position(u64::from(report.cycle.cycle));
        self.print(cycle_line(&report.cycle, elapsed));
        if let Some(evaluation) = &report.evaluation {
            self.print(evaluation_line(evaluation));
        }
    }

    /// Without a terminal there is no bar to print above.
    fn print(&self, line: String) {
        if self.cycles.is_hidden() { println!("{line}") } else { self.cycles.println(line) }
    }

    fn finish(&self) {
        self.part.finish_and_clear();
        self.cycles.finish_and_clear();
    }
}

fn cycle_line(entry: &CycleEntry, elapsed: Duration) -> String {
    let losses = &entry.losses;
    format!(
        "cycle {:>3}  {:>6.1} min  {} episodes  reward {:+.4}  policy {:.3} (search {:.3})  value {:.4} (mean {:.4})",
        entry.cycle,
        elapsed.as_secs_f64() / 60.0,
        entry.episodes,
        entry.mean_reward,
        losses.policy_loss,
        losses.target_entropy,
        losses.value_loss,
        losses.value_variance,
    )
}

fn evaluation_line(entry: &EvaluationEntry) -> String {
    format!(
        "           against the best on {} pairs: {:+.4} ± {:.4}{}",
        entry.pairs,
        entry.mean_difference,
        entry.interval_95,
        if entry.promoted { ", the new best" } else { "" }
    )
}
