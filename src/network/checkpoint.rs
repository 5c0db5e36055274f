//! Checkpoints: one directory a run, numbered generations in it, each complete or not there at all.
//!
//! ```text
//! run/
//!   manifest.json           which generation is the current one
//!   generation-000012/      its own files, and index.json with length and CRC-32 of every file it needs
//!   generation-000011/      the one before, kept in case the current one is damaged
//!   shared/                 files that several generations need (replay), written once
//! ```
//!
//! A generation is written under another name, synced and renamed; the manifest follows in the same way. A process
//! killed at any moment leaves a manifest that names a complete generation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::error::CheckpointError;

const FORMAT: &str = "bevy_proxops checkpoint";
const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";
const INDEX: &str = "index.json";
const SHARED: &str = "shared";
const GENERATION_PREFIX: &str = "generation-";
const PARTIAL_PREFIX: &str = "partial-";
/// The current generation and the one before.
const GENERATIONS_KEPT: usize = 2;

/// The directory of one run.
#[derive(Clone, Debug)]
pub struct CheckpointDirectory {
    path: PathBuf,
}

/// One complete, checked generation.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Rises by one with every checkpoint.
    pub number: u64,
    directory: PathBuf,
    index: Index,
}

/// A generation being written. Nothing of it counts until [`commit`](Self::commit).
#[derive(Debug)]
pub struct CheckpointWriter {
    directory: CheckpointDirectory,
    partial: PathBuf,
    index: Index,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    format: String,
    version: u32,
    generation: u64,
    files: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    bytes: u64,
    crc32: u32,
    shared: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: String,
    version: u32,
    current: u64,
}

