use crate::memory::MemoryLimit;
use crate::mission::{Scenario, Seed};
use crate::network::NetworkDevice;
use crate::search::{InFlight, PlannerKind, SearchMode};

use super::QualityPlan;

/// Episodes, steps and simulations of the campaign whose wall time is reported: 65 episodes of the reference scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignSize {
    /// Episodes.
    pub episodes: u32,
    /// Steps an episode.
    pub steps: u32,
}

impl CampaignSize {
    /// The campaign of the estimate that the report answers.
    pub const REFERENCE: Self = Self { episodes: 65, steps: 50 };

    /// Decisions in all.
    pub const fn decisions(self) -> u64 {
        self.episodes as u64 * self.steps as u64
    }
}

/// One setting that is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepPoint {
    /// Who plans: pure search or AlphaZero.
    pub planner: PlannerKind,
    /// How one tree is searched.
    pub mode: SearchMode,
    /// Threads that plan and observe.
    pub workers: usize,
    /// Episodes in parallel.
    pub episodes: u32,
}

impl SweepPoint {
    /// Whether a single tree is searched, so that the mode alone makes the difference.
    pub fn is_single(&self) -> bool {
        self.episodes == 1
    }

    /// Whether this is what everything is compared with: one tree, one leaf at a time, one worker.
    pub fn is_serial(&self) -> bool {
        self.is_single() && self.workers == 1 && self.mode == SearchMode::Serial
    }
}

/// As in "mcts serial, 2 workers, 8 episodes".
impl std::fmt::Display for SweepPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (workers, episodes) = (counted(self.workers, "worker"), counted(self.episodes as usize, "episode"));
        write!(f, "{} {}, {workers}, {episodes}", self.planner, self.mode)
    }
}

/// A number with what it counts.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Everything that a sweep measures.
#[derive(Clone, Debug)]
pub struct SweepPlan {
    /// What is flown while speed is measured.
    pub scenario: Scenario,
    /// Seed of all runs.
    pub seed: Seed,
    /// The settings, measured in this order.
    pub points: Vec<SweepPoint>,
    /// Time for which a setting is measured, s.
    pub seconds_per_point: f64,
    /// Simulations of a decision of pure search.
    pub mcts_simulations: u32,
    /// Simulations of a decision of AlphaZero.
    pub alpha_zero_simulations: u32,
    /// How decisions are judged.
    pub quality: QualityPlan,
    /// Episodes whose memory is measured; their trees have 100 simulations.
    pub memory_episodes: u32,
    /// Whether the campaign is flown to its end with AlphaZero's fastest setting, and one episode of pure search serially,
    /// instead of only extrapolated.
    pub flies_campaign: bool,
    /// Where the network runs.
    pub device: NetworkDevice,
    /// Most of the machine's memory that a run may ask for, 0.01 to 1.
    pub memory_share: f64,
}

impl SweepPlan {
    /// A sweep of two to three minutes on a machine with `cores` cores.
    pub fn quick(cores: usize) -> Self {
        let mut workers = vec![1, cores, 2 * cores];
        workers.dedup();
        Self {
            points: points(cores, &workers, &[32], &[1.0]),
            seconds_per_point: 2.5,
            memory_episodes: 256,
            flies_campaign: false,
            quality: QualityPlan { states: 20, ..QualityPlan::default() },
            ..Self::empty()
        }
    }

    /// A sweep of about a quarter of an hour.
    pub fn full(cores: usize) -> Self {
        let workers: Vec<usize> = worker_counts(cores);
        Self {
            points: points(cores, &workers, &[2, 4, 8, 16, 32, 64], &[1.0, 3.0]),
            seconds_per_point: 8.0,
            memory_episodes: 1000,
            flies_campaign: true,
            quality: QualityPlan { states: 96, leaves: vec![1, 2, 4, 8, 16, 32, 64], ..QualityPlan::default() },
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            scenario: Scenario::reference(),
            seed: Seed(1),
            points: Vec::new(),
            seconds_per_point: 1.0,
            mcts_simulations: 3000,
            alpha_zero_simulations: 100,
            quality: QualityPlan::default(),
            memory_episodes: 256,
            flies_campaign: false,
            device: NetworkDevice::Auto,
            memory_share: MemoryLimit::DEFAULT_SHARE,
        }
    }
}

