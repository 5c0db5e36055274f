use serde::{Deserialize, Serialize};

/// What a step is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RewardSettings {
    /// Cost λ of a burn per m/s, in shares of the initial entropy. Default 1: a 0.05 m/s burn costs 5 % of all
    /// information.
    pub dv_cost_per_m_s: f64,
    /// Discount γ per step, above 0 and at most 1. Default 0.99.
    pub discount: f64,
    /// Radius of the keep-out sphere round the target's centre, m. Default 20.
    pub keep_out_radius_m: f64,
    /// Cost of a step during which the servicer was inside the keep-out sphere, in shares of the initial entropy.
    /// Default 0.
    pub keep_out_cost: f64,
}

impl Default for RewardSettings {
    fn default() -> Self {
        Self { dv_cost_per_m_s: 1.0, discount: 0.99, keep_out_radius_m: 20.0, keep_out_cost: 0.0 }
    }
}

impl RewardSettings {
    /// `(H_before − H_after)/H_0 − λ|Δv|`, with H_0 the episode's *initial* entropy, so that every planner is paid
    /// alike.
    #[inline]
    pub fn reward(&self, entropy_drop_nats: f64, initial_entropy_nats: f64, dv_m_s: f64) -> f64 {
        entropy_drop_nats / initial_entropy_nats - self.dv_cost_per_m_s * dv_m_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_reference_burn_costs_5_percent_of_all_information() {
        let reward = RewardSettings::default();
        let initial = 8000.0 * std::f64::consts::LN_2;
        assert!((reward.reward(0.05 * initial, initial, 0.05)).abs() < 1e-15);
        assert_eq!(reward.reward(0.0, initial, 0.0), 0.0);
    }
}
