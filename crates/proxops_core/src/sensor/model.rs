use super::SensorError;

/// The sensor's likelihoods. A ray tests the voxels it crosses one after the other and stops at its first hit,
/// which it reports with probability `p_hit_occupied` in an occupied and `p_hit_empty` in an empty voxel.
///
/// Given the voxels, all tests of all rays are independent, so an image factorises over voxels, and adding
/// [`llr_hit`](Self::llr_hit) per hit and [`llr_pass`](Self::llr_pass) per pass to a voxel's log-odds is the exact
/// posterior. Under this model a share of rays sees through every occupied voxel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SensorModel {
    p_hit_occupied: f64,
    p_hit_empty: f64,
    llr_hit: f64,
    llr_pass: f64,
}

impl SensorModel {
    const REFERENCE_P_HIT_OCCUPIED: f64 = 0.95;
    const REFERENCE_P_HIT_EMPTY: f64 = 0.001;

    /// A sensor with the given probabilities of a hit per occupied and per empty voxel crossed.
    ///
    /// # Errors
    /// [`SensorError`] unless 0 < `p_hit_empty` < `p_hit_occupied` < 1.
    pub fn new(p_hit_occupied: f64, p_hit_empty: f64) -> Result<Self, SensorError> {
        for (field, value) in [("p_hit_occupied", p_hit_occupied), ("p_hit_empty", p_hit_empty)] {
            if !(value > 0.0 && value < 1.0) {
                return Err(SensorError::Probability { field, value });
            }
        }
        if p_hit_occupied <= p_hit_empty {
            return Err(SensorError::Uninformative { p_hit_occupied, p_hit_empty });
        }
        Ok(Self::from_likelihoods(p_hit_occupied, p_hit_empty))
    }

    /// The reference sensor: 0.95 and 0.001.
    pub fn reference() -> Self {
        Self::from_likelihoods(Self::REFERENCE_P_HIT_OCCUPIED, Self::REFERENCE_P_HIT_EMPTY)
    }

    /// A sensor whose images are free of noise, its evidence weighed like the [`reference`](Self::reference)'s: for
    /// comparison with noise-free reference data.
    pub fn perfect() -> Self {
        Self { p_hit_occupied: 1.0, p_hit_empty: 0.0, ..Self::reference() }
    }

    fn from_likelihoods(p_hit_occupied: f64, p_hit_empty: f64) -> Self {
        Self {
            p_hit_occupied,
            p_hit_empty,
            llr_hit: (p_hit_occupied / p_hit_empty).ln(),
            llr_pass: ((1.0 - p_hit_occupied) / (1.0 - p_hit_empty)).ln(),
        }
    }

    /// Probability that a ray reports a hit in an occupied voxel it crosses.
    pub const fn p_hit_occupied(&self) -> f64 {
        self.p_hit_occupied
    }

    /// Probability that a ray reports a hit in an empty voxel it crosses.
    pub const fn p_hit_empty(&self) -> f64 {
        self.p_hit_empty
    }

    /// Log-likelihood ratio of a hit, positive.
    pub const fn llr_hit(&self) -> f64 {
        self.llr_hit
    }

    /// Log-likelihood ratio of a pass, negative.
    pub const fn llr_pass(&self) -> f64 {
        self.llr_pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_ratios_are_the_printed_ones() {
        let sensor = SensorModel::reference();
        assert!((sensor.llr_hit() - 6.856_461_984_595).abs() < 1e-12);
        assert!((sensor.llr_pass() + 2.994_731_773_220).abs() < 1e-12);
    }

    #[test]
    fn sensors_that_tell_nothing_or_have_impossible_likelihoods_are_rejected() {
        for (occupied, empty) in [(0.0, 0.001), (1.0, 0.001), (0.95, 0.0), (0.95, 1.0), (f64::NAN, 0.001), (-0.5, 0.1)]
        {
            assert!(matches!(SensorModel::new(occupied, empty), Err(SensorError::Probability { .. })));
        }
        assert!(matches!(SensorModel::new(0.3, 0.3), Err(SensorError::Uninformative { .. })));
        let message = SensorModel::new(0.2, 0.3).unwrap_err().to_string();
        assert_eq!(message, "sensor.p_hit_occupied is 0.2; allowed: above sensor.p_hit_empty, which is 0.3");
    }
}
