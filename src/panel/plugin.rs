use bevy::app::{App, Plugin, PostUpdate};
use bevy::ecs::change_detection::DetectChangesMut;
use bevy::ecs::message::MessageWriter;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::common_conditions::resource_exists;
use bevy::ecs::schedule::{InternedScheduleLabel, IntoScheduleConfigs, ScheduleConfigs, Schedules, SystemSet};
use bevy::ecs::system::{Local, Res, ResMut, ScheduleSystem, SystemParam};
use bevy::ecs::world::World;
use bevy::math::{Rect, Vec2};
use bevy::render::RenderApp;
use bevy::time::{Real, Time};
use bevy_egui::egui::{self, LayerId, UiBuilder};
use bevy_egui::{EguiContexts, EguiPlugin, EguiPostUpdateSet};

use crate::episode::{LatestSnapshot, NoticeSeverity, SimCommand};
use crate::panel::context::{OrphanedContexts, PanelContext, PanelContextPass, keep_context, place_context};
use crate::panel::dropped_files::dropped_files;
use crate::panel::key_order::{self, SuperKey};
use crate::panel::layout::{PanelInputs, panels};
use crate::panel::reserve::ReservedEdges;
use crate::panel::settings::{PanelLayout, PanelSettings, PanelState};
use crate::panel::shortcuts::{clicked, shortcut_commands};
use crate::view::{DefaultKeys, KeyBindings, KeyFocus, KeysPlugin, ViewArea, ViewSettings, ViewSystems};

/// The egui panels, in the window that the view is seen in.
///
/// Adds [`EguiPlugin`] if the app has none; a host that configures its own must add it **before** this plugin.
/// Does nothing in an app that does not render (no `RenderApp`), so headless apps can keep it.
///
/// # Which egui context
///
/// The panels are drawn in a context of the window (or picture) that the view's eye
/// ([`CurrentEye`](crate::view::CurrentEye)) renders to: in the primary one if that is there, else in another one of the
/// host's with an `EguiSchedule`, else in one of their own, which comes and goes by itself and runs
/// [`PanelContextPass`]. Without a view, or without an eye, they are drawn in the primary context.
///
/// # What becomes of the host's context
///
/// `bevy_egui` puts the primary context on the first camera of an app. That may be the view's own camera, which goes when
/// the host's comes; and a host's own camera may go, too. The primary context then moves, with all that egui remembers and
/// in the same frame, to the topmost camera of the same window:
///
/// - when its camera is despawned (before `PostUpdate`), as soon as there is another;
/// - when its camera is deactivated and another one of the window is active;
/// - when it is on the view's own camera and the host has a camera there, which draws above.
///
/// Otherwise it stays where it is. A host that sets `EguiGlobalSettings::auto_create_primary_context` to `false` places
/// its contexts itself: none of them is moved, and the panels wait until there is one. A host that puts a
/// `PrimaryEguiContext` on a camera of its own takes it away from the view's.
#[derive(Clone, Debug, Default)]
pub struct PanelPlugin {
    /// What is shown at the start, and how.
    pub settings: PanelSettings,
}

/// The panels' systems.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanelSystems {
    /// `PreUpdate`, between egui's reading of input and its passes: gives keys the modifiers that were down with them.
    Keys,
    /// `PostUpdate`, after [`ViewSystems::Eye`] and before [`ViewSystems::Read`] and egui's passes: moves the primary context where needed and
    /// chooses the context of the panels.
    Context,
    /// In the pass of that context, mostly [`EguiPrimaryContextPass`](bevy_egui::EguiPrimaryContextPass): draws the panels, sends [`SimCommand`]s and writes
    /// [`PanelLayout`].
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
            .init_resource::<PanelContext>()
            .init_resource::<OrphanedContexts>()
            .add_message::<SimCommand>()
            .init_schedule(PanelContextPass)
            .add_plugins((key_order::plugin, KeysPlugin))
            .add_observer(keep_context)
            .configure_sets(
                PostUpdate,
                PanelSystems::Context
                    .after(ViewSystems::Eye)
                    .before(ViewSystems::Read)
                    .before(EguiPostUpdateSet::EndPass),
            )
            .add_systems(PostUpdate, (place_context, draw_in_pass).chain().in_set(PanelSystems::Context));
    }
}

