//! What a headless run has to say: one object, bit-identical for any number of workers but for `timing`.

use std::fmt;
use std::num::NonZeroUsize;

use bevy_proxops::episode::{EpisodeSnapshot, NetworkSnapshot, SimDiagnostics, SimulationSnapshot, TimeSplit};
use bevy_proxops::mission::EpisodeMetrics;
use bevy_proxops::search::SearchConfig;
use bevy_proxops::shape::TargetDescription;
use serde::Serialize;

/// Summary of a run.
#[derive(Serialize)]
pub struct Summary {
    scenario: String,
    target: Option<TargetDescription>,
    planner: String,
    knowledge: String,
    simulations_per_decision: u32,
    seed: u64,
    episodes: Vec<EpisodeSummary>,
    totals: Totals,
    timing: Timing,
}

/// One episode; run seed and number name it for a replay.
#[derive(Serialize)]
struct EpisodeSummary {
    seed: u64,
    number: u32,
    initial_entropy_nats: f64,
    reachable_entropy_nats: f64,
    #[serde(flatten)]
    metrics: EpisodeMetrics,
    /// The fault of the program that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

#[derive(Serialize)]
struct Totals {
    episodes: usize,
    /// Episodes that ended before their last step, because a step could not be flown.
    refused: usize,
    /// Episodes that a fault of the program ended.
    failed: usize,
    decisions: u64,
    simulations: u64,
    mean_final_entropy_nats: f64,
    mean_fraction_of_reachable_entropy: f64,
    mean_dv_spent_m_s: f64,
    dv_spent_m_s: f64,
}

/// Wall-clock figures, which no two runs share.
#[derive(Serialize)]
pub struct Timing {
    /// Threads that planned and observed.
    pub workers: usize,
    /// Of the whole run, s.
    pub wall_s: f64,
    /// From the run's start to each episode's end, s.
    pub episode_wall_s: Vec<f64>,
    /// Decisions of all episodes, 1/s.
    pub decisions_per_s: f64,
    /// Tree-search simulations of all episodes, 1/s.
    pub simulations_per_s: f64,
    /// Episodes, 1/min.
    pub episodes_per_min: f64,
    /// Processor time of the whole process, s.
    pub cpu_s: f64,
    /// That over the wall time: 2.0 is two cores at work from beginning to end.
    pub cores_busy: f64,
    /// Cores that the process may use.
    pub cores: usize,
    /// Shares of the workers' wall time; they add up to 1.
    pub time_split: SplitTiming,
    /// The network, if one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkTiming>,
}

/// Where the workers' wall time went.
#[derive(Serialize)]
pub struct SplitTiming {
    tree: f64,
    orbit: f64,
    rays: f64,
    belief: f64,
    other: f64,
    network: f64,
    idle: f64,
}

/// What the network did.
#[derive(Serialize)]
pub struct NetworkTiming {
    device: String,
    reason: String,
    architecture: String,
    source: String,
    /// Leaves evaluated.
    evaluations: u64,
    /// The same, 1/s of wall time.
    evaluations_per_s: f64,
    /// Leaves a batch.
    mean_batch: f64,
    /// Leaves over rows of the padded batches.
    fill: f64,
    /// Shares of the wall time in which the network evaluated, it waited for leaves, and the simulation waited for it.
    busy: f64,
    starved: f64,
    awaited: f64,
    /// Rows of padded batches, and how many batches had so many.
    batch_sizes: Vec<(usize, u64)>,
}

/// What only the clock knows.
pub struct Clock {
    /// From the first tick to the last, s.
    pub wall_s: f64,
    /// Processor time of the process in that time, s.
    pub cpu_s: f64,
    /// From the run's start to each episode's end, s.
    pub episode_wall_s: Vec<f64>,
    /// Rates and shares over the whole run.
    pub total: SimDiagnostics,
}

impl SplitTiming {
    fn new(split: &TimeSplit) -> Self {
        let TimeSplit { tree, orbit, rays, belief, other, network, idle } = *split;
        Self { tree, orbit, rays, belief, other, network, idle }
    }
}

impl NetworkTiming {
    fn new(network: &NetworkSnapshot, clock: &Clock) -> Self {
        let load = &clock.total.network;
        Self {
            device: network.device.clone(),
            reason: network.reason.clone(),
            architecture: network.architecture.clone(),
            source: network.source.clone(),
            evaluations: (load.evaluations_per_s * clock.wall_s).round() as u64,
            evaluations_per_s: load.evaluations_per_s,
            mean_batch: load.evaluations_per_s / load.batches_per_s.max(f64::MIN_POSITIVE),
            fill: load.fill,
            busy: load.busy,
            starved: load.starved,
            awaited: load.awaited,
            batch_sizes: network.batch_sizes.clone(),
        }
    }
}

impl Summary {
    /// Sums up a finished run.
    pub fn new(snapshot: &SimulationSnapshot, clock: Clock) -> Self {
        let wall_s = clock.wall_s;
        let episodes: Vec<EpisodeSummary> =
            snapshot.episodes.iter().map(|episode| EpisodeSummary::new(snapshot.settings.seed.0, episode)).collect();
        let diagnostics = &snapshot.diagnostics;
        Self {
            scenario: snapshot.settings.scenario.name.clone(),
            target: snapshot.episodes.first().map(|episode| episode.mission.target().clone()),
            planner: snapshot.settings.search.planner.to_string(),
            knowledge: snapshot.settings.search.knowledge.to_string(),
            simulations_per_decision: simulations_of(&snapshot.settings.search),
            seed: snapshot.settings.seed.0,
            totals: Totals {
                episodes: episodes.len(),
                refused: episodes.iter().filter(|episode| episode.metrics.refusal.is_some()).count(),
                failed: episodes.iter().filter(|episode| episode.failure.is_some()).count(),
                decisions: diagnostics.decisions,
                simulations: diagnostics.simulations,
                mean_final_entropy_nats: mean(&episodes, |metrics| metrics.final_entropy_nats),
                mean_fraction_of_reachable_entropy: mean(&episodes, |metrics| metrics.fraction_of_reachable_entropy),
                mean_dv_spent_m_s: mean(&episodes, |metrics| metrics.dv_spent_m_s),
                dv_spent_m_s: episodes.iter().map(|episode| episode.metrics.dv_spent_m_s).sum(),
            },
            timing: Timing {
                workers: diagnostics.workers,
                wall_s,
                decisions_per_s: diagnostics.decisions as f64 / wall_s,
                simulations_per_s: diagnostics.simulations as f64 / wall_s,
                episodes_per_min: 60.0 * diagnostics.episodes_done as f64 / wall_s,
                cpu_s: clock.cpu_s,
                cores_busy: clock.cpu_s / wall_s,
                cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
                time_split: SplitTiming::new(&clock.total.time_split),
                network: snapshot.network.as_ref().map(|network| NetworkTiming::new(network, &clock)),
                episode_wall_s: clock.episode_wall_s,
            },
            episodes,
        }
    }
}

impl Summary {
    /// Episodes flown.
    pub fn episodes(&self) -> usize {
        self.totals.episodes
    }

