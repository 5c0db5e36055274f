//! Many decisions of one mission, taken together on the calling thread.

use crate::mission::Mission;
use crate::network::{Evaluator, LeafEncoder, NetworkError};
use crate::search::{AlphaZeroDecision, AlphaZeroSearch};
use crate::threads::guarded;

use super::exchange::{LeafExchange, SearchOwner, Searching, walk_all};
use super::failure::{EpisodeFailure, EpisodePhase};
use super::inference::EvaluateHere;
use super::network_search::NetworkSearch;
use super::workers::Workers;

/// Takes many decisions of one mission together, on the calling thread: in every round each search gives out its next leaves,
/// and all of them are one batch. The decisions come in the order of the searches; in the place of one that a fault has ended
/// stands why.
///
/// # Errors
/// [`NetworkError`] if the evaluator fails as a whole.
pub fn decide_together(
    mission: &Mission,
    searches: Vec<AlphaZeroSearch>,
    encoder: &LeafEncoder,
    evaluator: &mut dyn Evaluator,
) -> Result<Vec<Result<AlphaZeroDecision, EpisodeFailure>>, NetworkError> {
    // With one worker, walks on one tree come one after the other: decisions are the same every time.
    let mut workers = Workers::new(Some(1));
    let mut queue = EvaluateHere::new(evaluator);
    let mut exchange = LeafExchange::new(1);
    let begun = |(place, search)| Deciding { place, mission, encoder, search: Some(search), ended: None };
    let searches = searches.into_iter().map(NetworkSearch::from);
    let mut decisions: Vec<Deciding> = (0..).zip(searches).map(begun).collect();

    while decisions.iter().any(|decision| decision.search.is_some()) {
        exchange.take_turn(&mut queue, &mut workers, &mut decisions, None, |workers, decisions| {
            walk_all(workers, decisions);
            decisions.iter_mut().for_each(Deciding::decide);
            Ok::<(), NetworkError>(())
        })?;
    }
    Ok(decisions.into_iter().filter_map(|decision| decision.ended).collect())
}

/// One of the decisions: it has a search, or it has ended.
struct Deciding<'a> {
    place: u32,
    mission: &'a Mission,
    encoder: &'a LeafEncoder,
    search: Option<NetworkSearch>,
    ended: Option<Result<AlphaZeroDecision, EpisodeFailure>>,
}

impl Deciding<'_> {
    /// Takes the decision if the search is done.
    fn decide(&mut self) {
        if let Some(search) = self.search.take_if(|search| search.pending().is_empty()) {
            match guarded(|| search.finish().0) {
                Ok(decided) => self.ended = Some(Ok(decided)),
                Err(reason) => self.fail(EpisodePhase::Search, reason),
            }
        }
    }
}

