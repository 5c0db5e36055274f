use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::mission::Action;

use super::parallel::parallel_or_leaves;
use super::{Knowledge, ParallelConfig, SearchError};

/// How the root of an AlphaZero search chooses and decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RootRule {
    /// PUCT throughout; decides by visits.
    Puct,
    /// Sequential halving among sampled actions; decides by the improved policy.
    #[default]
    Gumbel,
}

impl RootRule {
    /// Every rule, in the order in which a list shows them.
    pub const ALL: [Self; 2] = [Self::Puct, Self::Gumbel];

    /// Its name on command lines and in panels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Puct => "puct",
            Self::Gumbel => "gumbel",
        }
    }
}

impl fmt::Display for RootRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for RootRule {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Self, SearchError> {
        let found = Self::ALL.into_iter().find(|rule| rule.name() == text.to_ascii_lowercase());
        found.ok_or_else(|| SearchError::UnknownChoice {
            field: "alpha_zero.root",
            value: text.to_owned(),
            accepted: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// How one decision is searched with a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlphaZeroConfig {
    /// Simulations a decision, the evaluation of the root included; 1 means that the network decides alone.
    /// 1 to 100,000; default 100.
    pub simulations: u32,
    /// How the root chooses and decides. Default: `Gumbel`.
    pub root: RootRule,
    /// What the planner may know of the target. Default: `SampledBelief`.
    pub knowledge: Knowledge,
    /// PUCT's constant c. 0 to 100; default 1.5.
    pub exploration: f64,
    /// First-play urgency: how much less an untried action is taken to be worth. 0 to 1; default 0.2.
    pub first_play_reduction: f64,
    /// Concentration of the Dirichlet noise on the root's priors in self-play with PUCT. Above 0, at most 100;
    /// default 0.8, about 10 over the number of actions.
    pub dirichlet_alpha: f64,
    /// Share of that noise. 0 to 1; default 0.25.
    pub dirichlet_fraction: f64,
    /// In self-play with PUCT, actions are drawn in proportion to visits^(1/temperature) for this many steps, then the
    /// most visited is taken. Default 15.
    pub temperature_steps: u32,
    /// That temperature. Above 0, at most 10; default 1.
    pub temperature: f64,
    /// Actions that sequential halving starts with. 1 to 13; default 8.
    pub considered_actions: usize,
    /// Gumbel search's c_visit. 0 to 1000; default 50.
    pub visit_scale: f64,
    /// Gumbel search's c_scale. 0 to 100; default 0.1.
    pub value_scale: f64,
    /// How many leaves of one decision are at the network at once, and of how many trees. More fill batches when there
    /// are few episodes, and cost playing strength. Default: one leaf of one tree.
    #[serde(alias = "leaves_in_flight", deserialize_with = "parallel_or_leaves")]
    pub parallel: ParallelConfig,
}

impl Default for AlphaZeroConfig {
    fn default() -> Self {
        Self {
            simulations: 100,
            root: RootRule::Gumbel,
            knowledge: Knowledge::SampledBelief,
            exploration: 1.5,
            first_play_reduction: 0.2,
            dirichlet_alpha: 0.8,
            dirichlet_fraction: 0.25,
            temperature_steps: 15,
            temperature: 1.0,
            considered_actions: 8,
            visit_scale: 50.0,
            value_scale: 0.1,
            parallel: ParallelConfig::default(),
        }
    }
}

impl AlphaZeroConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`SearchError::OutOfRange`] names the first field that is outside, its value and the accepted range.
    pub fn validate(&self) -> Result<(), SearchError> {
        let positive = |value: f64, most: f64| value > 0.0 && value <= most;
        let within = |value: f64, most: f64| (0.0..=most).contains(&value);
        let checks = [
            ("simulations", (1..=100_000).contains(&self.simulations), self.simulations.to_string(), "1 to 100000"),
            ("exploration", within(self.exploration, 100.0), self.exploration.to_string(), "0 to 100"),
            (
                "first_play_reduction",
                within(self.first_play_reduction, 1.0),
                self.first_play_reduction.to_string(),
                "0 to 1",
            ),
            (
                "dirichlet_alpha",
                positive(self.dirichlet_alpha, 100.0),
                self.dirichlet_alpha.to_string(),
                "above 0, at most 100",
            ),
            ("dirichlet_fraction", within(self.dirichlet_fraction, 1.0), self.dirichlet_fraction.to_string(), "0 to 1"),
            ("temperature", positive(self.temperature, 10.0), self.temperature.to_string(), "above 0, at most 10"),
            (
                "considered_actions",
                (1..=Action::COUNT).contains(&self.considered_actions),
                self.considered_actions.to_string(),
                "1 to 13",
            ),
            ("visit_scale", within(self.visit_scale, 1000.0), self.visit_scale.to_string(), "0 to 1000"),
            ("value_scale", within(self.value_scale, 100.0), self.value_scale.to_string(), "0 to 100"),
        ];
        match checks.into_iter().find(|(_, accepted, ..)| !accepted) {
            None => self.parallel.validate(),
            Some((field, _, value, accepted)) => Err(SearchError::OutOfRange { field, value, accepted }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_accepted_and_wrong_numbers_are_named() {
        assert_eq!(AlphaZeroConfig::default().validate(), Ok(()));
        let error = AlphaZeroConfig { temperature: 0.0, ..Default::default() }.validate().unwrap_err().to_string();
        assert!(error.contains("temperature: 0") && error.contains("above 0, at most 10"), "{error}");
        assert!(AlphaZeroConfig { value_scale: f64::NAN, ..Default::default() }.validate().is_err());
        assert!(AlphaZeroConfig { considered_actions: 14, ..Default::default() }.validate().is_err());
    }

    #[test]
    fn root_rules_parse_from_their_names() {
        for rule in RootRule::ALL {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        assert!("ucb".parse::<RootRule>().unwrap_err().to_string().contains("puct, gumbel"));
    }
}
