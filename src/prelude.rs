//! What most users import: `use bevy_proxops::prelude::*;`.

pub use crate::episode::{
    BurnExecuted, DecisionMade, Episode, EpisodeError, EpisodeEvent, EpisodeFailed, EpisodeFinished, EpisodePlugin,
    EpisodeProgress, EpisodeSettings, EpisodeSnapshot, EpisodeStarted, EpisodeStatus, EpisodeSystems, FocusedEpisode,
    ImageTaken, LatestEpisode, LatestSnapshot, MessagesLost, Notice, NoticeSeverity, PARAMETERS, ParameterId,
    ParameterValue, ServicerPose, SimCommand, Simulation, SimulationSnapshot, SimulationStatus,
    SimulationStatusChanged, SimulationSystems, Speed,
};
pub use crate::mission::{Action, Mission, MissionState, Scenario, Seed, Transition};
pub use crate::plugins::ProxOpsPlugins;
pub use crate::search::{Knowledge, PlannerKind, SearchConfig, SearchSummary};
pub use crate::voxel::{Belief, Occupancy, VoxelGrid, VoxelIndex};

#[cfg(feature = "panel")]
pub use crate::panel::PanelPlugin;
#[cfg(feature = "view")]
pub use crate::view::{DefaultKeys, KeyAction, KeyBindings, ViewPlugin};
