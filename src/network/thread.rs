//! The one thread that talks to Burn.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, WarmUp};
use super::weights::NetworkWeights;

/// A batch that came back.
#[derive(Debug)]
pub struct Finished {
    /// The number it was submitted with.
    pub ticket: u64,
    /// The batch, evaluated unless `result` is an error.
    pub batch: EvaluationBatch,
    /// Whether it was evaluated.
    pub result: Result<(), NetworkError>,
}

enum Job {
    Evaluate { ticket: u64, batch: EvaluationBatch },
    LoadWeights { weights: NetworkWeights, reply: Sender<Result<(), NetworkError>> },
    Run(Box<dyn FnOnce() + Send>),
}

/// An evaluator on a thread of its own. Batches come back in the order in which they were submitted.
///
/// Burn keeps a stream, a memory pool and a polling thread for every thread that uses a card, so all work for a
/// card, learning included ([`run`](Self::run)), goes through here. The thread ends when this handle is dropped.
#[derive(Debug)]
pub struct EvaluatorThread {
    /// `None` only while dropping.
    jobs: Option<Sender<Job>>,
    finished: Receiver<Finished>,
    thread: Option<JoinHandle<()>>,
    name: String,
    attributes: EvaluatorAttributes,
}

impl EvaluatorThread {
    /// Starts the thread, makes the evaluator on it and warms it up, reporting to `progress`. Returns when it is ready.
    ///
    /// # Errors
    /// Whatever making or warming up the evaluator returned; [`NetworkError::ThreadStopped`] if the system gives no
    /// thread.
    pub fn spawn<E: Evaluator + 'static>(
        make: impl FnOnce() -> Result<E, NetworkError> + Send + 'static,
        mut progress: impl FnMut(WarmUp) + Send + 'static,
    ) -> Result<Self, NetworkError> {
        let (jobs, job_queue) = unbounded();
        let (finish, finished) = unbounded();
        let (ready, is_ready) = bounded(1);
        let thread = std::thread::Builder::new()
            .name("network".into())
            .spawn(move || {
                let mut evaluator = match make().and_then(|mut made| made.warm_up(&mut progress).map(|()| made)) {
                    Ok(evaluator) => evaluator,
                    Err(error) => {
                        // Nobody listens any more if the caller has gone.
                        let _ = ready.send(Err(error));
                        return;
                    }
                };
                let _ = ready.send(Ok((evaluator.name(), evaluator.attributes())));
                serve(&mut evaluator, &job_queue, &finish);
            })
            .map_err(|error| NetworkError::ThreadStopped { reason: error.to_string() })?;
        let (name, attributes) = is_ready.recv().unwrap_or_else(|_| Err(stopped()))?;
        Ok(Self { jobs: Some(jobs), finished, thread: Some(thread), name, attributes })
    }

    /// Name of the evaluator when it was made.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Batch sizes of the evaluator when it was made.
    pub fn attributes(&self) -> EvaluatorAttributes {
        self.attributes
    }

    /// Sends a batch off. It comes back through [`receive`](Self::receive) with its `ticket`.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn submit(&self, ticket: u64, batch: EvaluationBatch) -> Result<(), NetworkError> {
        self.send(Job::Evaluate { ticket, batch })
    }

    /// Waits for the next batch. Call it only for batches that were submitted.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn receive(&self) -> Result<Finished, NetworkError> {
        self.finished.recv().map_err(|_| stopped())
    }

    /// The next batch, if one is back.
    pub fn try_receive(&self) -> Option<Finished> {
        self.finished.try_recv().ok()
    }

    /// Replaces the weights behind the batches submitted so far, and waits until that is done.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if they do not fit; [`NetworkError::ThreadStopped`].
    pub fn load_weights(&self, weights: NetworkWeights) -> Result<(), NetworkError> {
        let (reply, answer) = bounded(1);
        self.send(Job::LoadWeights { weights, reply })?;
        answer.recv().unwrap_or_else(|_| Err(stopped()))
    }

    /// Runs other work for the device on this thread, behind the batches submitted so far, and waits for it.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, NetworkError> {
        let (reply, answer) = bounded(1);
        self.send(Job::Run(Box::new(move || {
            let _ = reply.send(work());
        })))?;
        answer.recv().map_err(|_| stopped())
    }

    fn send(&self, job: Job) -> Result<(), NetworkError> {
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(stopped)
    }
}

impl Drop for EvaluatorThread {
    fn drop(&mut self) {
        // A closed queue ends the thread once it has served what is in it.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Failing to send means that the handle is being dropped; the queue then ends by itself.
fn serve(evaluator: &mut impl Evaluator, jobs: &Receiver<Job>, finish: &Sender<Finished>) {
    for job in jobs {
        match job {
            Job::Evaluate { ticket, mut batch } => {
                let result = evaluator.evaluate(&mut batch);
                let _ = finish.send(Finished { ticket, batch, result });
            }
            Job::LoadWeights { weights, reply } => {
                let _ = reply.send(evaluator.load_weights(&weights));
            }
            Job::Run(work) => work(),
        }
    }
}

fn stopped() -> NetworkError {
    NetworkError::ThreadStopped { reason: "it panicked or was shut down".into() }
}

#[cfg(test)]
mod tests {
    use super::super::simple_evaluators::SeededRandomEvaluator;
    use super::*;

    fn thread() -> EvaluatorThread {
        EvaluatorThread::spawn(|| Ok(SeededRandomEvaluator::new(1)), |_| {}).unwrap()
    }

    fn batch(number: f32) -> EvaluationBatch {
        let mut batch = EvaluationBatch::new(1, 1);
        batch.set_leaves(1);
        batch.row_mut(0)[0] = number;
        batch
    }

    #[test]
    fn batches_come_back_in_order_and_as_if_evaluated_here() {
        let thread = thread();
        for ticket in 0..8 {
            thread.submit(ticket, batch(ticket as f32)).unwrap();
        }
        for ticket in 0..8 {
            let finished = thread.receive().unwrap();
            let mut expected = batch(ticket as f32);
            SeededRandomEvaluator::new(1).evaluate(&mut expected).unwrap();
            assert_eq!(finished.ticket, ticket);
            assert_eq!(finished.batch.evaluations(), expected.evaluations());
        }
        assert!(thread.try_receive().is_none());
    }

    #[test]
    fn other_work_runs_on_the_same_thread() {
        let name = thread().run(|| std::thread::current().name().map(str::to_owned)).unwrap();
        assert_eq!(name.as_deref(), Some("network"));
    }

    #[test]
    fn an_evaluator_that_cannot_be_made_is_an_error_here() {
        let make = || Err::<SeededRandomEvaluator, _>(NetworkError::DeviceName { text: "gpu".into() });
        assert!(EvaluatorThread::spawn(make, |_| {}).unwrap_err().to_string().contains("`gpu`"));
    }

    #[test]
    fn work_that_panics_stops_the_thread_with_an_error_not_a_hang() {
        let thread = thread();
        assert!(thread.run(|| panic!("on purpose")).is_err());
        assert!(thread.submit(0, batch(0.0)).is_err() || thread.receive().is_err());
    }
}
