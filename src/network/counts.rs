//! What evaluators do with their time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::threads::lock;

/// What an evaluator has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationCounts {
    /// Batches evaluated.
    pub batches: u64,
    /// Leaves evaluated.
    pub leaves: u64,
    /// Rows of those batches after padding.
    pub rows: u64,
    /// How many batches had so many rows.
    pub histogram: BTreeMap<usize, u64>,
    /// Time with at least one batch under evaluation.
    pub busy: Duration,
    /// Time without one: the evaluator waited for leaves.
    pub starved: Duration,
    /// Time for which the owner of an [`EvaluatorThread`](super::EvaluatorThread) waited for a batch.
    pub waited: Duration,
}

impl EvaluationCounts {
    /// Leaves over padded rows, 0 to 1.
    pub fn fill(&self) -> f64 {
        ratio(self.leaves as f64, self.rows as f64)
    }

    /// Leaves per batch.
    pub fn mean_batch(&self) -> f64 {
        ratio(self.leaves as f64, self.batches as f64)
    }

    /// Leaves per second of busy time.
    pub fn leaves_per_busy_second(&self) -> f64 {
        ratio(self.leaves as f64, self.busy.as_secs_f64())
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// A handle to the counts of an evaluator, to read them from another thread.
#[derive(Clone, Debug, Default)]
pub struct EvaluationCounters(Arc<Mutex<Counting>>);

#[derive(Debug)]
struct Counting {
    counts: EvaluationCounts,
    /// Batches under evaluation.
    active: u32,
    /// When the first of them was begun, or the last one ended.
    since: Instant,
}

impl Default for Counting {
    fn default() -> Self {
        Self { counts: EvaluationCounts::default(), active: 0, since: Instant::now() }
    }
}

impl Counting {
    /// Books the time until `now` on what it was spent on.
    fn book(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(std::mem::replace(&mut self.since, now));
        if self.active > 0 {
            self.counts.busy += elapsed;
        } else {
            self.counts.starved += elapsed;
        }
    }

    fn end(&mut self, now: Instant, evaluated: Option<(usize, usize)>) {
        self.book(now);
        self.active -= 1;
        if let Some((leaves, rows)) = evaluated {
            self.counts.batches += 1;
            self.counts.leaves += leaves as u64;
            self.counts.rows += rows as u64;
            *self.counts.histogram.entry(rows).or_default() += 1;
        }
    }
}

impl EvaluationCounters {
    /// The counts now, the batch at work included in the times.
    pub fn counts(&self) -> EvaluationCounts {
        let mut counting = self.lock();
        counting.book(Instant::now());
        counting.counts.clone()
    }

    /// The evaluator is ready: only from now on it can be said to wait.
    pub(super) fn ready(&self) {
        self.lock().since = Instant::now();
    }

    /// A batch has been begun.
    pub(super) fn begin(&self) {
        let mut counting = self.lock();
        counting.book(Instant::now());
        counting.active += 1;
    }

    /// A batch has been ended; its leaves and padded rows if it was evaluated.
    pub(super) fn end(&self, evaluated: Option<(usize, usize)>) {
        self.lock().end(Instant::now(), evaluated);
    }

    /// The owner waited for a batch.
    pub(super) fn waited(&self, time: Duration) {
        self.lock().counts.waited += time;
    }

    fn lock(&self) -> MutexGuard<'_, Counting> {
        lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_with_two_batches_at_work_counts_once() {
        let mut counting = Counting::default();
        let start = counting.since;
        let ms = Duration::from_millis;
        counting.book(start + ms(10));
        counting.active = 1;
        counting.book(start + ms(15));
        counting.active = 2;
        counting.end(start + ms(20), Some((33, 40)));
        counting.end(start + ms(40), None);
        counting.book(start + ms(45));
        let counts = &counting.counts;
        assert_eq!((counts.busy, counts.starved), (ms(30), ms(15)));
        assert_eq!((counts.batches, counts.leaves, counts.rows), (1, 33, 40));
        assert_eq!(counts.histogram, BTreeMap::from([(40, 1)]));
        assert_eq!((counts.fill(), counts.mean_batch()), (33.0 / 40.0, 33.0));
    }

    #[test]
    fn nothing_done_is_nothing_per_second() {
        let counts = EvaluationCounts::default();
        assert_eq!((counts.fill(), counts.mean_batch(), counts.leaves_per_busy_second()), (0.0, 0.0, 0.0));
    }
}
