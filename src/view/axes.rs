//! What gives the picture its scale: axes R, T, N at the target, level range rings (in the plane of T and N), the grid's outline.

use bevy::prelude::*;

use super::frame::ViewFrames;
use super::line_art::{LineStyle, drawing, label, redraw};
use super::palette;
use super::scene::{SceneBelief, SceneExtent};
use super::settings::ViewSettings;

#[derive(Component)]
pub(super) struct AxisLines;
#[derive(Component)]
pub(super) struct AxisLabel;

pub(super) fn spawn_axes(mut commands: Commands, frames: Res<ViewFrames>, mut assets: ResMut<Assets<GizmoAsset>>) {
    commands.spawn((AxisLines, drawing(&mut assets, LineStyle::solid(1.4), frames.rtn)));
}

#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn draw_axes(
    settings: Res<ViewSettings>,
    belief: Res<SceneBelief>,
    extent: Res<SceneExtent>,
    frames: Res<ViewFrames>,
    axes: Query<&Gizmo, With<AxisLines>>,
    old_labels: Query<Entity, With<AxisLabel>>,
    mut drawn: Local<Option<(f32, Vec<u32>, ViewSettings)>>,
    mut commands: Commands,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    let Some((grid, _)) = &belief.source else { return };
    let scale = settings.target_scale();
    let half = grid.half_extent_m() as f32 * scale;
    let rings = ring_radii(half, farthest(&extent));
    let wanted = (half, rings.clone(), settings.clone());
    if drawn.as_ref() == Some(&wanted) {
        return;
    }
    *drawn = Some(wanted);
    old_labels.iter().for_each(|entity| commands.entity(entity).despawn());
    for gizmo in &axes {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        if !settings.layers.axes {
            continue;
        }
        lines.cube(Transform::from_scale(Vec3::splat(2.0 * half)), palette::FRAME);
        for (index, axis) in Vec3::AXES.into_iter().enumerate() {
            let colour = palette::axis(index);
            lines.line_gradient(Vec3::ZERO, axis * axis_length(half), colour.with_alpha(0.55), colour);
        }
        for radius in &rings {
            let level = Quat::from_rotation_arc(Vec3::Z, Vec3::X);
            lines
                .circle(Isometry3d::from_rotation(level), *radius as f32, palette::FRAME.with_alpha(0.2))
                .resolution(128);
        }
    }
    if !settings.layers.axes {
        return;
    }
    let mut write = |text: &str, colour: Color, pixels: f32, place: Vec3| {
        let bundle = label(&mut assets, (text, colour, pixels), place, frames.rtn);
        commands.spawn((AxisLabel, bundle));
    };
    for (index, (axis, name)) in Vec3::AXES.into_iter().zip(["R", "T", "N"]).enumerate() {
        write(name, palette::axis(index), 15.0, axis * (axis_length(half) + 0.1 * half));
    }
    if scale != 1.0 {
        write(&format!("target drawn x{scale}"), palette::TEXT_DIM, 11.0, Vec3::new(-1.3, 0.0, 0.0) * half);
    }
    for radius in rings {
        write(&format!("{radius} m"), palette::TEXT_DIM, 10.0, Vec3::Y * radius as f32);
    }
}

fn axis_length(half_extent_m: f32) -> f32 {
    1.55 * half_extent_m
}

fn farthest(extent: &SceneExtent) -> f32 {
    extent.points.iter().map(|point| point.length()).fold(0.0, f32::max)
}

/// Two to five round ranges between the grid and the farthest point of the flight, m.
fn ring_radii(half_extent_m: f32, farthest_m: f32) -> Vec<u32> {
    let spacing = [10_u32, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
        .into_iter()
        .find(|spacing| farthest_m / *spacing as f32 <= 5.0)
        .unwrap_or(20_000);
    (1..=5)
        .map(|ring| ring * spacing)
        .filter(|radius| *radius as f32 > 1.3 * half_extent_m && (*radius as f32) < farthest_m + spacing as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_round_numbers_between_the_grid_and_the_far_end_of_the_flight() {
        assert_eq!(ring_radii(40.0, 410.0), [100, 200, 300, 400, 500]);
        assert_eq!(ring_radii(40.0, 0.0), Vec::<u32>::new());
        assert_eq!(ring_radii(5.0, 30.0), [10, 20, 30]);
        assert!(ring_radii(1.0, 1e9).len() <= 5);
    }
}
