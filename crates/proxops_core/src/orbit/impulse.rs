use glam::DVec3;
use serde::{Deserialize, Serialize};

use super::{ChiefOrbit, RelativeOrbitalElements};

/// An impulsive velocity change of the deputy, given in the chief's RTN frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Impulse {
    /// Velocity change (R, T, N), m/s.
    pub dv_rtn_m_s: DVec3,
}

impl Impulse {
    /// No burn.
    pub const NONE: Self = Self { dv_rtn_m_s: DVec3::ZERO };

    /// Size of the velocity change, m/s.
    pub fn magnitude_m_s(&self) -> f64 {
        self.dv_rtn_m_s.length()
    }
}

/// Change of the relative elements per m/s along R, T, N (columns) for a near-circular chief at mean argument of
/// latitude `u_rad`. D'Amico 2010, Eq. 2.38. Consistent with the near-circular RTN map: an impulse moves no position.
pub fn control_matrix_near_circular(n_rad_s: f64, a_m: f64, u_rad: f64) -> [[f64; 3]; 6] {
    let (s, c) = u_rad.sin_cos();
    let k = 1.0 / (n_rad_s * a_m);
    [
        [0.0, 2.0 * k, 0.0],
        [-2.0 * k, 0.0, 0.0],
        [k * s, 2.0 * k * c, 0.0],
        [-k * c, 2.0 * k * s, 0.0],
        [0.0, 0.0, k * c],
        [0.0, 0.0, k * s],
    ]
}

/// [`control_matrix_near_circular`] applied, without forming it.
#[inline]
pub(super) fn apply_impulse_near_circular(
    n_rad_s: f64,
    a_m: f64,
    u_rad: f64,
    roe: &RelativeOrbitalElements,
    impulse: &Impulse,
) -> RelativeOrbitalElements {
    let (s, c) = u_rad.sin_cos();
    let dv = impulse.dv_rtn_m_s / (n_rad_s * a_m);
    RelativeOrbitalElements {
        da: roe.da + 2.0 * dv.y,
        dlambda: roe.dlambda - 2.0 * dv.x,
        dex: roe.dex + s * dv.x + 2.0 * c * dv.y,
        dey: roe.dey - c * dv.x + 2.0 * s * dv.y,
        dix: roe.dix + c * dv.z,
        diy: roe.diy + s * dv.z,
    }
}

