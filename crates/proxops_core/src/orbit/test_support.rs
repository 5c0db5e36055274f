//! The reference chief and start of the published scenario, shared by this floor's tests.

use super::{ChiefOrbit, RelativeOrbitalElements};

/// a = 7000 km, e = 0.001, i = 98°, ω = 30°, M₀ = 0.
pub fn reference_chief() -> ChiefOrbit {
    ChiefOrbit::new(7000.0, 0.001, 98f64.to_radians(), 0.0, 30f64.to_radians(), 0.0).expect("valid elements")
}

/// a·δα = (0, 200, 100, 0, 50, 0) m.
pub fn reference_roe() -> RelativeOrbitalElements {
    RelativeOrbitalElements::from_metres([0.0, 200.0, 100.0, 0.0, 50.0, 0.0], 7000.0)
}

/// Fails unless every component agrees to `tolerance`.
pub fn assert_close(actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len());
    for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() <= tolerance, "component {index}: {a:e} differs from {e:e} by more than {tolerance:e}");
    }
}

/// Row and column of every entry of a matrix with six rows.
pub fn entries(columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..6 * columns).map(move |entry| (entry / columns, entry % columns))
}
