use bevy::prelude::*;
use bevy_proxops::view::{CapturedFrame, OrbitCamera, ViewLayers, ViewSettings};

use crate::support::{LAYERS, NO_LAYERS, WIDTH, change_settings, changed_pixels, picture, settled, view_app};
use crate::synthetic;

fn only(layers: ViewLayers) -> ViewSettings {
    ViewSettings { layers, ..default() }
}

#[test]
fn first_picture_is_not_blank() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(4, 20)));
    let frame = picture(&mut capture, "first");
    let background = frame.pixel(WIDTH / 2, 2);
    let drawn = frame.rgba.chunks_exact(4).filter(|pixel| pixel[..3].iter().any(|byte| *byte > 60)).count();
    assert!(drawn > 2000, "only {drawn} bright pixels; background {background:?}");
}

/// The picture without the line that states the scale, which several layers bring with them.
fn below_note(frame: &CapturedFrame) -> CapturedFrame {
    const NOTE_ROWS: u32 = 38;
    let rgba = frame.rgba[(NOTE_ROWS * frame.width * 4) as usize..].to_vec();
    CapturedFrame { height: frame.height - NOTE_ROWS, rgba, ..*frame }
}

#[test]
fn every_layer_changes_the_picture_and_hiding_all_leaves_none() {
    let mut capture = settled(view_app(only(NO_LAYERS), synthetic::run(4, 20)));
    let empty = picture(&mut capture, "nothing");
    for (name, layer) in LAYERS {
        change_settings(&mut capture, |settings| *layer(&mut settings.layers) = true);
        capture.run(6);
        let shown = picture(&mut capture, &format!("only_{name}"));
        let pixels = changed_pixels(&below_note(&empty), &below_note(&shown), 12);
        assert!(pixels > 40, "layer {name} changes {pixels} pixels");
        change_settings(&mut capture, |settings| settings.layers = NO_LAYERS);
        capture.run(6);
        let hidden = picture(&mut capture, "hidden");
        assert_eq!(changed_pixels(&empty, &hidden, 2), 0, "layer {name} left something behind");
    }
}

/// Looks straight down an axis at a wall of confirmed voxels: the pixel of the focus is known exactly.
#[test]
fn a_confirmed_voxel_has_the_colour_of_its_probability() {
    let mut snapshot = synthetic::run(1, 3);
    let episode = std::sync::Arc::make_mut(&mut snapshot.episodes[0]);
    episode.probability_u8 = vec![242; episode.grid.len()].into();
    let settings = ViewSettings {
        // The sun stands behind the camera, so that the wall is fully lit.
        sun_direction_rtn: Vec3::NEG_Z,
        ..only(ViewLayers { belief: true, ..NO_LAYERS })
    };
    let expected = settings.probability_colour(242.0 / 255.0);
    let mut capture = settled(view_app(settings, snapshot));
    let mut cameras = capture.app().world_mut().query::<&mut OrbitCamera>();
    for mut camera in cameras.iter_mut(capture.app().world_mut()) {
        camera.frames_scene = false;
        // An even number of cells: the middle of the picture is a corner, so the focus moves half a voxel.
        camera.goal.focus = Vec3::new(2.0, 2.0, 0.0);
        (camera.goal.yaw_rad, camera.goal.pitch_rad, camera.goal.distance) = (0.0, 0.0, 200.0);
    }
    capture.run(60);
    let frame = picture(&mut capture, "confirmed_wall");
    // The line that states the scale moves the focus out of the middle.
    let world = capture.app().world_mut();
    let (camera, transform) =
        world.query_filtered::<(&Camera, &GlobalTransform), With<OrbitCamera>>().single(world).unwrap();
    let seen = camera.world_to_viewport(transform, Vec3::new(2.0, 2.0, 0.0)).unwrap().as_uvec2();
    let pixel = frame.pixel(seen.x, seen.y);
    // Half a step of rounding in the colour table, one in the picture, and the camera's last millimetres.
    const TOLERANCE: u8 = 3;
    let close = pixel.iter().zip(expected).all(|(seen, wanted)| seen.abs_diff(wanted) <= TOLERANCE);
    assert!(close, "the wall is {pixel:?} instead of {expected:?}");
}

#[test]
fn truth_ghost_toggles_pixels_and_leaves_the_rest_alone() {
    let belief = ViewLayers { belief: true, ..NO_LAYERS };
    let mut capture = settled(view_app(only(belief), synthetic::run(1, 20)));
    let without = picture(&mut capture, "ghost_off");
    change_settings(&mut capture, |settings| settings.layers.truth = true);
    capture.run(6);
    let with = picture(&mut capture, "ghost_on");
    change_settings(&mut capture, |settings| settings.layers.truth = false);
    capture.run(6);
    let again = picture(&mut capture, "ghost_off_again");
    assert!(changed_pixels(&without, &with, 12) > 200);
    assert_eq!(changed_pixels(&without, &again, 2), 0);
    assert_eq!(with.pixel(5, 5), without.pixel(5, 5));
}

#[test]
fn a_new_belief_is_seen_in_the_next_frames() {
    use bevy_proxops::episode::LatestSnapshot;
    let mut capture = settled(view_app(only(ViewLayers { belief: true, ..NO_LAYERS }), synthetic::run(1, 5)));
    let before = picture(&mut capture, "belief_5");
    capture.app().insert_resource(LatestSnapshot(std::sync::Arc::new(synthetic::run(1, 45))));
    capture.run(3);
    let after = picture(&mut capture, "belief_45");
    assert!(changed_pixels(&before, &after, 12) > 500);
}
