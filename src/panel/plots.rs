//! Plots of the focused episode over the steps flown: entropy with its floor, cumulative Δv, range, and what the planner
//! expected against what came.

use bevy_egui::egui::{Align, Color32, Id, Label, Layout, Response, RichText, Ui};
use egui_plot::{HLine, HoverPosition, Line, LineStyle, PlotPoints};

use crate::episode::{EpisodeSnapshot, StateSample};
use crate::mission::Action;
use crate::panel::chart::{PLOT_HEIGHT, line_key, still_plot, value_range};
use crate::panel::figures;
use crate::panel::learned::{learned_fraction, learned_help, learned_percent};
use crate::panel::theme::{Palette, row_tooltip};
use crate::panel::value_plot::value_plot;
use crate::search::SearchConfig;

/// Twice as high as the others: it is what planners are compared by.
const ENTROPY_HEIGHT: f32 = 2.0 * PLOT_HEIGHT;
/// Least spans of the axes, for values that do not change.
const LEAST_ENTROPY_NATS: f64 = 1.0;
const LEAST_DV_M_S: f64 = 0.1;
const LEAST_RANGE_M: f64 = 1.0;

/// The plots of one episode over the same steps; the cursor is shared. `search` is how its decisions are made.
pub fn plots_panel(ui: &mut Ui, episode: &EpisodeSnapshot, search: &SearchConfig) {
    let plots = [entropy(ui, episode), dv(ui, episode), range(ui, episode)];
    let expects = search.planner.searches() || search.planner.needs_network();
    let lowest = plots.len() - 1;
    for (index, series) in plots.into_iter().enumerate() {
        let title = title(ui, series.title, series.colour, &series.now);
        if let Some(help) = &series.help {
            row_tooltip(ui, &title, || help.clone());
        }
        if let Some((floor, _)) = series.floor {
            let palette = Palette::of(ui);
            line_key(ui, &[(series.title, series.colour, false), (floor, palette.floor, true)]);
        }
        plot(ui, episode, series, index == lowest && !expects);
    }
    if expects {
        value_plot(ui, episode, search);
    }
}

