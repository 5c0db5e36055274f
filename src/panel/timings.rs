//! The strip of live speed figures: what the run and the window are doing with the machine.

use bevy_egui::egui::{Align2, Color32, Rect, Sense, TextStyle, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::episode::SimulationSnapshot;
use crate::panel::figures;
use crate::panel::theme::{Palette, tooltip};
use crate::panel::time_split::time_split_bar;

const GAP: f32 = 16.0;

/// Speed and load of the run, the window's mean frame time in seconds where there is one, and where the time goes.
/// Where that is too much for one row, the less telling figures are left out.
pub fn timings_panel(ui: &mut Ui, snapshot: &SimulationSnapshot, frame_time_s: Option<f64>) {
    ui.spacing_mut().item_spacing = vec2(GAP, 1.0);
    ui.horizontal(|ui| {
        for figure in figures_by_importance(snapshot, frame_time_s) {
            if !figure.show(ui) {
                break;
            }
        }
    });
    time_split_bar(ui, &snapshot.diagnostics.time_split);
}

struct Figure {
    name: &'static str,
    value: String,
    /// Room for the longest value, in characters, so that figures may change without moving others.
    characters: usize,
    help: &'static str,
}

fn figures_by_importance(snapshot: &SimulationSnapshot, frame_time_s: Option<f64>) -> Vec<Figure> {
    let run = &snapshot.diagnostics;
    let figure = |name, value, characters, help| Figure { name, value, characters, help };
    let mut figures = vec![
        figure(
            "cores busy",
            format!("{:.2} / {}", run.cores_busy, run.workers),
            format!("{:.2} / {}", run.workers as f64, run.workers).chars().count(),
            "Busy time of the simulation's workers over wall time, and how many workers there are.",
        ),
        figure(
            "simulations",
            figures::rate(run.simulations_per_s),
            9,
            "Tree-search simulations of all episodes together.",
        ),
    ];
    if snapshot.network.is_some() {
        figures.extend([
            figure(
                "evaluations",
                figures::rate(run.network.evaluations_per_s),
                9,
                "Leaves that the network evaluates, of all episodes together.",
            ),
            figure(
                "network busy",
                figures::share(run.network.busy),
                5,
                "Share of the time in which the network evaluates.",
            ),
            figure(
                "batch fill",
                figures::share(run.network.fill),
                5,
                "Leaves over rows of the network's batches, which are padded to a few fixed sizes.",
            ),
        ]);
    }
    figures.push(figure(
        "episodes",
        figures::per_minute(run.episodes_per_min),
        9,
        "Episodes finished per minute, over about the last second or the last few.",
    ));
    figures.push(figure(
        "decisions",
        figures::rate(run.decisions_per_s),
        8,
        "Decisions made by all episodes together.",
    ));
    if let Some(seconds) = frame_time_s {
        figures.push(figure("frame", figures::milliseconds(seconds), 8, "Mean time from one drawn frame to the next."));
    }
    figures.push(figure(
        "images",
        figures::rate(run.observations_per_s),
        8,
        "Images taken by the episodes; those that a search imagines are not counted.",
    ));
    figures
}

impl Figure {
    /// Draws it if there is room; whether there was.
    fn show(&self, ui: &mut Ui) -> bool {
        let small = TextStyle::Small.resolve(ui.style());
        let mono = TextStyle::Monospace.resolve(ui.style());
        let width = |text: &str, font| ui.painter().layout_no_wrap(text.to_owned(), font, Color32::WHITE).size().x;
        let name_width = width(self.name, small.clone());
        let size = vec2(
            name_width + 5.0 + self.characters as f32 * width("0", mono.clone()),
            ui.spacing().interact_size.y - 4.0,
        );
        if ui.available_width() < size.x {
            return false;
        }
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{} {}", self.name, self.value)));
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect, name_width);
        }
        tooltip(ui, &response, || self.help.to_owned());
        true
    }

    fn paint(&self, ui: &Ui, rect: Rect, name_width: f32) {
        let small = TextStyle::Small.resolve(ui.style());
        let mono = TextStyle::Monospace.resolve(ui.style());
        let y = rect.center().y;
        ui.painter().text(pos2(rect.left(), y), Align2::LEFT_CENTER, self.name, small, Palette::of(ui).muted);
        let at = pos2(rect.left() + name_width + 5.0, y);
        ui.painter().text(at, Align2::LEFT_CENTER, &self.value, mono, ui.visuals().text_color());
    }
}
