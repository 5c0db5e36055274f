//! Which search parameters belong together, and which planners read them.

use crate::episode::{EpisodeSettings, ParameterId, ParameterSpec};
use crate::search::PlannerKind;

/// Parameters of one way to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// Of `mcts`.
    TreeSearch,
    /// Of `alpha_zero`.
    NetworkSearch,
    /// How one search is spread over leaves, threads and trees.
    Parallel,
}

impl Topic {
    /// All topics, in the order in which they are shown.
    pub(super) const ALL: [Self; 3] = [Self::TreeSearch, Self::NetworkSearch, Self::Parallel];

    /// What a parameter belongs to; `None` for those that every planner has.
    pub(super) fn of(id: ParameterId) -> Option<Self> {
        match id.path() {
            path if path.starts_with("search.alpha_zero.") => Some(Self::NetworkSearch),
            path if path.starts_with("search.parallel.") => Some(Self::Parallel),
            "search.simulations" | "search.horizon" | "search.exploration" | "search.roll_out" => {
                Some(Self::TreeSearch)
            }
            _ => None,
        }
    }

    /// The heading.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::TreeSearch => "Tree search",
            Self::NetworkSearch => "Network search",
            Self::Parallel => "Parallel search",
        }
    }

    /// Who reads its parameters, in words.
    pub(super) fn used_by(self) -> &'static str {
        match self {
            Self::TreeSearch => "for mcts",
            Self::NetworkSearch => "for alpha_zero",
            Self::Parallel => "for mcts and alpha_zero",
        }
    }

    /// Whether this planner reads its parameters.
    pub(super) fn is_used_by(self, planner: PlannerKind) -> bool {
        match self {
            Self::TreeSearch => planner == PlannerKind::Mcts,
            Self::NetworkSearch => planner == PlannerKind::AlphaZero,
            Self::Parallel => planner.searches(),
        }
    }

    /// Whether a parameter is left out as long as it means nothing: every parallel mode has some of its own.
    pub(super) fn hides(self, spec: &ParameterSpec, settings: &EpisodeSettings) -> bool {
        self == Self::Parallel && !(spec.relevant)(settings)
    }
}

#[cfg(test)]
mod tests {
    use crate::episode::{PARAMETERS, ParameterGroup};

    use super::*;

    #[test]
    fn only_search_parameters_have_topics_and_the_planner_stands_above_them() {
        for spec in PARAMETERS {
            let topic = Topic::of(spec.id);
            assert!(topic.is_none() || spec.group == ParameterGroup::Search, "{}", spec.id);
        }
        let planner = ParameterId::find("search.planner").unwrap();
        assert_eq!(Topic::of(planner), None);
        assert_eq!(PARAMETERS[0].id, planner);
    }

    #[test]
    fn planners_that_search_read_one_topic_of_their_own_and_the_parallel_one() {
        let used = |planner| Topic::ALL.into_iter().filter(|topic| topic.is_used_by(planner)).collect::<Vec<_>>();
        assert_eq!(used(PlannerKind::Mcts), [Topic::TreeSearch, Topic::Parallel]);
        assert_eq!(used(PlannerKind::AlphaZero), [Topic::NetworkSearch, Topic::Parallel]);
        assert_eq!(used(PlannerKind::NetworkOnly), []);
        assert_eq!(used(PlannerKind::Passive), []);
    }
}
