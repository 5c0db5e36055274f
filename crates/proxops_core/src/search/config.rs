use serde::{Deserialize, Serialize};

use super::named_choice::named_choice;
use super::{AlphaZeroConfig, ParallelConfig, SearchError};

/// Which planner chooses the burns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PlannerKind {
    /// Never burns: the baseline that every other planner must beat.
    Passive,
    /// Burns at random, uniformly over the 13 actions.
    Random,
    /// Pure Monte-Carlo tree search: UCB1 and roll-outs.
    #[default]
    Mcts,
    /// Tree search with a network: PUCT or Gumbel, the network's policy and value at the leaves.
    AlphaZero,
    /// The network's policy alone, without a search.
    NetworkOnly,
}

impl PlannerKind {
    /// Whether it searches a tree of imagined images, to which it matters what the planner knows.
    pub const fn searches(self) -> bool {
        matches!(self, Self::Mcts | Self::AlphaZero)
    }

    /// Whether it needs a network.
    pub const fn needs_network(self) -> bool {
        matches!(self, Self::AlphaZero | Self::NetworkOnly)
    }
}

/// What a planner may know of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Knowledge {
    /// Only the belief: every imagined image is taken of a shape drawn from it.
    #[default]
    SampledBelief,
    /// The true shape: the same search with perfect knowledge. It shows what better knowledge of the shape would gain this search.
    /// It bounds nothing: other plans beat it, for it looks no farther ahead. No real planner has it, so it is never a result.
    Oracle,
}

/// How a roll-out chooses its actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RollOutPolicy {
    /// Uniformly at random over all actions: noisy, and it pays for burns that no planner would make.
    Random,
    /// No burn: what the natural motion shows from there on.
    #[default]
    Coast,
}

named_choice!(PlannerKind, "planner", {
    Passive => "passive",
    Random => "random",
    Mcts => "mcts",
    AlphaZero => "alpha_zero",
    NetworkOnly => "network_only",
});
named_choice!(Knowledge, "knowledge", { SampledBelief => "sampled_belief", Oracle => "oracle" });
named_choice!(RollOutPolicy, "roll_out", { Random => "random", Coast => "coast" });

/// How one decision is searched. The default is the pure Monte-Carlo planner of the reference scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// Who chooses the burns. Default: `Mcts`.
    pub planner: PlannerKind,
    /// Simulations a decision, the evaluation of the root included. 1 to 100,000; default 3000.
    pub simulations: u32,
    /// Steps looked ahead, counted from the root; the mission's last step ends a search sooner. 1 to 200; default 5.
    pub horizon: u32,
    /// UCB1's constant c, for values normalised to 0…1. 0 to 100; default 1.4.
    pub exploration: f64,
    /// What the planner may know of the target. Default: `SampledBelief`.
    pub knowledge: Knowledge,
    /// How roll-outs choose their actions. Default: `Coast`.
    pub roll_out: RollOutPolicy,
    /// How one decision's simulations are spread over leaves, threads and trees; planners with a network follow it too.
    pub parallel: ParallelConfig,
    /// Settings of the planners with a network, their number of simulations among them; `simulations`, `horizon`,
    /// `exploration` and `roll_out` above are those of pure Monte-Carlo search.
    pub alpha_zero: AlphaZeroConfig,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            planner: PlannerKind::Mcts,
            simulations: 3000,
            horizon: 5,
            exploration: 1.4,
            knowledge: Knowledge::SampledBelief,
            roll_out: RollOutPolicy::Coast,
            parallel: ParallelConfig::default(),
            alpha_zero: AlphaZeroConfig::default(),
        }
    }
}

impl SearchConfig {
    /// Most simulations a decision may have.
    pub const MAX_SIMULATIONS: u32 = 100_000;
    /// Most steps a search may look ahead.
    pub const MAX_HORIZON: u32 = 200;
    /// Largest exploration constant.
    pub const MAX_EXPLORATION: f64 = 100.0;

    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`SearchError::OutOfRange`] names the first field that is outside, its value and the accepted range.
    pub fn validate(&self) -> Result<(), SearchError> {
        let checks = [
            (
                "simulations",
                (1..=Self::MAX_SIMULATIONS).contains(&self.simulations),
                self.simulations.to_string(),
                "an integer from 1 to 100000",
            ),
            (
                "horizon",
                (1..=Self::MAX_HORIZON).contains(&self.horizon),
                self.horizon.to_string(),
                "an integer from 1 to 200",
            ),
            (
                "exploration",
                (0.0..=Self::MAX_EXPLORATION).contains(&self.exploration),
                self.exploration.to_string(),
                "a number from 0 to 100",
            ),
        ];
        match checks.into_iter().find(|(_, accepted, ..)| !accepted) {
            None => self.parallel.validate().and_then(|()| self.alpha_zero.validate()),
            Some((field, _, value, accepted)) => Err(SearchError::OutOfRange { field, value, accepted }),
        }
    }

    /// The settings of a search with a network: one simulation, the root's own evaluation, where the network decides
    /// alone.
    pub fn with_network(&self) -> AlphaZeroConfig {
        let alone = self.planner == PlannerKind::NetworkOnly;
        AlphaZeroConfig {
            simulations: if alone { 1 } else { self.alpha_zero.simulations },
            knowledge: self.knowledge,
            parallel: self.parallel.clone(),
            ..self.alpha_zero.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_the_reference_planner() {
        let config = SearchConfig::default();
        assert_eq!((config.simulations, config.horizon, config.exploration), (3000, 5, 1.4));
        assert_eq!((config.knowledge, config.roll_out), (Knowledge::SampledBelief, RollOutPolicy::Coast));
        assert_eq!(config.validate(), Ok(()));
    }

    #[test]
    fn numbers_outside_their_range_are_named() {
        let zero = SearchConfig { simulations: 0, ..Default::default() };
        assert_eq!(
            zero.validate().unwrap_err().to_string(),
            "search.simulations: 0 is not accepted, it must be an integer from 1 to 100000"
        );
        let deep = SearchConfig { horizon: 201, ..Default::default() };
        assert!(deep.validate().unwrap_err().to_string().starts_with("search.horizon: 201"));
        for exploration in [f64::NAN, f64::INFINITY, -0.1] {
            assert!(SearchConfig { exploration, ..Default::default() }.validate().is_err());
        }
    }

    #[test]
    fn every_choice_parses_from_its_own_name() {
        for kind in PlannerKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(*kind));
        }
        for knowledge in Knowledge::ALL {
            assert_eq!(knowledge.to_string().parse(), Ok(*knowledge));
            assert_eq!(format!("{knowledge:?}").parse(), Ok(*knowledge));
        }
        for policy in RollOutPolicy::ALL {
            assert_eq!(policy.to_string().parse(), Ok(*policy));
        }
        assert_eq!(
            "minimax".parse::<PlannerKind>().unwrap_err().to_string(),
            "search.planner: `minimax` is not one of passive, random, mcts, alpha_zero, network_only"
        );
    }

    #[test]
    fn files_use_the_variants_names_and_reject_unknown_fields() {
        let config: SearchConfig = ron::from_str("(planner: Random, knowledge: Oracle, simulations: 7)").unwrap();
        assert_eq!((config.planner, config.knowledge, config.simulations), (PlannerKind::Random, Knowledge::Oracle, 7));
        assert!(ron::from_str::<SearchConfig>("(simulation: 7)").is_err());
    }
}
