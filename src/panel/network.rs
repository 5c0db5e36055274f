//! The network that plans: where it runs and why, what it is, how busy it is, and its file.

use std::path::{Path, PathBuf};

use bevy_egui::egui::{Align, Button, Grid, Id, Label, Layout, ProgressBar, RichText, Ui, vec2};
use egui_plot::{AxisHints, Bar, BarChart, HoverPosition, Plot};

use crate::episode::{NetworkLoad, NetworkSnapshot, SimCommand, SimulationSnapshot};
use crate::panel::chart::axis;
use crate::panel::figures;
use crate::panel::labelled::figure;
use crate::panel::path_box::{PathBox, named};
use crate::panel::theme::{Palette, tooltip};

const NAME_WIDTH: f32 = 56.0;
const HISTOGRAM_HEIGHT: f32 = 66.0;

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
        None if snapshot.search.planner.needs_network() => {
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
    let text = RichText::new(format!("warming up: {done} / {of} batch shapes")).small();
    let palette = Palette::of(ui);
    ui.add(
        ProgressBar::new(done as f32 / of as f32).desired_height(16.0).fill(palette.filled(palette.network)).text(text),
    );
}

fn load_figures(ui: &mut Ui, load: &NetworkLoad) {
    Grid::new("proxops_network_load").num_columns(4).spacing(vec2(8.0, 3.0)).show(ui, |ui| {
        figure(ui, "evaluations", &figures::rate(load.evaluations_per_s), "Leaves evaluated, over the last second.");
        figure(ui, "busy", &figures::share(load.busy), "Share of the time in which the network evaluates.");
        ui.end_row();
        figure(ui, "batches", &figures::rate(load.batches_per_s), "Batches evaluated, over the last second.");
        let fill = "Leaves over rows of the batches: batches are padded to a few fixed sizes.";
        figure(ui, "batch fill", &figures::share(load.fill), fill);
    });
}

/// How many batches of which size were evaluated, in percent of all.
fn batch_histogram(ui: &mut Ui, sizes: &[(usize, u64)]) {
    let total: u64 = sizes.iter().map(|(_, batches)| batches).sum();
    if total == 0 {
        return;
    }
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Rows of a batch").small().color(palette.muted));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(format!("{} batches", figures::count(total))).small().color(palette.muted));
        });
    });
    let share = |batches: u64| 100.0 * batches as f64 / total as f64;
    let bars =
        sizes.iter().enumerate().map(|(i, (_, batches))| Bar::new(i as f64, share(*batches)).width(0.7)).collect();
    let rows: Vec<usize> = sizes.iter().map(|(rows, _)| *rows).collect();
    let hover_rows = rows.clone();
    Plot::new(Id::new("bevy_proxops").with("batch_sizes"))
        .height(HISTOGRAM_HEIGHT)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_grid([false, true])
        .include_x(-0.6)
        .include_x(sizes.len() as f64 - 0.4)
        .include_y(0.0)
        .include_y(100.0)
        .x_grid_spacer(move |_| {
            (0..rows.len()).map(|i| egui_plot::GridMark { value: i as f64, step_size: 1.0 }).collect()
        })
        .y_grid_spacer(|_| [0.0, 50.0, 100.0].map(|value| egui_plot::GridMark { value, step_size: 50.0 }).to_vec())
        .custom_x_axes(vec![axis(AxisHints::new_x(), palette, 16.0).formatter({
            let rows = hover_rows.clone();
            move |mark, _| rows.get(mark.value.round() as usize).map_or(String::new(), usize::to_string)
        })])
        .custom_y_axes(vec![axis(AxisHints::new_y(), palette, 14.0).formatter(|mark, _| format!("{} %", mark.value))])
        .label_formatter(move |hover| match hover {
            HoverPosition::NearDataPoint { position, .. } => {
                let rows = hover_rows.get(position.x.round() as usize)?;
                Some(format!("{rows} rows\n{:.1} % of the batches", position.y))
            }
            _ => None,
        })
        .show(ui, |plot| plot.bar_chart(BarChart::new("batches", bars).color(palette.network)));
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
