use glam::DVec3;
use serde::{Deserialize, Serialize};

use super::{Action, Mission, MissionState, StepRefusal};
use crate::orbit::{RelativeState, closest_range_m};
use crate::sensor::{Observation, RayCaster};

/// Where an action leads: the motion of one step, without its image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// Just after the burn.
    pub after_burn: RelativeState,
    /// At the end of the step.
    pub relative: RelativeState,
    /// Position at the end of the step, m in R, T, N.
    pub position_rtn_m: DVec3,
    /// Size of the burn, m/s.
    pub dv_m_s: f64,
}

/// What one decision did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Number of the decision, from 1; its image is that step's.
    pub step: u32,
    /// The decision.
    pub action: Action,
    /// Reward of the step.
    pub reward: f64,
    /// Entropy before the step, nats.
    pub entropy_before_nats: f64,
    /// Entropy after the step's image, nats.
    pub entropy_after_nats: f64,
    /// Motion at the end of the step.
    pub relative: RelativeState,
    /// Position at the end of the step, from which the image was taken, m in R, T, N.
    pub position_rtn_m: DVec3,
    /// The burn at the start of the step, m/s in R, T, N.
    pub dv_rtn_m_s: DVec3,
    /// Rays of the image that stopped in a voxel.
    pub ray_hits: u64,
    /// Voxels that rays of the image passed through.
    pub ray_passes: u64,
    /// Smallest distance to the target's centre during the step, m.
    pub closest_range_m: f64,
}

impl Mission {
    /// Burns, then coasts for one step. This is the whole motion model of a step; the search imagines with it too.
    /// Whether it can be flown says [`Mission::check`].
    #[inline]
    pub fn advance(&self, relative: &RelativeState, action: Action) -> Arrival {
        let (dynamics, chief) = (self.dynamics(), self.chief());
        let after_burn = dynamics.apply_impulse(chief, relative, &self.actions().impulse(action));
        let relative = dynamics.propagate(chief, &after_burn, self.step_s());
        let position_rtn_m = dynamics.rtn(chief, &relative).position_rtn_m;
        Arrival { after_burn, relative, position_rtn_m, dv_m_s: self.actions().dv_m_s(action) }
    }

    /// What the coast after a burn costs for coming too near, in shares of H₀: the scenario's `reward.keep_out_cost`
    /// when the servicer is inside the keep-out sphere at any time of the step, otherwise 0. Coming near ends nothing: the
    /// camera works inside the grid too, and the metrics say how close it was.
    #[inline]
    pub fn keep_out_cost(&self, after_burn: &RelativeState) -> f64 {
        let reward = &self.scenario().reward;
        let free = reward.keep_out_cost == 0.0 || self.closest_range_m(after_burn) >= reward.keep_out_radius_m;
        if free { 0.0 } else { reward.keep_out_cost }
    }

    fn closest_range_m(&self, after_burn: &RelativeState) -> f64 {
        closest_range_m(self.dynamics(), self.chief(), after_burn, self.step_s())
    }

    /// One decision: burn, coast, image, belief, reward. `observation` holds the image afterwards. Sensor noise is
    /// keyed by seed, episode and step, so the same decisions always give the same bits.
    ///
    /// # Errors
    /// [`StepRefusal`] for a step that cannot be flown. The servicer stays where it was, and [`MissionState::refusal`] ends
    /// the episode.
    pub fn step(
        &self,
        state: &mut MissionState,
        action: Action,
        caster: &mut RayCaster,
        observation: &mut Observation,
    ) -> Result<Transition, StepRefusal> {
        let flown = self.fly(state, action, caster, observation);
        state.refusal = flown.as_ref().err().copied();
        flown
    }

    fn fly(
        &self,
        state: &mut MissionState,
        action: Action,
        caster: &mut RayCaster,
        observation: &mut Observation,
    ) -> Result<Transition, StepRefusal> {
        let arrival = self.advance(&state.relative, action);
        self.check(&arrival)?;
        let closest_range_m = self.closest_range_m(&arrival.after_burn);
        let before = (state.step, state.relative);
        state.step += 1;
        state.relative = arrival.relative;
        let entropy_before_nats = state.belief.entropy_nats();
        let (position_rtn_m, drop_nats) = self.look(state, caster, observation);
        let reward = self.reward(drop_nats, arrival.dv_m_s) - self.keep_out_cost(&arrival.after_burn);
        if !(reward + state.belief.entropy_nats()).is_finite() {
            (state.step, state.relative) = before;
            return Err(StepRefusal::RewardNotFinite);
        }
        state.dv_spent_m_s += arrival.dv_m_s;
        state.total_reward += reward;
        state.closest_approach_m = state.closest_approach_m.min(closest_range_m);
        Ok(Transition {
            step: state.step,
            action,
            reward,
            entropy_before_nats,
            entropy_after_nats: state.belief.entropy_nats(),
            relative: state.relative,
            position_rtn_m,
            dv_rtn_m_s: self.actions().impulse(action).dv_rtn_m_s,
            ray_hits: observation.total_hits().into(),
            ray_passes: observation.total_passes().into(),
            closest_range_m,
        })
    }
}
