use bevy::app::{App, Plugin};
use bevy::ecs::change_detection::DetectChangesMut;
use bevy::ecs::message::MessageWriter;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::{IntoScheduleConfigs, SystemSet, common_conditions::resource_exists};
use bevy::ecs::system::{Res, ResMut};
use bevy::math::{Rect, Vec2};
use bevy::render::RenderApp;
use bevy::time::{Real, Time};
use bevy_egui::egui::{self, LayerId, UiBuilder};
use bevy_egui::{EguiContexts, EguiPlugin, EguiPrimaryContextPass};

use crate::episode::{LatestSnapshot, SimCommand};
use crate::panel::layout::{PanelInputs, panels};
use crate::panel::reserve::ReservedEdges;
use crate::panel::settings::{PanelLayout, PanelSettings, PanelState};
use crate::panel::shortcuts::shortcut_commands;
use crate::view::{ViewArea, ViewSettings};

/// The egui panels over the app's primary egui context.
///
/// Adds [`EguiPlugin`] if the app has none; a host that configures its own must add it **before** this plugin.
/// Does nothing in an app that does not render (no `RenderApp`), so headless apps can keep it.
#[derive(Clone, Debug, Default)]
pub struct PanelPlugin {
    /// What is shown at the start, and how.
    pub settings: PanelSettings,
}

/// The panels' systems, in the schedule [`EguiPrimaryContextPass`].
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanelSystems {
    /// Draws the panels, sends [`SimCommand`]s and writes [`PanelLayout`].
    Draw,
}

impl Plugin for PanelPlugin {
    fn build(&self, app: &mut App) {
        if app.get_sub_app(RenderApp).is_none() {
            return;
        }
        if !app.is_plugin_added::<EguiPlugin>() {
            app.add_plugins(EguiPlugin::default());
        }
        // The panel hears the keys that steer the run; heard twice, they would undo each other.
        if let Some(mut view) = app.world_mut().get_resource_mut::<ViewSettings>() {
            view.run_shortcuts &= !self.settings.shortcuts;
        }
        app.register_type::<PanelSettings>()
            .register_type::<PanelLayout>()
            .insert_resource(self.settings.clone())
            .init_resource::<PanelState>()
            .init_resource::<PanelLayout>()
            .init_resource::<FrameTime>()
            .add_message::<SimCommand>()
            .add_systems(
                EguiPrimaryContextPass,
                draw.in_set(PanelSystems::Draw).run_if(resource_exists::<LatestSnapshot>),
            );
    }
}

/// Exponential mean of the time between frames.
#[derive(Resource, Default)]
struct FrameTime {
    mean_s: Option<f64>,
}

impl FrameTime {
    /// Share of the newest frame in the mean: steady to read, settled within a second at 60 frames/s.
    const SHARE: f64 = 0.05;

    fn add(&mut self, frame_s: f64) -> f64 {
        let mean_s = self.mean_s.map_or(frame_s, |mean_s| mean_s + Self::SHARE * (frame_s - mean_s));
        self.mean_s = Some(mean_s);
        mean_s
    }
}

#[allow(clippy::too_many_arguments, reason = "one argument for each resource the panels read or write")]
fn draw(
    mut contexts: EguiContexts,
    latest: Res<LatestSnapshot>,
    time: Res<Time<Real>>,
    mut frame_time: ResMut<FrameTime>,
    mut settings: ResMut<PanelSettings>,
    mut state: ResMut<PanelState>,
    mut layout: ResMut<PanelLayout>,
    mut view: Option<ResMut<ViewSettings>>,
    mut view_area: Option<ResMut<ViewArea>>,
    mut commands: MessageWriter<SimCommand>,
) {
    // An app without a camera yet has no context to draw in.
    let Ok(ctx) = contexts.ctx_mut() else {
        return;
    };
    let snapshot = &*latest.0;
    // Change detection belongs to hosts that watch the settings: a frame without a change must not look like one.
    let mut edited = settings.clone();
    commands.write_batch(shortcut_commands(ctx, snapshot, &mut edited));
    let mut free = None;
    let frame_time_s = frame_time.add(time.delta_secs_f64());
    if edited.visible {
        let mut ui = root_ui(ctx);
        let inputs = PanelInputs { snapshot, frame_time_s: Some(frame_time_s) };
        let mut edited_view = view.as_deref().cloned();
        let output = panels(&mut ui, &inputs, edited_view.as_mut(), &mut edited, &mut state);
        if let (Some(view), Some(edited_view)) = (&mut view, edited_view) {
            view.set_if_neq(edited_view);
        }
        commands.write_batch(output.commands);
        commands.write_batch(dropped_files(ctx));
        free = Some(output.central_rect);
    }
    ctx.plugin_or_default::<ReservedEdges>().lock().free = free;
    let free = free.map(to_bevy);
    if let Some(view_area) = &mut view_area {
        view_area.set_if_neq(ViewArea { free_rect_px: free, window: None });
    }
    settings.set_if_neq(edited);
    layout.set_if_neq(PanelLayout { central_rect: free });
}

fn root_ui(ctx: &egui::Context) -> egui::Ui {
    let builder = UiBuilder::new().layer_id(LayerId::background()).max_rect(ctx.viewport_rect());
    egui::Ui::new(ctx.clone(), egui::Id::new("bevy_proxops"), builder)
}

/// A scenario file dropped on the window is loaded.
fn dropped_files(ctx: &egui::Context) -> Vec<SimCommand> {
    let paths =
        ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect::<Vec<_>>());
    paths.into_iter().map(SimCommand::LoadScenario).collect()
}

fn to_bevy(rect: egui::Rect) -> Rect {
    Rect::from_corners(Vec2::new(rect.min.x, rect.min.y), Vec2::new(rect.max.x, rect.max.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_time_settles_on_a_steady_rate_and_starts_at_the_first_frame() {
        let mut frame_time = FrameTime::default();
        assert_eq!(frame_time.add(0.1), 0.1);
        let settled = (0..200).map(|_| frame_time.add(0.016)).last();
        assert!(settled.is_some_and(|mean_s| (mean_s - 0.016).abs() < 1e-5));
    }
}
