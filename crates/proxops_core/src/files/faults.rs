//! Disks that are full, permissions that are missing, writes that stop half-way and processes that are killed, for tests.

use std::cell::Cell;
use std::io;

use super::calls::Call;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full at this call.
    DiskFull,
    /// This call is not allowed.
    PermissionDenied,
    /// Half of the bytes are written; at a call that writes none, the disk is full.
    ShortWrite,
    /// The process is killed: neither this call nor any after it happens.
    Killed,
}

#[derive(Clone, Copy)]
struct Plan {
    fault: Fault,
    at: usize,
    calls: usize,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DiskFull, Self::PermissionDenied, Self::ShortWrite, Self::Killed];

    fn error(self) -> io::Error {
        match self {
            Self::PermissionDenied => io::ErrorKind::PermissionDenied.into(),
            Self::Killed => io::Error::other("the process was killed"),
            Self::DiskFull | Self::ShortWrite => io::ErrorKind::StorageFull.into(),
        }
    }
}

/// A named pipe that nobody feeds.
#[cfg(unix)]
pub fn make_pipe(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo is part of every Unix");
}

/// Does `work` on this thread with `fault` at call number `at`, from 0. Returns its result and whether the fault struck.
pub fn with_fault<T>(fault: Fault, at: usize, work: impl FnOnce() -> T) -> (T, bool) {
    PLAN.set(Some(Plan { fault, at, calls: 0 }));
    let result = work();
    let struck = PLAN.take().is_some_and(|plan| plan.calls > at);
    (result, struck)
}

/// Lets a save fail at every one of its calls in every way. `prepare` sets a state up, `save` changes it, and `check` is
/// given what `save` returned.
pub fn at_every_call<S, T, E: std::fmt::Display>(
    mut prepare: impl FnMut() -> S,
    mut save: impl FnMut(&mut S) -> Result<T, E>,
    mut check: impl FnMut(S, Fault, usize, Result<T, E>),
) {
    for fault in Fault::ALL {
        for at in 0.. {
            let mut state = prepare();
            let (result, struck) = with_fault(fault, at, || save(&mut state));
            if !struck {
                assert!(at > 0, "the save makes no call");
                result.unwrap_or_else(|error| panic!("without a fault: {error}"));
                break;
            }
            check(state, fault, at, result);
        }
    }
}

/// Counts a call, and fails it if it is its turn.
pub(super) fn strike(_call: Call) -> io::Result<()> {
    let Some(mut plan) = PLAN.get() else { return Ok(()) };
    let number = plan.calls;
    plan.calls += 1;
    PLAN.set(Some(plan));
    let fails = number == plan.at || (number > plan.at && plan.fault == Fault::Killed);
    if fails { Err(plan.fault.error()) } else { Ok(()) }
}

/// How many of so many bytes are written before the error, if this write is to be a short one.
pub(super) fn short_write(bytes: usize) -> Option<(usize, io::Error)> {
    let plan = PLAN.get().filter(|plan| plan.fault != Fault::PermissionDenied && plan.calls == plan.at)?;
    PLAN.set(Some(Plan { calls: plan.calls + 1, ..plan }));
    let length = if plan.fault == Fault::DiskFull { 0 } else { bytes / 2 };
    Some((length, plan.fault.error()))
}
