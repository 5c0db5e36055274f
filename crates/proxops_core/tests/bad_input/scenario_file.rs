//! Scenario files that cannot be read or are no scenarios.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proxops_core::mission::{EMBEDDED_SCENARIOS, Scenario};
use tempfile::TempDir;

/// A file of the given contents in a folder of its own.
fn file(contents: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mine.ron");
    fs::write(&path, contents).expect("a writable folder");
    (folder, path)
}

fn message_of(path: &Path) -> String {
    Scenario::load(path).expect_err("the scenario is wrong").to_string()
}

/// The message names the file and holds every expected part.
fn assert_refused(contents: impl AsRef<[u8]>, expected: &[&str]) {
    let (_folder, path) = file(contents);
    let message = message_of(&path);
    assert!(message.starts_with(&path.display().to_string()), "{message}");
    for part in expected {
        assert!(message.contains(part), "\"{part}\" is not in: {message}");
    }
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("missing.ron");
    let message = message_of(&path);
    assert!(message.starts_with(&path.display().to_string()) && message.contains("cannot be read"), "{message}");
}

#[test]
fn a_folder_is_no_scenario() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let message = message_of(folder.path());
    assert!(message.ends_with(": scenario file cannot be read: it is a directory, not a file"), "{message}");
}

#[test]
fn an_empty_file_is_refused() {
    assert_refused("", &[":1:1: "]);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_refused([0x28, 0xff, 0xfe, 0x29], &["cannot be read", "UTF-8"]);
}

#[test]
fn a_byte_order_mark_is_read_over() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bom.ron");
    let scenario = Scenario::load(&case).expect("a valid scenario");
    assert_eq!((scenario.name.as_str(), scenario.steps), ("bom", 3));
    assert_eq!(Scenario::from_ron_str("\u{feff}(steps: 4)", "text").expect("a valid scenario").steps, 4);
    // Places are counted from the first visible character.
    assert_refused("\u{feff}(steps: x)", &[":1:8: ", "steps"]);
}

#[test]
fn a_truncated_file_says_where_it_ends() {
    assert_refused(
        "Scenario(\n    steps: 5,\n    sensor: SensorSettings(p_hit_empty: 0.0",
        &[":3:", "sensor.p_hit_empty"],
    );
}

#[test]
fn a_wrong_type_names_line_and_field() {
    assert_refused("Scenario(\n    step_s: \"fast\",\n)", &[":2:", "step_s"]);
    assert_refused("Scenario(\n    steps: -3,\n)", &[":2:", "steps"]);
    assert_refused("Scenario(\n    camera: CameraSettings(pixels: 6.5),\n)", &[":2:", "camera.pixels"]);
    assert_refused("Scenario(\n    start: StartState(a_roe_m: (0.0, 200.0)),\n)", &[":2:", "start.a_roe_m"]);
    assert_refused("Scenario(\n    dynamics: Warp,\n)", &[":2:", "dynamics", "NearCircular", "TwoBody"]);
    assert_refused("Scenario(\n    target: Cube(side_m: \"big\"),\n)", &[":2:", "target.side_m"]);
}

#[test]
fn an_unknown_field_is_named_with_those_there_are() {
    assert_refused("Scenario(\n    stepz: 3,\n)", &[":2:", "stepz", "step_s"]);
    assert_refused("Scenario(\n    camera: CameraSettings(fov: 10.0),\n)", &[":2:", "fov", "fov_deg"]);
    assert_refused("Scenario(\n    reward: RewardSettings(lambda: 1.0),\n)", &[":2:", "lambda", "dv_cost_per_m_s"]);
}

#[test]
fn a_field_given_twice_is_refused() {
    assert_refused("Scenario(\n    steps: 3,\n    steps: 4,\n)", &[":3:", "steps"]);
}

#[test]
fn values_out_of_range_name_file_field_value_and_range() {
    assert_refused("Scenario(step_s: NaN)", &["step_s = NaN", "accepted: 0.001 to 1000000"]);
    assert_refused("Scenario(step_s: inf)", &["step_s = inf", "accepted: "]);
    assert_refused("Scenario(steps: 0)", &["steps = 0", "accepted: 1 to 100000"]);
    assert_refused("Scenario(grid: GridSettings(voxel_size_m: -1.0))", &["grid.voxel_size_m = -1", "accepted: "]);
    assert_refused(
        "Scenario(sensor: SensorSettings(p_hit_occupied: 1.5))",
        &["sensor.p_hit_occupied = 1.5", "below 1"],
    );
    assert_refused(
        "Scenario(sensor: SensorSettings(p_hit_occupied: 0.2, p_hit_empty: 0.3))",
        &["sensor.p_hit_empty = 0.3", "below sensor.p_hit_occupied (0.2)"],
    );
    assert_refused(
        "Scenario(start: StartState(a_roe_m: (0, 3, 0, 0, 0, 0)))",
        &["start.a_roe_m = (0, 3, 0, 0, 0, 0)", "outside the target's grid (± 10 m)"],
    );
}

#[test]
fn deep_nesting_is_refused_without_overflow() {
    assert_refused(format!("Scenario(target: {}", "Some(".repeat(200_000)), &["target"]);
}

proptest! {
    /// Shipped scenarios, cut and spoilt anywhere: an error or a valid scenario, never a panic.
    #[test]
    fn spoilt_scenarios_never_panic(
        which in 0..EMBEDDED_SCENARIOS.len(),
        cut in 0.0..1.0f64,
        place in 0.0..1.0f64,
        insert in "[ -~]{0,6}",
    ) {
        let text = Scenario::embedded_text(EMBEDDED_SCENARIOS[which]).expect("shipped");
        let at = |share: f64, text: &str| {
            let index = (share * text.len() as f64) as usize;
            (0..=index).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
        };
        let cut = &text[..at(cut, text)];
        prop_assert!(Scenario::from_ron_str(cut, "cut").is_err() || !cut.is_empty());
        let mut spoilt = text.to_owned();
        spoilt.insert_str(at(place, text), &insert);
        if let Ok(scenario) = Scenario::from_ron_str(&spoilt, "spoilt") {
            prop_assert!(scenario.validate().is_ok());
        }
    }
}
