//! Rendering without a display: a whole episode as a picture and an animation.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bevy::app::PluginGroupBuilder;
use bevy::prelude::*;
use bevy_proxops::files;
use bevy_proxops::prelude::*;
use bevy_proxops::view::{Capture, CapturePlugin};
use image::{ImageFormat, RgbaImage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::animation;
use crate::terminal::UserError;
use crate::windowless::windowless;

/// One decision of the episode takes this long in the animation.
const FRAME_INTERVAL: Duration = Duration::from_millis(160);
const MAX_GIF_BYTES: usize = 2_000_000;
/// Frames drawn after a decision arrived and before the picture is taken: the panel lays itself out over
/// two, and the view's buffers reach the renderer one later.
const SETTLING_FRAMES: u32 = 3;
/// A decision that takes longer than this ends the recording with an error.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a recording consists of.
pub const FILES: [&str; 2] = ["watch.png", "watch.gif"];

/// Where the recording went.
pub struct Recording {
    /// The last picture.
    pub picture: PathBuf,
    /// All pictures as an animated GIF.
    pub animation: PathBuf,
    /// Decisions shown.
    pub decisions: u32,
}

/// Bevy's default plugins without a window, for pictures of the size that is recorded.
pub fn plugins() -> PluginGroupBuilder {
    windowless().add(CapturePlugin { width: 1600, height: 1000 })
}

/// Runs `app` (built on [`plugins`], its episodes paused at the start) one decision at a time, at most
/// `max_decisions` of them, and writes `watch.png` and `watch.gif` into `folder`, which must be there.
pub fn record(app: App, folder: &Path, max_decisions: Option<u32>) -> Result<Recording, UserError> {
    let pictures = record_episode(&mut Capture::start(app), max_decisions)?;
    let recording = Recording {
        picture: folder.join(FILES[0]),
        animation: folder.join(FILES[1]),
        decisions: u32::try_from(pictures.len())?.saturating_sub(1),
    };
    if let Some(last) = pictures.last() {
        let mut png = Cursor::new(Vec::new());
        last.write_to(&mut png, ImageFormat::Png)?;
        write(&recording.picture, &png.into_inner())?;
    }
    write(&recording.animation, &animation::gif(&pictures, FRAME_INTERVAL, MAX_GIF_BYTES)?)?;
    Ok(recording)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), UserError> {
    files::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn record_episode(capture: &mut Capture, max_decisions: Option<u32>) -> Result<Vec<RgbaImage>, UserError> {
    run_until(capture, "the first snapshot", |_| true)?;
    let steps = focused_episode(capture.app()).map_or(0, |episode| episode.steps);
    let decisions = max_decisions.map_or(steps, |max| max.min(steps));
    let style = ProgressStyle::with_template("rendering {bar:30} decision {pos} of {len}, {eta} left")?;
    let progress = ProgressBar::new(u64::from(decisions)).with_style(style);
    let mut pictures = vec![take_picture(capture)?];
    for decision in 1..=decisions {
        capture.app().world_mut().write_message(SimCommand::StepOnce);
        run_until(capture, "a decision", |episode| episode.step >= decision)?;
        pictures.push(take_picture(capture)?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(pictures)
}

fn take_picture(capture: &mut Capture) -> Result<RgbaImage, UserError> {
    capture.run(SETTLING_FRAMES);
    let frame = capture.frame()?;
    let bytes = frame.rgba.len();
    RgbaImage::from_raw(frame.width, frame.height, frame.rgba)
        .ok_or_else(|| format!("a picture of {}×{} pixels has {bytes} bytes", frame.width, frame.height).into())
}

fn run_until(capture: &mut Capture, what: &str, done: impl Fn(&EpisodeSnapshot) -> bool) -> Result<(), UserError> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        capture.run(1);
        if focused_episode(capture.app()).is_some_and(&done) {
            return Ok(());
        }
    }
    Err(format!("{what} did not come within {} s", PATIENCE.as_secs()).into())
}

fn focused_episode(app: &App) -> Option<&EpisodeSnapshot> {
    Some(app.world().get_resource::<LatestSnapshot>()?.0.focused()?)
}
