use glam::DVec3;
use serde::{Deserialize, Serialize};

use super::RelativeOrbitalElements;

/// The deputy's position and velocity in the chief's rotating frame: R radially outwards, T along the motion, N along
/// the angular momentum. The velocity is relative to that rotating frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RtnState {
    /// Position (R, T, N), m.
    pub position_rtn_m: DVec3,
    /// Velocity (R, T, N) relative to the rotating frame, m/s.
    pub velocity_rtn_m_s: DVec3,
}

/// First-order near-circular map from relative elements to (r_R, r_T, r_N) in m and (v_R, v_T, v_N) in m/s, at mean
/// argument of latitude `u_rad` of a chief with mean motion `n_rad_s` and semi-major axis `a_m`. D'Amico 2010, Eq.
/// 2.17; error O(e)·|δr|.
pub fn roe_to_rtn_matrix(n_rad_s: f64, a_m: f64, u_rad: f64) -> [[f64; 6]; 6] {
    let (s, c) = u_rad.sin_cos();
    let v = a_m * n_rad_s;
    [
        [a_m, 0.0, -a_m * c, -a_m * s, 0.0, 0.0],
        [0.0, a_m, 2.0 * a_m * s, -2.0 * a_m * c, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, a_m * s, -a_m * c],
        [0.0, 0.0, v * s, -v * c, 0.0, 0.0],
        [-1.5 * v, 0.0, 2.0 * v * c, 2.0 * v * s, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, v * c, v * s],
    ]
}

/// The exact inverse of [`roe_to_rtn_matrix`]: columns (r_R, r_T, r_N, v_R, v_T, v_N) in m and m/s.
pub fn rtn_to_roe_matrix(n_rad_s: f64, a_m: f64, u_rad: f64) -> [[f64; 6]; 6] {
    let (s, c) = u_rad.sin_cos();
    let (r, v) = (1.0 / a_m, 1.0 / (a_m * n_rad_s));
    [
        [4.0 * r, 0.0, 0.0, 0.0, 2.0 * v, 0.0],
        [0.0, r, 0.0, -2.0 * v, 0.0, 0.0],
        [3.0 * r * c, 0.0, 0.0, v * s, 2.0 * v * c, 0.0],
        [3.0 * r * s, 0.0, 0.0, -v * c, 2.0 * v * s, 0.0],
        [0.0, 0.0, r * s, 0.0, 0.0, v * c],
        [0.0, 0.0, -r * c, 0.0, 0.0, v * s],
    ]
}

/// [`roe_to_rtn_matrix`] applied, without forming it.
#[inline]
pub(super) fn rtn_near_circular(n_rad_s: f64, a_m: f64, u_rad: f64, roe: &RelativeOrbitalElements) -> RtnState {
    let (s, c) = u_rad.sin_cos();
    let along = roe.dex * c + roe.dey * s;
    let across = roe.dex * s - roe.dey * c;
    let position = DVec3::new(roe.da - along, roe.dlambda + 2.0 * across, roe.dix * s - roe.diy * c);
    let velocity = DVec3::new(across, -1.5 * roe.da + 2.0 * along, roe.dix * c + roe.diy * s);
    RtnState { position_rtn_m: a_m * position, velocity_rtn_m_s: a_m * n_rad_s * velocity }
}

