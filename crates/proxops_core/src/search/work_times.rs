use std::iter::Sum;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// Where the time of a search's steps goes, over all its threads; the rest of their time is the tree's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkTimes {
    /// Burns and propagation.
    pub orbit: Duration,
    /// Images: imagined shapes, ray casting, noise.
    pub rays: Duration,
    /// Belief updates.
    pub belief: Duration,
    /// All time of threads that a search has started itself, the work above included. The time of the thread that calls
    /// the search is known to the caller.
    pub helpers: Duration,
    /// Images imagined.
    pub images: u64,
}

impl AddAssign for WorkTimes {
    fn add_assign(&mut self, other: Self) {
        self.orbit += other.orbit;
        self.rays += other.rays;
        self.belief += other.belief;
        self.helpers += other.helpers;
        self.images += other.images;
    }
}

impl Sum for WorkTimes {
    fn sum<I: Iterator<Item = Self>>(times: I) -> Self {
        times.fold(Self::default(), |mut sum, times| {
            sum += times;
            sum
        })
    }
}

/// Splits the time of one thread.
pub(super) struct StopWatch(Instant);

impl StopWatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Books the time since the start or the last lap.
    pub fn lap(&mut self, on: &mut Duration) {
        let now = Instant::now();
        *on += now - self.0;
        self.0 = now;
    }
}
