//! The policy–value network as an evaluator, on any of Burn's backends.

use std::sync::{Arc, OnceLock};

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::mission::Action;
use crate::threads::guarded;

use super::config::PIECE_ROWS;
use super::driver_work::DriverWork;
use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, LeafEvaluation, WarmUp, check_batch};
use super::model::PolicyValueNet;
use super::weights::NetworkWeights;

/// Logits and value of one leaf.
const OUTPUT_LEN: usize = Action::COUNT + 1;

/// How a batch is cut into tensors of constant shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchPlan {
    /// Pieces of `rows` leaves, the last one padded, on all cores at once: for the CPU. Every tensor has the same
    /// shape, so a leaf gives the same bits in a batch of any size.
    Pieces {
        /// Leaves in a piece.
        rows: usize,
    },
    /// One tensor, padded to the next of these numbers of rows, smallest first: for a card.
    Padded {
        /// Shapes that are compiled, tuned and used.
        shapes: Vec<usize>,
    },
}

impl BatchPlan {
    /// Pieces for the CPU.
    pub fn for_cpu() -> Self {
        Self::Pieces { rows: PIECE_ROWS }
    }

    /// Three shapes up to `max_batch`, each four times the one before.
    pub fn for_card(max_batch: usize) -> Self {
        let mut shapes: Vec<usize> = [16, 4, 1].iter().map(|part| max_batch.div_ceil(*part)).collect();
        shapes.dedup();
        Self::Padded { shapes }
    }

    /// Every shape that can occur.
    pub(super) fn shapes(&self) -> &[usize] {
        match self {
            Self::Pieces { rows } => std::slice::from_ref(rows),
            Self::Padded { shapes } => shapes,
        }
    }
}

/// A [`PolicyValueNet`] on a device.
#[derive(Debug)]
pub struct NetworkEvaluator<B: Backend> {
    name: String,
    network: PolicyValueNet<B>,
    weights: NetworkWeights,
    device: B::Device,
    plan: BatchPlan,
    lost: Option<Arc<OnceLock<String>>>,
}

impl<B: Backend> NetworkEvaluator<B> {
    /// Puts `weights` on `device`; `name` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if the weights do not fit their own configuration; [`NetworkError::DeviceFailed`] if the
    /// device cannot take them.
    pub fn new(
        name: impl Into<String>,
        weights: &NetworkWeights,
        device: B::Device,
        plan: BatchPlan,
    ) -> Result<Self, NetworkError> {
        let network = weights.to_network(&device)?;
        Ok(Self { name: name.into(), network, weights: weights.clone(), device, plan, lost: None })
    }

    /// The flag that the driver raises when it loses the device.
    #[cfg(feature = "vulkan")]
    pub(crate) fn watching(self, lost: Arc<OnceLock<String>>) -> Self {
        Self { lost: Some(lost), ..self }
    }

    /// Around all that a card computes.
    fn enter(&self) -> Option<DriverWork> {
        matches!(self.plan, BatchPlan::Padded { .. }).then(DriverWork::begin)
    }

    fn failed(&self, reason: String) -> NetworkError {
        NetworkError::DeviceFailed { device: self.name.clone(), reason }
    }

    /// Evaluates up to `shape` leaves as a tensor of exactly `shape` rows.
    fn evaluate_shape(
        &self,
        inputs: &[f32],
        row_len: usize,
        shape: usize,
        evaluations: &mut [LeafEvaluation],
    ) -> Result<(), NetworkError> {
        let mut rows = Vec::with_capacity(shape * row_len);
        rows.extend_from_slice(inputs);
        rows.resize(shape * row_len, 0.0);
        let rows = Tensor::<B, 2>::from_data(TensorData::new(rows, [shape, row_len]), &self.device);
        let outputs = self
            .network
            .forward_packed(rows)
            .try_into_data()
            .map_err(|error| self.failed(error.to_string()))?
            .into_vec::<f32>()
            .map_err(|error| self.failed(format!("{error:?}")))?;
        for (output, evaluation) in outputs.chunks(OUTPUT_LEN).zip(evaluations) {
            evaluation.logits.copy_from_slice(&output[..Action::COUNT]);
            evaluation.value = output[Action::COUNT];
        }
        Ok(())
    }

    fn evaluate_all(&self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        let (leaves, row_len) = (batch.leaves(), batch.row_len());
        let (inputs, evaluations) = batch.split_mut();
        match &self.plan {
            BatchPlan::Pieces { rows } => inputs
                .par_chunks(rows * row_len)
                .zip(evaluations.par_chunks_mut(*rows))
                .try_for_each(|(inputs, evaluations)| self.evaluate_shape(inputs, row_len, *rows, evaluations)),
            BatchPlan::Padded { .. } => self.evaluate_shape(inputs, row_len, self.padded_rows(leaves), evaluations),
        }
    }

