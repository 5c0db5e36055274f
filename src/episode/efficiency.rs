//! Runs the episodes whose speed, memory and decisions an efficiency report compares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::episode::command::SimCommand;
use crate::episode::settings::{EpisodeSettings, NetworkSettings};
use crate::episode::simulation::Simulation;
use crate::episode::workers::lock;
use crate::mission::Scenario;
use crate::network::{LeafEncoder, NetworkWeights, open_evaluator};
use crate::report::{
    BestSettings, CampaignSize, Counted, EfficiencyReport, FlownRun, GpuMeter, Machine, Measurement, MemoryFigures,
    ProcessMeter, ReportError, SweepPlan, SweepPoint, measure_regret, resident_bytes,
};
use crate::search::{ParallelConfig, PlannerKind, SearchConfig, SearchMode};

/// How long a setting may take to its first simulations: a card compiles its kernels first.
const WARM_UP_LIMIT: Duration = Duration::from_secs(300);
/// Simulations of the trees whose memory is measured.
const MEMORY_SIMULATIONS: u32 = 100;

/// How far a sweep has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepProgress {
    /// Parts done.
    pub done: usize,
    /// Parts in all.
    pub of: usize,
    /// The part being measured, in words.
    pub doing: String,
    /// Time since the start.
    pub elapsed: Duration,
}

impl SweepProgress {
    /// Time left if the other parts take as long as those done; `None` before the first.
    pub fn left(&self) -> Option<Duration> {
        let per_part = self.elapsed.checked_div(self.done.try_into().ok()?)?;
        Some(per_part * (self.of - self.done) as u32)
    }

    /// Share of the parts done, 0 to 1.
    pub fn share(&self) -> f32 {
        self.done as f32 / self.of.max(1) as f32
    }
}

/// Measures everything that `plan` asks for, in this process. `proceed` hears of every part before it begins and may stop
/// the sweep by returning `false`.
///
/// # Errors
/// [`ReportError`] if a run cannot begin or fails, or if the sweep was stopped.
pub fn measure_efficiency(
    plan: &SweepPlan,
    proceed: &mut dyn FnMut(&SweepProgress) -> bool,
) -> Result<EfficiencyReport, ReportError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get) as u32;
    let judged = 2 * (1 + plan.quality.modes(threads).len());
    let parts = plan.points.len() + 1 + judged + if plan.flies_campaign { 2 } else { 0 };
    let mut steps = Steps { done: 0, of: parts, start: Instant::now(), proceed };
    // Memory first: what later parts leave behind would hide it.
    steps.begin(format!("memory of {} episodes", plan.memory_episodes))?;
    let memory = measure_memory(plan)?;
    let mut network = None;
    let mut measurements = Vec::with_capacity(plan.points.len());
    for point in &plan.points {
        steps.begin(name(point))?;
        measurements.push(measure_point(plan, point, &mut network)?);
    }
    let regrets = {
        let weights = NetworkWeights::shipped()?;
        let mut opened = open_evaluator(&plan.device, &weights, plan.quality.states as usize, |_| {})?;
        let encoder = |mission: &_| LeafEncoder::new(weights.config(), mission);
        let mut proceed = |what: &str| steps.begin(what.to_owned()).is_ok();
        measure_regret(&plan.quality, threads, &mut *opened.evaluator, encoder, &mut proceed)?
    };
    let machine = Machine::here(network.unwrap_or_else(|| "not used".into()));
    let best = BestSettings::find(machine.cpu.clone(), &measurements, &regrets);
    let mut flown = Vec::new();
    if plan.flies_campaign {
        for point in flown_points(&best) {
            let size = flown_size(&point);
            steps.begin(format!("{} whole episodes, {}", size.episodes, name(&point)))?;
            flown.push(fly(plan, point, size)?);
        }
    }
    Ok(EfficiencyReport {
        machine,
        scenario: plan.scenario.name.clone(),
        judged_scenario: plan.quality.scenario.name.clone(),
        measurements,
        regrets,
        memory,
        flown,
        best,
    })
}

struct Steps<'a> {
    done: usize,
    of: usize,
    start: Instant,
    proceed: &'a mut dyn FnMut(&SweepProgress) -> bool,
}

