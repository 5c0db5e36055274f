//! Reflection of the types above that know nothing of Bevy: they are opaque, whole values to it.

use bevy::app::App;
use bevy::reflect::{ReflectDeserialize, ReflectSerialize, impl_reflect_opaque};

use crate::episode::command::{SimCommand, Speed};
use crate::episode::components::{Episode, EpisodeHistory, EpisodeMission, EpisodePace, EpisodeState};
use crate::episode::parameters::{ParameterId, ParameterValue};
use crate::episode::settings::{EpisodeSettings, NetworkSettings, TrainingSettings};
use crate::episode::snapshot::LatestSnapshot;
use crate::mission::{Scenario, Seed};
use crate::report::BestSetting;
use crate::search::SearchConfig;

impl_reflect_opaque!((in bevy_proxops::report) BestSetting(Debug, Clone, PartialEq, Serialize, Deserialize));
impl_reflect_opaque!((in bevy_proxops::episode) NetworkSettings(Debug, Clone, PartialEq));
impl_reflect_opaque!((in bevy_proxops::episode) TrainingSettings(Debug, Clone, PartialEq));

/// Makes the types known to an app, also where automatic registration is off.
pub(super) fn register_types(app: &mut App) {
    app.register_type::<EpisodeSettings>()
        .register_type::<LatestSnapshot>()
        .register_type::<SimCommand>()
        .register_type::<Speed>()
        .register_type::<ParameterId>()
        .register_type::<ParameterValue>()
        .register_type::<Episode>()
        .register_type::<EpisodeMission>()
        .register_type::<EpisodeState>()
        .register_type::<EpisodeHistory>()
        .register_type::<EpisodePace>()
        .register_type::<Scenario>()
        .register_type::<SearchConfig>()
        .register_type::<Seed>()
        .register_type::<BestSetting>()
        .register_type::<NetworkSettings>()
        .register_type::<TrainingSettings>();
}
