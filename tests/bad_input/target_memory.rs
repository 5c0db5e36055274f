//! What loading a target may allocate: less than eight times its file, and never more than 256 MB.

use std::fs;

use bevy_proxops::shape::TargetShape;
use bevy_proxops::voxel::VoxelGrid;

use crate::memory::most_bytes_allocated;

const MOST_BYTES: usize = 256 * 1024 * 1024;
const PER_FILE_BYTE: usize = 8;
/// The grid of 8³, messages and paths, which no file makes larger.
const BESIDES: usize = 32 * 1024;

fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&id[..], &(content.len() as u32).to_le_bytes(), &[0; 4], content].concat()
}

fn file(chunks: &[u8]) -> Vec<u8> {
    [b"VOX \xc8\0\0\0MAIN\0\0\0\0", &(chunks.len() as u32).to_le_bytes()[..], chunks].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Files that want as much memory for their size as they can get.
fn greedy() -> Vec<(&'static str, Vec<u8>)> {
    let empty_model = [chunk(b"SIZE", &numbers(&[1, 1, 1])), chunk(b"XYZI", &numbers(&[0]))].concat();
    let lies = |id: &[u8; 4], content: &[u32]| file(&[empty_model.clone(), chunk(id, &numbers(content))].concat());
    let groups: Vec<u8> = (0..60_000).flat_map(|id| chunk(b"nGRP", &numbers(&[id, 0, 0]))).collect();
    let names: Vec<u8> = {
        let entries: Vec<u8> = (0..100_000_u32).flat_map(|_| numbers(&[0, 0])).collect();
        chunk(b"nTRN", &[numbers(&[0, 100_000]), entries, numbers(&[1, 0, 0, 0])].concat())
    };
    let frames = chunk(b"nTRN", &[numbers(&[0, 0, 1, 0, 0, 100_000]), numbers(&vec![0; 100_000])].concat());
    let long_name = {
        let text = [numbers(&[5]), b"_name".to_vec(), numbers(&[1 << 20]), vec![b'x'; 1 << 20]].concat();
        let object = [
            chunk(b"nTRN", &[numbers(&[0, 1]), text, numbers(&[1, 0, 0, 0])].concat()),
            chunk(b"nSHP", &numbers(&[1, 0, 1, 0, 0])),
        ];
        file(&[empty_model.clone(), object.concat()].concat())
    };
    vec![
        ("many models", file(&empty_model.repeat(8192))),
        ("many nodes", file(&[empty_model.clone(), groups].concat())),
        ("a long dictionary", file(&[empty_model.clone(), names].concat())),
        ("many frames", file(&[empty_model.clone(), frames].concat())),
        ("a long name", long_name),
        (
            "a full model",
            file(
                &[
                    chunk(b"SIZE", &numbers(&[256; 3])),
                    chunk(b"XYZI", &[numbers(&[1 << 22]), vec![1; 1 << 24]].concat()),
                ]
                .concat(),
            ),
        ),
        ("deep nesting", {
            let mut bytes = b"VOX \xc8\0\0\0".to_vec();
            for below in (0..200_000_u32).rev() {
                bytes.extend(if below == 199_999 { b"MAIN" } else { b"PACK" });
                bytes.extend(numbers(&[0, 12 * below]));
            }
            bytes
        }),
        ("a lying voxel count", lies(b"XYZI", &[u32::MAX])),
        ("a lying dictionary", lies(b"nTRN", &[0, u32::MAX])),
        ("a lying frame count", lies(b"nTRN", &[0, 0, 1, 0, 0, u32::MAX])),
        ("a lying child count", lies(b"nGRP", &[0, 0, u32::MAX])),
        ("a lying model count", lies(b"nSHP", &[0, 0, u32::MAX])),
        ("a lying layer", lies(b"LAYR", &[0, u32::MAX])),
        ("a lying size", file(&[chunk(b"SIZE", &numbers(&[u32::MAX; 3])), chunk(b"XYZI", &numbers(&[0]))].concat())),
    ]
}

#[test]
fn no_vox_file_takes_more_memory_than_eight_times_its_size() {
    let grid = VoxelGrid::new(8, 1.0).expect("a grid");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in greedy() {
        let path = folder.path().join("greedy.vox");
        fs::write(&path, &bytes).expect("a writable folder");
        let (shape, size) = (TargetShape::vox(&path), bytes.len());
        let (loaded, used) = most_bytes_allocated(|| shape.load(&grid, None));
        assert!(
            used <= (PER_FILE_BYTE * size).min(MOST_BYTES) + BESIDES,
            "{name}: {used} bytes for {size}, {loaded:?}"
        );
    }
}

#[test]
fn a_file_too_large_to_be_a_model_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("huge.vox");
    // A hole of 100 GB takes no room on the disk.
    fs::File::create(&path).and_then(|file| file.set_len(100_000_000_000)).expect("a sparse file");
    let (loaded, used) = most_bytes_allocated(|| TargetShape::vox(&path).load(&VoxelGrid::default(), None));
    let message = loaded.expect_err("too large").to_string();
    assert!(message.contains("huge.vox") && message.contains("83886080 bytes, the most that is read"), "{message}");
    assert!(used < 1 << 20, "{used} bytes");
}
