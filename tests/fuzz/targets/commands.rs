//! Commands in any order with any value, while episodes fly.

use std::path::PathBuf;

use bevy_proxops::episode::{EpisodeSettings, PARAMETERS, ParameterValue, SimCommand, Simulation, Speed};
use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::search::SearchConfig;

use super::Target;
use super::numbers::Numbers;

/// Longer input is cut off, so that none takes long.
const MOST_BYTES: usize = 240;

fn small_run() -> Simulation {
    let text = "(name: \"small\", steps: 6, camera: (pixels: 8), grid: (cells_per_axis: 8, voxel_size_m: 2.5))";
    let scenario = Scenario::from_ron_str(text, "small").expect("a valid scenario");
    let search = SearchConfig { simulations: 3, horizon: 2, ..SearchConfig::default() };
    let settings = EpisodeSettings {
        episodes: 2,
        workers: Some(1),
        auto_restart: true,
        tick_allowance: std::time::Duration::from_millis(2),
        ..EpisodeSettings::headless(scenario, search)
    };
    Simulation::new(settings).expect("the small scenario can be flown")
}

/// What is left out: what writes to the working folder or trains there, and counts that take minutes.
fn command(numbers: &mut Numbers) -> SimCommand {
    match numbers.byte() % 15 {
        0 => SimCommand::Play,
        1 => SimCommand::Pause,
        2 => SimCommand::StepOnce,
        3 => SimCommand::SetSpeed(Speed::Rate(numbers.float())),
        4 => SimCommand::SetSpeed(Speed::Max),
        5 => SimCommand::Reset { seed: Some(Seed(u64::from(numbers.word()))) },
        6 => SimCommand::Reset { seed: None },
        7 => match numbers.word() {
            count @ (0..=6 | 4097..) => SimCommand::SetEpisodes(count),
            count => SimCommand::SetEpisodes(count % 7),
        },
        8 => SimCommand::SetAutoRestart(numbers.byte().is_multiple_of(2)),
        9 => SimCommand::Focus(numbers.word()),
        10 => SimCommand::ChooseScenario(["drifting", "nonsense", ""][usize::from(numbers.byte()) % 3].to_owned()),
        11 => SimCommand::LoadScenario(PathBuf::from(["/", "/dev/null", "gone.ron"][usize::from(numbers.byte()) % 3])),
        12 => SimCommand::LoadNetwork(PathBuf::from(["/", "/dev/null", "gone.bin"][usize::from(numbers.byte()) % 3])),
        _ => {
            let spec = &PARAMETERS[usize::from(numbers.byte()) % PARAMETERS.len()];
            SimCommand::SetParameter { id: spec.id, value: value(numbers, &(spec.choices)()) }
        }
    }
}

fn value(numbers: &mut Numbers, choices: &[String]) -> ParameterValue {
    match numbers.byte() % 6 {
        0 => ParameterValue::Number(numbers.float()),
        1 => ParameterValue::Number(f64::from(numbers.byte()) / 16.0),
        2 => ParameterValue::Integer((numbers.word() % 20).into()),
        3 => ParameterValue::Integer(numbers.word().into()),
        4 => ParameterValue::Flag(numbers.byte().is_multiple_of(2)),
        _ => {
            let choice = choices.get(usize::from(numbers.byte()) % choices.len().max(1));
            ParameterValue::Choice(choice.cloned().unwrap_or_default())
        }
    }
}

/// Any commands one after the other: the run plays on when asked to, and its figures are finite.
pub fn commands() -> Target {
    let orderly = (0..120).collect();
    let wild = (0..120_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let parameters = (0..40).flat_map(|place| [13, place, 5, place]).collect();
    Target { seeds: vec![orderly, wild, parameters], check: Box::new(carry_out) }
}

fn carry_out(input: &[u8]) {
    let mut numbers = Numbers::of(&input[..input.len().min(MOST_BYTES)]);
    let mut simulation = small_run();
    while !numbers.is_empty() {
        simulation.command(command(&mut numbers));
        if numbers.byte().is_multiple_of(3) {
            simulation.tick();
        }
    }

    // Whatever was asked for, it plays on when asked to.
    for last in [SimCommand::SetAutoRestart(true), SimCommand::SetSpeed(Speed::Max), SimCommand::Play] {
        simulation.command(last);
    }
    simulation.tick();
    let snapshot = simulation.snapshot();
    assert!(!snapshot.paused && !snapshot.episodes.is_empty());
    for episode in &snapshot.episodes {
        assert!(episode.entropy_nats.is_finite() && episode.dv_spent_m_s.is_finite(), "figures are finite");
    }
}
