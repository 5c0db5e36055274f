//! One process at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// A file that one process holds. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock, making its file; `None` if it is held already, by another process or by this one.
    ///
    /// # Errors
    /// What the system says. A file system without locks is no error: there the lock protects nothing.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        if let Ok(found) = fs::metadata(path) {
            super::require_file(found.file_type())?;
        }
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                tracing::warn!("{}: this file system has no locks, so nothing keeps two runs apart", path.display());
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Some(Self { _file: file }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_free_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = FileLock::take(&path).unwrap();
        assert!(lock.is_some() && FileLock::take(&path).unwrap().is_none());
        drop(lock);
        assert!(FileLock::take(&path).unwrap().is_some());
    }
}
