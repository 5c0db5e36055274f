//! `.vox` files that are missing or are none, named in a scenario file.

use std::fs;
use std::path::Path;

use proxops_core::mission::{Mission, Scenario};

/// A case file: see `tests/cases/README.md`.
fn case(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).expect("a case file")
}

/// The mission of a target file, `options` following its path.
fn mission_of(contents: &[u8], options: &str) -> Result<Mission, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("target.vox"), contents).expect("a writable folder");
    mission_with(folder.path(), options)
}

/// A scenario file in `folder` whose target is the file `target.vox` beside it.
fn mission_beside(folder: &Path) -> Result<Mission, String> {
    mission_with(folder, "")
}

fn mission_with(folder: &Path, options: &str) -> Result<Mission, String> {
    let path = folder.join("mine.ron");
    let text = format!("Scenario(target: Vox(path: \"target.vox\"{options}), grid: (cells_per_axis: 24))");
    fs::write(&path, text).expect("a writable folder");
    let scenario = Scenario::load(&path).map_err(|error| error.to_string())?;
    Mission::new(scenario, None).map_err(|error| error.to_string())
}

fn refused(contents: Option<&[u8]>) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if let Some(contents) = contents {
        fs::write(folder.path().join("target.vox"), contents).expect("a writable folder");
    }
    let message = mission_beside(folder.path()).expect_err("the target is wrong");
    assert!(message.starts_with(&folder.path().join("mine.ron").display().to_string()), "{message}");
    assert!(message.contains("target.vox"), "{message}");
    message
}

#[test]
fn a_missing_vox_file_is_named_with_its_scenario() {
    refused(None);
}

#[test]
fn a_file_that_is_no_vox_is_refused() {
    assert!(refused(Some(b"solid teapot")).contains(".vox"));
    assert!(refused(Some(b"")).contains(".vox"));
    assert!(refused(Some(b"VOX \x96\x00\x00\x00MAIN")).contains(".vox"));
}

#[test]
fn a_vox_path_counts_from_the_folder_of_its_scenario() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/targets/comsat.vox");
    fs::copy(shipped, folder.path().join("target.vox")).expect("a readable asset");
    assert!(mission_beside(folder.path()).expect("a valid mission").truth().count() > 100);
}

#[test]
fn a_truncated_vox_never_panics() {
    let shipped =
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/targets/comsat.vox")).expect("a readable asset");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for length in (0..shipped.len()).step_by(shipped.len() / 50 + 1) {
        fs::write(folder.path().join("target.vox"), &shipped[..length]).expect("a writable folder");
        if let Err(message) = mission_beside(folder.path()) {
            assert!(message.contains("target.vox"), "{message}");
        }
    }
}

#[test]
fn a_satellite_of_three_objects_has_its_panels_on_both_sides() {
    let mission = mission_of(&case("satellite_three_objects.vox"), "").expect("a valid mission");
    let target = mission.target();
    assert_eq!((target.objects, target.voxels, target.span), (3, 156, [6, 24, 4]));
    let panel_cells = |along_t: std::ops::Range<u32>| {
        let grid = *mission.grid();
        mission.truth().occupied().filter(|voxel| along_t.contains(&grid.coordinates(*voxel)[1])).count()
    };
    assert_eq!((panel_cells(0..10), panel_cells(10..14), panel_cells(14..24)), (30, 96, 30));
}

#[test]
fn a_scene_too_long_for_its_grid_is_refused_or_fitted_as_the_scenario_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("target.vox"), case("satellite_three_objects.vox")).expect("a writable folder");
    let mission = |fit: &str| {
        let text = format!("(target: Vox(path: \"target.vox\"{fit}), grid: (cells_per_axis: 20))");
        let path = folder.path().join("mine.ron");
        fs::write(&path, text).expect("a writable folder");
        Mission::new(Scenario::load(&path).expect("a scenario"), None).map_err(|error| error.to_string())
    };
    let message = mission("").expect_err("24 voxels do not fit 20");
    assert!(
        message.contains("[6, 24, 4]") && message.contains("at most 20") && message.contains("Shrink"),
        "{message}"
    );
    assert_eq!(mission(", fit: Shrink").expect("fits").target().shrunk_by, 2);
    assert_eq!(mission(", fit: Crop").expect("fits").target().cropped_voxels, 12);
}

#[test]
fn an_empty_first_model_hides_no_other() {
    let mission = mission_of(&case("first_empty.vox"), "").expect("a valid mission");
    assert_eq!((mission.target().voxels, mission.target().span), (96, [6, 4, 4]));
}

#[test]
fn colour_zero_is_nothing() {
    assert_eq!(mission_of(&case("colour_zero.vox"), "").expect("a valid mission").target().voxels, 2);
}

#[test]
fn one_object_is_flown_alone_and_an_unknown_one_lists_those_there_are() {
    let satellite = case("satellite_three_objects.vox");
    let mission = mission_of(&satellite, ", object: Number(2)").expect("a valid mission");
    assert_eq!((mission.target().objects, mission.target().voxels), (1, 30));
    let message = mission_of(&satellite, ", object: Name(\"antenna\")").expect_err("no such object");
    assert!(message.contains("antenna") && message.contains("1, 2, 3"), "{message}");
}

#[test]
fn chunks_nested_a_million_deep_are_refused() {
    for levels in [10_u32, 1_000, 1_000_000] {
        let mut bytes = b"VOX \xc8\0\0\0".to_vec();
        for below in (0..levels).rev() {
            bytes.extend(if below + 1 == levels { b"MAIN" } else { b"PACK" });
            bytes.extend([0, 12 * below].iter().flat_map(|length: &u32| length.to_le_bytes()));
        }
        assert!(refused(Some(&bytes)).contains("levels of nested chunks; allowed: at most 4"));
    }
}
