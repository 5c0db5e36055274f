use bevy::camera::RenderTarget;
use bevy::image::Image;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::render_resource::TextureFormat;
use bevy::render::settings::WgpuSettings;
use bevy::window::{ExitCondition, WindowPlugin};
use bevy::winit::WinitPlugin;
use bevy_egui::{EguiContext, EguiPlugin};
use bevy_proxops::episode::LatestSnapshot;
use bevy_proxops::panel::{PanelLayout, PanelPlugin, PanelSettings, PanelState};
use bevy_proxops::view::ViewArea;

use crate::offscreen::windowless;
use crate::support::snapshot;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 540;

/// The full engine drawing into a picture instead of a window.
fn offscreen_app() -> App {
    let mut app = App::new();
    app.add_plugins(windowless().disable::<LogPlugin>());
    app
}

fn spawn_camera(app: &mut App) -> Entity {
    let image = Image::new_target_texture(WIDTH, HEIGHT, TextureFormat::Rgba8UnormSrgb, None);
    let handle = app.world_mut().resource_mut::<Assets<Image>>().add(image);
    app.world_mut().spawn((Camera3d::default(), RenderTarget::Image(handle.into()), Msaa::Off)).id()
}

fn run(app: &mut App, frames: usize) {
    app.finish();
    app.cleanup();
    for _ in 0..frames {
        app.update();
    }
}

fn with_run(app: &mut App) {
    app.insert_resource(LatestSnapshot(std::sync::Arc::new(snapshot())));
}

fn free_rect(app: &App) -> Rect {
    app.world().resource::<PanelLayout>().central_rect.expect("the panels were drawn")
}

#[test]
fn without_a_renderer_the_plugin_does_nothing() {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, PanelPlugin::default()));
    with_run(&mut app);
    run(&mut app, 2);
    assert!(!app.is_plugin_added::<EguiPlugin>());
    assert!(app.world().get_resource::<PanelState>().is_none());
}

#[test]
fn with_default_plugins_but_no_graphics_card_the_plugin_does_nothing() {
    let mut app = App::new();
    let settings = WgpuSettings { backends: None, ..default() };
    app.add_plugins(
        DefaultPlugins
            .build()
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(RenderPlugin { render_creation: settings.into(), ..default() })
            .disable::<LogPlugin>()
            .disable::<WinitPlugin>(),
    );
    app.add_plugins(PanelPlugin::default());
    with_run(&mut app);
    run(&mut app, 2);
    assert!(app.world().get_resource::<PanelState>().is_none());
}

#[test]
fn panels_are_drawn_with_the_hosts_egui_and_leave_its_style_and_camera_alone() {
    let mut app = offscreen_app();
    app.add_plugins((EguiPlugin::default(), PanelPlugin::default()));
    app.init_resource::<ViewArea>();
    with_run(&mut app);
    let camera = spawn_camera(&mut app);
    run(&mut app, 4);

    let free = free_rect(&app);
    assert!(free.width() < WIDTH as f32 && free.height() < HEIGHT as f32, "{free:?}");
    assert_eq!(app.world().resource::<ViewArea>().free_rect_px, Some(free));
    let mut camera = app.world_mut().entity_mut(camera);
    let seen = camera.get::<Camera>().expect("the host's camera is still there");
    assert!(seen.viewport.is_none() && seen.is_active && seen.order == 0);
    let mut context = camera.get_mut::<EguiContext>().expect("the first camera carries the context");
    let style = context.get_mut().global_style();
    assert_eq!(style.spacing.item_spacing, bevy_egui::egui::Style::default().spacing.item_spacing);
    assert_eq!(style.visuals.panel_fill, bevy_egui::egui::Visuals::dark().panel_fill);
}

#[test]
fn without_the_hosts_egui_the_plugin_brings_its_own_and_hidden_panels_leave_everything_free() {
    let mut app = offscreen_app();
    app.add_plugins(PanelPlugin::default());
    assert!(app.is_plugin_added::<EguiPlugin>());
    with_run(&mut app);
    spawn_camera(&mut app);
    run(&mut app, 4);
    assert!(free_rect(&app).width() < WIDTH as f32);

    app.world_mut().resource_mut::<PanelSettings>().visible = false;
    app.update();
    assert_eq!(app.world().resource::<PanelLayout>().central_rect, None);
}

#[test]
fn before_a_run_or_a_camera_exists_the_plugin_waits() {
    let mut app = offscreen_app();
    app.add_plugins(PanelPlugin::default());
    run(&mut app, 2);
    with_run(&mut app);
    app.update();
    assert_eq!(app.world().resource::<PanelLayout>().central_rect, None);
}
