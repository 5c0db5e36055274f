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

/// Parts into which an orbit is cut where motion is fastest. The square of the distance has at most a few minima an
/// orbit, so that hardly ever two of them fall into one part; where they may, the part is cut again.
const INTERVALS_PER_ORBIT: f64 = 128.0;
/// Bounds the work for a coast of thousands of orbits, which is then sampled more coarsely.
const MOST_INTERVALS: f64 = 65_536.0;
/// A minimum is narrowed down until its distance is known to this, m.
const RANGE_TOLERANCE_M: f64 = 1e-6;
const MOST_REFINEMENTS: u32 = 60;

/// Smallest distance to the chief, m, at any time of the next `duration_s` seconds, both ends included, to about a
/// micrometre.
///
/// The coast is sampled on a grid as fine as its share of an orbit asks for. Where the distance falls at one sample and
/// grows at the next, a minimum lies between them, and is found where its rate `2 r·v` is zero.
pub fn closest_range_m(dynamics: Dynamics, chief: &ChiefOrbit, state: &RelativeState, duration_s: f64) -> f64 {
    let coast = Coast { dynamics, chief, state };
    let intervals = intervals(dynamics, chief, state, duration_s);
    let mut before = coast.sample(0.0);
    let mut closest = before.square_m2;
    for end in 1..=intervals {
        let after = coast.sample(duration_s * f64::from(end) / f64::from(intervals));
        closest = closest.min(after.square_m2).min(coast.least_between(&before, &after));
        before = after;
    }
    closest.sqrt()
}

/// Parts of equal time for a coast.
fn intervals(dynamics: Dynamics, chief: &ChiefOrbit, state: &RelativeState, duration_s: f64) -> u32 {
    let fastest = match dynamics {
        Dynamics::NearCircular => 1.0,
        // Angular rate at perigee over the mean motion, of the more eccentric of the two orbits.
        Dynamics::TwoBody => {
            let e = (chief.eccentricity + state.roe.dex.hypot(state.roe.dey)).min(0.99);
            (1.0 + e).powi(2) / (1.0 - e * e).powf(1.5)
        }
    };
    let orbits = duration_s / chief.period_s();
    // The cast turns NaN into 0.
    (orbits * fastest * INTERVALS_PER_ORBIT).ceil().clamp(1.0, MOST_INTERVALS) as u32
}

/// Free motion from a state on.
struct Coast<'a> {
    dynamics: Dynamics,
    chief: &'a ChiefOrbit,
    state: &'a RelativeState,
}

/// The distance at one time of a coast.
#[derive(Clone, Copy)]
struct Sample {
    time_s: f64,
    /// Square of the distance, m².
    square_m2: f64,
    /// Its rate, m²/s.
    rate_m2_s: f64,
}

impl Coast<'_> {
    fn sample(&self, time_s: f64) -> Sample {
        let rtn = self.dynamics.rtn(self.chief, &self.dynamics.propagate(self.chief, self.state, time_s));
        let (position, velocity) = (rtn.position_rtn_m, rtn.velocity_rtn_m_s);
        Sample { time_s, square_m2: position.length_squared(), rate_m2_s: 2.0 * position.dot(velocity) }
    }

    /// The least square of the distance between two samples; infinite without a minimum there.
    fn least_between(&self, before: &Sample, after: &Sample) -> f64 {
        if before.rate_m2_s < 0.0 && after.rate_m2_s > 0.0 {
            return self.refined(*before, *after);
        }
        // Rates of the same sign may hide a minimum and a maximum between them.
        let Some(time_s) = time_of_turn(before, after) else { return f64::INFINITY };
        let middle = self.sample(time_s);
        let halves = [(before, &middle), (&middle, after)];
        let bracketed = halves.into_iter().filter(|(one, other)| one.rate_m2_s < 0.0 && other.rate_m2_s > 0.0);
        bracketed.map(|(one, other)| self.refined(*one, *other)).fold(middle.square_m2, f64::min)
    }

    /// Finds the zero of the rate between a falling and a growing sample (regula falsi, Illinois).
    fn refined(&self, mut falling: Sample, mut growing: Sample) -> f64 {
        let mut least = falling.square_m2.min(growing.square_m2);
        let (mut weight_falling, mut weight_growing) = (1.0, 1.0);
        let mut last_fell = None;
        for _ in 0..MOST_REFINEMENTS {
            let (low, high) = (weight_falling * falling.rate_m2_s, weight_growing * growing.rate_m2_s);
            let width_s = growing.time_s - falling.time_s;
            let middle = self.sample(falling.time_s + width_s * (low / (low - high)).clamp(0.0, 1.0));
            least = least.min(middle.square_m2);
            // Half the rate over the distance is the speed of approach: times the width, an error that is left.
            let left_m2 = 0.5 * middle.rate_m2_s.abs() * width_s;
            if left_m2 <= RANGE_TOLERANCE_M * middle.square_m2.sqrt().max(RANGE_TOLERANCE_M) {
                break;
            }
            // An end that stays twice counts half, so that both ends close in.
            let falls = middle.rate_m2_s < 0.0;
            let kept = if last_fell == Some(falls) { 0.5 } else { 1.0 };
            if falls {
                falling = middle;
                (weight_falling, weight_growing) = (1.0, kept * weight_growing);
            } else {
                growing = middle;
                (weight_falling, weight_growing) = (kept * weight_falling, 1.0);
            }
            last_fell = Some(falls);
        }
        least
    }
}

