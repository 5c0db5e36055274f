//! The threads that talk to Burn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};

use super::counts::EvaluationCounters;
use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, WarmUp};
use super::weights::NetworkWeights;
use crate::threads::{self, PATIENCE, guarded, join_by};

/// A batch that came back.
#[derive(Debug)]
pub struct Finished {
    /// The number it was submitted with.
    pub ticket: u64,
    /// The batch, evaluated unless `result` is an error.
    pub batch: EvaluationBatch,
    /// Whether it was evaluated.
    pub result: Result<(), NetworkError>,
    /// If it was not: the leaves that are to blame. The others have their evaluations. Empty if the network failed as a
    /// whole.
    pub faults: Vec<LeafFault>,
}

/// A leaf that a network cannot evaluate, although it can evaluate others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafFault {
    /// Row in the batch.
    pub leaf: usize,
    /// Why not.
    pub reason: String,
}

enum Job {
    Evaluate { ticket: u64, batch: EvaluationBatch },
    LoadWeights { weights: NetworkWeights, reply: Sender<Result<(), NetworkError>> },
    Run(Box<dyn FnOnce() + Send>),
}

/// An evaluator on a thread of its own. Batches come back in the order in which they were submitted.
///
/// Burn keeps a stream, a memory pool and a polling thread for every thread that uses a card, so all work for a
/// card, learning included ([`run`](Self::run)), goes through here. An evaluator with a [twin](Evaluator::twin) gets a
/// second thread, and batches go to the two in turn. Dropping this handle ends the threads; one that is still at work after
/// 0.4 s is left behind.
#[derive(Debug)]
pub struct EvaluatorThread {
    lanes: Vec<Lane>,
    submitted: AtomicUsize,
    received: AtomicUsize,
    name: String,
    attributes: EvaluatorAttributes,
    counters: EvaluationCounters,
}

/// One thread with an evaluator.
#[derive(Debug)]
struct Lane {
    /// `None` only while dropping.
    jobs: Option<Sender<Job>>,
    finished: Receiver<Finished>,
    thread: Option<JoinHandle<()>>,
}

/// What the first thread tells once it is ready.
struct Ready {
    name: String,
    attributes: EvaluatorAttributes,
    twin: Option<Box<dyn Evaluator>>,
}

/// An evaluator that is being made and warmed up on its thread.
///
/// Dropping it leaves the thread to itself; it ends with the warm-up.
pub struct OpeningThread {
    /// `None` once it has been handed over.
    lane: Option<Lane>,
    is_ready: Receiver<Result<Ready, NetworkError>>,
    counters: EvaluationCounters,
}

impl OpeningThread {
    /// Starts the thread, which makes the evaluator and warms it up, reporting to `progress`. What it does later is added
    /// to `counters`.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`] if the system gives no thread.
    pub fn begin<E: Evaluator + 'static>(
        make: impl FnOnce() -> Result<E, NetworkError> + Send + 'static,
        mut progress: impl FnMut(WarmUp) + Send + 'static,
        counters: EvaluationCounters,
    ) -> Result<Self, NetworkError> {
        let (ready, is_ready) = bounded(1);
        let counting = counters.clone();
        let lane = Lane::spawn(move |jobs, finish| {
            // Sending fails if nobody listens any more.
            let made = attempt("opening it", || make().and_then(|mut made| made.warm_up(&mut progress).map(|()| made)));
            match made {
                Err(error) => drop(ready.send(Err(error))),
                Ok(mut evaluator) => {
                    let (name, attributes) = (evaluator.name(), evaluator.attributes());
                    counting.ready();
                    let _ = ready.send(Ok(Ready { name, attributes, twin: evaluator.twin() }));
                    serve(&mut evaluator, jobs, finish, &counting);
                }
            }
        })?;
        Ok(Self { lane: Some(lane), is_ready, counters })
    }

    /// The thread, if it is ready before that time has passed.
    pub fn wait_for(&mut self, time: Duration) -> Option<Result<EvaluatorThread, NetworkError>> {
        match self.is_ready.recv_timeout(time) {
            Ok(ready) => Some(ready.and_then(|ready| self.hand_over(ready))),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(stopped())),
        }
    }

    /// The thread, when it is ready.
    ///
    /// # Errors
    /// Whatever making or warming up the evaluator returned.
    pub fn wait(mut self) -> Result<EvaluatorThread, NetworkError> {
        let ready = self.is_ready.recv().unwrap_or_else(|_| Err(stopped()))?;
        self.hand_over(ready)
    }

    fn hand_over(&mut self, ready: Ready) -> Result<EvaluatorThread, NetworkError> {
        let Ready { name, attributes, twin } = ready;
        let mut lanes = Vec::from_iter(self.lane.take());
        if let Some(mut twin) = twin {
            let counting = self.counters.clone();
            lanes.push(Lane::spawn(move |jobs, finish| serve(&mut twin, jobs, finish, &counting))?);
        }
        let (submitted, received) = Default::default();
        Ok(EvaluatorThread { lanes, submitted, received, name, attributes, counters: self.counters.clone() })
    }
}