/// Has the panels drawn in the pass of their context; each schedule is told once.
fn draw_in_pass(world: &mut World, mut told: Local<Vec<InternedScheduleLabel>>) {
    let pass = world.resource::<PanelContext>().pass;
    if !told.contains(&pass) {
        told.push(pass);
        world.resource_mut::<Schedules>().add_systems(pass, drawing_in(pass));
    }
}

fn drawing_in(pass: InternedScheduleLabel) -> ScheduleConfigs<ScheduleSystem> {
    let is_the_panels = move |panel: Res<PanelContext>| panel.camera.is_some() && panel.pass == pass;
    draw.in_set(PanelSystems::Draw).run_if(resource_exists::<LatestSnapshot>).run_if(is_the_panels)
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

/// Keys and who has them.
#[derive(SystemParam)]
struct PanelKeys<'w> {
    default_keys: Res<'w, DefaultKeys>,
    bindings: Res<'w, KeyBindings>,
    focus: ResMut<'w, KeyFocus>,
    super_key: Res<'w, SuperKey>,
}

#[allow(clippy::too_many_arguments, reason = "one argument for each resource the panels read or write")]
fn draw(
    mut contexts: EguiContexts,
    mut context: ResMut<PanelContext>,
    latest: Res<LatestSnapshot>,
    time: Res<Time<Real>>,
    mut frame_time: ResMut<FrameTime>,
    mut settings: ResMut<PanelSettings>,
    mut state: ResMut<PanelState>,
    mut layout: ResMut<PanelLayout>,
    mut view: Option<ResMut<ViewSettings>>,
    mut view_area: Option<ResMut<ViewArea>>,
    mut commands: MessageWriter<SimCommand>,
    mut keys: PanelKeys,
) {
    // The host may have despawned the camera in an earlier pass of this frame.
    let Some(ctx) = context.camera.and_then(|camera| contexts.ctx_for_entity_mut(camera).ok()) else {
        return;
    };
    // Another context than in the last frame: the old one's edges are free again.
    if let Some(old) = context.drawn_in.replace(ctx.clone()).filter(|old| old != ctx) {
        old.plugin_or_default::<ReservedEdges>().lock().free = None;
    }
    let snapshot = &*latest.0;
    // Change detection belongs to hosts that watch the settings: a frame without a change must not look like one.
    let mut edited = settings.clone();
    if keys.default_keys.work(*keys.focus) && !keys.super_key.was_down {
        commands.write_batch(shortcut_commands(ctx, &keys.bindings, snapshot, &mut edited));
    }
    let mut free = None;
    let frame_time_s = frame_time.add(time.delta_secs_f64());
    if edited.visible {
        let mut ui = root_ui(ctx);
        let inputs = PanelInputs {
            snapshot,
            frame_time_s: Some(frame_time_s),
            default_keys: *keys.default_keys != DefaultKeys::Off,
            keys: &keys.bindings,
        };
        let mut edited_view = view.as_deref().cloned();
        let output = panels(&mut ui, &inputs, edited_view.as_mut(), &mut edited, &mut state);
        if let (Some(view), Some(edited_view)) = (&mut view, edited_view) {
            view.set_if_neq(edited_view);
        }
        commands.write_batch(output.commands);
        free = Some(output.central_rect);
    }
    if edited.dropped_files {
        let dropped = dropped_files(ctx);
        commands.write_batch(dropped.commands);
        let now_s = ctx.input(|input| input.time);
        dropped.refused.into_iter().for_each(|line| state.notices.say(NoticeSeverity::Warning, line, now_s));
    }
    if let Some(is_ours) = clicked(ctx, free) {
        keys.focus.set_if_neq(KeyFocus(is_ours));
    }
    ctx.plugin_or_default::<ReservedEdges>().lock().free = free;
    let free = free.map(to_bevy);
    if let Some(view_area) = &mut view_area {
        view_area.set_if_neq(ViewArea { free_rect_px: free, window: context.window });
    }
    settings.set_if_neq(edited);
    layout.set_if_neq(PanelLayout { central_rect: free });
}

fn root_ui(ctx: &egui::Context) -> egui::Ui {
    let builder = UiBuilder::new().layer_id(LayerId::background()).max_rect(ctx.viewport_rect());
    egui::Ui::new(ctx.clone(), egui::Id::new("bevy_proxops"), builder)
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
