//! The help overlay: every key and gesture, in one list.

use bevy_egui::egui::{Grid, RichText, Ui, vec2};

/// All shortcuts under their headings; whether the user closed the help.
pub fn help_panel(ui: &mut Ui, sections: &[(&str, Vec<(String, &str)>)]) -> bool {
    ui.heading("Keys and mouse");
    for (heading, shortcuts) in sections.iter().filter(|(_, shortcuts)| !shortcuts.is_empty()) {
        ui.add_space(6.0);
        ui.strong(*heading);
        Grid::new(("proxops_help", *heading)).num_columns(2).min_col_width(64.0).spacing(vec2(16.0, 4.0)).show(
            ui,
            |ui| {
                for (keys, what) in shortcuts {
                    ui.label(RichText::new(keys).monospace().strong());
                    ui.label(*what);
                    ui.end_row();
                }
            },
        );
    }
    ui.add_space(8.0);
    ui.button("Close").clicked()
}
