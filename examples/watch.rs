//! Several spacecraft inspect an unknown object, planned by tree search, in 3D and live.
//!
//! Without a display, or with `--offscreen`, one episode is rendered to a picture and an animation instead.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use bevy::app::PluginGroupBuilder;
use bevy::prelude::*;
use bevy_proxops::episode::TrainingSettings;
use bevy_proxops::files;
use bevy_proxops::mission::Scenario;
use bevy_proxops::panel::PanelSettings;
use bevy_proxops::prelude::*;
use bevy_proxops::training::TrainingConfig;
use clap::Parser;

#[path = "common/animation.rs"]
mod animation;
#[path = "common/display.rs"]
mod display;
#[path = "common/offscreen.rs"]
mod offscreen;
#[path = "common/options.rs"]
mod options;
#[path = "common/output.rs"]
mod output;
#[path = "common/parameter_log.rs"]
mod parameter_log;
#[path = "common/terminal.rs"]
mod terminal;
#[path = "common/ui_script.rs"]
mod ui_script;
#[path = "common/windowless.rs"]
mod windowless;

use options::RunOptions;
use options::number::whole;
use terminal::{BAD_INPUT, FAILURE, UserError, say, warn};
use ui_script::UiScript;

/// A satellite that shows itself bit by bit, and burns that pay.
const DEFAULT_SCENARIO: &str = "unseen_satellite";
/// Few enough for several decisions a second on two cores, enough for burns that make sense.
const DEFAULT_SIMULATIONS: u32 = 300;

/// Watch parallel inspection episodes in 3D.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    run: RunOptions,
    /// Render one episode to watch.png and watch.gif instead of opening a window; so it is without a display
    #[arg(long)]
    offscreen: bool,
    /// Folder for the offscreen picture and animation
    #[arg(long, value_name = "FOLDER", default_value = "out")]
    out: PathBuf,
    /// Replace a picture and an animation that are there already; in `out` and below they always are
    #[arg(long)]
    force: bool,
    /// Stop after so many frames (with --offscreen: decisions)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=u32::MAX))]
    frames: Option<u32>,
    /// Directory of the training run that the panel's button starts or resumes
    #[arg(long, value_name = "FOLDER", default_value = "out/training")]
    training_dir: PathBuf,
    /// Move the pointer by a script (see examples/common/ui_script.rs)
    #[arg(long, value_name = "FILE", conflicts_with = "offscreen")]
    script: Option<PathBuf>,
}

fn main() {
    let options = Options::parse();
    terminal::finish(run(&options))
}

fn run(options: &Options) -> Result<(), (u8, UserError)> {
    let settings = settings(options).map_err(|error| (BAD_INPUT, error))?;
    let script = options.script.as_deref().map(UiScript::load).transpose().map_err(|error| (BAD_INPUT, error))?;
    if let Some(reason) = display::why_no_renderer() {
        return Err((BAD_INPUT, reason.into()));
    }
    if options.offscreen {
        return render(options, settings);
    }
    if let Some(reason) = display::why_no_window() {
        warn(format_args!("no display ({reason}): rendering one episode to {} instead", options.out.display()));
        return render(options, settings);
    }
    open_window(options, settings, script)
}

fn settings(options: &Options) -> Result<EpisodeSettings, UserError> {
    let mut settings = EpisodeSettings { scenario: Scenario::embedded(DEFAULT_SCENARIO)?, ..default() };
    settings.search.simulations = DEFAULT_SIMULATIONS;
    settings.training = TrainingSettings { directory: options.training_dir.clone(), config: live_training() };
    options.run.apply(&mut settings)?;
    Ok(settings)
}

/// A run with short cycles, so that its curves grow while one watches and the cores are shared with the episodes.
fn live_training() -> TrainingConfig {
    TrainingConfig {
        episodes_per_cycle: 16,
        parallel: 16,
        learning_steps_per_cycle: 50,
        evaluation_pairs: 8,
        ..TrainingConfig::default()
    }
}

fn render(options: &Options, settings: EpisodeSettings) -> Result<(), (u8, UserError)> {
    let out = options.out.display();
    output::require_free(&options.out, &offscreen::FILES, options.force).map_err(|error| (BAD_INPUT, error))?;
    files::try_folder(&options.out).map_err(|error| (BAD_INPUT, format!("folder {out}: {error}").into()))?;
    let settings = EpisodeSettings { start_paused: true, auto_restart: false, ..settings };
    let mut app = App::new();
    app.add_plugins((offscreen::plugins(), ProxOpsPlugins::new(settings)));
    let recording = offscreen::record(app, &options.out, options.frames).map_err(|error| (FAILURE, error))?;
    let (picture, animation) = (recording.picture.display(), recording.animation.display());
    say(format!("{} decisions rendered: {picture} and {animation}", recording.decisions))
        .map_err(|error| (FAILURE, error.into()))
}

fn open_window(options: &Options, settings: EpisodeSettings, script: Option<UiScript>) -> Result<(), (u8, UserError)> {
    let window = Window { title: "bevy_proxops".into(), ..default() };
    let mut app = App::new();
    app.add_plugins(DefaultPlugins.set(WindowPlugin { primary_window: Some(window), ..default() }))
        .add_plugins((viewer(settings), parameter_log::plugin));
    if let Some(script) = script {
        script.play(&mut app);
    }
    if let Some(frames) = options.frames {
        app.add_systems(Last, stop_after(frames));
    }
    match app.run() {
        AppExit::Success => Ok(()),
        AppExit::Error(code) => Err((code.get(), "the viewer stopped because of the error above".into())),
    }
}

/// This app is the viewer and nothing else: every core may search, and files dropped on its window are scenarios.
fn viewer(settings: EpisodeSettings) -> PluginGroupBuilder {
    let all_cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let settings = EpisodeSettings { workers: settings.workers.or(Some(all_cores)), ..settings };
    let panel = PanelPlugin { settings: PanelSettings { dropped_files: true, ..default() } };
    ProxOpsPlugins::new(settings).build().set(panel)
}

fn stop_after(frames: u32) -> impl FnMut(MessageWriter<AppExit>) {
    let mut drawn = 0;
    move |mut exit| {
        drawn += 1;
        if drawn >= frames {
            exit.write(AppExit::Success);
        }
    }
}
