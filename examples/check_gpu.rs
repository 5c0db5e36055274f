//! One part of a check of a graphics card: does it compute what the CPU computes, how fast, in how much memory?
//!
//! `scripts/check-gpu.sh` runs all parts, each with a time limit of its own, and makes one report of what they print.

use std::time::{Duration, Instant};

use bevy_proxops::episode::{EpisodeSettings, NetworkSettings, Simulation};
use bevy_proxops::mission::{Mission, Scenario, Seed};
use bevy_proxops::network::{
    AdapterDescription, AdapterKind, BatchPlan, BeliefEncoding, CheckingEvaluator, DEVICE_TOLERANCE, Evaluator,
    EvaluatorThread, NetworkDevice, NetworkError, NetworkEvaluator, NetworkWeights, PolicyValueNetConfig,
    ResolvedDevice, adapters, choose_device, open_evaluator, test_batch, vulkan_device,
};
use bevy_proxops::report::{GpuMeter, Machine, resident_bytes};
use bevy_proxops::search::{AlphaZeroConfig, Exploration, PlannerKind, SearchConfig};
use bevy_proxops::training::{
    Learn, Learner, LearnerConfig, RandomisationConfig, RandomisedMissions, ReplayBuffer, Shapes, StepLosses,
    TrainingConfig, fly,
};
use burn::backend::{Autodiff, Flex, Vulkan};
use clap::{Parser, ValueEnum};

#[path = "common/pause.rs"]
mod pause;
#[path = "common/terminal.rs"]
mod terminal;

use pause::reason_of_pause;
use terminal::{BAD_INPUT, FAILURE, UserError, say};

/// Rows of the largest batch that is compared.
const LARGEST_BATCH: usize = 256;
/// Learning amplifies rounding from step to step; this is for the first steps.
const LOSS_TOLERANCE: f32 = 1e-3;
const FIRST_STEPS: usize = 20;
/// For the mean loss of the last quarter.
const LATE_TOLERANCE: f32 = 0.05;
/// Cells of the belief along each axis in small learning and small episodes.
const SMALL_CELLS_PER_AXIS: u32 = 8;

/// Checks one thing about a card and prints a section of a report (Markdown). Exits with 1 if the card fails.
#[derive(Parser)]
struct Options {
    /// What is checked
    #[arg(value_enum)]
    part: Part,
    /// The card: vulkan, or vulkan:NAME with a number or a part of the name
    #[arg(long, default_value = "vulkan")]
    device: NetworkDevice,
    /// Stops after so many seconds and says how far it came, 1 to 600
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    limit: u64,
    /// A hundredth of the work and a coarser belief, as always on software Vulkan, which evaluates a few leaves a second
    #[arg(long)]
    small: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// The machine and its adapters
    Machine,
    /// 1000 batches of 1 to 256 rows on both architectures, against the CPU
    Agreement,
    /// 200 learning steps, against the CPU's losses
    Learning,
    /// Evaluations per second by batch
    Speed,
    /// 65 AlphaZero episodes and the memory that they take
    Episodes,
}

/// What there is to work with.
struct Check {
    device: NetworkDevice,
    adapter: AdapterDescription,
    start: Instant,
    limit: Duration,
    small: bool,
}

fn main() {
    let options = Options::parse();
    terminal::finish(begin(&options).map_err(|error| (BAD_INPUT, error)).and_then(|check| {
        let done = match options.part {
            Part::Machine => check.machine(),
            Part::Agreement => check.agreement(),
            Part::Learning => check.learning(),
            Part::Speed => check.speed(),
            Part::Episodes => check.episodes(),
        };
        done.map_err(|error| (FAILURE, error))
    }))
}

fn begin(options: &Options) -> Result<Check, UserError> {
    // Listing adapters loads the drivers, which may have things to say.
    let all = if options.device == NetworkDevice::Cpu { Vec::new() } else { adapters() };
    let choice = choose_device(&options.device, &all)?;
    let ResolvedDevice::Vulkan(adapter) = choice.device else {
        return Err(
            format!("--device {}: {}, and there is nothing to check on it", options.device, choice.device).into()
        );
    };
    // Kernels are compiled and tuned on the processor there, each in seconds.
    let small = options.small || adapter.kind == AdapterKind::Software;
    Ok(Check {
        device: options.device.clone(),
        adapter,
        start: Instant::now(),
        limit: Duration::from_secs(options.limit),
        small,
    })
}

