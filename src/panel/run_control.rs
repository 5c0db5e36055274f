//! Play, pace, seed, scenario, planner and files: the controls of the whole run.

use std::path::PathBuf;

use bevy_egui::egui::{Button, DragValue, Key, Label, Popup, PopupKind, RichText, Slider, TextEdit, Ui, vec2};

use crate::episode::{ParameterId, ParameterValue, SimCommand, SimulationSnapshot, SimulationStatus, Speed};
use crate::mission::{Scenario, Seed};
use crate::panel::choice_menu::{ChoiceMenu, plain_entries};
use crate::panel::parameter_widget::choice_entries;
use crate::panel::path_box::{PathBox, named};
use crate::panel::search_inspector::ORACLE_CAUTION;
use crate::panel::theme::{Palette, inherited, tooltip};
use crate::search::Knowledge;

const PLAY_WIDTH: f32 = 66.0;
const SEED_WIDTH: f32 = 58.0;
const SCENARIO_WIDTH: f32 = 134.0;
const PLANNER_WIDTH: f32 = 112.0;
const KNOWLEDGE_WIDTH: f32 = 122.0;
const ERROR_WIDTH: f32 = 260.0;
/// What all controls take side by side, and what the oracle's caution adds.
const ROW_WIDTH: f32 = 1104.0;
const CAUTION_WIDTH: f32 = 205.0;
/// What the wider of two rows takes.
const HALF_ROW_WIDTH: f32 = 590.0;

/// What the run controls remember between frames.
#[derive(Clone, Debug, Default)]
pub struct RunControlState {
    /// The seed as typed; `None` shows the run's own.
    seed_text: Option<String>,
    path_text: String,
    rate_draft: Option<f64>,
    /// Whether the controls that a narrow window folds away are shown.
    unfolded: bool,
}

/// Controls for the whole run, in one row or, where that is too narrow, in two; where that is too narrow as well, play and step
/// alone, with a button that shows the others one below the other. Returns what the user asked for.
pub fn run_control_panel(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut RunControlState) -> Vec<SimCommand> {
    let mut commands = Vec::new();
    let caution = if oracle_plans(snapshot) { CAUTION_WIDTH } else { 0.0 };
    let failure = if matches!(snapshot.status, SimulationStatus::Failed { .. }) { ERROR_WIDTH } else { 0.0 };
    let needed = ROW_WIDTH + caution + failure;
    if ui.available_width() >= needed {
        ui.horizontal(|ui| {
            pace(ui, snapshot, state, &mut commands);
            ui.separator();
            choosers(ui, snapshot, state, &mut commands);
        });
    } else if ui.available_width() >= HALF_ROW_WIDTH.max(0.5 * ROW_WIDTH + caution + failure) {
        ui.horizontal(|ui| pace(ui, snapshot, state, &mut commands));
        ui.horizontal(|ui| choosers(ui, snapshot, state, &mut commands));
    } else {
        folded(ui, snapshot, state, &mut commands);
    }
    commands
}

fn folded(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut RunControlState, commands: &mut Vec<SimCommand>) {
    ui.horizontal(|ui| {
        begin_or_play(ui, snapshot, commands);
        let more = named(ui.add(Button::new("…").selected(state.unfolded)), "More run controls");
        tooltip(ui, &more, || "Shows speed, seed, scenario and planner; a wider window always does.".to_owned());
        if more.clicked() {
            state.unfolded = !state.unfolded;
        }
    });
    if !state.unfolded {
        return;
    }
    ui.horizontal(|ui| speed_control(ui, snapshot, state, commands));
    ui.horizontal(|ui| seed_control(ui, snapshot, state, commands));
    ui.horizontal(|ui| scenario_chooser(ui, snapshot, state, commands));
    ui.horizontal(|ui| planner_chooser(ui, snapshot, commands));
    if oracle_plans(snapshot) {
        oracle_caution(ui);
    }
}

fn pace(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut RunControlState, commands: &mut Vec<SimCommand>) {
    begin_or_play(ui, snapshot, commands);
    ui.separator();
    speed_control(ui, snapshot, state, commands);
    ui.separator();
    seed_control(ui, snapshot, state, commands);
}

fn begin_or_play(ui: &mut Ui, snapshot: &SimulationSnapshot, commands: &mut Vec<SimCommand>) {
    match &snapshot.status {
        SimulationStatus::Failed { reason } => restart_control(ui, reason, commands),
        _ => play_controls(ui, snapshot, commands),
    }
}

