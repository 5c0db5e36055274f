//! Efficiency of parallel search on this machine: a quick sweep in the background, its results, and the best setting.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bevy_egui::egui::{Grid, RichText, Ui};

use crate::episode::{EfficiencySweep, SimCommand, SimulationSnapshot};
use crate::panel::labelled;
use crate::panel::theme::{Palette, tooltip};
use crate::report::{BestSetting, BestSettings, EfficiencyReport, SweepPlan};
use crate::search::PlannerKind;
use crate::threads::lock;

/// A sweep under way, and what the latest one found.
#[derive(Clone, Debug, Default)]
pub struct EfficiencyPanelState {
    sweep: Option<Arc<Mutex<EfficiencySweep>>>,
    outcome: Option<Result<Arc<EfficiencyReport>, String>>,
    /// Settings of an earlier sweep, from their file.
    saved: Option<BestSettings>,
    looked_for_saved: bool,
    /// Whether the run was paused for the sweep.
    resume: bool,
}

impl EfficiencyPanelState {
    /// Whether a sweep runs, has ended or has left its settings in their file, which is looked for once.
    pub fn has_something_to_offer(&mut self) -> bool {
        if !std::mem::replace(&mut self.looked_for_saved, true) {
            self.saved = BestSettings::load(Path::new(BestSettings::DEFAULT_PATH)).ok();
        }
        self.sweep.is_some() || self.best().is_some()
    }

    /// With the settings of an earlier sweep, as if they had been found in their file.
    pub fn offering(saved: BestSettings) -> Self {
        Self { saved: Some(saved), looked_for_saved: true, ..Self::default() }
    }

    /// The best settings known: of the sweep that just ended, or saved by an earlier one.
    fn best(&self) -> Option<&BestSettings> {
        match &self.outcome {
            Some(Ok(report)) => Some(&report.best),
            _ => self.saved.as_ref(),
        }
    }

    /// Starts a sweep; the run pauses meanwhile, for both would measure each other.
    fn start(&mut self, plan: SweepPlan, is_paused: bool, commands: &mut Vec<SimCommand>) {
        match EfficiencySweep::start(plan) {
            Ok(sweep) => {
                self.sweep = Some(Arc::new(Mutex::new(sweep)));
                self.outcome = None;
                self.resume = !is_paused;
                commands.push(SimCommand::Pause);
            }
            Err(error) => self.outcome = Some(Err(error.to_string())),
        }
    }

    /// Takes the result of a sweep that has ended and lets the run go on.
    fn poll(&mut self, commands: &mut Vec<SimCommand>) {
        let Some(result) = self.sweep.as_ref().and_then(|sweep| lock(sweep).take_result()) else { return };
        self.sweep = None;
        self.outcome = Some(result.map(Arc::new).map_err(|error| error.to_string()));
        if std::mem::take(&mut self.resume) {
            commands.push(SimCommand::Play);
        }
    }
}

/// A button that measures, a bar while it does, and then what was found and a button that uses it.
pub fn efficiency_panel(
    ui: &mut Ui,
    snapshot: &SimulationSnapshot,
    state: &mut EfficiencyPanelState,
) -> Vec<SimCommand> {
    let mut commands = Vec::new();
    state.poll(&mut commands);
    match &state.sweep {
        Some(sweep) => progress(ui, &lock(sweep)),
        None => {
            let button = ui.button("Quick sweep");
            tooltip(ui, &button, || {
                "Measures workers and search modes for two to three minutes, with the run paused: speed, memory and what each \
                 mode costs in decisions. `make efficiency` does the same and writes a report."
                    .to_owned()
            });
            if button.clicked() {
                let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
                let device = snapshot.settings.network.device.clone();
                state.start(SweepPlan { device, ..SweepPlan::quick(cores) }, snapshot.paused, &mut commands);
            }
        }
    }
    if let Some(Err(reason)) = &state.outcome {
        ui.colored_label(Palette::of(ui).error, reason);
    }
    if let Some(best) = state.best() {
        best_settings(ui, best, snapshot, &mut commands);
    } else if state.sweep.is_none() {
        ui.weak("Nothing has been measured on this machine yet.");
    }
    if let Some(Ok(report)) = &state.outcome {
        speeds(ui, report);
    }
    commands
}

fn progress(ui: &mut Ui, sweep: &EfficiencySweep) {
    let progress = sweep.progress();
    let left = progress.left().map_or("measuring".to_owned(), |left| format!("{} s left", left.as_secs()));
    labelled::progress(ui, f64::from(progress.share()), Palette::of(ui).entropy, left);
    ui.weak(progress.doing);
    if ui.button("Stop").clicked() {
        sweep.stop();
    }
}

fn best_settings(ui: &mut Ui, best: &BestSettings, snapshot: &SimulationSnapshot, commands: &mut Vec<SimCommand>) {
    for setting in &best.settings {
        ui.horizontal_wrapped(|ui| {
            let text = format!("{}: {}, {} workers", setting.planner, setting.parallel.mode(), setting.workers);
            let label = ui.label(RichText::new(text).strong());
            tooltip(ui, &label, || setting.why.clone());
            if is_in_use(setting, snapshot) {
                ui.weak("in use");
            } else if ui.button("Use").clicked() {
                commands.push(SimCommand::UseSetting(setting.clone()));
            }
        });
    }
}

fn is_in_use(setting: &BestSetting, snapshot: &SimulationSnapshot) -> bool {
    snapshot.settings.search.planner == setting.planner
        && snapshot.settings.search.parallel == setting.parallel
        && snapshot.diagnostics.workers == setting.workers
}

fn speeds(ui: &mut Ui, report: &EfficiencyReport) {
    for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
        ui.label(RichText::new(planner.name()).strong());
        Grid::new(("proxops_efficiency", planner)).num_columns(4).striped(true).show(ui, |ui| {
            for head in ["mode", "workers", "speed-up", "regret"] {
                ui.weak(head);
            }
            ui.end_row();
            for measured in report.measurements.iter().filter(|measured| measured.point.planner == planner) {
                let point = &measured.point;
                ui.label(point.mode.to_string());
                ui.label(format!("{} × {}", point.workers, point.episodes))
                    .on_hover_text("workers × parallel episodes");
                ui.label(report.speed_up(measured).map_or("–".into(), |ratio| format!("{ratio:.2}")));
                let regret =
                    report.regrets.iter().find(|regret| regret.planner == planner && regret.mode == point.mode);
                ui.label(regret.map_or("–".into(), |regret| format!("{:.4}", regret.mean.0)));
                ui.end_row();
            }
        });
    }
}
