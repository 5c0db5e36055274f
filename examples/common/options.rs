//! Command-line options that several examples share, and how they become episode settings.

use bevy_proxops::episode::{EpisodeSettings, MAX_EPISODES, MAX_WORKERS, ParameterId, ParameterKind, ParameterValue};
use bevy_proxops::memory::MemoryLimit;
use bevy_proxops::mission::{Mission, Scenario, Seed};
use bevy_proxops::network::NetworkDevice;
use bevy_proxops::search::SearchConfig;
use clap::Args;

use crate::terminal::UserError;

#[path = "network.rs"]
pub mod network;
#[path = "number.rs"]
pub mod number;

use number::{number, whole};

/// What to run.
#[derive(Args, Debug)]
pub struct RunOptions {
    /// A shipped scenario by name, or a RON file
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<String>,
    /// Who chooses the burns: passive, random, mcts, alpha_zero or network_only
    #[arg(long, value_name = "PLANNER")]
    pub planner: Option<String>,
    /// What the planner may know: sampled_belief, or oracle (the same search with the true shape, for comparison: no planner and no upper bound)
    #[arg(long, value_name = "KNOWLEDGE")]
    pub knowledge: Option<String>,
    /// Episodes that run in parallel
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=MAX_EPISODES))]
    pub episodes: Option<u32>,
    /// Seed of the run: the same seed gives the same bits for any number of workers
    #[arg(long, value_name = "SEED", allow_negative_numbers = true, value_parser = whole(0..=u64::MAX))]
    pub seed: Option<u64>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=MAX_WORKERS))]
    pub workers: Option<usize>,
    /// Tree-search simulations per decision
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=SearchConfig::MAX_SIMULATIONS))]
    pub simulations: Option<u32>,
    /// The network of alpha_zero and network_only: a weights file, as `train` writes them, `shipped`, or an untrained one
    /// by its layers: `reference`, `compact`, or `untrained` for those that fit the grid
    #[arg(long, value_name = "FILE|NAME")]
    pub network: Option<String>,
    /// Where the network runs: auto, cpu, vulkan, or vulkan:NAME with a number or a part of the name
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<NetworkDevice>,
    /// Most of the machine's memory that the run may ask for, 0.01 to 1 [default: 0.6]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = number(MemoryLimit::SHARES))]
    pub memory_share: Option<f64>,
    /// Any parameter of the panel by its path, as often as needed (`headless --list parameters` names them)
    #[arg(long = "set", value_name = "PARAMETER=VALUE")]
    pub parameters: Vec<String>,
}

impl RunOptions {
    /// Changes `settings` to what was asked for and checks that it can be flown.
    pub fn apply(&self, settings: &mut EpisodeSettings) -> Result<(), UserError> {
        if let Some(name) = &self.scenario {
            settings.scenario = Scenario::named(name)?;
        }
        if let Some(planner) = &self.planner {
            settings.search.planner = planner.parse()?;
        }
        if let Some(knowledge) = &self.knowledge {
            settings.search.knowledge = knowledge.parse()?;
        }
        settings.episodes = self.episodes.unwrap_or(settings.episodes);
        settings.seed = self.seed.map_or(settings.seed, Seed);
        settings.workers = self.workers.or(settings.workers);
        if let Some(simulations) = self.simulations {
            settings.search.simulations = simulations;
            settings.search.alpha_zero.simulations = simulations;
        }
        if let Some(device) = &self.device {
            settings.network.device = device.clone();
        }
        for assignment in &self.parameters {
            set_parameter(assignment, settings)?;
        }
        if let Some(name) = &self.network {
            let (weights, source) = network::by_name(name, &settings.scenario, settings.seed)?;
            settings.network.weights = weights;
            settings.network.source = source;
        }
        settings.memory_share = self.memory_share.unwrap_or(settings.memory_share);
        settings.validate()?;
        Mission::new(settings.scenario.clone(), settings.base_dir.as_deref())?;
        Ok(())
    }
}

fn set_parameter(assignment: &str, settings: &mut EpisodeSettings) -> Result<(), UserError> {
    let (path, text) =
        assignment.split_once('=').ok_or_else(|| format!("--set {assignment}: expected PARAMETER=VALUE"))?;
    let id = ParameterId::find(path.trim()).ok_or_else(|| {
        format!("--set {assignment}: no parameter is called '{path}' (see headless --list parameters)")
    })?;
    let value = parse_value(id.spec().kind, text.trim())
        .ok_or_else(|| format!("--set {assignment}: this parameter takes {}", id.spec().accepted()))?;
    Ok(id.spec().apply(settings, &value)?)
}

fn parse_value(kind: ParameterKind, text: &str) -> Option<ParameterValue> {
    match kind {
        ParameterKind::Number => text.parse().ok().map(ParameterValue::Number),
        ParameterKind::Integer => text.parse().ok().map(ParameterValue::Integer),
        ParameterKind::Choice => Some(ParameterValue::Choice(text.to_owned())),
        ParameterKind::Flag => text.parse().ok().map(ParameterValue::Flag),
    }
}
