//! How large the network's batches are.

use bevy_egui::egui::{Align, Id, Layout, RichText, Stroke, Ui};
use egui_plot::{AxisHints, Bar, BarChart, GridMark, HoverPosition};

use crate::panel::chart::{PLOT_HEIGHT, axis, still_plot};
use crate::panel::figures;
use crate::panel::theme::Palette;

/// How many batches of which number of rows were evaluated, in percent of all.
pub(super) fn batch_histogram(ui: &mut Ui, sizes: &[(usize, u64)]) {
    let total: u64 = sizes.iter().map(|(_, batches)| batches).sum();
    if total == 0 {
        return;
    }
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Rows of a batch").small().color(palette.muted));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(format!("{} batches", figures::count(total))).small().color(palette.muted));
        });
    });
    let bar = |(place, (_, batches)): (usize, &(usize, u64))| {
        let share = 100.0 * *batches as f64 / total as f64;
        Bar::new(place as f64, share).width(0.7).fill(palette.network).stroke(Stroke::NONE)
    };
    let bars: Vec<Bar> = sizes.iter().enumerate().map(bar).collect();
    let rows: Vec<usize> = sizes.iter().map(|(rows, _)| *rows).collect();
    let (label_rows, places) = (rows.clone(), rows.len());
    still_plot(ui, Id::new("bevy_proxops").with("batch_sizes"), Some(""), PLOT_HEIGHT)
        .show_grid([false, true])
        .include_x(-0.6)
        .include_x(places.max(4) as f64 - 0.4)
        .include_y(0.0)
        .include_y(100.0)
        .x_grid_spacer(move |_| (0..places).map(|place| mark(place as f64, 1.0)).collect())
        .y_grid_spacer(|_| [0.0, 50.0, 100.0].map(|value| mark(value, 50.0)).to_vec())
        .custom_x_axes(vec![axis(AxisHints::new_x(), palette, 12.0).formatter(move |mark, _| {
            label_rows.get(mark.value.round() as usize).map_or(String::new(), usize::to_string)
        })])
        .custom_y_axes(vec![axis(AxisHints::new_y(), palette, 14.0).formatter(|mark, _| format!("{} %", mark.value))])
        .label_formatter(move |hover| match hover {
            HoverPosition::NearDataPoint { position, .. } => {
                let rows = rows.get(position.x.round() as usize)?;
                Some(format!("{rows} rows\n{:.1} % of the batches", position.y))
            }
            _ => None,
        })
        .show(ui, |plot| plot.bar_chart(BarChart::new("batches", bars)));
}

fn mark(value: f64, step_size: f64) -> GridMark {
    GridMark { value, step_size }
}
