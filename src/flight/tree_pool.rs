//! Search trees that no decision uses at the moment.

use std::sync::Mutex;

use crate::search::SearchTree;
use crate::threads::lock;

/// Search trees that no decision uses at the moment.
///
/// A tree keeps its memory, tens of megabytes after a long search. So a decision has one only from its beginning to its end,
/// and the pool keeps no more and no larger trees than there is use for.
#[derive(Debug, Default)]
pub struct TreePool {
    idle: Mutex<IdleTrees>,
}

#[derive(Debug, Default)]
struct IdleTrees {
    trees: Vec<SearchTree>,
    most: usize,
    /// Of one tree.
    most_bytes: u64,
}

impl TreePool {
    /// A pool that keeps `most` trees of `most_bytes` bytes each.
    pub fn new(most: usize, most_bytes: u64) -> Self {
        Self { idle: Mutex::new(IdleTrees { trees: Vec::new(), most, most_bytes }) }
    }

    /// Keeps so many trees of that size from now on, and frees the others. Trees in use follow when they are given back.
    pub fn fit(&self, most: usize, most_bytes: u64) {
        let mut idle = lock(&self.idle);
        (idle.most, idle.most_bytes) = (most, most_bytes);
        idle.trees.retain(|tree| tree.memory_bytes() as u64 <= most_bytes);
        idle.trees.truncate(most);
        idle.trees.shrink_to(most);
    }

    /// A tree for one decision.
    pub fn take(&self) -> SearchTree {
        lock(&self.idle).trees.pop().unwrap_or_default()
    }

    /// Gives a tree back, for the next decision of any search.
    pub fn give_back(&self, tree: SearchTree) {
        let mut idle = lock(&self.idle);
        if idle.trees.len() < idle.most && tree.memory_bytes() as u64 <= idle.most_bytes {
            idle.trees.push(tree);
        }
    }

    /// Bytes that idle trees hold.
    pub fn idle_bytes(&self) -> usize {
        lock(&self.idle).trees.iter().map(SearchTree::memory_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_trees_are_kept_than_there_is_use_for() {
        let pool = TreePool::new(2, u64::MAX);
        (0..3).for_each(|_| pool.give_back(SearchTree::default()));
        assert_eq!(lock(&pool.idle).trees.len(), 2);
        pool.fit(1, u64::MAX);
        assert_eq!(lock(&pool.idle).trees.len(), 1);
        pool.fit(0, u64::MAX);
        pool.give_back(pool.take());
        assert_eq!(lock(&pool.idle).trees.len(), 0);
        assert_eq!(pool.idle_bytes(), 0);
    }
}