impl Drop for OpeningThread {
    fn drop(&mut self) {
        if let Some(lane) = &mut self.lane {
            lane.thread = None;
        }
    }
}

impl EvaluatorThread {
    /// Starts the thread, makes the evaluator on it and warms it up, reporting to `progress`. Returns when it is ready.
    ///
    /// # Errors
    /// Whatever making or warming up the evaluator returned; [`NetworkError::ThreadStopped`] if the system gives no
    /// thread.
    pub fn spawn<E: Evaluator + 'static>(
        make: impl FnOnce() -> Result<E, NetworkError> + Send + 'static,
        progress: impl FnMut(WarmUp) + Send + 'static,
    ) -> Result<Self, NetworkError> {
        OpeningThread::begin(make, progress, EvaluationCounters::default())?.wait()
    }

    /// Name of the evaluator when it was made.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Batch sizes of the evaluator when it was made.
    pub fn attributes(&self) -> EvaluatorAttributes {
        self.attributes
    }

    /// A handle to what it has counted.
    pub fn counters(&self) -> EvaluationCounters {
        self.counters.clone()
    }

    /// Sends a batch off. It comes back through [`receive`](Self::receive) with its `ticket`.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn submit(&self, ticket: u64, batch: EvaluationBatch) -> Result<(), NetworkError> {
        let lane = self.submitted.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        self.lanes[lane].send(Job::Evaluate { ticket, batch })
    }

    /// Waits for the next batch. Call it only for batches that were submitted.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn receive(&self) -> Result<Finished, NetworkError> {
        let start = Instant::now();
        let lane = self.received.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let finished = self.lanes[lane].finished.recv().map_err(|_| stopped());
        self.counters.waited(start.elapsed());
        finished
    }

    /// As [`receive`](Self::receive), but no longer than until `deadline`; `None` if it is not back then.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn receive_by(&self, deadline: Instant) -> Result<Option<Finished>, NetworkError> {
        let start = Instant::now();
        let lane = self.received.load(Ordering::Relaxed) % self.lanes.len();
        let finished = self.lanes[lane].finished.recv_deadline(deadline);
        self.counters.waited(start.elapsed());
        match finished {
            Ok(finished) => {
                self.received.fetch_add(1, Ordering::Relaxed);
                Ok(Some(finished))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(stopped()),
        }
    }

    /// The next batch, if it is back.
    pub fn try_receive(&self) -> Option<Finished> {
        let lane = self.received.load(Ordering::Relaxed) % self.lanes.len();
        let finished = self.lanes[lane].finished.try_recv().ok()?;
        self.received.fetch_add(1, Ordering::Relaxed);
        Some(finished)
    }

    /// Replaces the weights behind the batches submitted so far, and waits until that is done.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if they do not fit; [`NetworkError::ThreadStopped`].
    pub fn load_weights(&self, weights: NetworkWeights) -> Result<(), NetworkError> {
        let mut loading = self.begin_loading(weights)?;
        while loading.left > 0 {
            let answer = loading.answers.recv();
            loading.take(answer.unwrap_or_else(|_| Err(stopped())))?;
        }
        Ok(())
    }

    /// Replaces the weights behind the batches submitted so far, without waiting: batches submitted from now on are
    /// evaluated with the new ones.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn begin_loading(&self, weights: NetworkWeights) -> Result<Loading, NetworkError> {
        let (reply, answers) = unbounded();
        for lane in &self.lanes {
            lane.send(Job::LoadWeights { weights: weights.clone(), reply: reply.clone() })?;
        }
        Ok(Loading { answers, left: self.lanes.len() })
    }

    /// Runs other work for the device on this thread, behind the batches submitted so far, and waits for it.
    ///
    /// # Errors
    /// [`NetworkError::ThreadStopped`].
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, NetworkError> {
        let (reply, answer) = bounded(1);
        self.lanes[0].send(Job::Run(Box::new(move || {
            let _ = reply.send(work());
        })))?;
        answer.recv().map_err(|_| stopped())
    }
}

