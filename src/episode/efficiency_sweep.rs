//! A sweep of the machine's efficiency in the background.

use crate::episode::efficiency::{SweepProgress, measure_efficiency};
use crate::flight::BackgroundTask;
use crate::report::{EfficiencyReport, ReportError, SweepPlan};

/// A sweep in the background. Dropping it stops it after the part it is measuring, and does not wait for that longer than
/// 0.4 s.
#[derive(Debug)]
pub struct EfficiencySweep(BackgroundTask<SweepProgress, Result<EfficiencyReport, ReportError>>);

impl EfficiencySweep {
    /// Starts to measure on a thread of its own.
    ///
    /// # Errors
    /// [`ReportError::Run`] if the system gives no thread.
    pub fn start(plan: SweepPlan) -> Result<Self, ReportError> {
        let task = BackgroundTask::start("proxops sweep", SweepProgress::default(), move |state| {
            measure_efficiency(&plan, &mut |progress| {
                *state.progress() = progress.clone();
                !state.is_stopping()
            })
        });
        task.map(Self).map_err(|error| ReportError::Run(error.to_string()))
    }

    /// How far it has come.
    pub fn progress(&self) -> SweepProgress {
        self.0.state().progress().clone()
    }

    /// Asks it to stop after the part it is measuring.
    pub fn stop(&self) {
        self.0.state().stop();
    }

    /// The report, or why there is none, once it has ended; it can be taken once.
    pub fn take_result(&mut self) -> Option<Result<EfficiencyReport, ReportError>> {
        let panicked = |reason| Err(ReportError::Run(format!("a fault, please report it: {reason}")));
        Some(self.0.take_result()?.unwrap_or_else(panicked))
    }
}
