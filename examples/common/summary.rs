//! What a headless run has to say: one object, bit-identical for any number of workers but for `timing`.

use std::fmt;

use bevy_proxops::episode::{EpisodeSnapshot, SimulationSnapshot};
use bevy_proxops::mission::EpisodeMetrics;
use serde::Serialize;

/// Summary of a run.
#[derive(Serialize)]
pub struct Summary {
    scenario: String,
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
}

#[derive(Serialize)]
struct Totals {
    episodes: usize,
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
}

impl Summary {
    /// Sums up a finished run.
    pub fn new(snapshot: &SimulationSnapshot, wall_s: f64, episode_wall_s: Vec<f64>) -> Self {
        let episodes: Vec<EpisodeSummary> =
            snapshot.episodes.iter().map(|episode| EpisodeSummary::new(snapshot.seed.0, episode)).collect();
        let diagnostics = &snapshot.diagnostics;
        Self {
            scenario: snapshot.scenario.name.clone(),
            planner: snapshot.search.planner.to_string(),
            knowledge: snapshot.search.knowledge.to_string(),
            simulations_per_decision: snapshot.search.simulations,
            seed: snapshot.seed.0,
            totals: Totals {
                episodes: episodes.len(),
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
                episode_wall_s,
                decisions_per_s: diagnostics.decisions as f64 / wall_s,
                simulations_per_s: diagnostics.simulations as f64 / wall_s,
            },
            episodes,
        }
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
        }
    }
}

fn mean(episodes: &[EpisodeSummary], figure: impl Fn(&EpisodeMetrics) -> f64) -> f64 {
    episodes.iter().map(|episode| figure(&episode.metrics)).sum::<f64>() / episodes.len().max(1) as f64
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}, {} ({}), seed {}", self.scenario, self.planner, self.knowledge, self.seed)?;
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
        )
    }
}
