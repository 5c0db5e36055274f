//! Which threads are inside a graphics driver, and how a process ends meanwhile.
//!
//! At the end of a process the libraries below a driver clear their data away, although other threads still work with it.
//! Mesa's software Vulkan then ends in a segmentation fault or an error of LLVM's, in the place of the exit code.

use std::ffi::c_int;
use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::threads::lock;

/// The threads of this process.
struct Work {
    /// How many are inside a driver.
    inside: usize,
    /// From now on no other one may begin.
    is_ending: bool,
}

static WORK: Mutex<Work> = Mutex::new(Work { inside: 0, is_ending: false });
/// Told whenever a thread has left a driver.
static LEFT: Condvar = Condvar::new();

fn work() -> MutexGuard<'static, Work> {
    lock(&WORK)
}

/// The calling thread is inside a graphics driver until this is dropped.
pub(crate) struct DriverWork(());

impl DriverWork {
    /// Notes it. In a process that is ending this never returns.
    pub(crate) fn begin() -> Self {
        let mut work = work();
        while work.is_ending {
            work = LEFT.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
        work.inside += 1;
        Self(())
    }

    /// Waits until no thread is inside a driver, or `deadline` is over. Whether none is.
    pub(crate) fn wait_until_none(deadline: Instant) -> bool {
        let time = deadline.saturating_duration_since(Instant::now());
        let waited = LEFT.wait_timeout_while(work(), time, |work| work.inside > 0);
        let (work, _) = waited.unwrap_or_else(PoisonError::into_inner);
        work.inside == 0
    }
}

impl Drop for DriverWork {
    fn drop(&mut self) {
        work().inside -= 1;
        LEFT.notify_all();
    }
}

// SAFETY: the C library of every Unix and of Windows has it, with this signature.
unsafe extern "C" {
    /// Ends the process without any of its exit handlers.
    safe fn _exit(code: c_int) -> !;
}

/// Ends the process like [`std::process::exit`], also while a thread of this crate is inside a graphics driver, as one that
/// opens or tests a card may be for long: exit handlers, which would take the driver's data away from it, are left out then.
/// For the end of `main`, after the app or simulation has been dropped.
pub fn end_process(code: u8) -> ! {
    let mut work = work();
    work.is_ending = true;
    let inside = work.inside;
    drop(work);
    if inside == 0 {
        std::process::exit(code.into());
    }
    // What cannot be written now could not be written by an exit handler either.
    let _ = std::io::stdout().flush();
    _exit(code.into())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_thread_inside_a_driver_is_waited_for_until_it_has_left() {
        let far = || Instant::now() + Duration::from_secs(60);
        let (told, is_inside) = channel();
        let (leave, gate) = channel::<()>();
        let thread = thread::spawn(move || {
            let outer = DriverWork::begin();
            let inner = DriverWork::begin();
            let _ = told.send(());
            let _ = gate.recv();
            drop(inner);
            drop(outer);
        });
        is_inside.recv().unwrap();
        // It cannot leave before it may.
        assert!(!DriverWork::wait_until_none(Instant::now()));
        drop(leave);
        assert!(DriverWork::wait_until_none(far()));
        thread.join().unwrap();
    }

    #[test]
    fn a_panic_inside_a_driver_leaves_it() {
        let panicked = thread::spawn(|| {
            let _inside = DriverWork::begin();
            panic!("as drivers do");
        });
        assert!(panicked.join().is_err());
        assert!(DriverWork::wait_until_none(Instant::now() + Duration::from_secs(60)));
    }
}
