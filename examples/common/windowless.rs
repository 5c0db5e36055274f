//! The full engine without a window.

use bevy::app::PluginGroupBuilder;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;

/// Bevy with a renderer, without a window, an event loop or frames in flight.
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
