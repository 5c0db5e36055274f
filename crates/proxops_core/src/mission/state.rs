use glam::DVec3;
use rand::RngExt;

use super::{Mission, Purpose, Seed, StepRefusal, StreamKey};
use crate::orbit::{RelativeOrbitalElements, RelativeState};
use crate::sensor::{Observation, RayCaster};
use crate::voxel::Belief;

/// Everything that changes during an episode.
#[derive(Debug, Clone)]
pub struct MissionState {
    /// Seed of the run.
    pub seed: Seed,
    /// Number of the episode in the run.
    pub episode: u32,
    /// Decisions taken so far.
    pub step: u32,
    /// The servicer's motion.
    pub relative: RelativeState,
    /// What is believed about the target.
    pub belief: Belief,
    /// Velocity change spent so far, m/s.
    pub dv_spent_m_s: f64,
    /// Sum of the rewards so far, not discounted.
    pub total_reward: f64,
    /// Smallest distance to the target's centre so far, between steps too, m.
    pub closest_approach_m: f64,
    /// The step that was refused and ended the episode.
    pub refusal: Option<StepRefusal>,
}

impl MissionState {
    /// Whether every decision has been taken, or a step was refused.
    pub fn is_done(&self, mission: &Mission) -> bool {
        self.step >= mission.steps() || self.refusal.is_some()
    }

    /// Names the random numbers of this episode's current step.
    pub fn stream_key(&self, purpose: Purpose) -> StreamKey {
        StreamKey { seed: self.seed, episode: self.episode, step: self.step, simulation: 0, purpose }
    }

    /// Position of the servicer, m in R, T, N.
    pub fn position_rtn_m(&self, mission: &Mission) -> DVec3 {
        mission.dynamics().rtn(mission.chief(), &self.relative).position_rtn_m
    }
}

impl Mission {
    /// An episode before its first image: the start drawn within the scenario's spread, the belief at the prior.
    /// A function of the seed and the episode's number alone.
    pub fn initial_state(&self, seed: Seed, episode: u32) -> MissionState {
        let mut rng = StreamKey { seed, episode, step: 0, simulation: 0, purpose: Purpose::Start }.rng();
        let start = &self.scenario().start;
        let mut a_roe_m = start.a_roe_m;
        for (metres, spread_m) in a_roe_m.iter_mut().zip(start.spread_m) {
            // Drawn for every component, so that one component's spread changes no other's draw.
            *metres += spread_m * (2.0 * rng.random::<f64>() - 1.0);
        }
        let roe = RelativeOrbitalElements::from_metres(a_roe_m, self.chief().semi_major_axis_km);
        let relative = self.dynamics().initial(self.chief(), roe, 0.0);
        let range_m = self.dynamics().rtn(self.chief(), &relative).position_rtn_m.length();
        MissionState {
            seed,
            episode,
            step: 0,
            relative,
            belief: self.prior_belief().clone(),
            dv_spent_m_s: 0.0,
            total_reward: 0.0,
            closest_approach_m: range_m,
            refusal: None,
        }
    }

    /// An episode ready for its first decision: [`Mission::initial_state`] with the first image taken. That image is
    /// free: rewards begin with the first decision. `observation` holds the image afterwards.
    pub fn begin(
        &self,
        seed: Seed,
        episode: u32,
        caster: &mut RayCaster,
        observation: &mut Observation,
    ) -> MissionState {
        let mut state = self.initial_state(seed, episode);
        self.look(&mut state, caster, observation);
        state
    }

    /// Takes an image of the true shape from where the servicer is and updates the belief. Returns position (m in R,
    /// T, N) and the fall in entropy (nats).
    pub(super) fn look(
        &self,
        state: &mut MissionState,
        caster: &mut RayCaster,
        observation: &mut Observation,
    ) -> (DVec3, f64) {
        let position_rtn_m = state.position_rtn_m(self);
        let mut rng = state.stream_key(Purpose::Sensor).rng();
        caster.observe(self.truth(), position_rtn_m, self.sensor(), &mut rng, observation);
        let drop_nats = self.update_rule().apply(observation, self.sensor(), &mut state.belief);
        (position_rtn_m, drop_nats)
    }
}