impl Drop for EvaluatorThread {
    fn drop(&mut self) {
        // A closed queue ends its thread once it has served what is in it.
        self.lanes.iter_mut().for_each(|lane| lane.jobs = None);
        let deadline = Instant::now() + PATIENCE;
        for thread in self.lanes.iter_mut().filter_map(|lane| lane.thread.take()) {
            // What it may have panicked with has been told to whom it concerned.
            let _ = join_by(thread, deadline);
        }
    }
}

/// Weights on their way into a network; see [`EvaluatorThread::begin_loading`].
#[derive(Debug)]
pub struct Loading {
    answers: Receiver<Result<(), NetworkError>>,
    left: usize,
}

impl Loading {
    /// Whether the weights are in, by what is known now.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if they do not fit; [`NetworkError::ThreadStopped`].
    pub fn is_done(&mut self) -> Result<bool, NetworkError> {
        while self.left > 0 {
            match self.answers.try_recv() {
                Ok(answer) => self.take(answer)?,
                Err(TryRecvError::Empty) => return Ok(false),
                Err(TryRecvError::Disconnected) => return Err(stopped()),
            }
        }
        Ok(true)
    }

    fn take(&mut self, answer: Result<(), NetworkError>) -> Result<(), NetworkError> {
        self.left -= 1;
        answer
    }
}

impl Lane {
    fn spawn(work: impl FnOnce(&Receiver<Job>, &Sender<Finished>) + Send + 'static) -> Result<Self, NetworkError> {
        let (jobs, job_queue) = unbounded();
        let (finish, finished) = unbounded();
        let thread = threads::spawn("network", move || work(&job_queue, &finish))
            .map_err(|error| NetworkError::ThreadStopped { reason: error.to_string() })?;
        Ok(Self { jobs: Some(jobs), finished, thread: Some(thread) })
    }

    fn send(&self, job: Job) -> Result<(), NetworkError> {
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(stopped)
    }
}

/// Failing to send means that the handle is being dropped; the queue then ends by itself.
fn serve(
    evaluator: &mut impl Evaluator,
    jobs: &Receiver<Job>,
    finish: &Sender<Finished>,
    counters: &EvaluationCounters,
) {
    for job in jobs {
        match job {
            Job::Evaluate { ticket, mut batch } => {
                counters.begin();
                let (result, faults) = evaluate_batch(evaluator, &mut batch);
                let size = (batch.leaves(), evaluator.padded_rows(batch.leaves()));
                counters.end(result.is_ok().then_some(size));
                let _ = finish.send(Finished { ticket, batch, result, faults });
            }
            Job::LoadWeights { weights, reply } => {
                let _ = reply.send(attempt("loading its weights", || evaluator.load_weights(&weights)));
            }
            Job::Run(work) => work(),
        }
    }
}

