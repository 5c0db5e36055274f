//! Folders of a training run in which one file is not what was written.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use bevy_proxops::mission::Scenario;
use bevy_proxops::network::NetworkDevice;
use bevy_proxops::training::{TrainingConfig, TrainingRun};

use super::Target;
use super::files::{sealed_again, small_network};

fn small_training() -> TrainingConfig {
    let text = "(name: \"small\", steps: 3, camera: (pixels: 8), grid: (cells_per_axis: 8, voxel_size_m: 2.5))";
    let mut config = TrainingConfig {
        scenario: Scenario::from_ron_str(text, "small").expect("a valid scenario"),
        network: small_network(),
        episodes_per_cycle: 2,
        parallel: 2,
        learning_steps_per_cycle: 1,
        evaluate_every: 0,
        ..TrainingConfig::default()
    };
    config.search.simulations = 4;
    config
}

/// Every file of the run but its lock, smallest first.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the run's folder").flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// The folder of a training run with one other file: the run is resumed, or the message names the run.
pub fn checkpoints() -> Target {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    let mut training =
        TrainingRun::start(small_training(), &run, &NetworkDevice::Cpu, None).expect("a small training can be started");
    training.run_cycle(&mut |_| ControlFlow::Continue(())).expect("a small cycle");
    drop(training);

    let files = files_of(&run);
    assert!(files.len() > 4, "{files:?}");
    let read = |file: &PathBuf| fs::read(file).expect("a file of the run");
    let files: Vec<(PathBuf, Vec<u8>)> = files.into_iter().map(|file| (file.clone(), read(&file))).collect();
    // The number of the file, whether it gets a right checksum again, and its content.
    let seeds = files
        .iter()
        .zip(0..)
        .flat_map(|((_, content), number)| [0, 1].map(|is_sealed| [&[number, is_sealed][..], content].concat()));
    let seeds = seeds.collect();

    let check = move |input: &[u8]| {
        let [number, is_sealed, content @ ..] = input else { return };
        let (file, original) = &files[usize::from(*number) % files.len()];
        let changed = if *is_sealed == 1 { sealed_again(content.to_vec()) } else { content.to_vec() };
        fs::write(file, changed).expect("the run's folder can be written to");
        if let Err(error) = TrainingRun::resume(&folder.path().join("run"), None, &NetworkDevice::Cpu) {
            assert!(error.to_string().contains("run"), "the message names no file: {error}");
        }
        fs::write(file, original).expect("the run's folder can be written to");
    };
    Target { seeds, check: Box::new(check) }
}
