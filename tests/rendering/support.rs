use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bevy::app::PluginGroupBuilder;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_proxops::episode::{LatestSnapshot, SimulationSnapshot};
use bevy_proxops::view::{Capture, CapturePlugin, CapturedFrame, ViewPlugin, ViewSettings};

pub const WIDTH: u32 = 640;
pub const HEIGHT: u32 = 360;

/// Bevy with a renderer and without a window.
pub fn windowless() -> PluginGroupBuilder {
    DefaultPlugins
        .build()
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        // A software renderer that is stopped in mid-compilation may crash.
        .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
        .disable::<WinitPlugin>()
        // No frame in flight when the app is dropped.
        .disable::<PipelinedRenderingPlugin>()
}

/// An app with the view alone that shows `snapshot`, and time that passes 50 ms a frame.
pub fn view_app(settings: ViewSettings, snapshot: SimulationSnapshot) -> App {
    view_app_sized(settings, snapshot, WIDTH, HEIGHT)
}

pub fn view_app_sized(settings: ViewSettings, snapshot: SimulationSnapshot, width: u32, height: u32) -> App {
    let mut app = App::new();
    app.add_plugins(windowless())
        .add_plugins((CapturePlugin { width, height }, ViewPlugin { settings }))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(50)))
        .insert_resource(LatestSnapshot(Arc::new(snapshot)));
    app
}

/// Starts an app and lets it come to rest.
pub fn settled(app: App) -> Capture {
    let mut capture = Capture::start(app);
    capture.run(12);
    capture
}

/// A picture, kept where `RENDERING_PICTURES` says.
pub fn picture(capture: &mut Capture, name: &str) -> CapturedFrame {
    let frame = capture.frame().expect("a renderer is installed");
    if let Some(folder) = std::env::var_os("RENDERING_PICTURES") {
        let path = Path::new(&folder).join(name).with_extension("png");
        std::fs::create_dir_all(&folder).expect("the folder for pictures can be made");
        image::save_buffer(path, &frame.rgba, frame.width, frame.height, image::ColorType::Rgba8)
            .expect("the picture can be written");
    }
    frame
}

pub fn change_settings(capture: &mut Capture, change: impl FnOnce(&mut ViewSettings)) {
    change(&mut capture.app().world_mut().resource_mut::<ViewSettings>());
}

/// Pixels that differ by more than `threshold` in one channel.
pub fn changed_pixels(before: &CapturedFrame, after: &CapturedFrame, threshold: u8) -> usize {
    let differs = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > threshold);
    before.rgba.chunks_exact(4).zip(after.rgba.chunks_exact(4)).filter(|pair| differs(*pair)).count()
}
