//! The seam between search and network: a batch of leaves in, priors and values out, in place.

use crate::mission::Action;

use super::error::NetworkError;
use super::weights::NetworkWeights;

/// What a network says about one leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LeafEvaluation {
    /// Unnormalised log-probabilities of the actions.
    pub logits: [f32; Action::COUNT],
    /// See [`value_target`](super::value_target) for what this fraction means; within [−1, 1].
    pub value: f32,
}

impl LeafEvaluation {
    /// Probabilities of the actions: the softmax of the logits.
    pub fn priors(&self) -> [f32; Action::COUNT] {
        let highest = self.logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights = self.logits.map(|logit| (logit - highest).exp());
        let sum: f32 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }
}

/// Leaves on their way to the network and back. Allocated once and reused: search threads write rows, the evaluator
/// fills in the evaluations.
#[derive(Clone, Debug)]
pub struct EvaluationBatch {
    row_len: usize,
    leaves: usize,
    /// `[capacity, row_len]`
    inputs: Vec<f32>,
    /// `[capacity]`
    evaluations: Vec<LeafEvaluation>,
}

impl EvaluationBatch {
    /// Room for `capacity` leaves of `row_len` numbers each.
    pub fn new(row_len: usize, capacity: usize) -> Self {
        Self {
            row_len,
            leaves: 0,
            inputs: vec![0.0; row_len * capacity],
            evaluations: vec![LeafEvaluation::default(); capacity],
        }
    }

    /// Sets the number of leaves, growing the batch if it must.
    pub fn set_leaves(&mut self, leaves: usize) {
        if leaves > self.evaluations.len() {
            self.inputs.resize(leaves * self.row_len, 0.0);
            self.evaluations.resize(leaves, LeafEvaluation::default());
        }
        self.leaves = leaves;
    }

    /// Leaves in the batch.
    pub fn leaves(&self) -> usize {
        self.leaves
    }

    /// Numbers in a row.
    pub fn row_len(&self) -> usize {
        self.row_len
    }

    /// The rows of all leaves, `[leaves, row_len]`.
    pub fn inputs(&self) -> &[f32] {
        &self.inputs[..self.leaves * self.row_len]
    }

    /// The same to write to; split it with `chunks_mut(row_len)` to write from several threads.
    pub fn inputs_mut(&mut self) -> &mut [f32] {
        &mut self.inputs[..self.leaves * self.row_len]
    }

    /// The row of one leaf.
    pub fn row(&self, leaf: usize) -> &[f32] {
        &self.inputs[leaf * self.row_len..][..self.row_len]
    }

    /// The row of one leaf to write to.
    pub fn row_mut(&mut self, leaf: usize) -> &mut [f32] {
        &mut self.inputs[leaf * self.row_len..][..self.row_len]
    }

    /// Evaluations of all leaves, in the order of the rows.
    pub fn evaluations(&self) -> &[LeafEvaluation] {
        &self.evaluations[..self.leaves]
    }

    /// The same for an evaluator to fill in.
    pub fn evaluations_mut(&mut self) -> &mut [LeafEvaluation] {
        &mut self.evaluations[..self.leaves]
    }

    /// Refuses evaluations that are not finite; `device` is for the message.
    ///
    /// # Errors
    /// [`NetworkError::NotFinite`].
    pub fn check_finite(&self, device: &str) -> Result<(), NetworkError> {
        for (leaf, evaluation) in self.evaluations().iter().enumerate() {
            let outputs = evaluation.logits.iter().chain([&evaluation.value]);
            if let Some((index, value)) = outputs.enumerate().find(|(_, output)| !output.is_finite()) {
                let output = if index == Action::COUNT { "the value".into() } else { format!("logit {index}") };
                return Err(NetworkError::NotFinite { device: device.into(), leaf, output, value: *value });
            }
        }
        Ok(())
    }

    /// Rows and evaluations at once.
    pub fn split_mut(&mut self) -> (&[f32], &mut [LeafEvaluation]) {
        (&self.inputs[..self.leaves * self.row_len], &mut self.evaluations[..self.leaves])
    }
}

/// What a scheduler has to know about an evaluator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvaluatorAttributes {
    /// Leaves from which on larger batches bring little.
    pub recommended_batch: usize,
    /// Most leaves accepted at once.
    pub max_batch: usize,
}

/// Progress of a warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmUp {
    /// Batch shapes already run once.
    pub done: usize,
    /// Batch shapes to run.
    pub of: usize,
    /// Rows of the shape being run, or just run.
    pub shape: usize,
}

