//! Search trees lent to decisions under way.

use std::sync::Mutex;

use bevy::ecs::resource::Resource;

use crate::episode::settings::EpisodeSettings;
use crate::episode::workers::lock;
use crate::search::SearchTree;

/// Trees that no decision uses at the moment. A tree keeps its memory, tens of megabytes after a long search, so an
/// episode holds one only from the beginning to the end of a decision, and the pool keeps no more and no larger ones than
/// the settings in force have use for.
#[derive(Resource, Default)]
pub struct Trees {
    pool: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    idle: Vec<SearchTree>,
    most: usize,
    /// Of one tree.
    most_bytes: u64,
}

impl Trees {
    /// A pool for a run with these settings.
    pub fn for_run(settings: &EpisodeSettings) -> Self {
        let trees = Self::default();
        trees.fit(settings);
        trees
    }

    /// Gives back what settings have no use for; trees that are lent follow when they come back.
    pub fn fit(&self, settings: &EpisodeSettings) {
        let Ok(grid) = settings.scenario.grid.voxel_grid() else { return };
        let mut pool = lock(&self.pool);
        (pool.most, pool.most_bytes) = (settings.trees_at_a_time(), settings.decision_bytes(&grid));
        let (most, most_bytes) = (pool.most, pool.most_bytes);
        pool.idle.retain(|tree| tree.memory_bytes() as u64 <= most_bytes);
        pool.idle.truncate(most);
        pool.idle.shrink_to(most);
    }

    /// A tree for one decision.
    pub fn lend(&self) -> SearchTree {
        lock(&self.pool).idle.pop().unwrap_or_default()
    }

    /// The tree back, for the next decision of any episode.
    pub fn take_back(&self, tree: SearchTree) {
        let mut pool = lock(&self.pool);
        if pool.idle.len() < pool.most && tree.memory_bytes() as u64 <= pool.most_bytes {
            pool.idle.push(tree);
        }
    }

    /// Bytes that idle trees hold.
    pub fn idle_bytes(&self) -> usize {
        lock(&self.pool).idle.iter().map(SearchTree::memory_bytes).sum()
    }
}
