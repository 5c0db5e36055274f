//! Choosing an episode by a click on its small grid.

use bevy::prelude::*;

use super::episode_grid::SmallGrid;
use super::input::ViewInput;
use crate::episode::SimCommand;

/// A click on a small grid, not a drag, puts its episode in focus.
pub(super) fn pick_grid(
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    input: ViewInput,
    grids: Query<(&SmallGrid, &GlobalTransform)>,
    mut pressed_at: Local<Option<Vec2>>,
    mut commands: MessageWriter<SimCommand>,
) {
    const STILL_A_CLICK: f32 = 5.0;
    let Some(buttons) = buttons else { return };
    if buttons.just_pressed(MouseButton::Left) {
        *pressed_at = input.free_pointer();
    }
    if !buttons.just_released(MouseButton::Left) {
        return;
    }
    let released_at = input.pointer();
    let is_near = |start: &Vec2| released_at.is_some_and(|end| start.distance(end) < STILL_A_CLICK);
    let Some(start) = pressed_at.take().filter(is_near) else { return };
    let Some((camera, transform)) = input.eye.get() else { return };
    let Ok(ray) = camera.viewport_to_world(transform, start) else { return };
    if let Some(number) = grid_under(ray, grids.iter().map(|(grid, transform)| (*grid, *transform))) {
        commands.write(SimCommand::Focus(number));
    }
}

/// The episode of the nearest small grid that a ray meets.
fn grid_under(ray: Ray3d, grids: impl Iterator<Item = (SmallGrid, GlobalTransform)>) -> Option<u32> {
    grids
        .filter_map(|(grid, transform)| {
            let to_local = transform.affine().inverse();
            let origin = to_local.transform_point3(ray.origin);
            let direction = to_local.transform_vector3(*ray.direction);
            Some((ray_meets_cube(origin, direction, grid.half_extent_m)?, grid.episode))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, number)| number)
}

/// Ray parameter at which a ray enters the cube [−half, half]³; slab method.
fn ray_meets_cube(origin: Vec3, direction: Vec3, half: f32) -> Option<f32> {
    let (a, b) = ((-half - origin) / direction, (half - origin) / direction);
    let enter = a.min(b).max_element();
    let leave = a.max(b).min_element();
    (enter <= leave && leave >= 0.0).then_some(enter.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_picks_the_nearest_grid_it_meets() {
        let at = |episode, z| {
            let grid = SmallGrid { episode, slot: 0, half_extent_m: 10.0 };
            (grid, GlobalTransform::from(Transform::from_xyz(0.0, 0.0, z).with_scale(Vec3::splat(0.1))))
        };
        let grids = [at(7, -50.0), at(3, -20.0), at(9, 30.0)];
        let ahead = Ray3d::new(Vec3::new(0.5, -0.5, 0.0), Dir3::NEG_Z);
        let aside = Ray3d::new(Vec3::new(1.5, 0.0, 0.0), Dir3::NEG_Z);
        assert_eq!(grid_under(ahead, grids.into_iter()), Some(3));
        assert_eq!(grid_under(aside, grids.into_iter()), None);
    }
}
