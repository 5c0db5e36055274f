use crate::mission::Action;

use super::{Choice, SelectionRule, ValueRange};

/// Gumbel search (Danihelka et al. 2022, "Policy improvement by planning with Gumbel"): below the root a node's edges
/// are tried in proportion to its improved policy, at the root by sequential halving among sampled actions.
#[derive(Clone, Debug, PartialEq)]
pub struct Gumbel {
    /// How the root chooses.
    pub root: GumbelRoot,
    /// Visits that a value counts for before there are any, c_visit.
    pub visit_scale: f64,
    /// Weight of values against logits, c_scale.
    pub value_scale: f64,
}

/// Sequential halving at the root.
#[derive(Clone, Debug, PartialEq)]
pub struct GumbelRoot {
    /// One Gumbel variate an action; all zero where nothing is to be left to chance.
    pub draw: [f64; Action::COUNT],
    /// For every simulation below the root, how often the action it tries has been tried before:
    /// [`visit_schedule`].
    pub schedule: Vec<u32>,
}

/// How often the action tried by each of `simulations` has been tried before, when `considered` actions are halved
/// until two are left (Danihelka et al. 2022, fig. 1; the schedule of mctx).
pub fn visit_schedule(considered: usize, simulations: usize) -> Vec<u32> {
    if considered <= 1 {
        return (0..simulations as u32).collect();
    }
    let rounds = considered.next_power_of_two().ilog2() as usize;
    let mut visits = vec![0_u32; considered];
    let mut left = considered;
    let mut schedule = Vec::with_capacity(simulations + considered);
    while schedule.len() < simulations {
        for _ in 0..(simulations / (rounds * left)).max(1) {
            schedule.extend_from_slice(&visits[..left]);
            visits[..left].iter_mut().for_each(|count| *count += 1);
        }
        left = (left / 2).max(2);
    }
    schedule.truncate(simulations);
    schedule
}

impl Gumbel {
    /// Logits of the improved policy: ln P + σ(q̂), where an edge never tried has the mixed value of its node.
    ///
    /// σ(q̂) = (c_visit + max N)·c_scale·q̂ (eq. 8), with q̂ normalised so that the worst of the node's actions has 0 and the
    /// best 1; the mixed value weighs the node's own evaluation against the tried edges' prior-weighted mean (eq. 33).
    pub fn improved_logits(&self, choice: &Choice) -> [f64; Action::COUNT] {
        let mut tried = 0.0;
        let mut mass = 0.0;
        let mut weighted = 0.0;
        let mut most = 0;
        for edge in choice.edges.iter() {
            if let Some(q) = edge.q() {
                tried += f64::from(edge.visits);
                mass += f64::from(edge.prior);
                weighted += f64::from(edge.prior) * q;
                most = most.max(edge.visits);
            }
        }
        // A prior that underflowed to 0 on every tried edge says nothing about their mean.
        let mean = if mass > 0.0 { weighted / mass } else { choice.own_value };
        let mixed = (choice.own_value + tried * mean) / (1.0 + tried);
        let scale = (self.visit_scale + f64::from(most)) * self.value_scale;
        let mut range = ValueRange::EMPTY;
        choice.edges.iter().for_each(|edge| range.include(choice.q(edge).unwrap_or(mixed)));
        let mut logits = [f64::NEG_INFINITY; Action::COUNT];
        for (logit, edge) in logits.iter_mut().zip(choice.edges) {
            let value = range.normalise(choice.q(edge).unwrap_or(mixed));
            // Priors are f32 probabilities: the smallest keeps the logarithm finite.
            *logit = f64::from(edge.prior.max(f32::MIN_POSITIVE)).ln() + scale * value;
        }
        logits
    }

    /// The improved policy: softmax of [`improved_logits`](Self::improved_logits).
    pub fn improved_policy(&self, choice: &Choice) -> [f64; Action::COUNT] {
        let logits = self.improved_logits(choice);
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights = logits.map(|logit| (logit - highest).exp());
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }

