use serde::{Deserialize, Serialize};

use super::{OrbitError, QuasiNonsingularElements};
use glam::DVec3;

/// Gravitational parameter of the Earth, km³/s² (EGM96, as in the reference scenario).
pub const MU_EARTH_KM3_S2: f64 = 398_600.441_8;

/// The closest that an inclination may come to 0 or π: the elements divide by sin i.
const MIN_EQUATORIAL_DISTANCE_RAD: f64 = 1e-6;

/// The chief's orbit: classical (Keplerian) elements at t = 0 round a point mass. The RTN frame is the chief's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChiefOrbit {
    /// Semi-major axis, km, positive.
    pub semi_major_axis_km: f64,
    /// Eccentricity, in [0, 1).
    pub eccentricity: f64,
    /// Inclination, rad, strictly between 0 and π.
    pub inclination_rad: f64,
    /// Right ascension of the ascending node, rad.
    pub raan_rad: f64,
    /// Argument of perigee, rad.
    pub argument_of_perigee_rad: f64,
    /// Mean anomaly at t = 0, rad.
    pub mean_anomaly_rad: f64,
    /// Gravitational parameter of the central body, km³/s², positive.
    pub mu_km3_s2: f64,
}

impl ChiefOrbit {
    /// An orbit round the Earth from classical elements at t = 0 (km and rad).
    ///
    /// # Errors
    /// [`OrbitError::OutOfRange`] for a semi-major axis that is not positive, an eccentricity outside [0, 1), an
    /// inclination within 1e-6 rad of the equator (relative elements divide by sin i) or beyond, or a value that is
    /// not finite.
    pub fn new(
        semi_major_axis_km: f64,
        eccentricity: f64,
        inclination_rad: f64,
        raan_rad: f64,
        argument_of_perigee_rad: f64,
        mean_anomaly_rad: f64,
    ) -> Result<Self, OrbitError> {
        Self {
            semi_major_axis_km,
            eccentricity,
            inclination_rad,
            raan_rad,
            argument_of_perigee_rad,
            mean_anomaly_rad,
            mu_km3_s2: MU_EARTH_KM3_S2,
        }
        .validated()
    }

    /// The same orbit round a body with another gravitational parameter.
    ///
    /// # Errors
    /// [`OrbitError::OutOfRange`] unless `mu_km3_s2` is positive and finite.
    pub fn with_mu_km3_s2(self, mu_km3_s2: f64) -> Result<Self, OrbitError> {
        Self { mu_km3_s2, ..self }.validated()
    }

    fn validated(self) -> Result<Self, OrbitError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let inclined = self.inclination_rad.sin() >= MIN_EQUATORIAL_DISTANCE_RAD
            && (0.0..std::f64::consts::PI).contains(&self.inclination_rad);
        let checks = [
            ("semi_major_axis_km", self.semi_major_axis_km, positive(self.semi_major_axis_km), "greater than 0"),
            ("eccentricity", self.eccentricity, (0.0..1.0).contains(&self.eccentricity), "0 to below 1"),
            ("inclination_rad", self.inclination_rad, inclined, "between 0 and pi, at least 1e-6 from both"),
            ("raan_rad", self.raan_rad, self.raan_rad.is_finite(), "any finite angle"),
            (
                "argument_of_perigee_rad",
                self.argument_of_perigee_rad,
                self.argument_of_perigee_rad.is_finite(),
                "any finite angle",
            ),
            ("mean_anomaly_rad", self.mean_anomaly_rad, self.mean_anomaly_rad.is_finite(), "any finite angle"),
            ("mu_km3_s2", self.mu_km3_s2, positive(self.mu_km3_s2), "greater than 0"),
        ];
        match checks.into_iter().find(|&(_, _, valid, _)| !valid) {
            Some((quantity, value, _, accepted)) => Err(OrbitError::OutOfRange { quantity, value, accepted }),
            None => Ok(self),
        }
    }

    /// Semi-major axis, m.
    #[inline]
    pub fn semi_major_axis_m(&self) -> f64 {
        self.semi_major_axis_km * 1e3
    }

    /// Gravitational parameter, m³/s².
    #[inline]
    pub fn mu_m3_s2(&self) -> f64 {
        self.mu_km3_s2 * 1e9
    }

    /// Mean motion n = √(μ/a³), rad/s.
    #[inline]
    pub fn mean_motion_rad_s(&self) -> f64 {
        let a_km = self.semi_major_axis_km;
        (self.mu_km3_s2 / (a_km * a_km * a_km)).sqrt()
    }

    /// Orbital period, s.
    pub fn period_s(&self) -> f64 {
        std::f64::consts::TAU / self.mean_motion_rad_s()
    }

    /// Mean argument of latitude u = ω + M₀ + n t, rad, not wrapped.
    #[inline]
    pub fn argument_of_latitude_rad(&self, time_s: f64) -> f64 {
        self.argument_of_perigee_rad + self.mean_anomaly_rad + self.mean_motion_rad_s() * time_s
    }

    /// The chief's absolute elements at a time.
    pub fn elements_at(&self, time_s: f64) -> QuasiNonsingularElements {
        let (sin_perigee, cos_perigee) = self.argument_of_perigee_rad.sin_cos();
        QuasiNonsingularElements {
            semi_major_axis_m: self.semi_major_axis_m(),
            eccentricity_x: self.eccentricity * cos_perigee,
            eccentricity_y: self.eccentricity * sin_perigee,
            inclination_rad: self.inclination_rad,
            raan_rad: self.raan_rad,
            mean_argument_of_latitude_rad: self.argument_of_latitude_rad(time_s),
        }
    }

    /// Inertial position (m) and velocity (m/s) at a time, two-body motion.
    pub fn position_velocity_eci_m(&self, time_s: f64) -> (DVec3, DVec3) {
        self.elements_at(time_s).to_eci(self.mu_m3_s2())
    }

    /// True anomaly f at a time, rad.
    pub fn true_anomaly_rad(&self, time_s: f64) -> f64 {
        self.elements_at(time_s).true_argument_of_latitude_rad() - self.argument_of_perigee_rad
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::reference_chief;
    use super::*;

    #[test]
    fn reference_chief_has_the_printed_mean_motion_and_period() {
        assert!((reference_chief().mean_motion_rad_s() - 0.001_078_007_612_872_506).abs() < 1e-17);
        assert!((reference_chief().period_s() - 5_828.516_637_686_015).abs() < 1e-9);
    }

    #[test]
    fn every_bad_element_is_named_with_value_and_range() {
        let cases: [(&str, [f64; 3]); 6] = [
            ("semi_major_axis_km = 0 ", [0.0, 0.001, 1.7]),
            ("semi_major_axis_km = NaN ", [f64::NAN, 0.001, 1.7]),
            ("eccentricity = 1 ", [7000.0, 1.0, 1.7]),
            ("eccentricity = -0.1 ", [7000.0, -0.1, 1.7]),
            ("inclination_rad = 0 ", [7000.0, 0.001, 0.0]),
            ("inclination_rad = inf ", [7000.0, 0.001, f64::INFINITY]),
        ];
        for (start, [a, e, i]) in cases {
            let message = ChiefOrbit::new(a, e, i, 0.0, 0.0, 0.0).unwrap_err().to_string();
            assert!(message.starts_with(start) && message.contains("accepted range"), "{message}");
        }
        assert!(reference_chief().with_mu_km3_s2(-1.0).is_err());
    }
}
