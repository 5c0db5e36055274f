//! MagicaVoxel scenes. The editor's z points up: its x, y, z become R, T, N, so that up is the orbit normal.
//!
//! | module | holds |
//! |---|---|
//! | `chunks` | the chunks of a file, nesting and lengths checked before anything else is looked at |
//! | `reader` | the fields of a chunk |
//! | `file` | models, nodes of the scene and hidden layers |
//! | `placement` | where an object stands: turned, mirrored and moved |
//! | `scene` | the objects of a scene, one after the other |
//! | `fill` | the chosen objects put into a grid |
//!
//! A file is hostile until proved otherwise. Nothing recurses, no count in the file allocates before its bytes are
//! there, and voxels are never copied: reading takes at most four times the file, which is itself limited.

mod chunks;
mod file;
mod fill;
mod placement;
mod reader;
mod scene;
#[cfg(test)]
mod test_files;
#[cfg(test)]
mod tests;

use std::path::Path;

use self::fill::filled;
use super::{LoadedTarget, ModelFit, ObjectChoice, TargetError};
use crate::files;
use crate::voxel::VoxelGrid;

/// Larger files are refused unread. A full 256³ model takes 4 bytes a voxel, 64 MiB.
const LARGEST_FILE_BYTES: u64 = 80 * 1024 * 1024;

const COMSAT: &[u8] = include_bytes!("../../../assets/targets/comsat.vox");
const SPACE_TELESCOPE: &[u8] = include_bytes!("../../../assets/targets/space_telescope.vox");
const UPPER_STAGE: &[u8] = include_bytes!("../../../assets/targets/upper_stage.vox");

/// Which objects of a file, and what if they do not fit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Request<'a> {
    /// `None` for those shown.
    pub object: Option<&'a ObjectChoice>,
    pub fit: ModelFit,
}

/// What is wrong with a file, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    Malformed(String),
    Limit { what: &'static str, value: u64, limit: u64 },
    NoSolidVoxel,
    LargerThanGrid { extent: [u64; 3] },
    UnknownObject { wanted: String, present: String },
}

impl Fault {
    fn malformed(reason: &str) -> Self {
        Self::Malformed(reason.to_owned())
    }

    fn of(self, path: &str, grid: &VoxelGrid) -> TargetError {
        let path = path.to_owned();
        match self {
            Self::Malformed(reason) => TargetError::NotVox { path, reason },
            Self::Limit { what, value, limit } => TargetError::FileLimit { path, what, value, limit },
            Self::NoSolidVoxel => TargetError::Empty { path },
            Self::LargerThanGrid { extent } => {
                TargetError::LargerThanGrid { path, extent, cells_per_axis: grid.cells_per_axis() }
            }
            Self::UnknownObject { wanted, present } => TargetError::UnknownObject { path, wanted, present },
        }
    }
}

pub(super) fn embedded(grid: &VoxelGrid, name: &str) -> Result<LoadedTarget, TargetError> {
    let bytes = match name {
        "comsat" => COMSAT,
        "space_telescope" => SPACE_TELESCOPE,
        "upper_stage" => UPPER_STAGE,
        _ => return Err(TargetError::UnknownName { name: name.to_owned() }),
    };
    let mut loaded = from_bytes(grid, bytes, &format!("{name}.vox (shipped)"), Request::default())?;
    loaded.description.name = name.to_owned();
    Ok(loaded)
}

pub(super) fn from_file(grid: &VoxelGrid, path: &Path, request: Request) -> Result<LoadedTarget, TargetError> {
    let name = path.display().to_string();
    let bytes = files::read(path, LARGEST_FILE_BYTES)
        .map_err(|error| TargetError::Unreadable { path: name.clone(), reason: error.to_string() })?;
    from_bytes(grid, &bytes, &name, request)
}

fn from_bytes(grid: &VoxelGrid, bytes: &[u8], path: &str, request: Request) -> Result<LoadedTarget, TargetError> {
    let mut loaded = filled(grid, bytes, request).map_err(|fault| fault.of(path, grid))?;
    loaded.description.name = path.to_owned();
    Ok(loaded)
}
