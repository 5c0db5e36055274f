//! Checkpoints: one directory a run, numbered generations in it, each complete or not there at all.
//!
//! ```text
//! run/
//!   run.json                marks the directory as one that this program made
//!   run.lock                held by the one process that is at work in it
//!   manifest.json           which generation is the current one
//!   generation-000012/      its own files, and index.json with length and CRC-32 of every file it needs
//!   generation-000011/      the one before, kept in case the current one is damaged
//!   shared/                 files that several generations need (replay), written once
//! ```
//!
//! A generation is written under another name, synced and renamed; the manifest follows in the same way. A process
//! killed at any moment leaves a manifest that names a complete generation.
//!
//! A directory that holds other things is refused. Only files and directories whose names are exactly of the kinds above are ever removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::files::{self, FileLock};

use super::error::CheckpointError;

const FORMAT: &str = "bevy_proxops checkpoint";
const VERSION: u32 = 1;
const MARKER: &str = "run.json";
const MARKER_FORMAT: &str = "bevy_proxops run";
const LOCK: &str = "run.lock";
const MANIFEST: &str = "manifest.json";
const INDEX: &str = "index.json";
const SHARED: &str = "shared";
const GENERATION_PREFIX: &str = "generation-";
const PARTIAL_PREFIX: &str = "partial-";
/// Digits of a generation's number, with zeros in front.
const GENERATION_DIGITS: usize = 6;
const SHARED_PREFIX: &str = "replay-";
const SHARED_SUFFIX: &str = ".bin";
/// Digits of a shared file's number, with zeros in front: the order of names is that of numbers.
const SHARED_DIGITS: usize = 12;
/// The current generation and the one before.
const GENERATIONS_KEPT: usize = 2;
/// Marker, manifest and index: a line for every file that a generation needs.
const LARGEST_JSON_BYTES: u64 = 16 << 20;
/// The optimiser of the largest network has twice its numbers.
const LARGEST_FILE_BYTES: u64 = 256 << 20;

/// The directory of one run.
///
/// One process is at work in it: it is locked until the last copy of this is dropped, or the process ends.
#[derive(Clone, Debug)]
pub struct CheckpointDirectory {
    path: PathBuf,
    _lock: Arc<FileLock>,
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

#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    format: String,
    version: u32,
}

impl CheckpointDirectory {
    /// The directory `path`, made and marked if it is not there, locked. What an interrupted checkpoint left behind is removed.
    ///
    /// # Errors
    /// [`CheckpointError::ForeignDirectory`] if it holds other things, [`CheckpointError::InUse`] if another process is at
    /// work in it, [`CheckpointError::Io`].
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, CheckpointError> {
        let path = path.into();
        let io = |at: &Path, source| CheckpointError::io(at, source);
        files::create_folder(&path).map_err(|source| io(&path, source))?;
        let is_marked = is_marked(&path)?;
        if !is_marked && !is_empty(&path)? && !is_run_without_marker(&path) {
            return Err(CheckpointError::ForeignDirectory { path });
        }

        let lock = path.join(LOCK);
        let lock = FileLock::take(&lock).map_err(|source| io(&lock, source))?;
        let Some(lock) = lock else { return Err(CheckpointError::InUse { path }) };
        if !is_marked {
            write_json(&path.join(MARKER), &Marker { format: MARKER_FORMAT.into(), version: VERSION })?;
        }

        let directory = Self { path, _lock: Arc::new(lock) };
        let shared = directory.shared();
        files::create_folder(&shared).map_err(|source| io(&shared, source))?;
        directory.clean()?;
        Ok(directory)
    }

    /// Whether there is a run in `path`, sound or not.
    pub fn holds_run(path: &Path) -> bool {
        let has_checkpoint =
            || path.join(MANIFEST).exists() || generations_in(path).is_ok_and(|found| !found.is_empty());
        (is_marked(path).unwrap_or(true) && has_checkpoint()) || is_run_without_marker(path)
    }

