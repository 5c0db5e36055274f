//! The network that the episodes of a run search with.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bevy::ecs::entity::Entity;
use bevy::ecs::resource::Resource;
use crossbeam_channel::{Receiver, unbounded};

use crate::episode::settings::NetworkSettings;
use crate::episode::snapshot::NetworkSnapshot;
use crate::flight::LeafExchange;
use crate::mission::{Mission, Scenario, Seed};
use crate::network::{
    ConvolutionConfig, DeviceChoice, EvaluationCounters, EvaluationCounts, EvaluatorThread, LeafEncoder, Loading,
    NetworkDevice, NetworkError, NetworkWeights, OpenedEvaluator, OpeningThread, PolicyValueNetConfig, ResolvedDevice,
    WarmUp, open_evaluator,
};
use crate::voxel::CompactCode;

/// How many leaves the episodes of a run may have at the network at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Episodes in parallel.
    pub episodes: usize,
    /// Most leaves of one of them.
    pub leaves: usize,
}

impl Demand {
    /// Leaves from which on a batch keeps two cores busy.
    const FULL_BATCH: usize = 16;

    /// Cohorts that the episodes are dealt to. Two at least: while the network evaluates the leaves of one, the workers
    /// walk the trees of the other. With four, whole batches wait for the network as it ends one; more would only be
    /// smaller.
    fn cohorts(self) -> usize {
        (self.episodes * self.leaves / Self::FULL_BATCH).clamp(2, 4)
    }

    /// Leaves of all cohorts.
    pub fn all_leaves(self) -> usize {
        self.episodes.saturating_mul(self.leaves)
    }

    /// Leaves of the largest of so many cohorts.
    fn largest_batch(self, cohorts: usize) -> usize {
        self.episodes.div_ceil(cohorts) * self.leaves
    }
}

/// The network and the batches under way; nothing is open before an episode needs it.
#[derive(Resource)]
pub struct NetworkPlanner {
    state: PlannerState,
    /// Of every network since the run's start.
    counters: EvaluationCounters,
    open: Arc<OpenDevice>,
    /// Networks that are closed, but whose threads may still be at work. The next one waits for their end on its own
    /// thread: a card has no room for two.
    closed: Vec<EvaluatorThread>,
}

/// Opens a device for batches of up to so many leaves; hears of warnings later.
pub type OpenDevice =
    dyn Fn(&NetworkDevice, &NetworkWeights, usize, Warn) -> Result<OpenedEvaluator, NetworkError> + Send + Sync;

type Warn = Box<dyn FnMut(String) + Send>;

impl Default for NetworkPlanner {
    fn default() -> Self {
        Self::opening_with(Arc::new(|device, weights, largest_batch, warn| {
            open_evaluator(device, weights, largest_batch, warn)
        }))
    }
}

#[derive(Default)]
enum PlannerState {
    #[default]
    Closed,
    Opening(Box<Opening>),
    Open(Box<OpenNetwork>),
}

/// What happened to the network since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkEvent {
    /// It is ready on its device.
    Opened,
    /// Other weights were put into it.
    NewWeights,
}

/// A network with its device that is being made ready.
struct Opening {
    thread: OpeningThread,
    told: Receiver<DeviceChoice>,
    warnings: Receiver<String>,
    warm_up: Arc<WarmUpProgress>,
    device: NetworkDevice,
    loaded: Loaded,
    cohorts: usize,
    largest_batch: usize,
}

/// Batch shapes run and to run.
#[derive(Default)]
struct WarmUpProgress {
    done: AtomicUsize,
    of: AtomicUsize,
}

/// Weights and what is known of them.
struct Loaded {
    settings: NetworkSettings,
    weights: NetworkWeights,
    source: String,
    is_trained: bool,
}

