//! The run's figures in Bevy's [`DiagnosticsStore`](bevy::diagnostic::DiagnosticsStore), where any host can read, log or draw them.

use bevy::app::App;
use bevy::diagnostic::{Diagnostic, DiagnosticPath, Diagnostics, RegisterDiagnostic};

use crate::episode::snapshot::SimDiagnostics;

/// Decisions of all episodes per second.
pub const DECISIONS_PER_S: DiagnosticPath = DiagnosticPath::const_new("proxops/decisions_per_s");
/// Simulations of all searches per second.
pub const SIMULATIONS_PER_S: DiagnosticPath = DiagnosticPath::const_new("proxops/simulations_per_s");
/// Images taken by the episodes per second.
pub const OBSERVATIONS_PER_S: DiagnosticPath = DiagnosticPath::const_new("proxops/observations_per_s");
/// Episodes finished since the start.
pub const EPISODES_DONE: DiagnosticPath = DiagnosticPath::const_new("proxops/episodes_done");
/// Workers' busy time over wall time.
pub const CORES_BUSY: DiagnosticPath = DiagnosticPath::const_new("proxops/cores_busy");

/// Registers every path above.
pub(super) fn register(app: &mut App) {
    for (path, suffix) in [
        (DECISIONS_PER_S, "/s"),
        (SIMULATIONS_PER_S, "/s"),
        (OBSERVATIONS_PER_S, "/s"),
        (EPISODES_DONE, ""),
        (CORES_BUSY, " cores"),
    ] {
        app.register_diagnostic(Diagnostic::new(path).with_suffix(suffix));
    }
}

/// Adds one measurement of each.
pub(super) fn measure(diagnostics: &mut Diagnostics, run: &SimDiagnostics) {
    diagnostics.add_measurement(&DECISIONS_PER_S, || run.decisions_per_s);
    diagnostics.add_measurement(&SIMULATIONS_PER_S, || run.simulations_per_s);
    diagnostics.add_measurement(&OBSERVATIONS_PER_S, || run.observations_per_s);
    diagnostics.add_measurement(&EPISODES_DONE, || run.episodes_done as f64);
    diagnostics.add_measurement(&CORES_BUSY, || run.cores_busy);
}
