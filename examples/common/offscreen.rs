//! Rendering without a display: a whole episode as a picture and an animation.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use bevy::app::PluginGroupBuilder;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_proxops::prelude::*;
use image::RgbaImage;
use indicatif::{ProgressBar, ProgressStyle};

use crate::animation;
use crate::options::UserError;

/// Width and height of the pictures, pixels.
const PICTURE_SIZE: (u32, u32) = (1280, 800);
/// One decision of the episode takes this long in the animation.
const FRAME_INTERVAL: Duration = Duration::from_millis(160);
const MAX_GIF_BYTES: usize = 2_000_000;
/// Frames drawn after a decision arrived and before the picture is taken: the panel lays itself out over
/// two, and the view's buffers reach the renderer one later.
const SETTLING_FRAMES: u32 = 3;
/// A decision that takes longer than this, or a picture that never arrives, ends the recording with an error.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the recording went.
pub struct Recording {
    /// The last picture.
    pub picture: PathBuf,
    /// All pictures as an animated GIF.
    pub animation: PathBuf,
    /// Decisions shown.
    pub decisions: u32,
}

/// Bevy's default plugins without a window, an event loop or frames in flight.
pub fn plugins() -> PluginGroupBuilder {
    DefaultPlugins
        .build()
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>()
}

/// Runs `app` (built on [`plugins`], its episodes paused at the start) one decision at a time, at most
/// `max_decisions` of them, and writes `watch.png` and `watch.gif` into `folder`.
pub fn record(app: App, folder: &Path, max_decisions: Option<u32>) -> Result<Recording, UserError> {
    std::fs::create_dir_all(folder).map_err(|error| format!("folder {}: {error}", folder.display()))?;
    let mut recorder = Recorder::new(app);
    let pictures = recorder.record_episode(max_decisions)?;
    let recording = Recording {
        picture: folder.join("watch.png"),
        animation: folder.join("watch.gif"),
        decisions: u32::try_from(pictures.len())?.saturating_sub(1),
    };
    if let Some(last) = pictures.last() {
        last.save(&recording.picture)?;
    }
    animation::write_gif(&recording.animation, &pictures, FRAME_INTERVAL, MAX_GIF_BYTES)?;
    Ok(recording)
}

/// The picture that every camera of the app draws into instead of a window.
#[derive(Resource)]
struct Picture(Handle<Image>);

struct Recorder {
    app: App,
    picture: Handle<Image>,
    sender: Sender<RgbaImage>,
    receiver: Receiver<RgbaImage>,
}

impl Recorder {
    fn new(mut app: App) -> Self {
        app.finish();
        app.cleanup();
        let (width, height) = PICTURE_SIZE;
        let blank = Image::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
        let picture = app.world_mut().resource_mut::<Assets<Image>>().add(blank);
        app.insert_resource(Picture(picture.clone())).add_systems(First, draw_into_picture);
        let (sender, receiver) = mpsc::channel();
        Self { app, picture, sender, receiver }
    }

    fn record_episode(&mut self, max_decisions: Option<u32>) -> Result<Vec<RgbaImage>, UserError> {
        self.update_until("the first snapshot", |app| focused_episode(app).map(|_| ()))?;
        let steps = focused_episode(&self.app).map_or(0, |episode| episode.steps);
        let decisions = max_decisions.map_or(steps, |max| max.min(steps));
        let progress = ProgressBar::new(u64::from(decisions))
            .with_style(ProgressStyle::with_template("rendering {bar:30} decision {pos} of {len}, {eta} left")?);
        let mut pictures = vec![self.take_picture()?];
        for decision in 1..=decisions {
            self.app.world_mut().write_message(SimCommand::StepOnce);
            self.update_until("a decision", |app| focused_episode(app).filter(|episode| episode.step >= decision).map(|_| ()))?;
            pictures.push(self.take_picture()?);
            progress.inc(1);
        }
        progress.finish_and_clear();
        Ok(pictures)
    }

    fn take_picture(&mut self) -> Result<RgbaImage, UserError> {
        (0..SETTLING_FRAMES).for_each(|_| self.app.update());
        let sender = self.sender.clone();
        self.app.world_mut().spawn(Screenshot::image(self.picture.clone())).observe(move |captured: On<ScreenshotCaptured>| {
            if let Ok(picture) = captured.image.clone().try_into_dynamic() {
                // The receiver lives as long as the app does.
                let _ = sender.send(picture.to_rgba8());
            }
        });
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.app.update();
            if let Ok(mut picture) = self.receiver.try_recv() {
                // Alpha holds brightness where the camera is an HDR one.
                picture.pixels_mut().for_each(|pixel| pixel.0[3] = u8::MAX);
                return Ok(picture);
            }
        }
        Err("the renderer returned no picture: is a Vulkan driver installed (mesa-vulkan-drivers)?".into())
    }

    fn update_until(&mut self, what: &str, done: impl Fn(&App) -> Option<()>) -> Result<(), UserError> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.app.update();
            if done(&self.app).is_some() {
                return Ok(());
            }
        }
        Err(format!("{what} did not come within {} s", PATIENCE.as_secs()).into())
    }
}

fn focused_episode(app: &App) -> Option<&EpisodeSnapshot> {
    let snapshot = &app.world().get_resource::<LatestSnapshot>()?.0;
    snapshot.episodes.iter().find(|episode| episode.number == snapshot.focus).map(|episode| &**episode)
}

fn draw_into_picture(picture: Res<Picture>, mut targets: Query<&mut RenderTarget, Added<RenderTarget>>) {
    for mut target in &mut targets {
        if matches!(*target, RenderTarget::Window(_)) {
            *target = RenderTarget::Image(picture.0.clone().into());
        }
    }
}
