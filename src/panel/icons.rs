//! Small painted toggles, so that no icon font is needed and no font of the host is changed.

use bevy_egui::egui::{Painter, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::panel::theme::tooltip;

/// What a painted toggle shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    /// A window with its left part filled.
    Left,
    /// A window with its lower part filled.
    Bottom,
    /// A window with its right part filled.
    Right,
    /// A disc, half filled.
    Theme,
    /// A question mark.
    Help,
}

/// A toggle with a picture; `name` is its tooltip and its name for assistive technology.
pub(super) fn icon_toggle(ui: &mut Ui, icon: Icon, on: &mut bool, name: &str) -> Response {
    let size = vec2(26.0, ui.spacing().interact_size.y);
    let (rect, mut response) = ui.allocate_exact_size(size, Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let (enabled, is_on) = (ui.is_enabled(), *on);
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, enabled, is_on, name));
    if ui.is_rect_visible(rect) {
        let visuals = ui.style().interact_selectable(&response, is_on);
        if is_on || response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, visuals.corner_radius, visuals.weak_bg_fill);
        }
        paint(ui.painter(), rect, icon, visuals.fg_stroke);
    }
    tooltip(ui, &response, || name.to_owned());
    response
}

fn paint(painter: &Painter, rect: Rect, icon: Icon, stroke: Stroke) {
    let frame = Rect::from_center_size(rect.center(), vec2(15.0, 11.0));
    let filled = match icon {
        Icon::Left => Rect::from_min_max(frame.min, pos2(frame.left() + 5.0, frame.bottom())),
        Icon::Right => Rect::from_min_max(pos2(frame.right() - 5.0, frame.top()), frame.max),
        Icon::Bottom => Rect::from_min_max(pos2(frame.left(), frame.bottom() - 4.0), frame.max),
        Icon::Theme => {
            painter.circle_stroke(rect.center(), 5.5, stroke);
            let half = Rect::from_min_max(rect.center_top(), rect.right_bottom());
            painter.with_clip_rect(half).circle_filled(rect.center(), 5.5, stroke.color);
            return;
        }
        Icon::Help => {
            let font = bevy_egui::egui::FontId::proportional(14.0);
            painter.text(rect.center(), bevy_egui::egui::Align2::CENTER_CENTER, "?", font, stroke.color);
            return;
        }
    };
    painter.rect_filled(filled, 1.0, stroke.color);
    painter.rect_stroke(frame, 2.0, stroke, StrokeKind::Middle);
}
