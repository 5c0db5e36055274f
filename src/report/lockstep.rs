use crate::mission::Mission;
use crate::network::{EvaluationBatch, Evaluator, LeafEncoder, NetworkError};
use crate::search::{AlphaZeroDecision, AlphaZeroSearch, AskedLeaf};
use crate::sensor::{Observation, RayCaster};

/// Takes many decisions of one mission together: every round each search gives out its next leaves, and all of them are
/// one batch.
///
/// # Errors
/// [`NetworkError`] from the evaluator.
pub fn decide_together(
    mission: &Mission,
    searches: Vec<AlphaZeroSearch>,
    encoder: &LeafEncoder,
    evaluator: &mut dyn Evaluator,
) -> Result<Vec<AlphaZeroDecision>, NetworkError> {
    let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
    let mut observation = Observation::new(*mission.grid());
    let mut batch = EvaluationBatch::new(encoder.row_len(), searches.len());
    let mut searches: Vec<(AlphaZeroSearch, Vec<AskedLeaf>)> =
        searches.into_iter().map(|search| (search, Vec::new())).collect();
    loop {
        for (search, out) in &mut searches {
            search.walk(mission, &mut caster, &mut observation, out);
        }
        let leaves = searches.iter().map(|(_, out)| out.len()).sum();
        if leaves == 0 {
            return Ok(searches.into_iter().map(|(search, _)| search.finish().0).collect());
        }
        batch.set_leaves(leaves);
        let mut rows = batch.inputs_mut().chunks_mut(encoder.row_len());
        for (search, out) in &searches {
            for (leaf, row) in out.iter().zip(&mut rows) {
                encoder.write(mission, &search.tree_of(*leaf), leaf.node, row);
            }
        }
        evaluator.evaluate(&mut batch)?;
        let mut evaluations = batch.evaluations();
        for (search, out) in &mut searches {
            let (own, rest) = evaluations.split_at(out.len());
            evaluations = rest;
            for (leaf, evaluation) in out.drain(..).zip(own) {
                let value = encoder.value(mission, &search.tree_of(leaf), leaf.node, evaluation);
                search.apply(leaf, value);
            }
        }
    }
}
