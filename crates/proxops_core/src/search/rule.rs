use crate::mission::Action;

use super::{Edge, ValueRange};

/// What a rule may know of the node whose edge it chooses.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Completed visits of the node: its own evaluation and every one of its edges'.
    pub visits: u32,
    /// Walks through the node that are still under way.
    pub in_flight: u32,
    /// What the node's evaluator said of it, V, before any of its edges was tried.
    pub own_value: f64,
    /// Steps below the root; 0 is the root.
    pub depth: u32,
    /// The node's edges, indexed by action.
    pub edges: &'a [Edge],
    /// The actions, in the order in which untried ones are tried.
    pub order: &'a [Action],
    /// Smallest and largest value met so far, for normalising Q.
    pub range: ValueRange,
    /// Visits with the worst value met so far that a walk under way counts for in Q; 0 leaves Q alone.
    pub virtual_loss: f64,
}

impl Choice<'_> {
    /// Q of an edge, virtual losses included: (Σ + w·o·low) / (n + w·o). `None` if nothing is known of it.
    pub fn q(&self, edge: &Edge) -> Option<f64> {
        let lost = self.virtual_loss * f64::from(edge.in_flight);
        if lost == 0.0 || self.range == ValueRange::EMPTY {
            return edge.q();
        }
        Some((edge.value_sum + lost * self.range.low()) / (f64::from(edge.visits) + lost))
    }
}

/// Chooses the edge to walk down. Pure: the same choice always gets the same answer.
pub trait SelectionRule {
    /// The action to take at this node.
    fn select(&self, choice: &Choice) -> Action;
}

/// UCB1 (Auer, Cesa-Bianchi & Fischer 2002) on values normalised to 0…1.
///
/// Untried actions come first. Walks under way count as visits (Liu et al. 2020, WU-UCT): Q̂ + c·√(ln(N + O) / (n + o)),
/// with N, O the completed visits and walks under way of the node and n, o the edge's. In Q they count only as
/// [`Choice::virtual_loss`] says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ucb1 {
    /// The constant c.
    pub exploration: f64,
}

impl Ucb1 {
    /// The score of one edge that has been tried. `log_parent` is ln(N + O).
    pub fn score(&self, choice: &Choice, edge: &Edge, log_parent: f64) -> f64 {
        let tried = f64::from(edge.visits + edge.in_flight);
        let bonus = self.exploration * (log_parent / tried).sqrt();
        choice.q(edge).map_or(bonus, |q| choice.range.normalise(q) + bonus)
    }
}

impl SelectionRule for Ucb1 {
    fn select(&self, choice: &Choice) -> Action {
        let untried = choice.order.iter().find(|action| {
            let edge = &choice.edges[action.index()];
            edge.visits + edge.in_flight == 0
        });
        if let Some(&action) = untried {
            return action;
        }
        let log_parent = f64::from(choice.visits + choice.in_flight).max(1.0).ln();
        let mut best = (choice.order[0], f64::NEG_INFINITY);
        for &action in choice.order {
            let score = self.score(choice, &choice.edges[action.index()], log_parent);
            if score > best.1 {
                best = (action, score);
            }
        }
        best.0
    }
}

/// The action to play after a search: most visited, ties by the larger Q, then by the smaller index.
///
/// `None` if no edge has been visited.
pub fn most_visited(edges: &[Edge]) -> Option<Action> {
    most_visited_of(edges, &[true; Action::COUNT])
}

