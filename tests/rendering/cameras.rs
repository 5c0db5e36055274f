//! Cameras of the host's that come, go, sleep and are replaced beside the view's own.

use bevy::camera::{ClearColorConfig, Hdr, RenderTarget, Viewport};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::input::mouse::{MouseButtonInput, MouseMotion, MouseScrollUnit, MouseWheel};
use bevy::prelude::*;
use bevy::window::{PrimaryWindow, WindowRef};
use bevy_proxops::view::{
    Capture, CaptureTarget, CapturedFrame, CurrentEye, OrbitCamera, Quality, ViewArea, ViewCamera, ViewSettings,
};

use crate::badge::{draw_badges, shows_badge};
use crate::support::{HEIGHT, WIDTH, change_settings, changed_pixels, picture, settled, view_app};
use crate::synthetic;

fn app() -> App {
    view_app(ViewSettings::default(), synthetic::run(4, 20))
}

fn world(capture: &mut Capture) -> &mut World {
    capture.app().world_mut()
}

fn target(capture: &mut Capture) -> RenderTarget {
    RenderTarget::Image(world(capture).resource::<CaptureTarget>().0.clone().into())
}

/// A host's 3D camera on the view's picture, from a place where most of the scene is seen.
fn spawn_3d(capture: &mut Capture) -> Entity {
    let view = Transform::from_xyz(-160.0, 140.0, 720.0).looking_at(Vec3::new(180.0, 20.0, 0.0), Vec3::Y);
    let target = target(capture);
    world(capture).spawn((Camera3d::default(), Tonemapping::None, Msaa::Off, target, view)).id()
}

fn spawn_2d(capture: &mut Capture, camera: Camera) -> Entity {
    let target = target(capture);
    world(capture).spawn((Camera2d, camera, target)).id()
}

fn eye(capture: &mut Capture) -> CurrentEye {
    *world(capture).resource::<CurrentEye>()
}

/// The view's own camera.
fn own(capture: &mut Capture) -> Option<Entity> {
    let world = world(capture);
    let own: Vec<Entity> = world.query_filtered::<Entity, With<OrbitCamera>>().iter(world).collect();
    assert!(own.len() <= 1, "{} own cameras", own.len());
    let eye = world.resource::<CurrentEye>();
    assert_eq!((own.first().copied(), eye.is_own), (eye.camera.filter(|_| eye.is_own), !own.is_empty()));
    own.first().copied()
}

fn state(capture: &mut Capture, camera: Entity) -> Camera {
    world(capture).get::<Camera>(camera).expect("the camera exists").clone()
}

fn lights(capture: &mut Capture) -> usize {
    let world = world(capture);
    world.query::<&DirectionalLight>().iter(world).count()
}

fn bright_pixels(frame: &CapturedFrame) -> usize {
    frame.rgba.chunks_exact(4).filter(|pixel| pixel[..3].iter().any(|byte| *byte > 60)).count()
}

#[test]
fn a_3d_camera_that_comes_later_takes_the_view_over_and_leaves_nothing_of_the_own_one() {
    let mut capture = settled(app());
    let before = picture(&mut capture, "late_before");
    assert!(own(&mut capture).is_some());
    assert_eq!(lights(&mut capture), 1);
    assert!(bright_pixels(&before) > 2000);

    let host = spawn_3d(&mut capture);
    capture.run(1);
    assert_eq!(own(&mut capture), None);
    assert_eq!(eye(&mut capture), CurrentEye { camera: Some(host), window: None, is_own: false });
    assert_eq!(lights(&mut capture), 0);
    let world = world(&mut capture);
    assert_eq!(world.query::<&Camera>().iter(world).count(), 1);
    capture.run(6);
    let after = picture(&mut capture, "late_after");
    assert!(bright_pixels(&after) > 1000, "the scene is drawn through the host's camera");
    assert!(changed_pixels(&before, &after, 12) > 2000);
}

