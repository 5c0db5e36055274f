use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bevy::ecs::message::Message;
use bevy::ecs::reflect::ReflectResource;
use bevy::ecs::resource::Resource;
use bevy::reflect::Reflect;
use glam::DVec3;

use crate::episode::parameters::ParameterId;
use crate::episode::settings::EpisodeSettings;
use crate::flight::EpisodeFailure;
use crate::mission::{EpisodeMetrics, Mission, MissionState, Transition};
use crate::orbit::RelativeOrbitalElements;
use crate::search::SearchSummary;
use crate::training::{CycleEntry, EvaluationEntry};
use crate::voxel::{Occupancy, VoxelGrid};

/// The whole run as it was at the end of one tick. Immutable and shared; unchanged episodes are shared between frames.
#[derive(Clone, Debug)]
pub struct SimulationSnapshot {
    /// Grows with every published snapshot; 0 means that nothing has been published yet.
    pub frame: u64,
    /// The settings in force: pace and seed of the run, the scenario of the next episode that begins, how the next decision is
    /// made. Read parameters with [`ParameterSpec::get`](crate::episode::ParameterSpec).
    pub settings: Arc<EpisodeSettings>,
    /// Whether the simulation runs, and if not, why.
    pub status: SimulationStatus,
    /// Whether the run is paused.
    pub paused: bool,
    /// Number of the episode in focus.
    pub focus: u32,
    /// All episodes, by slot.
    pub episodes: Vec<Arc<EpisodeSnapshot>>,
    /// Speed and load of the run.
    pub diagnostics: SimDiagnostics,
    /// The latest notices, oldest first, at most [`MAX_NOTICES`].
    pub notices: Vec<Notice>,
    /// Parameters that were changed but wait for the next episode in at least one slot.
    pub pending: BTreeSet<ParameterId>,
    /// The network that plans, once an episode has asked for one.
    pub network: Option<Arc<NetworkSnapshot>>,
    /// The training run beside the episodes, once there is one.
    pub training: Option<Arc<TrainingSnapshot>>,
}

/// Most cycles, and most evaluations, of a training run that a snapshot keeps.
pub const MAX_HISTORY: usize = 2048;
/// Most notices a snapshot keeps.
pub const MAX_NOTICES: usize = 32;

impl SimulationSnapshot {
    /// A snapshot of nothing, for the time before the simulation has published.
    pub fn empty(settings: &EpisodeSettings) -> Self {
        Self {
            frame: 0,
            settings: Arc::new(settings.clone()),
            status: SimulationStatus::of(settings.start_paused),
            paused: settings.start_paused,
            focus: settings.first_episode,
            episodes: Vec::new(),
            diagnostics: SimDiagnostics::default(),
            notices: Vec::new(),
            pending: BTreeSet::new(),
            network: None,
            training: None,
        }
    }

    /// The episode in focus, or the first one if that number is gone.
    pub fn focused(&self) -> Option<&Arc<EpisodeSnapshot>> {
        self.episodes.iter().find(|episode| episode.number == self.focus).or(self.episodes.first())
    }

    /// Whether the run has ended: there are episodes, all have flown their last step or ended before it, and no other will
    /// follow them ([`EpisodeSettings::auto_restart`]). Before the first publication nothing has ended.
    pub fn is_finished(&self) -> bool {
        !self.episodes.is_empty()
            && !self.settings.auto_restart
            && self.episodes.iter().all(|episode| episode.status.is_over())
    }
}

/// Whether a simulation runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimulationStatus {
    /// Its episodes go on.
    #[default]
    Running,
    /// Its episodes stand still until [`SimCommand::Play`](crate::episode::SimCommand::Play).
    Paused,
    /// A fault outside any one episode has ended it. Only [`SimCommand::Restart`](crate::episode::SimCommand::Restart) is
    /// carried out.
    Failed {
        /// What the panic or the system said.
        reason: Arc<str>,
    },
    /// It was asked to end.
    Stopped,
}

impl SimulationStatus {
    /// Of a simulation that is alive.
    pub(super) fn of(paused: bool) -> Self {
        if paused { Self::Paused } else { Self::Running }
    }

