//! The row of small grids: no change of its layout costs a grid its picture.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;
use bevy_proxops::episode::{LatestSnapshot, SimulationSnapshot};
use bevy_proxops::view::{
    Capture, FlatMaterial, OrbitCamera, SmallGrid, ViewArea, ViewSettings, VoxelLayer, VoxelMaterial,
};

use crate::support::{change_settings, picture, settled, view_app_sized};
use crate::synthetic;

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;

fn with_row(snapshot: SimulationSnapshot) -> Capture {
    settled(view_app_sized(ViewSettings::default(), snapshot, WIDTH, HEIGHT))
}

fn show(capture: &mut Capture, snapshot: SimulationSnapshot) {
    capture.app().insert_resource(LatestSnapshot(Arc::new(snapshot)));
}

fn set_free_area(capture: &mut Capture, free: Rect) {
    capture.app().insert_resource(ViewArea { free_rect_px: Some(free), ..default() });
}

/// Entity and drawn voxels of every small grid by its episode.
fn grids(capture: &mut Capture) -> BTreeMap<u32, (Entity, u32)> {
    let world = capture.app().world_mut();
    let mut drawn: BTreeMap<Entity, u32> = BTreeMap::new();
    for (layer, visibility, child_of) in world.query::<(&VoxelLayer, &Visibility, &ChildOf)>().iter(world) {
        if *visibility != Visibility::Hidden {
            *drawn.entry(child_of.parent()).or_default() += layer.shown();
        }
    }
    let mut grids = world.query::<(Entity, &SmallGrid)>();
    let voxels = |entity: Entity| (entity, drawn.get(&entity).copied().unwrap_or(0));
    grids.iter(world).map(|(entity, grid)| (grid.episode, voxels(entity))).collect()
}

/// Lets a frame pass after which every grid of the row must have its picture.
fn frame_with_filled_grids(capture: &mut Capture, count: usize) -> BTreeMap<u32, (Entity, u32)> {
    capture.run(1);
    let grids = grids(capture);
    assert_eq!(grids.len(), count, "{grids:?}");
    assert!(grids.values().all(|(_, voxels)| *voxels > 0), "an empty grid: {grids:?}");
    grids
}

fn entities(grids: &BTreeMap<u32, (Entity, u32)>) -> BTreeMap<u32, Entity> {
    grids.iter().map(|(episode, (entity, _))| (*episode, *entity)).collect()
}

/// Everything that costs the renderer something to make.
fn made_things(capture: &mut Capture) -> (Vec<Entity>, [usize; 4]) {
    let world = capture.app().world_mut();
    let drawn = world.query_filtered::<Entity, With<Mesh3d>>().iter(world).collect();
    let assets = [
        world.resource::<Assets<Mesh>>().len(),
        world.resource::<Assets<ShaderBuffer>>().len(),
        world.resource::<Assets<VoxelMaterial>>().len(),
        world.resource::<Assets<FlatMaterial>>().len(),
    ];
    (drawn, assets)
}

#[test]
fn a_resize_moves_the_small_grids_and_makes_nothing() {
    let mut capture = with_row(synthetic::run(12, 30));
    let before = frame_with_filled_grids(&mut capture, 12);
    let made_before = made_things(&mut capture);
    for step in 0..100 {
        let narrower = 5.0 * step as f32;
        set_free_area(&mut capture, Rect::new(0.4 * narrower, 0.0, WIDTH as f32 - 0.6 * narrower, 700.0));
        let during = frame_with_filled_grids(&mut capture, 12);
        assert_eq!(entities(&during), entities(&before), "after {step} steps of the drag");
    }
    assert_eq!(made_things(&mut capture), made_before);
    let frame = picture(&mut capture, "row_resized");
    let world = capture.app().world_mut();
    let (camera, eye) = world.query_filtered::<(&Camera, &GlobalTransform), With<OrbitCamera>>().single(world).unwrap();
    let (camera, eye) = (camera.clone(), *eye);
    let places: Vec<Vec3> = world
        .query_filtered::<&GlobalTransform, With<SmallGrid>>()
        .iter(world)
        .map(GlobalTransform::translation)
        .collect();
    for place in places {
        let pixel = camera.world_to_viewport(&eye, place).expect("the grid is in the picture").as_uvec2();
        let around = (-4..=4).flat_map(|x| (-4..=4).map(move |y| pixel.saturating_add_signed(IVec2::new(x, y))));
        let brightest = around.flat_map(|pixel| frame.pixel(pixel.x, pixel.y)).max();
        assert!(brightest > Some(60), "the grid at {pixel} is black");
    }
}

