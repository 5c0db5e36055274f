use serde::{Deserialize, Serialize};

use super::{Mission, MissionState, Transition};

/// The belief above which a voxel counts as found.
const FOUND_PROBABILITY: f64 = 0.5;

/// What an episode, finished or not, has come to. Passive flight already gathers most of the information of an easy
/// scenario, so planners are compared by how soon, at what cost and how rightly they learn, not by the end value
/// alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpisodeMetrics {
    /// Decisions taken.
    pub steps: u32,
    /// Entropy of the belief, nats.
    pub final_entropy_nats: f64,
    /// (H₀ − H)/H_reachable: 1 when as much is known as an error-free camera could ever see; slightly more is
    /// possible, because the sensor lets a few rays pass through solid voxels.
    pub fraction_of_reachable_entropy: f64,
    /// Decisions until 80 % of the reachable entropy was gone; 0 when the first image sufficed, none when it never
    /// was.
    pub steps_to_80: Option<u32>,
    /// Decisions until 90 % of the reachable entropy was gone.
    pub steps_to_90: Option<u32>,
    /// Decisions until 95 % of the reachable entropy was gone.
    pub steps_to_95: Option<u32>,
    /// Mean of H/H₀ over the decisions so far (trapezoidal): 0 best, 1 when nothing was learnt.
    pub area_under_curve: f64,
    /// Velocity change spent, m/s.
    pub dv_spent_m_s: f64,
    /// Sum of the rewards, not discounted.
    pub total_reward: f64,
    /// Share of the true surface voxels believed occupied (probability above one half).
    pub surface_recall: f64,
    /// Empty voxels believed occupied.
    pub false_alarm_voxels: u32,
    /// Smallest distance to the target's centre, between steps too, m.
    pub closest_approach_m: f64,
    /// Why the episode ended before its last step; none when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

impl EpisodeMetrics {
    /// Metrics of an episode from its state and all its transitions, oldest first.
    pub fn of(mission: &Mission, state: &MissionState, transitions: &[Transition]) -> Self {
        let initial = mission.initial_entropy_nats();
        let reachable = mission.reachable_entropy_nats();
        let final_entropy_nats = state.belief.entropy_nats();
        let first = transitions.first().map_or(final_entropy_nats, |transition| transition.entropy_before_nats);
        let curve: Vec<f64> = std::iter::once(first).chain(transitions.iter().map(|t| t.entropy_after_nats)).collect();
        let steps_to = |share: f64| {
            curve
                .iter()
                .position(|entropy| initial - entropy >= share * reachable)
                .and_then(|step| u32::try_from(step).ok())
        };
        let (surface_recall, false_alarm_voxels) = found(mission, state);
        Self {
            steps: state.step,
            final_entropy_nats,
            fraction_of_reachable_entropy: (initial - final_entropy_nats) / reachable,
            steps_to_80: steps_to(0.80),
            steps_to_90: steps_to(0.90),
            steps_to_95: steps_to(0.95),
            area_under_curve: mean_by_trapezoids(&curve) / initial,
            dv_spent_m_s: state.dv_spent_m_s,
            total_reward: state.total_reward,
            surface_recall,
            false_alarm_voxels,
            closest_approach_m: state.closest_approach_m,
            refusal: state.refusal.map(|refusal| refusal.to_string()),
        }
    }
}

/// Share of the true surface believed occupied, and number of empty voxels believed occupied.
fn found(mission: &Mission, state: &MissionState) -> (f64, u32) {
    let believed = |voxel: &_| state.belief.probability(*voxel) > FOUND_PROBABILITY;
    let surface_found = mission.surface().occupied().filter(believed).count();
    let false_alarms =
        mission.grid().indices().filter(|voxel| !mission.truth().is_occupied(*voxel)).filter(believed).count();
    (surface_found as f64 / mission.surface().count() as f64, false_alarms as u32)
}

/// Mean height of a curve with evenly spaced samples.
fn mean_by_trapezoids(curve: &[f64]) -> f64 {
    match curve {
        [] => 0.0,
        [only] => *only,
        _ => curve.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).sum::<f64>() / (curve.len() - 1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_by_trapezoids_of_a_line_is_its_middle() {
        assert_eq!(mean_by_trapezoids(&[4.0, 3.0, 2.0, 1.0, 0.0]), 2.0);
        assert_eq!(mean_by_trapezoids(&[7.0]), 7.0);
    }
}
