use serde::{Deserialize, Serialize};

use super::{CampaignSize, GpuLoad, SweepPoint};

/// Parts of the workers' wall time, in the order of [`Measurement::time_split`].
pub const TIME_PARTS: [&str; 7] = ["tree", "orbit", "rays", "belief", "other", "network", "idle"];

/// What one setting did.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The setting.
    pub point: SweepPoint,
    /// Simulations of a decision.
    pub simulations_per_decision: u32,
    /// What was done in that time.
    pub counted: Counted,
    /// Time measured, s.
    pub wall_s: f64,
    /// CPU time of the process over wall time.
    pub cores_busy: f64,
    /// Load of each core of the machine, 0 to 1, other programs included; none where every part was too short to tell.
    pub per_core: Vec<f32>,
    /// Share of the wall time in which the network's thread evaluates.
    pub network_busy: f64,
    /// Leaves over rows of its batches.
    pub batch_fill: f64,
    /// Load of the graphics card that the network runs on, where it can be asked.
    pub gpu: Option<GpuLoad>,
    /// Resident memory of the process, bytes.
    pub resident_bytes: u64,
    /// Shares of the workers' wall time, see [`TIME_PARTS`].
    pub time_split: [f64; 7],
}

/// Events of a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Simulations of all searches.
    pub simulations: u64,
    /// Images with belief update, imagined and taken.
    pub observations: u64,
    /// Leaves evaluated by the network.
    pub evaluations: u64,
}

impl Measurement {
    /// Simulations per second.
    pub fn simulations_per_s(&self) -> f64 {
        self.counted.simulations as f64 / self.wall_s.max(f64::MIN_POSITIVE)
    }

    /// Images with belief update per second.
    pub fn observations_per_s(&self) -> f64 {
        self.counted.observations as f64 / self.wall_s.max(f64::MIN_POSITIVE)
    }

    /// Leaves evaluated by the network per second.
    pub fn evaluations_per_s(&self) -> f64 {
        self.counted.evaluations as f64 / self.wall_s.max(f64::MIN_POSITIVE)
    }

    /// Decisions per second, whole ones or not.
    pub fn decisions_per_s(&self) -> f64 {
        self.simulations_per_s() / f64::from(self.simulations_per_decision.max(1))
    }

    /// Wall time that a campaign would take at this speed, s.
    pub fn campaign_s(&self, size: CampaignSize) -> f64 {
        size.decisions() as f64 / self.decisions_per_s().max(f64::MIN_POSITIVE)
    }

    /// Episodes of the reference length per minute.
    pub fn episodes_per_min(&self) -> f64 {
        60.0 * self.decisions_per_s() / f64::from(CampaignSize::REFERENCE.steps)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::search::{PlannerKind, SearchMode};

    /// A setting that does so many simulations a second.
    pub fn measured(planner: PlannerKind, mode: SearchMode, workers: usize, episodes: u32, rate: u64) -> Measurement {
        Measurement {
            point: SweepPoint { planner, mode, workers, episodes },
            simulations_per_decision: 100,
            counted: Counted { simulations: 2 * rate, observations: 2 * rate, evaluations: 0 },
            wall_s: 2.0,
            cores_busy: workers as f64,
            per_core: vec![0.5, 1.0],
            network_busy: 0.5,
            batch_fill: 0.9,
            gpu: None,
            resident_bytes: 100_000_000,
            time_split: [0.1, 0.1, 0.4, 0.2, 0.1, 0.1, 0.0],
        }
    }

    #[test]
    fn a_campaign_takes_its_decisions_over_the_speed() {
        let measured = measured(PlannerKind::Mcts, SearchMode::Serial, 1, 1, 1000);
        assert_eq!(measured.decisions_per_s(), 10.0);
        assert_eq!(measured.campaign_s(CampaignSize::REFERENCE), 325.0);
        assert_eq!(measured.episodes_per_min(), 12.0);
    }
}
