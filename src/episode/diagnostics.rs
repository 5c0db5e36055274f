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
/// Episodes finished per minute.
pub const EPISODES_PER_MIN: DiagnosticPath = DiagnosticPath::const_new("proxops/episodes_per_min");
/// Leaves that the network evaluates per second.
pub const EVALUATIONS_PER_S: DiagnosticPath = DiagnosticPath::const_new("proxops/evaluations_per_s");
/// Batches that the network evaluates per second.
pub const BATCHES_PER_S: DiagnosticPath = DiagnosticPath::const_new("proxops/batches_per_s");
/// Leaves over rows of the padded batches, %.
pub const BATCH_FILL: DiagnosticPath = DiagnosticPath::const_new("proxops/batch_fill");
/// Share of the time in which the network evaluates, %.
pub const NETWORK_BUSY: DiagnosticPath = DiagnosticPath::const_new("proxops/network_busy");
/// Share of the time in which the network waits for leaves, %.
pub const NETWORK_STARVED: DiagnosticPath = DiagnosticPath::const_new("proxops/network_starved");
/// Share of the time in which the simulation waits for the network, %.
pub const NETWORK_AWAITED: DiagnosticPath = DiagnosticPath::const_new("proxops/network_awaited");

/// Registers every path above.
pub(super) fn register(app: &mut App) {
    for (path, suffix) in [
        (DECISIONS_PER_S, "/s"),
        (SIMULATIONS_PER_S, "/s"),
        (OBSERVATIONS_PER_S, "/s"),
        (EPISODES_DONE, ""),
        (CORES_BUSY, " cores"),
        (EPISODES_PER_MIN, "/min"),
        (EVALUATIONS_PER_S, "/s"),
        (BATCHES_PER_S, "/s"),
        (BATCH_FILL, " %"),
        (NETWORK_BUSY, " %"),
        (NETWORK_STARVED, " %"),
        (NETWORK_AWAITED, " %"),
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
    diagnostics.add_measurement(&EPISODES_PER_MIN, || run.episodes_per_min);
    diagnostics.add_measurement(&EVALUATIONS_PER_S, || run.network.evaluations_per_s);
    diagnostics.add_measurement(&BATCHES_PER_S, || run.network.batches_per_s);
    diagnostics.add_measurement(&BATCH_FILL, || 100.0 * run.network.fill);
    diagnostics.add_measurement(&NETWORK_BUSY, || 100.0 * run.network.busy);
    diagnostics.add_measurement(&NETWORK_STARVED, || 100.0 * run.network.starved);
    diagnostics.add_measurement(&NETWORK_AWAITED, || 100.0 * run.network.awaited);
}
