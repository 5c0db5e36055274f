//! Target files and weights files.

use std::path::Path;

use bevy_proxops::mission::Seed;
use bevy_proxops::network::{NetworkWeights, PolicyValueNetConfig};
use bevy_proxops::shape::{ModelFit, ObjectChoice, TargetShape};
use bevy_proxops::voxel::VoxelGrid;

use crate::harness::{fuzz, shipped};

#[test]
fn a_vox_file_is_used_or_refused() {
    let seeds = ["comsat", "space_telescope", "upper_stage"]
        .map(|name| shipped(&format!("crates/proxops_core/assets/targets/{name}.vox")));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.vox");
    let grid = VoxelGrid::new(20, 1.0).expect("a grid of 20 cells is valid");
    fuzz("vox", &seeds, 300, |input| {
        std::fs::write(&path, input).expect("the temporary folder can be written to");
        let shape = TargetShape::Vox { path: path.clone(), object: ObjectChoice::default(), fit: ModelFit::default() };
        match shape.load(&grid, None) {
            Ok(loaded) => assert!(loaded.occupancy.count() > 0, "a target without a voxel"),
            Err(error) => assert!(error.to_string().contains("model.vox"), "the message names no file: {error}"),
        }
    });
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

fn used_or_refused(input: &[u8]) {
    match NetworkWeights::from_bytes(Path::new("some.bin"), input) {
        Ok(weights) => {
            let device = Default::default();
            weights.to_network::<burn::backend::Flex>(&device).expect("weights that are accepted make a network");
        }
        Err(error) => assert!(error.to_string().contains("some.bin"), "the message names no file: {error}"),
    }
}

#[test]
fn a_sealed_file_is_used_or_refused() {
    let weights = NetworkWeights::untrained(&small_network(), Seed(1)).expect("a network of 8 cells is valid");
    fuzz("sealed", &[weights.to_bytes()], 60, used_or_refused);
}

#[test]
fn a_weights_file_with_a_right_checksum_is_used_or_refused() {
    let weights = NetworkWeights::untrained(&small_network(), Seed(1)).expect("a network of 8 cells is valid");
    let whole = weights.to_bytes();
    // The layers and the beginning of the record, where its structure is, are changed more often than the many numbers.
    let head = whole[..whole.len().min(4096)].to_vec();
    fuzz("weights", &[whole.clone(), head.clone(), head], 60, |input| {
        let is_head = input.len() < whole.len() / 2;
        let rest = if is_head { &whole[4096.min(whole.len())..] } else { &[] };
        used_or_refused(&sealed_again([input, rest].concat()));
    });
}