impl Steps<'_> {
    fn begin(&mut self, doing: String) -> Result<(), ReportError> {
        let progress = SweepProgress { done: self.done, of: self.of, doing, elapsed: self.start.elapsed() };
        self.done += 1;
        if (self.proceed)(&progress) { Ok(()) } else { Err(ReportError::Stopped) }
    }
}

fn name(point: &SweepPoint) -> String {
    format!("{} {}, {} workers, {} episodes", point.planner, point.mode, point.workers, point.episodes)
}

/// One episode of pure search, serially, and the whole campaign of AlphaZero with its best setting.
fn flown_points(best: &BestSettings) -> Vec<SweepPoint> {
    let serial = SweepPoint { planner: PlannerKind::Mcts, mode: SearchMode::Serial, workers: 1, episodes: 1 };
    let alpha_zero = best.of(PlannerKind::AlphaZero).map(|best| SweepPoint {
        planner: best.planner,
        mode: best.parallel.mode(),
        workers: best.workers,
        episodes: CampaignSize::REFERENCE.episodes,
    });
    std::iter::once(serial).chain(alpha_zero).collect()
}

fn flown_size(point: &SweepPoint) -> CampaignSize {
    CampaignSize { episodes: point.episodes, ..CampaignSize::REFERENCE }
}

fn settings(plan: &SweepPlan, point: &SweepPoint) -> EpisodeSettings {
    let mut search = SearchConfig {
        planner: point.planner,
        simulations: plan.mcts_simulations,
        parallel: ParallelConfig::from(point.mode),
        ..SearchConfig::default()
    };
    search.alpha_zero.simulations = plan.alpha_zero_simulations;
    EpisodeSettings {
        episodes: point.episodes,
        workers: Some(point.workers),
        seed: plan.seed,
        network: NetworkSettings { device: plan.device.clone(), ..NetworkSettings::default() },
        ..EpisodeSettings::headless(plan.scenario.clone(), search)
    }
}

fn begin(settings: EpisodeSettings) -> Result<Simulation, ReportError> {
    Simulation::new(settings).map_err(|error| ReportError::Run(error.to_string()))
}

/// Runs a setting until its first simulations are done, then for the plan's time.
fn measure_point(
    plan: &SweepPlan,
    point: &SweepPoint,
    network: &mut Option<String>,
) -> Result<Measurement, ReportError> {
    let settings = EpisodeSettings { auto_restart: true, ..settings(plan, point) };
    let simulations_per_decision =
        if point.planner == PlannerKind::AlphaZero { plan.alpha_zero_simulations } else { plan.mcts_simulations };
    let mut simulation = begin(settings)?;
    let waiting = Instant::now();
    while simulation.total_diagnostics().simulations < u64::from(point.episodes) {
        simulation.tick();
        check(&mut simulation)?;
        if waiting.elapsed() > WARM_UP_LIMIT {
            return Err(ReportError::Run(format!("{}: no simulation within {WARM_UP_LIMIT:?}", name(point))));
        }
    }
    simulation.restart_diagnostics();
    let (mut meter, gpu, start) = (ProcessMeter::start(), GpuMeter::new(), Instant::now());
    let before = simulation.total_diagnostics().simulations;
    while start.elapsed().as_secs_f64() < plan.seconds_per_point {
        simulation.tick();
    }
    let done = simulation.total_diagnostics();
    let wall_s = start.elapsed().as_secs_f64();
    // The card's own figure is an average of its last second.
    let gpu = gpu.read();
    let used = meter.read();
    check(&mut simulation)?;
    if let Some(open) = &simulation.snapshot().network {
        network.get_or_insert_with(|| format!("{}: {}", open.device, open.reason));
    }
    let split = &done.time_split;
    let count = |per_s: f64| (per_s * wall_s).round() as u64;
    Ok(Measurement {
        point: point.clone(),
        simulations_per_decision,
        counted: Counted {
            simulations: done.simulations - before,
            observations: count(done.imagined_per_s + done.observations_per_s),
            evaluations: count(done.network.evaluations_per_s),
        },
        wall_s,
        cores_busy: used.cores_busy,
        per_core: used.per_core,
        network_busy: done.network.busy,
        batch_fill: done.network.fill,
        gpu,
        resident_bytes: used.resident_bytes,
        time_split: [split.tree, split.orbit, split.rays, split.belief, split.other, split.network, split.idle],
    })
}

