/// Smallest and largest value seen, so that values of any scale can be compared with visit counts.
///
/// Min–max normalisation as in MuZero (Schrittwieser et al. 2020, appendix B).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueRange {
    low: f64,
    high: f64,
}

impl ValueRange {
    /// No value seen yet.
    pub const EMPTY: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    /// Takes in one more value.
    pub fn include(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    /// Takes in all that another range has seen.
    pub fn include_all(&mut self, other: Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    /// Smallest value seen, or +∞.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Largest value seen, or −∞.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// `value` on a scale where the smallest value seen is 0 and the largest 1; one half while there is no spread.
    pub fn normalise(&self, value: f64) -> f64 {
        let spread = self.high - self.low;
        if spread > 0.0 { (value - self.low) / spread } else { 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_become_zero_and_one() {
        let mut range = ValueRange::EMPTY;
        for value in [0.03, -0.01, 0.01] {
            range.include(value);
        }
        assert_eq!((range.low(), range.high()), (-0.01, 0.03));
        assert_eq!((range.normalise(-0.01), range.normalise(0.03)), (0.0, 1.0));
        assert!((range.normalise(0.01) - 0.5).abs() < 1e-15);
    }

    #[test]
    fn without_a_spread_every_value_is_one_half() {
        let mut range = ValueRange::EMPTY;
        assert_eq!(range.normalise(7.0), 0.5);
        range.include(7.0);
        assert_eq!(range.normalise(7.0), 0.5);
    }
}
