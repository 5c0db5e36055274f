//! What gives the picture its measure: axes R, T, N at the target, level range rings (in the plane of T and N), the grid's outline.
//! Axes and outline are magnified like the target; the rings are true to scale.

use bevy::prelude::*;

use super::frame::ViewFrames;
use super::line_art::{Label, LabelSide, LineStyle, drawing, label, redraw};
use super::palette;
use super::scale::DrawnScale;
use super::scene::{SceneBelief, SceneExtent};
use super::settings::ViewSettings;

#[derive(Component)]
pub(super) struct AxisLines;
#[derive(Component)]
pub(super) struct RingLines;
#[derive(Component)]
pub(super) struct AxisLabel;

/// What axes and rings look like; a change redraws them.
#[derive(Default, PartialEq)]
pub(super) struct DrawnAxes {
    /// Half the edge of the grid, true to scale; `None` while the axes are hidden.
    half_extent_m: Option<f32>,
    rings: Vec<Ring>,
}

/// A range ring, faint where the drawn grid nearly reaches it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ring {
    radius_m: u32,
    /// Eighths of its full strength, `1..=8`: a ring is redrawn only where one can see it.
    strength: u8,
}

impl Ring {
    const FULL: u8 = 8;

    fn faded(&self, colour: Color) -> Color {
        colour.with_alpha(colour.alpha() * f32::from(self.strength) / f32::from(Self::FULL))
    }
}

pub(super) fn spawn_axes(mut commands: Commands, frames: Res<ViewFrames>, mut assets: ResMut<Assets<GizmoAsset>>) {
    commands.spawn((AxisLines, drawing(&mut assets, LineStyle::solid(1.4), frames.target)));
    commands.spawn((RingLines, drawing(&mut assets, LineStyle::solid(1.4), frames.rtn)));
}

#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn draw_axes(
    settings: Res<ViewSettings>,
    belief: Res<SceneBelief>,
    extent: Res<SceneExtent>,
    scale: Res<DrawnScale>,
    frames: Res<ViewFrames>,
    axes: Query<&Gizmo, With<AxisLines>>,
    ring_lines: Query<&Gizmo, With<RingLines>>,
    old_labels: Query<Entity, With<AxisLabel>>,
    mut drawn: Local<DrawnAxes>,
    mut commands: Commands,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    let Some((grid, _)) = &belief.source else { return };
    let half_extent_m = Some(grid.half_extent_m() as f32).filter(|_| settings.layers.axes);
    let rings = half_extent_m.map_or_else(Vec::new, |half_m| rings(half_m * scale.target, farthest(extent.flight())));
    let wanted = DrawnAxes { half_extent_m, rings };
    if *drawn == wanted && !frames.is_changed() {
        return;
    }

    for gizmo in &axes {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        let Some(half_m) = half_extent_m else { continue };
        lines.cube(Transform::from_scale(Vec3::splat(2.0 * half_m)), palette::FRAME);
        for (index, axis) in Vec3::AXES.into_iter().enumerate() {
            let colour = palette::axis(index);
            lines.line_gradient(Vec3::ZERO, axis * axis_length(half_m), colour.with_alpha(0.55), colour);
        }
    }
    for gizmo in &ring_lines {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        let level = Isometry3d::from_rotation(Quat::from_rotation_arc(Vec3::Z, Vec3::X));
        for ring in &wanted.rings {
            let colour = ring.faded(palette::FRAME.with_alpha(0.2));
            lines.circle(level, ring.radius_m as f32, colour).resolution(128);
        }
    }

    old_labels.iter().for_each(|entity| commands.entity(entity).despawn());
    let mut write = |text: &str, colour: Color, (pixels, rank): (f32, u8), place: Vec3, parent: Entity| {
        let style = Label::new(pixels, rank, LabelSide::Above);
        let bundle = label(&mut assets, style, (text, colour), place, parent);
        commands.spawn((AxisLabel, bundle));
    };
    if let Some(half_m) = half_extent_m {
        for (index, (axis, name)) in Vec3::AXES.into_iter().zip(["R", "T", "N"]).enumerate() {
            let place = axis * (axis_length(half_m) + 0.1 * half_m);
            write(name, palette::axis(index), (15.0, AXIS_RANK), place, frames.target);
        }
    }
    for (index, ring) in wanted.rings.iter().enumerate() {
        let (text, place) = (format!("{} m", ring.radius_m), RING_LABEL_TN * ring.radius_m as f32);
        let style = (10.0, AXIS_RANK + 1 + index as u8);
        write(&text, ring.faded(palette::TEXT_DIM), style, place, frames.rtn);
    }
    *drawn = wanted;
}

/// Ranks of the labels: axes, then rings from the inside outwards.
const AXIS_RANK: u8 = 1;
/// Where on a ring its range is written, of length 1: beside T, which has a label of its own.
const RING_LABEL_TN: Vec3 = Vec3::new(0.0, 0.906, -0.423);

fn axis_length(half_extent_m: f32) -> f32 {
    1.55 * half_extent_m
}

fn farthest(points: &[Vec3]) -> f32 {
    points.iter().map(|point| point.length()).fold(0.0, f32::max)
}

/// Two to five rings at round ranges between the drawn grid and the farthest point of the flight.
fn rings(half_extent_m: f32, farthest_m: f32) -> Vec<Ring> {
    // Where a ring begins to show, and the way it takes to its full strength, in halves of the grid's edge.
    const HIDDEN_TO: f32 = 1.2;
    const FADE: f32 = 0.2;
    let spacing = [10_u32, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
        .into_iter()
        .find(|spacing| farthest_m / *spacing as f32 <= 5.0)
        .unwrap_or(20_000);
    (1..=5)
        .map(|ring| ring * spacing)
        .filter(|radius_m| (*radius_m as f32) < farthest_m + spacing as f32)
        .map(|radius_m| {
            let clear = (radius_m as f32 / half_extent_m - HIDDEN_TO) / FADE;
            Ring { radius_m, strength: (clear.clamp(0.0, 1.0) * f32::from(Ring::FULL)).round() as u8 }
        })
        .filter(|ring| ring.strength > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radii(half_extent_m: f32, farthest_m: f32) -> Vec<u32> {
        rings(half_extent_m, farthest_m).iter().map(|ring| ring.radius_m).collect()
    }

    #[test]
    fn rings_are_round_numbers_between_the_grid_and_the_far_end_of_the_flight() {
        assert_eq!(radii(40.0, 410.0), [100, 200, 300, 400, 500]);
        assert_eq!(radii(40.0, 0.0), Vec::<u32>::new());
        assert_eq!(radii(5.0, 30.0), [10, 20, 30]);
        assert!(radii(1.0, 1e9).len() <= 5);
    }

    #[test]
    fn a_ring_fades_in_as_the_drawn_grid_shrinks_away_from_it() {
        let strength =
            |half_m: f32| rings(half_m, 100.0).iter().find(|ring| ring.radius_m == 40).map(|ring| ring.strength);
        let strengths: Vec<u8> = (0..=160).map(|k| strength(40.0 - 0.1 * k as f32).unwrap_or(0)).collect();
        assert_eq!((strengths[0], strengths[160]), (0, Ring::FULL));
        assert!(strengths.windows(2).all(|pair| (0..=1).contains(&(pair[1] - pair[0]))), "{strengths:?}");
    }
}
