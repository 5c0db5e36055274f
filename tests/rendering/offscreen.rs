//! The full engine without a window, and pictures kept for eyes.

use std::path::Path;

use bevy::app::PluginGroupBuilder;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_proxops::view::CapturedFrame;

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

/// Writes a picture where `RENDERING_PICTURES` says.
pub fn keep(frame: &CapturedFrame, name: &str) {
    let Some(folder) = std::env::var_os("RENDERING_PICTURES") else { return };
    std::fs::create_dir_all(&folder).expect("the folder for pictures can be made");
    let path = Path::new(&folder).join(name).with_extension("png");
    image::save_buffer(path, &frame.rgba, frame.width, frame.height, image::ColorType::Rgba8)
        .expect("the picture can be written");
}
