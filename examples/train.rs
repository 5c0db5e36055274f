//! Trains the network by self-play, without a window, and can be stopped and resumed at any time.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bevy_proxops::files;
use bevy_proxops::memory::MemoryLimit;
use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::network::{CheckpointDirectory, NetworkDevice, NetworkWeights, PolicyValueNetConfig};
use bevy_proxops::search::{RootRule, SearchConfig};
use bevy_proxops::training::{
    CycleEntry, CycleReport, EvaluationEntry, TrainingConfig, TrainingError, TrainingProgress, TrainingRun,
};
use clap::Parser;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

#[path = "common/minutes.rs"]
mod minutes;
#[path = "common/number.rs"]
mod number;
#[path = "common/terminal.rs"]
mod terminal;
#[path = "common/training_plots.rs"]
mod training_plots;

use minutes::minutes;
use number::{number, whole};
use terminal::{BAD_INPUT, FAILURE, UserError, say};

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
    #[arg(long, requires = "resume", allow_negative_numbers = true, value_parser = whole(0..=u64::MAX))]
    generation: Option<u64>,
    /// Stop after this many cycles in all
    #[arg(long, default_value_t = 40, allow_negative_numbers = true, value_parser = whole(1..=u32::MAX))]
    cycles: u32,
    /// Stop at the end of the first cycle after this many minutes, 0 to 1000000
    #[arg(long, allow_negative_numbers = true, value_parser = minutes)]
    minutes: Option<f64>,
    /// Where the network runs: auto, cpu, vulkan, or vulkan:NAME with a number or a part of the name
    #[arg(long, default_value = "auto")]
    device: NetworkDevice,
    /// Threads for search and CPU network, 1 to 1024; all cores if not given
    #[arg(long, allow_negative_numbers = true, value_parser = whole(1..=1024_u16))]
    workers: Option<u16>,
    /// Most of the machine's memory that the run may ask for, 0.01 to 1
    #[arg(long, value_name = "SHARE", default_value_t = MemoryLimit::DEFAULT_SHARE, allow_negative_numbers = true, value_parser = number(MemoryLimit::SHARES))]
    memory_share: f64,
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
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = whole(0..=u64::MAX))]
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
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, value_parser = whole(1..=SearchConfig::MAX_SIMULATIONS))]
    simulations: u32,
    /// Episodes of self-play a cycle
    #[arg(long, default_value_t = 32, allow_negative_numbers = true, value_parser = whole(1..=100_000_u32))]
    episodes: u32,
    /// Episodes at a time
    #[arg(long, default_value_t = 32, allow_negative_numbers = true, value_parser = whole(1..=4096_usize))]
    parallel: usize,
    /// Learning steps a cycle
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, value_parser = whole(0..=1_000_000_u64))]
    learning_steps: u64,
    /// Learning steps over which the learning rate falls
    #[arg(long, default_value_t = 4000, allow_negative_numbers = true, value_parser = whole(0..=u64::MAX))]
    decay_steps: u64,
    /// Cycles between evaluations against the best network; 0 for none
    #[arg(long, default_value_t = 5, allow_negative_numbers = true, value_parser = whole(0..=u32::MAX))]
    evaluate_every: u32,
    /// Pairs of episodes of an evaluation
    #[arg(long, default_value_t = 32, allow_negative_numbers = true, value_parser = whole(2..=10_000_u32))]
    evaluation_pairs: u32,
    /// Weight of the return against the search's own values in the value targets, 0 to 1
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_parser = number(0.0..=1.0))]
    lambda: f64,
}

fn main() {
    terminal::finish(run(&Options::parse()))
}

fn run(options: &Options) -> Result<(), (u8, UserError)> {
    let bad_input = |error: UserError| (BAD_INPUT, error);
    // Also where none are asked for: it would be made at its first use, which panics where the system gives no threads.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.workers.map_or(0, usize::from));
    pool.build_global().map_err(|error| (FAILURE, format!("threads for search and network: {error}").into()))?;
    let mut run = begin(options).map_err(bad_input)?;
    let out = options.out.display();
    files::try_folder(&options.out).map_err(|error| bad_input(format!("{out}: {error}").into()))?;
    let begun = say(format!("network on {}; run in {out}", run.device_name())).and_then(|()| match options.resume {
        true => say(format!("resumed after cycle {} of {}", run.cycle(), run.config().scenario.name)),
        false => Ok(()),
    });
    begun
        .map_err(UserError::from)
        .and_then(|()| train(&mut run, options))
        .and_then(|()| finish(&run, &options.out))
        .map_err(|error| (FAILURE, error))
}

fn train(run: &mut TrainingRun, options: &Options) -> Result<(), UserError> {
    let mut bars = Bars::new(options.cycles, run.cycle())?;
    let start = Instant::now();
    let limit = options.minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes));
    while run.cycle() < options.cycles && limit.is_none_or(|limit| start.elapsed() < limit) {
        let report = run.run_cycle(&mut |progress| {
            bars.show(progress);
            ControlFlow::Continue(())
        })?;
        bars.end_cycle(&report, start.elapsed())?;
    }
    bars.finish();
    Ok(())
}

fn begin(options: &Options) -> Result<TrainingRun, UserError> {
    let limit = MemoryLimit::of_this_machine(options.memory_share);
    if options.resume {
        return Ok(TrainingRun::resume_within(&limit, &options.out, options.generation, &options.device)?);
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
    Ok(TrainingRun::start_within(&limit, config, &options.out, &options.device, start)?)
}

/// The networks as files of their own, and the plots.
fn finish(run: &TrainingRun, out: &Path) -> Result<(), UserError> {
    let save = |name: &str, weights: &NetworkWeights| -> Result<(), TrainingError> {
        weights.save(&out.join(name)).map_err(TrainingError::from)
    };
    save("best.bin", &run.preferred()?)?;
    save("latest.bin", &run.latest()?)?;
    let plots = training_plots::write(&run.history_path(), out)?;
    let cycle = run.cycle();
    let best = match run.best_cycle() {
        0 => format!("that of cycle {cycle}, the newest: no evaluation has promoted one yet"),
        best => format!("that of cycle {best}, which an evaluation promoted"),
    };
    say(format!("{cycle} cycles; networks in {}/best.bin ({best}) and latest.bin", out.display()))?;
    for plot in plots {
        say(plot.display())?;
    }
    Ok(())
}

/// One bar for the cycles and one for what the cycle is doing.
struct Bars {
    bars: MultiProgress,
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
        Ok(Self { bars, cycles, part, name: "", began: Instant::now() })
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
                let failed = if flight.failed > 0 { format!(" ({} failed)", flight.failed) } else { String::new() };
                let message = format!(
                    "{} of {} episodes{failed}, {decisions:.1} decisions/s, {leaves:.0} evaluations/s",
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
            TrainingProgress::Diverged(entry) => (0, self.part.length().unwrap_or(0), entry.to_string()),
        };
        self.part.set_length(of);
        self.part.set_position(done);
        self.part.set_message(message);
    }

    fn end_cycle(&mut self, report: &CycleReport, elapsed: Duration) -> io::Result<()> {
        self.name = "";
        self.cycles.set_position(u64::from(report.cycle.cycle));
        let divergences = report.divergences.iter().map(ToString::to_string);
        let evaluation = report.evaluation.as_ref().map(evaluation_line);
        let failures = report.failures().map(|failures| format!("           {failures}"));
        let mut lines = divergences.chain([cycle_line(&report.cycle, elapsed)]).chain(evaluation).chain(failures);
        self.bars.suspend(|| lines.try_for_each(say))
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
