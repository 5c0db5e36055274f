//! What all small plots of the panels share: they hold still, and their axes stay legible in a narrow column.

use std::ops::RangeInclusive;

use bevy_egui::egui::{Color32, FontId, Id, Rangef, RichText, Sense, Shape, Stroke, Ui, vec2};
use egui_plot::{AxisHints, GridInput, GridMark, Plot};

use crate::panel::figures;
use crate::panel::theme::Palette;

/// Height of a plot without its horizontal axis.
pub(super) const PLOT_HEIGHT: f32 = 62.0;
/// What the lowest plot of a stack takes for the axis that all share.
const X_AXIS_HEIGHT: f32 = 18.0;
/// Wide enough for "5545" in the axis font, so that the left edges of stacked plots align and never move.
const Y_AXIS_WIDTH: f32 = 40.0;

/// A plot that answers the pointer only with labels; `x_axis` names the horizontal axis where it is drawn, below `height`.
pub(super) fn still_plot<'a>(ui: &Ui, id: Id, x_axis: Option<&'static str>, height: f32) -> Plot<'a> {
    let palette = Palette::of(ui);
    Plot::new(id)
        .height(if x_axis.is_some() { height + X_AXIS_HEIGHT } else { height })
        .show_axes([x_axis.is_some(), true])
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .set_margin_fraction(vec2(0.01, 0.08))
        .x_grid_spacer(|input| round_grid(input, 6.0, 1.0))
        .y_grid_spacer(|input| round_grid(input, 4.0, 0.0))
        .custom_x_axes(vec![
            axis(AxisHints::new_x(), palette, 28.0)
                .formatter(move |mark, range| x_label(mark, range, x_axis.unwrap_or_default())),
        ])
        .custom_y_axes(vec![
            axis(AxisHints::new_y(), palette, 14.0)
                .min_thickness(Y_AXIS_WIDTH)
                .formatter(|mark, _| figures::plain(mark.value)),
        ])
}

/// The least that a value axis shows: all `values` and, round them, a span of at least `least_span`, so that values that
/// are all the same still have a scale. Values that are never negative get no negative axis.
pub(super) fn value_range(values: impl IntoIterator<Item = f64>, least_span: f64) -> [f64; 2] {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return [0.0, least_span];
    }
    let missing = (least_span - (high - low)).max(0.0);
    let below = if low >= 0.0 { (missing / 2.0).min(low) } else { missing / 2.0 };
    [low - below, high + missing - below]
}

/// Names of a plot's lines in the colours they are drawn with, each with a sample of the line.
pub(super) fn line_key(ui: &mut Ui, lines: &[(&str, Color32, bool)]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 0.0);
        for (name, colour, dashed) in lines {
            let (rect, _) = ui.allocate_exact_size(vec2(14.0, 12.0), Sense::hover());
            let (from, to) = (rect.left_center(), rect.right_center());
            if *dashed {
                ui.painter().extend(Shape::dashed_line(&[from, to], Stroke::new(1.5, *colour), 4.0, 3.0));
            } else {
                ui.painter().line_segment([from, to], Stroke::new(2.0, *colour));
            }
            ui.label(RichText::new(*name).small().color(Palette::of(ui).muted));
            ui.add_space(5.0);
        }
    });
}

pub(super) fn axis<'a>(hints: AxisHints<'a>, palette: &Palette, spacing: f32) -> AxisHints<'a> {
    hints
        .tick_label_font(FontId::proportional(10.5))
        .tick_label_color(palette.muted)
        .label_spacing(Rangef::new(spacing, 1.3 * spacing))
}

/// Grid lines at round values, at most `most` of them.
fn round_grid(input: GridInput, most: f64, least_stride: f64) -> Vec<GridMark> {
    let (from, to) = input.bounds;
    let wanted = ((to - from) / most).max(least_stride).max(f64::MIN_POSITIVE);
    let decade = 10_f64.powf(wanted.log10().floor());
    let stride = [1.0, 2.0, 5.0, 10.0].map(|k| k * decade).into_iter().find(|s| *s >= wanted).unwrap_or(10.0 * decade);
    let marks = (from / stride).ceil() as i64..=(to / stride).floor() as i64;
    marks.take(50).map(|k| GridMark { value: k as f64 * stride, step_size: stride }).collect()
}

/// The first whole mark carries the axis' name.
fn x_label(mark: GridMark, range: &RangeInclusive<f64>, name: &str) -> String {
    let value = figures::plain(mark.value);
    if mark.value - mark.step_size < *range.start() { format!("{name} {value}") } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_axis_has_a_handful_of_round_marks_for_any_length_of_episode() {
        for steps in [5.0, 30.0, 50.0, 365.0, 10_000.0] {
            let marks = round_grid(GridInput { bounds: (0.0, steps), base_step_size: 1.0 }, 6.0, 1.0);
            assert!((2..=7).contains(&marks.len()), "{} marks for {steps} steps", marks.len());
            assert!(marks.iter().all(|mark| mark.value <= steps && mark.value.fract() == 0.0));
        }
    }

    #[test]
    fn value_axis_of_a_flat_line_at_zero_has_no_endless_grid() {
        let marks = round_grid(GridInput { bounds: (0.0, 0.0), base_step_size: 0.0 }, 4.0, 0.0);
        assert!(marks.len() <= 50);
    }

    #[test]
    fn values_that_are_all_the_same_get_a_scale_round_them_that_is_not_negative() {
        assert_eq!(value_range([0.0, 0.0], 0.1), [0.0, 0.1]);
        assert_eq!(value_range([2.0, 2.0], 0.5), [1.75, 2.25]);
        assert_eq!(value_range([0.125], 1.0), [0.0, 1.0]);
        assert_eq!(value_range([-1.0, -1.0], 1.0), [-1.5, -0.5]);
        assert_eq!(value_range([0.0, 3.0], 1.0), [0.0, 3.0]);
        assert_eq!(value_range([f64::NAN], 1.0), [0.0, 1.0]);
    }

    #[test]
    fn the_first_mark_names_the_axis() {
        let label = |value| x_label(GridMark { value, step_size: 10.0 }, &(-0.5..=50.0), "step");
        assert_eq!([label(0.0), label(10.0)], ["step 0", "10"]);
    }
}
