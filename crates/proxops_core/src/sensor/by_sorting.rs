//! The voxels of a ray found without marching: all crossings of cell faces sorted, the voxel in the middle of each
//! interval looked up. Slow and simple, for tests to compare with.

use glam::DVec3;

use crate::voxel::{VoxelGrid, VoxelIndex};

/// Crossings closer than this, in voxels, may count as one: see `ray_packet`.
pub(super) const RESOLUTION_VOXELS: f64 = 1e-6;

/// A ray's way through a grid.
pub(super) struct SortedRay {
    /// Nearest first.
    pub voxels: Vec<VoxelIndex>,
    /// Whether some interval is so short that marching may leave its voxel out.
    pub ambiguous: bool,
}

pub(super) fn ray(grid: &VoxelGrid, origin_m: DVec3, direction: DVec3) -> SortedRay {
    let direction = direction.normalize();
    let mut times = vec![0.0];
    for k in (0..3).filter(|&k| direction[k] != 0.0) {
        let plane_m = |i: u32| f64::from(i) * grid.voxel_size_m() - grid.half_extent_m();
        times.extend((0..=grid.cells_per_axis()).map(|i| (plane_m(i) - origin_m[k]) / direction[k]));
    }
    times.retain(|&t| t >= 0.0);
    times.sort_by(f64::total_cmp);
    let mut sorted = SortedRay { voxels: Vec::new(), ambiguous: false };
    for pair in times.windows(2) {
        let middle = origin_m + direction * (0.5 * (pair[0] + pair[1]));
        let short = pair[1] - pair[0] < RESOLUTION_VOXELS * grid.voxel_size_m();
        let near_grid = middle.abs().max_element() < grid.half_extent_m() + 1e-3 * grid.voxel_size_m();
        sorted.ambiguous |= short && near_grid;
        if !short {
            sorted.voxels.extend(grid.voxel_at_m(middle));
        }
    }
    sorted
}