impl CheckpointDirectory {
    /// The directory `path`, made if it is not there. What an interrupted checkpoint left behind is removed.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, CheckpointError> {
        let directory = Self { path: path.into() };
        let shared = directory.path.join(SHARED);
        fs::create_dir_all(&shared).map_err(|source| CheckpointError::io(&shared, source))?;
        for name in directory.names()? {
            if name.starts_with(PARTIAL_PREFIX) {
                remove_directory(&directory.path.join(name))?;
            }
        }
        Ok(directory)
    }

    /// Whether there is a run in `path`, sound or not.
    pub fn holds_run(path: &Path) -> bool {
        let directory = Self { path: path.to_owned() };
        path.join(MANIFEST).exists() || directory.generations().is_ok_and(|generations| !generations.is_empty())
    }

    /// The directory of an earlier run.
    ///
    /// # Errors
    /// [`CheckpointError::Empty`] if there is no checkpoint in it, [`CheckpointError::Io`] if it cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CheckpointError> {
        let directory = Self { path: path.into() };
        directory.names()?;
        if !Self::holds_run(&directory.path) {
            return Err(CheckpointError::Empty { path: directory.path });
        }
        Self::create(directory.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Numbers of the generations in it, sound or not, oldest first.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn generations(&self) -> Result<Vec<u64>, CheckpointError> {
        let numbers: BTreeSet<u64> =
            self.names()?.iter().filter_map(|name| name.strip_prefix(GENERATION_PREFIX)?.parse().ok()).collect();
        Ok(numbers.into_iter().collect())
    }

    /// The current generation, every file of it checked.
    ///
    /// # Errors
    /// What is wrong with it, as [`CheckpointError::PreviousGood`] where an earlier generation is sound.
    pub fn load_latest(&self) -> Result<Generation, CheckpointError> {
        let current = self.manifest().map(|manifest| manifest.current);
        let damage = match current.and_then(|number| self.load(number)) {
            Ok(generation) => return Ok(generation),
            Err(damage) => damage,
        };
        let sound = self.generations()?.into_iter().rev().find(|number| self.load(*number).is_ok());
        Err(match sound {
            Some(generation) => {
                CheckpointError::PreviousGood { damage: Box::new(damage), generation, directory: self.path.clone() }
            }
            None => damage,
        })
    }

    /// The generation `number`, every file of it checked.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the first file that is missing, damaged or foreign.
    pub fn load(&self, number: u64) -> Result<Generation, CheckpointError> {
        let path = self.generation_path(number).join(INDEX);
        let index: Index = read_json(&path)?;
        check_format(&path, &index.format, index.version)?;
        if index.generation != number {
            let reason = format!("index of generation {}, in the directory of {number}", index.generation);
            return Err(CheckpointError::content(&path, reason));
        }
        let generation = Generation { number, directory: self.path.clone(), index };
        for name in generation.index.files.keys() {
            generation.read(name)?;
        }
        Ok(generation)
    }

    /// Starts the generation `number`.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn begin(&self, number: u64) -> Result<CheckpointWriter, CheckpointError> {
        let partial = self.path.join(format!("{PARTIAL_PREFIX}{number:06}"));
        remove_directory(&partial)?;
        fs::create_dir_all(&partial).map_err(|source| CheckpointError::io(&partial, source))?;
        let index = Index { format: FORMAT.into(), version: VERSION, generation: number, files: BTreeMap::new() };
        Ok(CheckpointWriter { directory: self.clone(), partial, index })
    }

    fn generation_path(&self, number: u64) -> PathBuf {
        self.path.join(format!("{GENERATION_PREFIX}{number:06}"))
    }

    fn manifest(&self) -> Result<Manifest, CheckpointError> {
        let path = self.path.join(MANIFEST);
        let manifest: Manifest = read_json(&path)?;
        check_format(&path, &manifest.format, manifest.version)?;
        Ok(manifest)
    }

    fn names(&self) -> Result<Vec<String>, CheckpointError> {
        let io = |source| CheckpointError::io(&self.path, source);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(io)? {
            names.push(entry.map_err(io)?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// Removes generations before the last two, and shared files that none of the rest needs.
    fn prune(&self) -> Result<(), CheckpointError> {
        let generations = self.generations()?;
        let (old, kept) = generations.split_at(generations.len().saturating_sub(GENERATIONS_KEPT));
        for number in old {
            remove_directory(&self.generation_path(*number))?;
        }
        let mut needed = BTreeSet::new();
        for number in kept {
            // A generation whose index cannot be read may need any of them.
            let Ok(index) = read_json::<Index>(&self.generation_path(*number).join(INDEX)) else { return Ok(()) };
            needed.extend(index.files.into_iter().filter(|(_, entry)| entry.shared).map(|(name, _)| name));
        }
        let shared = Self { path: self.path.join(SHARED) };
        for name in shared.names()? {
            if !needed.contains(&name) {
                let path = shared.path.join(name);
                fs::remove_file(&path).map_err(|source| CheckpointError::io(&path, source))?;
            }
        }
        Ok(())
    }
}

impl Generation {
    /// The content of one of its files, checked.
    ///
    /// # Errors
    /// [`CheckpointError`] if the file is not part of this generation, missing or damaged.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, CheckpointError> {
        let entry = self.index.files.get(name);
        let path = self.path_of(name, entry.is_some_and(|entry| entry.shared));
        let entry = entry.ok_or_else(|| CheckpointError::content(&path, "not part of this checkpoint"))?;
        let bytes = fs::read(&path).map_err(|source| CheckpointError::io(&path, source))?;
        if bytes.len() as u64 != entry.bytes {
            return Err(CheckpointError::Length { path, expected: entry.bytes, found: bytes.len() as u64 });
        }
        let found = crc32fast::hash(&bytes);
        if found != entry.crc32 {
            return Err(CheckpointError::Checksum { path, expected: entry.crc32, found });
        }
        Ok(bytes)
    }

    /// Reads one of its files as JSON.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`CheckpointError::Content`] if it does not have the shape of `T`.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, CheckpointError> {
        let bytes = self.read(name)?;
        serde_json::from_slice(&bytes).map_err(|error| CheckpointError::content(&self.path(name), error))
    }

    /// Where a file of this generation is, for messages.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path_of(name, self.index.files.get(name).is_some_and(|entry| entry.shared))
    }

    /// Names of its files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.index.files.keys().map(String::as_str)
    }

    fn path_of(&self, name: &str, shared: bool) -> PathBuf {
        let folder = if shared { SHARED.into() } else { format!("{GENERATION_PREFIX}{:06}", self.number) };
        self.directory.join(folder).join(name)
    }
}

