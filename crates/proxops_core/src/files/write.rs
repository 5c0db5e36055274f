//! The whole file or its old content.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::calls;

const TEMPORARY_PREFIX: &str = ".proxops-";
const TEMPORARY_SUFFIX: &str = ".tmp";
/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;
/// Enough that a full disk notices.
const PROBE_BYTES: usize = 4096;

/// Writes `bytes` to `path`: afterwards the file has all of them or its old content, whatever happens in between.
///
/// A symbolic link stays and its target is written. A new file is as readable as the system's user mask says, an existing one keeps its
/// permissions; one that nobody may write is not replaced. Devices and pipes are written to as they are.
///
/// # Errors
/// What the system says; the caller names the file.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = follow_links(path)?;
    let permissions = match fs::metadata(&path) {
        Ok(found) if found.is_dir() => return super::require_file(found.file_type()),
        Ok(found) if !found.is_file() => return calls::append(&mut calls::open_to_write(&path)?, bytes),
        Ok(found) if found.permissions().readonly() => {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
        }
        Ok(found) => Some(found.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };

    let folder = folder_of(&path);
    let (mut file, temporary) = create_temporary(folder)?;
    let written = fill(&mut file, bytes, permissions).and_then(|()| {
        // Some systems rename no open file.
        drop(file);
        calls::rename(&temporary, &path)
    });
    if let Err(error) = written {
        // The first error is the one to tell.
        let _ = calls::remove_file(&temporary);
        return Err(error);
    }
    calls::sync_folder(folder)
}

/// Makes sure that files can be written to `folder`, which it makes if it is not there, by writing one and removing it.
///
/// # Errors
/// What the system says; the caller names the folder.
pub fn try_folder(folder: &Path) -> io::Result<()> {
    calls::create_folder(folder)?;
    let (mut file, temporary) = create_temporary(folder)?;
    let written = fill(&mut file, &[0; PROBE_BYTES], None);
    drop(file);
    written.and(calls::remove_file(&temporary))
}

/// Whether that is the name of a file that [`write()`] had not completed.
pub fn is_temporary(name: &str) -> bool {
    let middle = name.strip_prefix(TEMPORARY_PREFIX).and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX));
    let numbers = middle.and_then(|middle| middle.split_once('-'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(process, count)| is_number(process) && is_number(count))
}

/// A new file in `folder` under a name that no other writer uses.
fn create_temporary(folder: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{TEMPORARY_PREFIX}{}-{count}{TEMPORARY_SUFFIX}", std::process::id()));
        match calls::create_new(&path) {
            // Left over from a process of the same number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return Ok((created?, path)),
        }
    }
}

fn fill(file: &mut File, bytes: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
    calls::append(file, bytes)?;
    if let Some(permissions) = permissions {
        calls::set_permissions(file, permissions)?;
    }
    calls::sync(file)
}

/// The file that `path` names in the end. What it names need not be there.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        path = folder_of(&path).join(target);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links"))
}

/// The folder that a file lies in; the working folder for a bare name.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::super::faults::{Fault, at_every_call};
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for content in ["old", "new and longer"] {
            write(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_write_that_fails_anywhere_leaves_the_old_file_or_the_new_one() {
        let prepare = || {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("file"), "old").unwrap();
            folder
        };
        at_every_call(
            prepare,
            |folder| write(&folder.path().join("file"), b"new content"),
            |folder, fault, at, result| {
                let found = fs::read_to_string(folder.path().join("file")).unwrap();
                assert!(result.is_err() && (found == "old" || found == "new content"), "{fault:?} at {at}: {found:?}");
                let left = names(folder.path());
                let is_clean = left.iter().all(|name| name == "file" || fault == Fault::Killed && is_temporary(name));
                assert!(is_clean, "{fault:?} at {at}: {left:?}");
            },
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_their_targets_are_written() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("there")).unwrap();
        fs::write(at("there/target"), "old").unwrap();
        symlink("there/target", at("link")).unwrap();
        symlink("there/new", at("dangling")).unwrap();
        symlink(at("link"), at("link_to_link")).unwrap();
        symlink("loop", at("loop")).unwrap();

        write(&at("link_to_link"), b"new").unwrap();
        write(&at("dangling"), b"made").unwrap();
        assert!(write(&at("loop"), b"never").is_err());

        assert_eq!(fs::read_to_string(at("there/target")).unwrap(), "new");
        assert_eq!(fs::read_to_string(at("there/new")).unwrap(), "made");
        for link in ["link", "link_to_link", "dangling", "loop"] {
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_a_read_only_file_is_too() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(write(&path, b"newer").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_to_and_not_replaced() {
        use std::os::unix::fs::FileTypeExt;
        let null = Path::new("/dev/null");
        write(null, b"gone").unwrap();
        assert!(fs::metadata(null).unwrap().file_type().is_char_device());
    }

    #[test]
    fn folders_are_no_files_and_files_no_folders() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), b"no").unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (io::ErrorKind::IsADirectory, "it is a directory, not a file"));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(try_folder(&file).unwrap_err().to_string(), "it is a file, not a directory");
        let below = try_folder(&file.join("below/deeper")).unwrap_err().to_string();
        assert_eq!(below, format!("{} is a file, not a directory", file.display()));
        try_folder(&folder.path().join("new/deeper")).unwrap();
        assert!(names(&folder.path().join("new/deeper")).is_empty());
    }

    #[test]
    fn only_its_own_names_are_temporary() {
        assert!(is_temporary(".proxops-12-0.tmp"));
        for name in [".proxops-12.tmp", ".proxops-a-0.tmp", "proxops-1-2.tmp", ".proxops--1.tmp", "notes.tmp", ""] {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
