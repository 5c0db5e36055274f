use std::sync::Arc;

use bevy::app::ScheduleRunnerPlugin;
use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::settings::{Backends, WgpuSettings};
use bevy::winit::WinitPlugin;
use bevy_proxops::episode::LatestSnapshot;
use bevy_proxops::view::{CaptureTarget, OrbitCamera, ViewPlugin, ViewRoot, ViewSettings};

use crate::offscreen::windowless;
use crate::support::{HEIGHT, WIDTH, changed_pixels, picture, settled, view_app};
use crate::synthetic;

#[derive(Component)]
struct HostCamera;

fn spawn_host_scene(mut commands: Commands, target: Res<CaptureTarget>) {
    let target = RenderTarget::Image(target.0.clone().into());
    commands.spawn((HostCamera, Camera3d::default(), target, Transform::from_xyz(0.0, 0.0, 900.0), Msaa::Off));
    commands.spawn((DirectionalLight::default(), Transform::default()));
}

#[test]
fn a_host_keeps_its_cameras_lights_and_background() {
    let background = Color::srgb(0.2, 0.4, 0.1);
    let mut app = view_app(ViewSettings::default(), synthetic::run(3, 10));
    app.insert_resource(ClearColor(background)).add_systems(Startup, spawn_host_scene);
    let mut capture = settled(app);
    let world = capture.app().world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 1);
    assert_eq!(world.query::<&OrbitCamera>().iter(world).count(), 0);
    assert_eq!(world.query::<&DirectionalLight>().iter(world).count(), 1);
    assert_eq!(world.resource::<ClearColor>().0, background);
    let (camera, transform) = world.query_filtered::<(&Camera, &Transform), With<HostCamera>>().single(world).unwrap();
    assert_eq!(transform.translation, Vec3::new(0.0, 0.0, 900.0));
    assert!(camera.sub_camera_view.is_none());
}

#[test]
fn without_cameras_the_view_brings_exactly_one() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(1, 2)));
    let world = capture.app().world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 1);
    assert_eq!(world.query::<&OrbitCamera>().iter(world).count(), 1);
}

#[test]
fn a_host_may_forbid_the_camera() {
    let settings = ViewSettings { spawn_camera: false, ..default() };
    let mut capture = settled(view_app(settings, synthetic::run(1, 2)));
    let world = capture.app().world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 0);
}

#[test]
fn everything_drawn_hangs_under_the_root_or_the_own_camera() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(3, 10)));
    let world = capture.app().world_mut();
    let drawn: Vec<Entity> = world.query_filtered::<Entity, Or<(With<Mesh3d>, With<Gizmo>)>>().iter(world).collect();
    assert!(drawn.len() > 10, "{} things are drawn", drawn.len());
    for entity in drawn {
        let top = std::iter::successors(Some(entity), |child| world.get::<ChildOf>(*child).map(ChildOf::parent)).last();
        let top = top.expect("an entity is its own first ancestor");
        let ours = world.get::<ViewRoot>(top).is_some() || world.get::<OrbitCamera>(top).is_some();
        assert!(ours, "{entity} hangs under {top}");
    }
}

#[test]
fn a_root_spawned_by_the_host_is_adopted() {
    let place = Transform::from_xyz(10.0, 20.0, 30.0).with_scale(Vec3::splat(0.01));
    let mut app = view_app(ViewSettings::default(), synthetic::run(1, 5));
    app.add_systems(Startup, move |mut commands: Commands| {
        commands.spawn((ViewRoot, place, RenderLayers::default()));
    });
    let mut capture = settled(app);
    let world = capture.app().world_mut();
    let root = world.query_filtered::<&Transform, With<ViewRoot>>().single(world).unwrap();
    assert_eq!(*root, place);
}

/// Bevy's own plugins on a machine without any graphics.
fn without_renderer() -> bevy::app::PluginGroupBuilder {
    let settings = WgpuSettings { backends: None::<Backends>, ..default() };
    windowless().set(RenderPlugin { render_creation: settings.into(), ..default() })
}

#[test]
fn without_a_renderer_the_view_does_nothing_and_disturbs_nothing() {
    let mut app = App::new();
    app.add_plugins(without_renderer())
        .add_plugins(ScheduleRunnerPlugin::run_once())
        .add_plugins(ViewPlugin::default())
        .insert_resource(LatestSnapshot(Arc::new(synthetic::run(2, 5))));
    app.finish();
    app.cleanup();
    (0..5).for_each(|_| app.update());
    let world = app.world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 0);
    assert!(world.contains_resource::<ViewSettings>());
}

#[test]
fn minimal_plugins_and_the_view_get_along() {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, ViewPlugin::default()));
    app.finish();
    app.cleanup();
    (0..5).for_each(|_| app.update());
    assert!(!app.is_plugin_added::<WinitPlugin>());
    assert!(app.world().contains_resource::<ViewSettings>());
}

#[test]
fn the_scene_is_drawn_through_the_hosts_camera_where_the_host_put_it() {
    let mut app = view_app(ViewSettings::default(), synthetic::run(4, 20));
    app.add_systems(Startup, |mut commands: Commands, target: Res<CaptureTarget>| {
        let place = Transform::from_xyz(0.0, 3.0, 0.0).with_scale(Vec3::splat(0.02));
        commands.spawn((ViewRoot, place));
        let view = Transform::from_xyz(4.0, 6.0, 14.0).looking_at(Vec3::new(3.0, 2.5, 0.0), Vec3::Y);
        let target = RenderTarget::Image(target.0.clone().into());
        commands.spawn((HostCamera, Camera3d::default(), Tonemapping::None, Msaa::Off, target, view));
    });
    let mut capture = settled(app);
    let shown = picture(&mut capture, "host");
    let world = capture.app().world_mut();
    let mut root = world.query_filtered::<&mut Transform, With<ViewRoot>>().single_mut(world).unwrap();
    root.translation.y = 1000.0;
    capture.run(3);
    let moved_away = picture(&mut capture, "host_moved_away");
    assert!(changed_pixels(&shown, &moved_away, 12) > 2000);
    let background = moved_away.pixel(WIDTH / 2, HEIGHT / 2);
    let left = moved_away.rgba.chunks_exact(4).filter(|pixel| pixel[..3] != background).count();
    assert_eq!(left, 0, "something stayed behind when the root moved away");
}