/// A network on its thread, and what it was opened for.
pub struct OpenNetwork {
    /// Evaluates batches.
    pub thread: EvaluatorThread,
    /// Writes leaves into their rows.
    pub encoder: LeafEncoder,
    /// Device and reason.
    pub choice: DeviceChoice,
    /// Goes between it and the episodes.
    pub exchange: LeafExchange<Entity>,
    loaded: Loaded,
    /// The scenario that its training was last compared with.
    compared: Option<Scenario>,
    /// Paths of the values that were then outside its training.
    outside: Vec<String>,
    code: CompactCode,
    device: NetworkDevice,
    largest_batch: usize,
    warnings: Receiver<String>,
    warm_up: (usize, usize),
    /// Weights on their way into it.
    loading: Option<Loading>,
}

impl NetworkPlanner {
    /// Opens devices in that way.
    pub fn opening_with(open: Arc<OpenDevice>) -> Self {
        Self { state: PlannerState::default(), counters: EvaluationCounters::default(), open, closed: Vec::new() }
    }

    /// Gives the network up; it is opened anew when an episode needs it.
    pub fn close(&mut self) {
        if let PlannerState::Open(open) = std::mem::take(&mut self.state) {
            self.closed.push(open.thread);
        }
    }

    /// The network for these settings and this mission, with what is new about it, or `None` if it is not ready when
    /// `patience` is over.
    ///
    /// Another device, other layers or a larger batch than a card was warmed up for open a network anew; other weights
    /// for the same layers go into the open one behind the batches that are out.
    ///
    /// # Errors
    /// [`NetworkError`] if the weights do not fit the mission's grid or the device fails.
    pub fn open(
        &mut self,
        settings: &NetworkSettings,
        mission: &Mission,
        seed: Seed,
        demand: Demand,
        patience: Duration,
    ) -> Result<Option<(&mut OpenNetwork, Option<NetworkEvent>)>, NetworkError> {
        let mut event = self.begin_opening(settings, mission, seed, demand)?;
        if let PlannerState::Opening(opening) = &mut self.state {
            let Some(thread) = opening.thread.wait_for(patience) else { return Ok(None) };
            // A failed one must not be waited for again.
            let PlannerState::Opening(opening) = std::mem::take(&mut self.state) else { return Ok(None) };
            self.state = PlannerState::Open(Box::new(opening.finish(thread?, mission)?));
            event = Some(NetworkEvent::Opened);
        }
        let PlannerState::Open(open) = &mut self.state else { return Ok(None) };
        open.check_loading()?;
        open.read_code(mission)?;
        Ok(Some((open, event)))
    }

    /// Takes what is there if it fits, puts other weights into it if those fit, and begins anew otherwise.
    fn begin_opening(
        &mut self,
        settings: &NetworkSettings,
        mission: &Mission,
        seed: Seed,
        demand: Demand,
    ) -> Result<Option<NetworkEvent>, NetworkError> {
        let cells = mission.grid().cells_per_axis() as usize;
        let (loaded, device, cohorts, largest) = match &self.state {
            PlannerState::Closed => return self.reopen(settings, mission, seed, demand),
            PlannerState::Opening(opening) => {
                (&opening.loaded, &opening.device, opening.cohorts, opening.largest_batch)
            }
            PlannerState::Open(open) => (&open.loaded, &open.device, open.exchange.cohorts(), open.largest_batch),
        };
        let fits = *device == settings.device && demand.largest_batch(cohorts) <= largest;
        if fits && loaded.settings == *settings && loaded.weights.config().cells_per_axis == cells {
            return Ok(None);
        }
        if fits && let PlannerState::Open(open) = &mut self.state {
            let loaded = Loaded::new(settings, mission, seed)?;
            if loaded.weights.config() == open.loaded.weights.config() {
                open.loading = Some(open.thread.begin_loading(loaded.weights.clone())?);
                open.loaded = loaded;
                open.compared = None;
                open.outside.clear();
                return Ok(Some(NetworkEvent::NewWeights));
            }
        }
        self.reopen(settings, mission, seed, demand)
    }

