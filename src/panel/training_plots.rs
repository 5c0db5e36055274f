//! Curves of a training run over its cycles: losses with the marks they must beat, reward, and evaluations.

use bevy_egui::egui::{Color32, Id, Ui};
use egui_plot::{HLine, HoverPosition, Line, LineStyle, PlotPoint, PlotPoints, PlotUi, Points};

use crate::episode::TrainingSnapshot;
use crate::mission::Action;
use crate::panel::chart::{PLOT_HEIGHT, line_key, still_plot, value_range};
use crate::panel::figures;
use crate::panel::plots::title;
use crate::panel::theme::Palette;
use crate::training::{CycleEntry, EvaluationEntry};

/// More points than this are thinned out: a curve is hardly wider than that many pixels.
const MOST_POINTS: usize = 300;
/// Up to this many points, each is marked.
const FEW_POINTS: usize = 24;
const MOST_EVALUATIONS: usize = 60;
/// Least spans of the axes, for values that do not change.
const LEAST_POLICY_NATS: f64 = 0.1;
const LEAST_VALUE_LOSS: f64 = 0.01;
const LEAST_REWARD: f64 = 0.1;
const LEAST_DIFFERENCE: f64 = 0.02;

/// The four plots of a training run, or what is still missing for them.
pub(super) fn training_plots(ui: &mut Ui, training: &TrainingSnapshot) {
    let Some(last) = training.cycles.last() else {
        ui.weak("Curves appear at the end of the first cycle.");
        return;
    };
    let last_cycle = last.cycle;
    policy_plot(ui, &training.cycles, last);
    value_plot(ui, &training.cycles, last);
    reward_plot(ui, &training.cycles, last);
    if training.evaluations.is_empty() {
        ui.weak("The learner has not been evaluated against the best network yet.");
    } else {
        evaluation_plot(ui, &training.evaluations, last_cycle);
    }
}

fn policy_plot(ui: &mut Ui, cycles: &[CycleEntry], last: &CycleEntry) {
    let palette = Palette::of(ui);
    title(ui, "Policy loss", palette.entropy, &format!("{:.3} nat", last.losses.policy_loss));
    let marks = [
        ("cross-entropy", palette.entropy, false),
        ("target entropy", palette.range, false),
        ("uniform, ln 13", palette.floor, true),
    ];
    line_key(ui, &marks);
    let uniform = (Action::COUNT as f64).ln();
    let losses = |cycle: &CycleEntry| [cycle.losses.policy_loss, cycle.losses.target_entropy].map(f64::from);
    let range = value_range(cycles.iter().flat_map(losses).chain([uniform]), LEAST_POLICY_NATS);
    curves(ui, "policy_loss", last.cycle, range, None, |plot| {
        plot.hline(
            HLine::new("uniform policy, ln 13 =", uniform)
                .color(palette.floor)
                .width(1.0)
                .style(LineStyle::dashed_dense()),
        );
        curve(plot, "target entropy: a perfect network", palette.range, cycles, |cycle| {
            cycle.losses.target_entropy.into()
        });
        curve(plot, "cross-entropy", palette.entropy, cycles, |cycle| cycle.losses.policy_loss.into());
    });
}

fn value_plot(ui: &mut Ui, cycles: &[CycleEntry], last: &CycleEntry) {
    let palette = Palette::of(ui);
    title(ui, "Value loss", palette.network, &format!("{:.4}", last.losses.value_loss));
    line_key(ui, &[("mean squared error", palette.network, false), ("always the mean", palette.floor, true)]);
    let losses = |cycle: &CycleEntry| [cycle.losses.value_loss, cycle.losses.value_variance].map(f64::from);
    let range = value_range(cycles.iter().flat_map(losses), LEAST_VALUE_LOSS);
    curves(ui, "value_loss", last.cycle, range, None, |plot| {
        let line = line("always the mean", palette.floor, cycles, |cycle| cycle.losses.value_variance.into());
        plot.line(line.style(LineStyle::dashed_dense()).width(1.0));
        curve(plot, "network", palette.network, cycles, |cycle| cycle.losses.value_loss.into());
    });
}

fn reward_plot(ui: &mut Ui, cycles: &[CycleEntry], last: &CycleEntry) {
    let palette = Palette::of(ui);
    title(ui, "Reward of self-play", palette.dv, &figures::reward(last.mean_reward));
    let range = value_range(cycles.iter().map(|cycle| cycle.mean_reward), LEAST_REWARD);
    curves(ui, "reward", last.cycle, range, None, |plot| {
        curve(plot, "mean reward", palette.dv, cycles, |cycle| cycle.mean_reward);
    });
}

