use super::VoxelGrid;

/// What can be wrong with a grid or a belief.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum VoxelError {
    /// The grid has too few or too many cells.
    #[error(
        "grid.cells_per_axis is {value}; allowed: {} to {}",
        VoxelGrid::MIN_CELLS_PER_AXIS,
        VoxelGrid::MAX_CELLS_PER_AXIS
    )]
    CellsPerAxis {
        /// The rejected number of cells.
        value: u32,
    },
    /// The edge of a voxel is not a positive, finite length.
    #[error("grid.voxel_size_m is {value}; allowed: above 0 and at most {} m", VoxelGrid::MAX_VOXEL_SIZE_M)]
    VoxelSize {
        /// The rejected edge in metres.
        value: f64,
    },
    /// A probability of occupancy is not strictly between 0 and 1.
    #[error("grid.prior is {value}; allowed: above 0 and below 1")]
    Prior {
        /// The rejected probability.
        value: f64,
    },
}
