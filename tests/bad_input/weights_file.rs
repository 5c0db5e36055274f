//! Weights files that are damaged, foreign or made to do harm: one clear error, no panic, and no more memory than they are worth.

use std::fs;
use std::path::{Path, PathBuf};

use bevy_proxops::mission::Seed;
use bevy_proxops::network::{ConvolutionConfig, NetworkWeights, PolicyValueNetConfig};
use tempfile::TempDir;

use crate::memory::most_bytes_allocated;

/// Magic, kind, version, length and checksum.
const HEADER_LEN: usize = 28;
/// Whatever is loaded, no more is allocated at a time.
const MOST_BYTES: usize = 256 << 20;

/// Two convolutions and few numbers, so that many places can be spoilt.
fn small() -> PolicyValueNetConfig {
    let stage = |channels, stride| ConvolutionConfig { channels, stride };
    PolicyValueNetConfig {
        cells_per_axis: 8,
        space_to_depth: 2,
        convolutions: vec![stage(4, 2), stage(4, 1)],
        belief_features: 8,
        orbit_features: 4,
        joint_features: 8,
    }
}

fn sound() -> Vec<u8> {
    NetworkWeights::untrained(&small(), Seed(5)).expect("a valid configuration").to_bytes()
}

/// A file with this content and a header that fits it.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut file = b"BPROXOPSWGHT\x02\x00\x00\x00".to_vec();
    file.extend_from_slice(&(content.len() as u64).to_le_bytes());
    file.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
    file.extend_from_slice(content);
    file
}

/// The record of a sound file behind another configuration.
fn with_config(config: &PolicyValueNetConfig) -> Vec<u8> {
    let sound = sound();
    let length = u32::from_le_bytes(sound[HEADER_LEN..HEADER_LEN + 4].try_into().expect("four bytes")) as usize;
    let config = serde_json::to_vec(config).expect("numbers");
    let mut content = (config.len() as u32).to_le_bytes().to_vec();
    content.extend_from_slice(&config);
    content.extend_from_slice(&sound[HEADER_LEN + 4 + length..]);
    sealed(&content)
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("net.bin");
    fs::write(&path, bytes).expect("a writable folder");
    (folder, path)
}

