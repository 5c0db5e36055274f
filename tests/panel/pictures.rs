//! Pictures of all panels about a run that plans with a network and trains it. Set `RENDERING_PICTURES` to a folder to
//! keep them.

use std::path::Path;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::{ExitCondition, WindowPlugin};
use bevy::winit::WinitPlugin;
use bevy_proxops::episode::LatestSnapshot;
use bevy_proxops::panel::{PanelPlugin, PanelSettings, PanelTheme};
use bevy_proxops::view::{Capture, CapturePlugin, CapturedFrame, ViewPlugin};

use crate::support::with_learning;

/// Enough for panels to lay themselves out and for the view's buffers to reach the renderer.
const FRAMES: u32 = 12;

fn picture(width: u32, height: u32, theme: PanelTheme) -> CapturedFrame {
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .build()
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            .disable::<bevy::log::LogPlugin>()
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>(),
    );
    let settings = PanelSettings { theme, ..default() };
    app.add_plugins((CapturePlugin { width, height }, ViewPlugin::default(), PanelPlugin { settings }));
    app.insert_resource(LatestSnapshot(Arc::new(with_learning())));
    let mut capture = Capture::start(app);
    capture.run(FRAMES);
    let frame = capture.frame().expect("a renderer is installed");
    keep(&frame, &format!("panels_{theme:?}_{width}"));
    frame
}

/// Writes a picture where `RENDERING_PICTURES` says.
pub fn keep(frame: &CapturedFrame, name: &str) {
    let Some(folder) = std::env::var_os("RENDERING_PICTURES") else { return };
    std::fs::create_dir_all(&folder).expect("the folder for pictures can be made");
    let path = Path::new(&folder).join(name).with_extension("png");
    image::save_buffer(path, &frame.rgba, frame.width, frame.height, image::ColorType::Rgba8)
        .expect("the picture can be written");
}

/// Mean brightness of the bottom strip, 0 to 255.
fn strip_brightness(frame: &CapturedFrame) -> f64 {
    const ROWS: usize = 40;
    let strip = &frame.rgba[frame.rgba.len() - ROWS * frame.width as usize * 4..];
    let pixels = strip.chunks_exact(4);
    let count = pixels.len() as f64;
    pixels.map(|pixel| pixel[..3].iter().map(|byte| f64::from(*byte)).sum::<f64>() / 3.0).sum::<f64>() / count
}

#[test]
fn both_themes_draw_network_and_training_at_both_sizes() {
    for (width, height) in [(1280, 720), (1920, 1080)] {
        let dark = strip_brightness(&picture(width, height, PanelTheme::Dark));
        let light = strip_brightness(&picture(width, height, PanelTheme::Light));
        assert!(dark < 80.0 && light > 180.0, "{width}×{height}: dark {dark:.0}, light {light:.0}");
    }
}
