//! A box to type a file's path into. Not every platform has a file dialog, but a path can always be typed.

use bevy_egui::egui::{Button, Key, Popup, PopupCloseBehavior, Response, TextEdit, Ui, WidgetInfo, WidgetType};

use crate::panel::theme::inherited;

const PATH_WIDTH: f32 = 300.0;

/// What a path box says.
pub(super) struct PathBox<'a> {
    /// Above the box.
    pub label: &'a str,
    /// In the box while it is empty.
    pub hint: &'a str,
    /// On the button.
    pub verb: &'a str,
}

impl PathBox<'_> {
    /// Opens below `button` when that is clicked; the path once the user has confirmed it.
    pub(super) fn below(&self, ui: &Ui, button: &Response, path: &mut String) -> Option<String> {
        Popup::menu(button)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .style(inherited(ui))
            .show(|ui| self.show(ui, path))
            .and_then(|shown| shown.inner)
    }

    fn show(&self, ui: &mut Ui, path: &mut String) -> Option<String> {
        ui.set_min_width(PATH_WIDTH);
        let label = ui.label(self.label);
        let edit =
            ui.add(TextEdit::singleline(path).hint_text(self.hint).desired_width(PATH_WIDTH)).labelled_by(label.id);
        // The box is what the menu was opened for, so typing goes there at once.
        if ui.memory(|memory| memory.focused().is_none()) && !edit.lost_focus() {
            edit.request_focus();
        }
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let is_given = !path.trim().is_empty();
        let button = named(ui.add_enabled(is_given, Button::new(self.verb)), &format!("{} this file", self.verb));
        if is_given && (entered || button.clicked()) {
            ui.close();
            return Some(path.trim().to_owned());
        }
        None
    }
}

/// Names a button for assistive technology.
pub(super) fn named(response: Response, name: &str) -> Response {
    let enabled = response.enabled();
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, enabled, name));
    response
}
