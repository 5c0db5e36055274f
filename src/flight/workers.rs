//! The threads that plan and observe.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::mission::Mission;
use crate::sensor::{Camera, Observation, RayCaster};
use crate::threads::{self, guarded, lock};
use crate::voxel::VoxelGrid;

/// A thread pool of its owner's own, with one set of scratch memory for each thread.
#[derive(Debug)]
pub struct Workers {
    /// One thread fewer than workers, because the calling thread works too; `None` if that leaves no thread.
    pool: Option<ThreadPool>,
    scratch: Vec<Scratch>,
    busy_ns: AtomicU64,
    shared: Duration,
}

impl Workers {
    /// That many workers, or one per core; fewer where the system gives no more threads.
    pub fn new(count: Option<usize>) -> Self {
        let threads = threads::available(worker_count(count) - 1);
        let pool = if threads > 0 { pool_of(threads) } else { None };
        let workers = pool.as_ref().map_or(1, |_| threads + 1);
        Self {
            pool,
            scratch: (0..workers).map(|_| Scratch::default()).collect(),
            busy_ns: AtomicU64::new(0),
            shared: Duration::ZERO,
        }
    }

    /// Goes on with another number of workers. What has been counted stays.
    pub fn set_count(&mut self, count: usize) {
        if count != self.count() {
            let (busy_ns, shared) = (std::mem::take(&mut self.busy_ns), self.shared);
            *self = Self { busy_ns, shared, ..Self::new(Some(count)) };
        }
    }

    /// What is to be said if there are fewer than asked for.
    pub fn shortage(&self, asked: Option<usize>) -> Option<String> {
        let (asked, there) = (worker_count(asked), self.count());
        (there < asked)
            .then(|| format!("the system gives {there} of {asked} workers; the results are the same, but later"))
    }

    /// How many workers there are.
    pub fn count(&self) -> usize {
        self.scratch.len()
    }

    /// Time all workers together have worked, with the threads that their searches have started.
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_ns.load(Ordering::Relaxed))
    }

    /// Books time that threads started by a worker have worked.
    pub fn helped(&self, time: Duration) {
        self.busy_ns.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Time that callers have spent in [`share`](Self::share).
    pub fn shared(&self) -> Duration {
        self.shared
    }

    /// Hands the jobs, in their order, to whichever worker is free. Returns when all are done.
    ///
    /// A job that panics ends alone: the others are done, and it is among the faults that come back, in the order of the jobs.
    #[must_use = "a job that has panicked is not done"]
    pub fn share<J: Send>(&mut self, jobs: Vec<J>, work: impl Fn(&mut Scratch, J) + Sync) -> Vec<JobFault> {
        self.share_until_starved(jobs, &AtomicBool::new(false), work)
    }

    /// As [`share`](Self::share), and what each job has returned, in the order of the jobs. A job that has panicked has
    /// returned what the panic said.
    pub fn map<J: Send, T: Send>(
        &mut self,
        jobs: Vec<J>,
        work: impl Fn(&mut Scratch, J) -> T + Sync,
    ) -> Vec<Result<T, String>> {
        let mut results: Vec<Option<T>> = jobs.iter().map(|_| None).collect();
        let places = jobs.into_iter().zip(&mut results).collect();
        let faults = self.share(places, |scratch, (job, place)| *place = Some(work(scratch, job)));
        let mut reasons = faults.into_iter().map(|fault| fault.reason);
        // A job without a result has panicked, and the faults are in the order of the jobs.
        results.into_iter().map(|result| result.ok_or_else(|| reasons.next().unwrap_or_default())).collect()
    }

    /// As [`share`](Self::share). A worker that finds no job left raises `starved`, which long jobs may look at to stop early.
    #[must_use = "a job that has panicked is not done"]
    pub fn share_until_starved<J: Send>(
        &mut self,
        jobs: Vec<J>,
        starved: &AtomicBool,
        work: impl Fn(&mut Scratch, J) + Sync,
    ) -> Vec<JobFault> {
        if jobs.is_empty() {
            return Vec::new();
        }
        let began = Instant::now();
        let queue = Mutex::new(jobs.into_iter().enumerate());
        let faults = Mutex::new(Vec::new());
        let busy_ns = &self.busy_ns;
        let run = |scratch: &mut Scratch| {
            let start = Instant::now();
            while let Some((job, item)) = next_job(&queue) {
                if let Err(reason) = guarded(|| work(scratch, item)) {
                    // It was left in the middle of something.
                    *scratch = Scratch::default();
                    lock(&faults).push(JobFault { job, reason });
                }
            }
            starved.store(true, Ordering::Relaxed);
            busy_ns.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        };
        let (first, others) = self.scratch.split_at_mut(1);
        match &self.pool {
            None => run(&mut first[0]),
            Some(pool) => {
                pool.in_place_scope(|scope| {
                    for scratch in others {
                        let run = &run;
                        scope.spawn(move |_| run(scratch));
                    }
                    run(&mut first[0]);
                });
            }
        }
        self.shared += began.elapsed();
        let mut faults = std::mem::take(&mut *lock(&faults));
        faults.sort_by_key(|fault| fault.job);
        faults
    }
}