/// Evaluates leaves. The same leaf with the same weights gives the same bits in any slot of any batch that is padded
/// to the same shape.
pub trait Evaluator: Send {
    /// For logs, panel and error messages.
    fn name(&self) -> String;

    /// Batch sizes.
    fn attributes(&self) -> EvaluatorAttributes;

    /// Fills in the evaluations of `batch`.
    ///
    /// # Errors
    /// [`NetworkError`] if the batch does not fit the evaluator or the device fails; the rows are untouched, so the
    /// same batch may go to another evaluator.
    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError>;

    /// Rows that a batch of so many leaves has once it is padded.
    fn padded_rows(&self, leaves: usize) -> usize {
        leaves
    }

    /// Another evaluator with the same weights and the same answers that may work at the same time as this one; `None`
    /// where the device takes one batch after the other anyway.
    fn twin(&self) -> Option<Box<dyn Evaluator>> {
        None
    }

    /// Runs every batch shape once, so that no kernel is compiled or tuned during a run.
    ///
    /// # Errors
    /// [`NetworkError::DeviceFailed`].
    fn warm_up(&mut self, _progress: &mut dyn FnMut(WarmUp)) -> Result<(), NetworkError> {
        Ok(())
    }

    /// Replaces the weights. Evaluators without weights ignore it.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if they belong to another network.
    fn load_weights(&mut self, _weights: &NetworkWeights) -> Result<(), NetworkError> {
        Ok(())
    }
}

impl Evaluator for Box<dyn Evaluator> {
    fn name(&self) -> String {
        self.as_ref().name()
    }

    fn attributes(&self) -> EvaluatorAttributes {
        self.as_ref().attributes()
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        self.as_mut().evaluate(batch)
    }

    fn padded_rows(&self, leaves: usize) -> usize {
        self.as_ref().padded_rows(leaves)
    }

    fn twin(&self) -> Option<Box<dyn Evaluator>> {
        self.as_ref().twin()
    }

    fn warm_up(&mut self, progress: &mut dyn FnMut(WarmUp)) -> Result<(), NetworkError> {
        self.as_mut().warm_up(progress)
    }

    fn load_weights(&mut self, weights: &NetworkWeights) -> Result<(), NetworkError> {
        self.as_mut().load_weights(weights)
    }
}

/// Refuses a batch that `evaluator` cannot take.
pub(crate) fn check_batch(
    evaluator: &dyn Evaluator,
    batch: &EvaluationBatch,
    row_len: Option<usize>,
) -> Result<(), NetworkError> {
    let max_batch = evaluator.attributes().max_batch;
    if !(1..=max_batch).contains(&batch.leaves()) {
        return Err(NetworkError::BatchSize { leaves: batch.leaves(), max_batch, evaluator: evaluator.name() });
    }
    match row_len {
        Some(expected) if expected != batch.row_len() => {
            Err(NetworkError::RowLength { given: batch.row_len(), expected })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priors_are_the_softmax_even_of_large_logits() {
        let mut evaluation = LeafEvaluation::default();
        evaluation.logits[4] = 1000.0;
        evaluation.logits[5] = 1000.0 + std::f32::consts::LN_2;
        let priors = evaluation.priors();
        assert!((priors[4] - 1.0 / 3.0).abs() < 1e-5 && (priors[5] - 2.0 / 3.0).abs() < 1e-5, "{priors:?}");
        assert_eq!(priors[0], 0.0);
    }

    #[test]
    fn an_answer_that_is_no_number_is_named_with_its_device() {
        let mut batch = EvaluationBatch::new(1, 2);
        batch.set_leaves(2);
        batch.check_finite("card").unwrap();
        batch.evaluations_mut()[1].value = f32::NAN;
        let error = batch.check_finite("card").unwrap_err().to_string();
        assert!(error.contains("network on card: the value of leaf 1 is NaN"), "{error}");
        batch.evaluations_mut()[0].logits[3] = f32::INFINITY;
        assert!(batch.check_finite("card").unwrap_err().to_string().contains("logit 3 of leaf 0 is inf"));
    }

    #[test]
    fn a_batch_grows_and_keeps_its_rows() {
        let mut batch = EvaluationBatch::new(3, 1);
        batch.set_leaves(1);
        batch.row_mut(0).copy_from_slice(&[1.0, 2.0, 3.0]);
        batch.set_leaves(4);
        assert_eq!(batch.row(0), [1.0, 2.0, 3.0]);
        assert_eq!(batch.inputs().len(), 12);
        assert_eq!(batch.evaluations().len(), 4);
    }
}
