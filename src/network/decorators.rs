//! Evaluators around evaluators: counting, and checking against another device.

use super::counts::EvaluationCounters;
use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, WarmUp};
use super::weights::NetworkWeights;

/// Counts batches and leaves and the time they take.
#[derive(Debug)]
pub struct CountingEvaluator<E> {
    inner: E,
    counters: EvaluationCounters,
}

impl<E: Evaluator> CountingEvaluator<E> {
    /// Counts what `inner` does.
    pub fn new(inner: E) -> Self {
        Self { inner, counters: EvaluationCounters::default() }
    }

    /// A handle to the counts.
    pub fn counters(&self) -> EvaluationCounters {
        self.counters.clone()
    }
}

impl<E: Evaluator> Evaluator for CountingEvaluator<E> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn attributes(&self) -> EvaluatorAttributes {
        self.inner.attributes()
    }

    fn padded_rows(&self, leaves: usize) -> usize {
        self.inner.padded_rows(leaves)
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        self.counters.begin();
        let result = self.inner.evaluate(batch);
        let rows = self.inner.padded_rows(batch.leaves());
        self.counters.end(result.is_ok().then_some((batch.leaves(), rows)));
        result
    }

    fn warm_up(&mut self, progress: &mut dyn FnMut(WarmUp)) -> Result<(), NetworkError> {
        self.inner.warm_up(progress)
    }

    fn load_weights(&mut self, weights: &NetworkWeights) -> Result<(), NetworkError> {
        self.inner.load_weights(weights)
    }
}

/// Runs two evaluators and fails where they differ; answers with the first.
#[derive(Debug)]
pub struct CheckingEvaluator<P, R> {
    primary: P,
    reference: R,
    tolerance: f32,
    scratch: EvaluationBatch,
    worst: f32,
}

impl<P: Evaluator, R: Evaluator> CheckingEvaluator<P, R> {
    /// Differences up to `tolerance`, relative to the larger of 1 and the reference's magnitude, are accepted.
    pub fn new(primary: P, reference: R, tolerance: f32) -> Self {
        Self { primary, reference, tolerance, scratch: EvaluationBatch::new(0, 0), worst: 0.0 }
    }

    /// The evaluator under test.
    pub fn into_primary(self) -> P {
        self.primary
    }

    /// Largest relative difference seen.
    pub fn worst_difference(&self) -> f32 {
        self.worst
    }

    fn compare(&mut self, batch: &EvaluationBatch) -> Result<(), NetworkError> {
        for (leaf, (given, wanted)) in batch.evaluations().iter().zip(self.scratch.evaluations()).enumerate() {
            let logits = given.logits.iter().zip(&wanted.logits).enumerate();
            let pairs =
                logits.map(|(action, (&g, &w))| (Some(action), g, w)).chain([(None, given.value, wanted.value)]);
            for (action, primary, reference) in pairs {
                let difference = (primary - reference).abs() / reference.abs().max(1.0);
                self.worst = self.worst.max(difference);
                if difference > self.tolerance || difference.is_nan() {
                    let output = action.map_or("value".into(), |action| format!("logit {action}"));
                    return Err(NetworkError::Disagreement {
                        leaf,
                        output,
                        primary,
                        reference,
                        primary_name: self.primary.name(),
                        reference_name: self.reference.name(),
                        tolerance: self.tolerance,
                    });
                }
            }
        }
        Ok(())
    }
}

impl<P: Evaluator, R: Evaluator> Evaluator for CheckingEvaluator<P, R> {
    fn name(&self) -> String {
        format!("{}, checked against {}", self.primary.name(), self.reference.name())
    }

    fn attributes(&self) -> EvaluatorAttributes {
        let (primary, reference) = (self.primary.attributes(), self.reference.attributes());
        EvaluatorAttributes { max_batch: primary.max_batch.min(reference.max_batch), ..primary }
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        self.scratch.clone_from(batch);
        self.primary.evaluate(batch)?;
        self.reference.evaluate(&mut self.scratch)?;
        self.compare(batch)
    }

    fn warm_up(&mut self, progress: &mut dyn FnMut(WarmUp)) -> Result<(), NetworkError> {
        self.primary.warm_up(progress)?;
        self.reference.warm_up(progress)
    }

    fn load_weights(&mut self, weights: &NetworkWeights) -> Result<(), NetworkError> {
        self.primary.load_weights(weights)?;
        self.reference.load_weights(weights)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::simple_evaluators::{SeededRandomEvaluator, UniformEvaluator};
    use super::*;

    fn batch(leaves: usize) -> EvaluationBatch {
        let mut batch = EvaluationBatch::new(4, leaves);
        batch.set_leaves(leaves);
        for (index, number) in batch.inputs_mut().iter_mut().enumerate() {
            *number = index as f32;
        }
        batch
    }

    #[test]
    fn counts_add_up() {
        let mut evaluator = CountingEvaluator::new(UniformEvaluator);
        let counters = evaluator.counters();
        for leaves in [8, 8, 16] {
            evaluator.evaluate(&mut batch(leaves)).unwrap();
        }
        let counts = counters.counts();
        assert_eq!((counts.batches, counts.leaves), (3, 32));
        assert_eq!(counts.histogram, BTreeMap::from([(8, 2), (16, 1)]));
        assert_eq!((counts.rows, counts.fill()), (32, 1.0));
    }

    #[test]
    fn a_check_passes_on_twins_and_names_the_first_difference() {
        let twin = || SeededRandomEvaluator::new(4);
        CheckingEvaluator::new(twin(), twin(), 0.0).evaluate(&mut batch(3)).unwrap();
        let mut other = CheckingEvaluator::new(twin(), SeededRandomEvaluator::new(5), 1e-4);
        let error = other.evaluate(&mut batch(3)).unwrap_err().to_string();
        assert!(error.starts_with("leaf 0: logit 0 is"), "{error}");
    }
}