impl CheckpointWriter {
    /// Writes a file of this generation.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), CheckpointError> {
        write_synced(&self.partial.join(name), bytes)?;
        self.index.files.insert(name.into(), Entry::of(bytes, false));
        Ok(())
    }

    /// Writes a file of this generation as JSON.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; [`CheckpointError::Content`] for a value that JSON cannot hold.
    pub fn put_json<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), CheckpointError> {
        let path = self.partial.join(name);
        let bytes = serde_json::to_vec_pretty(value).map_err(|error| CheckpointError::content(&path, error))?;
        self.put(name, &bytes)
    }

    /// Writes a file that later generations may need as well; the same content under the same name is written once.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn put_shared(&mut self, name: &str, bytes: &[u8]) -> Result<(), CheckpointError> {
        let entry = Entry::of(bytes, true);
        let path = self.directory.path.join(SHARED).join(name);
        let there = fs::read(&path).is_ok_and(|existing| Entry::of(&existing, true) == entry);
        if !there {
            write_atomically(&path, bytes)?;
        }
        self.index.files.insert(name.into(), entry);
        Ok(())
    }

    /// Makes this the current generation, and removes those before the last two.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; the generation before is then still the current one.
    pub fn commit(self) -> Result<Generation, CheckpointError> {
        let Self { directory, partial, index } = self;
        write_json(&partial.join(INDEX), &index)?;
        sync_directory(&partial)?;
        let number = index.generation;
        let target = directory.generation_path(number);
        // Left over if an earlier process was killed between the two renames.
        remove_directory(&target)?;
        fs::rename(&partial, &target).map_err(|source| CheckpointError::io(&target, source))?;
        sync_directory(&directory.path)?;
        let manifest = Manifest { format: FORMAT.into(), version: VERSION, current: number };
        write_json(&directory.path.join(MANIFEST), &manifest)?;
        directory.prune()?;
        Ok(Generation { number, directory: directory.path, index })
    }
}

impl Entry {
    fn of(bytes: &[u8], shared: bool) -> Self {
        Self { bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes), shared }
    }
}

/// Writes `bytes` to `path`: afterwards the file has all of them or its old content, whatever happens in between.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    write_synced(&temporary, bytes)?;
    fs::rename(&temporary, path).map_err(|source| CheckpointError::io(path, source))?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => Ok(()),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| CheckpointError::io(path, source))
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), CheckpointError> {
    let bytes = serde_json::to_vec_pretty(value).map_err(|error| CheckpointError::content(path, error))?;
    write_atomically(path, &bytes)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let bytes = fs::read(path).map_err(|source| CheckpointError::io(path, source))?;
    serde_json::from_slice(&bytes).map_err(|error| CheckpointError::content(path, error))
}

fn check_format(path: &Path, format: &str, version: u32) -> Result<(), CheckpointError> {
    if format != FORMAT {
        return Err(CheckpointError::content(path, format!("format is `{format}`, not `{FORMAT}`")));
    }
    if version != VERSION {
        return Err(CheckpointError::Version { path: path.to_owned(), found: version, expected: VERSION });
    }
    Ok(())
}

/// Makes renames in a directory durable. Only Unix lets a directory be synced; elsewhere the rename itself must do.
fn sync_directory(path: &Path) -> Result<(), CheckpointError> {
    if cfg!(unix) {
        File::open(path).and_then(|file| file.sync_all()).map_err(|source| CheckpointError::io(path, source))?;
    }
    Ok(())
}