fn evaluation_plot(ui: &mut Ui, evaluations: &[EvaluationEntry], last_cycle: u32) {
    let palette = Palette::of(ui);
    let newest = &evaluations[evaluations.len() - 1];
    let now = format!("{} ± {:.4}", figures::reward(newest.mean_difference), newest.interval_95);
    title(ui, "Against the best", palette.range, &now);
    line_key(ui, &[("difference of reward, 95 %", palette.range, false), ("no difference", palette.floor, true)]);
    let newest = &evaluations[evaluations.len().saturating_sub(MOST_EVALUATIONS)..];
    let ends = |entry: &EvaluationEntry| {
        let (mean, half) = (entry.mean_difference, entry.interval_95);
        [mean - half, mean, mean + half]
    };
    let range = value_range(newest.iter().flat_map(ends).chain([0.0]), LEAST_DIFFERENCE);
    curves(ui, "evaluations", last_cycle, range, Some("cycle"), |plot| {
        plot.hline(HLine::new("no difference", 0.0).color(palette.floor).width(1.0).style(LineStyle::dashed_dense()));
        for entry in newest {
            evaluation(plot, entry, palette.range);
        }
    });
}

/// One evaluation: its interval, and a dot that is full if the learner became the best.
fn evaluation(plot: &mut PlotUi, entry: &EvaluationEntry, colour: Color32) {
    let (cycle, mean) = (f64::from(entry.cycle), entry.mean_difference);
    let ends = vec![[cycle, mean - entry.interval_95], [cycle, mean + entry.interval_95]];
    plot.line(Line::new("95 % interval", PlotPoints::from(ends)).color(colour).width(1.5));
    let name = if entry.promoted { "became the best" } else { "not better" };
    let dot = Points::new(name, PlotPoints::Owned(vec![PlotPoint::new(cycle, mean)]));
    plot.points(dot.color(colour).filled(entry.promoted).radius(3.0));
}

fn curves(
    ui: &mut Ui,
    name: &str,
    last_cycle: u32,
    [low, high]: [f64; 2],
    x_axis: Option<&'static str>,
    draw: impl FnOnce(&mut PlotUi),
) {
    let ids = Id::new("bevy_proxops").with("training");
    still_plot(ui, ids.with(name), x_axis, PLOT_HEIGHT)
        .include_x(0.5)
        .include_x(f64::from(last_cycle.max(2)) + 0.5)
        .include_y(low)
        .include_y(high)
        .link_cursor(ids, [true, false])
        .label_formatter(hover_label)
        .show(ui, draw);
}

fn curve(plot: &mut PlotUi, name: &str, colour: Color32, cycles: &[CycleEntry], value: fn(&CycleEntry) -> f64) {
    if cycles.len() <= FEW_POINTS {
        plot.points(Points::new(name, points(cycles, value)).color(colour).radius(2.0));
    }
    plot.line(line(name, colour, cycles, value));
}

fn line(name: &str, colour: Color32, cycles: &[CycleEntry], value: fn(&CycleEntry) -> f64) -> Line<'static> {
    Line::new(name, points(cycles, value)).color(colour).width(1.8)
}

fn points(cycles: &[CycleEntry], value: fn(&CycleEntry) -> f64) -> PlotPoints<'static> {
    thinned(cycles).map(|cycle| [f64::from(cycle.cycle), value(cycle)]).collect()
}

/// Every n-th entry, counted from the newest, so that the newest is always there.
fn thinned<T>(entries: &[T]) -> impl Iterator<Item = &T> {
    let every = entries.len().div_ceil(MOST_POINTS).max(1);
    let first = entries.len().saturating_sub(1) % every;
    entries.iter().skip(first).step_by(every)
}

fn hover_label(hover: &HoverPosition) -> Option<String> {
    match hover {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("cycle {:.0}\n{plot_name} {:.4}", position.x, position.y))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_histories_are_thinned_and_keep_the_newest_cycle() {
        for length in [1, 300, 301, 5000] {
            let entries: Vec<usize> = (0..length).collect();
            let kept: Vec<usize> = thinned(&entries).copied().collect();
            assert!(kept.len() <= MOST_POINTS + 1 && kept.last() == Some(&(length - 1)), "{length}");
        }
    }
}
