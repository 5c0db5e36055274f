//! Everything that the run has said, newest first.

use bevy_egui::egui::{Align, Button, Label, Layout, RichText, ScrollArea, Ui, WidgetInfo, WidgetType};

use crate::panel::notice_stack::{colour, words};
use crate::panel::notices::NoticesState;
use crate::panel::path_box::named;
use crate::panel::theme::{Palette, tooltip};

/// Opens and closes the log; it says how many notices have come, in the colour of the worst that is still to be read.
pub(super) fn notices_button(ui: &mut Ui, state: &mut NoticesState) {
    let mut text = RichText::new(format!("Notices {}", state.count())).small();
    if let Some(worst) = state.worst_standing() {
        text = text.color(colour(worst, Palette::of(ui)));
    }
    let button = named(ui.add(Button::new(text).small().selected(state.log_open)), "Notices");
    tooltip(ui, &button, || "All that the run has said: what was done, changed and refused.".to_owned());
    if button.clicked() {
        state.log_open = !state.log_open;
    }
}

/// All notices, newest first, each in full.
pub fn notice_log_panel(ui: &mut Ui, state: &mut NoticesState) {
    let now_s = ui.input(|input| input.time);
    ui.horizontal(|ui| {
        ui.heading("Notices");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let button = ui.add(Button::new("×").small().frame(false));
            button.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, "Close notices"));
            if button.clicked() {
                state.log_open = false;
            }
            if state.worst_standing().is_some() && ui.small_button("Dismiss all").clicked() {
                state.dismiss_all();
            }
        });
    });
    if state.count() == 0 {
        ui.weak("The run has said nothing yet.");
    }
    ScrollArea::vertical().id_salt("proxops_notice_log").auto_shrink([false, true]).show(ui, |ui| {
        for notice in state.newest_first() {
            ui.add(Label::new(words(ui, notice)).wrap());
            ui.label(RichText::new(age(now_s - notice.at_s)).small().weak());
            ui.add_space(2.0);
        }
    });
}

fn age(age_s: f64) -> String {
    match age_s.max(0.0) as u64 {
        seconds @ 0..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_largest_whole_unit() {
        assert_eq!([0.2, 59.9, 61.0, 3600.0].map(age), ["0 s ago", "59 s ago", "1 min ago", "1 h ago"]);
    }
}
