//! A family of satellites, one for every number: a bus, and solar panels, dishes and booms on its sides.

use glam::DVec3;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::voxel::{Occupancy, VoxelGrid};

/// Parts are drawn in units of half the grid's edge, from −1 to 1.
struct Part {
    shape: Solid,
    centre: DVec3,
}

enum Solid {
    /// Half its edges.
    Box(DVec3),
    /// Bowl with its axis along one of R, T, N: radius and half the depth.
    Dish { axis: usize, radius: f64, half_depth: f64 },
}

impl Part {
    fn contains(&self, point: DVec3) -> bool {
        let offset = point - self.centre;
        match self.shape {
            Solid::Box(half) => offset.abs().cmple(half).all(),
            Solid::Dish { axis, radius, half_depth } => {
                let across = (offset.length_squared() - offset[axis].powi(2)).max(0.0).sqrt();
                across <= radius && offset[axis].abs() <= half_depth
            }
        }
    }
}

/// The satellite with this number. Every number gives a connected shape that fits the grid.
pub(super) fn satellite(grid: &VoxelGrid, number: u64) -> Occupancy {
    let parts = parts(number);
    let per_metre = 1.0 / grid.half_extent_m();
    Occupancy::from_fn(*grid, |voxel| {
        let point = grid.centre_m(voxel) * per_metre;
        parts.iter().any(|part| part.contains(point))
    })
}

/// Thinner parts would fall between the centres of 20 cells.
const THIN: f64 = 0.051;

fn parts(number: u64) -> Vec<Part> {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(number);
    let half = DVec3::new(rng.random_range(0.2..0.45), rng.random_range(0.2..0.45), rng.random_range(0.2..0.45));
    let mut parts = vec![Part { shape: Solid::Box(half), centre: DVec3::ZERO }];
    let panel_axis = rng.random_range(0..3);
    panels(rng, half, panel_axis, &mut parts);
    for axis in (0..3).filter(|axis| *axis != panel_axis) {
        for side in [-1.0, 1.0] {
            match rng.random_range(0..4) {
                0 => dish(rng, half, axis, side, &mut parts),
                1 => boom(rng, half, axis, side, &mut parts),
                _ => {}
            }
        }
    }
    parts
}

/// One panel or two, along `axis`.
fn panels(rng: &mut Xoshiro256PlusPlus, half: DVec3, axis: usize, parts: &mut Vec<Part>) {
    let thin_axis = (axis + rng.random_range(1..3)) % 3;
    let wide_axis = 3 - axis - thin_axis;
    let reach = rng.random_range(0.25..0.5_f64).min((0.98 - half[axis]) / 2.0);
    let mut size = DVec3::ZERO;
    size[axis] = reach;
    size[thin_axis] = THIN;
    size[wide_axis] = rng.random_range(0.15..0.45);
    let sides: &[f64] = match rng.random_range(0..4) {
        0 => &[1.0],
        1 => &[-1.0],
        _ => &[1.0, -1.0],
    };
    for side in sides {
        let mut centre = DVec3::ZERO;
        centre[axis] = side * (half[axis] + reach);
        parts.push(Part { shape: Solid::Box(size), centre });
    }
}

/// A dish right on the bus.
fn dish(rng: &mut Xoshiro256PlusPlus, half: DVec3, axis: usize, side: f64, parts: &mut Vec<Part>) {
    let half_depth = rng.random_range(0.06..0.12);
    let radius = rng.random_range(0.2..0.4);
    let mut centre = DVec3::ZERO;
    centre[axis] = side * (half[axis] + half_depth);
    parts.push(Part { shape: Solid::Dish { axis, radius, half_depth }, centre });
}

/// A boom with a tip.
fn boom(rng: &mut Xoshiro256PlusPlus, half: DVec3, axis: usize, side: f64, parts: &mut Vec<Part>) {
    let reach = rng.random_range(0.1..0.22);
    let mut size = DVec3::splat(THIN * 2.0);
    size[axis] = reach;
    let mut centre = DVec3::ZERO;
    centre[axis] = side * (half[axis] + reach);
    parts.push(Part { shape: Solid::Box(size), centre });
    let tip = DVec3::splat(rng.random_range(0.06..0.14));
    centre[axis] = side * (half[axis] + 2.0 * reach);
    parts.push(Part { shape: Solid::Box(tip), centre });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_gives_a_connected_satellite_of_sensible_size() {
        let grid = VoxelGrid::default();
        for number in 0..200 {
            let shape = satellite(&grid, number);
            assert!((100..4000).contains(&shape.count()), "{number}: {}", shape.count());
            assert_eq!(connected(&grid, &shape), shape.count(), "{number} falls apart");
        }
    }

    #[test]
    fn the_same_number_gives_the_same_shape_and_others_differ() {
        let grid = VoxelGrid::default();
        let shapes: BTreeSet<Vec<u8>> = (0..100).map(|number| satellite(&grid, number).as_bytes().to_vec()).collect();
        assert_eq!(shapes.len(), 100);
        assert_eq!(satellite(&grid, 5).as_bytes(), satellite(&grid, 5).as_bytes());
    }

    /// Occupied voxels reached from the first one through faces.
    fn connected(grid: &VoxelGrid, shape: &Occupancy) -> usize {
        let cells = grid.cells_per_axis();
        let start = grid.indices().find(|voxel| shape.is_occupied(*voxel)).unwrap();
        let mut seen = BTreeSet::from([grid.coordinates(start)]);
        let mut open = vec![grid.coordinates(start)];
        while let Some(at) = open.pop() {
            for axis in 0..3 {
                for next in [at[axis].wrapping_sub(1), at[axis] + 1].into_iter().filter(|next| *next < cells) {
                    let mut to = at;
                    to[axis] = next;
                    if shape.is_occupied(grid.index(to[0], to[1], to[2])) && seen.insert(to) {
                        open.push(to);
                    }
                }
            }
        }
        seen.len()
    }
}
