//! The report's pictures.

use std::path::{Path, PathBuf};

use plotters::prelude::*;

use crate::search::{PlannerKind, SearchMode};

use super::chart::{COLOURS, failed};
use super::{Chart, EfficiencyReport, Measurement, ReportError, Series, TIME_PARTS};

const PLANNERS: [PlannerKind; 2] = [PlannerKind::Mcts, PlannerKind::AlphaZero];

/// Draws every picture into `folder` and returns their paths.
pub(super) fn write(report: &EfficiencyReport, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let charts = [("speed_up.svg", speed_up(report)), ("quality.svg", quality(report)), ("modes.svg", modes(report))];
    let mut paths = Vec::new();
    for (name, chart) in charts {
        let path = folder.join(name);
        chart.write(&path)?;
        paths.push(path);
    }
    let path = folder.join("time_split.svg");
    let mut svg = String::new();
    draw_time_split(report, &mut svg).map_err(|error| failed(&path, error))?;
    super::efficiency::write_whole(&path, svg.as_bytes())?;
    paths.push(path);
    Ok(paths)
}

/// Speed-up against workers, many episodes in parallel.
fn speed_up(report: &EfficiencyReport) -> Chart {
    let line = |planner: PlannerKind| {
        let own = report.measurements.iter().filter(|measured| {
            let point = &measured.point;
            point.planner == planner && !point.is_single() && point.mode == SearchMode::Serial
        });
        let one = own.clone().find(|measured| measured.point.workers == 1).map(Measurement::simulations_per_s);
        let points = own
            .filter_map(|measured| Some((measured.point.workers as f64, measured.simulations_per_s() / one?)))
            .collect();
        Series { name: planner.to_string(), points, ..Series::default() }
    };
    let mut series: Vec<Series> = PLANNERS.map(line).into();
    let most = report.measurements.iter().map(|measured| measured.point.workers).max().unwrap_or(1);
    let cores = report.machine.cores;
    let ideal = (1..=most).map(|workers| (workers as f64, workers.min(cores) as f64)).collect();
    series.push(Series {
        name: format!("ideal on {cores} cores"),
        points: ideal,
        is_reference: true,
        ..Series::default()
    });
    Chart {
        title: "Speed-up of parallel episodes over one worker".into(),
        x: "workers".into(),
        y: "simulations per second, over one worker's".into(),
        series,
        ..Chart::default()
    }
}

/// Regret against the number of leaves in a batch.
fn quality(report: &EfficiencyReport) -> Chart {
    let line = |planner: PlannerKind| {
        let own = report.regrets.iter().filter(|regret| regret.planner == planner);
        let of_batches: Vec<_> = own
            .filter_map(|regret| match regret.mode {
                SearchMode::Serial => Some((1.0, regret.mean)),
                SearchMode::Batched { leaves } => Some((f64::from(leaves), regret.mean)),
                _ => None,
            })
            .collect();
        Series {
            name: planner.to_string(),
            points: of_batches.iter().map(|&(leaves, (mean, _))| (leaves, mean)).collect(),
            intervals: of_batches.iter().map(|&(_, (_, interval))| interval).collect(),
            is_reference: false,
        }
    };
    Chart {
        title: "Cost of batches of one tree: regret of the chosen action, with 95 % intervals".into(),
        x: "leaves collected before they are evaluated".into(),
        y: "regret, share of the total reward".into(),
        is_logarithmic: true,
        series: PLANNERS.map(line).into(),
    }
}

/// Speed against cost in decisions: one dot a mode.
fn modes(report: &EfficiencyReport) -> Chart {
    let mut series = Vec::new();
    for regret in report.regrets.iter().filter(|regret| regret.planner == PlannerKind::Mcts) {
        let single = |measured: &&Measurement| {
            let point = &measured.point;
            point.planner == regret.planner && point.is_single() && point.mode == regret.mode
        };
        let speed = report.measurements.iter().find(single).and_then(|measured| report.speed_up(measured));
        if let Some(speed) = speed {
            let (points, intervals) = (vec![(speed, regret.mean.0)], vec![regret.mean.1]);
            series.push(Series { name: regret.mode.to_string(), points, intervals, is_reference: false });
        }
    }
    Chart {
        title: "Pure search of one tree: speed against regret".into(),
        x: "simulations per second, over the serial search's".into(),
        y: "regret, share of the total reward".into(),
        series,
        ..Chart::default()
    }
}

/// One stacked bar a setting.
fn draw_time_split(report: &EfficiencyReport, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    const ROW: u32 = 22;
    const LEFT: i32 = 350;
    const WIDTH: f64 = 530.0;
    let rows = report.measurements.len() as u32;
    let root = SVGBackend::with_string(svg, (900, 96 + ROW * rows)).into_drawing_area();
    root.fill(&WHITE)?;
    let text = |size: i32| ("sans-serif", size).into_font().color(&BLACK);
    root.draw_text("Where the workers' time goes", &text(20), (20, 14))?;
    for (place, (part, colour)) in TIME_PARTS.iter().zip(COLOURS).enumerate() {
        let x = 20 + 118 * place as i32;
        root.draw(&Rectangle::new([(x, 48), (x + 14, 62)], colour.filled()))?;
        root.draw_text(part, &text(14), (x + 20, 48))?;
    }
    for (place, measured) in report.measurements.iter().enumerate() {
        let top = 80 + (ROW * place as u32) as i32;
        root.draw_text(&measured.point.to_string(), &text(12), (20, top + 2))?;
        let mut left = f64::from(LEFT);
        for (share, colour) in measured.time_split.iter().zip(COLOURS) {
            let right = left + WIDTH * share.clamp(0.0, 1.0);
            let corners = [(left as i32, top), (right as i32, top + ROW as i32 - 6)];
            root.draw(&Rectangle::new(corners, colour.filled()))?;
            left = right;
        }
    }
    root.present()?;
    drop(root);
    Ok(())
}
