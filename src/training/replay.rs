//! The newest transitions, to learn from in random order.

use std::collections::VecDeque;
use std::sync::Arc;

use rand::RngExt;

use crate::mission::StreamRng;
use crate::network::{CheckpointError, CheckpointWriter, Generation};

use super::error::TrainingError;
use super::samples::{EpisodeSamples, Sample};

/// Whole episodes, oldest first, as many of the newest as fit.
#[derive(Clone, Debug)]
pub struct ReplayBuffer {
    capacity: usize,
    episodes: VecDeque<Arc<EpisodeSamples>>,
    transitions: usize,
}

impl ReplayBuffer {
    /// Room for `capacity` transitions. The newest episode is kept even if it alone exceeds that.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, episodes: VecDeque::new(), transitions: 0 }
    }

    /// Transitions held.
    pub fn len(&self) -> usize {
        self.transitions
    }

    /// Whether there is nothing to learn from.
    pub fn is_empty(&self) -> bool {
        self.transitions == 0
    }

    /// Episodes held, oldest first.
    pub fn episodes(&self) -> impl Iterator<Item = &EpisodeSamples> {
        self.episodes.iter().map(Arc::as_ref)
    }

    /// Adds an episode and drops the oldest that no longer fit.
    pub fn push(&mut self, episode: EpisodeSamples) {
        self.transitions += episode.len();
        self.episodes.push_back(Arc::new(episode));
        while self.transitions > self.capacity && self.episodes.len() > 1 {
            let oldest = self.episodes.pop_front();
            self.transitions -= oldest.map_or(0, |episode| episode.len());
        }
    }

    /// One transition, all equally likely.
    ///
    /// # Errors
    /// [`TrainingError::EmptyReplay`].
    pub fn sample(&self, rng: &mut StreamRng) -> Result<Sample<'_>, TrainingError> {
        if self.is_empty() {
            return Err(TrainingError::EmptyReplay { transitions: 0 });
        }
        let mut index = rng.random_range(0..self.transitions);
        for episode in &self.episodes {
            if index < episode.len() {
                return Ok(episode.sample(index));
            }
            index -= episode.len();
        }
        Err(TrainingError::EmptyReplay { transitions: self.transitions })
    }

    /// Writes every episode that the checkpoint directory does not hold yet.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`].
    pub fn save(&self, checkpoint: &mut CheckpointWriter) -> Result<(), TrainingError> {
        for episode in &self.episodes {
            checkpoint.put_shared(episode.number(), &episode.to_bytes())?;
        }
        Ok(())
    }

    /// Reads the episodes of a checkpoint, in the order of their numbers, which is that of their arrival. Their beliefs have
    /// `cells` voxels.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`] naming the first file that is damaged.
    pub fn load(capacity: usize, cells: usize, checkpoint: &Generation) -> Result<Self, TrainingError> {
        let mut replay = Self::new(capacity);
        for name in checkpoint.shared_names() {
            let episode = EpisodeSamples::from_bytes(&checkpoint.path(name), &checkpoint.read(name)?)?;
            if episode.cells() != cells {
                let reason = format!("beliefs of {} voxels, the run's have {cells}", episode.cells());
                return Err(CheckpointError::content(&checkpoint.path(name), reason).into());
            }
            replay.push(episode);
        }
        Ok(replay)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::samples::tests::recorder;
    use super::*;
    use crate::network::CheckpointDirectory;

    fn filled(capacity: usize, episodes: u64) -> ReplayBuffer {
        let mut replay = ReplayBuffer::new(capacity);
        (0..episodes).for_each(|number| replay.push(recorder(number).finish(0.9, 1.0).unwrap()));
        replay
    }

    #[test]
    fn the_oldest_episodes_go_first() {
        let replay = filled(10, 5);
        assert_eq!(replay.len(), 9);
        assert_eq!(replay.episodes().map(EpisodeSamples::number).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(filled(1, 3).len(), 3, "the newest episode stays whole");
    }

    #[test]
    fn every_transition_is_drawn_about_equally_often() {
        let replay = filled(9, 3);
        let mut rng = StreamRng::seed_from_u64(1);
        let mut counts = [0_u32; 3];
        for _ in 0..3000 {
            counts[usize::from(replay.sample(&mut rng).unwrap().belief[0] as u8)] += 1;
        }
        // Mean 1000, standard deviation 26; five of them.
        assert!(counts.iter().all(|count| count.abs_diff(1000) < 130), "{counts:?}");
        assert!(ReplayBuffer::new(5).sample(&mut rng).is_err());
    }

    #[test]
    fn a_buffer_survives_a_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let directory = CheckpointDirectory::create(folder.path()).unwrap();
        let replay = filled(9, 12);
        let mut writer = directory.begin(1).unwrap();
        replay.save(&mut writer).unwrap();
        let loaded = ReplayBuffer::load(9, 4, &writer.commit().unwrap()).unwrap();
        assert!(loaded.episodes().eq(replay.episodes()));
        assert_eq!(loaded.len(), 9);
    }
}