/// The one-line message, which names the file; little memory was needed to find it.
fn refused(path: &Path) -> String {
    let length = fs::metadata(path).map_or(0, |found| found.len() as usize);
    let (result, bytes) = most_bytes_allocated(|| NetworkWeights::load(path));
    let message = result.expect_err("the file is bad").to_string();
    assert!(message.starts_with(&path.display().to_string()), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    // A message and a list of tensors take their place however small the file is.
    let limit = (8 * length.max(10_000)).min(MOST_BYTES);
    assert!(bytes <= limit, "{bytes} bytes were allocated for a file of {length}: {message}");
    message
}

fn refused_bytes(bytes: &[u8]) -> String {
    let (_folder, path) = file(bytes);
    refused(&path)
}

#[test]
fn a_sound_file_takes_no_more_memory_than_eight_times_its_size() {
    let (_folder, path) = file(&NetworkWeights::shipped().expect("it is shipped").to_bytes());
    let length = fs::metadata(&path).expect("a file").len() as usize;
    let (loaded, bytes) = most_bytes_allocated(|| NetworkWeights::load(&path).expect("a sound file"));
    assert!(bytes <= 2 * length, "{bytes} for {length}");
    let (network, bytes) =
        most_bytes_allocated(|| loaded.to_network::<burn::backend::Flex>(&Default::default()).expect("a network"));
    assert!(bytes <= 4 * length, "{bytes} for {length}");
    drop(network);
}

#[test]
fn the_largest_network_stays_below_the_limit() {
    let config = PolicyValueNetConfig::compact().with_cells_per_axis(64);
    let (_folder, path) = file(&NetworkWeights::untrained(&config, Seed(1)).expect("it is accepted").to_bytes());
    let load = || {
        let weights = NetworkWeights::load(&path).expect("a sound file");
        weights.to_network::<burn::backend::Flex>(&Default::default()).expect("a network")
    };
    let (network, bytes) = most_bytes_allocated(load);
    assert!(bytes <= MOST_BYTES, "{bytes}");
    drop(network);
}

#[test]
fn a_configuration_of_4_4_terabytes_is_refused() {
    let stage = |channels| ConvolutionConfig { channels, stride: 1 };
    let config = PolicyValueNetConfig {
        cells_per_axis: 64,
        space_to_depth: 1,
        convolutions: vec![stage(1024); 8],
        belief_features: 4096,
        orbit_features: 4096,
        joint_features: 4096,
    };
    let message = refused_bytes(&with_config(&config));
    assert!(message.contains("convolutions[0] (outputs) = 268435456") && message.contains("1 to 4194304"), "{message}");
    // Without its convolutions' outputs, by its parameters alone.
    let config = PolicyValueNetConfig { convolutions: vec![ConvolutionConfig { channels: 16, stride: 1 }], ..config };
    let message = refused_bytes(&with_config(&config));
    assert!(message.contains("parameters (all layers together)") && message.contains("20000000"), "{message}");
}

#[test]
fn a_record_of_another_architecture_is_refused() {
    let mut fewer = small();
    fewer.convolutions.pop();
    let mut more = small();
    more.convolutions.push(ConvolutionConfig { channels: 4, stride: 1 });
    let wider = PolicyValueNetConfig { joint_features: 9, ..small() };
    for config in [fewer, more, wider, PolicyValueNetConfig::reference(), PolicyValueNetConfig::compact()] {
        let message = refused_bytes(&with_config(&config));
        assert!(message.contains("weights do not fit"), "{message}");
    }
}

#[test]
fn truncated_files_and_flipped_bits_are_refused() {
    let sound = sound();
    for place in (0..sound.len()).step_by(97) {
        let mut flipped = sound.clone();
        flipped[place] ^= 1 << (place % 8);
        refused_bytes(&flipped);
        refused_bytes(&sound[..place]);
    }
}

#[test]
fn damage_under_a_checksum_that_fits_is_refused_or_harmless() {
    let sound = sound();
    for place in (HEADER_LEN..sound.len()).step_by(97) {
        refused_bytes(&sealed(&sound[HEADER_LEN..place]));
        let mut content = sound[HEADER_LEN..].to_vec();
        content[place - HEADER_LEN] ^= 1 << (place % 8);
        let (_folder, path) = file(&sealed(&content));
        // Another weight is as good as the one before.
        if let Ok(weights) = NetworkWeights::load(&path) {
            weights.to_network::<burn::backend::Flex>(&Default::default()).expect("what loads can be built");
        }
    }
}

#[test]
fn numbers_that_no_network_has_are_refused() {
    let sound = sound();
    let numbers =
        (HEADER_LEN..sound.len()).find(|at| sound[*at..].starts_with(b"\xa5bytes\xc5")).expect("a tensor") + 9;
    for (number, expected) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (1e30, "1e30"), (-1e4, "-1e4")] {
        let mut content = sound[HEADER_LEN..].to_vec();
        content[numbers - HEADER_LEN..][..4].copy_from_slice(&number.to_le_bytes());
        let message = refused_bytes(&sealed(&content));
        assert!(message.contains(&format!("number 0 of convolutions.weight is {expected}")), "{message}");
        assert!(message.contains("accepted are −1e3 to 1e3"), "{message}");
    }
}

#[test]
fn lists_that_claim_to_be_long_and_nests_without_end_are_refused() {
    let sound = sound();
    let record = (HEADER_LEN..sound.len()).find(|at| sound[*at..].starts_with(b"\x83\xa8metadata")).expect("a record");
    let filling = vec![0; sound.len()];
    for start in [&b"\xdd\xff\xff\xff\xff"[..], b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", &[0x91; 1000]] {
        let content = [&sound[HEADER_LEN..record], start, &filling].concat();
        assert!(refused_bytes(&sealed(&content)).contains("weights do not fit"));
    }
}

#[cfg(unix)]
#[test]
fn devices_pipes_and_folders_are_no_weights() {
    for device in ["/dev/zero", "/dev/null"] {
        assert_eq!(refused(Path::new(device)), format!("{device}: it is a device, not a file"));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert!(refused(folder.path()).ends_with(": it is a directory, not a file"));

    // A film is no network, and is not read to the end to tell.
    let film = tempfile::NamedTempFile::new().expect("a temporary file");
    film.as_file().set_len(1 << 40).expect("a file with a hole");
    let (result, bytes) = most_bytes_allocated(|| NetworkWeights::load(film.path()));
    let message = result.expect_err("no weights").to_string();
    assert!(message.contains(": not a network weights file"), "{message}");
    assert!(bytes <= MOST_BYTES, "{bytes}");
    assert!(refused(&folder.path().join("missing.bin")).contains("missing.bin"));
}
