//! Colours and spacing of the panels, applied to their own `Ui`s only: a host's egui style stays as the host set it.

use bevy::reflect::Reflect;
use bevy_egui::egui::{
    Color32, CornerRadius, FontId, Margin, Response, Sense, Stroke, Style, TextStyle, Tooltip, Ui, Visuals,
    style::{HandleShape, StyleModifier, WidgetVisuals},
    vec2,
};

/// Which of the two looks the panels wear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
pub enum PanelTheme {
    /// Light text on near-black, the natural neighbour of a starfield.
    #[default]
    Dark,
    /// Dark text on white, for bright rooms and printed pictures.
    Light,
}

impl PanelTheme {
    /// The other one.
    pub fn toggled(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }
}

/// Colours the panels draw with beyond those of [`Visuals`]. Series colours are Okabe & Ito's (2008) colour-blind-safe set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Entropy series.
    pub entropy: Color32,
    /// Cumulative Δv series.
    pub dv: Color32,
    /// Range series.
    pub range: Color32,
    /// What a network says, and waiting for it.
    pub network: Color32,
    /// Burns and propagation in a time split.
    pub orbit: Color32,
    /// Limits and floors: dashed reference lines.
    pub floor: Color32,
    /// Focus, selection and the chosen action.
    pub accent: Color32,
    /// Something is waiting, or a result that no real planner can have: read with care.
    pub caution: Color32,
    /// Something was refused.
    pub error: Color32,
    /// Background of what is in focus or switched on.
    pub selected: Color32,
    /// Empty part of bars.
    pub track: Color32,
    /// Secondary text.
    pub muted: Color32,
}

impl Palette {
    const DARK: Self = Self {
        entropy: Color32::from_rgb(86, 180, 233),
        dv: Color32::from_rgb(230, 159, 0),
        range: Color32::from_rgb(0, 180, 132),
        network: Color32::from_rgb(214, 132, 180),
        orbit: Color32::from_rgb(240, 228, 66),
        floor: Color32::from_rgb(150, 156, 168),
        accent: Color32::from_rgb(86, 180, 233),
        caution: Color32::from_rgb(240, 176, 60),
        error: Color32::from_rgb(240, 120, 80),
        selected: Color32::from_rgb(34, 68, 90),
        track: Color32::from_rgb(42, 47, 57),
        muted: Color32::from_rgb(150, 157, 170),
    };
    const LIGHT: Self = Self {
        entropy: Color32::from_rgb(0, 114, 178),
        dv: Color32::from_rgb(190, 110, 0),
        range: Color32::from_rgb(0, 128, 94),
        network: Color32::from_rgb(170, 70, 125),
        orbit: Color32::from_rgb(100, 85, 0),
        floor: Color32::from_rgb(110, 114, 122),
        accent: Color32::from_rgb(0, 114, 178),
        caution: Color32::from_rgb(150, 88, 0),
        error: Color32::from_rgb(190, 60, 0),
        selected: Color32::from_rgb(190, 218, 238),
        track: Color32::from_rgb(222, 225, 230),
        muted: Color32::from_rgb(96, 101, 110),
    };

    /// A series' colour softened towards the empty part of a bar, so that text over it stays readable.
    pub fn filled(&self, colour: Color32) -> Color32 {
        self.track.lerp_to_gamma(colour, 0.5)
    }

    /// The palette that suits the background of `ui`, also where a host places a panel in its own style.
    pub fn of(ui: &Ui) -> &'static Self {
        if ui.visuals().dark_mode { &Self::DARK } else { &Self::LIGHT }
    }
}

/// The complete style of our own panels; size and spacing are those of a dense instrument, not of a form.
pub fn style(theme: PanelTheme) -> Style {
    let mut style = Style { visuals: visuals(theme), animation_time: 0.1, ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, FontId::proportional(11.0)),
        (TextStyle::Body, FontId::proportional(13.0)),
        (TextStyle::Button, FontId::proportional(13.0)),
        (TextStyle::Heading, FontId::proportional(15.0)),
        (TextStyle::Monospace, FontId::monospace(12.0)),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Monospace;
    style.spacing.item_spacing = vec2(6.0, 4.0);
    style.spacing.button_padding = vec2(7.0, 3.0);
    style.spacing.interact_size = vec2(28.0, 20.0);
    style.spacing.slider_rail_height = 4.0;
    style.spacing.indent = 16.0;
    style.spacing.icon_width = 13.0;
    style.spacing.tooltip_width = 320.0;
    style.spacing.scroll.floating = true;
    style.spacing.menu_margin = Margin::same(6);
    style
}

/// A modifier that carries the style of `ui` into popups and tooltips, which egui otherwise draws in the context's style.
pub fn inherited(ui: &Ui) -> StyleModifier {
    let style = ui.style().clone();
    StyleModifier::new(move |target| *target = (*style).clone())
}

/// Shows `text` as a wrapped tooltip of `response`, in the style of `ui`.
pub fn tooltip(ui: &Ui, response: &Response, text: impl FnOnce() -> String) {
    let mut tooltip = Tooltip::for_enabled(response);
    tooltip.popup = tooltip.popup.style(inherited(ui));
    tooltip.show(|ui| {
        ui.set_max_width(320.0);
        ui.label(text());
    });
}

