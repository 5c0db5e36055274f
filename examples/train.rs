//! Trains the network by self-play, without a window, and can be stopped and resumed at any time.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::network::{NetworkDevice, NetworkWeights, PolicyValueNetConfig};
use bevy_proxops::search::RootRule;
use bevy_proxops::training::{
    CycleEntry, FlightProgress, TrainingConfig, TrainingError, TrainingProgress, TrainingRun,
};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

#[path = "common/training_plots.rs"]
mod training_plots;

type UserError = Box<dyn std::error::Error>;

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

/// Settings of a new run; a resumed one keeps those it began with.
#[derive(clap::Args)]
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
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), UserError> {
    if let Some(workers) = options.workers {
        rayon::ThreadPoolBuilder::new().num_threads(workers).build_global()?;
    }
    let mut run = begin(options)?;
    println!("network on {}; run in {}", run.device_name(), options.out.display());
    let bar = progress_bar(options.cycles);
    let start = Instant::now();
    let limit = options.minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes));
    while run.cycle() < options.cycles && limit.is_none_or(|limit| start.elapsed() < limit) {
        bar.set_position(u64::from(run.cycle()));
        let entry = run.run_cycle(&mut |progress| bar.set_message(message(progress)))?;
        let line = line(&entry, start.elapsed());
        // Without a terminal there is no bar to print above.
        if bar.is_hidden() { println!("{line}") } else { bar.println(line) }
    }
    bar.finish_and_clear();
    finish(&run, &options.out)
}

fn begin(options: &Options) -> Result<TrainingRun, UserError> {
    if options.resume {
        return Ok(TrainingRun::resume(&options.out, options.generation, &options.device)?);
    }
    let new = &options.new;
    let start = options.start.as_deref().map(NetworkWeights::load).transpose()?;
    let mut config = TrainingConfig {
        seed: Seed(new.seed),
        scenario: scenario(&new.scenario)?,
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

fn scenario(name: &str) -> Result<Scenario, UserError> {
    if Path::new(name).extension().is_some_and(|extension| extension == "ron") {
        return Ok(Scenario::load(name)?);
    }
    Ok(Scenario::embedded(name)?)
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

fn progress_bar(cycles: u32) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(cycles));
    let style = ProgressStyle::with_template("{bar:30} cycle {pos}/{len} {elapsed} (ETA {eta}) {msg}");
    // The template is a constant that parses.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn message(progress: &TrainingProgress) -> String {
    let flight = |what: &str, flight: &FlightProgress| {
        let leaves = flight.leaves;
        format!("{what}: {}/{} episodes, {} decisions, {leaves} leaves", flight.episodes, flight.of, flight.decisions)
    };
    match progress {
        TrainingProgress::SelfPlay(progress) => flight("self-play", progress),
        TrainingProgress::Evaluating(progress) => flight("evaluation", progress),
        TrainingProgress::Learning { done, of, losses } => format!(
            "learning: {done}/{of}, policy {:.3}, value {:.4}, rate {:.1e}",
            losses.policy_loss, losses.value_loss, losses.learning_rate
        ),
    }
}

fn line(entry: &CycleEntry, elapsed: Duration) -> String {
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
