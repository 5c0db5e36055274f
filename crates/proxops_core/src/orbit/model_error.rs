use super::{ChiefOrbit, Dynamics, RelativeOrbitalElements};

/// Times at which each of the two orbits compared is looked at, besides its beginning.
const SAMPLES: u32 = 96;

/// How far a model strays from exact two-body motion.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ModelError {
    /// Largest distance between the two positions, m.
    pub error_m: f64,
    /// Largest exact distance to the chief, m.
    pub range_m: f64,
}

impl ModelError {
    /// The error over the largest distance.
    pub fn share(&self) -> f64 {
        if self.error_m == 0.0 { 0.0 } else { self.error_m / self.range_m }
    }
}

/// Compares free motion from relative elements at t = 0 with exact two-body motion over a time: in its first and in its
/// last orbit, because the error has a part that recurs with every orbit and one that only grows.
pub fn model_error(
    dynamics: Dynamics,
    chief: &ChiefOrbit,
    roe: RelativeOrbitalElements,
    duration_s: f64,
) -> ModelError {
    let orbit_s = chief.period_s().min(duration_s);
    let position = |dynamics: Dynamics, time_s: f64| {
        let state = dynamics.propagate(chief, &dynamics.initial(chief, roe, 0.0), time_s);
        dynamics.rtn(chief, &state).position_rtn_m
    };
    let mut found = ModelError::default();
    for begin_s in [0.0, duration_s - orbit_s] {
        for sample in 0..=SAMPLES {
            let time_s = begin_s + orbit_s * f64::from(sample) / f64::from(SAMPLES);
            let exact = position(Dynamics::TwoBody, time_s);
            found.error_m = found.error_m.max((position(dynamics, time_s) - exact).length());
            found.range_m = found.range_m.max(exact.length());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{reference_chief, reference_roe};
    use super::*;

    fn error_at(eccentricity: f64) -> ModelError {
        let chief = ChiefOrbit { eccentricity, semi_major_axis_km: 26_560.0, ..reference_chief() };
        let roe = RelativeOrbitalElements::from_metres(reference_roe().to_metres(7000.0), 26_560.0);
        model_error(Dynamics::NearCircular, &chief, roe, chief.period_s())
    }

    #[test]
    fn the_reference_orbit_has_the_printed_error() {
        let chief = reference_chief();
        let found = model_error(Dynamics::NearCircular, &chief, reference_roe(), 50.0 * 120.0);
        // Printed: at most 0.41 m over 50 steps.
        assert!((found.error_m - 0.41).abs() < 0.01, "{found:?}");
        assert!((0.0005..0.002).contains(&found.share()), "{found:?}");
    }

    #[test]
    fn the_error_is_in_proportion_to_the_eccentricity() {
        let shares = [0.001, 0.01, 0.1].map(|eccentricity| error_at(eccentricity).share());
        for pair in shares.windows(2) {
            assert!((7.0..13.0).contains(&(pair[1] / pair[0])), "{shares:?}");
        }
        assert!(error_at(0.7).share() > 0.5);
    }

    #[test]
    fn exact_motion_has_no_error() {
        assert_eq!(model_error(Dynamics::TwoBody, &reference_chief(), reference_roe(), 9e4).share(), 0.0);
    }
}
