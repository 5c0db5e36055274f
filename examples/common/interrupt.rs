//! Ctrl-C as a wish that a run may grant at its next pause; a second one ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

use bevy::app::ctrlc;
use bevy_proxops::network::end_process;

use crate::terminal::{INTERRUPTED, warn};

static WISHED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C sets [`is_wished`] instead of ending the process.
pub fn listen() {
    let heard = ctrlc::set_handler(|| {
        if WISHED.swap(true, Ordering::Relaxed) {
            end_process(INTERRUPTED);
        }
    });
    if let Err(error) = heard {
        warn(format_args!("warning: Ctrl-C will end this without a summary: {error}"));
    }
}

/// Whether Ctrl-C was pressed.
pub fn is_wished() -> bool {
    WISHED.load(Ordering::Relaxed)
}
