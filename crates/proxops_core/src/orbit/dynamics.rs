use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::impulse::apply_impulse_near_circular;
use super::rtn::{roe_near_circular, rtn_near_circular};
use super::{
    ChiefOrbit, Impulse, OrbitError, RelativeOrbitalElements, RtnState, apply_impulse_exact, roe_from_rtn_exact,
    rtn_exact,
};

/// How the relative motion is modelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dynamics {
    /// First-order motion about a near-circular chief: cheap, and within 0.6 m of the exact motion over one reference
    /// orbit. Its error grows with the chief's eccentricity: see [`model_error`](super::model_error()).
    #[default]
    NearCircular,
    /// Exact two-body motion of chief and deputy, at any eccentricity.
    TwoBody,
}

/// The deputy's motion relative to the chief at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RelativeState {
    /// Time since the chief's elements were given, s.
    pub time_s: f64,
    /// Relative elements at that time.
    pub roe: RelativeOrbitalElements,
    /// The chief's mean argument of latitude at that time, rad, not wrapped: a function of `time_s`, kept because
    /// every map needs it.
    pub argument_of_latitude_rad: f64,
}

impl Dynamics {
    /// Every model, in the order of the panels.
    pub const ALL: [Self; 2] = [Self::NearCircular, Self::TwoBody];

    /// The state with the given relative elements at `time_s`.
    pub fn initial(&self, chief: &ChiefOrbit, roe: RelativeOrbitalElements, time_s: f64) -> RelativeState {
        RelativeState { time_s, roe, argument_of_latitude_rad: chief.argument_of_latitude_rad(time_s) }
    }

    /// The state just after an impulse.
    #[inline]
    pub fn apply_impulse(&self, chief: &ChiefOrbit, state: &RelativeState, impulse: &Impulse) -> RelativeState {
        if *impulse == Impulse::NONE {
            return *state;
        }
        let roe = match self {
            Self::NearCircular => apply_impulse_near_circular(
                chief.mean_motion_rad_s(),
                chief.semi_major_axis_m(),
                state.argument_of_latitude_rad,
                &state.roe,
                impulse,
            ),
            Self::TwoBody => apply_impulse_exact(chief, state.time_s, &state.roe, impulse),
        };
        RelativeState { roe, ..*state }
    }

    /// The state `dt_s` later without burns. Only δλ drifts: by −1.5 n δa dt to first order (near circular),
    /// by n[(1 + δa)^(−3/2) − 1] dt exactly (two-body).
    #[inline]
    pub fn propagate(&self, chief: &ChiefOrbit, state: &RelativeState, dt_s: f64) -> RelativeState {
        let n_rad_s = chief.mean_motion_rad_s();
        let relative_rate = match self {
            Self::NearCircular => -1.5 * state.roe.da,
            // expm1 and log1p keep the digits that 1 + δa − 1 would lose.
            Self::TwoBody => (-1.5 * state.roe.da.ln_1p()).exp_m1(),
        };
        let time_s = state.time_s + dt_s;
        let roe = RelativeOrbitalElements { dlambda: state.roe.dlambda + n_rad_s * relative_rate * dt_s, ..state.roe };
        let argument_of_latitude_rad = chief.argument_of_perigee_rad + chief.mean_anomaly_rad + n_rad_s * time_s;
        RelativeState { time_s, roe, argument_of_latitude_rad }
    }

    /// Position and velocity in the chief's RTN frame.
    #[inline]
    pub fn rtn(&self, chief: &ChiefOrbit, state: &RelativeState) -> RtnState {
        match self {
            Self::NearCircular => rtn_near_circular(
                chief.mean_motion_rad_s(),
                chief.semi_major_axis_m(),
                state.argument_of_latitude_rad,
                &state.roe,
            ),
            Self::TwoBody => rtn_exact(chief, state.time_s, &state.roe),
        }
    }

    /// The relative elements of an RTN state: the exact inverse of [`Self::rtn`].
    pub fn roe_from_rtn(&self, chief: &ChiefOrbit, time_s: f64, rtn: &RtnState) -> RelativeOrbitalElements {
        match self {
            Self::NearCircular => roe_near_circular(
                chief.mean_motion_rad_s(),
                chief.semi_major_axis_m(),
                chief.argument_of_latitude_rad(time_s),
                rtn,
            ),
            Self::TwoBody => roe_from_rtn_exact(chief, time_s, rtn),
        }
    }
}

impl fmt::Display for Dynamics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::NearCircular => "NearCircular",
            Self::TwoBody => "TwoBody",
        })
    }
}

impl FromStr for Dynamics {
    type Err = OrbitError;

