//! What happened in a run: one JSON object a line, appended as it happens.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{self, json, json::number_or_null};

use super::error::TrainingError;
use super::learner::StepLosses;

/// Lines of a million cycles.
const LARGEST_FILE_BYTES: u64 = 512 << 20;

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HistoryEntry {
    /// Self-play and learning of one cycle.
    Cycle(CycleEntry),
    /// The learner's network against the best so far.
    Evaluation(EvaluationEntry),
    /// Learning that went back to the checkpoint before the cycle.
    Divergence(DivergenceEntry),
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
    #[serde(deserialize_with = "number_or_null")]
    pub mean_reward: f64,
    /// Mean entropy left at the end of the cycle's episodes, as a share of H₀.
    #[serde(deserialize_with = "number_or_null")]
    pub mean_final_entropy: f64,
    /// Mean Δv of the cycle's episodes, m/s.
    #[serde(deserialize_with = "number_or_null")]
    pub mean_dv_m_s: f64,
    /// Losses, mean over the cycle's learning steps.
    pub losses: StepLosses,
    /// Episodes of the cycle's self-play that a fault of this program ended; nothing was learnt from them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedEpisodes>,
    /// Episodes that were flown elsewhere and recorded for the run since the cycle before; they count in nothing else here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recorded: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The learner's network against the best so far, on paired seeds and held-out shapes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluationEntry {
    /// Number of the cycle after which it was flown.
    pub cycle: u32,
    /// Pairs of episodes.
    pub pairs: usize,
    /// Mean total reward of the learner's network.
    #[serde(deserialize_with = "number_or_null")]
    pub mean_reward: f64,
    /// Mean difference of total reward, learner's less best's.
    #[serde(deserialize_with = "number_or_null")]
    pub mean_difference: f64,
    /// Half the width of its 95 % interval.
    #[serde(deserialize_with = "number_or_null")]
    pub interval_95: f64,
    /// Whether the learner's network became the best.
    pub promoted: bool,
    /// Episodes that a fault of this program ended; their pairs are not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedEpisodes>,
}

/// Episodes that faults of this program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedEpisodes {
    /// How many.
    pub count: usize,
    /// Of how many that were flown.
    pub of: usize,
    /// The one with the lowest number, and what ended it.
    pub first: String,
}

impl FailedEpisodes {
    /// Those of two flights; the first is that of the first flight.
    pub fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Self { count: one.count + other.count, of: one.of + other.of, ..one }),
            (one, other) => one.or(other),
        }
    }
}

impl fmt::Display for FailedEpisodes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} episodes failed, the first: {}", self.count, self.of, self.first)
    }
}

/// Learning that left what a network can have and went back to the checkpoint before the cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DivergenceEntry {
    /// Number of the cycle that learns again.
    pub cycle: u32,
    /// Learning step at which it happened.
    pub learning_step: u64,
    /// What left its range.
    pub what: String,
    /// By what the configured learning rate is multiplied from now on.
    pub learning_rate_scale: f64,
}

impl fmt::Display for DivergenceEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cycle, learning_step, what, learning_rate_scale } = self;
        write!(
            formatter,
            "cycle {cycle} learns again from the checkpoint before it, with {learning_rate_scale} times the learning rate: {what} at \
             learning step {learning_step}"
        )
    }
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
        let file = files::open_to_append(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length < bytes {
            let reason = format!("{length} bytes where the checkpoint knows {bytes}: lines are missing");
            return Err(failed(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, reason)));
        }
        files::set_length(&file, bytes).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// Appends a line and makes sure that it is on the disk.
    ///
    /// # Errors
    /// [`TrainingError::History`]; for a number that is not finite it names the field.
    pub fn append(&mut self, entry: &HistoryEntry) -> Result<(), TrainingError> {
        let failed = |source| TrainingError::History { path: self.path.clone(), source };
        let mut line = json::to_vec(entry).map_err(failed)?;
        line.push(b'\n');
        files::append(&mut self.file, &line).and_then(|()| self.file.sync_data()).map_err(failed)?;
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
        let text = files::read_text(path, LARGEST_FILE_BYTES).map_err(failed)?;
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
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
    use std::fs;

    use super::*;
    use crate::files::faults::at_every_call;

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
    fn a_number_that_is_not_finite_is_refused_by_name_and_read_from_older_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut history = History::open(&path, 0).unwrap();
        let mut spoilt = CycleEntry { cycle: 1, ..Default::default() };
        spoilt.losses.value_loss = f32::INFINITY;
        let error = history.append(&HistoryEntry::Cycle(spoilt.clone())).unwrap_err().to_string();
        assert!(error.contains("history.jsonl: ") && error.contains("losses.value_loss = inf"), "{error}");
        assert_eq!(history.bytes(), 0);

        // What was written before it was refused.
        fs::write(&path, serde_json::to_vec(&HistoryEntry::Cycle(spoilt)).unwrap()).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("\"value_loss\":null"));
        let [HistoryEntry::Cycle(entry)] = &History::read(&path).unwrap()[..] else { panic!("one cycle") };
        assert!(entry.losses.value_loss.is_nan() && entry.losses.policy_loss == 0.0);
    }

    #[test]
    fn a_line_that_fails_anywhere_leaves_those_before_and_names_the_file() {
        let prepare = || {
            let folder = tempfile::tempdir().unwrap();
            let mut history = History::open(&folder.path().join("history.jsonl"), 0).unwrap();
            history.append(&entry(1)).unwrap();
            (folder, history)
        };
        let save = |(_, history): &mut (_, History)| history.append(&entry(2));
        at_every_call(prepare, save, |(folder, history), _, _, result| {
            let path = folder.path().join("history.jsonl");
            assert!(result.unwrap_err().to_string().contains("history.jsonl"));
            drop(History::open(&path, history.bytes()).unwrap());
            assert_eq!(History::read(&path).unwrap(), [entry(1)]);
        });
    }

    #[test]
    fn missing_and_broken_lines_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        fs::write(&path, "{\"kind\":\"cycle\"}\n").unwrap();
        assert!(History::read(&path).unwrap_err().to_string().contains("history.jsonl: line 1"));
        assert!(History::open(&path, 1000).unwrap_err().to_string().contains("lines are missing"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_the_history_is_refused_without_waiting_for_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("history.jsonl");
        files::faults::make_pipe(&pipe);
        for refused in [History::open(&pipe, 0).map(drop), History::read(&pipe).map(drop)] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("history.jsonl") && refused.contains("it is a pipe, not a file"), "{refused}");
        }
    }
}
