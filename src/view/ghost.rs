//! The true shape as a ghost: a faint shell with the edges of its body, which no planner but `Oracle` knows.

use bevy::prelude::*;

use super::frame::ViewFrames;
use super::line_art::{LineStyle, drawing, redraw};
use super::palette;
use super::scene::SceneTruth;
use super::settings::ViewSettings;
use super::voxel_layer::VoxelLayerSpawner;
use super::voxel_material::VoxelLayerKind;
use crate::voxel::{Occupancy, VoxelGrid};

#[derive(Component)]
pub(super) struct GhostShell;
#[derive(Component)]
pub(super) struct GhostEdges;

pub(super) fn spawn_ghost(mut commands: Commands, frames: Res<ViewFrames>, mut assets: ResMut<Assets<GizmoAsset>>) {
    // Edges coincide with those of confirmed voxels: a small bias keeps them in front.
    let style = LineStyle { depth_bias: -0.002, ..LineStyle::solid(1.6) };
    commands.spawn((GhostEdges, drawing(&mut assets, style, frames.target)));
}

pub(super) fn draw_ghost(
    settings: Res<ViewSettings>,
    truth: Res<SceneTruth>,
    frames: Res<ViewFrames>,
    edges: Query<&Gizmo, With<GhostEdges>>,
    shells: Query<Entity, With<GhostShell>>,
    mut spawner: VoxelLayerSpawner,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    let shown = truth.source.as_ref().filter(|_| settings.layers.truth);
    for gizmo in &edges {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        for (start, end) in shown.iter().flat_map(|(grid, truth)| body_edges(grid, truth)) {
            lines.line(start, end, palette::TRUTH);
        }
    }
    for shell in &shells {
        spawner.commands.entity(shell).despawn();
    }
    if let Some((grid, truth)) = shown {
        let geometry = (grid.cells_per_axis(), grid.voxel_size_m() as f32);
        let bytes: Vec<u8> = truth.as_bytes().iter().map(|solid| solid * u8::MAX).collect();
        spawner.spawn(frames.target, VoxelLayerKind::Ghost, geometry, &bytes, GhostShell);
    }
}

/// Edges where two faces of the body meet at an angle, in metres from the grid's centre; flat joints between voxels are left out.
fn body_edges(grid: &VoxelGrid, truth: &Occupancy) -> Vec<(Vec3, Vec3)> {
    let cells = grid.cells_per_axis() as i32;
    let bytes = truth.as_bytes();
    let solid = |cell: IVec3| {
        let inside = cell.cmpge(IVec3::ZERO).all() && cell.cmplt(IVec3::splat(cells)).all();
        inside && bytes[((cell.x * cells + cell.y) * cells + cell.z) as usize] != 0
    };
    let size = grid.voxel_size_m() as f32;
    let corner_m = |corner: IVec3| (corner.as_vec3() - cells as f32 / 2.0) * size;
    let mut edges = Vec::new();
    for axis in 0..3 {
        let unit = |axis: usize| IVec3::from_array(std::array::from_fn(|lane| i32::from(lane == axis)));
        let (along, u, v) = (unit(axis), unit((axis + 1) % 3), unit((axis + 2) % 3));
        for a in 0..=cells {
            for b in 0..=cells {
                let line = (0..cells).map(|k| along * k + u * a + v * b);
                edges.extend(
                    line.filter(|cell| is_edge([*cell - u - v, *cell - u, *cell - v, *cell].map(solid)))
                        .map(|cell| (corner_m(cell), corner_m(cell + along))),
                );
            }
        }
    }
    edges
}

/// Whether the body turns a corner at a line, given which of the four cells round it are solid: below-below, below-above, above-below, above-above.
fn is_edge([low_low, low_high, high_low, high_high]: [bool; 4]) -> bool {
    match [low_low, low_high, high_low, high_high].into_iter().filter(|solid| *solid).count() {
        1 | 3 => true,
        2 => low_low == high_high,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_of_many_voxels_has_twelve_edges() {
        let grid = VoxelGrid::new(8, 2.0).unwrap();
        let truth = Occupancy::from_fn(grid, |voxel| grid.coordinates(voxel).iter().all(|cell| (2..5).contains(cell)));
        let edges = body_edges(&grid, &truth);
        let length: f32 = edges.iter().map(|(start, end)| start.distance(*end)).sum();
        assert_eq!(edges.len(), 12 * 3);
        assert!((length - 12.0 * 3.0 * 2.0).abs() < 1e-3, "{length} m");
        assert!(edges.iter().all(|(start, end)| start.abs().max(end.abs()).max_element() <= 4.0));
    }
}
