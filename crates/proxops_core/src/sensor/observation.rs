use crate::voxel::{VoxelGrid, VoxelIndex};

/// One image: for every voxel the number of rays that reported a hit in it and of rays that passed it.
///
/// Counts do not depend on the order in which rays are cast. The memory is reused from image to image.
#[derive(Debug, Clone)]
pub struct Observation {
    grid: VoxelGrid,
    /// One count per voxel and, last, one for rays that have left the grid.
    pub(super) hits: Vec<u16>,
    pub(super) passes: Vec<u16>,
    pub(super) total_hits: u32,
    pub(super) total_passes: u32,
    pub(super) rays_entering: u32,
}

impl Observation {
    /// Bytes of an image of that grid.
    pub const fn memory_bytes(grid: &VoxelGrid) -> usize {
        2 * (grid.len() + 1) * size_of::<u16>()
    }

    /// An image that saw nothing.
    pub fn new(grid: VoxelGrid) -> Self {
        let zeros = vec![0; grid.len() + 1];
        Self { grid, hits: zeros.clone(), passes: zeros, total_hits: 0, total_passes: 0, rays_entering: 0 }
    }

    /// Forgets all counts; no memory is returned or taken.
    pub fn clear(&mut self) {
        self.hits.fill(0);
        self.passes.fill(0);
        (self.total_hits, self.total_passes, self.rays_entering) = (0, 0, 0);
    }

    /// The grid whose voxels were counted.
    pub const fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// Rays that reported a hit in a voxel.
    pub fn hits(&self, voxel: VoxelIndex) -> u16 {
        self.hits[voxel.as_usize()]
    }

    /// Rays that crossed a voxel without a hit in it.
    pub fn passes(&self, voxel: VoxelIndex) -> u16 {
        self.passes[voxel.as_usize()]
    }

    /// Hits of all voxels in index order, length `n³`.
    pub fn hit_counts(&self) -> &[u16] {
        &self.hits[..self.grid.len()]
    }

    /// Passes of all voxels in index order, length `n³`.
    pub fn pass_counts(&self) -> &[u16] {
        &self.passes[..self.grid.len()]
    }

    /// The voxels with at least one hit or pass, in index order.
    pub fn touched(&self) -> impl Iterator<Item = VoxelIndex> + '_ {
        self.grid.indices().filter(|&voxel| self.hits(voxel) != 0 || self.passes(voxel) != 0)
    }

    /// Hits in all voxels: rays that ended in the grid.
    pub const fn total_hits(&self) -> u32 {
        self.total_hits
    }

    /// Passes through all voxels.
    pub const fn total_passes(&self) -> u32 {
        self.total_passes
    }

    /// Rays that met the grid.
    pub const fn rays_entering(&self) -> u32 {
        self.rays_entering
    }
}

impl PartialEq for Observation {
    fn eq(&self, other: &Self) -> bool {
        let totals = |image: &Self| (image.total_hits, image.total_passes, image.rays_entering);
        self.grid == other.grid
            && totals(self) == totals(other)
            && self.hit_counts() == other.hit_counts()
            && self.pass_counts() == other.pass_counts()
    }
}