    /// Accepts the names of [`Display`](fmt::Display), whatever their case, with `-` or `_` between words or nothing.
    fn from_str(text: &str) -> Result<Self, OrbitError> {
        let name = text.replace(['-', '_'], "").to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|dynamics| dynamics.to_string().to_ascii_lowercase() == name)
            .ok_or_else(|| OrbitError::UnknownDynamics(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{assert_close, reference_chief, reference_roe};
    use super::*;
    use glam::DVec3;
    use proptest::prelude::*;

    /// Burns T +0.05, R −0.05, N +0.05, T −0.05 m/s at steps 0, 3, 7, 20 of 120 s; the state after `steps` steps and
    /// any burn there.
    fn burn_sequence(dynamics: Dynamics, steps: u32) -> RelativeState {
        let chief = reference_chief();
        let mut state = dynamics.initial(&chief, reference_roe(), 0.0);
        for step in 0..=steps {
            if step > 0 {
                state = dynamics.propagate(&chief, &state, 120.0);
            }
            let dv_rtn_m_s = match step {
                0 => DVec3::Y * 0.05,
                3 => DVec3::X * -0.05,
                7 => DVec3::Z * 0.05,
                20 => DVec3::Y * -0.05,
                _ => continue,
            };
            state = dynamics.apply_impulse(&chief, &state, &Impulse { dv_rtn_m_s });
        }
        state
    }

    #[test]
    fn burn_sequence_has_the_printed_elements_and_positions() {
        let chief = reference_chief();
        let after_k = |k| burn_sequence(Dynamics::NearCircular, k);
        let position = |state| Dynamics::NearCircular.rtn(&chief, &state).position_rtn_m.to_array();
        let printed_roe = [
            (0, [92.763723378108, 200.0, 180.335740995074, 46.381861689054, 50.0, 0.0]),
            (5, [92.763723378108, 202.763723378108, 143.669272361423, 74.786917078544, 50.0, 0.0]),
            (30, [0.0, -67.236276621892, 236.389069183382, 71.932507811332, 56.54901334257, 45.917181076166]),
        ];
        for (k, expected) in printed_roe {
            assert_close(&after_k(k).roe.to_metres(7000.0), &expected, 1e-9);
        }
        let printed_rtn = [
            (5, [-32.107586815316, 409.075125656814, 46.045394395584]),
            (10, [55.280423169141, 427.907785625318, 66.041264102326]),
            (30, [140.202063814429, -474.163587141046, -39.970235329496]),
        ];
        for (k, expected) in printed_rtn {
            assert_close(&position(after_k(k)), &expected, 1e-9);
        }
    }

    #[test]
    fn burn_sequence_ends_where_exact_motion_does() {
        let state = burn_sequence(Dynamics::TwoBody, 30);
        let position = Dynamics::TwoBody.rtn(&reference_chief(), &state).position_rtn_m.to_array();
        assert_close(&position, &[140.699859781029, -474.371078994082, -39.844632969415], 1e-6);
    }

    #[test]
    fn names_parse_and_print() {
        for dynamics in Dynamics::ALL {
            assert_eq!(dynamics.to_string().parse::<Dynamics>(), Ok(dynamics));
        }
        assert_eq!("two-body".parse::<Dynamics>(), Ok(Dynamics::TwoBody));
        assert!("kepler".parse::<Dynamics>().unwrap_err().to_string().contains("NearCircular"));
    }

    /// Propagation over dt is a linear map of the elements; its derivative with respect to δa is the drift term.
    #[test]
    fn drift_matches_finite_differences_of_exact_motion() {
        let chief = reference_chief();
        const STEP: f64 = 1e-6;
        let dlambda = |da: f64| {
            let start = Dynamics::TwoBody.initial(&chief, RelativeOrbitalElements { da, ..Default::default() }, 0.0);
            Dynamics::TwoBody.propagate(&chief, &start, 120.0).roe.dlambda
        };
        let difference = (dlambda(STEP) - dlambda(-STEP)) / (2.0 * STEP);
        assert!((difference - -0.194_041_370_317_051_1).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn rtn_map_inverts_in_both_models(metres in prop::array::uniform6(-500.0..500.0f64), time_s in 0.0..6000.0f64) {
            let chief = reference_chief();
            for dynamics in Dynamics::ALL {
                let roe = RelativeOrbitalElements::from_metres(metres, 7000.0);
                let state = dynamics.initial(&chief, roe, time_s);
                let back = dynamics.roe_from_rtn(&chief, time_s, &dynamics.rtn(&chief, &state));
                // 1e-6 m of 500 m: inertial states of 7000 km and 7.5 km/s carry 1e-9 relative digits into δa.
                assert_close(&back.to_metres(7000.0), &metres, 1e-6);
            }
        }

        #[test]
        fn an_impulse_changes_velocity_and_moves_no_position(
            metres in prop::array::uniform6(-500.0..500.0f64),
            dv in prop::array::uniform3(-0.1..0.1f64),
            time_s in 0.0..6000.0f64,
        ) {
            let chief = reference_chief();
            let impulse = Impulse { dv_rtn_m_s: DVec3::from_array(dv) };
            for dynamics in Dynamics::ALL {
                let before = dynamics.initial(&chief, RelativeOrbitalElements::from_metres(metres, 7000.0), time_s);
                let after = dynamics.apply_impulse(&chief, &before, &impulse);
                let (rtn_before, rtn_after) = (dynamics.rtn(&chief, &before), dynamics.rtn(&chief, &after));
                prop_assert!((rtn_after.position_rtn_m - rtn_before.position_rtn_m).length() < 1e-6);
                let gained = rtn_after.velocity_rtn_m_s - rtn_before.velocity_rtn_m_s;
                prop_assert!((gained - impulse.dv_rtn_m_s).length() < 1e-9);
            }
        }

        #[test]
        fn two_half_coasts_are_one_whole_coast(metres in prop::array::uniform6(-500.0..500.0f64), dt_s in 1.0..3000.0f64) {
            let chief = reference_chief();
            for dynamics in Dynamics::ALL {
                let start = dynamics.initial(&chief, RelativeOrbitalElements::from_metres(metres, 7000.0), 0.0);
                let whole = dynamics.propagate(&chief, &start, dt_s);
                let halves = dynamics.propagate(&chief, &dynamics.propagate(&chief, &start, 0.5 * dt_s), 0.5 * dt_s);
                assert_close(&halves.roe.to_metres(7000.0), &whole.roe.to_metres(7000.0), 1e-8);
            }
        }
    }
}
