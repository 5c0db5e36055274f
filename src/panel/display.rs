//! What the 3D view draws: layers, colour maps and magnifications.

use bevy_egui::egui::{DragValue, Slider, Ui, vec2};

use crate::panel::choice_menu::{ChoiceMenu, plain_entries};
use crate::panel::theme::{row_tooltip, tooltip};
use crate::view::{ColourMap, ViewSettings};

const NUMBER_WIDTH: f32 = 58.0;

/// Switches and scales of the 3D view, written straight into its settings.
pub fn display_panel(ui: &mut Ui, view: &mut ViewSettings) {
    layers(ui, view);
    let (occupied, values) =
        ("Colours of the belief that a voxel is occupied.", "Colours of the burns a search tried.");
    colour_map(ui, "P(occupied) colours", &mut view.probability_colours, occupied);
    colour_map(ui, "Value colours", &mut view.value_colours, values);
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
    let switches: [(&mut bool, &str, &str); 10] = [
        (&mut layers.belief, "Belief voxels", "P(occupied) of every voxel."),
        (
            &mut layers.truth,
            "True shape",
            "The shape that is inspected, as a ghost. No planner but the oracle sees it.",
        ),
        (&mut layers.trajectory, "Path and burns", "Where the servicer flew, and its burns."),
        (&mut layers.plan, "Plan and candidates", "The path the search would fly, and the burns it tried."),
        (&mut layers.servicer, "Servicer", "The servicer, larger than it is where it is far away."),
        (&mut layers.field_of_view, "Field of view", "What the servicer's camera sees."),
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

fn colour_map(ui: &mut Ui, name: &str, map: &mut ColourMap, help: &str) {
    let row = ui.horizontal(|ui| {
        let label = ui.label(name);
        let menu = ChoiceMenu { id_salt: name, chosen: map.name(), width: ui.available_width() };
        let (closed, picked) = menu.show(ui, plain_entries(ColourMap::ALL.iter().map(|map| map.name())));
        closed.labelled_by(label.id);
        if let Some(picked) = ColourMap::ALL.iter().find(|map| picked.as_deref() == Some(map.name())) {
            *map = *picked;
        }
    });
    row_tooltip(ui, &row.response, || help.to_owned());
}

fn scale(ui: &mut Ui, value: &mut f32, range: std::ops::RangeInclusive<f32>, name: &str, unit: &str, help: &str) {
    let row = ui.scope(|ui| {
        let label = ui.label(name);
        ui.horizontal(|ui| {
            ui.spacing_mut().slider_width =
                (ui.available_width() - NUMBER_WIDTH - ui.spacing().item_spacing.x).max(40.0);
            ui.add(Slider::new(value, range.clone()).show_value(false)).labelled_by(label.id);
            let number = DragValue::new(value).range(range).speed(0.02).max_decimals(2).suffix(unit);
            ui.add_sized(vec2(NUMBER_WIDTH, ui.spacing().interact_size.y), number).labelled_by(label.id);
        });
    });
    row_tooltip(ui, &row.response, || help.to_owned());
}
