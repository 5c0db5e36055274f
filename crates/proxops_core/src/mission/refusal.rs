use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Action, Arrival, Mission};
use crate::orbit::RelativeState;

/// Why a step cannot be flown: it leads out of what the orbit models describe.
#[derive(Debug, Clone, Copy, PartialEq, Error, Serialize, Deserialize)]
pub enum StepRefusal {
    /// The servicer would leave the central body for ever.
    #[error("the servicer would leave its central body for ever: eccentricity {eccentricity:.3}; accepted: below 1")]
    Unbound {
        /// Eccentricity after the burn.
        eccentricity: f64,
    },
    /// The servicer's orbit would meet the central body.
    #[error(
        "the servicer's orbit would go through its central body: perigee {perigee_km:.3} km from the centre; accepted: \
         at least {body_radius_km} km (chief.body_radius_km)"
    )]
    Impact {
        /// Least distance from the body's centre after the burn, km.
        perigee_km: f64,
        /// The body's radius, km.
        body_radius_km: f64,
    },
    /// Elements or position are infinite or not a number.
    #[error("the servicer's motion would be no finite number")]
    MotionNotFinite,
    /// The image has changed the belief, or is worth, by an amount that is infinite or not a number.
    #[error("the step's reward would be no finite number")]
    RewardNotFinite,
}

impl Mission {
    /// Whether the step that leads there can be flown.
    ///
    /// # Errors
    /// [`StepRefusal`] when the orbit after the burn is unbound, goes through the central body, or is no finite number.
    #[inline]
    pub fn check(&self, arrival: &Arrival) -> Result<(), StepRefusal> {
        let roe = &arrival.after_burn.roe;
        let [chief_x, chief_y] = self.chief_eccentricity;
        let (x, y) = (chief_x + roe.dex, chief_y + roe.dey);
        let eccentricity = (x * x + y * y).sqrt();
        if !(eccentricity + roe.da).is_finite() {
            return Err(StepRefusal::MotionNotFinite);
        }
        if eccentricity >= 1.0 || roe.da <= -1.0 {
            return Err(StepRefusal::Unbound { eccentricity });
        }
        let perigee_km = self.chief().semi_major_axis_km * (1.0 + roe.da) * (1.0 - eccentricity);
        if perigee_km < self.body_radius_km {
            return Err(StepRefusal::Impact { perigee_km, body_radius_km: self.body_radius_km });
        }
        if arrival.position_rtn_m.is_finite() { Ok(()) } else { Err(StepRefusal::MotionNotFinite) }
    }

    /// Which actions can be flown from a state, by index. Where not a single one can, none is left out: the episode then
    /// ends with the step that is refused.
    pub fn permitted(&self, relative: &RelativeState) -> [bool; Action::COUNT] {
        let permitted = Action::ALL.map(|action| self.check(&self.advance(relative, action)).is_ok());
        if permitted.contains(&true) { permitted } else { [true; Action::COUNT] }
    }

    /// What a search charges for a step that is refused, in shares of H₀: more than any flight could lose otherwise, which
    /// is all information and the dearest burn and the keep-out cost in every step. The imagined state stays as it was.
    pub fn refused_step_cost(&self) -> f64 {
        let reward = &self.scenario().reward;
        let dearest_step = reward.dv_cost_per_m_s * self.actions().large_dv_m_s + reward.keep_out_cost;
        1.0 + f64::from(self.steps()) * dearest_step
    }
}