/// An error if the run has paused itself, with the reason that it gave.
fn check(simulation: &mut Simulation) -> Result<(), ReportError> {
    let snapshot = simulation.snapshot();
    let reason = || snapshot.notices.last().map_or("it paused".to_owned(), |notice| notice.text.clone());
    if snapshot.paused { Err(ReportError::Run(reason())) } else { Ok(()) }
}

/// Memory of few and of many episodes with short trees.
fn measure_memory(plan: &SweepPlan) -> Result<MemoryFigures, ReportError> {
    const FEW: u32 = 8;
    let many = plan.memory_episodes.max(FEW + 1);
    let search = SearchConfig { simulations: MEMORY_SIMULATIONS, ..SearchConfig::default() };
    let scenario = Scenario { steps: 4, ..plan.scenario.clone() };
    let settings = EpisodeSettings {
        episodes: FEW,
        start_paused: true,
        seed: plan.seed,
        ..EpisodeSettings::headless(scenario, search)
    };
    let mut simulation = begin(settings)?;
    let mut grown_to = |episodes| {
        simulation.command(SimCommand::SetEpisodes(episodes));
        for _ in 0..2 {
            simulation.command(SimCommand::StepOnce);
            simulation.tick();
            while simulation.idle_for() < Duration::MAX {
                simulation.tick();
            }
        }
        simulation.snapshot();
        resident_bytes()
    };
    let (few, resident_bytes) = (grown_to(FEW), grown_to(many));
    let per_episode_bytes = resident_bytes.saturating_sub(few) as f64 / f64::from(many - FEW);
    Ok(MemoryFigures { episodes: many, resident_bytes, per_episode_bytes })
}

fn fly(plan: &SweepPlan, point: SweepPoint, size: CampaignSize) -> Result<FlownRun, ReportError> {
    let mut settings = settings(plan, &point);
    settings.scenario.steps = size.steps;
    let simulations_per_decision =
        if point.planner == PlannerKind::AlphaZero { plan.alpha_zero_simulations } else { plan.mcts_simulations };
    let mut meter = ProcessMeter::start();
    let mut simulation = begin(settings)?;
    simulation.run_to_end();
    if !simulation.is_finished() {
        check(&mut simulation)?;
        return Err(ReportError::Run(format!("{}: it did not end", name(&point))));
    }
    let used = meter.read();
    Ok(FlownRun { point, size, simulations_per_decision, wall_s: used.wall.as_secs_f64(), cores_busy: used.cores_busy })
}

/// A sweep in the background. Dropping it stops it after the part it is measuring.
#[derive(Debug)]
pub struct EfficiencySweep {
    progress: Arc<Mutex<SweepProgress>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<EfficiencyReport, ReportError>>>,
}

impl EfficiencySweep {
    /// Starts to measure on a thread of its own.
    ///
    /// # Errors
    /// [`ReportError::Run`] if the system gives no thread.
    pub fn start(plan: SweepPlan) -> Result<Self, ReportError> {
        let (progress, stop) = (Arc::new(Mutex::new(SweepProgress::default())), Arc::new(AtomicBool::new(false)));
        let (told, stopped) = (progress.clone(), stop.clone());
        let sweep = move || {
            measure_efficiency(&plan, &mut |progress| {
                *lock(&told) = progress.clone();
                !stopped.load(Ordering::Relaxed)
            })
        };
        let thread = std::thread::Builder::new().name("proxops sweep".into()).spawn(sweep);
        let thread = Some(thread.map_err(|error| ReportError::Run(error.to_string()))?);
        Ok(Self { progress, stop, thread })
    }

    /// How far it has come.
    pub fn progress(&self) -> SweepProgress {
        lock(&self.progress).clone()
    }

    /// Asks it to stop after the part it is measuring.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The report, or why there is none, once it has ended; it can be taken once.
    pub fn take_result(&mut self) -> Option<Result<EfficiencyReport, ReportError>> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        let panicked = || Err(ReportError::Run("it panicked; the log says where".into()));
        Some(thread.join().unwrap_or_else(|_| panicked()))
    }
}

impl Drop for EfficiencySweep {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // Its result is of no interest any more.
            let _ = thread.join();
        }
    }
}