/// The shipped architectures by name.
fn architectures() -> Result<Vec<(&'static str, NetworkWeights)>, UserError> {
    let weights = |name| Ok((name, NetworkWeights::untrained(&PolicyValueNetConfig::named(name)?, Seed(1))?));
    PolicyValueNetConfig::NAMES.into_iter().map(weights).collect()
}

impl Check {
    /// Whether so large a share of the time is over.
    fn is_past(&self, share: f64) -> bool {
        self.start.elapsed() >= self.limit.mul_f64(share)
    }

    fn largest_batch(&self) -> usize {
        if self.small { 2 } else { LARGEST_BATCH }
    }

    fn machine(&self) -> Result<(), UserError> {
        let machine = Machine::here(String::new());
        say("## Machine\n")?;
        say(format!(
            "- processor: {}, {} cores, {:.1} GB",
            machine.cpu,
            machine.cores,
            machine.memory_bytes as f64 / 1e9
        ))?;
        say(format!("- NVIDIA's library: {}", machine.gpu.as_deref().unwrap_or("no card")))?;
        for adapter in adapters() {
            say(format!("- {adapter}"))?;
        }
        say(format!("- checked: {}, crate version {}", self.adapter, env!("CARGO_PKG_VERSION")))?;
        if self.small {
            say(
                "- reduced: batches of 1 and 2 rows; learning and episodes are short and on a coarse belief; the speed of one architecture",
            )?;
        }
        Ok(())
    }

    fn card(&self, weights: &NetworkWeights) -> Result<NetworkEvaluator<Vulkan>, NetworkError> {
        let plan = BatchPlan::for_card(self.largest_batch());
        NetworkEvaluator::new(self.adapter.name.clone(), weights, vulkan_device(&self.adapter)?, plan)
    }

    fn agreement(&self) -> Result<(), UserError> {
        say("## Agreement with the CPU\n")?;
        say("| layers | batches | rows | worst relative difference | batches beyond 1e-4 |\n|---|---|---|---|---|")?;
        let of = if self.small { 10 } else { 1000 };
        let mut wrong = None;
        for (place, (name, weights)) in architectures()?.into_iter().enumerate() {
            let cpu = NetworkEvaluator::<Flex>::new("CPU", &weights, Default::default(), BatchPlan::for_cpu())?;
            let mut check = CheckingEvaluator::new(self.card(&weights)?, cpu, DEVICE_TOLERANCE);
            let (mut batches, mut rows, mut bad) = (0, 0, 0);
            while batches < of && !self.is_past(0.45 * (place + 1) as f64) {
                // Every size once before any comes twice: 97 and 256 have no common factor.
                let leaves = batches * 97 % self.largest_batch() + 1;
                let result = check.evaluate(&mut test_batch(weights.config().row_len(), leaves, batches as u64));
                (batches, rows) = (batches + 1, rows + leaves);
                if let Err(error) = result {
                    bad += 1;
                    wrong.get_or_insert_with(|| format!("{name}, batch {batches}: {error}"));
                }
            }
            say(format!("| {name} | {batches} of {of} | {rows} | {:.1e} | {bad} |", check.worst_difference()))?;
        }
        match wrong {
            None => Ok(say("\nEvery output is within the tolerance.")?),
            Some(wrong) => Err(wrong.into()),
        }
    }

