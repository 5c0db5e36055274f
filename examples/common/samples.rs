//! What a process takes of its machine, sampled over time, and how fast it grows.

use std::fmt::Write;
use std::time::Duration;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

use crate::terminal::UserError;

/// The figures of a sample.
const FIGURES: [(&str, &str); 5] =
    [("memory", "MB"), ("threads", ""), ("open handles", ""), ("frame", "ms"), ("longest frame", "ms")];
/// Share of the run that is left out of the growth: everything is set up in it.
const WARM_UP_SHARE: f64 = 0.25;
/// Parts of the run whose means are listed one by one: what levels off can be told from what goes on growing.
const PARTS: usize = 6;

/// Samples of a run.
#[derive(Default)]
pub struct Samples {
    system: System,
    /// Time in s, then the figures in the order of [`FIGURES`]; a figure that the system does not tell is not a number.
    taken: Vec<(f64, [f64; FIGURES.len()])>,
    frames_s: Vec<f64>,
    /// Until this time of the run, s, something fills up as it is meant to.
    filled_s: f64,
}

impl Samples {
    /// Notes how long a frame took.
    pub fn frame(&mut self, time: Duration) {
        self.frames_s.push(time.as_secs_f64());
    }

    /// Notes that all that is meant to fill up is full from that time of the run on, s.
    pub fn filled(&mut self, now_s: f64) {
        self.filled_s = now_s;
    }

    /// Takes a sample at that time of the run, s.
    pub fn take(&mut self, now_s: f64) -> Result<(), UserError> {
        let own = get_current_pid()?;
        let what = ProcessRefreshKind::nothing().with_memory();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
        let memory_mb = self.system.process(own).map_or(f64::NAN, |process| process.memory() as f64 / 1e6);
        let frame_ms = 1e3 * self.frames_s.iter().sum::<f64>() / self.frames_s.len().max(1) as f64;
        let longest_ms = 1e3 * self.frames_s.iter().copied().fold(0.0, f64::max);
        self.frames_s.clear();
        let (threads, handles) = (entries("/proc/self/task"), entries("/proc/self/fd"));
        self.taken.push((now_s, [memory_mb, threads, handles, frame_ms, longest_ms]));
        Ok(())
    }

    /// One line per sample, for a spreadsheet.
    pub fn csv(&self) -> String {
        let mut csv = "time_s,memory_mb,threads,open_handles,frame_ms,longest_frame_ms\n".to_owned();
        for (time_s, [memory_mb, threads, handles, frame_ms, longest_ms]) in &self.taken {
            // Writing to a string cannot fail.
            let _ = writeln!(csv, "{time_s:.1},{memory_mb:.3},{threads},{handles},{frame_ms:.4},{longest_ms:.4}");
        }
        csv
    }

    /// First, last and greatest value of each figure, how fast it grew once everything was set up and full, how fast in
    /// the last half of the run, and its means over equal parts of the run.
    pub fn table(&self) -> String {
        let end_s = self.taken.last().map_or(0.0, |(time_s, _)| *time_s);
        let settled_s = self.filled_s.max(WARM_UP_SHARE * end_s);
        let mut table = format!("growth per hour from {settled_s:.0} s on, and in the last half of {end_s:.0} s\n");
        let _ =
            write!(table, "{:<20}{:>10}{:>10}{:>10}{:>12}{:>12}", "", "first", "last", "most", "growth/h", "last half");
        for part in 1..=PARTS {
            let _ = write!(table, "{:>10}", format!("{part}/{PARTS}"));
        }
        for (place, (name, unit)) in FIGURES.iter().enumerate() {
            let values: Vec<(f64, f64)> = self.taken.iter().map(|(time_s, all)| (*time_s, all[place])).collect();
            let (first, last) = (values.first().map_or(f64::NAN, |v| v.1), values.last().map_or(f64::NAN, |v| v.1));
            let most = values.iter().map(|value| value.1).fold(f64::NAN, f64::max);
            let growth = growth_per_h(&values, settled_s);
            let late_growth = growth_per_h(&values, end_s / 2.0);
            let name = if unit.is_empty() { (*name).to_owned() } else { format!("{name}, {unit}") };
            let _ =
                write!(table, "\n{name:<20}{first:>10.2}{last:>10.2}{most:>10.2}{growth:>+12.2}{late_growth:>+12.2}");
            for part in 0..PARTS {
                let bounds = [part, part + 1].map(|part| end_s * part as f64 / PARTS as f64);
                let _ = write!(table, "{:>10.2}", mean_between(&values, bounds));
            }
        }
        table
    }
}

/// Growth per hour of the values from that time on.
fn growth_per_h(values: &[(f64, f64)], from_s: f64) -> f64 {
    let late: Vec<(f64, f64)> = values.iter().copied().filter(|(time_s, _)| *time_s >= from_s).collect();
    3600.0 * slope(&late)
}

/// Mean of the values between two times; not a number where there are none.
fn mean_between(values: &[(f64, f64)], [from_s, to_s]: [f64; 2]) -> f64 {
    let within: Vec<f64> =
        values.iter().filter(|(time_s, _)| (from_s..=to_s).contains(time_s)).map(|(_, value)| *value).collect();
    within.iter().sum::<f64>() / within.len() as f64
}

/// How many entries a folder of the system's has; not a number where there is none.
fn entries(folder: &str) -> f64 {
    std::fs::read_dir(folder).map_or(f64::NAN, |entries| entries.count() as f64)
}

/// Of the least-squares line through the points.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    if variance > 0.0 { covariance / variance } else { 0.0 }
}
