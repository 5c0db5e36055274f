//! What the simulation counts and times about itself.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bevy::ecs::resource::Resource;

use crate::episode::snapshot::{NetworkLoad, SimDiagnostics, TimeSplit};
use crate::search::WorkTimes;

/// Rates are taken over about this long.
const WINDOW: Duration = Duration::from_secs(1);
/// Readings closer together than this replace each other.
const SPACING: Duration = Duration::from_millis(50);

/// Where the simulation thread's time goes.
#[derive(Clone, Copy, Debug)]
pub enum Phase {
    /// Running searches.
    Plan,
    /// Burns, propagation, images and belief updates.
    Act,
    /// Building snapshots.
    Publish,
    /// A whole tick, the phases above included.
    Tick,
}

/// Events since the run's start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Decisions carried out.
    pub decisions: u64,
    /// Simulations of all searches.
    pub simulations: u64,
    /// Images taken by the episodes.
    pub observations: u64,
    /// Episodes finished.
    pub episodes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    count: Count,
    busy: Duration,
    spent: [Duration; 4],
}

/// Counts events and time; rates come from readings about a second apart.
#[derive(Resource, Debug)]
pub struct Meter {
    /// Events since the run's start.
    pub count: Count,
    /// Where the workers' time has gone since the run's start; the rest of their busy time is the trees'.
    pub work: WorkTimes,
    spent: [Duration; 4],
    readings: VecDeque<Reading>,
}

impl Default for Meter {
    fn default() -> Self {
        let count = Count::default();
        let spent = [Duration::ZERO; 4];
        let first = Reading { at: Instant::now(), count, busy: Duration::ZERO, spent };
        Self { count, work: WorkTimes::default(), spent, readings: VecDeque::from([first]) }
    }
}

impl Meter {
    /// Books the time since `start` on a phase.
    pub fn spent(&mut self, phase: Phase, start: Instant) {
        self.spent[phase as usize] += start.elapsed();
    }

    /// Rates since the oldest reading of the window; `busy` is the time all workers together have worked.
    pub fn read(&mut self, busy: Duration, workers: usize) -> SimDiagnostics {
        self.read_at(Instant::now(), busy, workers)
    }

    fn read_at(&mut self, at: Instant, busy: Duration, workers: usize) -> SimDiagnostics {
        let now = Reading { at, count: self.count, busy, spent: self.spent };
        while self.readings.len() > 1 && at.saturating_duration_since(self.readings[1].at) >= WINDOW {
            self.readings.pop_front();
        }
        let from = self.readings[0];
        if self.readings.back().is_none_or(|last| at.saturating_duration_since(last.at) >= SPACING) {
            self.readings.push_back(now);
        }
        difference(&from, &now, workers)
    }
}

fn difference(from: &Reading, to: &Reading, workers: usize) -> SimDiagnostics {
    let wall_s = (to.at - from.at).as_secs_f64().max(f64::MIN_POSITIVE);
    let rate = |count: fn(&Count) -> u64| (count(&to.count) - count(&from.count)) as f64 / wall_s;
    let share = |phase: Phase| (to.spent[phase as usize] - from.spent[phase as usize]).as_secs_f64() / wall_s;
    let (plan, act, publish, tick) =
        (share(Phase::Plan), share(Phase::Act), share(Phase::Publish), share(Phase::Tick).min(1.0));
    SimDiagnostics {
        decisions_per_s: rate(|count| count.decisions),
        simulations_per_s: rate(|count| count.simulations),
        observations_per_s: rate(|count| count.observations),
        episodes_done: to.count.episodes,
        decisions: to.count.decisions,
        simulations: to.count.simulations,
        cores_busy: (to.busy - from.busy).as_secs_f64() / wall_s,
        workers,
        episodes_per_min: 60.0 * rate(|count| count.episodes),
        time_split: TimeSplit {
            tree: plan,
            rays: act,
            other: publish + (tick - plan - act - publish).max(0.0),
            idle: 1.0 - tick,
            ..Default::default()
        },
        network: NetworkLoad::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates are quotients of exactly representable numbers here.
    const EXACT: f64 = 1e-12;

    #[test]
    fn rates_are_events_over_the_last_second() {
        let mut meter = Meter::default();
        let start = meter.readings[0].at;
        let mut read = |count: u64, ms: u64| {
            meter.count.decisions = count;
            meter.read_at(start + Duration::from_millis(ms), Duration::from_millis(ms * 3 / 2), 2)
        };
        assert!((read(10, 500).decisions_per_s - 20.0).abs() < EXACT);
        let diagnostics = read(20, 1000);
        assert!((diagnostics.decisions_per_s - 20.0).abs() < EXACT);
        assert!((diagnostics.cores_busy - 1.5).abs() < EXACT);
        // Ten seconds without a decision: the old ones no longer count.
        read(20, 11_000);
        assert!(read(20, 11_900).decisions_per_s.abs() < EXACT);
        assert_eq!(read(20, 12_000).decisions, 20);
    }
}
