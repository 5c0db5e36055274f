use bevy::ecs::resource::Resource;
use bevy::prelude::{Deref, DerefMut};

use crate::flight::Workers;

/// The worker threads of a simulation world.
///
/// They are none of Bevy's own: jobs here last tens of milliseconds and would stall a host's frames.
#[derive(Resource, Deref, DerefMut)]
pub struct EpisodeWorkers(pub(super) Workers);