    /// Whether commands are carried out.
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// Sent to the app when [`SimulationSnapshot::status`] has changed.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct SimulationStatusChanged(pub SimulationStatus);

/// One episode as it was at the end of one tick.
#[derive(Clone, Debug)]
pub struct EpisodeSnapshot {
    /// Number of the episode; with the run's seed it decides every random number.
    pub number: u32,
    /// Its place in the list of parallel episodes.
    pub slot: u32,
    /// Steps flown.
    pub step: u32,
    /// Steps the episode will have flown at its end.
    pub steps: u32,
    /// What the episode is doing.
    pub status: EpisodeStatus,
    /// The mission it flies: scenario, chief orbit, grid, camera, sensor.
    pub mission: Arc<Mission>,
    /// Whether a parameter was changed in mid-flight, so that the episode is not the one its number alone would give.
    pub altered: bool,
    /// Geometry of `probability_u8` and `truth`.
    pub grid: VoxelGrid,
    /// P(occupied) of every voxel in grid order, 0 for 0 and 255 for 1.
    pub probability_u8: Arc<[u8]>,
    /// Entropy of the belief, nats.
    pub entropy_nats: f64,
    /// Entropy before the first image, nats.
    pub initial_entropy_nats: f64,
    /// Entropy that an ideal camera could remove: of all voxels that can be seen from outside, nats.
    pub reachable_entropy_nats: f64,
    /// Sum of the burns' magnitudes, m/s.
    pub dv_spent_m_s: f64,
    /// Distance to the target's centre, m.
    pub range_m: f64,
    /// Where the servicer was, after the first image and after every step.
    pub states: Arc<[StateSample]>,
    /// Every step flown.
    pub transitions: Arc<Vec<Transition>>,
    /// The latest finished search.
    pub search: Option<Arc<SearchSummary>>,
    /// What the search of every step expected: the mean discounted return from its root; 0 for planners that do not
    /// search.
    pub expected_returns: Arc<Vec<f32>>,
    /// The true shape, which no planner but `Oracle` sees.
    pub truth: Arc<Occupancy>,
    /// Figures of merit so far.
    pub metrics: EpisodeMetrics,
    /// The fault that ended it, if one did; everything else is as it was before.
    pub failure: Option<Arc<EpisodeFailure>>,
}

impl EpisodeSnapshot {
    /// Why it ended before its last step, if it did: a step that could not be flown, or a fault.
    pub fn early_end(&self) -> Option<String> {
        self.failure.as_ref().map(ToString::to_string).or_else(|| self.metrics.refusal.clone())
    }
}

/// What an episode is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EpisodeStatus {
    /// A decision is being searched for.
    Searching {
        /// Simulations done.
        done: u32,
        /// Simulations the decision will take.
        of: u32,
    },
    /// Between two decisions: waiting for its turn, for its pace or for `Play`.
    Stepping,
    /// All steps flown.
    Finished,
    /// Ended before its last step, because a step could not be flown; [`EpisodeMetrics::refusal`] says why.
    Refused,
    /// Ended by a fault of this program; [`EpisodeSnapshot::failure`] says which. The other episodes are not touched.
    Failed,
}

impl EpisodeStatus {
    /// Whether nothing more will happen in the episode.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Refused | Self::Failed)
    }
}

/// Where the servicer was at the end of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StateSample {
    /// Time since the episode's start, s.
    pub time_s: f64,
    /// Relative orbital elements after the burn.
    pub roe: RelativeOrbitalElements,
    /// Position relative to the target's centre in R, T, N, m.
    pub position_rtn_m: DVec3,
    /// Entropy of the belief after that step's image, nats.
    pub entropy_nats: f64,
    /// Sum of the burns' magnitudes until then, m/s.
    pub dv_spent_m_s: f64,
}

impl StateSample {
    /// The sample of a state that has just been reached.
    pub fn of(mission: &Mission, state: &MissionState) -> Self {
        Self {
            time_s: state.relative.time_s,
            roe: state.relative.roe,
            position_rtn_m: mission.dynamics().rtn(mission.chief(), &state.relative).position_rtn_m,
            entropy_nats: state.belief.entropy_nats(),
            dv_spent_m_s: state.dv_spent_m_s,
        }
    }
}

