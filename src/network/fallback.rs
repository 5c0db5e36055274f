//! From a lost card to the CPU without losing a leaf.

use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, WarmUp};
use super::weights::NetworkWeights;

/// Makes the evaluator that takes over.
type MakeEvaluator = Box<dyn Fn(&NetworkWeights) -> Result<Box<dyn Evaluator>, NetworkError> + Send>;
/// Hears of the move.
type OnWarning = Box<dyn FnMut(String) + Send>;

/// Runs an evaluator until its device fails, then moves to another one with the newest weights and
/// evaluates the batch at hand again: the caller sees a slow batch, nothing else.
pub struct FallbackEvaluator {
    current: Box<dyn Evaluator>,
    weights: NetworkWeights,
    /// Taken when it is used: there is one fallback.
    make_fallback: Option<MakeEvaluator>,
    on_warning: OnWarning,
}

impl FallbackEvaluator {
    /// Starts with `primary`, whose weights are `weights`. `make_fallback` builds the evaluator that takes over,
    /// `on_warning` gets one sentence when that happens.
    pub fn new(
        primary: Box<dyn Evaluator>,
        weights: NetworkWeights,
        make_fallback: impl Fn(&NetworkWeights) -> Result<Box<dyn Evaluator>, NetworkError> + Send + 'static,
        on_warning: impl FnMut(String) + Send + 'static,
    ) -> Self {
        Self {
            current: primary,
            weights,
            make_fallback: Some(Box::new(make_fallback)),
            on_warning: Box::new(on_warning),
        }
    }

    fn attempt(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Evaluator) -> Result<(), NetworkError>,
    ) -> Result<(), NetworkError> {
        let error = match work(self.current.as_mut()) {
            // Where the weights are to blame the other one says so.
            Err(error @ (NetworkError::DeviceFailed { .. } | NetworkError::NotFinite { .. })) => error,
            result => return result,
        };
        let Some(make_fallback) = self.make_fallback.take() else { return Err(error) };
        self.current = make_fallback(&self.weights)?;
        let warning = format!("{error}; the network goes on with {}, nothing is lost", self.current.name());
        tracing::warn!("{warning}");
        (self.on_warning)(warning);
        work(self.current.as_mut())
    }
}

impl Evaluator for FallbackEvaluator {
    fn name(&self) -> String {
        self.current.name()
    }

    fn attributes(&self) -> EvaluatorAttributes {
        self.current.attributes()
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        self.attempt(&mut |evaluator| evaluator.evaluate(batch))
    }

    fn padded_rows(&self, leaves: usize) -> usize {
        self.current.padded_rows(leaves)
    }

    fn warm_up(&mut self, progress: &mut dyn FnMut(WarmUp)) -> Result<(), NetworkError> {
        self.attempt(&mut |evaluator| evaluator.warm_up(progress))
    }

    fn load_weights(&mut self, weights: &NetworkWeights) -> Result<(), NetworkError> {
        self.weights = weights.clone();
        self.attempt(&mut |evaluator| evaluator.load_weights(weights))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use burn::backend::Flex;

    use super::super::config::PolicyValueNetConfig;
    use super::super::network_evaluator::{BatchPlan, NetworkEvaluator};
    use super::*;
    use crate::mission::Seed;

    fn on_cpu(weights: &NetworkWeights) -> Result<Box<dyn Evaluator>, NetworkError> {
        let plan = BatchPlan::for_cpu();
        Ok(Box::new(NetworkEvaluator::<Flex>::new("CPU", weights, Default::default(), plan)?))
    }

    /// Works like the CPU until its third batch, then fails for good.
    struct Failing {
        inner: Box<dyn Evaluator>,
        left: u32,
    }

    impl Evaluator for Failing {
        fn name(&self) -> String {
            "card".into()
        }

        fn attributes(&self) -> EvaluatorAttributes {
            self.inner.attributes()
        }

        fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
            if self.left == 0 {
                return Err(NetworkError::DeviceFailed { device: "card".into(), reason: "unplugged".into() });
            }
            self.left -= 1;
            self.inner.evaluate(batch)
        }

        fn load_weights(&mut self, weights: &NetworkWeights) -> Result<(), NetworkError> {
            self.inner.load_weights(weights)
        }
    }

    fn batch(row_len: usize) -> EvaluationBatch {
        let mut batch = EvaluationBatch::new(row_len, 2);
        batch.set_leaves(2);
        for (index, number) in batch.inputs_mut().iter_mut().enumerate() {
            *number = (index as f32).cos();
        }
        batch
    }

    #[test]
    fn losing_the_device_changes_nothing_but_the_device() {
        let config = PolicyValueNetConfig::compact().with_cells_per_axis(8);
        let first = NetworkWeights::untrained(&config, Seed(1)).unwrap();
        let newest = NetworkWeights::untrained(&config, Seed(2)).unwrap();
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&warnings);
        let card = Box::new(Failing { inner: on_cpu(&first).unwrap(), left: 2 });
        let mut evaluator =
            FallbackEvaluator::new(card, first, on_cpu, move |warning| heard.lock().unwrap().push(warning));
        evaluator.load_weights(&newest).unwrap();

        let mut expected = batch(config.row_len());
        on_cpu(&newest).unwrap().evaluate(&mut expected).unwrap();
        for _ in 0..4 {
            let mut batch = batch(config.row_len());
            evaluator.evaluate(&mut batch).unwrap();
            assert_eq!(batch.evaluations(), expected.evaluations());
        }
        assert_eq!(evaluator.name(), "CPU");
        let warnings = warnings.lock().unwrap();
        assert!(
            matches!(warnings.as_slice(), [one] if one.contains("unplugged") && one.contains("CPU")),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_batch_that_does_not_fit_is_no_reason_to_move() {
        let config = PolicyValueNetConfig::compact().with_cells_per_axis(8);
        let weights = NetworkWeights::untrained(&config, Seed(1)).unwrap();
        let card = Box::new(Failing { inner: on_cpu(&weights).unwrap(), left: 9 });
        let mut evaluator = FallbackEvaluator::new(card, weights, on_cpu, |warning| panic!("{warning}"));
        assert!(evaluator.evaluate(&mut batch(3)).is_err());
        assert_eq!(evaluator.name(), "card");
    }
}
