//! A list to choose from: it shows all entries that the window has room for, and the chosen one in any case.

use bevy_egui::egui::style::ScrollAnimation;
use bevy_egui::egui::{Align, ComboBox, IdSalt, Layout, Response, RichText, Ui, vec2};

use crate::panel::theme::inherited;

/// What the menu's frame and its distance to the window's edge take.
const MENU_MARGIN: f32 = 24.0;
/// Passes in which an opened menu scrolls to the chosen entry: in the first it is only measured.
const OPENING_PASSES: u64 = 3;

/// A list to choose from.
pub(super) struct ChoiceMenu<'a> {
    /// Tells it from its neighbours.
    pub id_salt: &'a str,
    /// The chosen entry.
    pub chosen: &'a str,
    /// Of the closed list; a longer text is cut off.
    pub width: f32,
}

impl ChoiceMenu<'_> {
    /// Draws it with these entries, each a name and what is shown for it. Returns the closed list and the name that was
    /// clicked.
    pub(super) fn show(
        &self,
        ui: &mut Ui,
        entries: impl Iterator<Item = (String, RichText)>,
    ) -> (Response, Option<String>) {
        let size = vec2(self.width, ui.spacing().interact_size.y);
        let mut picked = None;
        let closed = ui
            .allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                let opening = self.is_opening(ui);
                ComboBox::from_id_salt(self.id_salt)
                    .selected_text(self.chosen)
                    .width(self.width)
                    .height(room_for_menu(ui))
                    .truncate()
                    .popup_style(inherited(ui))
                    .show_ui(ui, |ui| {
                        for (name, text) in entries {
                            let chosen = name == self.chosen;
                            let entry = ui.selectable_label(chosen, text);
                            if chosen && opening {
                                entry.scroll_to_me_animation(Some(Align::Center), ScrollAnimation::none());
                            }
                            if entry.clicked() {
                                picked = Some(name);
                            }
                        }
                    })
                    .response
            })
            .inner;
        (closed, picked)
    }

    /// Whether the menu has just been opened, or is closed and may be opened in this pass.
    fn is_opening(&self, ui: &Ui) -> bool {
        let list = ui.make_persistent_id(IdSalt::new(self.id_salt));
        let last_closed = list.with("last_closed");
        let pass = ui.ctx().cumulative_pass_nr();
        if !ComboBox::is_open(ui.ctx(), list) {
            ui.data_mut(|data| data.insert_temp(last_closed, pass));
        }
        ui.data(|data| data.get_temp::<u64>(last_closed)).is_some_and(|closed| pass - closed <= OPENING_PASSES)
    }
}

/// Height between the list and the farther edge of the window, where egui opens the menu if it does not fit elsewhere.
fn room_for_menu(ui: &Ui) -> f32 {
    let window = ui.ctx().content_rect();
    let list = ui.max_rect();
    (window.bottom() - list.bottom()).max(list.top() - window.top()) - MENU_MARGIN
}

/// Names that are shown as they are.
pub(super) fn plain_entries<'a>(
    names: impl Iterator<Item = &'a str> + 'a,
) -> impl Iterator<Item = (String, RichText)> + 'a {
    names.map(|name| (name.to_owned(), RichText::new(name)))
}
