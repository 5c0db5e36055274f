//! Losses and evaluations of a run as SVG.

use std::path::{Path, PathBuf};

use bevy_proxops::files;
use bevy_proxops::mission::Action;
use bevy_proxops::training::{CycleEntry, EvaluationEntry, History, HistoryEntry};
use plotters::element::ErrorBar;
use plotters::prelude::*;

type PlotError = Box<dyn std::error::Error>;

/// Blue, orange and grey that colour-blind people can tell apart (Okabe & Ito 2008).
const FIRST: RGBColor = RGBColor(0, 114, 178);
const SECOND: RGBColor = RGBColor(213, 94, 0);
const THIRD: RGBColor = RGBColor(120, 120, 120);

const SIZE: (u32, u32) = (900, 420);
const FONT: &str = "sans-serif";

/// A named line through points (cycle, value).
struct Line {
    name: &'static str,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
}

/// One picture.
struct Plot<'a> {
    file: &'static str,
    title: &'static str,
    axis: &'static str,
    lines: Vec<Line>,
    /// Drawn as intervals on top.
    evaluations: &'a [EvaluationEntry],
}

/// Writes `policy_loss.svg`, `value_loss.svg`, `reward.svg` and, if there was one, `evaluation.svg` into `folder` and
/// returns their paths.
pub fn write(history: &Path, folder: &Path) -> Result<Vec<PathBuf>, PlotError> {
    let (mut cycles, mut evaluations) = (Vec::new(), Vec::new());
    for entry in History::read(history)? {
        match entry {
            HistoryEntry::Cycle(entry) => cycles.push(entry),
            HistoryEntry::Evaluation(entry) => evaluations.push(entry),
            HistoryEntry::Divergence(_) => {}
        }
    }
    let mut paths = Vec::new();
    for plot in plots(&cycles, &evaluations) {
        if plot.lines.iter().any(|line| !line.points.is_empty()) {
            let path = folder.join(plot.file);
            let mut svg = String::new();
            plot.draw(&mut svg)?;
            files::write(&path, svg.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
            paths.push(path);
        }
    }
    Ok(paths)
}

fn plots<'a>(cycles: &[CycleEntry], evaluations: &'a [EvaluationEntry]) -> [Plot<'a>; 4] {
    let line = |name, colour, of: fn(&CycleEntry) -> f64| Line {
        name,
        colour,
        points: cycles.iter().map(|entry| (f64::from(entry.cycle), of(entry))).collect(),
    };
    let no_difference = Line {
        name: "the best before",
        colour: THIRD,
        points: evaluations.iter().map(|e| (f64::from(e.cycle), 0.0)).collect(),
    };
    [
        Plot {
            file: "policy_loss.svg",
            title: "Policy: cross-entropy against the search",
            axis: "nats",
            lines: vec![
                line("uniform policy", THIRD, |_| (Action::COUNT as f64).ln()),
                line("network", FIRST, |entry| f64::from(entry.losses.policy_loss)),
                line("entropy of the search's policy: a perfect network", SECOND, |entry| {
                    f64::from(entry.losses.target_entropy)
                }),
            ],
            evaluations: &[],
        },
        Plot {
            file: "value_loss.svg",
            title: "Value: mean squared error",
            axis: "squared share of the entropy left",
            lines: vec![
                line("always the mean", THIRD, |entry| f64::from(entry.losses.value_variance)),
                line("network", FIRST, |entry| f64::from(entry.losses.value_loss)),
            ],
            evaluations: &[],
        },
        Plot {
            file: "reward.svg",
            title: "Self-play",
            axis: "mean total reward of an episode",
            lines: vec![line("self-play", FIRST, |entry| entry.mean_reward)],
            evaluations: &[],
        },
        Plot {
            file: "evaluation.svg",
            title: "New network against the best before, same held-out episodes, 95 % intervals",
            axis: "difference of total reward",
            lines: vec![no_difference],
            evaluations,
        },
    ]
}

impl Plot<'_> {
    fn draw(&self, svg: &mut String) -> Result<(), PlotError> {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (cycles, values) = self.ranges();
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, (FONT, 20))
            .margin(14)
            .x_label_area_size(42)
            .y_label_area_size(76)
            .build_cartesian_2d(cycles.clone(), values)?;
        chart
            .configure_mesh()
            .x_desc("cycle")
            .y_desc(self.axis)
            .axis_desc_style((FONT, 15))
            .label_style((FONT, 13))
            .light_line_style(TRANSPARENT)
            .x_labels(((cycles.end - cycles.start).ceil() as usize + 1).min(11))
            .x_label_formatter(&|cycle| format!("{cycle:.0}"))
            .draw()?;
        for line in &self.lines {
            let style = line.colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), style).point_size(2))?
                .label(line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
        }
        for (promoted, name, colour) in [(true, "promoted", FIRST), (false, "not promoted", SECOND)] {
            let of_this_kind = |entry: &&EvaluationEntry| entry.promoted == promoted;
            let bars = self.evaluations.iter().filter(of_this_kind).map(|entry| interval(entry, colour));
            if self.evaluations.iter().any(|entry| of_this_kind(&entry)) {
                chart.draw_series(bars)?.label(name).legend(move |(x, y)| Circle::new((x + 8, y), 4, colour.filled()));
            }
        }
        if self.series() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .label_font((FONT, 13))
                .background_style(WHITE.mix(0.85))
                .border_style(THIRD.mix(0.5))
                .draw()?;
        }
        root.present()?;
        Ok(())
    }

    /// Entries of the legend.
    fn series(&self) -> usize {
        let kinds = [true, false].map(|promoted| self.evaluations.iter().any(|entry| entry.promoted == promoted));
        self.lines.len() + kinds.into_iter().filter(|shown| *shown).count()
    }

    /// Cycles and values that are shown, with some room around them and for the legend above them.
    fn ranges(&self) -> (std::ops::Range<f64>, std::ops::Range<f64>) {
        let ends = self.evaluations.iter().flat_map(|entry| {
            let half = finite_interval(entry);
            [entry.mean_difference - half, entry.mean_difference + half]
        });
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let values: Vec<f64> = points().map(|point| point.1).chain(ends).collect();
        let extent = |numbers: &[f64]| {
            let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            (low, numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        };
        let (low, high) = extent(&values);
        let room = (0.08 * (high - low)).max(1e-4);
        let legend = if self.series() > 1 { room * self.series() as f64 } else { 0.0 };
        let (first, last) = extent(&points().map(|point| point.0).collect::<Vec<_>>());
        let side = (0.02 * (last - first)).max(0.2);
        (first - side..last + side, low - room..high + room + legend)
    }
}

fn interval(
    entry: &EvaluationEntry,
    colour: RGBColor,
) -> ErrorBar<f64, f64, plotters::element::ErrorBarOrientV<f64, f64>> {
    let (cycle, mean, half) = (f64::from(entry.cycle), entry.mean_difference, finite_interval(entry));
    ErrorBar::new_vertical(cycle, mean - half, mean, mean + half, colour.filled(), 10)
}

/// A single pair has no interval.
fn finite_interval(entry: &EvaluationEntry) -> f64 {
    if entry.interval_95.is_finite() { entry.interval_95 } else { 0.0 }
}
