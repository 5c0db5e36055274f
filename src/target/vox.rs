//! MagicaVoxel models. The editor's z points up: its x, y, z become R, T, N, so that up is the orbit normal.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::TargetError;
use crate::voxel::{Occupancy, VoxelGrid};

/// A full 256³ model takes 4 bytes per voxel; the rest of a file is palette and scene.
const LARGEST_FILE_BYTES: u64 = 80 * 1024 * 1024;

const COMSAT: &[u8] = include_bytes!("../../assets/targets/comsat.vox");
const SPACE_TELESCOPE: &[u8] = include_bytes!("../../assets/targets/space_telescope.vox");
const UPPER_STAGE: &[u8] = include_bytes!("../../assets/targets/upper_stage.vox");

pub(super) fn embedded(grid: &VoxelGrid, name: &str) -> Result<Occupancy, TargetError> {
    let bytes = match name {
        "comsat" => COMSAT,
        "space_telescope" => SPACE_TELESCOPE,
        "upper_stage" => UPPER_STAGE,
        _ => return Err(TargetError::UnknownName { name: name.to_owned() }),
    };
    from_bytes(grid, bytes, &format!("{name}.vox (shipped)"))
}

pub(super) fn from_file(grid: &VoxelGrid, path: &Path) -> Result<Occupancy, TargetError> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| TargetError::Unreadable { path: name.clone(), reason: error.to_string() };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // Reads past the limit by one byte instead of asking the size: pipes and devices have none.
    file.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        let bytes = bytes.len() as u64;
        return Err(TargetError::FileTooLarge { path: name, bytes, limit: LARGEST_FILE_BYTES });
    }
    from_bytes(grid, &bytes, &name)
}

fn from_bytes(grid: &VoxelGrid, bytes: &[u8], path: &str) -> Result<Occupancy, TargetError> {
    let not_vox = |reason: &str| TargetError::NotVox { path: path.to_owned(), reason: reason.to_owned() };
    let file = dot_vox::load_bytes(bytes).map_err(not_vox)?;
    let model = file.models.first().ok_or_else(|| not_vox("no model in it"))?;
    let cells: Vec<[u32; 3]> = model.voxels.iter().map(|v| [u32::from(v.x), u32::from(v.y), u32::from(v.z)]).collect();
    centred(grid, &cells, path)
}

/// Puts the middle of the solid voxels' bounding box at the middle of the grid; where that falls between two
/// cells, at the lower one.
fn centred(grid: &VoxelGrid, cells: &[[u32; 3]], path: &str) -> Result<Occupancy, TargetError> {
    let Some(first) = cells.first() else {
        return Err(TargetError::Empty { path: path.to_owned() });
    };
    let (mut low, mut high) = (*first, *first);
    for cell in cells {
        for k in 0..3 {
            low[k] = low[k].min(cell[k]);
            high[k] = high[k].max(cell[k]);
        }
    }
    let extent: [u32; 3] = std::array::from_fn(|k| high[k] - low[k] + 1);
    let cells_per_axis = grid.cells_per_axis();
    if extent.iter().any(|&e| e > cells_per_axis) {
        return Err(TargetError::LargerThanGrid { path: path.to_owned(), extent, cells_per_axis });
    }
    let mut occupancy = Occupancy::empty(*grid);
    for cell in cells {
        let [x, y, z] = std::array::from_fn(|k| cell[k] - low[k] + (cells_per_axis - extent[k]) / 2);
        occupancy.set(grid.index(x, y, z), true);
    }
    Ok(occupancy)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::target::TargetShape;

    fn file_with(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn every_shipped_satellite_fills_its_grid_as_drawn() {
        let grid = VoxelGrid::default();
        for (name, count, extent) in [
            ("comsat", 589, [14, 20, 15]),
            ("space_telescope", 1070, [18, 20, 19]),
            ("upper_stage", 1212, [13, 20, 14]),
        ] {
            let occupancy = embedded(&grid, name).unwrap();
            let span = |k: usize| {
                let along = || occupancy.occupied().map(|v| grid.coordinates(v)[k]);
                along().max().unwrap() - along().min().unwrap() + 1
            };
            assert_eq!((occupancy.count(), [span(0), span(1), span(2)]), (count, extent), "{name}");
        }
    }

    #[test]
    fn a_model_is_centred_with_its_z_axis_along_the_orbit_normal() {
        let grid = VoxelGrid::new(8, 1.0).unwrap();
        let cells = [[30, 40, 50], [30, 40, 51], [30, 40, 52], [30, 40, 53]];
        let occupancy = centred(&grid, &cells, "column").unwrap();
        let expected: Vec<_> = (2..6).map(|z| grid.index(3, 3, z)).collect();
        assert_eq!(occupancy.occupied().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn files_that_are_no_models_are_refused_by_name() {
        let grid = VoxelGrid::default();
        let missing = from_file(&grid, Path::new("no/such/file.vox")).unwrap_err();
        assert!(missing.to_string().contains("no/such/file.vox"), "{missing}");
        for bytes in [&b""[..], b"VOX ", b"PNG and more", &COMSAT[..40], &COMSAT[..COMSAT.len() / 2]] {
            let file = file_with(bytes);
            let error = from_file(&grid, file.path()).unwrap_err();
            assert!(matches!(error, TargetError::NotVox { .. } | TargetError::Empty { .. }), "{error}");
            assert!(error.to_string().contains(file.path().to_str().unwrap()));
        }
        let unknown = embedded(&grid, "teapot").unwrap_err().to_string();
        assert!(unknown.contains("teapot") && unknown.contains("comsat, space_telescope, upper_stage"), "{unknown}");
    }

    #[test]
    fn a_model_larger_than_the_grid_is_refused_with_both_sizes() {
        let grid = VoxelGrid::new(16, 1.0).unwrap();
        let error = embedded(&grid, "comsat").unwrap_err();
        assert!(
            matches!(error, TargetError::LargerThanGrid { extent: [14, 20, 15], cells_per_axis: 16, .. }),
            "{error}"
        );
    }

    #[test]
    fn relative_paths_start_at_the_base_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine.vox"), COMSAT).unwrap();
        let shape = TargetShape::Vox { path: "mine.vox".into() };
        let grid = VoxelGrid::default();
        assert_eq!(shape.occupancy(&grid, Some(folder.path())).unwrap(), embedded(&grid, "comsat").unwrap());
        assert!(shape.occupancy(&grid, None).is_err());
    }

    proptest! {
        #[test]
        fn damaged_files_give_an_error_or_a_shape_and_never_a_panic(
            length in 0..COMSAT.len(),
            damage in prop::collection::vec((0..COMSAT.len(), any::<u8>()), 0..12),
        ) {
            let mut bytes = COMSAT.to_vec();
            for (position, byte) in damage {
                bytes[position] = byte;
            }
            let grid = VoxelGrid::default();
            for damaged in [&bytes[..], &bytes[..length]] {
                if let Ok(occupancy) = from_bytes(&grid, damaged, "damaged.vox") {
                    prop_assert!(occupancy.count() > 0);
                }
            }
        }
    }
}
