//! The estimate that an earlier prototype was planned by, and what of it is true here.

use crate::search::{InFlight, PlannerKind, SearchMode};

use super::sweep::counted;
use super::{CampaignSize, EfficiencyReport, Measurement};

/// One row of the estimate beside what was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonRow {
    /// What is compared.
    pub what: &'static str,
    /// The estimate, for one process per episode on 12 cores and a 6 GB card.
    pub estimate: &'static str,
    /// What this machine did.
    pub measured: String,
}

/// Every row of the estimate.
pub fn comparison(report: &EfficiencyReport) -> Vec<ComparisonRow> {
    let figures = Figures { report };
    let row = |what, estimate, measured| ComparisonRow { what, estimate, measured };
    vec![
        row("memory per worker", "70 MB of card memory, one process each", figures.memory()),
        row("65 AlphaZero episodes, serially", "130 min", figures.serial_campaign(PlannerKind::AlphaZero)),
        row(
            "65 AlphaZero episodes, in parallel",
            "14 min with 11 workers",
            figures.parallel_campaign(PlannerKind::AlphaZero),
        ),
        row("speed-up of parallel episodes", "9.3 with 11 workers", figures.episode_speed_up(PlannerKind::AlphaZero)),
        row("network or card busy, serially", "30 to 50 %", figures.network_share(false)),
        row("network or card busy, in parallel", "80 to 95 %", figures.network_share(true)),
        row("processor busy, serially", "8 % (1 of 12 cores)", figures.cores_share(false)),
        row("processor busy, in parallel", "92 % (11 of 12 cores)", figures.cores_share(true)),
        row(
            "time split of an AlphaZero worker",
            "tree 20 %, orbit 10 %, waiting for the network 70 %",
            figures.time_split(),
        ),
        row("best number of workers", "8 to 12 of 12 cores", figures.best_workers()),
        row("past the best number", "losses from 20 workers on", figures.past_the_best()),
        row("a pure-search decision, 3000 simulations", "3.6 s", figures.decision(|mode| *mode == SearchMode::Serial)),
        row(
            "the same with 32 leaves a batch",
            "0.56 s, 6.4 times as fast",
            figures.decision(|mode| *mode == SearchMode::Batched { leaves: 32 }),
        ),
        row("the same with virtual loss", "5 to 8 times as fast on 8 workers", figures.decision(is_virtual_loss)),
        row("pure search, parallel episodes and trees", "27 to 45 times as fast", figures.combination()),
        row("65 pure-search episodes", "195 min serially (3 min each)", figures.parallel_campaign(PlannerKind::Mcts)),
    ]
}

fn is_virtual_loss(mode: &SearchMode) -> bool {
    matches!(mode, SearchMode::TreeParallel { in_flight: InFlight::VirtualLoss { .. }, .. })
}

struct Figures<'a> {
    report: &'a EfficiencyReport,
}

const NOT_MEASURED: &str = "not measured";

