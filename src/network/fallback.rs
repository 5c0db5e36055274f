//! From a lost card to the CPU without losing a leaf.

use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, WarmUp};
use super::weights::NetworkWeights;
use crate::threads::guarded;

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
        let current = self.current.as_mut();
        let name = current.name();
        let attempted =
            guarded(|| work(current)).unwrap_or_else(|reason| Err(NetworkError::DeviceFailed { device: name, reason }));
        let error = match attempted {
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

    /// Panics where a driver would: at the named part of its life.
    struct Panicking(&'static str, Box<dyn Evaluator>);

    impl Evaluator for Panicking {
        fn name(&self) -> String {
            "card".into()
        }

        fn attributes(&self) -> EvaluatorAttributes {
            self.1.attributes()
        }

        fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
            assert_ne!(self.0, "evaluate", "driver bug");
            self.1.evaluate(batch)
        }

        fn warm_up(&mut self, progress: &mut dyn FnMut(WarmUp)) -> Result<(), NetworkError> {
            assert_ne!(self.0, "warm up", "driver bug");
            self.1.warm_up(progress)
        }

        fn load_weights(&mut self, weights: &NetworkWeights) -> Result<(), NetworkError> {
            assert_ne!(self.0, "load weights", "driver bug");
            self.1.load_weights(weights)
        }
    }

    #[test]
    fn a_panic_in_warming_up_loading_or_evaluating_moves_to_the_cpu_too() {
        let config = PolicyValueNetConfig::compact().with_cells_per_axis(8);
        let weights = NetworkWeights::untrained(&config, Seed(1)).unwrap();
        for part in ["warm up", "load weights", "evaluate"] {
            let warnings = Arc::new(Mutex::new(Vec::new()));
            let heard = Arc::clone(&warnings);
            let card = Box::new(Panicking(part, on_cpu(&weights).unwrap()));
            let on_warning = move |warning| heard.lock().unwrap().push(warning);
            let mut evaluator = FallbackEvaluator::new(card, weights.clone(), on_cpu, on_warning);
            evaluator.warm_up(&mut |_| {}).unwrap();
            evaluator.load_weights(&weights).unwrap();
            evaluator.evaluate(&mut batch(config.row_len())).unwrap();
            assert_eq!(evaluator.name(), "CPU", "{part}");
            let warnings = warnings.lock().unwrap();
            assert!(warnings.len() == 1 && warnings[0].contains("driver bug"), "{part}: {warnings:?}");
        }
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
