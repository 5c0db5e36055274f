//! Sixteen rays marched side by side through a voxel grid, after Amanatides & Woo (1987).
//!
//! Times along a ray are 32-bit integers: 2³¹ units are the grid's diagonal. Integers add up without error in any
//! order, so the number of steps to the way out is known beforehand, all instruction sets agree to the bit, and a
//! step costs a few cycles. Two crossings of cell faces less than about 1e-7 voxel apart may count as one: the ray
//! then goes through the edge, and the voxel it would cross over that distance is left out.

use super::CameraPose;
use crate::voxel::VoxelGrid;

/// Rays in a packet: the 32-bit lanes of a 512-bit register.
pub(super) const LANES: usize = 16;

/// Steps a packet marches before its rays are asked whether they go on: fewer cost more questions, more cost more
/// steps of rays that are out.
pub(super) const STRIDE: usize = 6;

/// A time no ray reaches inside the grid.
const NEVER: f64 = 2_147_483_648.0;

/// Direction components below this, in voxels per metre of depth, run parallel to the faces.
const PARALLEL: f64 = 1e-12;

/// Adding 2⁵² leaves the nearest integer in the low bits of the mantissa.
const ROUND: f64 = 4_503_599_627_370_496.0;

/// One value per ray.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Lanes<T>(pub [T; LANES]);

impl<T: Copy + Default> Lanes<T> {
    /// One value per lane, by a loop that is always inlined: see [`per_axis`].
    #[inline(always)]
    pub fn from_fn(value: impl Fn(usize) -> T) -> Self {
        let mut lanes = Self([T::default(); LANES]);
        for lane in 0..LANES {
            lanes.0[lane] = value(lane);
        }
        lanes
    }
}

/// The voxels that the rays cross in [`STRIDE`] steps: `[step][ray]`, nearest first.
pub(super) type Crossings = [Lanes<u32>; STRIDE];

/// The grid as the camera sees it, in voxels; axes x, y, z.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImageGeometry {
    /// Camera position measured from the grid's lowest corner.
    origin: [f64; 3],
    forward: [f64; 3],
    right: [f64; 3],
    up: [f64; 3],
    cells: f64,
    units_per_depth: f64,
}

impl ImageGeometry {
    pub fn new(grid: &VoxelGrid, pose: &CameraPose) -> Self {
        let n = f64::from(grid.cells_per_axis());
        let per_metre = 1.0 / grid.voxel_size_m();
        let in_voxels = |vector: glam::DVec3| (vector * per_metre).to_array();
        // A unit of depth is at least a metre of ray, so no ray in the grid lasts longer than the diagonal; the
        // margin is for rounding, half a unit for each of at most 64 steps.
        let units_per_depth = (NEVER - 1024.0) / (n * grid.voxel_size_m() * 3.0_f64.sqrt());
        Self {
            origin: in_voxels(pose.position_m).map(|o| o + 0.5 * n),
            forward: in_voxels(pose.forward),
            right: in_voxels(pose.right),
            up: in_voxels(pose.up),
            cells: n,
            units_per_depth,
        }
    }
}

/// Sixteen rays on their way through the grid.
#[derive(Debug, Clone)]
pub(super) struct RayPacket {
    /// Time of the next crossing of a face across x, y and z.
    next: [Lanes<u32>; 3],
    /// Time between two crossings of such faces.
    period: [Lanes<u32>; 3],
    /// Change of the voxel's index at such a crossing, modulo 2³².
    stride: [Lanes<u32>; 3],
    voxel: Lanes<u32>,
    now: Lanes<u32>,
    /// Time at which the ray leaves the grid; 0 for a ray that misses it.
    exit: Lanes<u32>,
}

/// The part of a ray's start that belongs to one axis.
struct AxisStart {
    cell: f64,
    next: f64,
    period: f64,
    exit: f64,
}

impl RayPacket {
    pub fn new() -> Self {
        let zeros = Lanes([0; LANES]);
        Self { next: [zeros; 3], period: [zeros; 3], stride: [zeros; 3], voxel: zeros, now: zeros, exit: zeros }
    }