    fn learning(&self) -> Result<(), UserError> {
        say("## Learning\n")?;
        let steps = if self.small { 4 } else { 200 };
        let cells = self.scenario_for_learning()?.grid.cells_per_axis as usize;
        let layers = PolicyValueNetConfig::compact().with_cells_per_axis(cells);
        let weights = NetworkWeights::untrained(&layers, Seed(1))?;
        let (replay, encoding) = self.transitions(&weights)?;
        let config = LearnerConfig { batch_size: if self.small { 4 } else { 64 }, ..Default::default() };
        let card = vulkan_device(&self.adapter)?;
        let mut card = Learner::<Autodiff<Vulkan>>::new(&config, &weights, encoding.clone(), Seed(1), card)?;
        let mut cpu = Learner::<Autodiff<Flex>>::new(&config, &weights, encoding, Seed(1), Default::default())?;
        let mut pairs: Vec<(f32, f32)> = Vec::new();
        let total = |losses: StepLosses| losses.policy_loss + losses.value_loss;
        while pairs.len() < steps && !self.is_past(0.9) {
            pairs.push((total(card.step(&replay)?), total(cpu.step(&replay)?)));
        }
        let apart = |(card, cpu): &(f32, f32)| (card - cpu).abs() / cpu.abs().max(1e-6);
        let first = pairs.iter().take(FIRST_STEPS).map(apart).fold(0.0, f32::max);
        let all = pairs.iter().map(apart).fold(0.0, f32::max);
        let late = &pairs[pairs.len() * 3 / 4..];
        let mean = |of: fn(&(f32, f32)) -> f32| late.iter().map(of).sum::<f32>() / late.len().max(1) as f32;
        let late = apart(&(mean(|pair| pair.0), mean(|pair| pair.1)));
        say(format!(
            "- {} of {steps} steps of {} rows on {} transitions, compact layers, {cells}³ cells",
            pairs.len(),
            config.batch_size,
            replay.len()
        ))?;
        say(format!(
            "- loss, largest relative difference: {first:.1e} in the first {FIRST_STEPS} steps, {all:.1e} in all"
        ))?;
        say(format!("- mean loss of the last quarter: {late:.1e} apart"))?;
        let sound = !pairs.is_empty() && first <= LOSS_TOLERANCE && late <= LATE_TOLERANCE;
        if sound { Ok(()) } else { Err(format!("losses differ by {first:.1e}, later {late:.1e}").into()) }
    }

    fn scenario_for_learning(&self) -> Result<Scenario, UserError> {
        let mut scenario = Scenario::embedded("standoff_200m")?;
        scenario.steps = 20;
        if self.small {
            scenario.steps = 2;
            scenario.grid.cells_per_axis = SMALL_CELLS_PER_AXIS;
        }
        Ok(scenario)
    }

    /// What a few episodes of self-play on the CPU teach.
    fn transitions(&self, weights: &NetworkWeights) -> Result<(ReplayBuffer, BeliefEncoding), UserError> {
        let scenario = self.scenario_for_learning()?;
        let encoding = BeliefEncoding::new(Mission::new(scenario.clone(), None)?.compact_code());
        let missions = RandomisedMissions::new(scenario, RandomisationConfig::default(), Seed(1), Shapes::Training);
        let own = weights.clone();
        let thread = EvaluatorThread::spawn(
            move || Ok(open_evaluator(&NetworkDevice::Cpu, &own, 64, |_| {})?.evaluator),
            |_| {},
        )?;
        let search = AlphaZeroConfig { simulations: 8, ..Default::default() };
        let config = TrainingConfig { search, parallel: 16, ..Default::default() }.flight(Exploration::SelfPlay);
        let episodes = if self.small { 2 } else { 16 };
        let mut replay = ReplayBuffer::new(10_000);
        for episode in fly(weights.config(), &thread, &missions, 0..episodes, &config, &mut |_| {})?.flown {
            replay.push(episode.samples);
        }
        Ok((replay, encoding))
    }

    fn speed(&self) -> Result<(), UserError> {
        say("## Speed\n")?;
        say("| layers | batch | evaluations/s on the card | on the CPU |\n|---|---|---|---|")?;
        let sizes = [1, 4, 16, 64, 256].into_iter().filter(|size| *size <= self.largest_batch());
        let sizes: Vec<usize> = sizes.collect();
        let mut layers = architectures()?;
        if self.small {
            layers.retain(|(name, _)| *name == "compact");
        }
        let share = 0.9 / (layers.len() * sizes.len()) as f64;
        for (place, (name, weights)) in layers.into_iter().enumerate() {
            let mut card = self.card(&weights)?;
            card.warm_up(&mut |_| {})?;
            let mut cpu = NetworkEvaluator::<Flex>::new("CPU", &weights, Default::default(), BatchPlan::for_cpu())?;
            for (size, &leaves) in sizes.iter().enumerate() {
                if self.is_past(share * (place * sizes.len() + size + 1) as f64) {
                    say(format!("| {name} | {leaves} | no time left | |"))?;
                    continue;
                }
                let row_len = weights.config().row_len();
                let seconds = self.limit.as_secs_f64() * share / 4.0;
                let (card, cpu) =
                    (per_s(&mut card, row_len, leaves, seconds)?, per_s(&mut cpu, row_len, leaves, seconds)?);
                say(format!("| {name} | {leaves} | {card:.1} | {cpu:.1} |"))?;
            }
        }
        Ok(())
    }

