//! Target files and weights files.

use std::path::Path;

use bevy_proxops::mission::Seed;
use bevy_proxops::network::{NetworkWeights, PolicyValueNetConfig};
use bevy_proxops::shape::{ModelFit, ObjectChoice, TargetShape};
use bevy_proxops::voxel::VoxelGrid;

use super::Target;

/// A `.vox` file: a target is built from it, or the message names the file.
pub fn vox() -> Target {
    let seeds = [
        &include_bytes!("../../../crates/proxops_core/assets/targets/comsat.vox")[..],
        include_bytes!("../../../crates/proxops_core/assets/targets/space_telescope.vox"),
        include_bytes!("../../../crates/proxops_core/assets/targets/upper_stage.vox"),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let grid = VoxelGrid::new(20, 1.0).expect("a grid of 20 cells is valid");

    let check = move |input: &[u8]| {
        let path = folder.path().join("model.vox");
        std::fs::write(&path, input).expect("the temporary folder can be written to");
        let shape = TargetShape::Vox { path, object: ObjectChoice::default(), fit: ModelFit::default() };
        match shape.load(&grid, None) {
            Ok(loaded) => assert!(loaded.occupancy.count() > 0, "a target without a voxel"),
            Err(error) => assert!(error.to_string().contains("model.vox"), "the message names no file: {error}"),
        }
    };
    Target { seeds: seeds.map(<[u8]>::to_vec).to_vec(), check: Box::new(check) }
}

/// Length of the header of a sealed file, and the places of length and checksum in it.
const HEADER: usize = 28;
const LENGTH: std::ops::Range<usize> = 16..24;
const CHECKSUM: std::ops::Range<usize> = 24..28;

/// The file with length and checksum of the content that it has now: what else is wrong with it is met only then.
pub fn sealed_again(mut file: Vec<u8>) -> Vec<u8> {
    if let Some(content) = file.get(HEADER..) {
        let (length, checksum) = (content.len() as u64, crc32fast::hash(content));
        file[LENGTH].copy_from_slice(&length.to_le_bytes());
        file[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
    }
    file
}

/// The smallest network there is.
pub fn small_network() -> PolicyValueNetConfig {
    PolicyValueNetConfig::compact().with_cells_per_axis(8)
}

fn small_weights() -> Vec<u8> {
    NetworkWeights::untrained(&small_network(), Seed(1)).expect("a network of 8 cells is valid").to_bytes()
}

fn used_or_refused(input: &[u8]) {
    match NetworkWeights::from_bytes(Path::new("some.bin"), input) {
        Ok(weights) => {
            let device = Default::default();
            weights.to_network::<burn::backend::Flex>(&device).expect("weights that are accepted make a network");
        }
        Err(error) => assert!(error.to_string().contains("some.bin"), "the message names no file: {error}"),
    }
}

/// A weights file as it is: a network is built from it, or the message names the file.
pub fn sealed() -> Target {
    Target { seeds: vec![small_weights()], check: Box::new(used_or_refused) }
}

/// A weights file that gets a right checksum again.
///
/// The layers and the beginning of the record, where its structure is, are more worth changing than the many numbers: a short
/// input is a beginning, and the rest is that of a good file.
pub fn weights() -> Target {
    const BEGINNING: usize = 4096;
    let whole = small_weights();
    let (beginning, rest) = whole.split_at(BEGINNING.min(whole.len()));
    let (beginning, rest) = (beginning.to_vec(), rest.to_vec());
    let shortest_whole = whole.len() / 2;

    let check = move |input: &[u8]| {
        let rest = if input.len() < shortest_whole { &rest[..] } else { &[] };
        used_or_refused(&sealed_again([input, rest].concat()));
    };
    Target { seeds: vec![whole, beginning.clone(), beginning], check: Box::new(check) }
}