    /// Places the rays with image offsets `x` and `y` (at unit distance) at their entry into the grid, or at the
    /// camera if that is inside. Only rays marked by all ones in `live` count.
    #[inline(always)]
    pub fn enter(&mut self, geometry: &ImageGeometry, x: &Lanes<f64>, y: &Lanes<f64>, live: &Lanes<u32>) {
        let n = geometry.cells;
        let axis_stride = [(n * n) as u32, n as u32, 1];
        for (lane, (&x, &y)) in x.0.iter().zip(&y.0).enumerate() {
            let direction: [f64; 3] = per_axis(|k| geometry.forward[k] + y * geometry.up[k] + x * geometry.right[k]);
            let span: [_; 3] = per_axis(|k| slab(geometry.origin[k], direction[k], n));
            let enter = max(max(span[0].0, span[1].0), max(span[2].0, 0.0));
            let leave = min(min(span[0].1, span[1].1), span[2].1);
            let start: [AxisStart; 3] =
                per_axis(|k| axis_start(geometry, geometry.origin[k], direction[k], span[k].0, enter));
            let inside = start.iter().fold(true, |all, s| all & (s.cell >= 0.0) & (s.cell < n));
            let meets = (enter < leave) & inside & (live.0[lane] != 0);
            let exit = min(min(start[0].exit, start[1].exit), min(start[2].exit, NEVER));
            let cell: [f64; 3] = per_axis(|k| clamp(start[k].cell, n - 1.0));
            self.voxel.0[lane] = to_u32((cell[0] * n + cell[1]) * n + cell[2]);
            self.exit.0[lane] = if meets { to_u32(exit) } else { 0 };
            self.now.0[lane] = 0;
            for k in 0..3 {
                self.next[k].0[lane] = to_u32(start[k].next);
                self.period[k].0[lane] = to_u32(start[k].period);
                let stride = axis_stride[k];
                self.stride[k].0[lane] = if direction[k] > 0.0 { stride } else { stride.wrapping_neg() };
            }
        }
    }

    /// The rays that meet the grid, the first in the lowest bit.
    #[inline(always)]
    pub fn meeting(&self) -> u32 {
        bits_where(|lane| self.exit.0[lane] > 0)
    }

    /// Marches every ray [`STRIDE`] voxels on; rays that have left the grid stay in the voxel `outside`.
    #[inline(always)]
    pub fn march(&mut self, outside: u32, crossings: &mut Crossings) {
        let Self { next: [next_x, next_y, next_z], period, stride, voxel, now, exit } = self;
        for step in crossings {
            for lane in 0..LANES {
                let (tx, ty, tz) = (next_x.0[lane], next_y.0[lane], next_z.0[lane]);
                let inside = now.0[lane] < exit.0[lane];
                step.0[lane] = if inside { voxel.0[lane] } else { outside };
                // Times go on beyond the way out and may wrap: a ray that is out stays out.
                exit.0[lane] = if inside { exit.0[lane] } else { 0 };
                let time = tx.min(ty).min(tz);
                now.0[lane] = time;
                // Faces reached at the same time are crossed together: through the edge or corner, not beside it.
                let (x, y, z) = (all_ones_if(tx == time), all_ones_if(ty == time), all_ones_if(tz == time));
                next_x.0[lane] = tx.wrapping_add(period[0].0[lane] & x);
                next_y.0[lane] = ty.wrapping_add(period[1].0[lane] & y);
                next_z.0[lane] = tz.wrapping_add(period[2].0[lane] & z);
                let along_x = voxel.0[lane].wrapping_add(stride[0].0[lane] & x);
                let along_y = (stride[1].0[lane] & y).wrapping_add(stride[2].0[lane] & z);
                voxel.0[lane] = along_x.wrapping_add(along_y);
            }
        }
    }
}

/// Depths at which a ray enters and leaves the space between the two outer faces across one axis.
#[inline(always)]
fn slab(origin: f64, direction: f64, n: f64) -> (f64, f64) {
    let parallel = direction.abs() < PARALLEL;
    let inverse = 1.0 / if parallel { 1.0 } else { direction };
    let (low, high) = (-origin * inverse, (n - origin) * inverse);
    let ahead = direction > 0.0;
    let (near, far) = if ahead { (low, high) } else { (high, low) };
    let between = (origin >= 0.0) & (origin < n);
    let near_if_parallel = if between { f64::NEG_INFINITY } else { f64::INFINITY };
    (if parallel { near_if_parallel } else { near }, if parallel { f64::INFINITY } else { far })
}

