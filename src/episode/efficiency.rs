//! Runs the episodes whose speed, memory and decisions an efficiency report compares.

use std::time::{Duration, Instant};

use crate::episode::command::SimCommand;
use crate::episode::parameters::{ParameterId, ParameterValue};
use crate::episode::run::Run;
use crate::episode::settings::{EpisodeSettings, NetworkSettings};
use crate::episode::simulation::Simulation;
use crate::episode::snapshot::{NoticeSeverity, SimDiagnostics};
use crate::mission::{Scenario, Seed};
use crate::network::{LeafEncoder, NetworkWeights, open_evaluator};
use crate::report::{
    BestSettings, CampaignSize, Counted, EfficiencyReport, FlownRun, GpuLoad, GpuMeter, Machine, Measurement,
    MemoryFigures, ProcessMeter, ProcessUse, ReportError, SweepPlan, SweepPoint, measure_regret, resident_bytes,
};
use crate::search::{ModeKind, ParallelConfig, PlannerKind, SearchConfig, SearchMode};

/// How long a setting may take to its first simulations: a card compiles its kernels first.
const WARM_UP_LIMIT: Duration = Duration::from_secs(300);
/// Simulations of the trees whose memory is measured.
const MEMORY_SIMULATIONS: u32 = 100;

/// Stretches of an episode at whose beginnings speed is measured.
const PHASES: u32 = 3;
/// Simulations of the decisions that lead from one to the next.
const SCOUT_SIMULATIONS: u32 = 20;

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

/// Whether every run of the plan can begin: its numbers are in range, and none takes more memory than it may.
///
/// # Errors
/// [`ReportError::Run`] with what is wrong with the first that cannot.
pub fn check_plan(plan: &SweepPlan) -> Result<(), ReportError> {
    let valid = |settings: EpisodeSettings| settings.validate().map_err(|error| ReportError::Run(error.to_string()));
    plan.points.iter().try_for_each(|point| valid(settings(plan, point)))?;
    valid(memory_settings(plan, plan.memory_episodes))
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
    check_plan(plan)?;
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
        steps.begin(point.to_string())?;
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
            steps.begin(format!("whole episodes: {point}"))?;
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
        memory_share: plan.memory_share,
        ..EpisodeSettings::headless(plan.scenario.clone(), search)
    }
}

fn begin(settings: EpisodeSettings) -> Result<Simulation, ReportError> {
    Simulation::new(settings).map_err(|error| ReportError::Run(error.to_string()))
}

/// Measures rounds until the plan's time is over: a decision of every episode at its beginning, after a third and after
/// two thirds, for images cost more from near than from afar. So every setting does the same work.
fn measure_point(
    plan: &SweepPlan,
    point: &SweepPoint,
    network: &mut Option<String>,
) -> Result<Measurement, ReportError> {
    let settings = EpisodeSettings { start_paused: true, ..settings(plan, point) };
    let (search, third) = (settings.search.clone(), settings.scenario.steps / 3);
    let mut simulation = begin(settings)?;
    // The first decisions open the network and warm everything up.
    step_all(&mut simulation, 1)?;
    let mut total = Total::default();
    let mut round = 0;
    while total.wall_s < plan.seconds_per_point {
        simulation.command(SimCommand::Reset { seed: Some(Seed(plan.seed.0 + round)) });
        for phase in 0..PHASES {
            if phase > 0 {
                scout(&mut simulation, &search, third.saturating_sub(1))?;
            }
            total.measure_decisions(&mut simulation, point)?;
        }
        round += 1;
    }
    if let Some(open) = &simulation.snapshot().network {
        network.get_or_insert_with(|| format!("{}: {}", open.device, open.reason));
    }
    let simulations_per_decision =
        if point.planner == PlannerKind::AlphaZero { plan.alpha_zero_simulations } else { plan.mcts_simulations };
    // The card's own figure is an average of its last second.
    Ok(total.measurement(point.clone(), simulations_per_decision, GpuMeter::new().read()))
}

/// Lets every episode take so many decisions.
fn step_all(simulation: &mut Simulation, steps: u32) -> Result<(), ReportError> {
    step_all_watched(simulation, steps, |_| ())
}

/// The same, with a look at the run after every tick.
fn step_all_watched(
    simulation: &mut Simulation,
    steps: u32,
    mut watch: impl FnMut(&Simulation),
) -> Result<(), ReportError> {
    (0..steps).for_each(|_| simulation.command(SimCommand::StepOnce));
    let start = Instant::now();
    let done = simulation.total_diagnostics().decisions;
    simulation.tick();
    watch(simulation);
    while simulation.idle_for() < Duration::MAX {
        check(simulation)?;
        simulation.tick();
        watch(simulation);
        if start.elapsed() > WARM_UP_LIMIT && simulation.total_diagnostics().decisions == done {
            return Err(ReportError::Run(format!("no decision within {WARM_UP_LIMIT:?}")));
        }
    }
    check(simulation)
}

/// An error if a command or the network was refused, with the reason that the run gave.
fn check(simulation: &Simulation) -> Result<(), ReportError> {
    let notices = simulation.world().resource::<Run>().notices.to_vec();
    let refused = notices.iter().find(|notice| notice.severity == NoticeSeverity::Error);
    refused.map_or(Ok(()), |notice| Err(ReportError::Run(notice.text.clone())))
}

/// Flies on quickly, with small searches, and sets the search up again as it was.
fn scout(simulation: &mut Simulation, search: &SearchConfig, steps: u32) -> Result<(), ReportError> {
    set_search(simulation, PlannerKind::Mcts, ModeKind::Serial, SCOUT_SIMULATIONS);
    step_all(simulation, steps)?;
    set_search(simulation, search.planner, search.parallel.mode, search.simulations);
    simulation.tick();
    check(simulation)
}

