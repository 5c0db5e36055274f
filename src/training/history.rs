//! What happened in a run: one JSON object a line, appended as it happens.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use super::learner::StepLosses;

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HistoryEntry {
    /// Self-play and learning of one cycle.
    Cycle(CycleEntry),
    /// The learner's network against the best so far.
    Evaluation(EvaluationEntry),
}

/// Self-play and learning of one cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CycleEntry {
    /// Number of the cycle, from 1.
    pub cycle: u32,
    /// Episodes of self-play flown since the beginning.
    pub episodes: u32,
    /// Learning steps since the beginning.
    pub learning_steps: u64,
    /// Transitions in the replay buffer.
    pub transitions: usize,
    /// Mean total reward of the cycle's episodes.
    pub mean_reward: f64,
    /// Mean entropy left at the end of the cycle's episodes, as a share of H₀.
    pub mean_final_entropy: f64,
    /// Mean Δv of the cycle's episodes, m/s.
    pub mean_dv_m_s: f64,
    /// Losses, mean over the cycle's learning steps.
    pub losses: StepLosses,
}

/// The learner's network against the best so far, on paired seeds and held-out shapes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluationEntry {
    /// Number of the cycle after which it was flown.
    pub cycle: u32,
    /// Pairs of episodes.
    pub pairs: usize,
    /// Mean total reward of the learner's network.
    pub mean_reward: f64,
    /// Mean difference of total reward, learner's less best's.
    pub mean_difference: f64,
    /// Half the width of its 95 % interval.
    pub interval_95: f64,
    /// Whether the learner's network became the best.
    pub promoted: bool,
}

/// The history file of a run.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl History {
    /// Goes on after `bytes` bytes and forgets what comes after them: lines of a cycle that was never completed.
    ///
    /// # Errors
    /// [`TrainingError::History`] if the file cannot be written or is shorter than that.
    pub fn open(path: &Path, bytes: u64) -> Result<Self, TrainingError> {
        let failed = |source| TrainingError::History { path: path.to_owned(), source };
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length < bytes {
            let reason = format!("{length} bytes where the checkpoint knows {bytes}: lines are missing");
            return Err(failed(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, reason)));
        }
        file.set_len(bytes).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// Appends a line and makes sure that it is on the disk.
    ///
    /// # Errors
    /// [`TrainingError::History`].
    pub fn append(&mut self, entry: &HistoryEntry) -> Result<(), TrainingError> {
        let failed = |source| TrainingError::History { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(entry).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(failed)?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Length so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All entries of a history file.
    ///
    /// # Errors
    /// [`TrainingError::History`] naming the line that is not one.
    pub fn read(path: &Path) -> Result<Vec<HistoryEntry>, TrainingError> {
        let failed = |source| TrainingError::History { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(failed)?;
        let mut entries = Vec::new();
        for (number, line) in crate::text::without_mark(&text).lines().enumerate() {
            let entry = serde_json::from_str(line).map_err(|error| {
                failed(std::io::Error::new(std::io::ErrorKind::InvalidData, format!("line {}: {error}", number + 1)))
            })?;
            entries.push(entry);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(cycle: u32) -> HistoryEntry {
        HistoryEntry::Cycle(CycleEntry { cycle, mean_reward: 0.1 + f64::from(cycle), ..Default::default() })
    }

    #[test]
    fn lines_of_an_unfinished_cycle_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut history = History::open(&path, 0).unwrap();
        history.append(&entry(1)).unwrap();
        let bytes = history.bytes();
        history.append(&entry(2)).unwrap();
        let mut history = History::open(&path, bytes).unwrap();
        let evaluation = HistoryEntry::Evaluation(EvaluationEntry { cycle: 3, ..Default::default() });
        history.append(&evaluation).unwrap();
        assert_eq!(History::read(&path).unwrap(), [entry(1), evaluation]);
    }

    #[test]
    fn missing_and_broken_lines_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        fs::write(&path, "{\"kind\":\"cycle\"}\n").unwrap();
        assert!(History::read(&path).unwrap_err().to_string().contains("history.jsonl: line 1"));
        assert!(History::open(&path, 1000).unwrap_err().to_string().contains("lines are missing"));
    }
}