/// Evaluates a batch. Where that fails although the network works, the leaves are evaluated one by one, so that only those
/// to blame stay without an evaluation.
pub(crate) fn evaluate_batch(
    evaluator: &mut (impl Evaluator + ?Sized),
    batch: &mut EvaluationBatch,
) -> (Result<(), NetworkError>, Vec<LeafFault>) {
    let error = match evaluate_once(evaluator, batch) {
        Err(
            error
            @ (NetworkError::Panicked { .. } | NetworkError::NotFinite { .. } | NetworkError::DeviceFailed { .. }),
        ) => error,
        result => return (result, Vec::new()),
    };
    let mut single = EvaluationBatch::new(batch.row_len(), 1);
    single.set_leaves(1);
    if evaluate_once(evaluator, &mut single).is_err() {
        // It cannot even evaluate nothing at all.
        return (Err(error), Vec::new());
    }
    tracing::warn!("{error}; its leaves are evaluated one by one");
    let mut faults = Vec::new();
    for leaf in 0..batch.leaves() {
        single.row_mut(0).copy_from_slice(batch.row(leaf));
        match evaluate_once(evaluator, &mut single) {
            Ok(()) => batch.evaluations_mut()[leaf] = single.evaluations()[0],
            Err(error) => faults.push(LeafFault { leaf, reason: error.to_string() }),
        }
    }
    (if faults.is_empty() { Ok(()) } else { Err(error) }, faults)
}

/// No search may go on with answers that are no numbers, whatever kind of evaluator gave them.
fn evaluate_once(evaluator: &mut (impl Evaluator + ?Sized), batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
    attempt("evaluating a batch", || evaluator.evaluate(batch))?;
    batch.check_finite(&evaluator.name())
}