/// [`most_visited`] among the permitted actions.
pub(super) fn most_visited_of(edges: &[Edge], permitted: &[bool; Action::COUNT]) -> Option<Action> {
    let mut best: Option<(usize, &Edge)> = None;
    let open = edges.iter().enumerate().zip(permitted).filter(|((_, edge), permitted)| **permitted && edge.visits > 0);
    for ((index, edge), _) in open {
        let better = best.is_none_or(|(_, held)| (edge.visits, edge.q()) > (held.visits, held.q()));
        if better {
            best = Some((index, edge));
        }
    }
    best.and_then(|(index, _)| Action::from_index(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(visits: u32, in_flight: u32, q: f64) -> Edge {
        Edge { visits, in_flight, value_sum: q * f64::from(visits), ..Edge::new(0.25) }
    }

    fn range(low: f64, high: f64) -> ValueRange {
        let mut range = ValueRange::EMPTY;
        range.include(low);
        range.include(high);
        range
    }

    fn choice(visits: u32, edges: &[Edge], range: ValueRange) -> Choice<'_> {
        let order = &Action::ALL[..edges.len()];
        Choice { visits, in_flight: 0, own_value: 0.0, depth: 0, edges, order, range, virtual_loss: 0.0 }
    }

    fn select(rule: Ucb1, visits: u32, edges: &[Edge], range: ValueRange) -> usize {
        rule.select(&choice(visits, edges, range)).index()
    }

    fn score(edge: Edge, virtual_loss: f64) -> f64 {
        let edges = [edge];
        let choice = Choice { virtual_loss, ..choice(10, &edges, range(0.1, 0.5)) };
        Ucb1 { exploration: 1.4 }.score(&choice, &edge, 10_f64.ln())
    }

    #[test]
    fn ucb1_is_normalised_q_plus_the_confidence_bound() {
        let score = score(edge(4, 0, 0.3), 0.0);
        let by_hand = 0.5 + 1.4 * (std::f64::consts::LN_10 / 4.0).sqrt();
        assert!((score - by_hand).abs() < 1e-15, "{score} {by_hand}");
    }

    #[test]
    fn walks_under_way_lower_the_bonus_and_leave_q_alone() {
        let score = score(edge(4, 5, 0.3), 0.0);
        let by_hand = 0.5 + 1.4 * (std::f64::consts::LN_10 / 9.0).sqrt();
        assert!((score - by_hand).abs() < 1e-15, "{score} {by_hand}");
    }

    /// Four visits of 0.3 and two walks under way of weight 3 with the worst value, 0.1: (1.2 + 6·0.1)/10 = 0.18, which is
    /// 0.2 on the scale from 0.1 to 0.5. The bonus is that of 4 + 2 visits, whatever the weight.
    #[test]
    fn a_virtual_loss_counts_walks_under_way_as_the_worst_value() {
        let score = score(edge(4, 2, 0.3), 3.0);
        let by_hand = 0.2 + 1.4 * (std::f64::consts::LN_10 / 6.0).sqrt();
        assert!((score - by_hand).abs() < 1e-12, "{score} {by_hand}");
    }

    #[test]
    fn a_virtual_loss_needs_a_walk_under_way_and_a_worst_value() {
        let edges = [edge(4, 0, 0.3), edge(0, 2, 0.0)];
        let lossy = Choice { virtual_loss: 1.0, ..choice(5, &edges, range(0.1, 0.5)) };
        assert_eq!((lossy.q(&edges[0]), lossy.q(&edges[1])), (edges[0].q(), Some(0.1)));
        let first = Choice { range: ValueRange::EMPTY, ..lossy };
        assert_eq!(first.q(&edges[1]), None);
    }

    #[test]
    fn untried_actions_come_first_in_the_given_order() {
        let edges = [edge(3, 0, 0.9), edge(0, 0, 0.0), edge(0, 0, 0.0)];
        let rule = Ucb1 { exploration: 1.4 };
        assert_eq!(select(rule, 4, &edges, range(0.0, 1.0)), 1);
        let order = [Action::ALL[2], Action::ALL[0], Action::ALL[1]];
        let choice = Choice { order: &order, ..choice(4, &edges, range(0.0, 1.0)) };
        assert_eq!(rule.select(&choice).index(), 2);
    }

    #[test]
    fn an_edge_under_way_is_no_longer_untried() {
        let edges = [edge(3, 0, 0.9), edge(0, 1, 0.0), edge(0, 0, 0.0)];
        assert_eq!(select(Ucb1 { exploration: 1.4 }, 4, &edges, range(0.0, 1.0)), 2);
    }

    #[test]
    fn little_exploration_is_greedy_and_much_is_uniform() {
        let edges = [edge(50, 0, 0.2), edge(60, 0, 0.8), edge(40, 0, 0.5)];
        assert_eq!(select(Ucb1 { exploration: 0.0 }, 151, &edges, range(0.0, 1.0)), 1);
        assert_eq!(select(Ucb1 { exploration: 100.0 }, 151, &edges, range(0.0, 1.0)), 2);
    }

    #[test]
    fn equal_scores_go_to_the_first_in_order() {
        let edges = [edge(5, 0, 0.4), edge(5, 0, 0.4)];
        assert_eq!(select(Ucb1 { exploration: 1.4 }, 11, &edges, range(0.0, 1.0)), 0);
    }

    #[test]
    fn the_decision_is_by_visits_then_q_then_index() {
        let chosen = |edges: &[Edge]| most_visited(edges).map(Action::index);
        assert_eq!(chosen(&[edge(3, 0, 0.9), edge(4, 0, 0.1)]), Some(1));
        assert_eq!(chosen(&[edge(4, 0, 0.1), edge(4, 0, 0.3), edge(4, 0, 0.3)]), Some(1));
        assert_eq!(chosen(&[edge(0, 0, 0.0), edge(0, 0, 0.0)]), None);
    }
}
