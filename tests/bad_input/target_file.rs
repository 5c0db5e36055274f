//! `.vox` files that are missing or are none, named in a scenario file.

use std::fs;
use std::path::Path;

use bevy_proxops::mission::{Mission, Scenario};

/// A scenario file in `folder` whose target is the file `target.vox` beside it.
fn mission_beside(folder: &Path) -> Result<Mission, String> {
    let path = folder.join("mine.ron");
    fs::write(&path, "Scenario(target: Vox(path: \"target.vox\"))").expect("a writable folder");
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
