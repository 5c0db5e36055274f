//! Reading no more than one is ready for, and nothing that may keep its reader waiting.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::Path;

/// All bytes of a regular file, if they are no more than `limit`.
///
/// Nothing else is read: a pipe that nobody feeds would hold its reader up for ever, and to open a device may already change it.
///
/// # Errors
/// What the system says; [`io::ErrorKind::IsADirectory`] or [`io::ErrorKind::InvalidInput`] naming what else it is;
/// [`io::ErrorKind::FileTooLarge`] with the limit.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (file, length) = open(path)?;
    if length > limit {
        return Err(too_large(limit));
    }
    bytes.try_reserve_exact(length as usize).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // It may grow while it is read: one byte past the limit tells that there is more.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

/// The first bytes of a regular file, `most` of them if it has so many.
///
/// # Errors
/// As [`read()`], without a limit.
pub fn read_start(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.0.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Passes for a regular file.
///
/// # Errors
/// [`io::ErrorKind::IsADirectory`] or [`io::ErrorKind::InvalidInput`], saying what else it is.
pub fn require_file(found: FileType) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let kind = if found.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
    Err(io::Error::new(kind, format!("it is {}, not a file", kind_of(found))))
}

/// A regular file and its length. Looked at before it is opened, since opening a pipe waits for the other end, and again
/// after, since it may have been replaced in between.
fn open(path: &Path) -> io::Result<(File, u64)> {
    require_file(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    let found = file.metadata()?;
    require_file(found.file_type())?;
    Ok((file, found.len()))
}

/// What a path names, in words.
fn kind_of(found: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if found.is_fifo() {
            return "a pipe";
        }
        if found.is_socket() {
            return "a socket";
        }
        if found.is_char_device() || found.is_block_device() {
            return "a device";
        }
    }
    if found.is_dir() { "a directory" } else { "something else" }
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

    #[test]
    fn the_start_of_a_file_of_any_size_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 40).unwrap();
        assert_eq!(read_start(file.path(), 3).unwrap(), [0; 3]);
        assert_eq!(read(file.path(), 1000).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    /// The system's description of the processor is a regular file without a length.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_holds_more_than_its_length_says_is_read_up_to_the_limit() {
        let path = Path::new("/proc/cpuinfo");
        assert_eq!(fs::metadata(path).unwrap().len(), 0);
        assert!(!read(path, 1 << 20).unwrap().is_empty());
        assert_eq!(read(path, 10).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_named_without_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, socket) = (folder.path().join("pipe"), folder.path().join("socket"));
        crate::files::faults::make_pipe(&pipe);
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for (path, what) in [
            (pipe.as_path(), "it is a pipe, not a file"),
            (&link, "it is a pipe, not a file"),
            (&socket, "it is a socket, not a file"),
            (Path::new("/dev/zero"), "it is a device, not a file"),
            (folder.path(), "it is a directory, not a file"),
        ] {
            assert_eq!(read(path, 1000).unwrap_err().to_string(), what);
            assert_eq!(read_text(path, 1000).unwrap_err().to_string(), what);
            assert_eq!(read_start(path, 1000).unwrap_err().to_string(), what);
        }
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