fn set_search(simulation: &mut Simulation, planner: PlannerKind, mode: ModeKind, simulations: u32) {
    let values = [
        ("search.planner", ParameterValue::Choice(planner.name().to_owned())),
        ("search.parallel.mode", ParameterValue::Choice(mode.name().to_owned())),
        ("search.simulations", ParameterValue::Integer(simulations.into())),
    ];
    for (path, value) in values {
        if let Some(id) = ParameterId::find(path) {
            simulation.command(SimCommand::SetParameter { id, value });
        }
    }
}

/// Sums over the measured parts of a setting.
#[derive(Default)]
struct Total {
    wall_s: f64,
    simulations: u64,
    observations: f64,
    evaluations: f64,
    rows: f64,
    cpu_s: f64,
    network_s: f64,
    split_s: [f64; 7],
    per_core_s: Vec<f64>,
    /// The part of the wall time in which the cores' loads were known.
    loads_known_s: f64,
    resident_bytes: u64,
}

impl Total {
    /// Measures one decision of every episode, until fewer are left than can keep the workers at work: a run that goes on
    /// would give them the next ones.
    fn measure_decisions(&mut self, simulation: &mut Simulation, point: &SweepPoint) -> Result<(), ReportError> {
        simulation.restart_diagnostics();
        let (mut meter, start) = (ProcessMeter::start(), Instant::now());
        let before = simulation.total_diagnostics();
        let episodes = u64::from(point.episodes);
        let enough = episodes.min(point.workers as u64);
        let mut measured = None;
        step_all_watched(simulation, 1, |simulation| {
            let done = simulation.total_diagnostics();
            if measured.is_none() && done.decisions - before.decisions + enough > episodes {
                measured = Some((done, start.elapsed(), meter.read()));
            }
        })?;
        // Of a mission shorter than a round not all episodes are left to decide.
        let (done, wall, used) =
            measured.unwrap_or_else(|| (simulation.total_diagnostics(), start.elapsed(), meter.read()));
        self.add(&done, done.simulations - before.simulations, wall, used);
        Ok(())
    }

    fn add(&mut self, done: &SimDiagnostics, simulations: u64, wall: Duration, used: ProcessUse) {
        let wall_s = wall.as_secs_f64();
        let evaluations = done.network.evaluations_per_s * wall_s;
        self.wall_s += wall_s;
        self.simulations += simulations;
        self.observations += (done.imagined_per_s + done.observations_per_s) * wall_s;
        self.evaluations += evaluations;
        self.rows += if done.network.fill > 0.0 { evaluations / done.network.fill } else { 0.0 };
        self.cpu_s += used.cores_busy * wall_s;
        self.network_s += done.network.busy * wall_s;
        let split = &done.time_split;
        let parts = [split.tree, split.orbit, split.rays, split.belief, split.other, split.network, split.idle];
        self.split_s.iter_mut().zip(parts).for_each(|(sum, share)| *sum += share * wall_s);
        self.loads_known_s += if used.per_core.is_empty() { 0.0 } else { wall_s };
        self.per_core_s.resize(used.per_core.len().max(self.per_core_s.len()), 0.0);
        self.per_core_s.iter_mut().zip(used.per_core).for_each(|(sum, load)| *sum += f64::from(load) * wall_s);
        self.resident_bytes = self.resident_bytes.max(used.resident_bytes);
    }

    fn measurement(self, point: SweepPoint, simulations_per_decision: u32, gpu: Option<GpuLoad>) -> Measurement {
        let share = |seconds: f64| seconds / self.wall_s.max(f64::MIN_POSITIVE);
        Measurement {
            point,
            simulations_per_decision,
            counted: Counted {
                simulations: self.simulations,
                observations: self.observations.round() as u64,
                evaluations: self.evaluations.round() as u64,
            },
            wall_s: self.wall_s,
            cores_busy: share(self.cpu_s),
            per_core: self.per_core_s.iter().map(|&seconds| (seconds / self.loads_known_s) as f32).collect(),
            network_busy: share(self.network_s),
            batch_fill: if self.rows > 0.0 { self.evaluations / self.rows } else { 0.0 },
            gpu,
            resident_bytes: self.resident_bytes,
            time_split: self.split_s.map(share),
        }
    }
}

/// Episodes with short trees.
fn memory_settings(plan: &SweepPlan, episodes: u32) -> EpisodeSettings {
    let search = SearchConfig { simulations: MEMORY_SIMULATIONS, ..SearchConfig::default() };
    let scenario = Scenario { steps: 4, ..plan.scenario.clone() };
    EpisodeSettings {
        episodes,
        start_paused: true,
        seed: plan.seed,
        memory_share: plan.memory_share,
        ..EpisodeSettings::headless(scenario, search)
    }
}

/// Memory of few and of many episodes with short trees.
fn measure_memory(plan: &SweepPlan) -> Result<MemoryFigures, ReportError> {
    const FEW: u32 = 8;
    let many = plan.memory_episodes.max(FEW + 1);
    let mut simulation = begin(memory_settings(plan, FEW))?;
    let mut grown_to = |episodes| {
        simulation.command(SimCommand::SetEpisodes(episodes));
        step_all(&mut simulation, 2)?;
        simulation.snapshot();
        Ok::<_, ReportError>(resident_bytes())
    };
    let (few, resident_bytes) = (grown_to(FEW)?, grown_to(many)?);
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
        check(&simulation)?;
        return Err(ReportError::Run(format!("{point}: it did not end")));
    }
    let used = meter.read();
    Ok(FlownRun { point, size, simulations_per_decision, wall_s: used.wall.as_secs_f64(), cores_busy: used.cores_busy })
}