fn choosers(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut RunControlState, commands: &mut Vec<SimCommand>) {
    scenario_chooser(ui, snapshot, state, commands);
    planner_chooser(ui, snapshot, commands);
    if oracle_plans(snapshot) {
        oracle_caution(ui);
    }
}

fn oracle_caution(ui: &mut Ui) {
    ui.label(RichText::new(ORACLE_CAUTION).color(Palette::of(ui).caution));
}

fn oracle_plans(snapshot: &SimulationSnapshot) -> bool {
    snapshot.settings.search.planner.searches() && snapshot.settings.search.knowledge == Knowledge::Oracle
}

fn play_controls(ui: &mut Ui, snapshot: &SimulationSnapshot, commands: &mut Vec<SimCommand>) {
    let (text, name, command) = if snapshot.paused {
        ("▶ Play", "Play", SimCommand::Play)
    } else {
        ("⏸ Pause", "Pause", SimCommand::Pause)
    };
    let size = vec2(PLAY_WIDTH, ui.spacing().interact_size.y);
    let play = named(ui.add_sized(size, Button::new(text)), name);
    tooltip(ui, &play, || "Lets the episodes run or freezes them, also in the middle of a search. Space".to_owned());
    if play.clicked() {
        commands.push(command);
    }
    let step = named(ui.button("⏭ Step"), "Step");
    tooltip(ui, &step, || "Pauses, then lets every episode finish exactly one decision. N".to_owned());
    if step.clicked() {
        commands.push(SimCommand::StepOnce);
    }
}

/// In the place of play and step where nothing can be played: why not, and a new beginning.
fn restart_control(ui: &mut Ui, reason: &str, commands: &mut Vec<SimCommand>) {
    let size = vec2(PLAY_WIDTH, ui.spacing().interact_size.y);
    let restart = named(ui.add_sized(size, Button::new("⟲ Restart")), "Restart simulation");
    tooltip(ui, &restart, || {
        "Begins a new simulation with the settings in force, paused if the old one was.".to_owned()
    });
    if restart.clicked() {
        commands.push(SimCommand::Restart);
    }
    let text = format!("The simulation has failed: {reason}");
    // In a narrow window the button that unfolds the others comes after it.
    const KEPT_FREE: f32 = 40.0;
    let width = ERROR_WIDTH.min(ui.available_width() - KEPT_FREE).max(0.0);
    let size = vec2(width, ui.spacing().interact_size.y);
    let label = ui.add_sized(size, Label::new(RichText::new(&text).color(ui.visuals().error_fg_color)).truncate());
    tooltip(ui, &label, || text);
}

fn speed_control(
    ui: &mut Ui,
    snapshot: &SimulationSnapshot,
    state: &mut RunControlState,
    commands: &mut Vec<SimCommand>,
) {
    let label = ui.label("Speed");
    let is_max = snapshot.settings.speed == Speed::Max;
    let in_force = match snapshot.settings.speed {
        Speed::Rate(rate) => rate,
        Speed::Max => Speed::MAX_RATE,
    };
    let mut rate = state.rate_draft.unwrap_or(in_force);
    ui.spacing_mut().slider_width = 60.0;
    let slider = Slider::new(&mut rate, Speed::MIN_RATE..=Speed::MAX_RATE).logarithmic(true).show_value(false);
    let slider = ui.add(slider).labelled_by(label.id);
    let number = DragValue::new(&mut rate)
        .range(Speed::MIN_RATE..=Speed::MAX_RATE)
        .speed(in_force * 0.01)
        .max_decimals(1)
        .suffix("×")
        .update_while_editing(false);
    let number = ui.add_sized(vec2(52.0, ui.spacing().interact_size.y), number).labelled_by(label.id);
    for response in [&label, &slider, &number] {
        tooltip(ui, response, || {
            format!(
                "Decisions per second of every episode, {} to {}; searches that take longer set their own pace.",
                Speed::MIN_RATE,
                Speed::MAX_RATE
            )
        });
    }
    if slider.changed() || number.changed() {
        state.rate_draft = Some(rate);
    }
    let dragging = slider.dragged() || number.dragged();
    if !dragging && let Some(rate) = state.rate_draft.take() {
        commands.push(SimCommand::SetSpeed(Speed::Rate(rate)));
    }
    let max = ui.selectable_label(is_max, "max");
    tooltip(ui, &max, || "As fast as the cores allow. M".to_owned());
    if max.clicked() {
        commands.push(SimCommand::SetSpeed(if is_max { Speed::default() } else { Speed::Max }));
    }
}

