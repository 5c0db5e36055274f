//! What an example says, and how it ends.

use std::fmt::Display;
use std::io::{self, Write};

use bevy_proxops::network::end_process;

/// An error for the person at the terminal: one line that says what, where and what is accepted.
pub type UserError = Box<dyn std::error::Error>;

/// Exit code for settings, files and devices that cannot be used.
pub const BAD_INPUT: u8 = 2;
/// Exit code for a run that Ctrl-C has ended, as shells have it.
#[allow(dead_code, reason = "not every example hears Ctrl-C")]
pub const INTERRUPTED: u8 = 130;
/// Exit code for a run that broke off.
pub const FAILURE: u8 = 1;

/// Prints a line.
pub fn say(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}").map_err(|error| io::Error::new(error.kind(), format!("standard output: {error}")))
}

/// Says something on which nothing hangs: where it cannot be said, the work goes on.
pub fn warn(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Ends an example: success, or one line on standard error and the exit code. A reader that has gone away (`… | head -1`)
/// has what it wanted.
pub fn finish(result: Result<(), (u8, UserError)>) -> ! {
    let Err((code, error)) = result else { end_process(0) };
    let is_closed_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.downcast_ref::<io::Error>().is_some_and(is_closed_pipe) {
        end_process(0);
    }
    // Where even this cannot be said the exit code has to do.
    warn(format_args!("error: {error}"));
    end_process(code)
}
