use rand::RngExt;
use rand_distr::{Distribution, Gamma, Gumbel as GumbelDistribution};

use crate::mission::{Action, StreamRng};

use super::{
    AlphaZeroConfig, Choice, Exploration, Gumbel, GumbelRoot, Puct, RootNoise, RootRule, SelectionRule, visit_schedule,
};

/// How an AlphaZero search chooses its edges.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Puct(Puct),
    Gumbel(Gumbel),
}

impl SelectionRule for Rule {
    fn select(&self, choice: &Choice) -> Action {
        match self {
            Self::Puct(rule) => rule.select(choice),
            Self::Gumbel(rule) => rule.select(choice),
        }
    }
}

pub(super) fn likeliest(policy: &[f32; Action::COUNT]) -> Action {
    let mut best = Action::NONE;
    for action in Action::ALL {
        if policy[action.index()] > policy[best.index()] {
            best = action;
        }
    }
    best
}

/// An action with probability proportional to its share^(1/temperature).
pub(super) fn draw_action(policy: &[f32; Action::COUNT], temperature: f64, rng: &mut StreamRng) -> Action {
    let weights = policy.map(|share| f64::from(share).powf(1.0 / temperature));
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (action, weight) in Action::ALL.into_iter().zip(weights) {
        left -= weight;
        if left < 0.0 {
            return action;
        }
    }
    likeliest(policy)
}

/// The rule of a tree that is to be grown by `simulations`.
pub(super) fn rule_of(
    config: &AlphaZeroConfig,
    exploration: Exploration,
    simulations: u32,
    rng: &mut StreamRng,
) -> Rule {
    let noisy = exploration == Exploration::SelfPlay;
    match config.root {
        RootRule::Puct => Rule::Puct(Puct {
            exploration: config.exploration,
            first_play_reduction: config.first_play_reduction,
            noise: noisy.then(|| root_noise(config, rng)).flatten(),
        }),
        RootRule::Gumbel => {
            // Location 0 and scale 1 are always accepted.
            let gumbel = GumbelDistribution::new(0.0, 1.0).ok().filter(|_| noisy);
            let draw = gumbel.map_or([0.0; Action::COUNT], |gumbel| std::array::from_fn(|_| gumbel.sample(rng)));
            let below_root = simulations.saturating_sub(1) as usize;
            Rule::Gumbel(Gumbel {
                root: GumbelRoot { draw, schedule: visit_schedule(config.considered_actions, below_root) },
                visit_scale: config.visit_scale,
                value_scale: config.value_scale,
            })
        }
    }
}

/// A draw from the symmetric Dirichlet distribution, as normalised gamma variates; `None` for a concentration outside
/// its range.
fn root_noise(config: &AlphaZeroConfig, rng: &mut StreamRng) -> Option<RootNoise> {
    let gamma = Gamma::new(config.dirichlet_alpha, 1.0).ok()?;
    let draw: [f64; Action::COUNT] = std::array::from_fn(|_| gamma.sample(rng));
    let sum: f64 = draw.iter().sum();
    (sum > 0.0).then(|| RootNoise { fraction: config.dirichlet_fraction, draw: draw.map(|share| share / sum) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::{Purpose, Seed, StreamKey};

    #[test]
    fn the_temperature_draws_by_visits_and_ends() {
        let mut policy = [0.0; Action::COUNT];
        policy[2] = 0.75;
        policy[9] = 0.25;
        let mut rng = StreamKey { seed: Seed(1), episode: 0, step: 0, simulation: 0, purpose: Purpose::Policy }.rng();
        let mut counts = [0_u32; Action::COUNT];
        for _ in 0..4000 {
            counts[draw_action(&policy, 1.0, &mut rng).index()] += 1;
        }
        // Mean 3000, standard deviation 27; five of them.
        assert!(counts[2].abs_diff(3000) < 137 && counts[2] + counts[9] == 4000, "{counts:?}");
    }
}
