use crate::mission::{Action, Purpose, StreamRng};

/// What one imagined step led to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome<S> {
    /// The state after the step.
    pub state: S,
    /// Reward of the step, the price of its burn included.
    pub reward: f32,
    /// What the image taught, nats.
    pub entropy_drop_nats: f64,
}

/// The decision process that a tree searches: actions, what is imagined, and one step.
///
/// A belief is a slice of one number a voxel, coded as [`CompactCode`](crate::voxel::CompactCode) says; the tree keeps it,
/// the model reads and updates it in place.
/// The mission's own implementation is [`BeliefModel`](super::BeliefModel).
pub trait SearchModel {
    /// What a node keeps so that it can be stepped from.
    type State: Copy;

    /// The actions, in the order in which untried ones are tried. Their indices are `0..actions().len()`.
    fn actions(&self) -> &[Action];

    /// The generator that belongs to one simulation of this decision and one purpose.
    fn rng(&self, simulation: u32, purpose: Purpose) -> StreamRng;

    /// Fixes the world that the next steps are imagined in: a shape drawn from `belief`.
    fn imagine(&mut self, belief: &[i16], rng: &mut StreamRng);

    /// Takes `action` in the imagined world and updates `belief`, which enters as it was before the step.
    fn step(
        &mut self,
        state: &Self::State,
        action: Action,
        belief: &mut [i16],
        rng: &mut StreamRng,
    ) -> Outcome<Self::State>;
}
