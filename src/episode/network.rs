//! The network that the episodes of a run consult.

use bevy::ecs::entity::Entity;
use bevy::ecs::resource::Resource;
use crossbeam_channel::{Receiver, unbounded};

use crate::episode::settings::NetworkSettings;
use crate::mission::{Mission, Seed};
use crate::network::{
    DeviceChoice, EvaluationBatch, EvaluatorThread, LeafEncoder, NetworkError, NetworkWeights, PolicyValueNetConfig,
    open_evaluator,
};
use crate::voxel::CompactCode;

/// Cohorts of episodes: while the network evaluates the leaves of one, the other walks its trees.
pub const COHORTS: usize = 2;

/// The open network and the batches under way; nothing is open before an episode needs it.
#[derive(Resource, Default)]
pub struct NetworkPlanner {
    open: Option<OpenNetwork>,
}

/// A network on its thread, and what it was opened for.
pub struct OpenNetwork {
    /// Evaluates batches.
    pub thread: EvaluatorThread,
    /// Writes leaves into their rows.
    pub encoder: LeafEncoder,
    /// Device and reason.
    pub choice: DeviceChoice,
    /// One place a cohort.
    pub batches: [CohortBatch; COHORTS],
    settings: NetworkSettings,
    is_trained: bool,
    cells_per_axis: u32,
    code: CompactCode,
    largest_batch: usize,
    warnings: Receiver<String>,
}

/// The batch of one cohort, here or at the network.
#[derive(Default)]
pub struct CohortBatch {
    /// `None` while it is at the network.
    pub batch: Option<EvaluationBatch>,
    /// While it is there: whose leaves it holds, and how many of each.
    pub at_network: Option<Vec<(Entity, usize)>>,
}

impl NetworkPlanner {
    /// The network for these settings and this mission, opened now if another one or none is open.
    ///
    /// # Errors
    /// [`NetworkError`] if the weights do not fit the mission's grid or the device fails.
    pub fn open(
        &mut self,
        settings: &NetworkSettings,
        mission: &Mission,
        seed: Seed,
        largest_batch: usize,
    ) -> Result<(&mut OpenNetwork, bool), NetworkError> {
        let fits = |open: &OpenNetwork| {
            open.settings == *settings
                && open.cells_per_axis == mission.grid().cells_per_axis()
                && open.code == *mission.compact_code()
                && largest_batch <= open.largest_batch
        };
        let opened_now = !self.open.as_ref().is_some_and(fits);
        if opened_now {
            // The old one's thread ends first: a card has no room for two.
            self.open = None;
            self.open = Some(OpenNetwork::new(settings, mission, seed, largest_batch)?);
        }
        match &mut self.open {
            Some(open) => Ok((open, opened_now)),
            None => Err(NetworkError::ThreadStopped { reason: "no network is open".into() }),
        }
    }
}

impl OpenNetwork {
    fn new(
        settings: &NetworkSettings,
        mission: &Mission,
        seed: Seed,
        largest_batch: usize,
    ) -> Result<Self, NetworkError> {
        let cells_per_axis = mission.grid().cells_per_axis();
        let weights = match &settings.weights {
            Some(weights) => weights.clone(),
            None => shipped_or_untrained(cells_per_axis, seed)?,
        };
        let untrained = NetworkWeights::untrained(weights.config(), seed)?;
        let is_trained = weights != untrained;
        let encoder = LeafEncoder::new(weights.config(), mission)?;
        let (warn, warnings) = unbounded();
        let (tell, told) = unbounded();
        let device = settings.device.clone();
        let make = move || {
            // The receiver lives as long as the thread that this runs on.
            let opened = open_evaluator(&device, &weights, largest_batch, move |text| drop(warn.send(text)))?;
            drop(tell.send(opened.choice));
            Ok(opened.evaluator)
        };
        let thread = EvaluatorThread::spawn(make, |_| {})?;
        let gone = |_| NetworkError::ThreadStopped { reason: "it ended while it was opened".into() };
        let choice = told.recv().map_err(gone)?;
        Ok(Self {
            thread,
            encoder,
            choice,
            batches: Default::default(),
            settings: settings.clone(),
            is_trained,
            cells_per_axis,
            code: mission.compact_code().clone(),
            largest_batch,
            warnings,
        })
    }

    /// What the user should know of the device since the last call.
    pub fn take_warnings(&self) -> Vec<String> {
        self.warnings.try_iter().collect()
    }

    /// Whether weights were given or the shipped ones fit.
    pub fn is_trained(&self) -> bool {
        self.is_trained
    }
}

/// The shipped network where it fits the grid; else an untrained one, with compact layers where the grid allows them.
fn shipped_or_untrained(cells_per_axis: u32, seed: Seed) -> Result<NetworkWeights, NetworkError> {
    let cells = cells_per_axis as usize;
    let shipped = NetworkWeights::shipped()?;
    if shipped.config().cells_per_axis == cells {
        return Ok(shipped);
    }
    let compact = PolicyValueNetConfig::compact().with_cells_per_axis(cells);
    let config = match compact.validate() {
        Ok(()) => compact,
        Err(_) => PolicyValueNetConfig::reference().with_cells_per_axis(cells),
    };
    NetworkWeights::untrained(&config, seed)
}
