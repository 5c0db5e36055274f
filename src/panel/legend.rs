//! What the colours of the 3D view mean.

use bevy::color::{Color, ColorToPacked};
use bevy_egui::egui::{Align2, Color32, FontId, Rect, RichText, Sense, Ui, pos2, vec2};

use crate::panel::theme::{Palette, tooltip};
use crate::view::palette::{AXIS_COLOURS, BURN, COAST, FLOWN, PLAN, SIGHT, TRUTH};
use crate::view::{Legend, ViewSettings};

const BAR_HEIGHT: f32 = 8.0;

/// Colour bars of belief and values, and a key of everything else the view draws.
pub fn legend_panel(ui: &mut Ui, view: &ViewSettings) {
    colour_bars(ui, view);
    colour_key(ui);
}

/// The colour bars of belief and values side by side, with their units.
pub(super) fn colour_bars(ui: &mut Ui, view: &ViewSettings) {
    ui.columns(2, |columns| {
        let occupied = "Belief that a voxel is occupied: a probability, no unit.\nSmall and faint voxels are uncertain, solid ones confirmed.";
        colour_bar(&mut columns[0], &Legend::probability(view.probability_colours), occupied);
        let value = "Value of the burns a search tried: reward, scaled between the worst and the best of one search.";
        colour_bar(&mut columns[1], &Legend::value(view.value_colours), value);
    });
}

/// What the other colours of the view mean.
pub(super) fn colour_key(ui: &mut Ui) {
    let [radial, transverse, normal] = AXIS_COLOURS.map(|[r, g, b]| Color32::from_rgb(r, g, b));
    let keys = [
        (srgb(FLOWN), "path flown"),
        (srgb(BURN), "burns, length in proportion to Δv"),
        (srgb(PLAN), "planned path"),
        (srgb(COAST), "path without a burn"),
        (srgb(SIGHT), "camera's field of view"),
        (srgb(TRUTH), "true shape, hidden from planners"),
        (radial, "R  radial, away from Earth"),
        (transverse, "T  along the flight"),
        (normal, "N  orbit normal"),
    ];
    for (colour, meaning) in keys {
        key(ui, colour, meaning);
    }
}

fn srgb(colour: Color) -> Color32 {
    let [r, g, b, _] = colour.to_srgba().to_u8_array();
    Color32::from_rgb(r, g, b)
}

fn key(ui: &mut Ui, colour: Color32, meaning: &str) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(18.0, 12.0), Sense::hover());
        let swatch = Rect::from_center_size(rect.center(), vec2(16.0, 4.0));
        // A thin dark rim keeps white and pale colours visible on a light panel.
        ui.painter().rect_filled(swatch.expand(1.0), 2.0, Color32::from_gray(40));
        ui.painter().rect_filled(swatch, 2.0, colour);
        ui.label(meaning);
    });
}

fn colour_bar(ui: &mut Ui, legend: &Legend, help: &str) {
    ui.spacing_mut().item_spacing.y = 1.0;
    ui.label(RichText::new(legend.title).small());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT + 13.0), Sense::hover());
    let bar = Rect::from_min_size(rect.min, vec2(rect.width(), BAR_HEIGHT));
    let x = |fraction: f32| bar.left() + bar.width() * fraction;
    for pair in legend.stops.windows(2) {
        let [r, g, b] = pair[0].srgb;
        let cell = Rect::from_x_y_ranges(x(pair[0].fraction)..=x(pair[1].fraction), bar.y_range());
        ui.painter().rect_filled(cell, 0.0, Color32::from_rgb(r, g, b));
    }
    let colour = Palette::of(ui).muted;
    for stop in legend.stops.iter().filter(|stop| !stop.label.is_empty()) {
        let align = match stop.fraction {
            0.0 => Align2::LEFT_TOP,
            1.0 => Align2::RIGHT_TOP,
            _ => Align2::CENTER_TOP,
        };
        let at = pos2(x(stop.fraction), bar.bottom() + 1.0);
        ui.painter().text(at, align, stop.label, FontId::proportional(10.5), colour);
    }
    tooltip(ui, &response, || help.to_owned());
}
