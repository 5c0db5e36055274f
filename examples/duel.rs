//! Two players on the same episodes: which one does better, and how sure is that?

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use bevy_proxops::memory::{MemoryEstimate, MemoryLimit};
use bevy_proxops::mission::{Mission, Scenario, Seed};
use bevy_proxops::network::{EvaluatorThread, LeafEncoder, NetworkDevice, NetworkWeights, open_evaluator};
use bevy_proxops::search::{AlphaZeroConfig, Exploration, RootRule, SearchConfig};
use bevy_proxops::training::{
    FlightConfig, FlownEpisode, MissionSource, RandomisationConfig, RandomisedMissions, Shapes, fly, mean_and_interval,
};
use clap::Parser;

#[path = "common/network.rs"]
mod network;
#[path = "common/number.rs"]
mod number;
#[path = "common/terminal.rs"]
mod terminal;

use number::{number, whole};
use terminal::{BAD_INPUT, FAILURE, UserError, say, warn};

/// Episodes in the air at the same time. More take more memory and no less time.
const MOST_PARALLEL: usize = 128;

/// Flies the same episodes with two players and compares their total rewards. The scenario is flown as it is: the episodes of
/// a pair share sensor noise and start within its spread.
///
/// A player is NETWORK or NETWORK,ROOT or NETWORK,ROOT,SIMULATIONS: a weights file, `shipped`, `untrained`, or untrained
/// layers by name (`reference`, `compact`), then puct or gumbel, then the number of simulations.
#[derive(Parser)]
struct Options {
    /// The first player
    first: Player,
    /// The second player
    second: Player,
    /// An embedded scenario's name, or a scenario file
    #[arg(long, default_value = "standoff_200m")]
    scenario: String,
    /// Draw target, start and prior of every pair as training does: satellites it never shows, starts 0.75 to 1.5 times
    /// as far, priors 0.5 to 2 times as high
    #[arg(long)]
    randomise: bool,
    /// Pairs of episodes, 1 to 10000
    #[arg(long, default_value_t = 24, allow_negative_numbers = true, value_parser = whole(1..=10_000_u32))]
    pairs: u32,
    /// Number of the first episode, up to 4000000000: other numbers are other noise and starts
    #[arg(long, default_value_t = 1000, allow_negative_numbers = true, value_parser = whole(0..=4_000_000_000_u32))]
    first_episode: u32,
    /// Seed of the episodes
    #[arg(long, default_value_t = 2, allow_negative_numbers = true, value_parser = whole(0..=u64::MAX))]
    seed: u64,
    /// Where the networks run: auto, cpu, vulkan, or vulkan:NAME with a number or a part of the name
    #[arg(long, default_value = "cpu")]
    device: NetworkDevice,
    /// Most of the machine's memory that the episodes may ask for, 0.01 to 1
    #[arg(long, value_name = "SHARE", default_value_t = MemoryLimit::DEFAULT_SHARE, allow_negative_numbers = true, value_parser = number(MemoryLimit::SHARES))]
    memory_share: f64,
}

#[derive(Clone, Debug)]
struct Player {
    network: String,
    search: AlphaZeroConfig,
}

impl std::str::FromStr for Player {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let network = parts.next().unwrap_or_default().to_owned();
        let mut search = AlphaZeroConfig::default();
        if let Some(root) = parts.next() {
            search.root = root.parse::<RootRule>().map_err(|error| error.to_string())?;
        }
        if let Some(simulations) = parts.next() {
            let read = whole(1..=SearchConfig::MAX_SIMULATIONS);
            search.simulations =
                read(simulations).map_err(|accepted| format!("simulations {simulations}: {accepted}"))?;
        }
        search.validate().map_err(|error| error.to_string())?;
        Ok(Self { network, search })
    }
}

fn main() {
    terminal::finish(run(&Options::parse()))
}

fn run(options: &Options) -> Result<(), (u8, UserError)> {
    let bad_input = |error| (BAD_INPUT, error);
    let scenario = Scenario::named(&options.scenario).map_err(|error| bad_input(error.into()))?;
    // Says so if the scenario cannot be flown.
    let mission = Arc::new(Mission::new(scenario.clone(), None).map_err(|error| bad_input(error.into()))?);
    let weights = |player: &Player| weights(player, &mission, options).map_err(bad_input);
    let (one, other) = (weights(&options.first)?, weights(&options.second)?);
    check_memory(&[(&options.first, &one), (&options.second, &other)], &scenario, options).map_err(bad_input)?;
    let failed = |error| (FAILURE, error);
    let missions = missions(mission, options);
    say(description(&scenario, options)).map_err(|error| failed(error.into()))?;
    for weights in [&one, &other] {
        warn_outside(weights, &scenario);
    }
    let first = flown(&options.first, one, &*missions, options).map_err(failed)?;
    let second = flown(&options.second, other, &*missions, options).map_err(failed)?;
    let (first, second) = in_pairs(first, second);
    compare(&first, &second).map_err(|error| failed(error.into()))
}

/// The episodes that both players have flown to their ends.
fn in_pairs(first: Vec<FlownEpisode>, second: Vec<FlownEpisode>) -> (Vec<FlownEpisode>, Vec<FlownEpisode>) {
    let mut second: BTreeMap<u32, FlownEpisode> = second.into_iter().map(|episode| (episode.number, episode)).collect();
    first.into_iter().filter_map(|one| second.remove(&one.number).map(|other| (one, other))).unzip()
}

