//! Binary files that know what they are, how long they are and whether they are still what was written.
//!
//! Layout, little endian: `BPROXOPS`, four letters for the kind, format version (u32), length of the content (u64),
//! CRC-32 of the content (u32), content.

use std::path::Path;

use super::error::CheckpointError;

const MAGIC: [u8; 8] = *b"BPROXOPS";
const HEADER_LEN: usize = 28;

/// Kinds of sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealedKind {
    /// A network: configuration and weights.
    Weights,
    /// State of the optimiser.
    Optimiser,
    /// Transitions of one episode of self-play.
    Replay,
}

impl SealedKind {
    fn letters(self) -> [u8; 4] {
        match self {
            Self::Weights => *b"WGHT",
            Self::Optimiser => *b"OPTI",
            Self::Replay => *b"RPLY",
        }
    }

    /// The newest version. All from 1 on are read.
    fn version(self) -> u32 {
        match self {
            // Since 2: what the network was trained on.
            Self::Weights => 2,
            Self::Optimiser => 1,
            // 1: beliefs of 8 bits a voxel, still written where those hold all numbers; 2: of 16 bits.
            Self::Replay => 2,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Weights => "network weights",
            Self::Optimiser => "optimiser",
            Self::Replay => "replay",
        }
    }
}

/// `content` with its header in front.
pub(crate) fn seal(kind: SealedKind, content: &[u8]) -> Vec<u8> {
    seal_as(kind, kind.version(), content)
}

/// The same for content in the form of an earlier version.
pub(crate) fn seal_as(kind: SealedKind, version: u32, content: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER_LEN + content.len());
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&kind.letters());
    file.extend_from_slice(&version.to_le_bytes());
    file.extend_from_slice(&(content.len() as u64).to_le_bytes());
    file.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
    file.extend_from_slice(content);
    file
}

/// Whether a file begins as one of this kind and version; `path` is for the message.
///
/// # Errors
/// [`CheckpointError`]: `Foreign` or `Version`.
pub(crate) fn check_sealed<'a>(
    kind: SealedKind,
    path: &Path,
    file: &'a [u8],
) -> Result<(&'a [u8], &'a [u8]), CheckpointError> {
    let foreign = || CheckpointError::Foreign {
        path: path.to_owned(),
        expected: kind.name(),
        found: format!("\"{}\"", file[..file.len().min(12)].escape_ascii()),
    };
    let (header, content) = file.split_at_checked(HEADER_LEN).ok_or_else(foreign)?;
    if header[..8] != MAGIC || header[8..12] != kind.letters() {
        return Err(foreign());
    }
    let version = word(header, 12);
    if !(1..=kind.version()).contains(&version) {
        return Err(CheckpointError::Version { path: path.to_owned(), found: version, expected: kind.version() });
    }
    Ok((header, content))
}

/// Version and content of a sealed file; `path` is for the message.
///
/// # Errors
/// [`CheckpointError`]: `Foreign`, `Version`, `Length` or `Checksum`.
pub(crate) fn open_sealed<'a>(
    kind: SealedKind,
    path: &Path,
    file: &'a [u8],
) -> Result<(u32, &'a [u8]), CheckpointError> {
    let (header, content) = check_sealed(kind, path, file)?;
    let checksum = word(header, 24);
    let length = u64::from(word(header, 16)) | u64::from(word(header, 20)) << 32;
    if length != content.len() as u64 {
        return Err(CheckpointError::Length { path: path.to_owned(), expected: length, found: content.len() as u64 });
    }
    let found = crc32fast::hash(content);
    if found != checksum {
        return Err(CheckpointError::Checksum { path: path.to_owned(), expected: checksum, found });
    }
    Ok((word(header, 12), content))
}

fn word(header: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(file: &[u8]) -> String {
        open_sealed(SealedKind::Weights, Path::new("w.bin"), file).unwrap_err().to_string()
    }

    #[test]
    fn content_comes_back() {
        let file = seal(SealedKind::Weights, b"content");
        assert_eq!(open_sealed(SealedKind::Weights, Path::new("w.bin"), &file).unwrap(), (2, &b"content"[..]));
    }

    #[test]
    fn every_flipped_bit_of_the_content_is_noticed() {
        let file = seal(SealedKind::Weights, b"content");
        for bit in HEADER_LEN * 8..file.len() * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(reason(&damaged).contains("the file is damaged"));
        }
    }

    #[test]
    fn truncated_foreign_and_future_files_say_so() {
        let file = seal(SealedKind::Weights, b"content");
        assert!(reason(&file[..file.len() - 1]).contains("6 bytes of content where 7 were written"));
        assert!(reason(b"PK\x03\x04 something else entirely").contains("not a network weights file"));
        assert!(reason(b"").contains("not a network weights file"));
        assert!(reason(&seal(SealedKind::Replay, b"content")).contains("not a network weights file"));
        let mut future = file;
        future[12] = 9;
        assert!(reason(&future).contains("format version 9, this program reads versions up to 2"));
    }
}
