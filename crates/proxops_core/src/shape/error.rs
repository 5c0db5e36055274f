use super::TargetShape;

/// Why a target shape cannot be put into a grid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// A length of a built-in shape does not fit.
    #[error("target.{field} is {value} m; allowed: {minimum} m (one voxel) to {maximum} m (the grid's edge)")]
    Size {
        /// The field of the shape, as written in a scenario file.
        field: &'static str,
        /// The rejected length in metres.
        value: f64,
        /// One voxel's edge in metres.
        minimum: f64,
        /// The grid's edge in metres.
        maximum: f64,
    },
    /// No shipped satellite has this name.
    #[error("target Embedded(\"{name}\") is unknown; allowed: {}", TargetShape::EMBEDDED.join(", "))]
    UnknownName {
        /// The rejected name.
        name: String,
    },
    /// The file cannot be read.
    #[error("target file {path}: {reason}; allowed: a readable MagicaVoxel .vox file")]
    Unreadable {
        /// The file as it was looked for.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The file is something else than a MagicaVoxel model.
    #[error("target file {path} is not a MagicaVoxel .vox file ({reason}); allowed: format versions 150 and 200")]
    NotVox {
        /// The file.
        path: String,
        /// What the parser met.
        reason: String,
    },
    /// The file holds more of something than any sensible scene.
    #[error("target file {path} has {value} {what}; allowed: at most {limit}")]
    FileLimit {
        /// The file.
        path: String,
        /// What there is too much of.
        what: &'static str,
        /// How much of it there is, as far as it was counted.
        value: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// No object of the scene has this name or number.
    #[error("target file {path} has no object {wanted} (target.object); allowed: a name or number of {present}")]
    UnknownObject {
        /// The file.
        path: String,
        /// The choice, as written in a scenario file.
        wanted: String,
        /// Numbers and names of the objects there are.
        present: String,
    },
    /// The file has no solid voxel that is shown and lies in the grid.
    #[error("target file {path} has no solid voxel that is shown; allowed: at least 1")]
    Empty {
        /// The file.
        path: String,
    },
    /// A solid cell of a shape from code lies outside of the grid.
    #[error("target {name} has a solid cell {cell:?}; allowed: 0 to {} along each axis", cells_per_axis - 1)]
    CellOutside {
        /// What the shape is called.
        name: String,
        /// The cell's coordinates along R, T and N.
        cell: [u32; 3],
        /// The grid's cells along each axis.
        cells_per_axis: u32,
    },
    /// A shape from code has no solid cell.
    #[error("target {name} has no solid cell; allowed: at least 1")]
    NoCells {
        /// What the shape is called.
        name: String,
    },
    /// The model has more voxels along an axis than the grid.
    #[error(
        "target file {path} spans {extent:?} voxels along R, T, N; allowed: at most {cells_per_axis} along each (grid.cells_per_axis), or fit: Shrink or fit: Crop in the target"
    )]
    LargerThanGrid {
        /// The file.
        path: String,
        /// Voxels between the outermost solid ones along R, T and N.
        extent: [u64; 3],
        /// The grid's cells along each axis.
        cells_per_axis: u32,
    },
}