/// First cell and times of a ray that enters the grid at depth `enter` and this axis's slab at depth `near`.
#[inline(always)]
fn axis_start(geometry: &ImageGeometry, origin: f64, direction: f64, near: f64, enter: f64) -> AxisStart {
    let n = geometry.cells;
    let parallel = direction.abs() < PARALLEL;
    let inverse = 1.0 / if parallel { 1.0 } else { direction };
    let ahead = direction > 0.0;
    let sign = if ahead { 1.0 } else { -1.0 };

    // Through an outer face the first cell is known; a rounded position there would fall outside half of the time.
    let by_position = floor(clamp(origin + direction * enter, n - 0.5));
    let at_face = if ahead { 0.0 } else { n - 1.0 };
    let cell = if near == enter { at_face } else { by_position };

    let plane = cell + if ahead { 1.0 } else { 0.0 };
    let units = geometry.units_per_depth;
    let first = round(clamp(((plane - origin) * inverse - enter) * units, NEVER));
    let every = round(clamp(inverse.abs() * units, NEVER));
    let period = if parallel { NEVER } else { max(every, 1.0) };
    let first = if parallel { NEVER } else { first };

    // A ray that starts on a face it is about to cross is already beyond it.
    let crossed = first == 0.0;
    let cell = if crossed { cell + sign } else { cell };
    let next = if crossed { period } else { first };
    let cells_left = if ahead { n - 1.0 - cell } else { cell };
    AxisStart { cell, next, period, exit: next + cells_left * period }
}

/// `std::array::from_fn` is not always inlined, and then its closure is compiled for the oldest processors.
#[inline(always)]
fn per_axis<T>(value: impl Fn(usize) -> T) -> [T; 3] {
    [value(0), value(1), value(2)]
}

