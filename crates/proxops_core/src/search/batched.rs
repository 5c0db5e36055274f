use super::{DetachedLeaf, GrowingTree, LeafValue, SearchModel, SelectionRule};

/// Leaves of one tree on their way: collected first, then evaluated, then backed up.
///
/// Every leaf of a batch is chosen without the values of the others, so a batch costs playing strength; a walk that
/// meets a leaf of its own batch ends the collecting, so a small tree gives small batches.
#[derive(Clone, Debug)]
pub struct Batch<S> {
    leaves: Vec<DetachedLeaf<S>>,
    values: Vec<LeafValue>,
    is_collected: bool,
}

impl<S> Default for Batch<S> {
    fn default() -> Self {
        Self { leaves: Vec::new(), values: Vec::new(), is_collected: false }
    }
}

impl<S: Copy> Batch<S> {
    /// Grows a tree batch by batch: at most `max_simulations` evaluations, for as long as `keep_going` says after each.
    /// It may stop in the middle of a batch and goes on there the next time: slicing changes nothing.
    #[expect(clippy::too_many_arguments, reason = "a tree, who models, chooses and values it, and how far")]
    pub fn grow<M: SearchModel<State = S>>(
        &mut self,
        growing: &mut GrowingTree<S>,
        most_leaves: usize,
        model: &mut M,
        rule: &impl SelectionRule,
        mut evaluate: impl FnMut(&mut M, &DetachedLeaf<S>, &[i16]) -> LeafValue,
        max_simulations: u32,
        keep_going: &impl Fn() -> bool,
    ) {
        let mut left = max_simulations;
        while left > 0 && !growing.is_done() {
            if self.is_collected {
                let leaf = self.leaves[self.values.len()];
                self.values.push(evaluate(model, &leaf, growing.tree().belief(leaf.node)));
                self.back_up_if_evaluated(growing);
                left -= 1;
            } else {
                left -= self.collect(growing, most_leaves, model, rule);
            }
            if !keep_going() {
                return;
            }
        }
    }

    /// One walk. Returns how many simulations it has done: one if it needed no value.
    fn collect<M: SearchModel<State = S>>(
        &mut self,
        growing: &mut GrowingTree<S>,
        most_leaves: usize,
        model: &mut M,
        rule: &impl SelectionRule,
    ) -> u32 {
        let done = growing.done();
        match growing.gather(model, rule) {
            Some(leaf) => self.leaves.push(leaf),
            None if growing.done() > done => {}
            None => self.is_collected = true,
        }
        self.is_collected |= self.leaves.len() >= most_leaves;
        // With nothing to evaluate there is nothing to wait for.
        self.is_collected &= !self.leaves.is_empty();
        growing.done() - done
    }

    fn back_up_if_evaluated(&mut self, growing: &mut GrowingTree<S>) {
        if self.values.len() == self.leaves.len() {
            self.values.drain(..).for_each(|value| growing.finish(value));
            self.leaves.clear();
            self.is_collected = false;
        }
    }

    /// Forgets the leaves on their way, as if they had never been asked for.
    pub fn abandon(&mut self, growing: &mut GrowingTree<S>) {
        self.leaves.drain(..).for_each(|leaf| growing.abandon(leaf.node));
        self.values.clear();
        self.is_collected = false;
    }
}

#[cfg(test)]
mod tests {
    use super::super::toy::{self, RULE, Toy};
    use super::*;

    fn growing(simulations: u32) -> GrowingTree<u32> {
        GrowingTree::new(toy::tree(8), 0, simulations)
    }

    fn grow(batch: &mut Batch<u32>, growing: &mut GrowingTree<u32>, leaves: usize, max: u32) {
        let evaluate = |_: &mut Toy, leaf: &DetachedLeaf<u32>, _: &[i16]| toy::value_of(leaf);
        batch.grow(growing, leaves, &mut Toy::default(), &RULE, evaluate, max, &|| true);
    }

    #[test]
    fn a_batch_of_one_leaf_is_serial_search() {
        let (mut batched, mut serial) = (growing(40), toy::tree(8));
        grow(&mut Batch::default(), &mut batched, 1, u32::MAX);
        toy::run(&mut serial, 0..40);
        assert_eq!(batched.tree().to_json(), serial.to_json());
    }

    #[test]
    fn a_batch_ends_at_its_size_or_at_the_first_collision() {
        let (mut tree, mut batch) = (growing(40), Batch::default());
        grow(&mut batch, &mut tree, 8, 1);
        assert_eq!((tree.done(), tree.in_flight()), (1, 0), "the root alone: the second walk meets it");
        grow(&mut batch, &mut tree, 8, 1);
        assert_eq!((tree.done(), tree.in_flight()), (1, 2), "both actions, one evaluated, none backed up");
        grow(&mut batch, &mut tree, 8, 1);
        assert_eq!((tree.done(), tree.in_flight()), (3, 0));
    }

    #[test]
    fn slicing_does_not_show_and_visits_add_up() {
        let mut whole = growing(57);
        grow(&mut Batch::default(), &mut whole, 8, u32::MAX);
        assert_eq!((whole.done(), whole.check_at_rest()), (57, Ok(())));
        for slice in [1, 2, 5] {
            let (mut tree, mut batch) = (growing(57), Batch::default());
            while !tree.is_done() {
                grow(&mut batch, &mut tree, 8, slice);
            }
            assert_eq!(tree.tree().to_json(), whole.tree().to_json(), "slices of {slice}");
        }
    }

    #[test]
    fn an_abandoned_batch_leaves_a_tree_at_rest() {
        let (mut tree, mut batch) = (growing(40), Batch::default());
        grow(&mut batch, &mut tree, 8, 2);
        assert!(tree.check_at_rest().is_err());
        batch.abandon(&mut tree);
        assert_eq!(tree.check_at_rest(), Ok(()));
        grow(&mut batch, &mut tree, 8, u32::MAX);
        assert_eq!((tree.done(), tree.check_at_rest()), (40, Ok(())));
    }
}
