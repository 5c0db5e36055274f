use rand::RngExt;

use crate::mission::{Action, Purpose};

use super::{DetachedLeaf, LeafValue, RollOutPolicy, SearchModel};

/// Values a leaf by playing on from it to the tree's depth limit.
///
/// The shape is drawn once from the leaf's belief; every step takes an image of it and updates a scratch belief, so the
/// return is an unbiased sample of what the policy would learn from there.
#[derive(Clone, Debug, Default)]
pub struct RollOut {
    /// How actions are chosen.
    pub policy: RollOutPolicy,
    belief: Vec<i16>,
}

impl RollOut {
    /// An evaluator with this policy.
    pub fn new(policy: RollOutPolicy) -> Self {
        Self { policy, belief: Vec::new() }
    }

    /// Plays one roll-out from a leaf with that belief.
    pub fn evaluate<M: SearchModel>(
        &mut self,
        model: &mut M,
        leaf: &DetachedLeaf<M::State>,
        belief: &[i16],
        discount: f64,
    ) -> LeafValue {
        let mut rng = model.rng(leaf.simulation, Purpose::RollOut);
        self.belief.clear();
        self.belief.extend_from_slice(belief);
        model.imagine(&self.belief, &mut rng);

        let mut state = leaf.state;
        let mut value = 0.0;
        let mut weight = 1.0;
        for _ in 0..leaf.steps_left {
            let action = self.choose(model.actions(), &mut rng);
            let outcome = model.step(&state, action, &mut self.belief, &mut rng);
            value += weight * f64::from(outcome.reward);
            weight *= discount;
            state = outcome.state;
        }
        LeafValue { node: leaf.node, value: value as f32, priors: None }
    }

    fn choose(&self, actions: &[Action], rng: &mut impl rand::Rng) -> Action {
        match self.policy {
            RollOutPolicy::Random => actions[rng.random_range(0..actions.len())],
            RollOutPolicy::Coast => Action::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::toy::{self, Toy};
    use super::super::{LeafRequest, NodeId, SearchTree};
    use super::*;

    fn evaluate(tree: &SearchTree<u32>, policy: RollOutPolicy, simulation: u32) -> (f32, usize) {
        let mut model = Toy::default();
        let leaf = tree.detach(LeafRequest { node: NodeId::ROOT, simulation });
        let belief = tree.belief(NodeId::ROOT);
        let value = RollOut::new(policy).evaluate(&mut model, &leaf, belief, tree.discount());
        (value.value, model.steps)
    }

    #[test]
    fn a_coasting_roll_out_is_the_discounted_sum_of_rewards_without_burns() {
        assert_eq!(evaluate(&toy::tree(8), RollOutPolicy::Coast, 0), (0.25 + 0.5 * 0.375, 2));
    }

    #[test]
    fn random_roll_outs_reach_every_line_of_play_and_repeat_for_the_same_simulation() {
        let tree = toy::tree(8);
        let values: Vec<_> = (0..64).map(|simulation| evaluate(&tree, RollOutPolicy::Random, simulation)).collect();
        for line in [0.25 + 0.5 * 0.375, 0.25, 0.625 + 0.5 * 0.125, 0.625 + 0.5 * 0.25] {
            assert!(values.iter().any(|&(value, _)| value == line), "{line} never met");
        }
        assert!(values.iter().all(|&(_, steps)| steps == 2), "a roll-out ends at the depth limit");
        let again: Vec<_> = (0..64).map(|simulation| evaluate(&tree, RollOutPolicy::Random, simulation)).collect();
        assert_eq!(values, again);
    }
}