impl SearchOwner for Deciding<'_> {
    type Key = u32;

    fn key(&self) -> u32 {
        self.place
    }

    fn searching(&mut self) -> Option<Searching<'_>> {
        let Self { place, mission, encoder, search, .. } = self;
        search.as_mut().map(|search| Searching { mission, encoder, search, number: *place, step: 0 })
    }

    fn fail(&mut self, phase: EpisodePhase, reason: String) {
        self.search = None;
        self.ended.get_or_insert(Err(EpisodeFailure { phase, reason }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::{Scenario, Seed};
    use crate::network::{
        EvaluationBatch, EvaluatorAttributes, LeafEvaluation, PolicyValueNetConfig, SeededRandomEvaluator,
    };
    use crate::search::{AlphaZeroConfig, Exploration, ParallelConfig, SearchMode, SearchTree};
    use crate::sensor::{Observation, RayCaster};

    /// Answers by the rows alone, and not at all to one of them.
    struct Refusing(Option<Vec<f32>>);

    impl Evaluator for Refusing {
        fn name(&self) -> String {
            "refusing".into()
        }

        fn attributes(&self) -> EvaluatorAttributes {
            SeededRandomEvaluator::new(1).attributes()
        }

        fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
            let bad = self.0.as_deref();
            assert!((0..batch.leaves()).all(|leaf| Some(batch.row(leaf)) != bad), "this row is bad");
            SeededRandomEvaluator::new(1).evaluate(batch)
        }
    }

    fn mission() -> Mission {
        let mut scenario = Scenario::reference();
        scenario.camera.pixels = 8;
        Mission::new(scenario, None).unwrap()
    }

    fn searches(mission: &Mission, mode: SearchMode) -> Vec<AlphaZeroSearch> {
        let (mut caster, mut observation) =
            (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()));
        let parallel = ParallelConfig::from(mode);
        let config = AlphaZeroConfig { simulations: 12, parallel, ..Default::default() };
        let mut begin = |episode| {
            let state = mission.begin(Seed(1), episode, &mut caster, &mut observation);
            AlphaZeroSearch::begin(mission, &state, &config, Exploration::Off, SearchTree::default())
        };
        (0..4).map(&mut begin).collect()
    }

    /// Each decision by itself, leaf for leaf, without the exchange.
    fn decided_alone(mission: &Mission, mut search: AlphaZeroSearch, encoder: &LeafEncoder) -> AlphaZeroDecision {
        let (mut caster, mut observation) =
            (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()));
        let mut batch = EvaluationBatch::new(encoder.row_len(), 1);
        loop {
            let mut leaves = Vec::new();
            search.walk(mission, &mut caster, &mut observation, &mut leaves);
            if leaves.is_empty() {
                return search.finish().0;
            }
            let evaluate = |leaf: &crate::search::AskedLeaf| -> LeafEvaluation {
                batch.set_leaves(1);
                encoder.write(mission, &search.tree_of(*leaf), leaf.node, batch.row_mut(0));
                SeededRandomEvaluator::new(1).evaluate(&mut batch).unwrap();
                batch.evaluations()[0]
            };
            let evaluations: Vec<LeafEvaluation> = leaves.iter().map(evaluate).collect();
            for (leaf, evaluation) in leaves.into_iter().zip(&evaluations) {
                let value = encoder.value(mission, &search.tree_of(leaf), leaf.node, evaluation);
                search.apply(leaf, value);
            }
        }
    }

    #[test]
    fn decisions_together_are_those_that_each_search_takes_alone() {
        let mission = mission();
        let encoder = LeafEncoder::new(&PolicyValueNetConfig::compact(), &mission).unwrap();
        let tree_parallel = SearchMode::TreeParallel { threads: 3, in_flight: crate::search::InFlight::VisitsOnly };
        let modes = [
            SearchMode::Serial,
            SearchMode::Batched { leaves: 5 },
            SearchMode::RootParallel { trees: 2 },
            tree_parallel,
        ];
        for mode in modes {
            let together = decide_together(&mission, searches(&mission, mode), &encoder, &mut Refusing(None)).unwrap();
            let alone = searches(&mission, mode).into_iter().map(|search| decided_alone(&mission, search, &encoder));
            assert_eq!(together, alone.map(Ok).collect::<Vec<_>>(), "{mode}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_evaluated_ends_its_decision_and_no_other() {
        let mission = mission();
        let encoder = LeafEncoder::new(&PolicyValueNetConfig::compact(), &mission).unwrap();
        let all = || searches(&mission, SearchMode::Serial);
        let whole = decide_together(&mission, all(), &encoder, &mut Refusing(None)).unwrap();
        let mut row = vec![0.0; encoder.row_len()];
        encoder.write(&mission, &all()[2].tree(), crate::search::NodeId::ROOT, &mut row);
        let failed = decide_together(&mission, all(), &encoder, &mut Refusing(Some(row))).unwrap();
        let failure = failed[2].as_ref().unwrap_err();
        assert!(failure.phase == EpisodePhase::Evaluation && failure.reason.contains("this row is bad"), "{failure}");
        for place in [0, 1, 3] {
            assert_eq!(failed[place], whole[place]);
        }
    }
}
