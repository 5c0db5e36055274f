use serde::{Deserialize, Serialize};

use super::{QuasiNonsingularElements, wrap_angle_rad};

/// Quasi-nonsingular relative orbital elements of the deputy with respect to the chief (D'Amico 2010, Eq. 2.2; Koenig
/// 2017, Eq. 2). Dimensionless or radians; times the chief's semi-major axis they are metres.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RelativeOrbitalElements {
    /// Relative semi-major axis δa = (a_d − a)/a: non-zero means along-track drift.
    pub da: f64,
    /// Relative mean longitude δλ = u_d − u + (Ω_d − Ω) cos i: the mean along-track offset.
    pub dlambda: f64,
    /// x of the relative eccentricity vector, e_d cos ω_d − e cos ω.
    pub dex: f64,
    /// y of the relative eccentricity vector, e_d sin ω_d − e sin ω.
    pub dey: f64,
    /// x of the relative inclination vector, i_d − i.
    pub dix: f64,
    /// y of the relative inclination vector, (Ω_d − Ω) sin i.
    pub diy: f64,
}

impl RelativeOrbitalElements {
    /// From a·δα in metres, in the order (δa, δλ, δex, δey, δix, δiy), and the chief's semi-major axis in km.
    pub fn from_metres(a_roe_m: [f64; 6], semi_major_axis_km: f64) -> Self {
        Self::from_array(a_roe_m.map(|metres| metres / (semi_major_axis_km * 1e3)))
    }

    /// a·δα in metres, in the order (δa, δλ, δex, δey, δix, δiy).
    pub fn to_metres(&self, semi_major_axis_km: f64) -> [f64; 6] {
        self.as_array().map(|element| element * (semi_major_axis_km * 1e3))
    }

    /// In the order (δa, δλ, δex, δey, δix, δiy).
    #[inline]
    pub const fn from_array([da, dlambda, dex, dey, dix, diy]: [f64; 6]) -> Self {
        Self { da, dlambda, dex, dey, dix, diy }
    }

    /// In the order (δa, δλ, δex, δey, δix, δiy).
    #[inline]
    pub const fn as_array(&self) -> [f64; 6] {
        [self.da, self.dlambda, self.dex, self.dey, self.dix, self.diy]
    }

    /// The elements of `deputy` relative to `chief`; angle differences are wrapped to (−π, π].
    pub fn between(chief: &QuasiNonsingularElements, deputy: &QuasiNonsingularElements) -> Self {
        let (sin_i, cos_i) = chief.inclination_rad.sin_cos();
        let raan_difference = wrap_angle_rad(deputy.raan_rad - chief.raan_rad);
        let latitude_difference = deputy.mean_argument_of_latitude_rad - chief.mean_argument_of_latitude_rad;
        Self {
            da: (deputy.semi_major_axis_m - chief.semi_major_axis_m) / chief.semi_major_axis_m,
            dlambda: wrap_angle_rad(latitude_difference) + raan_difference * cos_i,
            dex: deputy.eccentricity_x - chief.eccentricity_x,
            dey: deputy.eccentricity_y - chief.eccentricity_y,
            dix: wrap_angle_rad(deputy.inclination_rad - chief.inclination_rad),
            diy: raan_difference * sin_i,
        }
    }

    /// The deputy's absolute elements: the exact inverse of [`Self::between`].
    pub fn deputy(&self, chief: &QuasiNonsingularElements) -> QuasiNonsingularElements {
        let (sin_i, cos_i) = chief.inclination_rad.sin_cos();
        let raan_difference = self.diy / sin_i;
        QuasiNonsingularElements {
            semi_major_axis_m: chief.semi_major_axis_m * (1.0 + self.da),
            eccentricity_x: chief.eccentricity_x + self.dex,
            eccentricity_y: chief.eccentricity_y + self.dey,
            inclination_rad: chief.inclination_rad + self.dix,
            raan_rad: chief.raan_rad + raan_difference,
            mean_argument_of_latitude_rad: chief.mean_argument_of_latitude_rad + self.dlambda - raan_difference * cos_i,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ChiefOrbit;
    use super::super::test_support::{assert_close, reference_chief, reference_roe};
    use super::*;

    fn elements(a_m: f64, e: f64, degrees: [f64; 4]) -> QuasiNonsingularElements {
        let [i, raan, perigee, mean_anomaly] = degrees.map(f64::to_radians);
        ChiefOrbit::new(a_m / 1e3, e, i, raan, perigee, mean_anomaly).expect("valid elements").elements_at(0.0)
    }

    /// Case and values of brahe, `relative_motion/oe_roe.rs`.
    #[test]
    fn differences_match_brahe_to_1e_12() {
        const R_EARTH_M: f64 = 6_378_136.3;
        let chief = elements(R_EARTH_M + 700e3, 0.001, [97.8, 15.0, 30.0, 45.0]);
        let deputy = elements(R_EARTH_M + 701e3, 0.0015, [97.85, 15.05, 30.05, 45.05]);
        let expected = RelativeOrbitalElements {
            da: 1.412_801_276_516_814e-4,
            dlambda: 9.321_422_137_829_084e-2_f64.to_radians(),
            dex: 4.323_577_088_687_794e-4,
            dey: 2.511_333_388_799_496e-4,
            dix: 5.0e-2_f64.to_radians(),
            diy: 4.953_739_202_357_54e-2_f64.to_radians(),
        };
        let roe = RelativeOrbitalElements::between(&chief, &deputy);
        assert_close(&roe.as_array(), &expected.as_array(), 1e-12);
        let back = RelativeOrbitalElements::between(&chief, &roe.deputy(&chief));
        assert_close(&back.as_array(), &roe.as_array(), 1e-15);
    }

    #[test]
    fn nominal_deputy_has_the_printed_elements() {
        let deputy = reference_roe().deputy(&reference_chief().elements_at(0.0));
        let perigee = deputy.eccentricity_y.atan2(deputy.eccentricity_x);
        let mean_anomaly = deputy.mean_argument_of_latitude_rad - perigee;
        assert!((deputy.eccentricity() - 0.001_012_396_989_623_103_8).abs() < 1e-16);
        assert!((deputy.inclination_rad.to_degrees() - 98.000_409_255_567_94).abs() < 1e-12);
        assert!((perigee.to_degrees() - 29.595_752_488_816_554).abs() < 1e-11);
        assert!((mean_anomaly.to_degrees() - 0.405_884_533_455_242_2).abs() < 1e-11);
    }

    #[test]
    fn a_difference_across_the_date_line_is_small() {
        let chief = elements(7e6, 0.001, [98.0, 179.99, 0.0, 179.99]);
        let deputy = elements(7e6, 0.001, [98.0, -179.99, 0.0, -179.99]);
        let roe = RelativeOrbitalElements::between(&chief, &deputy);
        assert!(roe.dlambda.abs() < 1e-3 && roe.diy.abs() < 1e-3, "{roe:?}");
    }
}