#[test]
fn the_own_camera_comes_back_as_it_was_left_when_the_last_host_camera_goes_or_sleeps() {
    let mut capture = settled(app());
    let first = own(&mut capture).unwrap();
    let mut rig = world(&mut capture).get_mut::<OrbitCamera>(first).unwrap();
    rig.frames_scene = false;
    rig.goal.yaw_rad = 1.0;
    capture.run(60);
    let before = picture(&mut capture, "own_before");

    let host = spawn_3d(&mut capture);
    capture.run(3);
    assert_eq!(own(&mut capture), None);
    world(&mut capture).get_mut::<Camera>(host).unwrap().is_active = false;
    capture.run(1);
    assert!(own(&mut capture).is_some(), "the host's camera sleeps");
    world(&mut capture).get_mut::<Camera>(host).unwrap().is_active = true;
    capture.run(1);
    assert_eq!(own(&mut capture), None, "the host's camera is awake again");
    world(&mut capture).despawn(host);
    capture.run(1);
    assert!(own(&mut capture).is_some(), "the host's camera is gone");
    assert_eq!(lights(&mut capture), 1);
    capture.run(12);
    let after = picture(&mut capture, "own_after");
    assert_eq!(changed_pixels(&before, &after, 12), 0, "sky, sheet, small grids and pose are back");
}

#[test]
fn a_replaced_camera_never_leaves_two_eyes_or_none() {
    let mut capture = settled(app());
    let mut host = spawn_3d(&mut capture);
    capture.run(3);
    for gap in [0, 1, 4] {
        world(&mut capture).despawn(host);
        for _ in 0..gap {
            capture.run(1);
            assert!(own(&mut capture).is_some(), "the own camera bridges a gap of {gap} frames");
        }
        host = spawn_3d(&mut capture);
        capture.run(1);
        assert_eq!(own(&mut capture), None);
        assert_eq!(eye(&mut capture).camera, Some(host));
        let world = world(&mut capture);
        assert_eq!(world.query::<&Camera>().iter(world).count(), 1);
    }
    let seen = picture(&mut capture, "replaced");
    assert!(bright_pixels(&seen) > 1000);
}

#[test]
fn an_own_camera_that_the_host_despawns_comes_back_once_with_one_sun() {
    let mut capture = settled(app());
    let before = picture(&mut capture, "despawned_before");
    let first = own(&mut capture).unwrap();
    world(&mut capture).despawn(first);
    capture.run(1);
    assert!(own(&mut capture).is_some_and(|second| second != first));
    assert_eq!(lights(&mut capture), 1);
    capture.run(12);
    assert_eq!(changed_pixels(&before, &picture(&mut capture, "despawned_after"), 12), 0);
}

/// The scene, and a host's flat picture over it.
fn flat_host_sees_both(quality: Quality, as_host: impl FnOnce(&mut World, Entity), name: &str) {
    let mut app = view_app(ViewSettings { quality, ..default() }, synthetic::run(4, 20));
    draw_badges(&mut app);
    let mut capture = settled(app);
    let alone = picture(&mut capture, &format!("{name}_alone"));
    let host = spawn_2d(&mut capture, Camera::default());
    as_host(world(&mut capture), host);
    capture.run(8);
    let both = picture(&mut capture, name);
    assert!(shows_badge(&both), "the host's square is on top");
    assert!(bright_pixels(&both) > bright_pixels(&alone) / 2, "and the scene beneath it");
    let again = picture(&mut capture, name);
    assert_eq!(changed_pixels(&both, &again, 2), 0, "nothing piles up from frame to frame");

    let own = own(&mut capture).expect("a flat camera shows no scene");
    assert!(state(&mut capture, own).order < state(&mut capture, host).order);
    assert!(matches!(state(&mut capture, host).clear_color, ClearColorConfig::None));
    spawn_3d(&mut capture);
    capture.run(1);
    let given_back = state(&mut capture, host).clear_color;
    assert!(matches!(given_back, ClearColorConfig::Default), "given back: {given_back:?}");
}

#[test]
fn a_flat_host_has_its_picture_above_the_scene() {
    flat_host_sees_both(Quality::Low, |_, _| {}, "flat_low");
}

#[test]
fn a_flat_host_has_its_picture_above_a_scene_of_high_quality() {
    flat_host_sees_both(Quality::High, |_, _| {}, "flat_high");
}

#[test]
fn a_flat_host_with_hdr_and_without_samples_has_its_picture_above_the_scene() {
    let look = |world: &mut World, host: Entity| {
        world.entity_mut(host).insert((Hdr, Msaa::Off));
    };
    flat_host_sees_both(Quality::High, look, "flat_hdr");
}