/// The scenario as it is, or what training draws from it, with satellites that took no part.
fn missions(mission: Arc<Mission>, options: &Options) -> Box<dyn MissionSource> {
    if !options.randomise {
        return Box::new(mission);
    }
    let (scenario, randomisation) = (mission.scenario().clone(), RandomisationConfig::default());
    Box::new(RandomisedMissions::new(scenario, randomisation, Seed(options.seed), Shapes::HeldOut))
}

/// What is flown, in two lines.
fn description(scenario: &Scenario, options: &Options) -> String {
    let Options { pairs, first_episode, seed, .. } = options;
    let Scenario { name, target, start, grid, .. } = scenario;
    let which = if options.randomise {
        let RandomisationConfig { start_scale, prior_scale, .. } = RandomisationConfig::default();
        format!(
            "another generated satellite every pair, start {} to {} times and prior {} to {} times the scenario's",
            start_scale[0], start_scale[1], prior_scale[0], prior_scale[1]
        )
    } else {
        format!("target {target}, start {:?} m within ± {:?} m, prior {}", start.a_roe_m, start.spread_m, grid.prior)
    };
    let how = if options.randomise { "randomised as in training" } else { "as it is" };
    format!("scenario {name}, {how}: {which}\n{pairs} pairs from episode {first_episode} on, seed {seed}")
}

/// Says which values of the scenario lie outside of what a network was trained on.
fn warn_outside(weights: &NetworkWeights, scenario: &Scenario) {
    let Some(ranges) = weights.trained_ranges() else { return };
    for value in ranges.outside(scenario) {
        warn(format_args!("warning: the network was not trained for {value}"));
    }
}

fn compare(first: &[FlownEpisode], second: &[FlownEpisode]) -> io::Result<()> {
    say(format!("\n{:<14} {:>22} {:>22} {:>24}", "mean ± 95 %", "first", "second", "first − second"))?;
    let row = |name: &str, of: fn(&FlownEpisode) -> f64| {
        let values = |episodes: &[FlownEpisode]| episodes.iter().map(of).collect::<Vec<_>>();
        let (one, other) = (values(first), values(second));
        let differences: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a - b).collect();
        let cell = |samples: &[f64]| {
            let (mean, half) = mean_and_interval(samples);
            format!("{mean:+.4} ± {half:.4}")
        };
        say(format!("{name:<14} {:>22} {:>22} {:>24}", cell(&one), cell(&other), cell(&differences)))
    };
    row("total reward", |episode| episode.metrics.total_reward)?;
    row("entropy left", |episode| episode.remaining_entropy)?;
    row("Δv, m/s", |episode| episode.metrics.dv_spent_m_s)?;
    row("surface recall", |episode| episode.metrics.surface_recall)
}

fn weights(player: &Player, mission: &Mission, options: &Options) -> Result<NetworkWeights, UserError> {
    match network::by_name(&player.network, mission.scenario(), Seed(options.seed))? {
        (Some(weights), _) => Ok(weights),
        (None, _) => {
            let shipped = NetworkWeights::shipped()?;
            // Says so if the scenario has another grid.
            LeafEncoder::new(shipped.config(), mission)?;
            Ok(shipped)
        }
    }
}

/// The players fly one after the other, and the episodes of both are kept.
fn check_memory(
    players: &[(&Player, &NetworkWeights)],
    scenario: &Scenario,
    options: &Options,
) -> Result<(), UserError> {
    let mut asked = MemoryEstimate::default();
    for (player, weights) in players {
        let flight = flight(player, options);
        flight.validate()?;
        asked = asked.and(flight.memory_estimate(weights.config(), scenario, options.pairs as usize));
    }
    Ok(asked.check(&MemoryLimit::of_this_machine(options.memory_share))?)
}

fn flight(player: &Player, options: &Options) -> FlightConfig {
    FlightConfig {
        seed: Seed(options.seed),
        search: player.search.clone(),
        exploration: Exploration::Off,
        parallel: (options.pairs as usize).min(MOST_PARALLEL),
        cohorts: 2,
        lambda: 1.0,
    }
}

fn flown(
    player: &Player,
    weights: NetworkWeights,
    missions: &dyn MissionSource,
    options: &Options,
) -> Result<Vec<FlownEpisode>, UserError> {
    let config = flight(player, options);
    let (device, layers) = (options.device.clone(), weights.config().clone());
    let make = move || Ok(open_evaluator(&device, &weights, 256, warn)?.evaluator);
    let thread = EvaluatorThread::spawn(make, |_| {})?;
    let episodes = options.first_episode..options.first_episode + options.pairs;
    let start = Instant::now();
    let episodes = fly(&layers, &thread, missions, episodes, &config, &mut |_| {})?;
    say(format!(
        "{} with {} and {} simulations on {}: {} episodes in {:.1} s",
        player.network,
        player.search.root,
        player.search.simulations,
        thread.name(),
        episodes.flown.len(),
        start.elapsed().as_secs_f64()
    ))?;
    if let Some(failures) = episodes.failures() {
        warn(format_args!("warning: {failures}"));
    }
    Ok(episodes.flown)
}
