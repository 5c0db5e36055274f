//! Every number of every file and structure that a user or a host can set, set to what is no number, no size and no measure.

use std::time::Duration;

use bevy_proxops::episode::{EpisodeSettings, Simulation, Speed};
use bevy_proxops::mission::Scenario;
use bevy_proxops::prelude::*;
use bevy_proxops::search::{AlphaZeroConfig, SearchConfig};
use bevy_proxops::training::TrainingConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What no setting may take for granted.
const WILD: [&str; 7] = ["NaN", "inf", "-inf", "-1", "0", "1e30", "18446744073709551615"];

/// A number in a text of RON, and the field that it belongs to.
struct NumberAt {
    field: String,
    start: usize,
    end: usize,
}

/// All numbers of a text, whatever they are nested in.
fn numbers(text: &str) -> Vec<NumberAt> {
    let bytes = text.as_bytes();
    let (mut found, mut fields, mut at) = (Vec::new(), vec![String::new()], 0);
    while at < bytes.len() {
        let start = at;
        let same = |at: usize, of: fn(u8) -> bool| bytes[at..].iter().take_while(|byte| of(**byte)).count();
        match bytes[at] {
            b'"' => at += 2 + bytes[at + 1..].iter().take_while(|byte| **byte != b'"').count(),
            b'(' | b'[' => {
                fields.push(fields.last().cloned().unwrap_or_default());
                at += 1;
            }
            b')' | b']' => {
                fields.pop();
                at += 1;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                at += same(at, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if bytes.get(at) == Some(&b':') {
                    *fields.last_mut().expect("inside something") = text[start..at].to_owned();
                }
            }
            b'0'..=b'9' | b'-' => {
                at += 1 + same(at + 1, |byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
                found.push(NumberAt { field: fields.last().cloned().unwrap_or_default(), start, end: at });
            }
            _ => at += 1,
        }
    }
    found
}

/// What is accepted where it is wild: field by field.
type Accepted = &'static [(&'static str, &'static [&'static str])];

/// Distances and angles have signs, and zero of most things is none of them.
const OF_A_SCENARIO: Accepted = &[
    ("a_roe_m", &["-1", "0"]),
    ("spread_m", &["0"]),
    ("argument_of_perigee_deg", &["-1", "0"]),
    ("mean_anomaly_deg", &["-1", "0"]),
    ("raan_deg", &["-1", "0"]),
    ("eccentricity", &["0"]),
    ("dv_cost_per_m_s", &["0"]),
    ("keep_out_radius_m", &["0"]),
    ("keep_out_cost", &["0"]),
];

/// Zero turns each of these off.
const OF_A_SEARCH: Accepted = &[
    ("exploration", &["0"]),
    ("first_play_reduction", &["0"]),
    ("dirichlet_fraction", &["0"]),
    ("temperature_steps", &["0"]),
    ("visit_scale", &["0"]),
    ("value_scale", &["0"]),
    ("virtual_loss_weight", &["0"]),
];

/// Zero turns these off, too. A seed is a name. A rate that falls over more steps than there will ever be stays as it is,
/// and a gradient that may be as long as it likes is not shortened.
const OF_A_TRAINING_RUN: Accepted = &[
    ("seed", &["0", "18446744073709551615"]),
    ("last_learning_rate", &["0"]),
    ("decay_steps", &["0", "18446744073709551615"]),
    ("weight_decay", &["0"]),
    ("gradient_clip", &["1e30", "18446744073709551615"]),
    ("value_weight", &["0"]),
    ("learning_steps_per_cycle", &["0"]),
    ("lambda", &["0"]),
    ("evaluate_every", &["0"]),
];

