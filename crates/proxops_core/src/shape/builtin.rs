//! Shapes made by formula. Boxes are given on the 20-cell reference grid and scale with the grid's edge.

use glam::DVec3;

use super::TargetError;
use crate::voxel::{Occupancy, VoxelGrid};

/// Cells per axis of the grid on which the boxes below are drawn.
const DRAWN_CELLS: f64 = 20.0;

/// A half-open box `[low, high)` in drawn cells along R, T and N.
#[derive(Clone, Copy)]
struct CellBox {
    low: [f64; 3],
    high: [f64; 3],
}

const fn cell_box(x: [f64; 2], y: [f64; 2], z: [f64; 2]) -> CellBox {
    CellBox { low: [x[0], y[0], z[0]], high: [x[1], y[1], z[1]] }
}

impl CellBox {
    fn contains(&self, point: DVec3) -> bool {
        (0..3).all(|k| (self.low[k]..self.high[k]).contains(&point[k]))
    }
}

/// The voxels whose centres, in drawn cells, satisfy `solid`.
fn drawn(grid: &VoxelGrid, solid: impl Fn(DVec3) -> bool) -> Occupancy {
    let per_metre = DRAWN_CELLS / (2.0 * grid.half_extent_m());
    Occupancy::from_fn(*grid, |v| solid(grid.centre_m(v) * per_metre + DVec3::splat(DRAWN_CELLS / 2.0)))
}

/// Body, solar panel on +T and antenna on +N: 620 voxels on the 20³ grid, 388 of them on the surface.
pub(super) fn reference(grid: &VoxelGrid) -> Occupancy {
    const PARTS: [CellBox; 3] = [
        cell_box([6.0, 14.0], [6.0, 14.0], [6.0, 14.0]),
        cell_box([6.0, 14.0], [14.0, 20.0], [9.0, 11.0]),
        cell_box([9.0, 11.0], [9.0, 11.0], [14.0, 17.0]),
    ];
    drawn(grid, |point| PARTS.iter().any(|part| part.contains(point)))
}

/// Base plate, upright plate and the gusset between them.
pub(super) fn l_bracket(grid: &VoxelGrid) -> Occupancy {
    const BASE: CellBox = cell_box([4.0, 16.0], [3.0, 17.0], [3.0, 6.0]);
    const UPRIGHT: CellBox = cell_box([4.0, 16.0], [3.0, 6.0], [6.0, 17.0]);
    const GUSSET: CellBox = cell_box([9.0, 11.0], [6.0, 14.0], [6.0, 14.0]);
    drawn(grid, |point| {
        let in_gusset = GUSSET.contains(point) && point.y + point.z < 20.0;
        BASE.contains(point) || UPRIGHT.contains(point) || in_gusset
    })
}

/// A block whose +T face opens into a funnel and, behind it, a square bay with a latch in its middle.
pub(super) fn dock(grid: &VoxelGrid) -> Occupancy {
    const BLOCK: CellBox = cell_box([3.0, 17.0], [4.0, 17.0], [3.0, 17.0]);
    const LATCH: CellBox = cell_box([9.0, 11.0], [7.0, 10.0], [9.0, 11.0]);
    const BAY_FLOOR: f64 = 7.0;
    const FUNNEL_FLOOR: f64 = 12.0;
    drawn(grid, |point| {
        let off_axis = (point.x - 10.0).abs().max((point.z - 10.0).abs());
        let half_width = 3.0 + 0.5 * (point.y - FUNNEL_FLOOR).max(0.0);
        let in_bay = point.y > BAY_FLOOR && off_axis < half_width;
        LATCH.contains(point) || BLOCK.contains(point) && !in_bay
    })
}

/// A cube whose edge is rounded to whole voxels.
pub(super) fn cube(grid: &VoxelGrid, side_m: f64) -> Result<Occupancy, TargetError> {
    check_length(grid, "side_m", side_m)?;
    let cells = (side_m / grid.voxel_size_m()).round() as u32;
    let low = (grid.cells_per_axis() - cells) / 2;
    let range = low..low + cells;
    Ok(Occupancy::from_fn(*grid, |v| grid.coordinates(v).iter().all(|c| range.contains(c))))
}

/// The voxels whose centres lie within half the diameter of the grid's centre; at least those that touch it.
pub(super) fn sphere(grid: &VoxelGrid, diameter_m: f64) -> Result<Occupancy, TargetError> {
    check_length(grid, "diameter_m", diameter_m)?;
    let nearest = grid.indices().map(|v| grid.centre_m(v).length()).fold(f64::INFINITY, f64::min);
    // The allowance keeps all voxels at exactly the nearest distance, whose lengths differ in the last bit.
    let radius_m = (0.5 * diameter_m).max(nearest * (1.0 + 1e-9));
    Ok(Occupancy::from_fn(*grid, |v| grid.centre_m(v).length() <= radius_m))
}

fn check_length(grid: &VoxelGrid, field: &'static str, value: f64) -> Result<(), TargetError> {
    let (minimum, maximum) = (grid.voxel_size_m(), 2.0 * grid.half_extent_m());
    if (minimum..=maximum).contains(&value) {
        return Ok(());
    }
    Err(TargetError::Size { field, value, minimum, maximum })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn the_reference_target_has_620_voxels_and_388_on_its_surface() {
        let target = reference(&VoxelGrid::default());
        assert_eq!((target.count(), target.surface().count()), (620, 388));
    }

    #[test]
    fn a_cube_has_its_side_cubed_and_a_sphere_its_volume() {
        let grid = VoxelGrid::default();
        assert_eq!(cube(&grid, 8.0).unwrap().count(), 512);
        assert_eq!(cube(&grid, 20.0).unwrap().count(), 8000);
        let sphere_volume = sphere(&grid, 12.0).unwrap().count() as f64;
        assert!((sphere_volume / (PI / 6.0 * 1728.0) - 1.0).abs() < 0.03, "{sphere_volume}");
        assert_eq!(sphere(&grid, 1.0).unwrap().count(), 8);
    }

    #[test]
    fn a_shape_larger_than_its_grid_is_refused_by_name_value_and_range() {
        let grid = VoxelGrid::default();
        for side in [20.5, 0.5, -1.0, f64::NAN, f64::INFINITY] {
            assert!(cube(&grid, side).is_err() && sphere(&grid, side).is_err(), "{side}");
        }
        let message = cube(&grid, 25.0).unwrap_err().to_string();
        assert_eq!(message, "target.side_m is 25 m; allowed: 1 m (one voxel) to 20 m (the grid's edge)");
    }

    #[test]
    fn the_dock_is_hollow_and_open_on_plus_t_only() {
        let grid = VoxelGrid::default();
        let target = dock(&grid);
        let column = |x, z| (0..20).map(|y| target.is_occupied(grid.index(x, y, z))).collect::<Vec<_>>();
        let beside_latch = column(7, 10);
        assert!(beside_latch[4..7].iter().all(|&solid| solid) && beside_latch[7..].iter().all(|&solid| !solid));
        let latch = column(10, 10);
        assert!(latch[4..10].iter().all(|&solid| solid) && !latch[10]);
        // From the bay, every way along R or N ends in a wall.
        for k in 0..3 {
            assert!(target.is_occupied(grid.index(4 + k, 8, 10)) && target.is_occupied(grid.index(10, 8, 15 - k)));
        }
    }
}