    fn reopen(
        &mut self,
        settings: &NetworkSettings,
        mission: &Mission,
        seed: Seed,
        demand: Demand,
    ) -> Result<Option<NetworkEvent>, NetworkError> {
        self.close();
        let loaded = Loaded::new(settings, mission, seed)?;
        let (closed, open) = (std::mem::take(&mut self.closed), self.open.clone());
        let opening = Opening::begin(loaded, demand, self.counters.clone(), open, closed)?;
        self.state = PlannerState::Opening(Box::new(opening));
        Ok(None)
    }

    /// What all networks since the run's start have counted.
    pub fn counts(&self) -> EvaluationCounts {
        self.counters.counts()
    }

    /// The network as it is now, if one was ever asked for.
    pub fn snapshot(&self, counts: &EvaluationCounts) -> Option<NetworkSnapshot> {
        let (loaded, warm_up, device, reason) = match &self.state {
            PlannerState::Closed => return None,
            PlannerState::Opening(opening) => {
                let reason = "it is being made ready".to_owned();
                (&opening.loaded, opening.warm_up.get(), opening.device.to_string(), reason)
            }
            PlannerState::Open(open) => {
                (&open.loaded, open.warm_up, open.choice.device.to_string(), open.choice.reason.clone())
            }
        };
        let config = loaded.weights.config();
        Some(NetworkSnapshot {
            device,
            reason,
            architecture: described(config),
            is_trained: loaded.is_trained,
            source: loaded.source.clone(),
            warm_up,
            batch_sizes: counts.histogram.iter().map(|(rows, batches)| (*rows, *batches)).collect(),
        })
    }
}

impl Loaded {
    fn new(settings: &NetworkSettings, mission: &Mission, seed: Seed) -> Result<Self, NetworkError> {
        let (weights, source) = planning_weights(settings, mission.grid().cells_per_axis(), seed)?;
        LeafEncoder::new(weights.config(), mission)?;
        let is_trained = weights != NetworkWeights::untrained(weights.config(), seed)?;
        Ok(Self { settings: settings.clone(), weights, source, is_trained })
    }
}

impl Opening {
    fn begin(
        loaded: Loaded,
        demand: Demand,
        counters: EvaluationCounters,
        open: Arc<OpenDevice>,
        closed: Vec<EvaluatorThread>,
    ) -> Result<Self, NetworkError> {
        let cohorts = demand.cohorts();
        let largest_batch = demand.largest_batch(cohorts);
        let (warn, warnings) = unbounded();
        let (tell, told) = unbounded();
        let (device, weights) = (loaded.settings.device.clone(), loaded.weights.clone());
        let make = move || {
            // The receivers live as long as the thread that this runs on is wanted.
            drop(closed);
            let opened = open(&device, &weights, largest_batch, Box::new(move |text| drop(warn.send(text))))?;
            drop(tell.send(opened.choice));
            Ok(opened.evaluator)
        };
        let warm_up = Arc::new(WarmUpProgress::default());
        let progress = warm_up.clone();
        let thread = OpeningThread::begin(make, move |now| progress.set(now), counters)?;
        let device = loaded.settings.device.clone();
        Ok(Self { thread, told, warnings, warm_up, device, loaded, cohorts, largest_batch })
    }

    fn finish(self, thread: EvaluatorThread, mission: &Mission) -> Result<OpenNetwork, NetworkError> {
        let gone = |_| NetworkError::ThreadStopped { reason: "it ended while it was opened".into() };
        Ok(OpenNetwork {
            thread,
            encoder: LeafEncoder::new(self.loaded.weights.config(), mission)?,
            choice: self.told.recv().map_err(gone)?,
            exchange: LeafExchange::new(self.cohorts),
            loaded: self.loaded,
            compared: None,
            outside: Vec::new(),
            code: mission.compact_code().clone(),
            device: self.device,
            largest_batch: self.largest_batch,
            warnings: self.warnings,
            warm_up: self.warm_up.get(),
            loading: None,
        })
    }
}

