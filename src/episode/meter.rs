//! What the simulation counts and times about itself.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bevy::ecs::resource::Resource;

use crate::episode::snapshot::{NetworkLoad, SimDiagnostics, TimeSplit};
use crate::flight::Workers;
use crate::network::EvaluationCounts;
use crate::search::WorkTimes;

/// Rates are taken over about this long.
const WINDOW: Duration = Duration::from_secs(1);
/// Readings closer together than this replace each other.
const SPACING: Duration = Duration::from_millis(50);

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

/// What workers and network have counted since the run's start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Threads that work.
    pub workers: usize,
    /// Time that all of them together have worked.
    pub busy: Duration,
    /// Time that the simulation's own thread has spent working with the others, or waiting for the last of them.
    pub shared: Duration,
    /// Batches evaluated.
    pub batches: u64,
    /// Leaves evaluated.
    pub leaves: u64,
    /// Rows of the padded batches.
    pub rows: u64,
    /// Time in which the network evaluated.
    pub network_busy: Duration,
    /// Time for which the network waited for leaves.
    pub network_starved: Duration,
    /// Time for which the simulation waited for the network.
    pub waited: Duration,
}

impl Load {
    /// Reads the counters of workers and network.
    pub fn of(workers: &Workers, network: &EvaluationCounts) -> Self {
        Self {
            workers: workers.count(),
            busy: workers.busy(),
            shared: workers.shared(),
            batches: network.batches,
            leaves: network.leaves,
            rows: network.rows,
            network_busy: network.busy,
            network_starved: network.starved,
            waited: network.waited,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    count: Count,
    work: WorkTimes,
    ticks: Duration,
    load: Load,
}

/// Counts events and time; rates come from readings about a second apart.
#[derive(Resource, Debug)]
pub struct Meter {
    /// Events since the run's start.
    pub count: Count,
    /// Where the workers' busy time went; what is in none of these is the tree's. A flown step counts as its image,
    /// which is nearly all of it.
    pub work: WorkTimes,
    /// Time of all ticks that have ended.
    ticks: Duration,
    /// Beginning of the tick that has not.
    tick_began: Option<Instant>,
    start: Reading,
    readings: VecDeque<Reading>,
}

impl Default for Meter {
    fn default() -> Self {
        let (count, work, load) = Default::default();
        let start = Reading { at: Instant::now(), count, work, ticks: Duration::ZERO, load };
        Self { count, work, ticks: Duration::ZERO, tick_began: None, start, readings: VecDeque::from([start]) }
    }
}

impl Meter {
    /// A tick begins.
    pub fn begin_tick(&mut self, at: Instant) {
        self.tick_began = Some(at);
    }

    /// The tick has ended.
    pub fn end_tick(&mut self, at: Instant) {
        if let Some(began) = self.tick_began.take() {
            self.ticks += at.saturating_duration_since(began);
        }
    }

    /// Rates and shares since the oldest reading of the window.
    pub fn read(&mut self, load: Load) -> SimDiagnostics {
        self.read_at(Instant::now(), load)
    }

    /// Forgets what was before: the run starts now.
    pub fn restart(&mut self, load: Load) {
        self.start = self.reading(Instant::now(), load);
    }

    /// Rates and shares since the run's start.
    pub fn total(&self, load: Load) -> SimDiagnostics {
        difference(&self.start, &self.reading(Instant::now(), load))
    }

    fn reading(&self, at: Instant, load: Load) -> Reading {
        let running = self.tick_began.map_or(Duration::ZERO, |began| at.saturating_duration_since(began));
        Reading { at, count: self.count, work: self.work, ticks: self.ticks + running, load }
    }

    fn read_at(&mut self, at: Instant, load: Load) -> SimDiagnostics {
        let now = self.reading(at, load);
        while self.readings.len() > 1 && at.saturating_duration_since(self.readings[1].at) >= WINDOW {
            self.readings.pop_front();
        }
        let from = self.readings[0];
        if self.readings.back().is_none_or(|last| at.saturating_duration_since(last.at) >= SPACING) {
            self.readings.push_back(now);
        }
        difference(&from, &now)
    }
}

fn difference(from: &Reading, to: &Reading) -> SimDiagnostics {
    let wall_s = (to.at - from.at).as_secs_f64().max(f64::MIN_POSITIVE);
    let rate = |count: fn(&Count) -> u64| (count(&to.count) - count(&from.count)) as f64 / wall_s;
    SimDiagnostics {
        decisions_per_s: rate(|count| count.decisions),
        simulations_per_s: rate(|count| count.simulations),
        observations_per_s: rate(|count| count.observations),
        imagined_per_s: (to.work.images - from.work.images) as f64 / wall_s,
        episodes_done: to.count.episodes,
        decisions: to.count.decisions,
        simulations: to.count.simulations,
        cores_busy: seconds(from, to, |reading| reading.load.busy) / wall_s,
        workers: to.load.workers,
        episodes_per_min: 60.0 * rate(|count| count.episodes),
        time_split: time_split(from, to, wall_s),
        network: network_load(from, to, wall_s),
    }
}

/// Seconds by which one of a reading's times has grown.
fn seconds(from: &Reading, to: &Reading, time: fn(&Reading) -> Duration) -> f64 {
    time(to).saturating_sub(time(from)).as_secs_f64()
}

/// While the simulation's thread waits for the network, so do all workers; while it works alone, the others are idle.
fn time_split(from: &Reading, to: &Reading, wall_s: f64) -> TimeSplit {
    let spent = |time: fn(&Reading) -> Duration| seconds(from, to, time);
    let workers = to.load.workers.max(1) as f64;
    let (orbit, rays, belief) = (spent(|now| now.work.orbit), spent(|now| now.work.rays), spent(|now| now.work.belief));
    let (shared, waited) = (spent(|now| now.load.shared), spent(|now| now.load.waited));
    let tree = (spent(|now| now.load.busy) - orbit - rays - belief).max(0.0);
    let other = (spent(|now| now.ticks) - shared - waited).max(0.0);
    let network = workers * waited;
    let used = tree + orbit + rays + belief + other + network;
    // Clocks are read one after the other, so the parts may exceed the whole by microseconds.
    let whole = (workers * wall_s).max(used);
    TimeSplit {
        tree: tree / whole,
        orbit: orbit / whole,
        rays: rays / whole,
        belief: belief / whole,
        other: other / whole,
        network: network / whole,
        idle: (whole - used) / whole,
    }
}

fn network_load(from: &Reading, to: &Reading, wall_s: f64) -> NetworkLoad {
    let grown = |count: fn(&Load) -> u64| (count(&to.load) - count(&from.load)) as f64;
    let (leaves, rows) = (grown(|load| load.leaves), grown(|load| load.rows));
    let share = |time: fn(&Reading) -> Duration| (seconds(from, to, time) / wall_s).min(1.0);
    NetworkLoad {
        evaluations_per_s: leaves / wall_s,
        batches_per_s: grown(|load| load.batches) / wall_s,
        fill: if rows > 0.0 { leaves / rows } else { 0.0 },
        busy: share(|now| now.load.network_busy),
        starved: share(|now| now.load.network_starved),
        awaited: share(|now| now.load.waited),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates are quotients of exactly representable numbers here.
    const EXACT: f64 = 1e-12;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn rates_are_events_over_the_last_second() {
        let mut meter = Meter::default();
        let start = meter.start.at;
        let mut read = |count: u64, at: u64| {
            meter.count.decisions = count;
            meter.read_at(start + ms(at), Load { workers: 2, busy: ms(at * 3 / 2), ..Default::default() })
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

    /// One second of two workers: 200 ms of waiting for the network, 100 ms of the simulation's thread alone, 600 ms in
    /// which both work, one of them for 550 ms only.
    fn one_second() -> (Meter, Instant, Load) {
        let mut meter = Meter::default();
        let start = meter.start.at;
        meter.work = WorkTimes { orbit: ms(50), rays: ms(400), belief: ms(100), ..Default::default() };
        meter.begin_tick(start);
        meter.end_tick(start + ms(500));
        meter.begin_tick(start + ms(600));
        let load = Load {
            workers: 2,
            busy: ms(1150),
            shared: ms(600),
            batches: 10,
            leaves: 330,
            rows: 400,
            network_busy: ms(700),
            network_starved: ms(300),
            waited: ms(200),
        };
        (meter, start + ms(1000), load)
    }

    #[test]
    fn the_workers_time_is_split_to_the_last_millisecond() {
        let (mut meter, end, load) = one_second();
        let split = meter.read_at(end, load).time_split;
        let expected = [
            (split.tree, 600.0),
            (split.orbit, 50.0),
            (split.rays, 400.0),
            (split.belief, 100.0),
            (split.other, 100.0),
            (split.network, 400.0),
            (split.idle, 350.0),
        ];
        for (part, (share, of_2000_ms)) in expected.into_iter().enumerate() {
            assert!((share - of_2000_ms / 2000.0).abs() < EXACT, "part {part}: {share}");
        }
        assert!((expected.iter().map(|(share, _)| share).sum::<f64>() - 1.0).abs() < EXACT);
    }

    #[test]
    fn parts_that_exceed_the_whole_still_add_up_to_one() {
        let (mut meter, end, load) = one_second();
        let split = meter.read_at(end, Load { busy: ms(3000), ..load }).time_split;
        let sum = split.tree + split.orbit + split.rays + split.belief + split.other + split.network + split.idle;
        assert!((sum - 1.0).abs() < EXACT && split.idle == 0.0, "{split:?}");
    }

    #[test]
    fn the_networks_load_counts_leaves_rows_and_both_waits() {
        let (mut meter, end, load) = one_second();
        let network = meter.read_at(end, load).network;
        let expected = NetworkLoad {
            evaluations_per_s: 330.0,
            batches_per_s: 10.0,
            fill: 0.825,
            busy: 0.7,
            starved: 0.3,
            awaited: 0.2,
        };
        assert_eq!(network, expected);
        // The same from the run's start, however long ago that is.
        let total = meter.total(load);
        assert_eq!(total.network.fill, 0.825);
        assert_eq!(total.workers, 2);
    }
}
