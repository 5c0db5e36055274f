//! Files that commands read and write, beside the ticks: a slow disk or a server that is gone stops no episode.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use bevy::ecs::resource::Resource;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use crate::episode::error::EpisodeError;
use crate::mission::{Mission, Scenario};
use crate::network::NetworkWeights;
use crate::threads::{self, guarded, join_soon};

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
    done: Receiver<Result<FileNews, EpisodeError>>,
    /// Of a file that is written: the end of the simulation waits for it a moment.
    writer: Option<JoinHandle<()>>,
    is_told: bool,
}

impl FileWork {
    /// Reads a file on a thread of its own.
    ///
    /// # Errors
    /// [`EpisodeError::FileThread`] if the system gives no thread.
    pub fn read(
        &mut self,
        doing: String,
        work: impl FnOnce() -> Result<FileNews, EpisodeError> + Send + 'static,
    ) -> Result<(), EpisodeError> {
        self.begin(doing, work).map(drop)
    }

    /// Writes a file on a thread of its own.
    ///
    /// # Errors
    /// [`EpisodeError::FileThread`] if the system gives no thread.
    pub fn write(
        &mut self,
        doing: String,
        work: impl FnOnce() -> Result<FileNews, EpisodeError> + Send + 'static,
    ) -> Result<(), EpisodeError> {
        let handle = self.begin(doing, work)?;
        if let Some(task) = self.under_way.last_mut() {
            task.writer = Some(handle);
        }
        Ok(())
    }

    fn begin(
        &mut self,
        doing: String,
        work: impl FnOnce() -> Result<FileNews, EpisodeError> + Send + 'static,
    ) -> Result<JoinHandle<()>, EpisodeError> {
        let (tell, done) = bounded(1);
        let own = doing.clone();
        let work = move || {
            let failed = |reason| Err(EpisodeError::FileThread { doing: own, reason });
            // Nobody listens once the simulation has ended.
            let _ = tell.send(guarded(work).unwrap_or_else(failed));
        };
        let thread = threads::spawn("proxops file", work);
        let refused =
            |error: std::io::Error| EpisodeError::FileThread { doing: doing.clone(), reason: error.to_string() };
        let handle = thread.map_err(refused)?;
        self.under_way.push(FileTask { doing, done, writer: None, is_told: false });
        Ok(handle)
    }

    /// What has ended by then, in the order in which it was asked for.
    pub fn take_ended(&mut self, deadline: Instant) -> Vec<Result<FileNews, EpisodeError>> {
        let mut ended = Vec::new();
        self.under_way.retain(|task| match task.done.recv_deadline(deadline) {
            Ok(news) => {
                ended.push(news);
                false
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
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

impl Drop for FileWork {
    fn drop(&mut self) {
        // A reader may wait for ever; nothing is lost with it.
        self.under_way.drain(..).filter_map(|task| task.writer).for_each(|writer| drop(join_soon(writer)));
    }
}
