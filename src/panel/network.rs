//! The network that plans: where it runs and why, what it is, how busy it is, and its file.

use std::path::{Path, PathBuf};

use bevy_egui::egui::{Align, Button, Grid, Label, Layout, RichText, Ui, vec2};

use crate::episode::{NetworkLoad, NetworkSnapshot, SimCommand, SimulationSnapshot};
use crate::panel::batch_histogram::batch_histogram;
use crate::panel::figures;
use crate::panel::labelled::{figure, progress};
use crate::panel::path_box::{PathBox, named};
use crate::panel::theme::{Palette, tooltip};

const NAME_WIDTH: f32 = 56.0;

/// What the network panel remembers between frames.
#[derive(Clone, Debug, Default)]
pub struct NetworkPanelState {
    /// `None` until the user has typed one.
    load_path: Option<String>,
    save_path: Option<String>,
}

/// The network, its load and its file. Returns what the user asked for.
pub fn network_panel(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut NetworkPanelState) -> Vec<SimCommand> {
    match &snapshot.network {
        Some(network) => {
            facts(ui, network);
            warm_up(ui, network.warm_up);
            load_figures(ui, &snapshot.diagnostics.network);
            batch_histogram(ui, &network.batch_sizes);
        }
        None if snapshot.settings.search.planner.needs_network() => {
            ui.weak("The network opens with the first decision that asks it.");
        }
        None => {
            ui.weak("No network is open. The planners alpha_zero and network_only use one: choose either at the top.");
        }
    }
    ui.add_space(2.0);
    buttons(ui, snapshot, state)
}

fn facts(ui: &mut Ui, network: &NetworkSnapshot) {
    fact(ui, "device", &network.device, &network.reason);
    ui.add(Label::new(RichText::new(&network.reason).small().color(Palette::of(ui).muted)).wrap());
    fact(ui, "layers", &network.architecture, "Name of the network's layers and number of its parameters.");
    let help = "Where the weights come from.";
    if network.is_trained {
        fact(ui, "weights", &network.source, help);
    } else {
        fact(ui, "weights", &network.source, help);
        let untrained = RichText::new("Untrained: its policy and values are noise.").color(Palette::of(ui).caution);
        ui.label(untrained.small());
    }
}

fn fact(ui: &mut Ui, name: &str, value: &str, help: &str) {
    ui.horizontal(|ui| {
        let height = ui.spacing().interact_size.y - 4.0;
        ui.allocate_ui_with_layout(vec2(NAME_WIDTH, height), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(NAME_WIDTH);
            ui.label(RichText::new(name).small().color(Palette::of(ui).muted));
        });
        let response = ui.add(Label::new(value).truncate());
        tooltip(ui, &response, || format!("{value}\n{help}"));
    });
}

fn warm_up(ui: &mut Ui, (done, of): (usize, usize)) {
    if done >= of {
        return;
    }
    let words = format!("warming up: {done} / {of} batch shapes");
    let bar = progress(ui, done as f64 / of as f64, Palette::of(ui).network, words);
    tooltip(ui, &bar, || {
        "Every batch shape is evaluated once in advance, so that no decision waits for it.".to_owned()
    });
}

fn load_figures(ui: &mut Ui, load: &NetworkLoad) {
    Grid::new("proxops_network_load").num_columns(4).spacing(vec2(8.0, 3.0)).show(ui, |ui| {
        figure(ui, "evaluations", &figures::rate(load.evaluations_per_s), "Leaves evaluated, over the last second.");
        figure(ui, "busy", &figures::share(load.busy), "Share of the time in which the network evaluates.");
        ui.end_row();
        figure(ui, "batches", &figures::rate(load.batches_per_s), "Batches evaluated, over the last second.");
        let fill = "Leaves over rows of the batches: batches are padded to a few fixed sizes.";
        figure(ui, "batch fill", &figures::share(load.fill), fill);
        ui.end_row();
        let starved = "Share of the time in which the network waits for leaves: the cores are the bottleneck.";
        figure(ui, "waits", &figures::share(load.starved), starved);
        let awaited = "Share of the time in which the simulation waits for the network: the network is the bottleneck.";
        figure(ui, "waited for", &figures::share(load.awaited), awaited);
    });
}

fn buttons(ui: &mut Ui, snapshot: &SimulationSnapshot, state: &mut NetworkPanelState) -> Vec<SimCommand> {
    let mut commands = Vec::new();
    ui.horizontal_wrapped(|ui| {
        let load = named(ui.button("Load…"), "Load network");
        tooltip(ui, &load, || "Plans with the network of a weights file, as training writes them.".to_owned());
        let path = PathBox { label: "Path of a network's weights (.bin)", hint: "out/training/best.bin", verb: "Load" };
        let typed = state.load_path.get_or_insert_with(|| text(&snapshot.settings.training.directory.join("best.bin")));
        commands.extend(path.below(ui, &load, typed).map(|path| SimCommand::LoadNetwork(PathBuf::from(path))));

        let save = named(ui.add_enabled(snapshot.network.is_some(), Button::new("Save…")), "Save network");
        tooltip(ui, &save, || "Writes the network that plans to a weights file.".to_owned());
        let path = PathBox { label: "Weights file to write (.bin)", hint: "out/network.bin", verb: "Save" };
        let typed = state.save_path.get_or_insert_with(|| "out/network.bin".to_owned());
        commands.extend(path.below(ui, &save, typed).map(|path| SimCommand::SaveNetwork(PathBuf::from(path))));

        let shipped = named(ui.button("Use shipped"), "Use shipped network");
        tooltip(ui, &shipped, || "Plans with the network that comes with the crate again.".to_owned());
        if shipped.clicked() {
            commands.push(SimCommand::UseShippedNetwork);
        }
    });
    commands
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
