//! Numbers and progress with their names, as the right column shows them.

use bevy_egui::egui::{Color32, Response, RichText, Sense, Ui, WidgetInfo, WidgetType, vec2};

use crate::panel::episodes::paint_bar;
use crate::panel::theme::{Palette, tooltip};

/// Two cells of a grid: the name, explained by `help`, and the value.
pub(super) fn figure(ui: &mut Ui, name: &str, value: &str, help: &str) {
    let label = ui.label(RichText::new(name).small().color(Palette::of(ui).muted));
    tooltip(ui, &label, || help.to_owned());
    ui.monospace(value);
}

/// How far something is, over the whole width, with what it is in words.
pub(super) fn progress(ui: &mut Ui, done: f64, colour: Color32, words: String) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::ProgressIndicator, true, &words));
    paint_bar(ui, rect, done, colour, words.clone());
    response
}