impl Figures<'_> {
    fn parallel(&self, planner: PlannerKind) -> Option<&Measurement> {
        self.report.fastest(|point| point.planner == planner && !point.is_single())
    }

    /// Serial search, parallel episodes.
    fn by_workers(&self, planner: PlannerKind) -> impl Iterator<Item = &Measurement> {
        self.report.measurements.iter().filter(move |measured| {
            let point = &measured.point;
            point.planner == planner && !point.is_single() && point.mode == SearchMode::Serial
        })
    }

    fn memory(&self) -> String {
        let memory = &self.report.memory;
        let card =
            self.report.measurements.iter().filter_map(|measured| measured.gpu.as_ref()).map(|gpu| gpu.memory_bytes);
        let card =
            card.max().map_or(String::new(), |bytes| format!("; card memory of all {:.0} MB", bytes as f64 / 1e6));
        format!(
            "{:.2} MB per extra episode, {:.0} MB for {} episodes in one process{card}",
            memory.per_episode_bytes / 1e6,
            memory.resident_bytes as f64 / 1e6,
            memory.episodes,
        )
    }

    fn serial_campaign(&self, planner: PlannerKind) -> String {
        let seconds = self.report.serial(planner).map(|measured| measured.campaign_s(CampaignSize::REFERENCE));
        seconds.map_or(NOT_MEASURED.into(), |seconds| format!("{} (extrapolated)", duration(seconds)))
    }

    fn parallel_campaign(&self, planner: PlannerKind) -> String {
        let whole = |run: &&super::FlownRun| run.point.planner == planner && run.size == CampaignSize::REFERENCE;
        if let Some(flown) = self.report.flown.iter().find(whole) {
            let workers = counted(flown.point.workers, "worker");
            return format!("{} with {workers} (flown)", duration(flown.wall_s));
        }
        self.parallel(planner).map_or(NOT_MEASURED.into(), |measured| {
            let seconds = measured.campaign_s(CampaignSize::REFERENCE);
            format!("{} with {} (extrapolated)", duration(seconds), counted(measured.point.workers, "worker"))
        })
    }

    fn episode_speed_up(&self, planner: PlannerKind) -> String {
        let fastest = self.parallel(planner).and_then(|measured| Some((measured, self.report.speed_up(measured)?)));
        fastest.map_or(NOT_MEASURED.into(), |(measured, ratio)| {
            format!("{ratio:.2} with {}", counted(measured.point.workers, "worker"))
        })
    }

    fn pair(&self, in_parallel: bool) -> Option<&Measurement> {
        if in_parallel { self.parallel(PlannerKind::AlphaZero) } else { self.report.serial(PlannerKind::AlphaZero) }
    }

    fn network_share(&self, in_parallel: bool) -> String {
        self.pair(in_parallel).map_or(NOT_MEASURED.into(), |measured| {
            let card = measured.gpu.as_ref().map_or(String::new(), |gpu| format!("; card {:.0} %", 100.0 * gpu.busy));
            format!("network {:.0} %{card}", 100.0 * measured.network_busy)
        })
    }

    fn cores_share(&self, in_parallel: bool) -> String {
        let cores = self.report.machine.cores;
        self.pair(in_parallel).map_or(NOT_MEASURED.into(), |measured| {
            format!("{:.0} % ({:.2} of {cores} cores)", 100.0 * measured.cores_busy / cores as f64, measured.cores_busy)
        })
    }

    fn time_split(&self) -> String {
        self.parallel(PlannerKind::AlphaZero).map_or(NOT_MEASURED.into(), |measured| {
            let shares = measured.time_split.iter().zip(super::TIME_PARTS).filter(|(share, _)| **share >= 0.005);
            shares.map(|(share, part)| format!("{part} {:.0} %", 100.0 * share)).collect::<Vec<_>>().join(", ")
        })
    }

    fn best_workers(&self) -> String {
        let best = |planner| {
            let own = self.by_workers(planner);
            let best = own.max_by(|one, two| one.simulations_per_s().total_cmp(&two.simulations_per_s()))?;
            Some(format!("{} for {planner}", best.point.workers))
        };
        let best: Vec<String> = [PlannerKind::Mcts, PlannerKind::AlphaZero].into_iter().filter_map(best).collect();
        if best.is_empty() {
            NOT_MEASURED.into()
        } else {
            format!("{} of {} cores", best.join(", "), self.report.machine.cores)
        }
    }

    fn past_the_best(&self) -> String {
        let loss = |planner| {
            let most = self.by_workers(planner).max_by_key(|measured| measured.point.workers)?;
            let best = self.by_workers(planner).map(Measurement::simulations_per_s).fold(0.0, f64::max);
            let change = 100.0 * (most.simulations_per_s() / best - 1.0);
            Some(format!("{change:+.1} % with {} for {planner}", counted(most.point.workers, "worker")))
        };
        let losses: Vec<String> = [PlannerKind::Mcts, PlannerKind::AlphaZero].into_iter().filter_map(loss).collect();
        if losses.is_empty() { NOT_MEASURED.into() } else { losses.join(", ") }
    }

    /// A decision of one tree in one of those modes.
    fn decision(&self, of: impl Fn(&SearchMode) -> bool) -> String {
        let measured =
            self.report.fastest(|point| point.planner == PlannerKind::Mcts && point.is_single() && of(&point.mode));
        measured.map_or(NOT_MEASURED.into(), |measured| {
            let seconds = 3000.0 / measured.simulations_per_s();
            let ratio = self.report.speed_up(measured).filter(|_| !measured.point.is_serial());
            let ratio =
                ratio.map_or(String::new(), |ratio| format!(", {ratio:.2} times as fast ({})", measured.point.mode));
            format!("{seconds:.3} s{ratio}")
        })
    }

    fn combination(&self) -> String {
        let fastest = self.report.fastest(|point| {
            point.planner == PlannerKind::Mcts && !point.is_single() && point.mode != SearchMode::Serial
        });
        fastest.and_then(|measured| Some((measured, self.report.speed_up(measured)?))).map_or(
            NOT_MEASURED.into(),
            |(measured, ratio)| {
                format!("{ratio:.2} ({} on {})", measured.point.mode, counted(measured.point.workers, "worker"))
            },
        )
    }
}

/// Seconds as minutes where that reads better.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.1} min", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::efficiency::tests::report;
    use super::*;

    #[test]
    fn every_row_of_the_estimate_has_a_measured_counterpart() {
        let rows = comparison(&report());
        let measured = |what: &str| &rows.iter().find(|row| row.what.starts_with(what)).unwrap().measured;
        assert_eq!(measured("65 AlphaZero episodes, serially"), "5.4 min (extrapolated)");
        assert_eq!(measured("65 AlphaZero episodes, in parallel"), "2.9 min with 2 workers (extrapolated)");
        assert_eq!(measured("speed-up of parallel"), "1.90 with 2 workers");
        assert_eq!(measured("a pure-search decision"), "0.250 s");
        assert!(measured("the same with virtual loss").contains("1.80 times"));
        assert_eq!(measured("past the best"), "-10.5 % with 4 workers for mcts, -10.5 % with 4 workers for alpha_zero");
        assert_eq!(rows.iter().filter(|row| row.measured == NOT_MEASURED).count(), 1, "no combination in this report");
    }
}
