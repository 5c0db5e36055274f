//! Commands as an impatient user would send them, good ones and bad ones.

use bevy_proxops::episode::{PARAMETERS, ParameterKind, Speed};
use bevy_proxops::mission::Scenario;
use bevy_proxops::prelude::*;
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Draws one.
pub fn draw(random: &mut Xoshiro256PlusPlus, snapshot: &SimulationSnapshot) -> SimCommand {
    match random.random_range(0..13) {
        0 => SimCommand::Pause,
        1 | 2 => SimCommand::Play,
        3 => SimCommand::StepOnce,
        4 => SimCommand::SetSpeed(if random.random_bool(0.5) { Speed::Max } else { Speed::Rate(10.0) }),
        5 => SimCommand::Reset { seed: random.random_bool(0.5).then(|| Seed(random.random())) },
        6 => SimCommand::SetEpisodes(random.random_range(0..12)),
        7 => SimCommand::SetAutoRestart(true),
        8 => {
            SimCommand::ChooseScenario(Scenario::EMBEDDED[random.random_range(0..Scenario::EMBEDDED.len())].to_owned())
        }
        9 => SimCommand::Focus(random.random_range(0..snapshot.episodes.len() as u32 + 3)),
        10 => SimCommand::UseShippedNetwork,
        11 => {
            if random.random_bool(0.3) {
                SimCommand::PauseTraining
            } else {
                SimCommand::StartTraining
            }
        }
        _ => parameter(random),
    }
}

/// A value near the parameter's default, or one it does not accept.
fn parameter(random: &mut Xoshiro256PlusPlus) -> SimCommand {
    let spec = &PARAMETERS[random.random_range(0..PARAMETERS.len())];
    let value = match (spec.kind, spec.default_value()) {
        (ParameterKind::Number, ParameterValue::Number(default)) => {
            ParameterValue::Number(default * random.random_range(0.5..1.5))
        }
        (ParameterKind::Integer, ParameterValue::Integer(default)) => {
            // Small ones: the run is to stay quick.
            ParameterValue::Integer(random.random_range(0..=default.min(64)))
        }
        (ParameterKind::Choice, _) => {
            let choices = (spec.choices)();
            ParameterValue::Choice(choices[random.random_range(0..choices.len())].clone())
        }
        (_, default) => default,
    };
    SimCommand::SetParameter { id: spec.id, value }
}
