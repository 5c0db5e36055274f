//! Reading no more than one is ready for.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// All bytes of a file, which may be a pipe or a device, if they are no more than `limit`.
///
/// # Errors
/// What the system says; [`io::ErrorKind::FileTooLarge`] with the limit.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > limit {
        return Err(too_large(limit));
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length as usize).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // Pipes and devices have no length: one byte past the limit tells that there is more.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

/// Marks a text as UTF-8. Some editors put it at the beginning of every file; it says nothing here.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text without the byte order mark that it may begin with.
pub fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// As [`read()`], for text that people write: without a byte order mark.
///
/// # Errors
/// As [`read()`]; [`io::ErrorKind::InvalidData`] for bytes that are no UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))?;
    let mark = text.len() - without_byte_order_mark(&text).len();
    text.drain(..mark);
    Ok(text)
}

fn too_large(limit: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes, the most that is read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_limit_is_read_and_one_byte_more_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read(&path, 100).unwrap(), [7; 100]);
        let error = read(&path, 99).unwrap_err();
        assert!(error.kind() == io::ErrorKind::FileTooLarge && error.to_string().contains("99 bytes"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_without_end_is_refused() {
        assert_eq!(read(Path::new("/dev/zero"), 1000).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn bytes_that_are_no_text_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read_text(&path, 100).unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn one_byte_order_mark_is_dropped_and_only_at_the_beginning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (written, read_back) in
            [("\u{feff}(a)\r\n", "(a)\r\n"), ("(a\u{feff})", "(a\u{feff})"), ("\u{feff}", ""), ("", "")]
        {
            std::fs::write(file.path(), written).unwrap();
            assert_eq!(read_text(file.path(), 100).unwrap(), read_back);
        }
    }
}
