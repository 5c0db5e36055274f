//! The training run beside the episodes: start and pause, what it is at, and its curves.

use bevy_egui::egui::{Button, Label, RichText, Ui, vec2};

use crate::episode::{SimCommand, SimulationSnapshot, TrainingSnapshot, TrainingStatus};
use crate::panel::figures;
use crate::panel::labelled;
use crate::panel::path_box::named;
use crate::panel::theme::{Palette, tooltip};
use crate::panel::training_plots::training_plots;
use crate::training::{CycleEntry, EvaluationEntry};

const BUTTON_WIDTH: f32 = 118.0;

/// Start, pause, progress and curves of the training run. Returns what the user asked for.
pub fn training_panel(ui: &mut Ui, snapshot: &SimulationSnapshot) -> Vec<SimCommand> {
    let training = snapshot.training.as_deref();
    let mut commands = Vec::from_iter(control(ui, training));
    commands.extend(record_box(ui, snapshot.settings.record_for_training));
    match training {
        Some(training) => {
            progress(ui, training);
            failures(ui, training);
            training_plots(ui, training);
        }
        None => {
            let directory = snapshot.settings.training.directory.display();
            ui.weak(format!(
                "No training yet. Start lets the network learn from flights of its own, beside the episodes here: it flies, \
                 learns, and plans with what it has learnt at the end of each cycle. A run in {directory} is resumed."
            ));
        }
    }
    commands
}

fn control(ui: &mut Ui, training: Option<&TrainingSnapshot>) -> Option<SimCommand> {
    let (text, name, command, help) = match training.map(|training| training.status) {
        None => (
            "▶ Start training",
            "Start training",
            SimCommand::StartTraining,
            "Starts a training run in its directory, or resumes the one that is there.",
        ),
        Some(TrainingStatus::Paused | TrainingStatus::Failed) => {
            ("▶ Resume training", "Resume training", SimCommand::StartTraining, "Goes on where the run stopped.")
        }
        Some(TrainingStatus::Starting | TrainingStatus::Running) => (
            "⏸ Pause training",
            "Pause training",
            SimCommand::PauseTraining,
            "Stops within about a second; a cycle that it does not finish is repeated, to the bit, when it is resumed.",
        ),
    };
    ui.horizontal(|ui| {
        let size = vec2(BUTTON_WIDTH, ui.spacing().interact_size.y);
        let button = named(ui.add_sized(size, Button::new(text)), name);
        tooltip(ui, &button, || help.to_owned());
        if let Some(training) = training {
            let (word, colour) = status(training.status, Palette::of(ui));
            ui.label(RichText::new(word).color(colour));
            let directory = training.directory.display().to_string();
            let response = ui.add(Label::new(RichText::new(&directory).small().weak()).truncate());
            tooltip(ui, &response, || format!("Checkpoints and history: {directory}"));
        }
        button.clicked().then_some(command)
    })
    .inner
}

fn status(status: TrainingStatus, palette: &Palette) -> (&'static str, bevy_egui::egui::Color32) {
    match status {
        TrainingStatus::Starting => ("warming up", palette.muted),
        TrainingStatus::Running => ("running", palette.accent),
        TrainingStatus::Paused => ("paused", palette.muted),
        TrainingStatus::Failed => ("failed", palette.error),
    }
}

/// Whether the episodes of the world are learnt from too.
fn record_box(ui: &mut Ui, mut record: bool) -> Option<SimCommand> {
    let response = ui.checkbox(&mut record, "Learn from these episodes too");
    tooltip(ui, &response, || {
        "The next episodes here that are flown to their end with a network are learnt from as well, beside those of self-play. \
         Such a training run cannot be repeated to the bit."
            .to_owned()
    });
    response.changed().then_some(SimCommand::RecordForTraining(record))
}

/// Episodes that faults of the program ended: of the newest cycle and of the newest evaluation that had some.
fn failures(ui: &mut Ui, training: &TrainingSnapshot) {
    let of_cycle = |entry: &CycleEntry| Some(("self-play", entry.cycle, entry.failed.clone()?));
    let of_evaluation = |entry: &EvaluationEntry| Some(("evaluation", entry.cycle, entry.failed.clone()?));
    let cycle = training.cycles.iter().rev().find_map(of_cycle);
    let evaluation = training.evaluations.iter().rev().find_map(of_evaluation);
    for (part, cycle, failed) in cycle.into_iter().chain(evaluation) {
        let text = format!("cycle {cycle}, {part}: {failed}");
        let response = ui.add(Label::new(RichText::new(&text).small().color(Palette::of(ui).error)).truncate());
        tooltip(ui, &response, || format!("{text}. The others are what they are without it, and training goes on."));
    }
}

fn progress(ui: &mut Ui, training: &TrainingSnapshot) {
    let words = format!("cycle {} · {}", training.cycle + 1, training.doing);
    let done = if training.done.is_finite() { f64::from(training.done.clamp(0.0, 1.0)) } else { 0.0 };
    let response = labelled::progress(ui, done, Palette::of(ui).entropy, words);
    tooltip(ui, &response, || {
        format!(
            "{} cycles completed. A cycle is self-play, then learning, then at times an evaluation: {} of this part is done.",
            training.cycle,
            figures::share(done)
        )
    });
}
