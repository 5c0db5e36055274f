//! What the 3D view draws: layers, colour maps and magnifications.

use bevy_egui::egui::{ComboBox, DragValue, Grid, Slider, Ui};

use crate::panel::theme::{inherited, tooltip};
use crate::view::{ColourMap, ViewSettings};

/// Switches and scales of the 3D view, written straight into its settings.
pub fn display_panel(ui: &mut Ui, view: &mut ViewSettings) {
    layers(ui, view);
    Grid::new("proxops_display").num_columns(2).show(ui, |ui| {
        colour_map(ui, "P(occupied) colours", &mut view.probability_colours);
        colour_map(ui, "Value colours", &mut view.value_colours);
    });
    scale(
        ui,
        &mut view.target_magnification,
        1.0..=10.0,
        "Target size",
        "×",
        "How many times larger than life the target is drawn.",
    );
    scale(
        ui,
        &mut view.servicer_magnification,
        1.0..=20.0,
        "Servicer size",
        "×",
        "How many times larger than life the servicer is drawn.",
    );
    scale(
        ui,
        &mut view.confirmed_probability,
        0.5..=1.0,
        "Confirmed from",
        "",
        "P(occupied) from which a voxel is drawn solid.",
    );
    scale(
        ui,
        &mut view.uncertain_opacity,
        0.0..=1.0,
        "Uncertain voxels",
        "",
        "Opacity of a voxel nothing is known about.",
    );
}

fn layers(ui: &mut Ui, view: &mut ViewSettings) {
    let layers = &mut view.layers;
    let switches: [(&mut bool, &str, &str); 9] = [
        (&mut layers.belief, "Belief voxels", "P(occupied) of every voxel."),
        (
            &mut layers.truth,
            "True shape",
            "The shape that is inspected, as a ghost. No planner but the oracle sees it.",
        ),
        (&mut layers.trajectory, "Path and burns", "Where the servicer flew, and its burns."),
        (&mut layers.plan, "Plan and candidates", "The path the search would fly, and the burns it tried."),
        (&mut layers.servicer, "Servicer and camera", "The servicer and its camera's field of view."),
        (&mut layers.axes, "Axes and rings", "R, T, N and rings of equal range."),
        (&mut layers.small_grids, "Other episodes", "The parallel episodes as small grids."),
        (&mut layers.legend, "Legend in the picture", "Colour bars and a status line over the picture."),
        (&mut layers.sky, "Stars and Earth", "Only with the view's own camera."),
    ];
    for (on, name, help) in switches {
        let response = ui.checkbox(on, name);
        tooltip(ui, &response, || help.to_owned());
    }
}

fn colour_map(ui: &mut Ui, name: &str, map: &mut ColourMap) {
    let label = ui.label(name);
    ComboBox::from_id_salt(("proxops_display", name))
        .selected_text(map.name())
        .popup_style(inherited(ui))
        .show_ui(ui, |ui| {
            for choice in ColourMap::ALL {
                ui.selectable_value(map, choice, choice.name());
            }
        })
        .response
        .labelled_by(label.id);
    ui.end_row();
}

fn scale(ui: &mut Ui, value: &mut f32, range: std::ops::RangeInclusive<f32>, name: &str, unit: &str, help: &str) {
    let label = ui.label(name);
    tooltip(ui, &label, || help.to_owned());
    ui.horizontal(|ui| {
        ui.spacing_mut().slider_width = (ui.available_width() - 64.0).max(40.0);
        ui.add(Slider::new(value, range.clone()).show_value(false)).labelled_by(label.id);
        ui.add(DragValue::new(value).range(range).speed(0.02).max_decimals(2).suffix(unit)).labelled_by(label.id);
    });
}
