//! Losses and evaluations of a run as SVG.

use std::path::{Path, PathBuf};

use bevy_proxops::training::{CycleEntry, EvaluationEntry, History, HistoryEntry};
use plotters::prelude::*;

type PlotError = Box<dyn std::error::Error>;

/// Blue, orange and grey that colour-blind people can tell apart (Okabe & Ito 2008).
const FIRST: RGBColor = RGBColor(0, 114, 178);
const SECOND: RGBColor = RGBColor(213, 94, 0);
const THIRD: RGBColor = RGBColor(120, 120, 120);

const SIZE: (u32, u32) = (900, 360);

/// A named line through points (cycle, value).
struct Line {
    name: &'static str,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
}

/// Writes `policy_loss.svg`, `value_loss.svg`, `reward.svg` and `evaluation.svg` into `folder` and returns their paths.
pub fn write(history: &Path, folder: &Path) -> Result<Vec<PathBuf>, PlotError> {
    let entries = History::read(history)?;
    let cycles: Vec<&CycleEntry> = entries.iter().filter_map(cycle).collect();
    let evaluations: Vec<&EvaluationEntry> = entries.iter().filter_map(evaluation).collect();
    let line = |name, colour, of: fn(&CycleEntry) -> f64| Line {
        name,
        colour,
        points: cycles.iter().map(|entry| (f64::from(entry.cycle), of(entry))).collect(),
    };
    let plots = [
        (
            "policy_loss.svg",
            "policy, nats",
            vec![
                line("cross-entropy", FIRST, |entry| f64::from(entry.losses.policy_loss)),
                line("entropy of the search's policy", SECOND, |entry| f64::from(entry.losses.target_entropy)),
                line("uniform policy", THIRD, |_| 13_f64.ln()),
            ],
        ),
        (
            "value_loss.svg",
            "value, squared error",
            vec![
                line("network", FIRST, |entry| f64::from(entry.losses.value_loss)),
                line("always the mean", THIRD, |entry| f64::from(entry.losses.value_variance)),
            ],
        ),
        ("reward.svg", "total reward in self-play", vec![line("mean", FIRST, |entry| entry.mean_reward)]),
        ("evaluation.svg", "total reward against the best before, with 95 % interval", differences(&evaluations)),
    ];
    let mut paths = Vec::new();
    for (file, title, lines) in plots {
        let path = folder.join(file);
        if lines.iter().any(|line| !line.points.is_empty()) {
            draw(&path, title, &lines)?;
            paths.push(path);
        }
    }
    Ok(paths)
}

fn cycle(entry: &HistoryEntry) -> Option<&CycleEntry> {
    match entry {
        HistoryEntry::Cycle(entry) => Some(entry),
        HistoryEntry::Evaluation(_) => None,
    }
}

fn evaluation(entry: &HistoryEntry) -> Option<&EvaluationEntry> {
    match entry {
        HistoryEntry::Evaluation(entry) => Some(entry),
        HistoryEntry::Cycle(_) => None,
    }
}

fn differences(evaluations: &[&EvaluationEntry]) -> Vec<Line> {
    let line = |name, colour, of: fn(&EvaluationEntry) -> f64| Line {
        name,
        colour,
        points: evaluations.iter().map(|entry| (f64::from(entry.cycle), of(entry))).collect(),
    };
    vec![
        line("difference", FIRST, |entry| entry.mean_difference),
        line("lower end", SECOND, |entry| entry.mean_difference - entry.interval_95),
        line("upper end", SECOND, |entry| entry.mean_difference + entry.interval_95),
        line("no difference", THIRD, |_| 0.0),
    ]
}

fn draw(path: &Path, title: &str, lines: &[Line]) -> Result<(), PlotError> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let last = points().map(|point| point.0).fold(1.0, f64::max);
    let low = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = points().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let margin = (0.05 * (high - low)).max(1e-6);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, low - margin..high + margin)?;
    chart.configure_mesh().x_desc("cycle").light_line_style(WHITE).draw()?;
    for line in lines {
        let style = line.colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), style))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.2)).draw()?;
    root.present()?;
    Ok(())
}
