//! Work on a thread of its own, beside its owner.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use crate::threads::{self, guarded, join_soon, lock};

/// Work on a thread of its own, which shows its progress, can be asked to stop, and ends with a result.
///
/// A panic of the work is a result too: what it said. Dropping the task asks it to stop and waits for that 0.4 s at most.
#[derive(Debug)]
pub struct BackgroundTask<P, T> {
    state: Arc<TaskState<P>>,
    result: Receiver<Result<T, String>>,
    /// `None` once nobody has to wait for it any more.
    thread: Option<JoinHandle<()>>,
}

/// What the work and its owner both see.
#[derive(Debug)]
pub struct TaskState<P> {
    stop: AtomicBool,
    progress: Mutex<P>,
}

impl<P> TaskState<P> {
    /// At the beginning of the work.
    pub fn new(progress: P) -> Self {
        Self { stop: AtomicBool::new(false), progress: Mutex::new(progress) }
    }

    /// How far the work has come. Hold it for a moment only: the other side waits.
    pub fn progress(&self) -> MutexGuard<'_, P> {
        lock(&self.progress)
    }

    /// Whether the work is to stop.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Asks the work to stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl<P: Send + 'static, T: Send + 'static> BackgroundTask<P, T> {
    /// Starts the work on a thread of that name.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(name: &str, progress: P, work: impl FnOnce(&TaskState<P>) -> T + Send + 'static) -> io::Result<Self> {
        let state = Arc::new(TaskState::new(progress));
        let (tell, result) = bounded(1);
        let own = state.clone();
        let thread = threads::spawn(name, move || {
            // Nobody listens once the owner is gone.
            let _ = tell.send(guarded(|| work(&own)));
        })?;
        Ok(Self { state, result, thread: Some(thread) })
    }
}

impl<P, T> BackgroundTask<P, T> {
    /// What the work shows of itself, and whether it is to stop.
    pub fn state(&self) -> &TaskState<P> {
        &self.state
    }

    /// The result, or what a panic of the work said, once the work has ended; it can be taken once.
    pub fn take_result(&mut self) -> Option<Result<T, String>> {
        self.take_result_by(Instant::now())
    }

    /// As [`take_result`](Self::take_result), and waits for it until `deadline`.
    pub fn take_result_by(&mut self, deadline: Instant) -> Option<Result<T, String>> {
        match self.result.recv_deadline(deadline) {
            Ok(result) => {
                self.leave_behind();
                Some(result)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Dropping this will not wait for the work: it ends when it ends, or with the process.
    pub fn leave_behind(&mut self) {
        self.thread = None;
    }

    /// The end of the work, for somebody else to wait for; dropping this will not.
    pub fn ending(&mut self) -> TaskEnding {
        TaskEnding { thread: self.thread.take() }
    }
}

/// The end of a task's work.
#[derive(Debug)]
pub struct TaskEnding {
    thread: Option<JoinHandle<()>>,
}

impl TaskEnding {
    /// Waits until the work has ended.
    pub fn wait(self) {
        // The thread catches the work's panics.
        let _ = self.thread.map(JoinHandle::join);
    }
}

impl<P, T> Drop for BackgroundTask<P, T> {
    fn drop(&mut self) {
        self.state.stop();
        let _ = self.thread.take().map(join_soon);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossbeam_channel::unbounded;

    use super::*;

    /// Far beyond what is needed, so that only a hang fails.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn result<P, T>(task: &mut BackgroundTask<P, T>) -> Option<Result<T, String>> {
        task.take_result_by(Instant::now() + PATIENCE)
    }

    #[test]
    fn a_task_shows_its_progress_stops_when_asked_and_gives_its_result_once() {
        let (told, said) = unbounded();
        let count = move |state: &TaskState<u32>| {
            while !state.is_stopping() {
                *state.progress() += 1;
                let _ = told.send(());
            }
            *state.progress()
        };
        let mut task = BackgroundTask::start("count", 0, count).unwrap();
        said.recv_timeout(PATIENCE).unwrap();
        assert!(*task.state().progress() > 0);
        assert_eq!(task.take_result(), None);
        task.state().stop();
        let ended = result(&mut task).unwrap();
        assert_eq!(ended, Ok(*task.state().progress()));
        assert_eq!(task.take_result(), None);
    }

    #[test]
    fn a_task_that_panics_ends_with_what_it_said() {
        let work = |_: &TaskState<()>| -> u32 { panic!("cell {}", 4) };
        let mut task = BackgroundTask::start("panic", (), work).unwrap();
        assert_eq!(result(&mut task), Some(Err("cell 4".to_owned())));
    }

    #[test]
    fn a_task_that_does_not_end_is_left_behind() {
        let (release, gate) = unbounded::<()>();
        // Neither work ends before it is released below.
        let own = gate.clone();
        let mut left = BackgroundTask::start("left", (), move |_| own.recv().is_ok()).unwrap();
        left.leave_behind();
        drop(left);
        drop(BackgroundTask::start("waited for", (), move |_| gate.recv().is_ok()).unwrap());
        drop(release);
    }

    #[test]
    fn another_waits_for_the_end_of_a_task() {
        let (tell, told) = unbounded();
        let mut task = BackgroundTask::start("first", (), move |_| tell.send(7)).unwrap();
        task.ending().wait();
        assert_eq!(told.try_recv(), Ok(7));
    }
}