impl WarmUpProgress {
    fn set(&self, now: WarmUp) {
        self.of.store(now.of, Ordering::Relaxed);
        self.done.store(now.done, Ordering::Relaxed);
    }

    fn get(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed))
    }
}

impl OpenNetwork {
    /// Whether it reads the grid of that mission.
    pub fn reads(&self, mission: &Mission) -> bool {
        self.loaded.weights.config().cells_per_axis == mission.grid().cells_per_axis() as usize
    }

    /// Reads beliefs as that mission writes them: another sensor model has another code.
    fn read_code(&mut self, mission: &Mission) -> Result<(), NetworkError> {
        if self.code != *mission.compact_code() {
            self.encoder = LeafEncoder::new(self.loaded.weights.config(), mission)?;
            self.code = mission.compact_code().clone();
        }
        Ok(())
    }

    /// # Errors
    /// Whatever loading the latest weights has returned by now.
    fn check_loading(&mut self) -> Result<(), NetworkError> {
        if let Some(loading) = &mut self.loading
            && loading.is_done()?
        {
            self.loading = None;
        }
        Ok(())
    }

    /// What the user should know of the device since the last call: that it was lost.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let warnings: Vec<String> = self.warnings.try_iter().collect();
        if let Some(lost) = warnings.last() {
            self.choice = DeviceChoice { device: ResolvedDevice::Cpu, reason: lost.clone() };
        }
        warnings
    }

    /// What the user should know before the network plans this scenario: which values lie outside of what it was trained on.
    /// Said once, and again when other values do. An untrained network is outside of everything, and says that itself.
    pub fn take_doubt(&mut self, scenario: &Scenario) -> Option<Doubt> {
        if !self.loaded.is_trained || self.compared.as_ref() == Some(scenario) {
            return None;
        }
        let is_first = self.compared.replace(scenario.clone()).is_none();
        let Some(ranges) = self.loaded.weights.trained_ranges() else {
            let unknown =
                "the network's file does not say what it was trained on: nothing can be said of how well it plans here";
            return is_first.then(|| Doubt::Unknown(unknown.to_owned()));
        };
        let outside = ranges.outside(scenario);
        let paths: Vec<String> = outside.iter().map(|value| value.path.clone()).collect();
        let is_new = paths.iter().any(|path| !self.outside.contains(path));
        self.outside = paths;
        let values: Vec<String> = outside.iter().map(ToString::to_string).collect();
        is_new.then(|| {
            Doubt::Outside(format!(
                "the network was not trained for this: {}; it may decide worse than a search without it (planner mcts)",
                values.join(", ")
            ))
        })
    }

    /// Whether its weights are others than those that training begins with.
    pub fn is_trained(&self) -> bool {
        self.loaded.is_trained
    }
}

/// Why a network may not be fit for a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is not known what it was trained on.
    Unknown(String),
    /// Values lie outside of what it was trained on.
    Outside(String),
}

/// "compact, 642334 parameters".
pub fn described(config: &PolicyValueNetConfig) -> String {
    format!("{}, {} parameters", config.name(), config.parameter_count())
}

/// The weights that plan with these settings on a grid of that size, and where they come from.
///
/// # Errors
/// [`NetworkError`] if no network can be made for that grid.
pub fn planning_weights(
    settings: &NetworkSettings,
    cells_per_axis: u32,
    seed: Seed,
) -> Result<(NetworkWeights, String), NetworkError> {
    if let Some(weights) = &settings.weights {
        return Ok((weights.clone(), settings.source.clone()));
    }
    let cells = cells_per_axis as usize;
    let shipped = NetworkWeights::shipped()?;
    if shipped.config().cells_per_axis == cells {
        return Ok((shipped, "shipped with the crate".to_owned()));
    }
    let source = format!("made for a belief of {cells}³ voxels, which the shipped network does not read");
    Ok((NetworkWeights::untrained(&layers_for(cells), seed)?, source))
}

