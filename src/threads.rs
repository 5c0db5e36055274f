//! Work that may panic, locks whose holder may, threads that the system may refuse, and threads that may not end in time.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a thread that is to end is waited for. Leaving an app waits for two of them at most, one after the other.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);
/// Between two looks at whether it has ended.
const GLANCE: Duration = Duration::from_millis(2);

/// Runs work that may panic; instead of a panic comes what it said. A program built with `panic = "abort"` ends with the
/// panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_message(panic.as_ref()))
}

/// Locks a mutex whose data stays sound when a holder panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic said.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown panic".into())
}

/// Starts a thread of that name.
///
/// # Errors
/// What the system says when it gives none.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let refused =
        |error: io::Error| io::Error::new(error.kind(), format!("the system gives no further thread: {error}"));
    #[cfg(test)]
    refusal::strike().map_err(refused)?;
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(refused)
}

/// How many of `wanted` threads the system gives at the moment. They are started, and end when all that it gives are there.
pub(crate) fn available(wanted: usize) -> usize {
    let mut given = Vec::new();
    while given.len() < wanted
        && let Ok(handle) = spawn("proxops probe", thread::park)
    {
        given.push(handle);
    }
    let count = given.len();
    for handle in given {
        handle.thread().unpark();
        // It does nothing that could fail.
        let _ = handle.join();
    }
    count
}

/// A system that gives no thread, for tests.
#[cfg(test)]
pub(crate) mod refusal {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Does `work` while this thread may start so many threads and no more.
    pub(crate) fn after<T>(threads: usize, work: impl FnOnce() -> T) -> T {
        LEFT.set(Some(threads));
        let result = work();
        LEFT.set(None);
        result
    }

    pub(super) fn strike() -> io::Result<()> {
        match LEFT.get() {
            Some(0) => Err(io::ErrorKind::WouldBlock.into()),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Waits until the thread has ended, or `deadline` is over: then the thread is left behind, and the log says so. It ends
/// with what it is doing, or with the process.
pub(crate) fn join_by<T>(handle: JoinHandle<T>, deadline: Instant) -> Option<thread::Result<T>> {
    while !handle.is_finished() {
        if Instant::now() >= deadline {
            let name = handle.thread().name().unwrap_or("unnamed").to_owned();
            tracing::warn!("the thread `{name}` has not ended in time and is left behind");
            return None;
        }
        thread::sleep(GLANCE);
    }
    Some(handle.join())
}

/// As [`join_by`], with [`PATIENCE`] from now on.
pub(crate) fn join_soon<T>(handle: JoinHandle<T>) -> Option<thread::Result<T>> {
    join_by(handle, Instant::now() + PATIENCE)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_thread_that_ends_is_joined_and_one_that_does_not_is_left_behind() {
        let ended = join_by(thread::spawn(|| 7), Instant::now() + Duration::from_secs(60));
        assert_eq!(ended.and_then(Result::ok), Some(7));
        let (release, gate) = channel::<()>();
        let blocked = thread::spawn(move || gate.recv());
        // It cannot end before it is released below.
        assert!(join_by(blocked, Instant::now()).is_none());
        drop(release);
    }

    #[test]
    fn threads_that_the_system_refuses_are_counted_and_named() {
        assert_eq!(available(3), 3);
        assert_eq!(refusal::after(2, || available(3)), 2);
        let refused = refusal::after(0, || spawn("none", || ())).unwrap_err().to_string();
        assert!(refused.starts_with("the system gives no further thread: "), "{refused}");
    }

    #[test]
    fn a_lock_outlives_a_holder_that_panics() {
        let mutex = Mutex::new(1);
        let held = guarded(|| {
            let _holder = lock(&mutex);
            panic!("with the lock");
        });
        assert_eq!(held, Err::<(), _>("with the lock".to_owned()));
        assert_eq!(*lock(&mutex), 1);
    }

    #[test]
    fn what_a_panic_said_comes_back() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(guarded(|| panic!("cell {}", 4)), Err::<(), _>("cell 4".to_owned()));
        assert_eq!(guarded(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
    }
}