    /// Episodes that ended before their last step.
    pub fn ended_early(&self) -> usize {
        self.totals.refused + self.totals.failed
    }
}

impl EpisodeSummary {
    fn new(seed: u64, episode: &EpisodeSnapshot) -> Self {
        Self {
            seed,
            number: episode.number,
            initial_entropy_nats: episode.initial_entropy_nats,
            reachable_entropy_nats: episode.reachable_entropy_nats,
            metrics: episode.metrics.clone(),
            failure: episode.failure.as_ref().map(ToString::to_string),
        }
    }
}

fn simulations_of(search: &SearchConfig) -> u32 {
    if search.planner.needs_network() { search.with_network().simulations } else { search.simulations }
}

fn mean(episodes: &[EpisodeSummary], figure: impl Fn(&EpisodeMetrics) -> f64) -> f64 {
    episodes.iter().map(|episode| figure(&episode.metrics)).sum::<f64>() / episodes.len().max(1) as f64
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}, {} ({}), seed {}", self.scenario, self.planner, self.knowledge, self.seed)?;
        if let Some(target) = &self.target {
            writeln!(formatter, "target {target}")?;
        }
        writeln!(formatter, "episode  steps  entropy, nats  of reachable  Δv, m/s   reward")?;
        for episode in &self.episodes {
            writeln!(
                formatter,
                "{:>7}  {:>5}  {:>13.2}  {:>10.1} %  {:>7.3}  {:>7.4}",
                episode.number,
                episode.metrics.steps,
                episode.metrics.final_entropy_nats,
                100.0 * episode.metrics.fraction_of_reachable_entropy,
                episode.metrics.dv_spent_m_s,
                episode.metrics.total_reward,
            )?;
            if let Some(reason) = episode.failure.as_ref().or(episode.metrics.refusal.as_ref()) {
                writeln!(formatter, "         ended after step {}: {reason}", episode.metrics.steps)?;
            }
        }
        write!(
            formatter,
            "mean            {:>13.2}  {:>10.1} %  {:>7.3}\n{} decisions in {:.1} s on {} workers: {:.1} decisions/s, {:.0} simulations/s",
            self.totals.mean_final_entropy_nats,
            100.0 * self.totals.mean_fraction_of_reachable_entropy,
            self.totals.mean_dv_spent_m_s,
            self.totals.decisions,
            self.timing.wall_s,
            self.timing.workers,
            self.timing.decisions_per_s,
            self.timing.simulations_per_s,
        )?;
        if let Some(network) = &self.timing.network {
            write!(
                formatter,
                "\n{} on {}: {:.0} evaluations/s, {:.1} leaves a batch, {:.0} % of its rows filled, busy {:.0} % of the time",
                network.architecture,
                network.device,
                network.evaluations_per_s,
                network.mean_batch,
                100.0 * network.fill,
                100.0 * network.busy,
            )?;
        }
        // Processor time comes in hundredths of a second: of a shorter run it says nothing.
        if self.timing.wall_s < 1.0 {
            return Ok(());
        }
        write!(formatter, "\n{:.2} of {} cores busy", self.timing.cores_busy, self.timing.cores)
    }
}