/// Shows `text` as a tooltip of all that stands in `row`, also over the widgets there.
pub(super) fn row_tooltip(ui: &Ui, row: &Response, text: impl FnOnce() -> String) {
    // A widget hides those below it from the pointer, unless it answers to hovering alone.
    let over_all = ui.interact(row.rect, row.id.with("row_tooltip"), Sense::hover());
    tooltip(ui, &over_all, text);
}

fn visuals(theme: PanelTheme) -> Visuals {
    match theme {
        PanelTheme::Dark => shaped(Visuals::dark(), &Ramp::DARK, &Palette::DARK),
        PanelTheme::Light => shaped(Visuals::light(), &Ramp::LIGHT, &Palette::LIGHT),
    }
}

/// Greys from the panel's background towards its text.
struct Ramp {
    panel: Color32,
    sunken: Color32,
    faint: Color32,
    line: Color32,
    control: Color32,
    hovered: Color32,
    pressed: Color32,
    text: Color32,
    strong: Color32,
}

impl Ramp {
    const DARK: Self = Self {
        panel: Color32::from_rgb(19, 22, 28),
        sunken: Color32::from_rgb(12, 14, 18),
        faint: Color32::from_rgb(26, 30, 37),
        line: Color32::from_rgb(44, 49, 60),
        control: Color32::from_rgb(40, 45, 55),
        hovered: Color32::from_rgb(52, 59, 72),
        pressed: Color32::from_rgb(62, 72, 90),
        text: Color32::from_rgb(206, 211, 220),
        strong: Color32::from_rgb(244, 246, 250),
    };
    const LIGHT: Self = Self {
        panel: Color32::from_rgb(248, 249, 251),
        sunken: Color32::from_rgb(255, 255, 255),
        faint: Color32::from_rgb(240, 242, 245),
        line: Color32::from_rgb(212, 216, 222),
        control: Color32::from_rgb(228, 231, 236),
        hovered: Color32::from_rgb(216, 221, 229),
        pressed: Color32::from_rgb(200, 208, 220),
        text: Color32::from_rgb(46, 50, 58),
        strong: Color32::from_rgb(12, 14, 18),
    };
}

fn shaped(mut visuals: Visuals, ramp: &Ramp, palette: &Palette) -> Visuals {
    let widget = |fill: Color32, stroke: Stroke, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: stroke,
        fg_stroke: Stroke::new(1.0, text),
        corner_radius: CornerRadius::same(4),
        expansion: 0.0,
    };
    let line = Stroke::new(1.0, ramp.line);
    visuals.widgets.noninteractive = widget(ramp.panel, line, ramp.text);
    visuals.widgets.inactive = widget(ramp.control, Stroke::NONE, ramp.text);
    visuals.widgets.hovered = widget(ramp.hovered, Stroke::NONE, ramp.strong);
    visuals.widgets.active = widget(ramp.pressed, Stroke::NONE, ramp.strong);
    visuals.widgets.open = widget(ramp.hovered, Stroke::NONE, ramp.strong);
    visuals.panel_fill = ramp.panel;
    visuals.window_fill = ramp.panel;
    visuals.window_stroke = line;
    visuals.faint_bg_color = ramp.faint;
    visuals.extreme_bg_color = ramp.sunken;
    visuals.weak_text_color = Some(palette.muted);
    visuals.selection.bg_fill = palette.selected;
    visuals.selection.stroke = Stroke::new(1.0, ramp.strong);
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.caution;
    visuals.error_fg_color = palette.error;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals.indent_has_left_vline = false;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1 asks 4.5 : 1 for text and 3 : 1 for the marks of a chart.
    const TEXT_CONTRAST: f32 = 4.5;
    const MARK_CONTRAST: f32 = 3.0;

    fn luminance(colour: Color32) -> f32 {
        let linear = |c: u8| {
            let c = f32::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_series_stand_out_from_the_background_in_both_themes() {
        for (palette, ramp) in [(Palette::DARK, Ramp::DARK), (Palette::LIGHT, Ramp::LIGHT)] {
            for text in [ramp.text, ramp.strong, palette.muted, palette.caution, palette.error] {
                assert!(contrast(text, ramp.panel) >= TEXT_CONTRAST, "{text:?} on {:?}", ramp.panel);
            }
            for bar in [palette.filled(palette.entropy), palette.filled(palette.floor), palette.selected] {
                assert!(contrast(ramp.strong, bar) >= TEXT_CONTRAST, "text on {bar:?}");
            }
            let marks = [palette.entropy, palette.dv, palette.range, palette.floor, palette.network, palette.orbit];
            for mark in marks {
                assert!(contrast(mark, ramp.panel) >= MARK_CONTRAST, "{mark:?} on {:?}", ramp.panel);
            }
        }
    }

    #[test]
    fn toggling_the_theme_twice_returns_to_it() {
        assert_eq!(PanelTheme::Dark.toggled().toggled(), PanelTheme::Dark);
        assert_ne!(PanelTheme::Dark.toggled(), PanelTheme::Dark);
    }
}
