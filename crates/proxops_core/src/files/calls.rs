//! What a save asks of the operating system, call by call: the seam at which tests let a save fail.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// A call of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Makes a folder and those above it.
    CreateFolder,
    /// Makes a file or opens it for writing.
    Create,
    /// Writes bytes.
    Write,
    /// Waits until a file is on the disk.
    SyncFile,
    /// Waits until the names in a folder are on the disk.
    SyncFolder,
    /// Gives a file another name.
    Rename,
    /// Changes who may read a file.
    SetPermissions,
    /// Cuts a file.
    SetLength,
    /// Removes a file or an empty folder.
    Remove,
}

/// Carries out one call, unless a test wants it to fail.
fn call<T>(_call: Call, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    #[cfg(any(test, feature = "test-support"))]
    super::faults::strike(_call)?;
    work()
}

/// Makes a folder and those above it.
///
/// A file in the place of one of them is named.
///
/// # Errors
/// Those of the operating system.
pub fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(found) = path.ancestors().find(|above| fs::metadata(above).is_ok_and(|found| !found.is_dir())) {
        let reason = if found == path {
            "it is a file, not a directory".to_owned()
        } else {
            format!("{} is a file, not a directory", found.display())
        };
        return Err(io::Error::new(io::ErrorKind::NotADirectory, reason));
    }
    call(Call::CreateFolder, || fs::create_dir_all(path))
}

/// Makes a file that is not there yet.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    call(Call::Create, || File::options().write(true).create_new(true).open(path))
}

/// Opens a file, a pipe or a device to write to as it is.
pub(super) fn open_to_write(path: &Path) -> io::Result<File> {
    call(Call::Create, || File::options().write(true).open(path))
}

/// Opens a file to write behind what it holds, and makes it if it is not there. What is no regular file is refused: a pipe
/// would wait for a reader.
///
/// # Errors
/// Those of the operating system, and what the file is instead.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    if let Ok(found) = fs::metadata(path) {
        super::require_file(found.file_type())?;
    }
    call(Call::Create, || File::options().create(true).append(true).open(path))
}

/// Writes all bytes.
///
/// # Errors
/// Those of the operating system.
pub fn append(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    #[cfg(any(test, feature = "test-support"))]
    if let Some(error) = super::faults::short_write(bytes.len()) {
        let (length, error) = error;
        file.write_all(&bytes[..length])?;
        return Err(error);
    }
    call(Call::Write, || file.write_all(bytes))
}

/// Waits until the file is on the disk.
pub(super) fn sync(file: &File) -> io::Result<()> {
    call(Call::SyncFile, || file.sync_all())
}

/// Cuts a file to a length.
///
/// # Errors
/// Those of the operating system.
pub fn set_length(file: &File, bytes: u64) -> io::Result<()> {
    call(Call::SetLength, || file.set_len(bytes))
}

/// Gives a file the permissions of another.
pub(super) fn set_permissions(file: &File, permissions: fs::Permissions) -> io::Result<()> {
    call(Call::SetPermissions, || file.set_permissions(permissions))
}

/// Gives a file or folder another name; a file of that name is replaced.
///
/// # Errors
/// Those of the operating system.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    call(Call::Rename, || fs::rename(from, to))
}

/// Makes renames in a folder durable. Only Unix lets a folder be synced; elsewhere the rename itself must do.
///
/// # Errors
/// Those of the operating system.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    call(Call::SyncFolder, || if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) })
}

/// Removes a file that may be gone already.
///
/// # Errors
/// Those of the operating system.
pub fn remove_file(path: &Path) -> io::Result<()> {
    call(Call::Remove, || ignore_missing(fs::remove_file(path)))
}

/// Removes a folder that may be gone already, and leaves it where it still holds something.
///
/// # Errors
/// Those of the operating system.
pub fn remove_empty_folder(path: &Path) -> io::Result<()> {
    call(Call::Remove, || match ignore_missing(fs::remove_dir(path)) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        result => result,
    })
}

/// Writes a new file that nothing reads yet, and waits until it is on the disk.
///
/// # Errors
/// Those of the operating system.
pub fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = call(Call::Create, || File::create(path))?;
    append(&mut file, bytes)?;
    sync(&file)
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
