use serde::{Deserialize, Serialize};

use super::{ChiefOrbit, OrbitError, RelativeOrbitalElements};

/// Second zonal harmonic of the Earth, dimensionless.
pub const J2_EARTH: f64 = 1.082_626_68e-3;
/// Equatorial radius of the Earth, km.
pub const R_EARTH_EQUATOR_KM: f64 = 6378.137;

/// The oblateness of a central body.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OblateBody {
    /// Second zonal harmonic J2, dimensionless.
    pub j2: f64,
    /// Equatorial radius, km.
    pub equatorial_radius_km: f64,
}

impl OblateBody {
    /// The Earth.
    pub const EARTH: Self = Self { j2: J2_EARTH, equatorial_radius_km: R_EARTH_EQUATOR_KM };

    /// A body from its J2 and its equatorial radius in km.
    ///
    /// # Errors
    /// [`OrbitError::OutOfRange`] for a J2 that is not finite or a radius that is not positive.
    pub fn new(j2: f64, equatorial_radius_km: f64) -> Result<Self, OrbitError> {
        if !j2.is_finite() {
            return Err(OrbitError::OutOfRange { quantity: "j2", value: j2, accepted: "any finite number" });
        }
        if !(equatorial_radius_km > 0.0 && equatorial_radius_km.is_finite()) {
            let quantity = "equatorial_radius_km";
            return Err(OrbitError::OutOfRange { quantity, value: equatorial_radius_km, accepted: "greater than 0" });
        }
        Ok(Self { j2, equatorial_radius_km })
    }
}

/// Secular rates of mean elements under J2 (Brouwer's first order), rad/s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SecularRates {
    /// Rate of the argument of perigee.
    pub argument_of_perigee_rad_s: f64,
    /// Rate of the right ascension of the ascending node.
    pub raan_rad_s: f64,
    /// Rate of the mean anomaly, the mean motion included.
    pub mean_anomaly_rad_s: f64,
}

/// κ, η and the inclination terms of Koenig, Guffanti & D'Amico (2017).
struct Auxiliaries {
    kappa: f64,
    eta: f64,
    /// P = 3 cos² i − 1.
    p: f64,
    /// Q = 5 cos² i − 1.
    q: f64,
    /// S = sin 2i.
    s: f64,
    /// T = sin² i.
    t: f64,
}

impl Auxiliaries {
    fn new(chief: &ChiefOrbit, body: &OblateBody) -> Self {
        let eta = (1.0 - chief.eccentricity.powi(2)).sqrt();
        let radius_ratio = body.equatorial_radius_km / chief.semi_major_axis_km;
        let cos_squared = chief.inclination_rad.cos().powi(2);
        Self {
            kappa: 0.75 * body.j2 * radius_ratio.powi(2) * chief.mean_motion_rad_s() / eta.powi(4),
            eta,
            p: 3.0 * cos_squared - 1.0,
            q: 5.0 * cos_squared - 1.0,
            s: (2.0 * chief.inclination_rad).sin(),
            t: 1.0 - cos_squared,
        }
    }
}

impl SecularRates {
    /// The rates of a chief round an oblate body.
    pub fn of(chief: &ChiefOrbit, body: &OblateBody) -> Self {
        let terms = Auxiliaries::new(chief, body);
        Self {
            argument_of_perigee_rad_s: terms.kappa * terms.q,
            raan_rad_s: -2.0 * terms.kappa * chief.inclination_rad.cos(),
            mean_anomaly_rad_s: chief.mean_motion_rad_s() + terms.kappa * terms.eta * terms.p,
        }
    }
}

