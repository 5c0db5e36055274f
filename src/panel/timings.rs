//! The strip of live speed figures: what the run and the window are doing with the machine.

use bevy_egui::egui::{Rect, RichText, Sense, Ui, pos2, vec2};

use crate::episode::{SimDiagnostics, TimeSplit};
use crate::panel::figures;
use crate::panel::theme::{Palette, tooltip};

/// Speed and load of the run, and the window's mean frame time in seconds where there is one.
pub fn timings_panel(ui: &mut Ui, diagnostics: &SimDiagnostics, frame_time_s: Option<f64>) {
    ui.horizontal_wrapped(|ui| {
        figure(
            ui,
            "decisions",
            &figures::rate(diagnostics.decisions_per_s),
            "Decisions made by all episodes together.",
        );
        figure(
            ui,
            "simulations",
            &figures::rate(diagnostics.simulations_per_s),
            "Tree-search simulations of all episodes together.",
        );
        figure(
            ui,
            "observations",
            &figures::rate(diagnostics.observations_per_s),
            "Images taken by the episodes; those that a search imagines are not counted.",
        );
        figure(
            ui,
            "cores busy",
            &format!("{:.2} / {}", diagnostics.cores_busy, diagnostics.workers),
            "Busy time of the simulation's workers over wall time, and how many workers there are.",
        );
        if let Some(seconds) = frame_time_s {
            figure(ui, "frame", &figures::milliseconds(seconds), "Mean time from one drawn frame to the next.");
        }
        time_split_bar(ui, &diagnostics.time_split);
    });
}

fn figure(ui: &mut Ui, name: &str, value: &str, help: &str) {
    let response = ui
        .horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.label(RichText::new(name).small().color(Palette::of(ui).muted));
            ui.monospace(format!("{value:<9}"));
        })
        .response;
    tooltip(ui, &response, || help.to_owned());
}

fn time_split_bar(ui: &mut Ui, split: &TimeSplit) {
    let palette = Palette::of(ui);
    let shares = [
        ("tree", split.tree, palette.entropy),
        ("rays", split.rays, palette.dv),
        ("belief", split.belief, palette.range),
        ("other", split.other, palette.floor),
        ("idle", split.idle, palette.track),
    ];
    let (rect, response) = ui.allocate_exact_size(vec2(120.0, ui.spacing().interact_size.y), Sense::hover());
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), 8.0));
    ui.painter().rect_filled(bar, 2.0, palette.track);
    let mut left = bar.left();
    for (_, share, colour) in shares {
        let right = (left + bar.width() * share.clamp(0.0, 1.0) as f32).min(bar.right());
        ui.painter().rect_filled(Rect::from_min_max(pos2(left, bar.top()), pos2(right, bar.bottom())), 0.0, colour);
        left = right;
    }
    tooltip(ui, &response, || {
        let lines = shares.map(|(name, share, _)| format!("{} {name}", figures::percent(share)));
        format!("Where the simulation thread's time goes:\n{}", lines.join("\n"))
    });
}
