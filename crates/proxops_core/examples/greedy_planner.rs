//! A planner of one's own: of every burn that can be flown it imagines the next image, and takes the burn that teaches most
//! for its price, on the mean of shapes drawn from the belief.
use std::error::Error;

use proxops_core::mission::{Action, Mission, MissionState, Purpose, Scenario, Seed};
use proxops_core::search::{BeliefModel, Knowledge, SearchModel, WorkTimes};
use proxops_core::sensor::{Observation, RayCaster};
use proxops_core::voxel::ImaginedShape;

const SHAPES: u32 = 32;

fn decide(mission: &Mission, state: &MissionState, caster: &mut RayCaster, image: &mut Observation) -> (Action, f32) {
    let mut belief = vec![0; mission.grid().len()];
    mission.compact_code().encode_into(&state.belief, &mut belief);
    let mut model = BeliefModel {
        mission,
        caster,
        observation: image,
        shape: &mut ImaginedShape::empty(*mission.grid()),
        knowledge: Knowledge::SampledBelief,
        key: state.stream_key(Purpose::Policy),
        times: &mut WorkTimes::default(),
    };
    let mut reward = |action: Action| {
        let rewards = (0..SHAPES).map(|number| {
            // The same shapes for every action: what differs is what the burns do.
            let (mut rng, mut after) = (model.rng(number, Purpose::Shape), belief.clone());
            model.imagine(&belief, &mut rng);
            model.step(&state.relative, action, &mut after, &mut rng).reward
        });
        rewards.sum::<f32>() / SHAPES as f32
    };
    let permitted = mission.permitted(&state.relative);
    let actions = Action::ALL.into_iter().filter(|action| permitted[action.index()]);
    let valued = actions.map(|action| (action, reward(action)));
    valued.max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((Action::NONE, 0.0))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mission = Mission::new(Scenario::named("standoff_400m")?, None)?;
    let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
    let mut image = Observation::new(*mission.grid());
    let mut state = mission.begin(Seed(1), 0, &mut caster, &mut image);

    let (action, expected) = decide(&mission, &state, &mut caster, &mut image);
    println!("decided: {action}, from which a reward of {expected:.4} is expected");
    let flown = mission.step(&mut state, action, &mut caster, &mut image)?;
    let learnt_nats = flown.entropy_before_nats - flown.entropy_after_nats;
    println!(
        "flown: a reward of {:.4}, {learnt_nats:.1} of {:.1} nats learnt",
        flown.reward, flown.entropy_before_nats
    );
    Ok(())
}
