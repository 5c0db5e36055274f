use crate::mission::{Action, Mission, MissionState, Purpose, StreamKey};

use super::decision::Motion;
use super::merge::merge;
use super::{GrowingTree, Root, SearchMode, SearchSummary, SearchTree, SharedTree};

/// The trees of one decision, planted at the same root: more than one only with root parallelism.
#[derive(Debug)]
pub(super) struct Forest {
    pub trees: Vec<SharedTree>,
    /// Names the decision; generators are keyed by it, a simulation and a purpose.
    pub key: StreamKey,
    motion: Motion,
}

impl Forest {
    /// Plants trees that share `simulations` as evenly as can be; `lent` becomes the first. No walk goes deeper than
    /// `depth_limit` or the mission's last step.
    pub fn plant(
        mission: &Mission,
        state: &MissionState,
        depth_limit: u32,
        simulations: u32,
        mode: SearchMode,
        lent: SearchTree,
    ) -> Self {
        let mut belief = vec![0; mission.grid().len()];
        mission.compact_code().encode_into(&state.belief, &mut belief);
        let count = mode.trees(simulations);
        let mut first = 0;
        let mut lent = Some(lent);
        let trees = (0..count).map(|place| {
            let own = simulations / count + u32::from(place < simulations % count);
            let mut tree = lent.take().unwrap_or_default();
            tree.begin(Root {
                state: state.relative,
                belief: &belief,
                entropy_nats: state.belief.entropy_nats(),
                step: state.step,
                depth_limit: depth_limit.min(mission.steps().saturating_sub(state.step)),
                discount: mission.discount(),
                actions: Action::COUNT,
                simulation: first,
                in_flight: mode.in_flight(),
                nodes: own as usize,
            });
            let growing = GrowingTree::new(tree, first, own);
            first += own;
            SharedTree::new(growing)
        });
        Self {
            trees: trees.collect(),
            key: state.stream_key(Purpose::Policy),
            motion: Motion { chief: *mission.chief(), dynamics: mission.dynamics(), actions: *mission.actions() },
        }
    }

    /// Simulations done in all trees.
    pub fn done(&self) -> u32 {
        self.trees.iter().map(SharedTree::done).sum()
    }

    /// Simulations to do in all trees.
    pub fn simulations(&self) -> u32 {
        self.trees.iter().map(SharedTree::simulations).sum()
    }

    /// Shows the only tree, or all of them merged, and the search in numbers.
    pub fn read<T>(&self, then: impl FnOnce(&SearchTree, SearchSummary) -> T) -> T {
        let guards: Vec<_> = self.trees.iter().map(SharedTree::lock).collect();
        if let [only] = &guards[..] {
            return then(only, self.motion.summarise(only));
        }
        let trees: Vec<&SearchTree> = guards.iter().map(|guard| &**guard).collect();
        let merged = merge(&trees);
        let tree_nodes = trees.iter().map(|tree| tree.nodes().len() as u32).sum();
        then(&merged, SearchSummary { tree_nodes, ..self.motion.summarise(&merged) })
    }

    /// What must hold at the end of every search.
    pub fn check_at_rest(&mut self) -> Result<(), String> {
        self.trees.iter_mut().try_for_each(|tree| tree.get_mut().check_at_rest())
    }

    /// The tree that was lent.
    pub fn into_lent(self) -> SearchTree {
        self.trees.into_iter().next().map(|tree| tree.into_inner().into_tree()).unwrap_or_default()
    }
}
