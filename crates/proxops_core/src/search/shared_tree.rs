use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::orbit::RelativeState;

use super::growing_tree::Found;
use super::select::{Collision, UntakenStep};
use super::{DetachedLeaf, GrowingTree, LeafValue, NodeId, SearchModel, SearchTree, SelectionRule};

/// A tree that several threads grow together.
///
/// One lock round the whole tree is held while a walk chooses its way, while a node is added and while a value is backed
/// up; burn, image and belief update of the new node happen outside, on a copy of its parent's belief. Choosing, adding and
/// backing up take 0.6 µs of a simulation (bench `tree`), copying the belief out and in about as much again, an image and
/// its belief update 75 µs, and a simulation with its roll-out takes several: the lock is held for less than 1 % of a
/// simulation, so atomics in every edge would gain nothing for less than a hundred threads.
///
/// A walk that meets a leaf without a value or an edge whose step is being taken withdraws its marks, sleeps until
/// something has changed, and walks again. It cannot sleep for ever: what it met belongs to a walk that is awake.
#[derive(Debug)]
pub struct SharedTree<S = RelativeState> {
    growing: Mutex<GrowingTree<S>>,
    changed: Condvar,
    /// A thread has panicked: what it had begun will never end.
    is_broken: AtomicBool,
}

impl<S: Copy> SharedTree<S> {
    /// Shares a tree.
    pub fn new(growing: GrowingTree<S>) -> Self {
        Self { growing: Mutex::new(growing), changed: Condvar::new(), is_broken: AtomicBool::new(false) }
    }

    /// The tree as it stands; nobody else grows it while the guard lives.
    pub fn lock(&self) -> TreeGuard<'_, S> {
        TreeGuard(self.growing())
    }

    fn growing(&self) -> MutexGuard<'_, GrowingTree<S>> {
        // A thread that panicked with the lock has broken the tree for all: they stop, and the panic is passed on.
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tree of whoever owns it alone.
    pub fn get_mut(&mut self) -> &mut GrowingTree<S> {
        self.growing.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tree, shared no more.
    pub fn into_inner(self) -> GrowingTree<S> {
        self.growing.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Simulations done.
    pub fn done(&self) -> u32 {
        self.growing().done()
    }

    /// Simulations to do in all.
    pub fn simulations(&self) -> u32 {
        self.growing().simulations()
    }

    /// Grows the tree together with whoever else calls this at the same time, until `stop` simulations are done or
    /// `keep_going` says no after one. Returns with nothing of its own in flight. `belief` is scratch.
    pub fn grow<M: SearchModel<State = S>>(
        &self,
        model: &mut M,
        rule: &impl SelectionRule,
        belief: &mut Vec<i16>,
        mut evaluate: impl FnMut(&mut M, &DetachedLeaf<S>, &[i16]) -> LeafValue,
        stop: u32,
        keep_going: &impl Fn() -> bool,
    ) {
        let _alarm = Alarm(self);
        while let Some(found) = self.find_or_wait(model, rule, belief, stop, keep_going) {
            let leaf = match found {
                Found::Leaf(leaf) => Some(leaf),
                Found::Step(step) => self.expand(model, &step, belief),
                Found::End | Found::Collision(_) | Found::Nothing => None,
            };
            if let Some(leaf) = leaf {
                let value = evaluate(model, &leaf, belief);
                self.growing().finish(value);
            }
            self.changed.notify_all();
            if !keep_going() {
                return;
            }
        }
    }

    fn find_or_wait<M: SearchModel<State = S>>(
        &self,
        model: &M,
        rule: &impl SelectionRule,
        belief: &mut Vec<i16>,
        stop: u32,
        keep_going: &impl Fn() -> bool,
    ) -> Option<Found<S>> {
        let mut growing = self.growing();
        while growing.done() + growing.in_flight() < stop && !self.is_broken.load(Ordering::Relaxed) {
            match growing.find(model.actions(), rule, belief) {
                Found::Nothing => return None,
                Found::Collision(_) => growing = self.wait(growing),
                found => return Some(found),
            }
            if !keep_going() {
                return None;
            }
        }
        None
    }

    /// Walks to a leaf that needs a value from elsewhere; walks that need none are backed up on the way. `None` if
    /// `most_in_flight` are out, if the walk led to one of them, or if all simulations have begun.
    pub fn next_leaf<M: SearchModel<State = S>>(
        &self,
        model: &mut M,
        rule: &impl SelectionRule,
        belief: &mut Vec<i16>,
        most_in_flight: u32,
    ) -> Option<NodeId> {
        let _alarm = Alarm(self);
        let mut growing = self.growing();
        while growing.in_flight() < most_in_flight && !self.is_broken.load(Ordering::Relaxed) {
            match growing.find(model.actions(), rule, belief) {
                Found::Leaf(leaf) => return Some(leaf.node),
                Found::Step(step) => {
                    drop(growing);
                    if let Some(leaf) = self.expand(model, &step, belief) {
                        return Some(leaf.node);
                    }
                    growing = self.growing();
                }
                Found::End => {}
                // Its maker is at work and will say so; a leaf's value, though, comes only after all have stopped.
                Found::Collision(Collision::Step) => growing = self.wait(growing),
                Found::Collision(Collision::Leaf) | Found::Nothing => return None,
            }
        }
        None
    }

    /// Takes a step with the tree unlocked and adds the node. `None` if it needs no value.
    fn expand<M: SearchModel<State = S>>(
        &self,
        model: &mut M,
        step: &UntakenStep<S>,
        belief: &mut [i16],
    ) -> Option<DetachedLeaf<S>> {
        let outcome = step.expand(model, belief);
        let leaf = self.growing().insert(step, outcome, belief);
        self.changed.notify_all();
        leaf
    }

    fn wait<'a>(&self, growing: MutexGuard<'a, GrowingTree<S>>) -> MutexGuard<'a, GrowingTree<S>> {
        self.changed.wait(growing).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the others when its thread panics, so that they do not wait for it.
struct Alarm<'a, S: Copy>(&'a SharedTree<S>);

impl<S: Copy> Drop for Alarm<'_, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let locked = self.0.growing();
            self.0.is_broken.store(true, Ordering::Relaxed);
            drop(locked);
            self.0.changed.notify_all();
        }
    }
}

/// A shared tree held still for reading.
pub struct TreeGuard<'a, S>(MutexGuard<'a, GrowingTree<S>>);

impl<S: Copy> Deref for TreeGuard<'_, S> {
    type Target = SearchTree<S>;

    fn deref(&self) -> &SearchTree<S> {
        self.0.tree()
    }
}
