//! Numbers and progress with their names, as the right column shows them.

use bevy_egui::egui::{Color32, FontId, Response, RichText, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::panel::episodes::paint_bar;
use crate::panel::theme::{Palette, tooltip};

/// Two cells of a grid: the name, explained by `help`, and the value.
pub(super) fn figure(ui: &mut Ui, name: &str, value: &str, help: &str) {
    let label = ui.label(RichText::new(name).small().color(Palette::of(ui).muted));
    let value = ui.monospace(value);
    for part in [label, value] {
        tooltip(ui, &part, || help.to_owned());
    }
}

/// How far something is, over the whole width, with what it is in words.
pub(super) fn progress(ui: &mut Ui, done: f64, colour: Color32, words: String) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::ProgressIndicator, true, &words));
    paint_bar(ui, rect, done, colour, String::new());
    let colour = ui.visuals().strong_text_color();
    let text = ui.painter().layout_no_wrap(words, FontId::proportional(10.5), colour);
    // Words that are too long begin at the left, where what matters most stands.
    let left = (rect.center().x - text.size().x / 2.0).max(rect.left() + 4.0);
    let at = pos2(left, rect.center().y - text.size().y / 2.0);
    ui.painter().with_clip_rect(rect).galley(at, text, colour);
    response
}