    /// Burn and the drivers below it panic where a device fails; nothing may take the run down with it.
    fn guarded(&self, work: impl FnOnce() -> Result<(), NetworkError>) -> Result<(), NetworkError> {
        let _inside = self.enter();
        let result = guarded(work).unwrap_or_else(|reason| Err(self.failed(reason)));
        match self.lost.as_ref().and_then(|lost| lost.get()) {
            Some(reason) => Err(self.failed(format!("device lost: {reason}"))),
            None => result,
        }
    }
}

impl<B: Backend> Evaluator for NetworkEvaluator<B> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn attributes(&self) -> EvaluatorAttributes {
        match &self.plan {
            BatchPlan::Pieces { rows } => {
                EvaluatorAttributes { recommended_batch: rows * rayon::current_num_threads(), max_batch: usize::MAX }
            }
            BatchPlan::Padded { shapes } => {
                let max_batch = shapes.last().copied().unwrap_or(1);
                EvaluatorAttributes { recommended_batch: max_batch, max_batch }
            }
        }
    }

    fn padded_rows(&self, leaves: usize) -> usize {
        match &self.plan {
            BatchPlan::Pieces { rows } => leaves.next_multiple_of(*rows),
            BatchPlan::Padded { shapes } => shapes.iter().copied().find(|shape| *shape >= leaves).unwrap_or(leaves),
        }
    }

    /// Pieces of two batches share the cores, so that none is idle while the last piece of one batch is at work. A card
    /// has one queue.
    fn twin(&self) -> Option<Box<dyn Evaluator>> {
        let twin = || Self {
            name: self.name.clone(),
            network: self.network.clone(),
            weights: self.weights.clone(),
            device: self.device.clone(),
            plan: self.plan.clone(),
            lost: self.lost.clone(),
        };
        matches!(self.plan, BatchPlan::Pieces { .. }).then(|| Box::new(twin()) as Box<dyn Evaluator>)
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        check_batch(self, batch, Some(self.weights.config().row_len()))?;
        self.guarded(|| self.evaluate_all(batch))?;
        batch.check_finite(&self.name)
    }

    fn warm_up(&mut self, progress: &mut dyn FnMut(WarmUp)) -> Result<(), NetworkError> {
        let shapes = self.plan.shapes();
        let row_len = self.weights.config().row_len();
        for (done, &shape) in shapes.iter().enumerate() {
            progress(WarmUp { done, of: shapes.len(), shape });
            let mut batch = EvaluationBatch::new(row_len, shape);
            batch.set_leaves(shape);
            self.guarded(|| self.evaluate_all(&mut batch))?;
        }
        let shape = shapes.last().copied().unwrap_or(0);
        progress(WarmUp { done: shapes.len(), of: shapes.len(), shape });
        Ok(())
    }

    fn load_weights(&mut self, weights: &NetworkWeights) -> Result<(), NetworkError> {
        if weights.config() != self.weights.config() {
            return Err(NetworkError::Weights {
                reason: format!("{:?} where {:?} runs", weights.config(), self.weights.config()),
            });
        }
        let _inside = self.enter();
        self.network = weights.to_network(&self.device)?;
        self.weights = weights.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::module::{Module, ModuleMapper, Param};

    use super::super::config::PolicyValueNetConfig;
    use super::*;
    use crate::mission::Seed;

    fn weights() -> NetworkWeights {
        NetworkWeights::untrained(&PolicyValueNetConfig::compact().with_cells_per_axis(8), Seed(5)).unwrap()
    }

    fn evaluator(plan: BatchPlan) -> NetworkEvaluator<Flex> {
        NetworkEvaluator::new("test", &weights(), Default::default(), plan).unwrap()
    }

    /// Leaves whose rows are a function of their identity.
    fn batch(leaves: &[usize]) -> EvaluationBatch {
        let row_len = weights().config().row_len();
        let mut batch = EvaluationBatch::new(row_len, leaves.len());
        batch.set_leaves(leaves.len());
        for (slot, leaf) in leaves.iter().enumerate() {
            for (index, number) in batch.row_mut(slot).iter_mut().enumerate() {
                *number = ((index + 31 * leaf) as f32 * 0.37).sin();
            }
        }
        batch
    }

    fn evaluations(evaluator: &mut NetworkEvaluator<Flex>, leaves: &[usize]) -> Vec<LeafEvaluation> {
        let mut batch = batch(leaves);
        evaluator.evaluate(&mut batch).unwrap();
        batch.evaluations().to_vec()
    }

    #[test]
    fn a_leaf_has_the_same_bits_in_any_slot_of_any_batch_on_the_cpu() {
        let mut evaluator = evaluator(BatchPlan::for_cpu());
        let alone = evaluations(&mut evaluator, &[7])[0];
        for size in [2, 8, 9, 33] {
            for slot in [0, size / 2, size - 1] {
                let mut leaves: Vec<usize> = (100..100 + size).collect();
                leaves[slot] = 7;
                assert_eq!(evaluations(&mut evaluator, &leaves)[slot], alone, "slot {slot} of {size}");
            }
        }
    }

    #[test]
    fn a_leaf_has_the_same_bits_in_any_slot_of_one_padded_shape() {
        let mut evaluator = evaluator(BatchPlan::for_card(32));
        let full: Vec<usize> = (0..32).collect();
        let reversed: Vec<usize> = full.iter().rev().copied().collect();
        let one = evaluations(&mut evaluator, &full);
        let mut other = evaluations(&mut evaluator, &reversed);
        other.reverse();
        assert_eq!(one, other);
        assert_eq!(evaluations(&mut evaluator, &full[..9]), one[..9]);
    }

    #[test]
    fn different_leaves_are_told_apart() {
        let found = evaluations(&mut evaluator(BatchPlan::for_cpu()), &[1, 2]);
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn batches_are_padded_to_whole_pieces_or_the_next_shape() {
        let rows = |plan: BatchPlan, leaves: [usize; 3]| {
            let evaluator = evaluator(plan);
            leaves.map(|leaves| evaluator.padded_rows(leaves))
        };
        assert_eq!(rows(BatchPlan::for_cpu(), [1, 8, 33]), [8, 8, 40]);
        assert_eq!(rows(BatchPlan::for_card(32), [1, 3, 17]), [2, 8, 32]);
    }

    #[test]
    fn only_the_cpu_has_a_twin_and_it_gives_the_same_bits() {
        let mut one = evaluator(BatchPlan::for_cpu());
        let (mut here, mut there) = (batch(&[3, 4]), batch(&[3, 4]));
        one.twin().unwrap().evaluate(&mut there).unwrap();
        one.evaluate(&mut here).unwrap();
        assert_eq!(here.evaluations(), there.evaluations());
        assert!(evaluator(BatchPlan::for_card(4)).twin().is_none());
    }

    #[test]
    fn shapes_of_a_card_grow_to_the_largest_batch() {
        assert_eq!(BatchPlan::for_card(256), BatchPlan::Padded { shapes: vec![16, 64, 256] });
        assert_eq!(BatchPlan::for_card(1), BatchPlan::Padded { shapes: vec![1] });
    }

    /// Every parameter becomes one number.
    struct SetAll(f32);

    impl ModuleMapper<Flex> for SetAll {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<Flex, D>>) -> Param<Tensor<Flex, D>> {
            param.map(|tensor| tensor.zeros_like().add_scalar(self.0))
        }
    }

    #[test]
    fn answers_that_are_no_numbers_stop_the_network_by_name() {
        // Weights that are accepted, and inputs that they make too large.
        let network = weights().to_network::<Flex>(&Default::default()).unwrap().map(&mut SetAll(900.0));
        let weights = NetworkWeights::of(weights().config(), network).unwrap();
        let plan = BatchPlan::for_cpu();
        let mut evaluator = NetworkEvaluator::<Flex>::new("test", &weights, Default::default(), plan).unwrap();
        let mut batch = batch(&[1, 2]);
        batch.row_mut(0).fill(0.0);
        batch.row_mut(1).fill(1e25);
        let error = evaluator.evaluate(&mut batch).unwrap_err().to_string();
        assert!(error.starts_with("network on test: logit 0 of leaf 1 is inf"), "{error}");
    }

    #[test]
    fn warm_up_runs_every_shape_and_reports_it() {
        let mut seen = Vec::new();
        evaluator(BatchPlan::for_card(16)).warm_up(&mut |step| seen.push((step.done, step.of, step.shape))).unwrap();
        assert_eq!(seen, [(0, 3, 1), (1, 3, 4), (2, 3, 16), (3, 3, 16)]);
    }

    #[test]
    fn batches_that_do_not_fit_are_named() {
        let mut evaluator = evaluator(BatchPlan::for_card(4));
        let error = evaluator.evaluate(&mut batch(&[0; 5])).unwrap_err().to_string();
        assert!(error.contains("5 leaves") && error.contains("1 to 4"), "{error}");
        let mut short = EvaluationBatch::new(3, 1);
        short.set_leaves(1);
        assert!(evaluator.evaluate(&mut short).unwrap_err().to_string().contains("rows of 3 numbers"));
    }

    #[test]
    fn new_weights_change_the_answer_and_old_ones_bring_it_back() {
        let mut evaluator = evaluator(BatchPlan::for_cpu());
        let before = evaluations(&mut evaluator, &[1]);
        let other = NetworkWeights::untrained(weights().config(), Seed(6)).unwrap();
        evaluator.load_weights(&other).unwrap();
        assert_ne!(evaluations(&mut evaluator, &[1]), before);
        evaluator.load_weights(&weights()).unwrap();
        assert_eq!(evaluations(&mut evaluator, &[1]), before);
        let foreign = NetworkWeights::untrained(&PolicyValueNetConfig::compact(), Seed(6)).unwrap();
        assert!(evaluator.load_weights(&foreign).is_err());
    }
}
