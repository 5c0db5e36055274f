//! Where inference batches are evaluated.

use std::collections::VecDeque;
use std::time::Instant;

use crate::network::{EvaluationBatch, Evaluator, EvaluatorThread, Finished, NetworkError, evaluate_batch};

/// Evaluates inference batches. They come back in the order in which they were submitted.
pub trait InferenceQueue {
    /// Sends a batch off. It comes back through [`receive`](Self::receive) with its `ticket`.
    ///
    /// # Errors
    /// [`NetworkError`] if nothing is there to evaluate it.
    fn submit(&mut self, ticket: u64, batch: EvaluationBatch) -> Result<(), NetworkError>;

    /// Waits for the next batch, no longer than until `deadline` if there is one; `None` if it is not back then. Call it only
    /// for batches that were submitted.
    ///
    /// # Errors
    /// [`NetworkError`] if no batch will ever come.
    fn receive(&mut self, deadline: Option<Instant>) -> Result<Option<Finished>, NetworkError>;
}

impl InferenceQueue for &EvaluatorThread {
    fn submit(&mut self, ticket: u64, batch: EvaluationBatch) -> Result<(), NetworkError> {
        EvaluatorThread::submit(self, ticket, batch)
    }

    fn receive(&mut self, deadline: Option<Instant>) -> Result<Option<Finished>, NetworkError> {
        match deadline {
            Some(deadline) => self.receive_by(deadline),
            None => EvaluatorThread::receive(self).map(Some),
        }
    }
}

/// Evaluates every batch on the calling thread, as it is submitted.
pub struct EvaluateHere<'a> {
    evaluator: &'a mut dyn Evaluator,
    finished: VecDeque<Finished>,
}

impl<'a> EvaluateHere<'a> {
    /// With that evaluator.
    pub fn new(evaluator: &'a mut dyn Evaluator) -> Self {
        Self { evaluator, finished: VecDeque::new() }
    }
}

impl InferenceQueue for EvaluateHere<'_> {
    fn submit(&mut self, ticket: u64, mut batch: EvaluationBatch) -> Result<(), NetworkError> {
        let (result, faults) = evaluate_batch(self.evaluator, &mut batch);
        self.finished.push_back(Finished { ticket, batch, result, faults });
        Ok(())
    }

    fn receive(&mut self, _deadline: Option<Instant>) -> Result<Option<Finished>, NetworkError> {
        Ok(self.finished.pop_front())
    }
}