fn seed_control(
    ui: &mut Ui,
    snapshot: &SimulationSnapshot,
    state: &mut RunControlState,
    commands: &mut Vec<SimCommand>,
) {
    let label = ui.label("Seed");
    let mut text = state.seed_text.clone().unwrap_or_else(|| snapshot.settings.seed.0.to_string());
    let edit = ui.add(TextEdit::singleline(&mut text).desired_width(SEED_WIDTH)).labelled_by(label.id);
    if edit.changed() {
        state.seed_text = Some(text.clone());
    }
    let seed = text.trim().parse::<u64>();
    let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let reset = named(ui.add_enabled(seed.is_ok(), Button::new("⟲ Reset")), "Reset run");
    tooltip(ui, &reset, || {
        "Starts all episodes anew with this seed and every pending parameter in force. R".to_owned()
    });
    match seed {
        Ok(seed) if reset.clicked() || entered => {
            state.seed_text = None;
            commands.push(SimCommand::Reset { seed: Some(Seed(seed)) });
        }
        Ok(_) => {}
        Err(_) => {
            // Over what is below: a message in the row would push the other controls out of the window.
            let error =
                RichText::new(format!("seed {:?}: a whole number from 0 to {}", shortened(text.trim()), u64::MAX));
            let colour = Palette::of(ui).error;
            let popup = Popup::from_response(&edit).id(edit.id.with("error")).kind(PopupKind::Tooltip).open(true);
            popup.style(inherited(ui)).show(|ui| {
                ui.set_max_width(ERROR_WIDTH);
                ui.label(error.color(colour));
            });
        }
    }
    for response in [&label, &edit] {
        tooltip(ui, response, || {
            "The seed decides every random number of the run: the same one gives the same episodes.".to_owned()
        });
    }
}

/// The beginning of a text that may be of any length.
fn shortened(text: &str) -> String {
    const MOST: usize = 24;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

fn scenario_chooser(
    ui: &mut Ui,
    snapshot: &SimulationSnapshot,
    state: &mut RunControlState,
    commands: &mut Vec<SimCommand>,
) {
    let label = ui.label("Scenario");
    let chosen = &snapshot.settings.scenario.name;
    let menu = ChoiceMenu { id_salt: "proxops_scenario", chosen, width: SCENARIO_WIDTH };
    let (closed, picked) = menu.show(ui, plain_entries(Scenario::EMBEDDED.iter().copied()));
    let closed = closed.labelled_by(label.id);
    for response in [&label, &closed] {
        tooltip(ui, response, || {
            format!("{chosen}: {}\nChoosing one starts all episodes anew.", snapshot.settings.scenario.description)
        });
    }
    commands.extend(picked.map(SimCommand::ChooseScenario));
    let open = named(ui.button("Load…"), "Load scenario file");
    tooltip(ui, &open, || "Loads a scenario from a RON file.".to_owned());
    let path = PathBox { label: "Path of a scenario file (.ron)", hint: "my_scenarios/approach.ron", verb: "Load" };
    let path = path.below(ui, &open, &mut state.path_text);
    commands.extend(path.map(|path| SimCommand::LoadScenario(PathBuf::from(path))));
}

fn planner_chooser(ui: &mut Ui, snapshot: &SimulationSnapshot, commands: &mut Vec<SimCommand>) {
    let label = ui.label("Planner");
    for path in ["search.planner", "search.knowledge"] {
        let searches = snapshot.settings.search.planner.searches();
        let Some(id) = ParameterId::find(path).filter(|_| searches || path == "search.planner") else {
            continue;
        };
        let spec = id.spec();
        let ParameterValue::Choice(shown) = (spec.get)(&snapshot.settings) else {
            continue;
        };
        let width = if path == "search.planner" { PLANNER_WIDTH } else { KNOWLEDGE_WIDTH };
        let menu = ChoiceMenu { id_salt: path, chosen: &shown, width };
        let (closed, picked) = menu.show(ui, choice_entries(Palette::of(ui), spec));
        let closed = closed.labelled_by(label.id);
        tooltip(ui, &closed, || spec.tooltip.to_owned());
        if path == "search.planner" {
            tooltip(ui, &label, || spec.tooltip.to_owned());
        }
        if let Some(name) = picked.filter(|name| *name != shown) {
            commands.push(SimCommand::SetParameter { id, value: ParameterValue::Choice(name) });
        }
    }
}
