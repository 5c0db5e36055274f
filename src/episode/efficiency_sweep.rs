//! A sweep of the machine's efficiency in the background.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::episode::efficiency::{SweepProgress, measure_efficiency};
use crate::episode::workers::lock;
use crate::report::{EfficiencyReport, ReportError, SweepPlan};
use crate::threads::{self, join_soon};

/// A sweep in the background. Dropping it stops it after the part it is measuring, and does not wait for that longer than
/// 0.4 s.
#[derive(Debug)]
pub struct EfficiencySweep {
    progress: Arc<Mutex<SweepProgress>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<EfficiencyReport, ReportError>>>,
}

impl EfficiencySweep {
    /// Starts to measure on a thread of its own.
    ///
    /// # Errors
    /// [`ReportError::Run`] if the system gives no thread.
    pub fn start(plan: SweepPlan) -> Result<Self, ReportError> {
        let (progress, stop) = (Arc::new(Mutex::new(SweepProgress::default())), Arc::new(AtomicBool::new(false)));
        let (told, stopped) = (progress.clone(), stop.clone());
        let sweep = move || {
            measure_efficiency(&plan, &mut |progress| {
                *lock(&told) = progress.clone();
                !stopped.load(Ordering::Relaxed)
            })
        };
        let thread = threads::spawn("proxops sweep", sweep);
        let thread = Some(thread.map_err(|error| ReportError::Run(error.to_string()))?);
        Ok(Self { progress, stop, thread })
    }

    /// How far it has come.
    pub fn progress(&self) -> SweepProgress {
        lock(&self.progress).clone()
    }

    /// Asks it to stop after the part it is measuring.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The report, or why there is none, once it has ended; it can be taken once.
    pub fn take_result(&mut self) -> Option<Result<EfficiencyReport, ReportError>> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        let panicked = || Err(ReportError::Run("it panicked; the log says where".into()));
        Some(thread.join().unwrap_or_else(|_| panicked()))
    }
}

impl Drop for EfficiencySweep {
    fn drop(&mut self) {
        self.stop();
        // Its result is of no interest any more.
        let _ = self.thread.take().map(join_soon);
    }
}