/// Speed and load of the run over about the last second; counts since the run's start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SimDiagnostics {
    /// Decisions of all episodes, 1/s.
    pub decisions_per_s: f64,
    /// Tree-search simulations of all episodes, 1/s.
    pub simulations_per_s: f64,
    /// Images taken by the episodes (not those imagined by a search), 1/s.
    pub observations_per_s: f64,
    /// Images that searches imagine, each with its belief update, 1/s.
    pub imagined_per_s: f64,
    /// Episodes finished since the start.
    pub episodes_done: u64,
    /// Decisions since the start.
    pub decisions: u64,
    /// Simulations since the start.
    pub simulations: u64,
    /// Workers' busy time over wall time: 2.0 is two cores at work all the time.
    pub cores_busy: f64,
    /// Threads that plan and observe.
    pub workers: usize,
    /// Episodes finished, 1/min.
    pub episodes_per_min: f64,
    /// Where the workers' wall time goes.
    pub time_split: TimeSplit,
    /// Speed and load of the network; all zero while none is asked.
    pub network: NetworkLoad,
}

/// Shares of the workers' wall time; they add up to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimeSplit {
    /// Walking trees, making nodes, backing values up.
    pub tree: f64,
    /// Burns and propagation, in searches and in flight.
    pub orbit: f64,
    /// Images: imagined shapes, ray casting, noise.
    pub rays: f64,
    /// Belief updates.
    pub belief: f64,
    /// Everything else in a tick: leaves written for the network, commands, records, snapshots.
    pub other: f64,
    /// Waiting for the network.
    pub network: f64,
    /// Waiting for work: for the pace, for `Play`, for another worker.
    pub idle: f64,
}

/// Speed and load of the network over about the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetworkLoad {
    /// Leaves evaluated, 1/s.
    pub evaluations_per_s: f64,
    /// Batches evaluated, 1/s.
    pub batches_per_s: f64,
    /// Leaves over rows of the padded batches, 0 to 1.
    pub fill: f64,
    /// Share of the wall time in which the network evaluates, 0 to 1.
    pub busy: f64,
    /// Share of the wall time in which the network waits for leaves, 0 to 1.
    pub starved: f64,
    /// Share of the wall time in which the simulation waits for the network, 0 to 1.
    pub awaited: f64,
}

/// The network that plans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkSnapshot {
    /// Where it runs.
    pub device: String,
    /// Why there, in one sentence.
    pub reason: String,
    /// Name of its layers and number of its parameters.
    pub architecture: String,
    /// Whether it has been trained.
    pub is_trained: bool,
    /// Where its weights come from: a file, the crate, the training run.
    pub source: String,
    /// Batch shapes warmed up and to warm up; equal once it is ready.
    pub warm_up: (usize, usize),
    /// Rows of padded batches, and how many batches of that many rows have been evaluated, fewest rows first.
    pub batch_sizes: Vec<(usize, u64)>,
}

/// What a training run beside the episodes is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrainingStatus {
    /// Its network is warming up.
    #[default]
    Starting,
    /// Self-play, learning and evaluation take turns.
    Running,
    /// It stands at its last checkpoint, from which it can be resumed.
    Paused,
    /// It ended with an error, which a notice names.
    Failed,
}

/// A training run beside the episodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingSnapshot {
    /// What it is doing.
    pub status: TrainingStatus,
    /// Directory of its checkpoints.
    pub directory: PathBuf,
    /// Cycles completed.
    pub cycle: u32,
    /// What the current cycle is at, in words ("self-play: 12/32 episodes").
    pub doing: String,
    /// Share of that which is done, 0 to 1.
    pub done: f32,
    /// The cycles so far, at most [`MAX_HISTORY`]: of a longer run every other older one is left out, again and again.
    pub cycles: Vec<CycleEntry>,
    /// The evaluations so far, likewise.
    pub evaluations: Vec<EvaluationEntry>,
}

/// Something the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Grows by one with every notice of the run.
    pub id: u64,
    /// How bad it is.
    pub severity: NoticeSeverity,
    /// One sentence that names what, where and what is accepted.
    pub text: String,
}

/// How bad a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeSeverity {
    /// Something was done as asked.
    Info,
    /// Something was done differently from what was asked.
    Warning,
    /// Something could not be done; everything goes on as before.
    Error,
}

/// The newest snapshot the app world has received; updated in `EpisodeSystems::Receive`.
#[derive(Resource, Reflect, Clone, Debug)]
#[reflect(opaque)]
#[reflect(Resource, Debug, Clone)]
pub struct LatestSnapshot(pub Arc<SimulationSnapshot>);
