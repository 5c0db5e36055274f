//! Magnification that ends where it would mislead, and that the picture always states.

use std::sync::Arc;

use bevy::camera::RenderTarget;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy_proxops::episode::LatestSnapshot;
use bevy_proxops::view::{
    Capture, CaptureTarget, CapturedFrame, DrawnScale, Servicer, TargetFrame, ViewArea, ViewLayers, ViewSettings,
    palette,
};

use crate::support::{picture, settled, view_app, view_app_sized};
use crate::synthetic;

/// Half the span of the drawn servicer at true scale, m.
const SERVICER_HALF_SIZE_M: f32 = 1.6;

/// The scale in force, and target and servicer as they are drawn.
fn drawn(capture: &mut Capture) -> (DrawnScale, Transform, Transform) {
    let world = capture.app().world_mut();
    let scale = *world.resource::<DrawnScale>();
    let target = *world.query_filtered::<&Transform, With<TargetFrame>>().single(world).expect("the frames are there");
    let servicer = *world.query_filtered::<&Transform, With<Servicer>>().single(world).expect("the servicer is there");
    (scale, target, servicer)
}

#[test]
fn target_and_servicer_are_drawn_in_the_scale_in_force() {
    for (range_m, is_full, is_true) in [(220.0, true, false), (70.0, false, false), (20.0, false, true)] {
        let mut capture = settled(view_app(ViewSettings::default(), synthetic::run_at_range(1, 12, range_m)));
        let (scale, target, servicer) = drawn(&mut capture);
        assert_eq!(target.scale, Vec3::splat(scale.target));
        assert_eq!(servicer.scale, Vec3::splat(scale.servicer));
        assert_eq!(scale == DrawnScale { target: 4.0, servicer: 10.0 }, is_full, "{scale} at {range_m} m");
        assert_eq!(scale.is_true(), is_true, "{scale} at {range_m} m");
    }
}

/// The servicer flies from afar to the target and back, and in no frame do the two drawn bodies come together.
#[test]
fn a_servicer_on_its_way_never_seems_to_touch_the_target() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run_at_range(1, 12, 220.0)));
    let half_extent_m = synthetic::run(1, 0).episodes[0].grid.half_extent_m() as f32;
    for range_m in [220.0, 90.0, 45.0, 30.0, 60.0, 200.0] {
        let snapshot = synthetic::run_at_range(1, 14, range_m);
        capture.app().insert_resource(LatestSnapshot(Arc::new(snapshot)));
        for _ in 0..8 {
            capture.run(1);
            let (scale, target, servicer) = drawn(&mut capture);
            let filled_m = target.scale.x * half_extent_m + servicer.scale.x * SERVICER_HALF_SIZE_M;
            let distance_m = servicer.translation.length();
            assert!(filled_m <= 0.501 * distance_m, "{scale} fills {filled_m} m of {distance_m} m");
        }
    }
}

/// Pixels of the colour in which the scale is stated.
fn note_pixels(frame: &CapturedFrame, inside: Rect) -> usize {
    let wanted = palette::NOTE.to_srgba().to_u8_array();
    let is_note = |pixel: [u8; 3]| pixel.iter().zip(wanted).all(|(seen, wanted)| seen.abs_diff(wanted) <= 12);
    let columns = inside.min.x as u32..inside.max.x as u32;
    (inside.min.y as u32..inside.max.y as u32)
        .flat_map(|y| columns.clone().map(move |x| (x, y)))
        .filter(|(x, y)| is_note(frame.pixel(*x, *y)))
        .count()
}

/// Too few for a line of text.
const STRAY_PIXELS: usize = 12;
/// Fewer than any line of text has.
const TEXT_PIXELS: usize = 60;

#[test]
fn the_scale_is_stated_inside_the_free_area_whatever_covers_the_rest() {
    let window = Rect::new(0.0, 0.0, 1280.0, 720.0);
    for (name, free) in [
        ("whole", None),
        ("panels", Some(Rect::new(282.0, 60.0, 973.0, 471.0))),
        ("narrow", Some(Rect::new(400.0, 60.0, 700.0, 600.0))),
    ] {
        let mut app = view_app_sized(ViewSettings::default(), synthetic::run_at_range(1, 12, 70.0), 1280, 720);
        app.insert_resource(ViewArea { free_rect_px: free, ..default() });
        let frame = picture(&mut settled(app), &format!("scale_note_{name}"));
        let inside = note_pixels(&frame, free.unwrap_or(window));
        let everywhere = note_pixels(&frame, window);
        assert!(inside > TEXT_PIXELS, "{name}: {inside} pixels");
        assert!(everywhere - inside < STRAY_PIXELS, "{name}: {everywhere} pixels, {inside} of them inside");
    }
}

#[test]
fn a_picture_of_nothing_magnified_states_no_scale() {
    let layers = ViewLayers { belief: false, axes: false, servicer: false, field_of_view: false, ..default() };
    let settings = ViewSettings { layers, ..default() };
    let mut capture = settled(view_app(settings, synthetic::run_at_range(1, 12, 70.0)));
    let frame = picture(&mut capture, "scale_note_none");
    assert!(note_pixels(&frame, Rect::new(0.0, 0.0, 640.0, 360.0)) < STRAY_PIXELS);
}

fn hosted(episodes: u32) -> CapturedFrame {
    let mut app = view_app_sized(ViewSettings::default(), synthetic::run_at_range(episodes, 12, 70.0), 960, 540);
    app.add_systems(Startup, |mut commands: Commands, target: Res<CaptureTarget>| {
        let view = Transform::from_xyz(0.0, 120.0, 700.0).looking_at(Vec3::new(0.0, -60.0, 0.0), Vec3::Y);
        let target = RenderTarget::Image(target.0.clone().into());
        commands.spawn((Camera3d::default(), Tonemapping::None, Msaa::Off, target, view));
    });
    picture(&mut settled(app), &format!("scale_note_host_{episodes}"))
}

#[test]
fn with_a_hosts_camera_the_scene_states_its_scale_and_the_episodes_it_leaves_out() {
    let whole = Rect::new(0.0, 0.0, 960.0, 540.0);
    let (few, many) = (note_pixels(&hosted(3), whole), note_pixels(&hosted(14), whole));
    assert!(few > TEXT_PIXELS, "{few} pixels");
    assert!(many > few + TEXT_PIXELS / 2, "{many} pixels with 14 episodes, {few} with 3");
}
