//! Search trees lent to decisions under way.

use std::sync::Mutex;

use bevy::ecs::resource::Resource;

use crate::episode::workers::lock;
use crate::search::SearchTree;

/// Trees that no decision uses at the moment. A tree keeps its memory, tens of megabytes after a long search, so an
/// episode holds one only from the beginning to the end of a decision.
#[derive(Resource, Default)]
pub struct Trees {
    idle: Mutex<Vec<SearchTree>>,
}

impl Trees {
    /// A tree for one decision.
    pub fn lend(&self) -> SearchTree {
        lock(&self.idle).pop().unwrap_or_default()
    }

    /// The tree back, for the next decision of any episode.
    pub fn take_back(&self, tree: SearchTree) {
        lock(&self.idle).push(tree);
    }
}