fn remove_directory(path: &Path) -> Result<(), CheckpointError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(CheckpointError::io(path, source)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &CheckpointDirectory, number: u64) -> Generation {
        let mut writer = directory.begin(number).unwrap();
        writer.put_json("counters.json", &number).unwrap();
        for shared in number.saturating_sub(2)..=number {
            writer.put_shared(&format!("replay-{shared}.bin"), format!("episode {shared}").as_bytes()).unwrap();
        }
        writer.commit().unwrap()
    }

    fn run(generations: u64) -> (tempfile::TempDir, CheckpointDirectory) {
        let folder = tempfile::tempdir().unwrap();
        let directory = CheckpointDirectory::create(folder.path().join("run")).unwrap();
        (1..=generations).for_each(|number| drop(write(&directory, number)));
        (folder, directory)
    }

    #[test]
    fn the_latest_generation_comes_back() {
        let (folder, directory) = run(3);
        assert!(CheckpointDirectory::holds_run(directory.path()) && !CheckpointDirectory::holds_run(folder.path()));
        let latest = CheckpointDirectory::open(directory.path()).unwrap().load_latest().unwrap();
        assert_eq!(latest.number, 3);
        assert_eq!(latest.read_json::<u64>("counters.json").unwrap(), 3);
        assert_eq!(latest.read("replay-1.bin").unwrap(), b"episode 1");
    }

    #[test]
    fn only_the_last_two_and_what_they_share_are_kept() {
        let (_folder, directory) = run(9);
        assert_eq!(directory.generations().unwrap(), [8, 9]);
        let shared = CheckpointDirectory { path: directory.path.join(SHARED) };
        let mut names = shared.names().unwrap();
        names.sort();
        assert_eq!(names, ["replay-6.bin", "replay-7.bin", "replay-8.bin", "replay-9.bin"]);
    }

    #[test]
    fn a_damaged_file_is_named_and_the_previous_generation_offered() {
        let (_folder, directory) = run(3);
        let path = directory.generation_path(3).join("counters.json");
        fs::write(&path, "4").unwrap();
        let error = directory.load_latest().unwrap_err().to_string();
        assert!(error.contains("generation-000003/counters.json") && error.contains("damaged"), "{error}");
        assert!(error.contains("previous good checkpoint is generation 2"), "{error}");
        assert_eq!(directory.load(2).unwrap().read_json::<u64>("counters.json").unwrap(), 2);
    }

    #[test]
    fn truncated_missing_and_foreign_files_say_what_is_wrong() {
        for (file, content, expected) in [
            ("generation-000003/counters.json", Some(""), "0 bytes of content where 1 were written"),
            ("shared/replay-3.bin", None, "shared/replay-3.bin"),
            ("generation-000003/index.json", Some("{\"format\":1}"), "index.json"),
            ("manifest.json", Some("PNG"), "manifest.json"),
            (
                "manifest.json",
                Some("{\"format\":\"bevy_proxops checkpoint\",\"version\":7,\"current\":3}"),
                "format version 7, this program reads version 1",
            ),
        ] {
            let (_folder, directory) = run(3);
            let path = directory.path().join(file);
            match content {
                Some(content) => fs::write(&path, content).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let error = directory.load_latest().unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("--generation"), "{file}: {error}");
        }
    }

    #[test]
    fn an_interrupted_checkpoint_leaves_the_one_before() {
        let (_folder, directory) = run(2);
        let mut writer = directory.begin(3).unwrap();
        writer.put("counters.json", b"3").unwrap();
        drop(writer);
        let directory = CheckpointDirectory::open(directory.path()).unwrap();
        assert_eq!(directory.load_latest().unwrap().number, 2);
        assert!(!directory.path().join("partial-000003").exists());
    }

    #[test]
    fn killed_between_the_two_renames_the_generation_before_counts_and_the_next_run_goes_on() {
        let (_folder, directory) = run(2);
        let manifest = fs::read(directory.path().join(MANIFEST)).unwrap();
        write(&directory, 3);
        fs::write(directory.path().join(MANIFEST), manifest).unwrap();
        assert_eq!(directory.load_latest().unwrap().number, 2);
        assert_eq!(write(&directory, 3).number, 3);
        assert_eq!(directory.load_latest().unwrap().number, 3);
    }

    #[test]
    fn a_directory_without_checkpoint_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = CheckpointDirectory::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("no checkpoint"), "{error}");
        assert!(CheckpointDirectory::open("/nowhere/run").unwrap_err().to_string().contains("/nowhere/run"));
    }
}