/// [`rtn_to_roe_matrix`] applied, without forming it.
pub(super) fn roe_near_circular(n_rad_s: f64, a_m: f64, u_rad: f64, rtn: &RtnState) -> RelativeOrbitalElements {
    let (s, c) = u_rad.sin_cos();
    let r = rtn.position_rtn_m / a_m;
    let v = rtn.velocity_rtn_m_s / (a_m * n_rad_s);
    let along = 3.0 * r.x + 2.0 * v.y;
    RelativeOrbitalElements {
        da: 4.0 * r.x + 2.0 * v.y,
        dlambda: r.y - 2.0 * v.x,
        dex: along * c + v.x * s,
        dey: along * s - v.x * c,
        dix: r.z * s + v.z * c,
        diy: -r.z * c + v.z * s,
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{assert_close, entries, reference_chief, reference_roe};
    use super::super::{ChiefOrbit, Dynamics, rtn_exact};
    use super::*;

    fn as_array(rtn: &RtnState) -> [f64; 6] {
        let (r, v) = (rtn.position_rtn_m, rtn.velocity_rtn_m_s);
        [r.x, r.y, r.z, v.x, v.y, v.z]
    }

    fn unit_roe(index: usize, size: f64) -> RelativeOrbitalElements {
        let mut roe = [0.0; 6];
        roe[index] = size;
        RelativeOrbitalElements::from_array(roe)
    }

    #[test]
    fn map_agrees_with_its_matrix_column_by_column() {
        let (n, a_m, u) = (1.1e-3, 7e6, 0.7);
        let matrix = roe_to_rtn_matrix(n, a_m, u);
        for column in 0..6 {
            let mapped = as_array(&rtn_near_circular(n, a_m, u, &unit_roe(column, 1e-4)));
            let expected: Vec<f64> = matrix.iter().map(|row| row[column] * 1e-4).collect();
            assert_close(&mapped, &expected, 1e-10);
        }
    }

    #[test]
    fn inverse_matrix_times_matrix_is_the_identity() {
        let (n, a_m, u) = (1.1e-3, 7e6, 2.3);
        let (forward, inverse) = (roe_to_rtn_matrix(n, a_m, u), rtn_to_roe_matrix(n, a_m, u));
        for (row, column) in entries(6) {
            let product: f64 = (0..6).map(|k| inverse[row][k] * forward[k][column]).sum();
            assert!((product - f64::from(u8::from(row == column))).abs() < 1e-14);
        }
    }

    /// Central differences of the exact elements → inertial → RTN chain on a circular chief, where the first-order map
    /// is exact.
    #[test]
    fn matrix_matches_finite_differences_of_the_exact_map() {
        let chief = ChiefOrbit::new(7000.0, 0.0, 1.7, 0.3, 0.0, 0.4).expect("valid elements");
        // 7 m steps: second-order terms cancel in the central difference, third-order ones are (7 m / 7000 km)² ≈
        // 1e-12.
        const STEP: f64 = 1e-6;
        let (n, a_m) = (chief.mean_motion_rad_s(), chief.semi_major_axis_m());
        for time_s in [0.0, 900.0, 2500.0, 5000.0] {
            let matrix = roe_to_rtn_matrix(n, a_m, chief.argument_of_latitude_rad(time_s));
            for (row, column) in entries(6) {
                let ahead = as_array(&rtn_exact(&chief, time_s, &unit_roe(column, STEP)));
                let behind = as_array(&rtn_exact(&chief, time_s, &unit_roe(column, -STEP)));
                let scale = if row < 3 { a_m } else { a_m * n };
                let difference = (ahead[row] - behind[row]) / (2.0 * STEP);
                assert!((difference - matrix[row][column]).abs() < 1e-8 * scale, "row {row} column {column}");
            }
        }
    }

    /// rpo-core `roe_to_ric.rs`, D'Amico Table 2.1 case 1.
    #[test]
    fn damico_table_2_1_case_1() {
        let chief = ChiefOrbit::new(7078.135, 0.001, 98.19f64.to_radians(), 0.0, 0.0, 0.0).expect("valid elements");
        let roe = RelativeOrbitalElements::from_metres([0.0, 0.0, 0.0, 400.0, 0.0, 200.0], 7078.135);
        let (n, a_m) = (chief.mean_motion_rad_s(), chief.semi_major_axis_m());
        let position = |u: f64| rtn_near_circular(n, a_m, u, &roe).position_rtn_m;
        assert!((position(0.0) - DVec3::new(0.0, -800.0, -200.0)).length() < 1e-9);
        assert!((position(std::f64::consts::FRAC_PI_2) - DVec3::new(-400.0, 0.0, 0.0)).length() < 1e-9);
    }

    #[test]
    fn printed_positions_of_the_nominal_orbit() {
        let chief = reference_chief();
        let start = Dynamics::NearCircular.initial(&chief, reference_roe(), 0.0);
        let printed = [
            (0.0, [-86.602540378, 300.0, 25.0]),
            (1200.0, [24.392551325, 393.958793973, 48.489698493]),
            (3000.0, [81.617934702, 84.440271115, -28.889932221]),
            (6000.0, [-75.936535623, 330.132894498, 32.533223624]),
        ];
        for (time_s, expected) in printed {
            let state = Dynamics::NearCircular.propagate(&chief, &start, time_s);
            let position = Dynamics::NearCircular.rtn(&chief, &state).position_rtn_m;
            assert_close(&position.to_array(), &expected, 1e-9);
        }
    }
}
