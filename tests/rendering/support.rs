use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_proxops::episode::{LatestSnapshot, SimulationSnapshot};
use bevy_proxops::view::{Capture, CapturePlugin, CapturedFrame, ViewLayers, ViewPlugin, ViewSettings};

use crate::offscreen::{keep, windowless};

pub const WIDTH: u32 = 640;
pub const HEIGHT: u32 = 360;

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

pub const NO_LAYERS: ViewLayers = ViewLayers {
    belief: false,
    truth: false,
    trajectory: false,
    plan: false,
    servicer: false,
    field_of_view: false,
    axes: false,
    small_grids: false,
    legend: false,
    sky: false,
};

/// Where a layer is turned on and off.
pub type Layer = fn(&mut ViewLayers) -> &mut bool;

/// All layers but the sky, which fills the picture.
pub const LAYERS: [(&str, Layer); 9] = [
    ("belief", |layers| &mut layers.belief),
    ("truth", |layers| &mut layers.truth),
    ("trajectory", |layers| &mut layers.trajectory),
    ("plan", |layers| &mut layers.plan),
    ("servicer", |layers| &mut layers.servicer),
    ("field_of_view", |layers| &mut layers.field_of_view),
    ("axes", |layers| &mut layers.axes),
    ("small_grids", |layers| &mut layers.small_grids),
    ("legend", |layers| &mut layers.legend),
];

/// Starts an app and lets it come to rest.
pub fn settled(app: App) -> Capture {
    let mut capture = Capture::start(app);
    capture.run(12);
    capture
}

/// A picture, kept where `RENDERING_PICTURES` says.
pub fn picture(capture: &mut Capture, name: &str) -> CapturedFrame {
    let frame = capture.frame().expect("a renderer is installed");
    keep(&frame, name);
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
