//! Files that commands read and write, beside the ticks: a slow disk or a server that is gone stops no episode.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use bevy::ecs::resource::Resource;

use crate::episode::error::EpisodeError;
use crate::flight::BackgroundTask;
use crate::mission::{Mission, Scenario};
use crate::network::NetworkWeights;

/// Files that are being read or written.
#[derive(Resource, Default)]
pub struct FileWork {
    under_way: Vec<FileTask>,
}

/// What has come of a file.
pub enum FileNews {
    /// A scenario was read and can be flown.
    Scenario(Box<Scenario>, Arc<Mission>),
    /// A network was read.
    Network(PathBuf, NetworkWeights),
    /// A network was written.
    NetworkSaved(PathBuf, NetworkWeights),
}

struct FileTask {
    doing: String,
    work: BackgroundTask<(), Result<FileNews, EpisodeError>>,
    is_told: bool,
}

impl FileWork {
    /// Reads a file on a thread of its own. The end of the simulation does not wait for it: a reader may wait for ever, and
    /// nothing is lost with it.
    ///
    /// # Errors
    /// [`EpisodeError::FileThread`] if the system gives no thread.
    pub fn read(
        &mut self,
        doing: String,
        work: impl FnOnce() -> Result<FileNews, EpisodeError> + Send + 'static,
    ) -> Result<(), EpisodeError> {
        self.write(doing, work)?;
        if let Some(task) = self.under_way.last_mut() {
            task.work.leave_behind();
        }
        Ok(())
    }

    /// Writes a file on a thread of its own. The end of the simulation waits for it a moment.
    ///
    /// # Errors
    /// [`EpisodeError::FileThread`] if the system gives no thread.
    pub fn write(
        &mut self,
        doing: String,
        work: impl FnOnce() -> Result<FileNews, EpisodeError> + Send + 'static,
    ) -> Result<(), EpisodeError> {
        let task = BackgroundTask::start("proxops file", (), |_| work());
        let refused = |error: std::io::Error| failed(&doing, error.to_string());
        let work = task.map_err(refused)?;
        self.under_way.push(FileTask { doing, work, is_told: false });
        Ok(())
    }

    /// What has ended by then, in the order in which it was asked for.
    pub fn take_ended(&mut self, deadline: Instant) -> Vec<Result<FileNews, EpisodeError>> {
        let mut ended = Vec::new();
        self.under_way.retain_mut(|task| match task.work.take_result_by(deadline) {
            Some(result) => {
                ended.push(result.unwrap_or_else(|reason| Err(failed(&task.doing, reason))));
                false
            }
            None => true,
        });
        ended
    }

    /// What is still under way and has not been told of, in words.
    pub fn take_untold(&mut self) -> Vec<String> {
        let untold = self.under_way.iter_mut().filter(|task| !task.is_told);
        untold.map(|task| (std::mem::replace(&mut task.is_told, true), task.doing.clone()).1).collect()
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }
}

fn failed(doing: &str, reason: String) -> EpisodeError {
    EpisodeError::FileThread { doing: doing.to_owned(), reason }
}
