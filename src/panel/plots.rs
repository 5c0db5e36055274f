//! Plots of the focused episode over the steps flown: entropy with its floor, cumulative Δv, range, and what the planner
//! expected against what came.

use bevy_egui::egui::{Align, Color32, Id, Layout, RichText, Ui};
use egui_plot::{HLine, HoverPosition, Line, LineStyle, PlotPoints};

use crate::episode::{EpisodeSnapshot, StateSample};
use crate::panel::chart::still_plot;
use crate::panel::episodes::learned_fraction;
use crate::panel::figures;
use crate::panel::theme::Palette;
use crate::panel::value_plot::value_plot;
use crate::search::SearchConfig;

/// The plots of one episode over the same steps; the cursor is shared. `search` is how its decisions are made.
pub fn plots_panel(ui: &mut Ui, episode: &EpisodeSnapshot, search: &SearchConfig) {
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
    let expects = search.planner.searches() || search.planner.needs_network();
    let lowest = plots.len() - 1;
    for (index, series) in plots.into_iter().enumerate() {
        title(ui, series.title, series.colour, &series.now);
        plot(ui, episode, series, palette, index == lowest && !expects);
    }
    if expects {
        value_plot(ui, episode, search);
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

/// Name and newest value of what is plotted below.
pub(super) fn title(ui: &mut Ui, name: &str, colour: Color32, now: &str) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("■").color(colour).small());
        ui.strong(name);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.monospace(now));
    });
}

/// A cursor that all plots of an episode share.
pub(super) fn cursor_group() -> Id {
    Id::new("bevy_proxops").with("plot_cursor")
}

fn plot(ui: &mut Ui, episode: &EpisodeSnapshot, series: Series, palette: &'static Palette, with_step_axis: bool) {
    let points: Vec<[f64; 2]> =
        episode.states.iter().enumerate().map(|(step, sample)| [step as f64, (series.value)(sample)]).collect();
    let times_s: Vec<f64> = episode.states.iter().map(|sample| sample.time_s).collect();
    let plot = still_plot(ui, Id::new("bevy_proxops").with(series.title), with_step_axis.then_some("step"))
        .include_x(0.0)
        .include_x(f64::from(episode.steps.max(1)))
        .include_y(0.0)
        .link_cursor(cursor_group(), [true, false])
        .label_formatter(move |hover| hover_label(hover, series.title, series.print, &times_s));
    plot.show(ui, |plot| {
        for (text, value) in series.limits {
            let line = HLine::new(text, value).color(palette.floor).width(1.0).style(LineStyle::dashed_dense());
            plot.hline(line);
        }
        plot.line(Line::new(series.title, PlotPoints::from(points)).color(series.colour).width(1.8));
    });
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
    fn hovering_the_floor_tells_what_it_is() {
        let hover = HoverPosition::NearDataPoint { plot_name: "floor", position: PlotPoint::new(0.0, 120.0), index: 0 };
        assert_eq!(hover_label(&hover, "Entropy", figures::entropy, &[]).unwrap(), "floor\n120.0 nat");
    }
}
