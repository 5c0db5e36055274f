//! Room whose size does not follow from what is drawn in it.

use bevy_egui::egui::{Sense, Ui, UiBuilder};

/// Draws `contents` in all the room that `ui` has left and takes exactly that, whatever the contents would like. A panel
/// that can be resized takes its size from its contents: one row that is a point too wide would make it grow in every
/// frame.
pub(super) fn in_fixed_room<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let room = ui.available_rect_before_wrap();
    let result = contents(&mut ui.new_child(UiBuilder::new().max_rect(room)));
    ui.allocate_rect(room, Sense::hover());
    result
}

#[cfg(test)]
mod tests {
    use bevy_egui::egui::{Context, Panel, RawInput, Rect, vec2};

    use super::*;

    /// Width of a side panel after some frames with contents that are always a point wider than it.
    fn width_after_60_frames(draw: impl Fn(&mut Ui)) -> f32 {
        let ctx = Context::default();
        let mut width = 0.0;
        for _ in 0..60 {
            let input = RawInput {
                screen_rect: Some(Rect::from_min_size(Default::default(), vec2(1280.0, 720.0))),
                ..RawInput::default()
            };
            let _ = ctx.run_ui(input, |ui| {
                width = Panel::left("side").default_size(200.0).show(ui, &draw).response.rect.width();
            });
        }
        width
    }

    #[test]
    fn contents_that_are_too_wide_do_not_widen_the_panel() {
        let too_wide = |ui: &mut Ui| {
            ui.allocate_space(vec2(ui.available_width() + 1.0, 20.0));
        };
        assert!(width_after_60_frames(too_wide) > 250.0, "egui takes a panel's size from its contents");
        assert_eq!(width_after_60_frames(|ui| in_fixed_room(ui, too_wide)), 200.0);
    }
}