    fn episodes(&self) -> Result<(), UserError> {
        say("## AlphaZero episodes\n")?;
        let mut search = SearchConfig { planner: PlannerKind::AlphaZero, ..Default::default() };
        let mut scenario = Scenario::reference();
        let mut settings =
            EpisodeSettings { episodes: 65, ..EpisodeSettings::headless(scenario.clone(), search.clone()) };
        if self.small {
            scenario.steps = 1;
            scenario.grid.cells_per_axis = SMALL_CELLS_PER_AXIS;
            search.alpha_zero.simulations = 2;
            settings = EpisodeSettings { episodes: 4, ..EpisodeSettings::headless(scenario, search) };
        }
        settings.network = NetworkSettings { device: self.device.clone(), ..Default::default() };
        let (episodes, simulations) = (settings.episodes, settings.search.alpha_zero.simulations);
        let of = u64::from(episodes * settings.scenario.steps);
        let (before, estimated) = (resident_bytes(), settings.memory_estimate().total_bytes());
        let mut simulation = Simulation::new(settings)?;
        let (mut most, mut opened_s) = (before, None);
        while !simulation.is_finished() && !self.is_past(0.9) {
            simulation.tick();
            most = most.max(resident_bytes());
            let snapshot = simulation.snapshot();
            if let Some(reason) = reason_of_pause(&snapshot) {
                return Err(reason.into());
            }
            let (warm, of) = snapshot.network.as_ref().map_or((0, 0), |network| network.warm_up);
            let is_open = warm == of && of > 0;
            if is_open && opened_s.is_none() {
                opened_s = Some(self.start.elapsed().as_secs_f64());
                simulation.restart_diagnostics();
            }
        }
        let total = simulation.total_diagnostics();
        let network = simulation.snapshot().network.clone();
        let (device, reason) =
            network.map(|network| (network.device.clone(), network.reason.clone())).unwrap_or_default();
        say(format!("- on {device}: {reason}"))?;
        let Some(opened_s) = opened_s else { return Err("it was not open in time".into()) };
        say(format!("- opened, compared with the CPU and warmed up in {opened_s:.1} s"))?;
        say(format!(
            "- {episodes} episodes at once: {} of {of} decisions of {simulations} simulations in {:.1} s",
            total.decisions,
            self.start.elapsed().as_secs_f64() - opened_s
        ))?;
        say(format!(
            "- {:.1} evaluations/s, batches {:.0} % full, network busy {:.0} %",
            total.network.evaluations_per_s,
            100.0 * total.network.fill,
            100.0 * total.network.busy
        ))?;
        let grown = most.saturating_sub(before) as f64 / 1e6;
        say(format!(
            "- memory: {grown:.0} MB more than before; estimated for the episodes {:.0} MB",
            estimated as f64 / 1e6
        ))?;
        if let Some(load) = GpuMeter::new().read() {
            say(format!("- {}: {:.0} MB in use by all programs", load.name, load.memory_bytes as f64 / 1e6))?;
        }
        if total.decisions == 0 { Err("no decision was taken".into()) } else { Ok(()) }
    }
}

/// Evaluations a second over so many seconds and at least two batches.
fn per_s(evaluator: &mut dyn Evaluator, row_len: usize, leaves: usize, seconds: f64) -> Result<f64, NetworkError> {
    let mut batch = test_batch(row_len, leaves, 1);
    evaluator.evaluate(&mut batch)?;
    let (start, mut batches) = (Instant::now(), 0);
    while batches < 2 || start.elapsed().as_secs_f64() < seconds {
        evaluator.evaluate(&mut batch)?;
        batches += 1;
    }
    Ok((batches * leaves) as f64 / start.elapsed().as_secs_f64())
}