    /// The best by draw and improved logits of the actions that have been tried `times` times, walks under way
    /// counted; `None` if there is none.
    fn best_tried(&self, choice: &Choice, times: u32) -> Option<Action> {
        let logits = self.improved_logits(choice);
        let mut best: Option<(Action, f64)> = None;
        for &action in choice.order {
            let edge = &choice.edges[action.index()];
            let score = self.root.draw[action.index()] + logits[action.index()];
            let eligible = edge.visits + edge.in_flight == times;
            if eligible && best.is_none_or(|(_, held)| score > held) {
                best = Some((action, score));
            }
        }
        best.map(|(action, _)| action)
    }

    /// The action to play: the best of the most visited; before any visit, the best of all.
    pub fn decision(&self, choice: &Choice) -> Action {
        let most = choice.edges.iter().map(|edge| edge.visits).max().unwrap_or(0);
        self.best_tried(choice, most).unwrap_or(choice.order[0])
    }

    fn select_at_root(&self, choice: &Choice) -> Action {
        // The schedule alone spreads walks here: a virtual loss would only shuffle equals.
        let choice = &Choice { virtual_loss: 0.0, ..*choice };
        let walks: u32 = choice.edges.iter().map(|edge| edge.visits + edge.in_flight).sum();
        let times = self.root.schedule.get(walks as usize).copied().unwrap_or(0);
        // Several walks under way can leave no action with exactly that many; the least tried then has its turn.
        self.best_tried(choice, times)
            .or_else(|| {
                let least = choice.edges.iter().map(|edge| edge.visits + edge.in_flight).min()?;
                self.best_tried(choice, least)
            })
            .unwrap_or(choice.order[0])
    }

    fn select_below(&self, choice: &Choice) -> Action {
        let policy = self.improved_policy(choice);
        let walks: u32 = choice.edges.iter().map(|edge| edge.visits + edge.in_flight).sum();
        let mut best = (choice.order[0], f64::NEG_INFINITY);
        for &action in choice.order {
            let edge = &choice.edges[action.index()];
            let share = f64::from(edge.visits + edge.in_flight) / (1.0 + f64::from(walks));
            let score = policy[action.index()] - share;
            if score > best.1 {
                best = (action, score);
            }
        }
        best.0
    }
}