/// Sets one number after the other to every wild one: it is refused by its name, or stands in `accepted`.
fn every_number_is_refused_or_bounded<T: Serialize + DeserializeOwned>(
    settings: &T,
    accepted: &[Accepted],
    check: impl Fn(&T) -> Result<(), String>,
) {
    let text = ron::to_string(settings).expect("settings can be written");
    check(settings).expect("valid to begin with");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for number in numbers(&text) {
        for wild in WILD {
            let changed = format!("{}{wild}{}", &text[..number.start], &text[number.end..]);
            // What the type cannot hold is refused where the file is read, with its place.
            let Ok(changed) = ron::from_str::<T>(&changed) else { continue };
            tried += 1;
            let is_known = accepted
                .iter()
                .copied()
                .flatten()
                .any(|(field, values)| *field == number.field && values.contains(&wild));
            match check(&changed) {
                Ok(()) if is_known => {}
                Ok(()) => wrong.push(format!("{} = {wild} is accepted", number.field)),
                Err(error) if error.contains(&number.field) => {}
                Err(error) => wrong.push(format!("{} = {wild} is not named: {error}", number.field)),
            }
        }
    }
    assert!(wrong.is_empty(), "of {tried}:\n{}", wrong.join("\n"));
    assert!(tried > 20, "only {tried} were tried");
}

#[test]
fn every_number_of_a_scenario() {
    let scenario = Scenario { target: bevy_proxops::shape::TargetShape::Cube { side_m: 4.0 }, ..Scenario::reference() };
    every_number_is_refused_or_bounded(&scenario, &[OF_A_SCENARIO], |scenario| {
        Mission::new(scenario.clone(), None).map(drop).map_err(|error| error.to_string())
    });
}

#[test]
fn every_number_of_a_search() {
    every_number_is_refused_or_bounded(&SearchConfig::default(), &[OF_A_SEARCH], |search| {
        search.validate().map_err(|error| error.to_string())
    });
    every_number_is_refused_or_bounded(&AlphaZeroConfig::default(), &[OF_A_SEARCH], |search| {
        search.validate().map_err(|error| error.to_string())
    });
}

#[test]
fn every_number_of_a_training_run() {
    let accepted = [OF_A_SCENARIO, OF_A_SEARCH, OF_A_TRAINING_RUN];
    every_number_is_refused_or_bounded(&TrainingConfig::default(), &accepted, |config| {
        config.validate().map_err(|error| error.to_string())
    });
}

/// Settings made in code.
#[test]
fn every_number_of_episode_settings() {
    let wild = |change: &dyn Fn(&mut EpisodeSettings), named: &str| {
        let mut settings = EpisodeSettings::headless(Scenario::reference(), SearchConfig::default());
        settings.workers = Some(1);
        change(&mut settings);
        let refused = Simulation::new(settings).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.starts_with(named), "{named}: `{refused}`");
    };
    for episodes in [0, 4097, u32::MAX] {
        wild(&|settings| settings.episodes = episodes, "episodes = ");
    }
    for workers in [0, 1025, usize::MAX] {
        wild(&|settings| settings.workers = Some(workers), "workers = ");
    }
    for rate in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e30] {
        wild(&|settings| settings.speed = Speed::Rate(rate), "speed = ");
    }
    for allowance in [Duration::from_secs(61), Duration::MAX] {
        wild(&|settings| settings.tick_allowance = allowance, "tick_allowance = ");
    }
    for share in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e30] {
        wild(&|settings| settings.memory_share = share, "memory_share = ");
    }
    for cohorts in [0, 65, usize::MAX] {
        wild(&|settings| settings.training.config.cohorts = cohorts, "training.cohorts: ");
    }
    wild(&|settings| settings.search.exploration = f64::NAN, "search.exploration: NaN");
    // These are names, not sizes: every number is as good as another.
    for number in [0, u32::MAX] {
        let mut settings = EpisodeSettings::headless(Scenario::reference(), SearchConfig::default());
        settings.search.planner = PlannerKind::Passive;
        settings.scenario.steps = 1;
        settings = EpisodeSettings { first_episode: number, seed: Seed(u64::from(number) << 32 | 1), ..settings };
        let mut simulation = Simulation::new(settings).expect("any number will do");
        simulation.run_to_end();
        assert_eq!(simulation.snapshot().episodes[0].number, number);
    }
}