/// So many threads of a pool, or `None` if the system does not give them.
fn pool_of(threads: usize) -> Option<ThreadPool> {
    let builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(|_| "proxops worker".to_owned());
    builder.build().inspect_err(|error| tracing::warn!("no {threads} worker threads, one works alone: {error}")).ok()
}

/// So many workers, or one per core.
pub(crate) fn worker_count(count: Option<usize>) -> usize {
    count.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZeroUsize::get)).max(1)
}

/// A job that has panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFault {
    /// Its place among the jobs.
    pub job: usize,
    /// What the panic said.
    pub reason: String,
}

fn next_job<J>(queue: &Mutex<impl Iterator<Item = J>>) -> Option<J> {
    lock(queue).next()
}

/// A worker's ray caster and image, made for the mission it last worked on.
#[derive(Debug, Default)]
pub struct Scratch {
    instruments: Option<Instruments>,
}

#[derive(Debug)]
struct Instruments {
    grid: VoxelGrid,
    camera: Camera,
    caster: RayCaster,
    observation: Observation,
}

impl Scratch {
    /// Ray caster and image for that mission.
    pub fn instruments(&mut self, mission: &Mission) -> (&mut RayCaster, &mut Observation) {
        let (grid, camera) = (*mission.grid(), *mission.camera());
        let fits = self.instruments.as_ref().is_some_and(|made| made.grid == grid && made.camera == camera);
        if !fits {
            self.instruments = None;
        }
        let made = self.instruments.get_or_insert_with(|| Instruments {
            grid,
            camera,
            caster: RayCaster::new(grid, camera),
            observation: Observation::new(grid),
        });
        (&mut made.caster, &mut made.observation)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::threads::refusal;

    #[test]
    fn every_job_is_done_once_by_any_number_of_workers() {
        for count in [1, 2, 3, 7] {
            let mut workers = Workers::new(Some(count));
            assert_eq!(workers.count(), count);
            let done: Vec<AtomicUsize> = (0..50).map(|_| AtomicUsize::new(0)).collect();
            let faults = workers.share((0..50).collect(), |_, job: usize| {
                done[job].fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(faults, []);
            assert!(done.iter().all(|times| times.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn workers_that_the_system_refuses_are_done_without() {
        for (threads, count) in [(0, 1), (2, 3), (3, 4), (9, 4)] {
            let mut workers = refusal::after(threads, || Workers::new(Some(4)));
            assert_eq!(workers.count(), count);
            let shortage = (count < 4).then(|| format!("gives {count} of 4 workers"));
            assert_eq!(workers.shortage(Some(4)).is_some(), shortage.is_some());
            assert!(shortage.is_none_or(|text| workers.shortage(Some(4)).unwrap().contains(&text)));
            let done = AtomicUsize::new(0);
            let faults = workers.share((0..20).collect(), |_, _: u32| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!((faults.len(), done.into_inner()), (0, 20));
        }
    }

    #[test]
    fn workers_work_at_the_same_time() {
        let mut workers = Workers::new(Some(2));
        let meeting = std::sync::Barrier::new(2);
        // Each job waits for the other: one worker alone would never return.
        let faults = workers.share((0..2).collect(), |_, _: u32| {
            meeting.wait();
        });
        assert_eq!(faults, []);
        assert!(workers.busy() > Duration::ZERO && workers.shared() > Duration::ZERO);
    }

    #[test]
    fn a_job_that_panics_is_told_of_and_all_others_are_done() {
        for count in [1, 2] {
            let mut workers = Workers::new(Some(count));
            let done = AtomicUsize::new(0);
            let faults = workers.share((0..10).collect(), |_, job: u32| {
                assert!(job != 3 && job != 7, "job {job} is bad");
                done.fetch_add(1, Ordering::Relaxed);
            });
            let told: Vec<_> = faults.iter().map(|fault| (fault.job, fault.reason.as_str())).collect();
            assert_eq!(told, [(3, "job 3 is bad"), (7, "job 7 is bad")]);
            assert_eq!(done.load(Ordering::Relaxed), 8);
        }
    }

    #[test]
    fn results_come_back_in_the_order_of_the_jobs_and_a_panic_in_its_place() {
        for count in [1, 3] {
            let results = Workers::new(Some(count)).map((0..6).collect(), |_, job: u32| {
                assert!(job % 4 != 1, "job {job} is bad");
                10 * job
            });
            let bad = |job: u32| Err(format!("job {job} is bad"));
            assert_eq!(results, [Ok(0), bad(1), Ok(20), Ok(30), Ok(40), bad(5)]);
        }
    }

    #[test]
    fn no_jobs_starve_nobody() {
        let starved = AtomicBool::new(false);
        assert_eq!(Workers::new(Some(2)).share_until_starved(Vec::<u32>::new(), &starved, |_, _| {}), []);
        assert!(!starved.load(Ordering::Relaxed));
    }
}
