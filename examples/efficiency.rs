//! Measures what parallel search gains on this machine and what it costs in decisions, and writes a report.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy_proxops::episode::{SweepProgress, check_plan, measure_efficiency};
use bevy_proxops::files;
use bevy_proxops::memory::MemoryLimit;
use bevy_proxops::mission::Seed;
use bevy_proxops::network::NetworkDevice;
use bevy_proxops::report::{BestSettings, EfficiencyReport, SweepPlan, comparison};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

#[path = "common/number.rs"]
mod number;
#[path = "common/output.rs"]
mod output;
#[path = "common/terminal.rs"]
mod terminal;

use number::{number, whole};
use terminal::{BAD_INPUT, FAILURE, UserError, say};

/// Measures parallel search on this machine: speed, memory and the quality of decisions.
#[derive(Parser)]
struct Options {
    /// Every worker count, more modes, narrower intervals and whole runs: a quarter of an hour instead of three minutes
    #[arg(long)]
    full: bool,
    /// Folder of report.md, report.csv, quality.csv and the plots
    #[arg(long, value_name = "FOLDER", default_value = "out/efficiency")]
    out: PathBuf,
    /// Replace a report that is there already; in `out` and below it always is
    #[arg(long)]
    force: bool,
    /// Save the best settings to out/efficiency/best.ron, where `watch` finds and offers them
    #[arg(long)]
    apply: bool,
    /// Where the network runs: auto, cpu, vulkan, or vulkan:NAME with a number or a part of the name
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: NetworkDevice,
    /// Seed of all runs
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = whole(0..=u64::MAX))]
    seed: u64,
    /// Time for which every setting is measured, 0.1 to 600
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = number(0.1..=600.0))]
    seconds: Option<f64>,
    /// Decisions judged of every mode, 2 to 10000
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(2..=10_000_u32))]
    states: Option<u32>,
    /// Episodes whose memory is measured, 16 to 4096
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(16..=4096_u32))]
    memory_episodes: Option<u32>,
    /// Most of the machine's memory that a run may ask for, 0.01 to 1
    #[arg(long, value_name = "SHARE", default_value_t = MemoryLimit::DEFAULT_SHARE, allow_negative_numbers = true, value_parser = number(MemoryLimit::SHARES))]
    memory_share: f64,
}

fn main() {
    let options = Options::parse();
    let plan = plan(&options);
    let checked = check_plan(&plan).map_err(UserError::from).and_then(|()| try_folders(&options));
    let result = checked.map_err(|error| (BAD_INPUT, error));
    terminal::finish(result.and_then(|()| run(&options, &plan).map_err(|error| (FAILURE, error))))
}

/// Minutes of measuring must not end in a folder that cannot be written to.
fn try_folders(options: &Options) -> Result<(), UserError> {
    output::require_free(&options.out, &EfficiencyReport::FILES, options.force)?;
    let best = Path::new(BestSettings::DEFAULT_PATH).parent().filter(|_| options.apply);
    for folder in [Some(&*options.out), best].into_iter().flatten() {
        files::try_folder(folder).map_err(|error| format!("folder {}: {error}", folder.display()))?;
    }
    Ok(())
}

fn run(options: &Options, plan: &SweepPlan) -> Result<(), UserError> {
    let bar = progress_bar();
    let mut shown = Ok(());
    let measured = measure_efficiency(plan, &mut |progress| {
        shown = show(&bar, progress);
        shown.is_ok()
    });
    bar.finish_and_clear();
    shown?;
    let report = measured?;

    // What was measured is told even if it cannot be written.
    let written = report.write(&options.out);
    print(&report)?;
    for path in written? {
        say(path.display())?;
    }
    if options.apply {
        let path = Path::new(BestSettings::DEFAULT_PATH);
        report.best.save(path)?;
        say(format!("{}: `watch` offers these settings now", path.display()))?;
    }
    Ok(())
}

fn plan(options: &Options) -> SweepPlan {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let mut plan = if options.full { SweepPlan::full(cores) } else { SweepPlan::quick(cores) };
    plan.device = options.device.clone();
    plan.seed = Seed(options.seed);
    plan.memory_share = options.memory_share;
    plan.seconds_per_point = options.seconds.unwrap_or(plan.seconds_per_point);
    plan.quality.states = options.states.unwrap_or(plan.quality.states);
    plan.memory_episodes = options.memory_episodes.unwrap_or(plan.memory_episodes);
    plan
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    // The template is a constant that parses.
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn show(bar: &ProgressBar, progress: &SweepProgress) -> io::Result<()> {
    bar.set_length(progress.of as u64);
    bar.set_position(progress.done as u64);
    let left = progress.left().map_or(String::new(), |left| format!("(ETA {} s) ", left.as_secs()));
    bar.set_message(format!("{left}{}", progress.doing));
    // Without a terminal there is no bar.
    if bar.is_hidden() {
        say(format!("{}/{} {left}{}", progress.done, progress.of, progress.doing))?;
    }
    Ok(())
}

fn print(report: &EfficiencyReport) -> io::Result<()> {
    for best in &report.best.settings {
        let (mode, workers) = (best.parallel.mode(), best.workers);
        say(format!("best for {}: {mode}, {workers} workers: {}", best.planner, best.why))?;
    }
    for row in comparison(report) {
        say(format!("{:<44} estimate: {:<52} here: {}", row.what, row.estimate, row.measured))?;
    }
    Ok(())
}