/// One plotted quantity of an episode.
struct Series {
    title: &'static str,
    now: String,
    help: Option<String>,
    colour: Color32,
    value: fn(&StateSample) -> f64,
    /// A value in words.
    print: Box<dyn Fn(f64) -> String>,
    /// A value that is drawn as a dashed line, and what it is.
    floor: Option<(&'static str, f64)>,
    /// The least that the axis shows.
    axis: [f64; 2],
    height: f32,
}

/// Its axis runs from what an ideal camera would leave to what the first image left: there planners differ. Before that
/// image much more was unknown, on whose scale nothing else could be seen.
fn entropy(ui: &Ui, episode: &EpisodeSnapshot) -> Series {
    let floor_nats = episode.initial_entropy_nats - episode.reachable_entropy_nats;
    let learned = learned_fraction(episode);
    let (initial_nats, reachable_nats) = (episode.initial_entropy_nats, episode.reachable_entropy_nats);
    let print = move |nats: f64| {
        let learned = (initial_nats - nats) / reachable_nats;
        format!("{}\n{} learned", figures::entropy(nats), learned_percent(learned))
    };
    let flown = episode.states.iter().map(|sample| sample.entropy_nats);
    let help = format!(
        "Before the first image the entropy was {}; an ideal camera would leave {}, the dashed line.\n\n{}",
        figures::entropy(initial_nats),
        figures::entropy(floor_nats),
        learned_help(Some(learned))
    );
    Series {
        title: "Entropy",
        now: format!("{}  {} learned", figures::entropy(episode.entropy_nats), learned_percent(learned)),
        help: Some(help),
        colour: Palette::of(ui).entropy,
        value: |sample| sample.entropy_nats,
        print: Box::new(print),
        floor: Some(("what an ideal camera would leave", floor_nats)),
        axis: value_range(flown.chain([floor_nats]), LEAST_ENTROPY_NATS),
        height: ENTROPY_HEIGHT,
    }
}

/// Its axis shows at least one largest burn.
fn dv(ui: &Ui, episode: &EpisodeSnapshot) -> Series {
    let actions = episode.mission.actions();
    let largest_burn = Action::ALL.iter().map(|action| actions.dv_m_s(*action)).fold(0.0, f64::max);
    let least_span = if largest_burn > 0.0 { largest_burn } else { LEAST_DV_M_S };
    Series {
        title: "Δv spent",
        now: figures::dv(episode.dv_spent_m_s),
        help: None,
        colour: Palette::of(ui).dv,
        value: |sample| sample.dv_spent_m_s,
        print: Box::new(figures::dv),
        floor: None,
        axis: value_range([0.0, episode.dv_spent_m_s], least_span),
        height: PLOT_HEIGHT,
    }
}

fn range(ui: &Ui, episode: &EpisodeSnapshot) -> Series {
    Series {
        title: "Range",
        now: figures::range(episode.range_m),
        help: None,
        colour: Palette::of(ui).range,
        value: |sample| sample.position_rtn_m.length(),
        print: Box::new(figures::range),
        floor: None,
        axis: value_range([0.0, episode.range_m], LEAST_RANGE_M),
        height: PLOT_HEIGHT,
    }
}

/// Name and newest value of what is plotted below. Where both do not fit, the value keeps its end.
pub(super) fn title(ui: &mut Ui, name: &str, colour: Color32, now: &str) -> Response {
    ui.horizontal(|ui| {
        ui.label(RichText::new("■").color(colour).small());
        ui.strong(name);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(Label::new(RichText::new(now).monospace()).truncate());
        });
    })
    .response
}

/// A cursor that all plots of an episode share.
pub(super) fn cursor_group() -> Id {
    Id::new("bevy_proxops").with("plot_cursor")
}

fn plot(ui: &mut Ui, episode: &EpisodeSnapshot, series: Series, with_step_axis: bool) {
    let points: Vec<[f64; 2]> =
        episode.states.iter().enumerate().map(|(step, sample)| [step as f64, (series.value)(sample)]).collect();
    let times_s: Vec<f64> = episode.states.iter().map(|sample| sample.time_s).collect();
    let [low, high] = series.axis;
    let Series { title, print, .. } = series;
    let plot = still_plot(ui, Id::new("bevy_proxops").with(title), with_step_axis.then_some("step"), series.height)
        .include_x(0.0)
        .include_x(f64::from(episode.steps.max(1)))
        .include_y(low)
        .include_y(high)
        .link_cursor(cursor_group(), [true, false])
        .label_formatter(move |hover| hover_label(hover, title, &print, &times_s));
    let floor = Palette::of(ui).floor;
    plot.show(ui, |plot| {
        if let Some((text, value)) = series.floor {
            plot.hline(HLine::new(text, value).color(floor).width(1.0).style(LineStyle::dashed_dense()));
        }
        plot.line(Line::new(title, PlotPoints::from(points)).color(series.colour).width(1.8));
    });
}

fn hover_label(hover: &HoverPosition, title: &str, print: &dyn Fn(f64) -> String, times_s: &[f64]) -> Option<String> {
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
        let label = hover_label(&hover, "Range", &figures::range, &[0.0, 120.0, 240.0]).unwrap();
        assert_eq!(label, "step 2, 4.0 min\nRange 181.2 m");
    }

    #[test]
    fn hovering_the_floor_tells_what_it_is() {
        let hover = HoverPosition::NearDataPoint { plot_name: "floor", position: PlotPoint::new(0.0, 120.0), index: 0 };
        assert_eq!(hover_label(&hover, "Entropy", &figures::entropy, &[]).unwrap(), "floor\n120.0 nat");
    }
}