/// Maximum without the care for NaN of `f64::max`, which costs vector code two more operations.
#[inline(always)]
fn max(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline(always)]
fn min(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// Into `0..=high`; NaN becomes 0.
#[inline(always)]
fn clamp(value: f64, high: f64) -> f64 {
    min(max(value, 0.0), high)
}

/// Nearest integer of a number in `0..2⁵¹`.
#[inline(always)]
fn round(value: f64) -> f64 {
    (value + ROUND) - ROUND
}

/// Largest integer not above a number in `0..2⁵¹`; the library's needs a call on processors without SSE 4.1.
#[inline(always)]
fn floor(value: f64) -> f64 {
    let nearest = round(value);
    if nearest > value { nearest - 1.0 } else { nearest }
}

/// The low 32 bits of an integer in `0..2⁵¹`.
#[inline(always)]
fn to_u32(value: f64) -> u32 {
    (value + ROUND).to_bits() as u32
}

/// One bit per lane, the first in the lowest; in two loops, of which the first goes into vector lanes.
#[inline(always)]
pub(super) fn bits_where(condition: impl Fn(usize) -> bool) -> u32 {
    let bits = Lanes::from_fn(|lane| u32::from(condition(lane)) << lane);
    bits.0.iter().fold(0, |all, bit| all | bit)
}

#[inline(always)]
pub(super) fn all_ones_if(condition: bool) -> u32 {
    if condition { u32::MAX } else { 0 }
}

#[cfg(test)]
mod tests {
    use glam::DVec3;
    use proptest::prelude::*;

    use super::*;
    use crate::sensor::by_sorting;
    use crate::voxel::VoxelIndex;

    /// The voxels that one ray crosses.
    fn march(grid: &VoxelGrid, position_m: DVec3, direction: DVec3) -> Vec<VoxelIndex> {
        let forward = direction.normalize();
        let right = forward.any_orthonormal_vector();
        let pose = CameraPose { position_m, right, up: right.cross(forward), forward };
        let mut packet = RayPacket::new();
        let centre = Lanes([0.0; LANES]);
        let live = Lanes::from_fn(|lane| all_ones_if(lane == 0));
        packet.enter(&ImageGeometry::new(grid, &pose), &centre, &centre, &live);
        let outside = grid.len() as u32;
        let mut voxels = Vec::new();
        let mut crossings: Crossings = [Lanes([0; LANES]); STRIDE];
        assert!(packet.meeting() <= 1, "only one lane is in use");
        while packet.meeting() != 0 {
            packet.march(outside, &mut crossings);
            voxels.extend(crossings.iter().map(|step| step.0[0]).take_while(|&v| v != outside).map(VoxelIndex));
        }
        assert!(voxels.len() <= 3 * grid.cells_per_axis() as usize - 2);
        voxels
    }

    fn row_along_x(grid: &VoxelGrid, y: u32, z: u32) -> Vec<VoxelIndex> {
        (0..grid.cells_per_axis()).map(|x| grid.index(x, y, z)).collect()
    }

    fn reversed(mut voxels: Vec<VoxelIndex>) -> Vec<VoxelIndex> {
        voxels.reverse();
        voxels
    }

    #[test]
    fn rays_along_the_axes_cross_one_row_from_both_ends() {
        let grid = VoxelGrid::default();
        let row = row_along_x(&grid, 12, 3);
        // Zero components of both signs.
        for zero in [0.0, -0.0] {
            let ahead = march(&grid, DVec3::new(-50.0, 2.5, -6.5), DVec3::new(1.0, zero, zero));
            let back = march(&grid, DVec3::new(50.0, 2.5, -6.5), DVec3::new(-1.0, zero, -zero));
            assert_eq!(ahead, row);
            assert_eq!(back, reversed(row.clone()));
        }
    }

    #[test]
    fn a_ray_in_the_plane_between_voxels_takes_the_upper_ones_either_way() {
        let grid = VoxelGrid::default();
        let row = row_along_x(&grid, 12, 3);
        assert_eq!(march(&grid, DVec3::new(-50.0, 2.0, -7.0), DVec3::X), row);
        assert_eq!(march(&grid, DVec3::new(50.0, 2.0, -7.0), DVec3::NEG_X), reversed(row));
        // The lower outer face belongs to the grid, the upper one does not.
        assert_eq!(march(&grid, DVec3::new(-50.0, -10.0, 0.5), DVec3::X).len(), 20);
        assert!(march(&grid, DVec3::new(-50.0, 10.0, 0.5), DVec3::X).is_empty());
    }

    #[test]
    fn the_space_diagonal_crosses_the_diagonal_voxels_alone() {
        let grid = VoxelGrid::default();
        let diagonal: Vec<_> = (0..20).map(|k| grid.index(k, k, k)).collect();
        assert_eq!(march(&grid, DVec3::splat(-32.0), DVec3::ONE), diagonal);
        assert_eq!(march(&grid, DVec3::splat(32.0), DVec3::NEG_ONE), reversed(diagonal));
    }

    #[test]
    fn rays_beside_or_behind_the_grid_miss_it() {
        let grid = VoxelGrid::default();
        assert!(march(&grid, DVec3::new(-50.0, 10.5, 0.0), DVec3::X).is_empty());
        assert!(march(&grid, DVec3::new(50.0, 0.5, 0.5), DVec3::X).is_empty());
        assert!(march(&grid, DVec3::new(50.0, 40.0, 0.5), DVec3::new(-1.0, 0.2, 0.0)).is_empty());
    }

    #[test]
    fn a_ray_that_starts_inside_or_on_a_face_crosses_what_lies_ahead() {
        let grid = VoxelGrid::default();
        let row = row_along_x(&grid, 10, 10);
        let start = |x: f64| DVec3::new(x, 0.5, 0.5);
        assert_eq!(march(&grid, start(3.5), DVec3::X), row[13..]);
        assert_eq!(march(&grid, start(3.5), DVec3::NEG_X), reversed(row[..14].to_vec()));
        // On the face between voxels 12 and 13, and on both outer faces.
        assert_eq!(march(&grid, start(3.0), DVec3::X), row[13..]);
        assert_eq!(march(&grid, start(3.0), DVec3::NEG_X), reversed(row[..13].to_vec()));
        assert_eq!(march(&grid, start(-10.0), DVec3::X), row);
        assert_eq!(march(&grid, start(10.0), DVec3::NEG_X), reversed(row));
        assert!(march(&grid, start(-10.0), DVec3::NEG_X).is_empty());
        assert!(march(&grid, start(10.0), DVec3::X).is_empty());
    }

    fn share_a_face(grid: &VoxelGrid, pair: &[VoxelIndex]) -> bool {
        grid.neighbours(pair[0]).contains(&Some(pair[1]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn marching_crosses_the_voxels_that_sorting_finds(
            n in 8_u32..=64,
            size in 0.05_f64..20.0,
            from in prop::array::uniform3(-3.0_f64..3.0),
            towards in prop::array::uniform3(-1.0_f64..1.0),
        ) {
            let grid = VoxelGrid::new(n, size).unwrap();
            let (position, aim) = (DVec3::from(from) * grid.half_extent_m(), DVec3::from(towards) * grid.half_extent_m());
            let expected = by_sorting::ray(&grid, position, aim - position);
            prop_assume!(!expected.ambiguous);
            let voxels = march(&grid, position, aim - position);
            prop_assert_eq!(&voxels, &expected.voxels);
            prop_assert!(voxels.windows(2).all(|pair| share_a_face(&grid, pair)));
        }

        #[test]
        fn a_reversed_ray_crosses_the_same_voxels_in_reverse(
            from in prop::array::uniform3(-60.0_f64..60.0),
            towards in prop::array::uniform3(-10.0_f64..10.0),
        ) {
            let grid = VoxelGrid::default();
            let (start, aim) = (DVec3::from(from), DVec3::from(towards));
            let end = aim + (aim - start).normalize() * 100.0;
            prop_assume!(start.abs().max_element() > 10.0 && !by_sorting::ray(&grid, start, end - start).ambiguous);
            prop_assert_eq!(march(&grid, start, end - start), reversed(march(&grid, end, start - end)));
        }
    }
}
