//! Runs episodes without a window, as fast as the cores allow, and sums them up.

use std::time::Instant;

use bevy_proxops::episode::{EpisodeSettings, NoticeSeverity, Simulation, SimulationSnapshot};
use bevy_proxops::files::json;
use bevy_proxops::mission::Scenario;
use bevy_proxops::search::SearchConfig;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

#[path = "common/interrupt.rs"]
mod interrupt;
#[path = "common/listing.rs"]
mod listing;
#[path = "common/options.rs"]
mod options;
#[path = "common/pause.rs"]
mod pause;
#[path = "common/summary.rs"]
mod summary;
#[path = "common/terminal.rs"]
mod terminal;

use options::RunOptions;
use pause::reason_of_pause;
use summary::{Clock, Summary};
use terminal::{BAD_INPUT, FAILURE, INTERRUPTED, UserError, say, warn};

/// Exit code when an episode ended before its last step; the summary is printed all the same and says why.
const ENDED_EARLY: u8 = 3;

/// Flies episodes without a window and prints a summary. Exits with 0 when all were flown to their end, with 3 when some
/// ended early, and with 2 for bad input. Ctrl-C ends it with 130 and the summary of what is flown by then.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    run: RunOptions,
    /// Print one JSON object; all of it but `timing` is the same for any number of workers
    #[arg(long)]
    json: bool,
    /// Print what can be chosen, and stop
    #[arg(long, value_enum)]
    list: Option<listing::Listing>,
}

fn main() {
    let options = Options::parse();
    terminal::finish(run(&options))
}

fn run(options: &Options) -> Result<(), (u8, UserError)> {
    if let Some(list) = options.list {
        return print(&listing::text(list));
    }
    let mut settings = EpisodeSettings::headless(Scenario::reference(), SearchConfig::default());
    options.run.apply(&mut settings).map_err(|error| (BAD_INPUT, error))?;
    let mut simulation = Simulation::new(settings).map_err(|error| (BAD_INPUT, error.into()))?;
    interrupt::listen();
    let summary = fly(&mut simulation).map_err(|error| (FAILURE, error))?;
    let stopped_by = reason_of_pause(&simulation.snapshot());
    if let Some(reason) = &stopped_by
        && simulation.snapshot().episodes.iter().all(|episode| episode.step == 0)
    {
        // Nothing was flown, so it is what was asked for that cannot be had.
        return Err((BAD_INPUT, reason.clone().into()));
    }
    if summary.episodes() == 0 {
        return Err((INTERRUPTED, "interrupted before an episode was begun".into()));
    }
    let text = if options.json {
        let json = json::to_vec_pretty(&summary).map_err(|error| (FAILURE, error.into()))?;
        String::from_utf8(json).map_err(|error| (FAILURE, error.into()))?
    } else {
        summary.to_string()
    };
    print(&text)?;
    if let Some(reason) = stopped_by {
        return Err((FAILURE, reason.into()));
    }
    if !simulation.is_finished() {
        let finished = simulation.snapshot().episodes.iter().filter(|episode| episode.status.is_over()).count();
        let text = format!("interrupted: {finished} of {} episodes are finished", summary.episodes());
        return Err((INTERRUPTED, text.into()));
    }
    match summary.ended_early() {
        0 => Ok(()),
        count => Err((ENDED_EARLY, format!("{count} of {} episodes ended early", summary.episodes()).into())),
    }
}

fn print(text: &str) -> Result<(), (u8, UserError)> {
    say(text).map_err(|error| (FAILURE, error.into()))
}

fn fly(simulation: &mut Simulation) -> Result<Summary, UserError> {
    let started = Instant::now();
    let cpu_before_s = cpu_s();
    let first = simulation.snapshot();
    let steps: u64 = first.episodes.iter().map(|episode| u64::from(episode.steps)).sum();
    let progress = ProgressBar::new(steps)
        .with_style(ProgressStyle::with_template("{bar:40} {pos} of {len} steps, {per_sec}, {eta} left")?);
    let mut finished_after_s = vec![None; first.episodes.len()];
    let mut notices_said = 0;
    while !simulation.is_finished() && !interrupt::is_wished() {
        simulation.tick();
        let snapshot = simulation.snapshot();
        if reason_of_pause(&snapshot).is_some() {
            break;
        }
        progress.set_position(snapshot.episodes.iter().map(|episode| u64::from(episode.step)).sum());
        progress.suspend(|| say_warnings(&snapshot, &mut notices_said));
        note_finished(&snapshot, started.elapsed().as_secs_f64(), &mut finished_after_s);
    }
    progress.finish_and_clear();
    let wall_s = started.elapsed().as_secs_f64();
    let episode_wall_s = finished_after_s.into_iter().map(|seconds| seconds.unwrap_or(wall_s)).collect();
    let cpu_s = cpu_s() - cpu_before_s;
    let clock = Clock { wall_s, cpu_s, episode_wall_s, total: simulation.total_diagnostics() };
    Ok(Summary::new(&simulation.snapshot(), clock))
}

/// What was done differently from what was asked, and what could not be done, each once.
fn say_warnings(snapshot: &SimulationSnapshot, said: &mut u64) {
    for notice in snapshot.notices.iter().filter(|notice| notice.id >= *said) {
        match notice.severity {
            NoticeSeverity::Info => {}
            NoticeSeverity::Warning => warn(format_args!("warning: {}", notice.text)),
            NoticeSeverity::Error => warn(format_args!("error: {}", notice.text)),
        }
    }
    *said = snapshot.notices.last().map_or(*said, |notice| notice.id + 1);
}

/// Processor time of all threads of this process so far, s; 0 where the system does not tell.
fn cpu_s() -> f64 {
    let Ok(own) = get_current_pid() else { return 0.0 };
    let mut system = System::new();
    let what = ProcessRefreshKind::nothing().with_cpu();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
    system.process(own).map_or(0.0, |process| process.accumulated_cpu_time() as f64 / 1e3)
}

fn note_finished(snapshot: &SimulationSnapshot, now_s: f64, finished_after_s: &mut [Option<f64>]) {
    for (episode, finished) in snapshot.episodes.iter().zip(finished_after_s) {
        if episode.status.is_over() {
            finished.get_or_insert(now_s);
        }
    }
}