/// State transition matrix of mean relative elements over `dt_s` under Kepler motion and secular J2.
///
/// Koenig, Guffanti & D'Amico (2017), JGCD 40(7), Eqs. 13–15, A1–A2, A6. The chief's elements are mean ones at the
/// start of the interval. Rows and columns in the order (δa, δλ, δex, δey, δix, δiy).
pub fn j2_state_transition_matrix(chief: &ChiefOrbit, body: &OblateBody, dt_s: f64) -> [[f64; 6]; 6] {
    let Auxiliaries { kappa, eta, p, q, s, t } = Auxiliaries::new(chief, body);
    let rates = SecularRates::of(chief, body);
    let (e_term, f_term, g_term) = (1.0 + eta, 4.0 + 3.0 * eta, 1.0 / (eta * eta));
    let (sin_start, cos_start) = chief.argument_of_perigee_rad.sin_cos();
    let turn = rates.argument_of_perigee_rad_s * dt_s;
    let (sin_end, cos_end) = (chief.argument_of_perigee_rad + turn).sin_cos();
    let (sin_turn, cos_turn) = turn.sin_cos();
    let (ex_i, ey_i) = (chief.eccentricity * cos_start, chief.eccentricity * sin_start);
    let (ex_f, ey_f) = (chief.eccentricity * cos_end, chief.eccentricity * sin_end);
    let k = kappa * dt_s;
    let gq = 4.0 * k * g_term * q;
    [
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [
            -1.5 * chief.mean_motion_rad_s() * dt_s - 3.5 * k * e_term * p,
            1.0,
            k * ex_i * f_term * g_term * p,
            k * ey_i * f_term * g_term * p,
            -k * f_term * s,
            0.0,
        ],
        [3.5 * k * ey_f * q, 0.0, cos_turn - gq * ex_i * ey_f, -sin_turn - gq * ey_i * ey_f, 5.0 * k * ey_f * s, 0.0],
        [-3.5 * k * ex_f * q, 0.0, sin_turn + gq * ex_i * ex_f, cos_turn + gq * ey_i * ex_f, -5.0 * k * ex_f * s, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [3.5 * k * s, 0.0, -4.0 * k * ex_i * g_term * s, -4.0 * k * ey_i * g_term * s, 2.0 * k * t, 1.0],
    ]
}

impl RelativeOrbitalElements {
    /// These elements times a state transition matrix.
    pub fn transformed(&self, matrix: &[[f64; 6]; 6]) -> Self {
        let elements = self.as_array();
        Self::from_array(matrix.map(|row| row.iter().zip(elements).map(|(entry, element)| entry * element).sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::QuasiNonsingularElements;
    use super::super::test_support::{assert_close, reference_chief, reference_roe};
    use super::*;

    #[test]
    fn auxiliaries_and_rates_have_the_printed_values() {
        let chief = reference_chief();
        let terms = Auxiliaries::new(&chief, &OblateBody::EARTH);
        assert!((terms.kappa - 7.26698547790003e-7).abs() < 1e-20);
        let printed =
            [0.999999499999875, -0.9418925439074783, -0.9031542398457972, -0.275637355816999, 0.9806308479691596];
        assert_close(&[terms.eta, terms.p, terms.q, terms.s, terms.t], &printed, 1e-15);
        let rates = SecularRates::of(&chief, &OblateBody::EARTH);
        assert!((rates.argument_of_perigee_rad_s - -6.56320874526325e-7).abs() < 1e-20);
        assert!((rates.raan_rad_s - 2.0227378071822195e-7).abs() < 1e-20);
        assert!((rates.mean_anomaly_rad_s - 1.0773231412709102e-3).abs() < 1e-17);
    }

    #[test]
    fn koenig_case_1_auxiliaries() {
        let chief = ChiefOrbit::new(6812.0, 0.005, 30f64.to_radians(), 0.0, 0.0, 0.0).expect("valid elements");
        let terms = Auxiliaries::new(&chief, &OblateBody::EARTH);
        assert_close(&[terms.p, terms.q, terms.s, terms.t], &[1.25, 2.75, 0.75f64.sqrt(), 0.25], 1e-14);
    }

    #[test]
    fn a_sun_synchronous_orbit_turns_one_degree_a_day() {
        let chief = ChiefOrbit::new(7158.0, 0.0, 98.6f64.to_radians(), 0.0, 0.0, 0.0).expect("valid elements");
        let degrees_per_day = SecularRates::of(&chief, &OblateBody::EARTH).raan_rad_s.to_degrees() * 86_400.0;
        assert!((degrees_per_day - 0.9856).abs() < 0.01, "{degrees_per_day}");
    }

    #[test]
    fn transition_matrix_has_the_printed_entries() {
        let chief = reference_chief();
        let matrix = j2_state_transition_matrix(&chief, &OblateBody::EARTH, 120.0);
        let printed = [
            (1, 0, -0.1934664140280),
            (1, 2, -4.979272681e-7),
            (1, 3, -2.874784423e-7),
            (1, 4, 1.682563875437e-4),
            (2, 0, -1.378085817e-7),
            (2, 3, 7.875858360958e-5),
            (2, 4, -6.008338235e-8),
            (3, 0, 2.387348855e-7),
            (3, 2, -7.875874114823e-5),
            (3, 4, 1.040864018e-7),
            (5, 0, -8.412821179933e-5),
            (5, 2, 8.326541880e-8),
            (5, 3, 4.807331196e-8),
            (5, 4, 1.710295231529e-4),
        ];
        for (row, column, expected) in printed {
            let entry = matrix[row][column];
            assert!((entry - expected).abs() < 1e-9 * f64::abs(expected), "[{row},{column}] = {entry:e}");
        }
        let matrix = j2_state_transition_matrix(&chief, &OblateBody::EARTH, 6000.0);
        let printed = [
            (1, 0, -9.673320701399),
            (1, 4, 8.412819377186e-3),
            (2, 3, 3.937918980470e-3),
            (3, 2, -3.937926909986e-3),
            (5, 0, -4.206410589967e-3),
            (5, 4, 8.551476157647e-3),
        ];
        for (row, column, expected) in printed {
            let entry = matrix[row][column];
            assert!((entry - expected).abs() < 1e-11 * f64::abs(expected), "[{row},{column}] = {entry:e}");
        }
        let after = reference_roe().transformed(&matrix).to_metres(7000.0);
        let printed = [0.0, 200.418151332519, 99.999076112528, -0.393531897254, 50.0, 0.427990134976];
        assert_close(&after, &printed, 1e-11);
    }

    /// The exact secular flow: both satellites' mean elements advance at their own rates.
    fn secular_flow(chief: &ChiefOrbit, roe: &RelativeOrbitalElements, dt_s: f64) -> RelativeOrbitalElements {
        let start = chief.elements_at(0.0);
        let advance = |elements: &QuasiNonsingularElements| {
            let perigee = elements.eccentricity_y.atan2(elements.eccentricity_x);
            let orbit = ChiefOrbit {
                semi_major_axis_km: elements.semi_major_axis_m / 1e3,
                eccentricity: elements.eccentricity(),
                inclination_rad: elements.inclination_rad,
                raan_rad: elements.raan_rad,
                argument_of_perigee_rad: perigee,
                mean_anomaly_rad: elements.mean_argument_of_latitude_rad - perigee,
                mu_km3_s2: chief.mu_km3_s2,
            };
            let rates = SecularRates::of(&orbit, &OblateBody::EARTH);
            let mut later = ChiefOrbit {
                raan_rad: orbit.raan_rad + rates.raan_rad_s * dt_s,
                argument_of_perigee_rad: perigee + rates.argument_of_perigee_rad_s * dt_s,
                ..orbit
            };
            later.mean_anomaly_rad += rates.mean_anomaly_rad_s * dt_s;
            later.elements_at(0.0)
        };
        RelativeOrbitalElements::between(&advance(&start), &advance(&roe.deputy(&start)))
    }

    #[test]
    fn transition_matrix_matches_finite_differences_of_the_secular_flow() {
        const STEP: f64 = 1e-6;
        // Central differences of phases near 60 rad in f64 over 2e-6 leave 1e-8; the linearisation itself is exact.
        const TOLERANCE: f64 = 5e-8;
        let orbit = |a, e, degrees: [f64; 4]| {
            let [i, raan, perigee, mean_anomaly] = degrees.map(f64::to_radians);
            ChiefOrbit::new(a, e, i, raan, perigee, mean_anomaly).expect("valid elements")
        };
        let chiefs = [
            reference_chief(),
            orbit(6812.0, 0.005, [30.0, 60.0, 180.0, 180.0]),
            orbit(8348.0, 0.2, [1.0, 120.0, 120.0, 180.0]),
            orbit(13256.0, 0.5, [45.0, 80.0, 60.0, 180.0]),
        ];
        for chief in chiefs {
            let dt_s = 10.0 * chief.period_s();
            let matrix = j2_state_transition_matrix(&chief, &OblateBody::EARTH, dt_s);
            for column in 0..6 {
                let flow = |size: f64| {
                    let mut roe = [0.0; 6];
                    roe[column] = size;
                    secular_flow(&chief, &RelativeOrbitalElements::from_array(roe), dt_s).as_array()
                };
                let (ahead, behind) = (flow(STEP), flow(-STEP));
                for row in 0..6 {
                    let difference = (ahead[row] - behind[row]) / (2.0 * STEP);
                    let error = (difference - matrix[row][column]).abs();
                    assert!(error < TOLERANCE, "a {} row {row} column {column}: {error:e}", chief.semi_major_axis_km);
                }
            }
        }
    }
}