impl SelectionRule for Gumbel {
    fn select(&self, choice: &Choice) -> Action {
        if choice.depth == 0 { self.select_at_root(choice) } else { self.select_below(choice) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Edge;
    use super::*;

    fn edge(visits: u32, q: f64, prior: f32) -> Edge {
        Edge { visits, value_sum: q * f64::from(visits), ..Edge::new(prior) }
    }

    fn rule(schedule: Vec<u32>) -> Gumbel {
        let root = GumbelRoot { draw: [0.0; Action::COUNT], schedule };
        Gumbel { root, visit_scale: 50.0, value_scale: 0.1 }
    }

    fn with_choice<T>(depth: u32, own_value: f64, edges: &[Edge], then: impl FnOnce(&Choice) -> T) -> T {
        let mut range = ValueRange::EMPTY;
        range.include(0.0);
        range.include(1.0);
        let visits = 1 + edges.iter().map(|edge| edge.visits).sum::<u32>();
        let order = &Action::ALL[..edges.len()];
        then(&Choice { visits, in_flight: 0, own_value, depth, edges, order, range, virtual_loss: 0.0 })
    }

    #[test]
    fn halving_spends_all_simulations_as_published() {
        // 4 actions, 16 simulations: 2 rounds; 2 visits each for 4, then 4 each for the better 2.
        let expected = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5];
        assert_eq!(visit_schedule(4, 16), expected);
        assert_eq!(visit_schedule(1, 3), [0, 1, 2]);
        assert_eq!(visit_schedule(8, 3), [0, 0, 0]);
        for (considered, simulations) in [(2, 1), (5, 31), (13, 99), (8, 255)] {
            assert_eq!(visit_schedule(considered, simulations).len(), simulations);
        }
    }

    #[test]
    fn the_root_follows_its_schedule() {
        let rule = rule(visit_schedule(2, 4));
        let mut edges = [edge(0, 0.0, 0.5), edge(0, 0.0, 0.3), edge(0, 0.0, 0.2)];
        let mut tried = Vec::new();
        for _ in 0..4 {
            let action = with_choice(0, 0.5, &edges, |choice| rule.select(choice)).index();
            tried.push(action);
            let value = [0.2, 0.9, 0.5][action];
            edges[action].visits += 1;
            edges[action].value_sum += value;
        }
        // The two likeliest are tried once each, then once more in the order of logits and values.
        assert_eq!(tried[..2], [0, 1]);
        assert_eq!(tried[2..], [1, 0]);
        assert_eq!(with_choice(0, 0.5, &edges, |choice| rule.decision(choice)).index(), 1);
    }

    /// Two edges tried: N = 3 and 1, q = 0.8 and 0.4, P = 0.5 and 0.3; mean (0.4 + 0.12)/0.8 = 0.65; mixed
    /// (0.25 + 4·0.65)/5 = 0.57, between the two at 0.425; scale (50 + 3)·0.1 = 5.3.
    #[test]
    fn improved_logits_are_those_worked_by_hand() {
        let edges = [edge(3, 0.8, 0.5), edge(1, 0.4, 0.3), edge(0, 0.0, 0.2)];
        let logits = with_choice(1, 0.25, &edges, |choice| rule(Vec::new()).improved_logits(choice));
        for (logit, (prior, value)) in logits.iter().zip([(0.5_f32, 1.0), (0.3, 0.0), (0.2, 0.425)]) {
            // Priors are f32.
            assert!((logit - (f64::from(prior).ln() + 5.3 * value)).abs() < 1e-6, "{logits:?}");
        }
    }

    #[test]
    fn below_the_root_visits_approach_the_improved_policy() {
        let rule = rule(Vec::new());
        let mut edges = [edge(0, 0.0, 0.4), edge(0, 0.0, 0.4), edge(0, 0.0, 0.2)];
        let values = [0.5, 0.7, 0.5];
        for _ in 0..200 {
            let action = with_choice(1, 0.5, &edges, |choice| rule.select(choice)).index();
            edges[action].visits += 1;
            edges[action].value_sum += values[action];
        }
        let policy = with_choice(1, 0.5, &edges, |choice| rule.improved_policy(choice));
        for (edge, share) in edges.iter().zip(policy) {
            assert!((f64::from(edge.visits) / 200.0 - share).abs() < 0.05, "{edges:?} {policy:?}");
        }
    }

    /// Edges tried with q = 0.75 and 0.5625 and equal priors; the worst value of the tree is 0.
    #[test]
    fn a_virtual_loss_lowers_the_improved_policy_below_the_root_only() {
        let edges = [Edge { in_flight: 1, ..edge(3, 0.75, 0.5) }, edge(3, 0.5625, 0.5)];
        let policy = |depth, virtual_loss| {
            with_choice(depth, 0.5, &edges, |choice| {
                rule(Vec::new()).improved_policy(&Choice { virtual_loss, ..*choice })
            })
        };
        assert!(policy(1, 0.0)[0] > policy(1, 0.0)[1]);
        assert!((policy(1, 1.0)[0] - 0.5).abs() < 1e-12, "(3·0.75 + 1·0)/4 = 0.5625, as good as the other");
        assert!(policy(1, 2.0)[0] < policy(1, 2.0)[1]);
        let at_root = |virtual_loss| {
            with_choice(0, 0.5, &edges, |choice| {
                rule(visit_schedule(2, 20)).select(&Choice { virtual_loss, ..*choice })
            })
        };
        assert_eq!(at_root(0.0), at_root(5.0));
    }

    #[test]
    fn the_draw_decides_among_equals() {
        let mut rule = rule(visit_schedule(2, 4));
        rule.root.draw[2] = 3.0;
        let edges = [edge(0, 0.0, 0.4), edge(0, 0.0, 0.3), edge(0, 0.0, 0.3)];
        assert_eq!(with_choice(0, 0.5, &edges, |choice| rule.select(choice)).index(), 2);
    }

    #[test]
    fn the_improved_policy_is_a_distribution_over_the_edges_there_are() {
        let edges = [edge(0, 0.0, 0.0), edge(2, 0.1, 1.0)];
        let policy = with_choice(0, 0.0, &edges, |choice| rule(Vec::new()).improved_policy(choice));
        assert!((policy.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(policy[2..].iter().all(|share| *share == 0.0));
    }
}
