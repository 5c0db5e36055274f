use crate::mission::Action;

use super::{Choice, SelectionRule};

/// PUCT (Silver et al. 2018) on values normalised to 0…1: Q̂ + c·P·√(N + O) / (1 + n + o).
///
/// N + O are the visits of the node, completed and under way, its own evaluation included; n + o the edge's. An untried
/// edge is taken to be worth a little less than the tried ones on average (first-play urgency as in Leela Chess Zero:
/// reduced by r·√(share of the prior that has been tried)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Puct {
    /// The constant c.
    pub exploration: f64,
    /// The reduction r.
    pub first_play_reduction: f64,
    /// Noise on the root's priors.
    pub noise: Option<RootNoise>,
}

/// Dirichlet noise: at the root the prior becomes (1 − ε)·P + ε·η.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RootNoise {
    /// The share ε.
    pub fraction: f64,
    /// The draw η, indexed by action.
    pub draw: [f64; Action::COUNT],
}

impl Puct {
    fn prior(&self, choice: &Choice, action: Action) -> f64 {
        let prior = f64::from(choice.edges[action.index()].prior);
        match &self.noise {
            Some(noise) if choice.depth == 0 => {
                (1.0 - noise.fraction) * prior + noise.fraction * noise.draw[action.index()]
            }
            _ => prior,
        }
    }

    /// What an untried edge is taken to be worth, on the normalised scale.
    fn first_play(&self, choice: &Choice) -> f64 {
        let mut visits = 0.0;
        let mut value = 0.0;
        let mut mass = 0.0;
        for edge in choice.edges.iter().filter(|edge| edge.visits > 0) {
            visits += f64::from(edge.visits);
            value += edge.value_sum;
            mass += f64::from(edge.prior);
        }
        if visits == 0.0 {
            return 0.5;
        }
        choice.range.normalise(value / visits) - self.first_play_reduction * mass.sqrt()
    }
}

impl SelectionRule for Puct {
    fn select(&self, choice: &Choice) -> Action {
        let root = f64::from(choice.visits + choice.in_flight).sqrt();
        let first_play = self.first_play(choice);
        let mut best = (choice.order[0], f64::NEG_INFINITY);
        for &action in choice.order {
            let edge = &choice.edges[action.index()];
            let value = choice.q(edge).map_or(first_play, |q| choice.range.normalise(q));
            let tried = f64::from(edge.visits + edge.in_flight);
            let score = value + self.exploration * self.prior(choice, action) * root / (1.0 + tried);
            if score > best.1 {
                best = (action, score);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edge, ValueRange};
    use super::*;

    fn edge(visits: u32, q: f64, prior: f32) -> Edge {
        Edge { visits, value_sum: q * f64::from(visits), ..Edge::new(prior) }
    }

    fn choose_with(rule: Puct, depth: u32, edges: &[Edge], virtual_loss: f64) -> usize {
        let mut range = ValueRange::EMPTY;
        range.include(0.0);
        range.include(1.0);
        let visits = 1 + edges.iter().map(|edge| edge.visits).sum::<u32>();
        let order = &Action::ALL[..edges.len()];
        let in_flight = edges.iter().map(|edge| edge.in_flight).sum();
        let choice = Choice { visits, in_flight, own_value: 0.0, depth, edges, order, range, virtual_loss };
        rule.select(&choice).index()
    }

    fn choose(rule: Puct, depth: u32, edges: &[Edge]) -> usize {
        choose_with(rule, depth, edges, 0.0)
    }

    const RULE: Puct = Puct { exploration: 1.5, first_play_reduction: 0.2, noise: None };

    #[test]
    fn the_first_visit_goes_to_the_largest_prior() {
        assert_eq!(choose(RULE, 0, &[edge(0, 0.0, 0.2), edge(0, 0.0, 0.5), edge(0, 0.0, 0.3)]), 1);
    }

    /// Root of 9 visits: a0: 0.6 + 1.5·0.5·3/6 = 0.975; a1: 0.5 + 1.5·0.4·3/4 = 0.95; a2, untried: the mean
    /// (5·0.6 + 3·0.5)/8 = 0.5625 less 0.2·√0.9, plus 1.5·0.1·3/1: 0.8228. One more visit of a0 makes it
    /// 0.6 + 1.5·0.5·√10/7 = 0.9388 against a1's 0.5 + 1.5·0.4·√10/4 = 0.9743.
    #[test]
    fn scores_are_those_worked_by_hand() {
        assert_eq!(choose(RULE, 0, &[edge(5, 0.6, 0.5), edge(3, 0.5, 0.4), edge(0, 0.0, 0.1)]), 0);
        assert_eq!(choose(RULE, 0, &[edge(6, 0.6, 0.5), edge(3, 0.5, 0.4), edge(0, 0.0, 0.1)]), 1);
    }

    /// Root of 9 visits, one walk under way through a0: a0: 0.6 + 1.5·0.5·√10/7 = 0.9388; a1: 0.5 + 1.5·0.4·√10/4 = 0.9743
    /// with N alone. With c = 2.4, a0: 0.6 + 2.4·0.5·√10/7 = 1.1421 and a1: 0.5 + 2.4·0.3·√10/4 = 1.0692; a virtual loss of
    /// weight 1 makes a0's Q 3/6 and its score 1.0421.
    #[test]
    fn a_virtual_loss_turns_a_walk_away() {
        let under_way = |prior| Edge { in_flight: 1, ..edge(5, 0.6, prior) };
        assert_eq!(choose(RULE, 0, &[under_way(0.5), edge(3, 0.5, 0.4), edge(0, 0.0, 0.1)]), 1);
        let eager = Puct { exploration: 2.4, first_play_reduction: 1.0, noise: None };
        let edges = [under_way(0.5), edge(3, 0.5, 0.3), edge(0, 0.0, 0.0)];
        assert_eq!(choose_with(eager, 0, &edges, 0.0), 0);
        assert_eq!(choose_with(eager, 0, &edges, 1.0), 1);
    }

    #[test]
    fn untried_edges_wait_while_a_tried_one_is_good() {
        let edges = [edge(4, 0.9, 0.6), edge(0, 0.0, 0.2), edge(0, 0.0, 0.2)];
        assert_eq!(choose(Puct { first_play_reduction: 1.0, exploration: 0.5, ..RULE }, 1, &edges), 0);
        assert_eq!(choose(Puct { first_play_reduction: 0.0, exploration: 2.0, ..RULE }, 1, &edges), 1);
    }

    #[test]
    fn noise_moves_the_root_and_nothing_below() {
        let mut draw = [0.0; Action::COUNT];
        draw[1] = 1.0;
        let noisy = Puct { noise: Some(RootNoise { fraction: 0.9, draw }), ..RULE };
        let edges = [edge(0, 0.0, 0.6), edge(0, 0.0, 0.4)];
        assert_eq!(choose(noisy, 0, &edges), 1);
        assert_eq!(choose(noisy, 1, &edges), 0);
    }
}
