use bevy::ecs::resource::Resource;
use bevy::prelude::Deref;

use crate::episode::settings::EpisodeSettings;
use crate::flight::TreePool;

/// The search trees that no episode of a run uses at the moment.
#[derive(Resource, Deref, Default)]
pub struct EpisodeTrees(TreePool);

impl EpisodeTrees {
    /// A pool for a run with these settings.
    pub fn for_run(settings: &EpisodeSettings) -> Self {
        let trees = Self::default();
        trees.fit_settings(settings);
        trees
    }

    /// Gives back what settings have no use for.
    pub fn fit_settings(&self, settings: &EpisodeSettings) {
        let Ok(grid) = settings.scenario.grid.voxel_grid() else { return };
        self.fit(settings.trees_at_a_time(), settings.decision_bytes(&grid));
    }
}