/// Makes a panic of an evaluator an error.
fn attempt<T>(doing: &'static str, work: impl FnOnce() -> Result<T, NetworkError>) -> Result<T, NetworkError> {
    guarded(work).unwrap_or_else(|reason| Err(NetworkError::Panicked { doing, reason }))
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

    /// Answers with the first number of the first row, once somebody lets it.
    struct Gated(Receiver<()>, Option<Box<Gated>>);

    impl Evaluator for Gated {
        fn name(&self) -> String {
            "gated".into()
        }

        fn attributes(&self) -> EvaluatorAttributes {
            EvaluatorAttributes { recommended_batch: 1, max_batch: 1 }
        }

        fn twin(&self) -> Option<Box<dyn Evaluator>> {
            self.1.as_ref().map(|twin| Box::new(Self(twin.0.clone(), None)) as Box<dyn Evaluator>)
        }

        fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
            self.0.recv().map_err(|_| stopped())?;
            batch.evaluations_mut()[0].value = batch.row(0)[0];
            Ok(())
        }
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
        let counts = thread.counters().counts();
        assert_eq!((counts.batches, counts.leaves, counts.rows), (8, 8, 8));
    }

    #[test]
    fn an_answer_that_is_no_number_comes_back_as_an_error() {
        let (open, gate) = unbounded();
        let thread = EvaluatorThread::spawn(move || Ok(Gated(gate, None)), |_| {}).unwrap();
        // The batch, a blank leaf, and the leaf alone.
        (0..3).for_each(|_| open.send(()).unwrap());
        thread.submit(0, batch(f32::NAN)).unwrap();
        let finished = thread.receive().unwrap();
        let error = finished.result.unwrap_err().to_string();
        assert!(error.contains("network on gated: the value of leaf 0 is NaN"), "{error}");
        assert_eq!(finished.faults, [LeafFault { leaf: 0, reason: error }]);
    }

    /// Panics at negative numbers, also while it loads weights or is made.
    struct Fragile;

    impl Evaluator for Fragile {
        fn name(&self) -> String {
            "fragile".into()
        }

        fn attributes(&self) -> EvaluatorAttributes {
            EvaluatorAttributes { recommended_batch: 1, max_batch: 8 }
        }

        fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
            for leaf in 0..batch.leaves() {
                assert!(batch.row(leaf)[0] >= 0.0, "a negative number");
                batch.evaluations_mut()[leaf].value = batch.row(leaf)[0];
            }
            Ok(())
        }

        fn load_weights(&mut self, _weights: &NetworkWeights) -> Result<(), NetworkError> {
            panic!("no room for weights")
        }
    }

    #[test]
    fn a_leaf_that_makes_an_evaluator_panic_fails_alone() {
        let thread = EvaluatorThread::spawn(|| Ok(Fragile), |_| {}).unwrap();
        let mut batch = EvaluationBatch::new(1, 3);
        batch.set_leaves(3);
        batch.inputs_mut().copy_from_slice(&[0.25, -1.0, 0.75]);
        thread.submit(0, batch.clone()).unwrap();
        let finished = thread.receive().unwrap();
        assert!(finished.result.is_err());
        assert_eq!(finished.faults.iter().map(|fault| fault.leaf).collect::<Vec<_>>(), [1]);
        assert!(finished.faults[0].reason.contains("a negative number"), "{:?}", finished.faults);
        let value = |leaf: usize| finished.batch.evaluations()[leaf].value;
        assert_eq!((value(0), value(2)), (0.25, 0.75));
        // The thread goes on.
        batch.row_mut(1)[0] = 0.5;
        thread.submit(1, batch).unwrap();
        assert!(thread.receive().unwrap().result.is_ok());
    }

    #[test]
    fn a_panic_while_weights_are_loaded_or_the_evaluator_is_made_is_an_error() {
        let thread = EvaluatorThread::spawn(|| Ok(Fragile), |_| {}).unwrap();
        let config = super::super::config::PolicyValueNetConfig::compact().with_cells_per_axis(8);
        let weights = NetworkWeights::untrained(&config, crate::mission::Seed(1)).unwrap();
        let error = thread.load_weights(weights).unwrap_err().to_string();
        assert!(error.contains("loading its weights") && error.contains("no room for weights"), "{error}");
        let make = || -> Result<Fragile, NetworkError> { panic!("no driver") };
        let error = EvaluatorThread::spawn(make, |_| {}).unwrap_err().to_string();
        assert!(error.contains("opening it") && error.contains("no driver"), "{error}");
    }

    #[test]
    fn a_handle_is_dropped_although_its_evaluator_never_answers() {
        let (open, gate) = unbounded();
        let (told, ended) = bounded::<()>(0);
        let thread = EvaluatorThread::spawn(move || Ok(Gated(gate, None)), |_| {}).unwrap();
        thread.submit(0, batch(1.0)).unwrap();
        assert!(thread.receive_by(Instant::now()).unwrap().is_none());
        std::thread::spawn(move || {
            drop(thread);
            drop(told);
        });
        // The evaluator is blocked until `open` is dropped below, so that only a drop that does not wait for it gets here.
        assert!(ended.recv_timeout(Duration::from_secs(60)).is_err_and(|error| error.is_disconnected()));
        drop(open);
    }

    #[test]
    fn a_twin_that_is_faster_does_not_change_the_order() {
        let (open, gate) = unbounded();
        let (open_twin, twin_gate) = unbounded();
        let make = move || Ok(Gated(gate, Some(Box::new(Gated(twin_gate, None)))));
        let thread = EvaluatorThread::spawn(make, |_| {}).unwrap();
        for ticket in 0..4 {
            thread.submit(ticket, batch(ticket as f32)).unwrap();
        }
        // The twin has its two batches done before the first evaluator may begin.
        (0..2).for_each(|_| open_twin.send(()).unwrap());
        while thread.counters().counts().batches < 2 {
            std::thread::yield_now();
        }
        assert!(thread.try_receive().is_none());
        (0..2).for_each(|_| open.send(()).unwrap());
        for ticket in 0..4 {
            let finished = thread.receive().unwrap();
            assert_eq!((finished.ticket, finished.batch.evaluations()[0].value), (ticket, ticket as f32));
        }
    }

    #[test]
    fn an_evaluator_is_handed_over_when_it_is_ready_and_not_before() {
        let (open, gate) = bounded::<()>(0);
        let make = move || gate.recv().map(|()| SeededRandomEvaluator::new(1)).map_err(|_| stopped());
        let mut opening = OpeningThread::begin(make, |_| {}, EvaluationCounters::default()).unwrap();
        assert!(opening.wait_for(Duration::ZERO).is_none());
        open.send(()).unwrap();
        let thread = opening.wait().unwrap();
        thread.submit(3, batch(1.0)).unwrap();
        assert_eq!(thread.receive().unwrap().ticket, 3);
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
