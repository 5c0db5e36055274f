//! Exact relative motion of two point masses round a third: relative elements to inertial states to the chief's RTN
//! frame and back.

use glam::{DMat3, DVec3};

use super::{ChiefOrbit, Impulse, QuasiNonsingularElements, RelativeOrbitalElements, RtnState};

/// The chief's RTN frame at one time: where it is, how it moves and how it turns.
struct RtnFrame {
    position_eci_m: DVec3,
    velocity_eci_m_s: DVec3,
    /// Columns are the inertial directions of R, T and N.
    axes: DMat3,
    /// Rate of turn round N, rad/s.
    rate_rad_s: f64,
}

impl RtnFrame {
    fn of(position_eci_m: DVec3, velocity_eci_m_s: DVec3) -> Self {
        let momentum = position_eci_m.cross(velocity_eci_m_s);
        let (radial, normal) = (position_eci_m.normalize(), momentum.normalize());
        Self {
            position_eci_m,
            velocity_eci_m_s,
            axes: DMat3::from_cols(radial, normal.cross(radial), normal),
            rate_rad_s: momentum.length() / position_eci_m.length_squared(),
        }
    }

    fn to_rtn(&self, position_eci_m: DVec3, velocity_eci_m_s: DVec3) -> RtnState {
        let to_frame = self.axes.transpose();
        let position_rtn_m = to_frame * (position_eci_m - self.position_eci_m);
        let turning = DVec3::new(-position_rtn_m.y, position_rtn_m.x, 0.0) * self.rate_rad_s;
        RtnState { position_rtn_m, velocity_rtn_m_s: to_frame * (velocity_eci_m_s - self.velocity_eci_m_s) - turning }
    }

    fn to_eci(&self, rtn: &RtnState) -> (DVec3, DVec3) {
        let turning = DVec3::new(-rtn.position_rtn_m.y, rtn.position_rtn_m.x, 0.0) * self.rate_rad_s;
        let position = self.position_eci_m + self.axes * rtn.position_rtn_m;
        (position, self.velocity_eci_m_s + self.axes * (rtn.velocity_rtn_m_s + turning))
    }
}

/// The deputy's exact RTN state at a time.
pub fn rtn_exact(chief: &ChiefOrbit, time_s: f64, roe: &RelativeOrbitalElements) -> RtnState {
    let mu = chief.mu_m3_s2();
    let elements = chief.elements_at(time_s);
    let (chief_position, chief_velocity) = elements.to_eci(mu);
    let (position, velocity) = roe.deputy(&elements).to_eci(mu);
    RtnFrame::of(chief_position, chief_velocity).to_rtn(position, velocity)
}

/// The relative elements of an RTN state at a time: the exact inverse of [`rtn_exact`].
pub fn roe_from_rtn_exact(chief: &ChiefOrbit, time_s: f64, rtn: &RtnState) -> RelativeOrbitalElements {
    let mu = chief.mu_m3_s2();
    let elements = chief.elements_at(time_s);
    let (chief_position, chief_velocity) = elements.to_eci(mu);
    let (position, velocity) = RtnFrame::of(chief_position, chief_velocity).to_eci(rtn);
    RelativeOrbitalElements::between(&elements, &QuasiNonsingularElements::from_eci(position, velocity, mu))
}

/// The relative elements after an impulse at a time: the deputy's inertial velocity changes, its position does not.
pub fn apply_impulse_exact(
    chief: &ChiefOrbit,
    time_s: f64,
    roe: &RelativeOrbitalElements,
    impulse: &Impulse,
) -> RelativeOrbitalElements {
    let mu = chief.mu_m3_s2();
    let elements = chief.elements_at(time_s);
    let (chief_position, chief_velocity) = elements.to_eci(mu);
    let (position, velocity) = roe.deputy(&elements).to_eci(mu);
    let burned = velocity + RtnFrame::of(chief_position, chief_velocity).axes * impulse.dv_rtn_m_s;
    RelativeOrbitalElements::between(&elements, &QuasiNonsingularElements::from_eci(position, burned, mu))
}

#[cfg(test)]
mod tests {
    use super::super::Dynamics;
    use super::super::test_support::{assert_close, reference_chief, reference_roe};
    use super::*;

    #[test]
    fn printed_exact_positions_and_velocities_of_the_nominal_orbit() {
        let chief = reference_chief();
        let start = Dynamics::TwoBody.initial(&chief, reference_roe(), 0.0);
        let printed = [
            (0.0, [-86.607237794, 300.227834552, 24.976547867], [54.220197, 186.995591, 46.725415]),
            (1200.0, [24.764477614, 393.966844779, 48.452401082], [104.610933, -53.125162, -13.203741]),
            (3000.0, [81.608420205, 84.286689229, -28.911995402], [-62.360463, -175.702438, -43.950317]),
            (6000.0, [-75.881150846, 330.398958930, 32.516643592], [70.518666, 163.881533, 40.962983]),
        ];
        for (time_s, position_m, velocity_mm_s) in printed {
            let rtn = Dynamics::TwoBody.rtn(&chief, &Dynamics::TwoBody.propagate(&chief, &start, time_s));
            // Inertial positions of 7000 km carry 1e-9 m; the printed values have as many digits.
            assert_close(&rtn.position_rtn_m.to_array(), &position_m, 1e-8);
            assert_close(&(rtn.velocity_rtn_m_s * 1e3).to_array(), &velocity_mm_s, 1e-6);
        }
    }

    #[test]
    fn exact_map_inverts_exactly_far_from_circular() {
        let chief = ChiefOrbit { eccentricity: 0.3, ..reference_chief() };
        for time_s in [0.0, 800.0, 3000.0, 5500.0] {
            let back = roe_from_rtn_exact(&chief, time_s, &rtn_exact(&chief, time_s, &reference_roe()));
            assert_close(&back.as_array(), &reference_roe().as_array(), 1e-14);
        }
    }

    #[test]
    fn rtn_velocity_is_the_derivative_of_rtn_position() {
        let chief = ChiefOrbit { eccentricity: 0.3, ..reference_chief() };
        let start = Dynamics::TwoBody.initial(&chief, reference_roe(), 400.0);
        const HALF_STEP_S: f64 = 0.5;
        let rtn = |dt_s: f64| Dynamics::TwoBody.rtn(&chief, &Dynamics::TwoBody.propagate(&chief, &start, dt_s));
        let difference = (rtn(HALF_STEP_S).position_rtn_m - rtn(-HALF_STEP_S).position_rtn_m) / (2.0 * HALF_STEP_S);
        assert!((difference - rtn(0.0).velocity_rtn_m_s).length() < 1e-6);
    }
}
