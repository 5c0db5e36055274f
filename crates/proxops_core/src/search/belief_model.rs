use crate::mission::{Action, Mission, Purpose, StreamKey, StreamRng};
use crate::orbit::RelativeState;
use crate::sensor::{Observation, RayCaster};
use crate::voxel::ImaginedShape;

use super::work_times::StopWatch;
use super::{Knowledge, Outcome, SearchModel, WorkTimes};

/// The mission as a decision process over beliefs: burn, coast, one imagined image, Bayes' update.
///
/// With [`Knowledge::SampledBelief`] images are taken of shapes drawn from a node's own belief; the true shape is read
/// only with [`Knowledge::Oracle`]. A step that cannot be flown leaves everything as it was and costs more than any
/// flight could lose ([`Mission::refused_step_cost`]).
pub struct BeliefModel<'a> {
    /// Orbit, camera, sensor and reward.
    pub mission: &'a Mission,
    /// Takes the images.
    pub caster: &'a mut RayCaster,
    /// The image being taken.
    pub observation: &'a mut Observation,
    /// The imagined shape.
    pub shape: &'a mut ImaginedShape,
    /// What the planner may know.
    pub knowledge: Knowledge,
    /// Names the decision; every generator is keyed by it, a simulation and a purpose.
    pub key: StreamKey,
    /// Where the time of its steps is booked: six looks at the clock a step, a few thousandths of its time.
    pub times: &'a mut WorkTimes,
}

/// Coasting first: it costs nothing, and what it brings is the measure for every burn. Then the large burns, which show
/// most, and then the small ones.
const TRIED_IN_ORDER: [usize; Action::COUNT] = [0, 7, 8, 11, 12, 3, 4, 5, 6, 9, 10, 1, 2];
pub(super) const ORDER: [Action; Action::COUNT] = {
    let mut order = Action::ALL;
    let mut place = 0;
    while place < Action::COUNT {
        order[place] = Action::ALL[TRIED_IN_ORDER[place]];
        place += 1;
    }
    order
};

impl SearchModel for BeliefModel<'_> {
    type State = RelativeState;

    fn actions(&self) -> &[Action] {
        &ORDER
    }

    fn rng(&self, simulation: u32, purpose: Purpose) -> StreamRng {
        StreamKey { simulation, purpose, ..self.key }.rng()
    }

    fn imagine(&mut self, belief: &[i16], rng: &mut StreamRng) {
        let mut watch = StopWatch::start();
        if self.knowledge == Knowledge::SampledBelief {
            self.mission.compact_code().imagine(belief, rng, self.shape);
        }
        watch.lap(&mut self.times.rays);
    }

    fn step(
        &mut self,
        state: &RelativeState,
        action: Action,
        belief: &mut [i16],
        rng: &mut StreamRng,
    ) -> Outcome<RelativeState> {
        let mission = self.mission;
        let mut watch = StopWatch::start();
        let arrival = mission.advance(state, action);
        let is_refused = mission.check(&arrival).is_err();
        watch.lap(&mut self.times.orbit);
        if is_refused {
            let reward = -mission.refused_step_cost() as f32;
            return Outcome { state: *state, reward, entropy_drop_nats: 0.0 };
        }
        let (position_rtn_m, sensor) = (arrival.position_rtn_m, mission.sensor());
        match self.knowledge {
            Knowledge::SampledBelief => {
                self.caster.observe_imagined(self.shape, position_rtn_m, sensor, rng, self.observation);
            }
            Knowledge::Oracle => self.caster.observe(mission.truth(), position_rtn_m, sensor, rng, self.observation),
        }
        watch.lap(&mut self.times.rays);
        let entropy_drop_nats = mission.update_rule().apply_compact(self.observation, mission.compact_code(), belief);
        watch.lap(&mut self.times.belief);
        self.times.images += 1;
        let reward = mission.reward(entropy_drop_nats, arrival.dv_m_s) - mission.keep_out_cost(&arrival.after_burn);
        Outcome { state: arrival.relative, reward: reward as f32, entropy_drop_nats }
    }
}
