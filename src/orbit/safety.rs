use super::{ChiefOrbit, Dynamics, RelativeOrbitalElements, RelativeState};

/// Smallest separation in the R–N plane over an orbit, m, for a deputy without drift (δa = 0).
///
/// D'Amico & Montenbruck (2006). It bounds the distance whatever δλ becomes, so a trajectory that keeps it above a
/// keep-out radius stays safe when along-track knowledge or thrust is lost ("passively safe").
pub fn minimum_radial_normal_separation_m(roe: &RelativeOrbitalElements, semi_major_axis_km: f64) -> f64 {
    let [_, _, ex, ey, ix, iy] = roe.to_metres(semi_major_axis_km);
    let dot = ex * ix + ey * iy;
    let sum = (ex + ix).hypot(ey + iy);
    let difference = (ex - ix).hypot(ey - iy);
    let size = (ex * ex + ey * ey + ix * ix + iy * iy + sum * difference).sqrt();
    if size == 0.0 { 0.0 } else { std::f64::consts::SQRT_2 * dot.abs() / size }
}

/// Smallest distance to the chief, m, at `intervals` + 1 evenly spaced times of the next `duration_s` seconds, both
/// ends included. The deputy moves tens of metres in one decision step, so ends alone would miss an approach between
/// them.
pub fn closest_range_m(
    dynamics: Dynamics,
    chief: &ChiefOrbit,
    state: &RelativeState,
    duration_s: f64,
    intervals: u32,
) -> f64 {
    (0..=intervals)
        .map(|sample| {
            let dt_s = duration_s * f64::from(sample) / f64::from(intervals.max(1));
            dynamics.rtn(chief, &dynamics.propagate(chief, state, dt_s)).position_rtn_m.length()
        })
        .fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{reference_chief, reference_roe};
    use super::*;

    /// The printed example, and the same by brute force over the orbit.
    #[test]
    fn separation_matches_the_printed_value_and_brute_force() {
        let roe = RelativeOrbitalElements::from_metres([0.0, 0.0, 80.0, 30.0, 20.0, 60.0], 7000.0);
        let separation = minimum_radial_normal_separation_m(&roe, 7000.0);
        assert!((separation - 33.727101).abs() < 1e-6);
        let brute = (0..100_000)
            .map(|k| {
                let (s, c) = (f64::from(k) * std::f64::consts::TAU / 1e5).sin_cos();
                (80.0 * c + 30.0 * s).hypot(20.0 * s - 60.0 * c)
            })
            .fold(f64::INFINITY, f64::min);
        assert!((separation - brute).abs() < 1e-6);
    }

    #[test]
    fn nominal_start_keeps_50_m() {
        assert!((minimum_radial_normal_separation_m(&reference_roe(), 7000.0) - 50.0).abs() < 1e-9);
        assert_eq!(minimum_radial_normal_separation_m(&RelativeOrbitalElements::default(), 7000.0), 0.0);
    }

    #[test]
    fn closest_range_finds_the_approach_between_two_far_ends() {
        let chief = reference_chief();
        let start = Dynamics::NearCircular.initial(&chief, reference_roe(), 0.0);
        let closest = |intervals| closest_range_m(Dynamics::NearCircular, &chief, &start, chief.period_s(), intervals);
        let start_range = Dynamics::NearCircular.rtn(&chief, &start).position_rtn_m.length();
        assert!((closest(1) - start_range).abs() < 1e-6, "both ends of one orbit are the start");
        assert!((closest(5000) - 50.0).abs() < 1e-2, "{}", closest(5000));
    }
}
