//! What most users import: `use bevy_proxops::prelude::*;`.

pub use crate::episode::{
    BurnExecuted, DecisionMade, Episode, EpisodeError, EpisodeEvent, EpisodeFailed, EpisodeFinished, EpisodePlugin,
    EpisodeProgress, EpisodeSettings, EpisodeSnapshot, EpisodeStarted, EpisodeStatus, EpisodeSystems, FocusedEpisode,
    ImageTaken, LatestEpisode, LatestSnapshot, MessagesLost, PARAMETERS, ParameterId, ParameterValue, ServicerPose,
    SimCommand, Simulation, SimulationSnapshot, SimulationStatus, SimulationStatusChanged, SimulationSystems,
};
pub use crate::mission::{Mission, MissionState, Scenario, Seed};
pub use crate::plugins::ProxOpsPlugins;
pub use crate::search::{Knowledge, PlannerKind, SearchConfig, SearchSummary};
pub use crate::voxel::{Belief, Occupancy, VoxelGrid, VoxelIndex};

#[cfg(feature = "panel")]
pub use crate::panel::{PanelPlugin, PanelSettings};
#[cfg(feature = "view")]
pub use crate::view::{DefaultKeys, KeyAction, KeyBindings, ViewLayers, ViewPlugin, ViewRoot, ViewSettings};