#[test]
fn the_own_camera_has_the_lowest_order_of_its_picture() {
    let mut capture = settled(app());
    let own = own(&mut capture).unwrap();
    assert_eq!(state(&mut capture, own).order, -1);
    let low = spawn_2d(&mut capture, Camera { order: -7, ..default() });
    spawn_2d(&mut capture, Camera { order: 3, ..default() });
    capture.run(1);
    assert_eq!(state(&mut capture, own).order, -8);
    world(&mut capture).despawn(low);
    capture.run(1);
    assert_eq!(state(&mut capture, own).order, -1);
    change_settings(&mut capture, |settings| settings.camera_order = -20);
    capture.run(1);
    assert_eq!(state(&mut capture, own).order, -20);
}

#[test]
fn only_a_default_clear_colour_of_a_whole_camera_is_ever_changed_and_only_where_allowed() {
    let mut capture = settled(app());
    let green = ClearColorConfig::Custom(Color::srgb(0.0, 1.0, 0.0));
    let part = Viewport { physical_size: UVec2::splat(64), ..default() };
    let own_colour = spawn_2d(&mut capture, Camera { order: 2, clear_color: green, ..default() });
    let in_part = spawn_2d(&mut capture, Camera { order: 3, viewport: Some(part), ..default() });
    let plain = spawn_2d(&mut capture, Camera { order: 1, ..default() });
    let elsewhere = world(&mut capture).spawn(Camera2d).id();
    capture.run(3);
    let clears = |capture: &mut Capture| {
        [own_colour, in_part, plain, elsewhere].map(|camera| format!("{:?}", state(capture, camera).clear_color))
    };
    let green = format!("{green:?}");
    assert_eq!(clears(&mut capture), [green.as_str(), "Default", "None", "Default"]);
    change_settings(&mut capture, |settings| settings.draw_beneath_host = false);
    capture.run(1);
    assert_eq!(clears(&mut capture), [green.as_str(), "Default", "Default", "Default"]);
    change_settings(&mut capture, |settings| settings.draw_beneath_host = true);
    capture.run(1);
    assert_eq!(clears(&mut capture), [green.as_str(), "Default", "None", "Default"]);
    world(&mut capture).get_mut::<Camera>(plain).unwrap().is_active = false;
    capture.run(1);
    assert_eq!(clears(&mut capture), [green.as_str(), "Default", "Default", "Default"]);
}

/// Two windows, of which nothing is drawn, instead of a picture.
fn with_two_windows(settings: ViewSettings) -> (Capture, [Entity; 2]) {
    let mut app = view_app(settings, synthetic::run(3, 10));
    app.world_mut().remove_resource::<CaptureTarget>();
    let primary = app.world_mut().spawn((Window::default(), PrimaryWindow)).id();
    let second = app.world_mut().spawn(Window::default()).id();
    (settled(app), [primary, second])
}

fn on_window(window: Entity) -> RenderTarget {
    RenderTarget::Window(WindowRef::Entity(window))
}

#[test]
fn a_3d_camera_of_another_window_is_not_the_views() {
    let (mut capture, [primary, second]) = with_two_windows(ViewSettings::default());
    let host = world(&mut capture).spawn((Camera3d::default(), on_window(second))).id();
    capture.run(2);
    let own = own(&mut capture).expect("the primary window has no 3D camera");
    assert_eq!(eye(&mut capture), CurrentEye { camera: Some(own), window: Some(primary), is_own: true });

    change_settings(&mut capture, |settings| settings.window = Some(second));
    capture.run(1);
    assert_eq!(eye(&mut capture), CurrentEye { camera: Some(host), window: Some(second), is_own: false });
    world(&mut capture).despawn(host);
    capture.run(1);
    assert_eq!(eye(&mut capture).window, Some(second), "the own camera comes in the window of the view");
    world(&mut capture).despawn(second);
    capture.run(2);
    assert_eq!(eye(&mut capture), CurrentEye::default(), "a window that is closed has no camera");
}

#[test]
fn a_marked_camera_is_the_eye_wherever_it_renders_to() {
    let (mut capture, [_, second]) = with_two_windows(ViewSettings::default());
    world(&mut capture).spawn((Camera3d::default(), Camera { order: -5, ..default() }));
    let marked = world(&mut capture).spawn((Camera3d::default(), on_window(second), ViewCamera)).id();
    capture.run(1);
    assert_eq!(eye(&mut capture), CurrentEye { camera: Some(marked), window: Some(second), is_own: false });
}

