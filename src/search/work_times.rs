use std::ops::AddAssign;
use std::time::Duration;

/// Where the time of a search's steps goes; the rest of its time is the tree's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkTimes {
    /// Burns and propagation.
    pub orbit: Duration,
    /// Images: imagined shapes, ray casting, noise.
    pub rays: Duration,
    /// Belief updates.
    pub belief: Duration,
}

impl AddAssign for WorkTimes {
    fn add_assign(&mut self, other: Self) {
        self.orbit += other.orbit;
        self.rays += other.rays;
        self.belief += other.belief;
    }
}