/// The layers of those weights.
pub fn planning_layers(settings: &NetworkSettings, cells_per_axis: u32) -> PolicyValueNetConfig {
    // The shipped network has the layers that are made for its grid.
    let given = settings.weights.as_ref().map(NetworkWeights::config);
    given.cloned().unwrap_or_else(|| layers_for(cells_per_axis as usize))
}

/// Compact layers where the grid allows them, else those of the reference, with one more convolution where they would be too many.
pub fn layers_for(cells_per_axis: usize) -> PolicyValueNetConfig {
    let reference = PolicyValueNetConfig::reference().with_cells_per_axis(cells_per_axis);
    let mut deeper = reference.clone();
    deeper.convolutions.push(ConvolutionConfig { channels: 64, stride: 2 });
    let compact = PolicyValueNetConfig::compact().with_cells_per_axis(cells_per_axis);
    [compact, reference].into_iter().find(|layers| layers.validate().is_ok()).unwrap_or(deeper)
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::bounded;

    use super::*;
    use crate::network::SeededRandomEvaluator;

    /// Far beyond what is needed, so that only a hang fails.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn every_grid_has_layers_that_fit_it() {
        for cells in 8..=64 {
            layers_for(cells).validate().unwrap_or_else(|error| panic!("{cells}: {error}"));
        }
    }

    #[test]
    fn episodes_are_dealt_to_cohorts_that_fill_batches() {
        let cohorts = |episodes, leaves| Demand { episodes, leaves }.cohorts();
        assert_eq!([cohorts(1, 1), cohorts(8, 1), cohorts(50, 1), cohorts(65, 1), cohorts(1, 64)], [2, 2, 3, 4, 4]);
        assert_eq!(Demand { episodes: 65, leaves: 2 }.largest_batch(4), 34);
    }

    #[test]
    fn a_network_that_is_not_ready_is_shown_and_not_waited_for() {
        let mut scenario = Scenario::reference();
        scenario.grid.cells_per_axis = 8;
        let mission = Mission::new(scenario, None).unwrap();
        let settings = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
        let (seed, counters) = (Seed(1), EvaluationCounters::default());
        let loaded = Loaded::new(&settings, &mission, seed).unwrap();
        let demand = Demand { episodes: 4, leaves: 1 };
        let open = NetworkPlanner::default().open;
        let mut opening = Opening::begin(loaded, demand, counters.clone(), open, Vec::new()).unwrap();
        // In the place of the real one: ready when the gate opens.
        let (open_gate, gate) = bounded::<()>(0);
        let make = move || match gate.recv() {
            Ok(()) => Ok(SeededRandomEvaluator::new(1)),
            Err(_) => Err(NetworkError::ThreadStopped { reason: "the gate is gone".into() }),
        };
        opening.thread = OpeningThread::begin(make, |_| {}, counters).unwrap();
        opening.warm_up = Arc::default();
        opening.warm_up.set(WarmUp { done: 1, of: 3, shape: 4 });
        let mut planner = NetworkPlanner { state: PlannerState::Opening(Box::new(opening)), ..Default::default() };

        assert!(planner.open(&settings, &mission, seed, demand, Duration::ZERO).unwrap().is_none());
        let shown = planner.snapshot(&planner.counts()).unwrap();
        assert_eq!((shown.device.as_str(), shown.reason.as_str()), ("cpu", "it is being made ready"));
        assert_eq!(shown.warm_up, (1, 3));
        open_gate.send(()).unwrap();
        let (open, event) = planner.open(&settings, &mission, seed, demand, PATIENCE).unwrap().unwrap();
        assert_eq!((event, open.thread.name()), (Some(NetworkEvent::Opened), "random (seed 1)"));
        let (_, event) = planner.open(&settings, &mission, seed, demand, PATIENCE).unwrap().unwrap();
        assert_eq!(event, None);
    }
}