/// When, between two samples of like sign, the cubic through both has its rate turn to the other sign.
fn time_of_turn(before: &Sample, after: &Sample) -> Option<f64> {
    let width_s = after.time_s - before.time_s;
    let (start, end) = (before.rate_m2_s * width_s, after.rate_m2_s * width_s);
    let difference = after.square_m2 - before.square_m2;
    // The cubic's rate is curvature·s² + slope·s + start, for s from 0 to 1.
    let (curvature, slope) = (3.0 * (start + end - 2.0 * difference), 2.0 * (3.0 * difference - 2.0 * start - end));
    let share = -slope / (2.0 * curvature);
    let rate = start + 0.5 * slope * share;
    let turns = share > 0.0 && share < 1.0 && start * end >= 0.0 && rate * (start + end) <= 0.0;
    turns.then_some(before.time_s + share * width_s)
}

#[cfg(test)]
mod tests {
    use glam::DVec3;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::super::RtnState;
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
        let closest = closest_range_m(Dynamics::NearCircular, &chief, &start, chief.period_s());
        let start_range = Dynamics::NearCircular.rtn(&chief, &start).position_rtn_m.length();
        assert!(closest < start_range && (closest - 50.0).abs() < 1e-4, "{closest}");
    }

    /// A pass right through the target in the middle of a step, where distance has a corner.
    #[test]
    fn a_pass_through_the_centre_is_found_to_a_millimetre() {
        let chief = reference_chief();
        for dynamics in Dynamics::ALL {
            let at_centre = RtnState { position_rtn_m: DVec3::ZERO, velocity_rtn_m_s: DVec3::new(0.3, -0.2, 0.1) };
            let roe = dynamics.roe_from_rtn(&chief, 500.0, &at_centre);
            let before = dynamics.propagate(&chief, &dynamics.initial(&chief, roe, 500.0), -77.7);
            let closest = closest_range_m(dynamics, &chief, &before, 120.0);
            assert!(closest < 1e-3, "{dynamics}: {closest}");
        }
    }

    #[test]
    fn a_coast_of_no_length_or_without_numbers_ends_at_once() {
        let chief = reference_chief();
        let start = Dynamics::NearCircular.initial(&chief, reference_roe(), 0.0);
        let range = Dynamics::NearCircular.rtn(&chief, &start).position_rtn_m.length();
        assert!((closest_range_m(Dynamics::NearCircular, &chief, &start, 0.0) - range).abs() < 1e-9);
        let nowhere = RelativeOrbitalElements { da: f64::NAN, ..reference_roe() };
        let nowhere = Dynamics::TwoBody.initial(&chief, nowhere, 0.0);
        assert!(!closest_range_m(Dynamics::TwoBody, &chief, &nowhere, 120.0).is_finite());
    }

    /// Of 10,000 random arcs: half near-circular, half exact up to e = 0.7, from a hundredth of an orbit to two orbits,
    /// against 2,000 samples that are refined by a parabola through the least one and its neighbours.
    #[test]
    fn closest_range_agrees_with_dense_sampling_on_10_000_arcs() {
        /// The dense samples' own error: samples of two orbits are 43 s apart, in which the fastest arcs move metres.
        const TOLERANCE_M: f64 = 0.01;
        const SAMPLES: u32 = 2000;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
        for arc in 0..10_000 {
            let dynamics = Dynamics::ALL[arc % 2];
            let eccentricity = if dynamics == Dynamics::TwoBody { rng.random_range(0.0..0.7) } else { 0.001 };
            let chief = ChiefOrbit { eccentricity, semi_major_axis_km: 26_560.0, ..reference_chief() };
            let metres: [f64; 6] = std::array::from_fn(|k| {
                let size = if k == 0 { 5.0 } else { 300.0 };
                rng.random_range(-size..size)
            });
            let roe = RelativeOrbitalElements::from_metres(metres, chief.semi_major_axis_km);
            let state = dynamics.initial(&chief, roe, rng.random_range(0.0..chief.period_s()));
            let duration_s = chief.period_s() * 10f64.powf(rng.random_range(-2.0..0.3));

            let square = |time_s: f64| {
                dynamics.rtn(&chief, &dynamics.propagate(&chief, &state, time_s)).position_rtn_m.length_squared()
            };
            let width_s = duration_s / f64::from(SAMPLES);
            let squares: Vec<f64> = (0..=SAMPLES).map(|k| square(width_s * f64::from(k))).collect();
            let least = (0..squares.len()).min_by(|a, b| squares[*a].total_cmp(&squares[*b])).unwrap();
            let dense = match (least.checked_sub(1).map(|k| squares[k]), squares.get(least + 1)) {
                (Some(one), Some(other)) => {
                    let (mean, half) = (one + other - 2.0 * squares[least], 0.5 * (other - one));
                    squares[least] - if mean > 0.0 { 0.5 * half * half / mean } else { 0.0 }
                }
                _ => squares[least],
            };
            let found = closest_range_m(dynamics, &chief, &state, duration_s);
            let error = (found - dense.max(0.0).sqrt()).abs();
            assert!(error < TOLERANCE_M, "arc {arc}: {found} m, dense {} m", dense.sqrt());
        }
    }
}