/// Change of the relative elements per m/s along R, T, N (columns) at any eccentricity, for a deputy close to the
/// chief.
///
/// Gauss' variational equations written for the quasi-nonsingular set. The often quoted δλ row [−2η²/k, 0, 0] is exact
/// only for the eccentric set; here the transverse entry is about +e sin f.
pub fn control_matrix_exact(chief: &ChiefOrbit, time_s: f64) -> [[f64; 3]; 6] {
    let e = chief.eccentricity;
    let (sin_perigee, cos_perigee) = chief.argument_of_perigee_rad.sin_cos();
    let (ex, ey) = (e * cos_perigee, e * sin_perigee);
    let theta = chief.elements_at(time_s).true_argument_of_latitude_rad();
    let (sin_theta, cos_theta) = theta.sin_cos();
    let (sin_f, cos_f) = (theta - chief.argument_of_perigee_rad).sin_cos();
    let eta = (1.0 - e * e).sqrt();
    let k = 1.0 + e * cos_f;
    let tan_i = chief.inclination_rad.tan();
    let per_speed = 1.0 / (chief.mean_motion_rad_s() * chief.semi_major_axis_m());
    let unscaled = [
        [2.0 * e * sin_f / eta, 2.0 * k / eta, 0.0],
        [-2.0 * eta * eta / k - eta * e * cos_f / (1.0 + eta), eta * e * (1.0 + k) * sin_f / ((1.0 + eta) * k), 0.0],
        [eta * sin_theta, eta * ((1.0 + k) * cos_theta + ex) / k, eta * ey * sin_theta / (k * tan_i)],
        [-eta * cos_theta, eta * ((1.0 + k) * sin_theta + ey) / k, -eta * ex * sin_theta / (k * tan_i)],
        [0.0, 0.0, eta * cos_theta / k],
        [0.0, 0.0, eta * sin_theta / k],
    ];
    unscaled.map(|row| row.map(|entry| entry * per_speed))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{assert_close, reference_chief};
    use super::super::{Dynamics, apply_impulse_exact};
    use super::*;

    const AXES: [DVec3; 3] = [DVec3::X, DVec3::Y, DVec3::Z];

    #[test]
    fn burns_at_30_degrees_have_the_printed_effect() {
        let chief = reference_chief();
        let (n, a_m) = (chief.mean_motion_rad_s(), chief.semi_major_axis_m());
        let printed = [
            [0.0, -92.763723378, 23.190930845, -40.167870498, 0.0, 0.0],
            [92.763723378, 0.0, 80.335740995, 46.381861689, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 40.167870498, 23.190930845],
        ];
        let matrix = control_matrix_near_circular(n, a_m, 30f64.to_radians());
        for (axis, expected) in printed.iter().enumerate() {
            let effect_m: Vec<f64> = matrix.iter().map(|row| row[axis] * 0.05 * a_m).collect();
            assert_close(&effect_m, expected, 1e-9);
            let impulse = Impulse { dv_rtn_m_s: 0.05 * AXES[axis] };
            let applied =
                apply_impulse_near_circular(n, a_m, 30f64.to_radians(), &RelativeOrbitalElements::default(), &impulse);
            assert_close(&applied.to_metres(7000.0), expected, 1e-9);
        }
    }

    #[test]
    fn exact_matrix_has_the_printed_values_at_80_degrees_anomaly() {
        let chief = ChiefOrbit { mean_anomaly_rad: 80f64.to_radians(), ..reference_chief() };
        let printed = [
            [1.970296856982e-3, 2.000344415631, 0.0],
            [-1.999740497685, 9.850631254e-4, 0.0],
            [0.9390165342152, -0.6868161691682, -6.597375556e-5],
            [0.3438705402771, 1.878371773625, 1.142698966e-4],
            [0.0, 0.0, -0.3438115051842],
            [0.0, 0.0, 0.9388553254990],
        ];
        let speed = chief.mean_motion_rad_s() * chief.semi_major_axis_m();
        for (row, expected) in control_matrix_exact(&chief, 0.0).iter().zip(printed) {
            assert_close(&row.map(|entry| entry * speed), &expected, 1e-12);
        }
    }

    /// Central differences of inertial impulses through the exact elements.
    #[test]
    fn exact_matrix_matches_finite_differences_at_any_eccentricity() {
        const STEP_M_S: f64 = 0.05;
        // Third-order terms of a 0.05 m/s step at 7.5 km/s, amplified by 1/(1 − e) at e = 0.5, stay below this.
        const TOLERANCE: f64 = 1e-8;
        for eccentricity in [0.001, 0.1, 0.5] {
            let chief = ChiefOrbit { eccentricity, ..reference_chief() };
            let speed = chief.mean_motion_rad_s() * chief.semi_major_axis_m();
            for time_s in [0.0, 700.0, 2200.0, 4800.0] {
                let matrix = control_matrix_exact(&chief, time_s);
                for (axis, direction) in AXES.into_iter().enumerate() {
                    let burn = |dv_rtn_m_s: DVec3| {
                        apply_impulse_exact(
                            &chief,
                            time_s,
                            &RelativeOrbitalElements::default(),
                            &Impulse { dv_rtn_m_s },
                        )
                        .as_array()
                    };
                    let (ahead, behind) = (burn(STEP_M_S * direction), burn(-STEP_M_S * direction));
                    for row in 0..6 {
                        let difference = (ahead[row] - behind[row]) / (2.0 * STEP_M_S);
                        assert!(
                            (difference - matrix[row][axis]).abs() * speed < TOLERANCE,
                            "e {eccentricity} row {row} axis {axis}"
                        );
                    }
                }
            }
        }
    }

    /// The near-circular matrix is the exact one at zero eccentricity.
    #[test]
    fn near_circular_matrix_matches_finite_differences_on_a_circular_chief() {
        let chief = ChiefOrbit { eccentricity: 0.0, ..reference_chief() };
        let (n, a_m) = (chief.mean_motion_rad_s(), chief.semi_major_axis_m());
        const STEP_M_S: f64 = 0.05;
        let state = Dynamics::TwoBody.initial(&chief, RelativeOrbitalElements::default(), 1000.0);
        let matrix = control_matrix_near_circular(n, a_m, state.argument_of_latitude_rad);
        for (axis, direction) in AXES.into_iter().enumerate() {
            let burn = |sign: f64| {
                let impulse = Impulse { dv_rtn_m_s: sign * STEP_M_S * direction };
                Dynamics::TwoBody.apply_impulse(&chief, &state, &impulse).roe.as_array()
            };
            let (ahead, behind) = (burn(1.0), burn(-1.0));
            for row in 0..6 {
                let difference = (ahead[row] - behind[row]) / (2.0 * STEP_M_S);
                assert!((difference - matrix[row][axis]).abs() * n * a_m < 1e-8, "row {row} axis {axis}");
            }
        }
    }
}
