//! A small name beside a number, as the right column's grids show them.

use bevy_egui::egui::{RichText, Ui};

use crate::panel::theme::{Palette, tooltip};

/// Two cells of a grid: the name, explained by `help`, and the value.
pub(super) fn figure(ui: &mut Ui, name: &str, value: &str, help: &str) {
    let label = ui.label(RichText::new(name).small().color(Palette::of(ui).muted));
    tooltip(ui, &label, || help.to_owned());
    ui.monospace(value);
}