#[test]
fn a_free_area_counts_only_in_the_window_it_was_measured_in() {
    let (mut capture, [primary, second]) = with_two_windows(ViewSettings::default());
    let own = own(&mut capture).unwrap();
    let whole = state(&mut capture, own).sub_camera_view;
    let narrow = Some(Rect::new(300.0, 100.0, 800.0, 500.0));
    for (window, counts) in [(Some(second), false), (Some(primary), true), (None, true)] {
        world(&mut capture).insert_resource(ViewArea { free_rect_px: narrow, window });
        capture.run(2);
        assert_eq!(state(&mut capture, own).sub_camera_view != whole, counts, "measured in {window:?}");
    }
}

#[test]
fn pointer_and_wheel_steer_the_own_camera_in_its_window_and_never_the_hosts() {
    let (mut capture, [primary, second]) = with_two_windows(ViewSettings::default());
    let turn = |capture: &mut Capture, window: Entity| {
        let other = if window == primary { second } else { primary };
        world(capture).get_mut::<Window>(other).unwrap().set_cursor_position(None);
        world(capture).get_mut::<Window>(window).unwrap().set_cursor_position(Some(Vec2::new(900.0, 300.0)));
        use bevy::input::ButtonState::{Pressed, Released};
        for (state, delta) in [(Pressed, Vec2::new(60.0, 20.0)), (Released, Vec2::ZERO)] {
            world(capture).write_message(MouseButtonInput { button: MouseButton::Left, state, window });
            world(capture).write_message(MouseMotion { delta });
            let (unit, phase) = (MouseScrollUnit::Line, bevy::input::touch::TouchPhase::Moved);
            world(capture).write_message(MouseWheel { unit, x: 0.0, y: 1.0, window, phase });
            capture.run(1);
        }
    };
    let goal = |capture: &mut Capture| {
        let own = own(capture).unwrap();
        world(capture).get::<OrbitCamera>(own).unwrap().goal
    };
    let before = goal(&mut capture);
    turn(&mut capture, second);
    assert_eq!(goal(&mut capture), before, "the pointer is in the other window");
    turn(&mut capture, primary);
    assert!(goal(&mut capture).yaw_rad != before.yaw_rad && goal(&mut capture).distance < before.distance);

    let place = Transform::from_xyz(1.0, 2.0, 300.0);
    let host = world(&mut capture).spawn((Camera3d::default(), place)).id();
    capture.run(1);
    turn(&mut capture, primary);
    capture.run(10);
    assert_eq!(world(&mut capture).get::<Transform>(host), Some(&place));
}

#[test]
fn zoom_goes_to_the_pointer() {
    const TOLERANCE_PX: f32 = 1.0;
    let mut app = app();
    let mut window = Window::default();
    window.resolution.set(WIDTH as f32, HEIGHT as f32);
    let pointer = Vec2::new(480.0, 120.0);
    window.set_cursor_position(Some(pointer));
    let window = app.world_mut().spawn((window, PrimaryWindow)).id();
    let mut capture = settled(app);
    let own = own(&mut capture).unwrap();
    // The point under the pointer, as far away as the focus.
    let seen = |capture: &mut Capture| {
        let world = world(capture);
        let camera = (world.get::<Camera>(own).unwrap().clone(), *world.get::<GlobalTransform>(own).unwrap());
        (camera, world.get::<OrbitCamera>(own).unwrap().shown)
    };
    let ((camera, transform), pose) = seen(&mut capture);
    let ray = camera.viewport_to_world(&transform, pointer).unwrap();
    let plane = InfinitePlane3d::new(transform.back());
    let under = ray.get_point(ray.intersect_plane(pose.focus, plane).unwrap());

    let (unit, phase) = (MouseScrollUnit::Line, bevy::input::touch::TouchPhase::Moved);
    world(&mut capture).write_message(MouseWheel { unit, x: 0.0, y: 4.0, window, phase });
    for _ in 0..40 {
        capture.run(1);
        let ((camera, transform), _) = seen(&mut capture);
        let pixel = camera.world_to_viewport(&transform, under).unwrap();
        assert!(pixel.distance(pointer) < TOLERANCE_PX, "the point has moved to {pixel}");
    }
    let (_, nearer) = seen(&mut capture);
    assert!(nearer.distance < 0.6 * pose.distance);
    picture(&mut capture, "zoomed_to_pointer");
}
