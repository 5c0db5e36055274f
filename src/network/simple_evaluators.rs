//! Evaluators without a network, for tests of the search and as baselines.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, LeafEvaluation, check_batch};

const ATTRIBUTES: EvaluatorAttributes = EvaluatorAttributes { recommended_batch: 64, max_batch: usize::MAX };

/// Every action equally likely, every value zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct UniformEvaluator;

impl Evaluator for UniformEvaluator {
    fn name(&self) -> String {
        "uniform".into()
    }

    fn attributes(&self) -> EvaluatorAttributes {
        ATTRIBUTES
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        check_batch(self, batch, None)?;
        batch.evaluations_mut().fill(LeafEvaluation::default());
        Ok(())
    }
}

/// Random logits in [−1, 1) and values in [−1, 1), fixed by the seed and the leaf: the same leaf is
/// evaluated alike in any batch and any slot.
#[derive(Clone, Copy, Debug)]
pub struct SeededRandomEvaluator {
    seed: u64,
}

impl SeededRandomEvaluator {
    /// Another seed is another opinion on every leaf.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }
}

impl Evaluator for SeededRandomEvaluator {
    fn name(&self) -> String {
        format!("random (seed {})", self.seed)
    }

    fn attributes(&self) -> EvaluatorAttributes {
        ATTRIBUTES
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        check_batch(self, batch, None)?;
        let row_len = batch.row_len();
        let (inputs, evaluations) = batch.split_mut();
        for (row, evaluation) in inputs.chunks(row_len).zip(evaluations) {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.seed ^ hash_of_row(row));
            evaluation.logits = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
            evaluation.value = rng.random_range(-1.0..1.0);
        }
        Ok(())
    }
}

/// FNV-1a over the bits of a row, a word at a time.
pub(crate) fn hash_of_row(row: &[f32]) -> u64 {
    row.iter().fold(0xcbf2_9ce4_8422_2325, |hash, number| {
        (hash ^ u64::from(number.to_bits())).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: &[[f32; 2]]) -> EvaluationBatch {
        let mut batch = EvaluationBatch::new(2, rows.len());
        batch.set_leaves(rows.len());
        for (leaf, row) in rows.iter().enumerate() {
            batch.row_mut(leaf).copy_from_slice(row);
        }
        batch
    }

    #[test]
    fn random_evaluations_belong_to_the_leaf_not_to_the_slot() {
        let (mut one, mut other) = (batch(&[[1.0, 2.0], [3.0, 4.0]]), batch(&[[3.0, 4.0], [5.0, 6.0], [1.0, 2.0]]));
        let mut evaluator = SeededRandomEvaluator::new(1);
        evaluator.evaluate(&mut one).unwrap();
        evaluator.evaluate(&mut other).unwrap();
        assert_eq!(one.evaluations()[0], other.evaluations()[2]);
        assert_eq!(one.evaluations()[1], other.evaluations()[0]);
        assert_ne!(other.evaluations()[0], other.evaluations()[1]);
    }

    #[test]
    fn uniform_priors_are_one_thirteenth() {
        let mut batch = batch(&[[1.0, 2.0]]);
        UniformEvaluator.evaluate(&mut batch).unwrap();
        assert!(batch.evaluations()[0].priors().iter().all(|prior| (prior - 1.0 / 13.0).abs() < 1e-7));
        assert_eq!(batch.evaluations()[0].value, 0.0);
    }

    #[test]
    fn an_empty_batch_is_an_error() {
        let error = UniformEvaluator.evaluate(&mut EvaluationBatch::new(2, 1)).unwrap_err().to_string();
        assert!(error.contains("0 leaves"), "{error}");
    }
}