#[test]
fn a_new_focus_shifts_the_row_without_emptying_a_grid() {
    let snapshot = synthetic::run(20, 30);
    let mut capture = with_row(snapshot.clone());
    let before = entities(&frame_with_filled_grids(&mut capture, 12));
    assert_eq!(before.keys().copied().collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
    let made_before = made_things(&mut capture);

    show(&mut capture, SimulationSnapshot { focus: 9, ..snapshot.clone() });
    let after = entities(&frame_with_filled_grids(&mut capture, 12));
    assert_eq!(after.keys().copied().collect::<Vec<_>>(), (3..15).collect::<Vec<_>>());
    for (episode, entity) in after.iter().filter(|(episode, _)| before.contains_key(episode)) {
        assert_eq!(before[episode], *entity, "episode {episode}");
    }

    // A jump past all grids: they serve the others.
    show(&mut capture, SimulationSnapshot { focus: 19, ..snapshot });
    let after = entities(&frame_with_filled_grids(&mut capture, 12));
    assert_eq!(after.keys().copied().collect::<Vec<_>>(), (8..20).collect::<Vec<_>>());
    assert_eq!(made_things(&mut capture), made_before);
}

#[test]
fn a_grid_that_serves_another_episode_shows_that_episodes_belief() {
    let voxels_alone = |number: u32| {
        let mut snapshot = synthetic::run(20, 30);
        snapshot.focus = number;
        grids(&mut with_row(snapshot))[&number].1
    };
    let snapshot = synthetic::run(20, 30);
    let mut capture = with_row(snapshot.clone());
    show(&mut capture, SimulationSnapshot { focus: 19, ..snapshot });
    let shown = frame_with_filled_grids(&mut capture, 12);
    for number in [13, 16] {
        assert_eq!(shown[&number].1, voxels_alone(number), "episode {number}");
    }
}

#[test]
fn more_or_fewer_episodes_leave_the_others_their_grids() {
    let mut capture = with_row(synthetic::run(8, 30));
    let before = entities(&frame_with_filled_grids(&mut capture, 8));
    for count in [11, 3, 12, 8] {
        show(&mut capture, synthetic::run(count, 30));
        let after = entities(&frame_with_filled_grids(&mut capture, count as usize));
        for number in 0..3 {
            assert_eq!(after[&number], before[&number], "episode {number} of {count}");
        }
        (0..3).for_each(|_| drop(frame_with_filled_grids(&mut capture, count as usize)));
    }
}

#[test]
fn another_run_on_the_same_grid_and_other_layers_leave_every_grid_its_picture() {
    let mut capture = with_row(synthetic::run(8, 30));
    let before = entities(&frame_with_filled_grids(&mut capture, 8));
    show(&mut capture, synthetic::run(8, 10));
    for toggled in 0..16 {
        change_settings(&mut capture, |settings| settings.layers.belief = toggled % 2 == 0);
        assert_eq!(entities(&frame_with_filled_grids(&mut capture, 8)), before);
    }
    change_settings(&mut capture, |settings| settings.layers.small_grids = false);
    capture.run(1);
    assert!(grids(&mut capture).is_empty());
    change_settings(&mut capture, |settings| settings.layers.small_grids = true);
    frame_with_filled_grids(&mut capture, 8);
}

#[test]
fn small_grids_follow_what_counts_as_confirmed() {
    let confirmed_voxels = |capture: &mut Capture| {
        let world = capture.app().world_mut();
        // Solid voxels are drawn one by one: only their layers keep the geometry of the belief.
        let fine = world.query::<&VoxelLayer>().iter(world).map(|layer| layer.geometry().0).max();
        let grids: Vec<Entity> = world.query_filtered::<Entity, With<SmallGrid>>().iter(world).collect();
        let mut layers = world.query::<(&VoxelLayer, &ChildOf)>();
        let of_grids = layers.iter(world).filter(|(_, child_of)| grids.contains(&child_of.parent()));
        of_grids.filter(|(layer, _)| Some(layer.geometry().0) == fine).map(|(layer, _)| layer.shown()).sum::<u32>()
    };
    let mut capture = with_row(synthetic::run(4, 30));
    let before = confirmed_voxels(&mut capture);
    change_settings(&mut capture, |settings| settings.confirmed_probability = 1.0);
    capture.run(8);
    assert!(before > 0 && confirmed_voxels(&mut capture) == 0);
}
