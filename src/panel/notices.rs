//! Notices as toasts: what was refused and why, readable in full, until dismissed.

use std::collections::BTreeSet;

use bevy_egui::egui::{Align, Button, Frame, Label, Layout, Margin, RichText, Stroke, Ui, WidgetInfo, WidgetType};

use crate::episode::{Notice, NoticeSeverity};
use crate::panel::theme::Palette;

/// Toasts shown at once; older ones wait until these are dismissed.
const MOST_SHOWN: usize = 3;

/// Which notices the user has dismissed.
#[derive(Clone, Debug, Default)]
pub struct NoticesState {
    dismissed: BTreeSet<u64>,
}

impl NoticesState {
    /// The notices still to be read, newest first. Information is not shown as a toast: what was done as asked can be seen.
    pub fn unread<'a>(&self, notices: &'a [Notice]) -> Vec<&'a Notice> {
        notices
            .iter()
            .rev()
            .filter(|notice| notice.severity != NoticeSeverity::Info && !self.dismissed.contains(&notice.id))
            .collect()
    }

    /// Hides a notice for good.
    pub fn dismiss(&mut self, id: u64) {
        self.dismissed.insert(id);
    }

    /// Forgets dismissals of notices that the snapshot no longer carries.
    fn forget_gone(&mut self, notices: &[Notice]) {
        if let Some(oldest) = notices.first() {
            self.dismissed = self.dismissed.split_off(&oldest.id);
        }
    }
}

/// The unread notices, each in a frame of its own with a button to dismiss it.
pub fn notices_panel(ui: &mut Ui, notices: &[Notice], state: &mut NoticesState) {
    state.forget_gone(notices);
    let unread = state.unread(notices);
    let mut dismissed = Vec::new();
    for notice in unread.iter().take(MOST_SHOWN) {
        if toast(ui, notice) {
            dismissed.push(notice.id);
        }
    }
    if unread.len() > 1 {
        ui.horizontal(|ui| {
            if unread.len() > MOST_SHOWN {
                ui.weak(format!("{} more", unread.len() - MOST_SHOWN));
            }
            if ui.small_button("Dismiss all").clicked() {
                dismissed.extend(unread.iter().map(|notice| notice.id));
            }
        });
    }
    for id in dismissed {
        state.dismiss(id);
    }
}

/// Draws one notice; whether it was dismissed.
fn toast(ui: &mut Ui, notice: &Notice) -> bool {
    let palette = Palette::of(ui);
    let (colour, title) = match notice.severity {
        NoticeSeverity::Error => (palette.error, "Not done"),
        NoticeSeverity::Warning => (palette.caution, "Please note"),
        NoticeSeverity::Info => (palette.accent, "Done"),
    };
    Frame::new()
        .fill(ui.visuals().window_fill)
        .stroke(Stroke::new(1.0, colour))
        .corner_radius(6)
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            let dismissed = ui
                .horizontal(|ui| {
                    ui.label(RichText::new(title).strong().color(colour));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let button = ui.add(Button::new("×").small().frame(false));
                        button.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, "Dismiss notice"));
                        button.clicked()
                    })
                    .inner
                })
                .inner;
            ui.add(Label::new(&notice.text).wrap());
            dismissed
        })
        .inner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(id: u64, severity: NoticeSeverity) -> Notice {
        Notice { id, severity, text: format!("notice {id}") }
    }

    #[test]
    fn dismissed_notices_stay_away_and_newer_ones_appear() {
        let mut state = NoticesState::default();
        let notices =
            [notice(1, NoticeSeverity::Error), notice(2, NoticeSeverity::Info), notice(3, NoticeSeverity::Warning)];
        let ids = |state: &NoticesState| state.unread(&notices).iter().map(|n| n.id).collect::<Vec<_>>();
        assert_eq!(ids(&state), [3, 1]);
        state.dismiss(3);
        assert_eq!(ids(&state), [1]);
    }

    #[test]
    fn dismissals_of_notices_that_are_gone_are_forgotten() {
        let mut state = NoticesState::default();
        state.dismiss(1);
        state.dismiss(5);
        state.forget_gone(&[notice(4, NoticeSeverity::Error), notice(5, NoticeSeverity::Error)]);
        assert_eq!(state.dismissed.iter().copied().collect::<Vec<_>>(), [5]);
    }
}
