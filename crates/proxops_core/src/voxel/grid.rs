use glam::DVec3;
use serde::{Deserialize, Serialize};

use super::VoxelError;

/// Linear index of a voxel: `(x·n + y)·n + z` with `n` cells per axis, x along R, y along T, z along N.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VoxelIndex(pub u32);

impl VoxelIndex {
    /// The index as a position in a per-voxel array.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// A cube of cubic voxels centred on the target's centre, its axes along R, T and N.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VoxelGrid {
    cells_per_axis: u32,
    voxel_size_m: f64,
}

impl Default for VoxelGrid {
    /// The reference grid: 20³ voxels of 1 m.
    fn default() -> Self {
        Self { cells_per_axis: 20, voxel_size_m: 1.0 }
    }
}

impl VoxelGrid {
    /// Fewest cells along one axis.
    pub const MIN_CELLS_PER_AXIS: u32 = 8;
    /// Most cells along one axis.
    pub const MAX_CELLS_PER_AXIS: u32 = 64;
    /// Longest voxel edge in metres.
    pub const MAX_VOXEL_SIZE_M: f64 = 1.0e6;

    /// A grid of `cells_per_axis`³ voxels with edges of `voxel_size_m`.
    ///
    /// # Errors
    /// [`VoxelError`] if the number of cells is outside 8..=64 or the edge is not positive and finite.
    pub fn new(cells_per_axis: u32, voxel_size_m: f64) -> Result<Self, VoxelError> {
        if !(Self::MIN_CELLS_PER_AXIS..=Self::MAX_CELLS_PER_AXIS).contains(&cells_per_axis) {
            return Err(VoxelError::CellsPerAxis { value: cells_per_axis });
        }
        if !(voxel_size_m > 0.0 && voxel_size_m <= Self::MAX_VOXEL_SIZE_M) {
            return Err(VoxelError::VoxelSize { value: voxel_size_m });
        }
        Ok(Self { cells_per_axis, voxel_size_m })
    }

    /// Cells along each axis.
    pub const fn cells_per_axis(&self) -> u32 {
        self.cells_per_axis
    }

    /// Edge of one voxel in metres.
    pub const fn voxel_size_m(&self) -> f64 {
        self.voxel_size_m
    }

    /// Number of voxels, `n³`.
    #[expect(clippy::len_without_is_empty, reason = "a grid has at least 8³ voxels")]
    pub const fn len(&self) -> usize {
        (self.cells_per_axis as usize).pow(3)
    }

    /// Half the edge of the whole grid in metres.
    pub fn half_extent_m(&self) -> f64 {
        0.5 * f64::from(self.cells_per_axis) * self.voxel_size_m
    }

    /// Index of the voxel at `(x, y, z)`; every coordinate must be below [`cells_per_axis`](Self::cells_per_axis).
    pub const fn index(&self, x: u32, y: u32, z: u32) -> VoxelIndex {
        debug_assert!(x < self.cells_per_axis && y < self.cells_per_axis && z < self.cells_per_axis);
        VoxelIndex((x * self.cells_per_axis + y) * self.cells_per_axis + z)
    }

    /// Cell coordinates `[x, y, z]` along R, T and N.
    pub const fn coordinates(&self, voxel: VoxelIndex) -> [u32; 3] {
        let n = self.cells_per_axis;
        [voxel.0 / (n * n), voxel.0 / n % n, voxel.0 % n]
    }

    /// Centre of a voxel in RTN metres from the grid's centre.
    pub fn centre_m(&self, voxel: VoxelIndex) -> DVec3 {
        let [x, y, z] = self.coordinates(voxel);
        let cell = DVec3::new(f64::from(x), f64::from(y), f64::from(z));
        (cell + DVec3::splat(0.5)) * self.voxel_size_m - DVec3::splat(self.half_extent_m())
    }

    /// The voxel that holds a point given in RTN metres; each voxel owns its lower faces.
    pub fn voxel_at_m(&self, position_rtn_m: DVec3) -> Option<VoxelIndex> {
        let cell = ((position_rtn_m + DVec3::splat(self.half_extent_m())) / self.voxel_size_m).floor();
        let n = f64::from(self.cells_per_axis);
        let inside = cell.to_array().iter().all(|c| (0.0..n).contains(c));
        inside.then(|| self.index(cell.x as u32, cell.y as u32, cell.z as u32))
    }

    /// All voxels in index order.
    pub fn indices(&self) -> impl ExactSizeIterator<Item = VoxelIndex> + use<> {
        (0..self.cells_per_axis.pow(3)).map(VoxelIndex)
    }

    /// The six face neighbours of a voxel; `None` stands for the outside.
    pub fn neighbours(&self, voxel: VoxelIndex) -> [Option<VoxelIndex>; 6] {
        let n = self.cells_per_axis;
        let [x, y, z] = self.coordinates(voxel);
        let (dx, dy, i) = (n * n, n, voxel.0);
        [
            (x > 0).then(|| VoxelIndex(i - dx)),
            (x + 1 < n).then(|| VoxelIndex(i + dx)),
            (y > 0).then(|| VoxelIndex(i - dy)),
            (y + 1 < n).then(|| VoxelIndex(i + dy)),
            (z > 0).then(|| VoxelIndex(i - 1)),
            (z + 1 < n).then(|| VoxelIndex(i + 1)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_outside_8_to_64_and_lengths_that_are_no_lengths_are_rejected() {
        for cells in [0, 7, 65, u32::MAX] {
            assert_eq!(VoxelGrid::new(cells, 1.0), Err(VoxelError::CellsPerAxis { value: cells }));
        }
        for size in [0.0, -1.0, f64::NAN, f64::INFINITY, 2e6] {
            assert!(matches!(VoxelGrid::new(20, size), Err(VoxelError::VoxelSize { .. })), "{size}");
        }
        let message = VoxelGrid::new(7, 1.0).unwrap_err().to_string();
        assert_eq!(message, "grid.cells_per_axis is 7; allowed: 8 to 64");
    }

    #[test]
    fn voxel_x_y_z_of_the_reference_grid_spans_x_minus_10_to_x_minus_9_metres() {
        let grid = VoxelGrid::default();
        assert_eq!(grid.index(2, 3, 4), VoxelIndex(2 * 400 + 3 * 20 + 4));
        assert_eq!(grid.centre_m(grid.index(2, 3, 4)), DVec3::new(-7.5, -6.5, -5.5));
        assert_eq!(grid.voxel_at_m(DVec3::new(-10.0, 9.999, 0.0)), Some(grid.index(0, 19, 10)));
        assert_eq!(grid.voxel_at_m(DVec3::new(10.0, 0.0, 0.0)), None);
        assert_eq!(grid.voxel_at_m(DVec3::new(f64::NAN, 0.0, 0.0)), None);
    }

    proptest! {
        #[test]
        fn index_coordinates_and_centre_agree(n in 8_u32..=64, size in 0.01_f64..10.0, seed in any::<u32>()) {
            let grid = VoxelGrid::new(n, size).unwrap();
            let voxel = VoxelIndex(seed % grid.len() as u32);
            let [x, y, z] = grid.coordinates(voxel);
            prop_assert_eq!(grid.index(x, y, z), voxel);
            prop_assert_eq!(grid.voxel_at_m(grid.centre_m(voxel)), Some(voxel));
            for neighbour in grid.neighbours(voxel).into_iter().flatten() {
                let gap = (grid.centre_m(neighbour) - grid.centre_m(voxel)).length();
                prop_assert!((gap - size).abs() < 1e-9 * size.max(1.0));
            }
        }
    }
}
