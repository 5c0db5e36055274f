//! Plots of the focused episode: entropy with its floor, cumulative Δv and range, over the steps flown.

use std::ops::RangeInclusive;

use bevy_egui::egui::{Align, Color32, FontId, Id, Layout, Rangef, RichText, Ui, vec2};
use egui_plot::{AxisHints, GridInput, GridMark, HLine, HoverPosition, Line, LineStyle, Plot, PlotPoints};

use crate::episode::{EpisodeSnapshot, StateSample};
use crate::panel::episodes::learned_fraction;
use crate::panel::figures;
use crate::panel::theme::Palette;

const PLOT_HEIGHT: f32 = 72.0;
/// The lowest plot also carries the step axis.
const STEP_AXIS_HEIGHT: f32 = 18.0;
/// Wide enough for "5545" in the axis font, so that the three plots' left edges align and never move.
const Y_AXIS_WIDTH: f32 = 40.0;

/// The three plots of one episode over the same steps; the cursor is shared.
pub fn plots_panel(ui: &mut Ui, episode: &EpisodeSnapshot) {
    let palette = Palette::of(ui);
    let floor_nats = episode.initial_entropy_nats - episode.reachable_entropy_nats;
    let learned = figures::percent(learned_fraction(episode));
    let plots = [
        Series {
            title: "Entropy",
            now: format!("{}   {learned} learned", figures::entropy(episode.entropy_nats)),
            colour: palette.entropy,
            value: |sample| sample.entropy_nats,
            print: figures::entropy,
            limits: vec![
                ("at the start", episode.initial_entropy_nats),
                ("floor: all that can be seen is known", floor_nats),
            ],
        },
        Series {
            title: "Δv spent",
            now: figures::dv(episode.dv_spent_m_s),
            colour: palette.dv,
            value: |sample| sample.dv_spent_m_s,
            print: figures::dv,
            limits: Vec::new(),
        },
        Series {
            title: "Range",
            now: figures::range(episode.range_m),
            colour: palette.range,
            value: |sample| sample.position_rtn_m.length(),
            print: figures::range,
            limits: Vec::new(),
        },
    ];
    let lowest = plots.len() - 1;
    for (index, series) in plots.into_iter().enumerate() {
        title(ui, &series);
        plot(ui, episode, series, palette, index == lowest);
    }
}

/// One plotted quantity of an episode.
struct Series {
    title: &'static str,
    now: String,
    colour: Color32,
    value: fn(&StateSample) -> f64,
    print: fn(f64) -> String,
    limits: Vec<(&'static str, f64)>,
}

fn title(ui: &mut Ui, series: &Series) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("■").color(series.colour).small());
        ui.strong(series.title);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.monospace(&series.now));
    });
}

fn plot(ui: &mut Ui, episode: &EpisodeSnapshot, series: Series, palette: &'static Palette, with_step_axis: bool) {
    let points: Vec<[f64; 2]> =
        episode.states.iter().enumerate().map(|(step, sample)| [step as f64, (series.value)(sample)]).collect();
    let times_s: Vec<f64> = episode.states.iter().map(|sample| sample.time_s).collect();
    let ids = Id::new("bevy_proxops");
    let plot = Plot::new(ids.with(series.title))
        .height(if with_step_axis { PLOT_HEIGHT + STEP_AXIS_HEIGHT } else { PLOT_HEIGHT })
        .show_axes([with_step_axis, true])
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .include_x(0.0)
        .include_x(f64::from(episode.steps.max(1)))
        .include_y(0.0)
        .set_margin_fraction(vec2(0.01, 0.08))
        .x_grid_spacer(|input| round_grid(input, 6.0, 1.0))
        .y_grid_spacer(|input| round_grid(input, 4.0, 0.0))
        .custom_x_axes(vec![axis(AxisHints::new_x(), palette, 28.0).formatter(step_label)])
        .custom_y_axes(vec![
            axis(AxisHints::new_y(), palette, 14.0)
                .min_thickness(Y_AXIS_WIDTH)
                .formatter(|mark, _| figures::plain(mark.value)),
        ])
        .link_cursor(ids.with("plot_cursor"), [true, false])
        .label_formatter(move |hover| hover_label(hover, series.title, series.print, &times_s));
    plot.show(ui, |plot| {
        for (text, value) in series.limits {
            let line = HLine::new(text, value).color(palette.floor).width(1.0).style(LineStyle::dashed_dense());
            plot.hline(line);
        }
        plot.line(Line::new(series.title, PlotPoints::from(points)).color(series.colour).width(1.8));
    });
}

fn axis<'a>(hints: AxisHints<'a>, palette: &Palette, spacing: f32) -> AxisHints<'a> {
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

fn step_label(mark: GridMark, _: &RangeInclusive<f64>) -> String {
    if mark.value == 0.0 { "step 0".to_owned() } else { figures::plain(mark.value) }
}

fn hover_label(hover: &HoverPosition, title: &str, print: fn(f64) -> String, times_s: &[f64]) -> Option<String> {
    let HoverPosition::NearDataPoint { plot_name, position, index } = hover else {
        return None;
    };
    if *plot_name != title {
        return Some(format!("{plot_name}\n{}", print(position.y)));
    }
    let time = times_s.get(*index).map_or(figures::UNKNOWN.to_owned(), |time_s| format!("{:.1} min", time_s / 60.0));
    Some(format!("step {index}, {time}\n{title} {}", print(position.y)))
}

#[cfg(test)]
mod tests {
    use egui_plot::PlotPoint;

    use super::*;

    #[test]
    fn hovering_a_sample_tells_step_time_and_value_with_units() {
        let hover =
            HoverPosition::NearDataPoint { plot_name: "Range", position: PlotPoint::new(2.0, 181.25), index: 2 };
        let label = hover_label(&hover, "Range", figures::range, &[0.0, 120.0, 240.0]).unwrap();
        assert_eq!(label, "step 2, 4.0 min\nRange 181.2 m");
    }

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
    fn hovering_the_floor_tells_what_it_is() {
        let hover = HoverPosition::NearDataPoint { plot_name: "floor", position: PlotPoint::new(0.0, 120.0), index: 0 };
        assert_eq!(hover_label(&hover, "Entropy", figures::entropy, &[]).unwrap(), "floor\n120.0 nat");
    }
}