    /// The directory of an earlier run.
    ///
    /// # Errors
    /// [`CheckpointError::Empty`] if there is no checkpoint in it, [`CheckpointError::InUse`] if another process is at work in
    /// it, [`CheckpointError::Io`] if it cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CheckpointError> {
        let path = path.into();
        names_in(&path)?;
        if !Self::holds_run(&path) {
            return Err(CheckpointError::Empty { path });
        }
        Self::create(path)
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
        generations_in(&self.path)
    }

    /// The current generation, every file of it checked.
    ///
    /// # Errors
    /// What is wrong with it, as [`CheckpointError::PreviousGood`] where an earlier generation is sound.
    pub fn load_latest(&self) -> Result<Generation, CheckpointError> {
        let current = self.current();
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
        let is_own =
            |(name, entry): (&String, &Entry)| if entry.shared { is_shared_name(name) } else { is_part_name(name) };
        if let Some((name, _)) = index.files.iter().find(|file| !is_own(*file)) {
            return Err(CheckpointError::content(&path, format!("no checkpoint has a file called {name:?}")));
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
        let partial = self.path.join(format!("{PARTIAL_PREFIX}{number:0GENERATION_DIGITS$}"));
        remove_generation(&partial)?;
        files::create_folder(&partial).map_err(|source| CheckpointError::io(&partial, source))?;
        let index = Index { format: FORMAT.into(), version: VERSION, generation: number, files: BTreeMap::new() };
        Ok(CheckpointWriter { directory: self.clone(), partial, index })
    }

    fn generation_path(&self, number: u64) -> PathBuf {
        self.path.join(format!("{GENERATION_PREFIX}{number:0GENERATION_DIGITS$}"))
    }

    fn shared(&self) -> PathBuf {
        self.path.join(SHARED)
    }

    fn manifest(&self) -> Result<Manifest, CheckpointError> {
        let path = self.path.join(MANIFEST);
        let manifest: Manifest = read_json(&path)?;
        check_format(&path, &manifest.format, manifest.version)?;
        Ok(manifest)
    }

    /// The current generation's number. A process that is killed between its first generation and the manifest leaves one
    /// without the other.
    fn current(&self) -> Result<u64, CheckpointError> {
        match (self.manifest(), &self.generations()?[..]) {
            (Err(CheckpointError::Io { source, .. }), [only]) if source.kind() == io::ErrorKind::NotFound => Ok(*only),
            (manifest, _) => Ok(manifest?.current),
        }
    }

    /// Removes what interrupted writes left behind.
    fn clean(&self) -> Result<(), CheckpointError> {
        for name in names_in(&self.path)? {
            if number_in(&name, PARTIAL_PREFIX, "", GENERATION_DIGITS).is_some() {
                remove_generation(&self.path.join(&name))?;
            }
        }
        for folder in [&self.path, &self.shared()] {
            for name in names_in(folder)?.into_iter().filter(|name| files::is_temporary(name)) {
                remove_file(&folder.join(name))?;
            }
        }
        Ok(())
    }

    /// Removes generations before the last two, and shared files that none of the rest needs.
    fn prune(&self) -> Result<(), CheckpointError> {
        let generations = self.generations()?;
        let (old, kept) = generations.split_at(generations.len().saturating_sub(GENERATIONS_KEPT));
        for number in old {
            remove_generation(&self.generation_path(*number))?;
        }
        let mut needed = BTreeSet::new();
        for number in kept {
            // A generation whose index cannot be read may need any of them.
            let Ok(index) = read_json::<Index>(&self.generation_path(*number).join(INDEX)) else { return Ok(()) };
            needed.extend(index.files.into_iter().filter(|(_, entry)| entry.shared).map(|(name, _)| name));
        }
        for name in names_in(&self.shared())? {
            if is_shared_name(&name) && !needed.contains(&name) {
                remove_file(&self.shared().join(name))?;
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
        let bytes = files::read(&path, LARGEST_FILE_BYTES).map_err(|source| CheckpointError::io(&path, source))?;
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

    /// Names of those of its files that other generations may need too, in the order of their numbers.
    pub fn shared_names(&self) -> impl Iterator<Item = &str> {
        self.index.files.iter().filter(|(_, entry)| entry.shared).map(|(name, _)| name.as_str())
    }

    fn path_of(&self, name: &str, shared: bool) -> PathBuf {
        let folder =
            if shared { SHARED.into() } else { format!("{GENERATION_PREFIX}{:0GENERATION_DIGITS$}", self.number) };
        self.directory.join(folder).join(name)
    }
}

impl CheckpointWriter {
    /// Writes a file of this generation.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), CheckpointError> {
        let path = self.partial.join(name);
        files::write_synced(&path, bytes).map_err(|source| CheckpointError::io(&path, source))?;
        self.index.files.insert(name.into(), Entry::of(bytes, false));
        Ok(())
    }

    /// Writes a file of this generation as JSON.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; [`CheckpointError::Content`] for a value that JSON cannot hold.
    pub fn put_json<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), CheckpointError> {
        let path = self.partial.join(name);
        let bytes = files::json::to_vec_pretty(value).map_err(|error| CheckpointError::content(&path, error))?;
        self.put(name, &bytes)
    }

    /// Writes a file that later generations may need as well; the same content under the same number is written once. Returns
    /// its name.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn put_shared(&mut self, number: u64, bytes: &[u8]) -> Result<String, CheckpointError> {
        let name = format!("{SHARED_PREFIX}{number:0SHARED_DIGITS$}{SHARED_SUFFIX}");
        let entry = Entry::of(bytes, true);
        let path = self.directory.shared().join(&name);
        let there = files::read(&path, LARGEST_FILE_BYTES).is_ok_and(|existing| Entry::of(&existing, true) == entry);
        if !there {
            files::write(&path, bytes).map_err(|source| CheckpointError::io(&path, source))?;
        }
        self.index.files.insert(name.clone(), entry);
        Ok(name)
    }

    /// Makes this the current generation, and removes those before the last two.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; this generation or the one before is then the current one, and complete.
    pub fn commit(self) -> Result<Generation, CheckpointError> {
        let Self { directory, partial, index } = self;
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| CheckpointError::Io { path, source }
        };
        write_json(&partial.join(INDEX), &index)?;
        let number = index.generation;
        let target = directory.generation_path(number);
        // Left over if an earlier process was killed between the two renames.
        remove_generation(&target)?;
        files::rename(&partial, &target).map_err(io(&target))?;
        files::sync_folder(&directory.path).map_err(io(&directory.path))?;
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

/// Whether this program made and marked the directory.
fn is_marked(path: &Path) -> Result<bool, CheckpointError> {
    let marker = path.join(MARKER);
    match read_json::<Marker>(&marker) {
        Ok(found) if found.format == MARKER_FORMAT => {
            check_version(&marker, found.version)?;
            Ok(true)
        }
        Err(CheckpointError::Io { source, .. }) if source.kind() != io::ErrorKind::NotFound => {
            Err(CheckpointError::Io { path: marker, source })
        }
        _ => Ok(false),
    }
}

/// Whether there is nothing in the directory, or only what this program leaves there when it is killed before it has marked it.
fn is_empty(path: &Path) -> Result<bool, CheckpointError> {
    Ok(names_in(path)?.iter().all(|name| name == LOCK || files::is_temporary(name)))
}

/// Runs were not always marked: a manifest or an index of ours tells them.
fn is_run_without_marker(path: &Path) -> bool {
    let is_manifest = |path: &Path| read_json::<Manifest>(path).is_ok_and(|manifest| manifest.format == FORMAT);
    let is_index = |path: &Path| read_json::<Index>(path).is_ok_and(|index| index.format == FORMAT);
    let index_of = |number: u64| path.join(format!("{GENERATION_PREFIX}{number:0GENERATION_DIGITS$}")).join(INDEX);
    is_manifest(&path.join(MANIFEST))
        || generations_in(path).is_ok_and(|found| found.into_iter().any(|number| is_index(&index_of(number))))
}

fn generations_in(path: &Path) -> Result<Vec<u64>, CheckpointError> {
    let names = names_in(path)?;
    let numbers = names.iter().filter_map(|name| number_in(name, GENERATION_PREFIX, "", GENERATION_DIGITS));
    Ok(numbers.collect::<BTreeSet<u64>>().into_iter().collect())
}

fn is_shared_name(name: &str) -> bool {
    number_in(name, SHARED_PREFIX, SHARED_SUFFIX, SHARED_DIGITS).is_some()
}

/// The number in a name that is exactly as this program would write it.
fn number_in(name: &str, prefix: &str, suffix: &str, digits: usize) -> Option<u64> {
    let number = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
    let parsed: u64 = number.parse().ok()?;
    (format!("{parsed:0digits$}") == number).then_some(parsed)
}

fn names_in(path: &Path) -> Result<Vec<String>, CheckpointError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotADirectory => {
            CheckpointError::io(path, io::Error::new(source.kind(), "it is a file, not a directory"))
        }
        _ => CheckpointError::io(path, source),
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        names.push(entry.map_err(io)?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), CheckpointError> {
    let bytes = files::json::to_vec_pretty(value).map_err(|error| CheckpointError::content(path, error))?;
    files::write(path, &bytes).map_err(|source| CheckpointError::io(path, source))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let bytes = files::read(path, LARGEST_JSON_BYTES).map_err(|source| CheckpointError::io(path, source))?;
    serde_json::from_slice(&bytes).map_err(|error| CheckpointError::content(path, error))
}

fn check_format(path: &Path, format: &str, version: u32) -> Result<(), CheckpointError> {
    if format != FORMAT {
        return Err(CheckpointError::content(path, format!("format is `{format}`, not `{FORMAT}`")));
    }
    check_version(path, version)
}

fn check_version(path: &Path, version: u32) -> Result<(), CheckpointError> {
    if version == VERSION {
        return Ok(());
    }
    Err(CheckpointError::Version { path: path.to_owned(), found: version, expected: VERSION })
}

fn remove_file(path: &Path) -> Result<(), CheckpointError> {
    files::remove_file(path).map_err(|source| CheckpointError::io(path, source))
}

/// Removes a generation's own files and its directory; what else lies there stays, and the directory with it.
fn remove_generation(path: &Path) -> Result<(), CheckpointError> {
    // A link is not followed: what it names is none of ours.
    let is_directory = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if !is_directory {
        return Ok(());
    }
    let index = read_json::<Index>(&path.join(INDEX)).ok();
    let is_own = |name: &str| match &index {
        Some(index) => name == INDEX || index.files.get(name).is_some_and(|entry| !entry.shared),
        None => is_part_name(name),
    };
    // The index goes last: without it the rest could not be told from other files.
    let mut names: Vec<String> =
        names_in(path)?.into_iter().filter(|name| is_own(name) || files::is_temporary(name)).collect();
    names.sort_by_key(|name| name == INDEX);
    names.iter().try_for_each(|name| remove_file(&path.join(name)))?;
    files::remove_empty_folder(path).map_err(|source| CheckpointError::io(path, source))
}

/// Whether a generation may have a file of that name: small letters and hyphens, `.json` or `.bin`.
fn is_part_name(name: &str) -> bool {
    let stem = name.strip_suffix(".json").or_else(|| name.strip_suffix(".bin"));
    stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::faults::at_every_call;

    fn write(directory: &CheckpointDirectory, number: u64) -> Generation {
        let mut writer = directory.begin(number).unwrap();
        writer.put_json("counters.json", &number).unwrap();
        for shared in number.saturating_sub(2)..=number {
            writer.put_shared(shared, format!("episode {shared}").as_bytes()).unwrap();
        }
        writer.commit().unwrap()
    }

    /// Names and contents of all files below.
    fn contents(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        for name in names_in(path).unwrap() {
            let path = path.join(name);
            match path.is_dir() {
                true => contents.extend(self::contents(&path)),
                false => drop(contents.insert(path.clone(), fs::read(&path).unwrap())),
            }
        }
        contents
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
        drop(directory);
        let latest = CheckpointDirectory::open(folder.path().join("run")).unwrap().load_latest().unwrap();
        assert_eq!(latest.number, 3);
        assert_eq!(latest.read_json::<u64>("counters.json").unwrap(), 3);
        assert_eq!(latest.read("replay-000000000001.bin").unwrap(), b"episode 1");
    }

    #[test]
    fn only_the_last_two_and_what_they_share_are_kept() {
        let (_folder, directory) = run(9);
        assert_eq!(directory.generations().unwrap(), [8, 9]);
        let mut names = names_in(&directory.shared()).unwrap();
        names.sort();
        assert_eq!(names, [6, 7, 8, 9].map(|number| format!("replay-00000000000{number}.bin")));
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
            ("shared/replay-000000000003.bin", None, "shared/replay-000000000003.bin"),
            ("generation-000003/index.json", Some("{\"format\":1}"), "index.json"),
            ("manifest.json", Some("PNG"), "manifest.json"),
            (
                "manifest.json",
                Some("{\"format\":\"bevy_proxops checkpoint\",\"version\":7,\"current\":3}"),
                "format version 7, this program reads versions up to 1",
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
    fn an_index_that_names_files_elsewhere_is_refused() {
        let (folder, directory) = run(1);
        fs::write(folder.path().join("secret"), "1").unwrap();
        let index = directory.generation_path(1).join(INDEX);
        let text = fs::read_to_string(&index).unwrap().replace("counters.json", "../../secret");
        fs::write(&index, text).unwrap();
        let error = directory.load_latest().unwrap_err().to_string();
        assert!(error.contains("index.json: no checkpoint has a file called \"../../secret\""), "{error}");
    }

    #[test]
    fn an_interrupted_checkpoint_leaves_the_one_before() {
        let (folder, directory) = run(2);
        let mut writer = directory.begin(3).unwrap();
        writer.put("counters.json", b"3").unwrap();
        drop((writer, directory));
        let directory = CheckpointDirectory::open(folder.path().join("run")).unwrap();
        assert_eq!(directory.load_latest().unwrap().number, 2);
        assert!(!directory.path().join("partial-000003").exists());
    }

    #[test]
    fn killed_before_the_first_manifest_the_first_generation_counts() {
        let (_folder, directory) = run(1);
        fs::remove_file(directory.path().join(MANIFEST)).unwrap();
        assert_eq!(directory.load_latest().unwrap().number, 1);
        write(&directory, 2);
        fs::remove_file(directory.path().join(MANIFEST)).unwrap();
        assert!(directory.load_latest().unwrap_err().to_string().contains("--generation 2"), "with two it is damage");
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
    fn a_directory_with_other_things_is_refused_and_nothing_in_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("partial-notes", "mine"),
            ("history.jsonl", "mine too"),
            ("shared/replay-000000000001.bin", "and this"),
            ("manifest.json", "{\"name\": \"a web app\"}"),
            ("run.json", "{\"format\": \"something else\", \"version\": 1}"),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let before = contents(folder.path());
        let error = CheckpointDirectory::create(folder.path()).unwrap_err().to_string();
        assert!(error.contains("not empty and not a run"), "{error}");
        assert!(!CheckpointDirectory::holds_run(folder.path()));
        assert!(CheckpointDirectory::open(folder.path()).is_err());
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn what_a_user_puts_into_a_run_stays() {
        let (_folder, directory) = run(2);
        let others =
            ["notes.txt", "shared/replay.bin", "shared/replay-1.bin", "generation-000001/notes.txt", "partial-2/a.bin"];
        for name in others {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "mine").unwrap();
        }
        (3..6).for_each(|number| drop(write(&directory, number)));
        let path = directory.path().to_owned();
        drop(directory);
        CheckpointDirectory::open(&path).unwrap();
        for name in others {
            assert_eq!(fs::read_to_string(path.join(name)).unwrap(), "mine", "{name}");
        }
        assert_eq!(names_in(&path.join("generation-000001")).unwrap(), ["notes.txt"]);
    }

    #[test]
    fn a_run_from_before_runs_were_marked_is_known_and_marked() {
        for lost in ["run.json", "manifest.json"] {
            let (folder, directory) = run(2);
            drop(directory);
            let path = folder.path().join("run");
            fs::remove_file(path.join("run.json")).unwrap();
            fs::remove_file(path.join(lost)).ok();
            assert!(CheckpointDirectory::holds_run(&path));
            drop(CheckpointDirectory::open(&path).unwrap());
            assert!(path.join("run.json").exists());
        }
    }

    #[test]
    fn a_run_of_a_later_version_is_left_alone() {
        let (folder, directory) = run(1);
        drop(directory);
        let path = folder.path().join("run");
        fs::write(path.join("run.json"), "{\"format\": \"bevy_proxops run\", \"version\": 2, \"more\": 0}").unwrap();
        let error = CheckpointDirectory::open(&path).unwrap_err().to_string();
        assert!(error.contains("run.json: format version 2, this program reads versions up to 1"), "{error}");
    }

    #[test]
    fn two_cannot_be_at_work_in_one_run() {
        let (folder, directory) = run(1);
        let path = folder.path().join("run");
        let error = CheckpointDirectory::open(&path).unwrap_err();
        assert!(matches!(error, CheckpointError::InUse { .. }) && error.to_string().contains("/run: another process"));
        assert_eq!(write(&directory, 2).number, 2);
        drop(directory);
        assert_eq!(CheckpointDirectory::open(&path).unwrap().load_latest().unwrap().number, 2);
    }

    #[test]
    fn a_checkpoint_that_fails_anywhere_leaves_one_that_opens_and_names_the_file() {
        let save = |(_, directory): &mut (_, CheckpointDirectory)| {
            let mut writer = directory.begin(4)?;
            writer.put_json("counters.json", &4)?;
            writer.put_shared(3, b"episode 3")?;
            writer.put_shared(4, b"episode 4")?;
            writer.commit()
        };
        at_every_call(
            || run(3),
            save,
            |(folder, directory), fault, at, result| {
                let error = result.unwrap_err().to_string();
                assert!(error.starts_with(&*folder.path().to_string_lossy()), "{fault:?} at {at}: {error}");
                let path = directory.path().to_owned();
                drop(directory);
                let directory = CheckpointDirectory::open(&path).unwrap();
                let latest = directory.load_latest().unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
                assert!([3, 4].contains(&latest.number));
                assert_eq!(latest.read_json::<u64>("counters.json").unwrap(), latest.number);
                // And the run goes on.
                assert_eq!(write(&directory, 5).number, 5);
                let names = names_in(&path).unwrap();
                let is_left = |name: &String| files::is_temporary(name) || name.starts_with(PARTIAL_PREFIX);
                assert!(!names.iter().any(is_left), "{fault:?} at {at}: {names:?}");
            },
        );
    }

    #[test]
    fn a_new_run_that_fails_anywhere_can_be_begun_again() {
        let create = |folder: &mut tempfile::TempDir| CheckpointDirectory::create(folder.path().join("run"));
        at_every_call(
            || tempfile::tempdir().unwrap(),
            create,
            |mut folder, fault, at, result| {
                assert!(result.unwrap_err().to_string().contains("/run"), "{fault:?} at {at}");
                create(&mut folder).unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            },
        );
    }

    #[test]
    fn a_directory_without_checkpoint_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = CheckpointDirectory::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("no checkpoint"), "{error}");
        assert!(CheckpointDirectory::open("/nowhere/run").unwrap_err().to_string().contains("/nowhere/run"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_any_file_of_a_run_is_refused_at_once() {
        for name in [MARKER, LOCK, MANIFEST] {
            let folder = tempfile::tempdir().unwrap();
            write(&CheckpointDirectory::create(folder.path()).unwrap(), 1);
            let pipe = folder.path().join(name);
            fs::remove_file(&pipe).ok();
            files::faults::make_pipe(&pipe);
            let latest = CheckpointDirectory::create(folder.path()).and_then(|directory| directory.load_latest());
            let refused = latest.map(drop).unwrap_err().to_string();
            assert!(refused.contains(name) && refused.contains("it is a pipe, not a file"), "{refused}");
        }
    }

    #[test]
    fn a_file_in_the_place_of_a_runs_directory_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for refused in [CheckpointDirectory::open(file.path()), CheckpointDirectory::create(file.path())] {
            let refused = refused.map(drop).unwrap_err().to_string();
            assert_eq!(refused, format!("{}: it is a file, not a directory", file.path().display()));
        }
    }
}
