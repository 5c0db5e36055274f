//! Tells egui that the panels cover the window's edges.
//!
//! The panels are drawn in a `Ui` of their own over the context's root `Ui`, which stays empty; egui therefore believes
//! that the pointer over a panel is over nothing, and cameras would turn while a panel is scrolled. Claiming the same
//! edges in the root `Ui` makes `EguiWantsInput` true there, for our own view and for every host.

use bevy_egui::egui::{Frame, Id, Panel, Plugin, Rect, Ui};

/// Claims everything outside `free` in the context's root `Ui`, at the end of every pass.
#[derive(Debug, Default)]
pub(super) struct ReservedEdges {
    /// What the panels leave free, in points; `None` while no panel is drawn.
    pub(super) free: Option<Rect>,
}

impl Plugin for ReservedEdges {
    fn debug_name(&self) -> &'static str {
        "bevy_proxops panels"
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        let Some(free) = self.free else {
            return;
        };
        let window = ui.max_rect();
        let id = Id::new("bevy_proxops_reserved");
        let edges = [
            (Panel::top(id.with("top")), free.top() - window.top()),
            (Panel::bottom(id.with("bottom")), window.bottom() - free.bottom()),
            (Panel::left(id.with("left")), free.left() - window.left()),
            (Panel::right(id.with("right")), window.right() - free.right()),
        ];
        for (panel, size) in edges.into_iter().filter(|(_, size)| *size > 0.0) {
            panel.exact_size(size).resizable(false).show_separator_line(false).frame(Frame::NONE).show(ui, |_| {});
        }
    }
}

#[cfg(test)]
mod tests {
    use bevy_egui::egui::{Context, Event, Pos2, RawInput, pos2, vec2};

    use super::*;

    fn over_egui(pointer: Pos2, free: Option<Rect>) -> bool {
        let ctx = Context::default();
        ctx.add_plugin(ReservedEdges { free });
        for _ in 0..2 {
            let input = RawInput {
                screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 720.0))),
                events: vec![Event::PointerMoved(pointer)],
                ..RawInput::default()
            };
            let _ = ctx.run_ui(input, |_| {});
        }
        ctx.is_pointer_over_egui()
    }

    #[test]
    fn pointer_over_a_panel_is_over_egui_and_over_the_free_area_is_not() {
        let free = Some(Rect::from_min_max(pos2(280.0, 40.0), pos2(980.0, 500.0)));
        for covered in [pos2(100.0, 300.0), pos2(1200.0, 300.0), pos2(600.0, 20.0), pos2(600.0, 700.0)] {
            assert!(over_egui(covered, free), "{covered:?}");
        }
        assert!(!over_egui(pos2(600.0, 300.0), free));
    }

    #[test]
    fn hidden_panels_cover_nothing() {
        assert!(!over_egui(pos2(100.0, 300.0), None));
    }
}