/// Every count up to twice the cores on small machines, about ten of them on large ones.
fn worker_counts(cores: usize) -> Vec<usize> {
    let stride = cores.div_ceil(5).max(1);
    let mut counts: Vec<usize> = (1..=2 * cores).filter(|&count| count == 1 || count % stride == 0).collect();
    counts.extend([cores, 2 * cores]);
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn points(cores: usize, workers: &[usize], leaves: &[u32], virtual_losses: &[f64]) -> Vec<SweepPoint> {
    let mut points = Vec::new();
    for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
        let mut add = |mode: &SearchMode, workers, episodes| {
            let point = SweepPoint { planner, mode: *mode, workers, episodes };
            if !points.contains(&point) {
                points.push(point);
            }
        };
        add(&SearchMode::Serial, 1, 1);
        let modes = parallel_modes(cores, leaves, virtual_losses);
        // AlphaZero's trees are walked by the workers, pure search brings threads of its own.
        let alone = if planner == PlannerKind::AlphaZero { cores } else { 1 };
        modes.iter().for_each(|mode| add(mode, alone, 1));
        workers.iter().for_each(|&workers| add(&SearchMode::Serial, workers, parallel_episodes(planner, workers)));
        let combined = parallel_modes(cores, &leaves[leaves.len() / 2..][..1], &virtual_losses[..1]);
        combined.iter().for_each(|mode| add(mode, cores, parallel_episodes(planner, cores)));
    }
    points
}

/// Pure search needs work for every worker, a network needs whole batches.
fn parallel_episodes(planner: PlannerKind, workers: usize) -> u32 {
    if planner == PlannerKind::AlphaZero { CampaignSize::REFERENCE.episodes } else { (4 * workers as u32).max(8) }
}

fn parallel_modes(cores: usize, leaves: &[u32], virtual_losses: &[f64]) -> Vec<SearchMode> {
    let threads = cores.max(2) as u32;
    let mut modes: Vec<SearchMode> = leaves.iter().map(|&leaves| SearchMode::Batched { leaves }).collect();
    modes.push(SearchMode::TreeParallel { threads, in_flight: InFlight::VisitsOnly });
    let virtual_loss = |&weight| SearchMode::TreeParallel { threads, in_flight: InFlight::VirtualLoss { weight } };
    modes.extend(virtual_losses.iter().map(virtual_loss));
    modes.push(SearchMode::RootParallel { trees: threads });
    modes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worker_counts_reach_from_one_to_twice_the_cores() {
        assert_eq!(worker_counts(1), [1, 2]);
        assert_eq!(worker_counts(2), [1, 2, 3, 4]);
        let many = worker_counts(32);
        assert_eq!((many[0], many.last()), (1, Some(&64)));
        assert!(many.contains(&32) && many.len() < 14, "{many:?}");
    }

    #[test]
    fn points_are_named_in_words() {
        let point = SweepPoint { planner: PlannerKind::Mcts, mode: SearchMode::Serial, workers: 1, episodes: 8 };
        assert_eq!(point.to_string(), "mcts serial, 1 worker, 8 episodes");
    }

    #[test]
    fn both_planners_begin_with_the_serial_search_of_one_tree() {
        for plan in [SweepPlan::quick(2), SweepPlan::full(2), SweepPlan::quick(1)] {
            for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
                let own: Vec<_> = plan.points.iter().filter(|point| point.planner == planner).collect();
                assert!(own[0].is_serial());
                assert_eq!(own.iter().filter(|point| point.is_serial()).count(), 1);
                assert!(own.iter().any(|point| !point.is_single() && point.mode != SearchMode::Serial));
            }
        }
    }
}
