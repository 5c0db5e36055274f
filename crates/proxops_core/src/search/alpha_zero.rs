use crate::mission::{Action, Mission, MissionState, Purpose, StreamKey};
use crate::orbit::RelativeState;
use crate::sensor::{Observation, RayCaster};
use crate::voxel::ImaginedShape;

use super::belief_model::ORDER;
use super::forest::Forest;
use super::planner::first_of;
use super::root_rule::{Rule, draw_action, likeliest, rule_of};
use super::rule::most_visited_of;
use super::shared_tree::TreeGuard;
use super::{
    AlphaZeroConfig, BeliefModel, Choice, Decision, Edge, Knowledge, LeafValue, NodeId, SearchMode, SearchTree,
    SharedTree, WorkTimes, most_visited,
};

/// Whether a decision leaves something to chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exploration {
    /// No: the best that the search knows.
    #[default]
    Off,
    /// Yes, as self-play needs: noise on the priors and a temperature (PUCT), or sampled actions (Gumbel).
    SelfPlay,
}

/// One AlphaZero decision in the making.
///
/// [`walk`](Self::walk) gives out leaves, whoever owns a network values them, [`apply`](Self::apply) takes the values:
/// the search knows no network. How many leaves are out at once is [`SearchMode`](super::SearchMode)'s business. Unless
/// [`walkers`](Self::walkers) of one tree run at the same time, the decision is a function of mission, state, settings
/// and values alone.
#[derive(Debug)]
pub struct AlphaZeroSearch {
    config: AlphaZeroConfig,
    exploration: Exploration,
    forest: Forest,
    /// One a tree: their schedules end with their own simulations, their noise is the same.
    rules: Vec<Rule>,
    parts: Vec<Part>,
    /// Actions that can be flown, by index.
    permitted: [bool; Action::COUNT],
}

/// A leaf that a search asks a value for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedLeaf {
    /// Which of the search's trees it belongs to; see [`AlphaZeroSearch::tree_of`].
    tree: usize,
    /// The node to evaluate.
    pub node: NodeId,
}

/// What a search decided and what it teaches.
#[derive(Clone, Debug, PartialEq)]
pub struct AlphaZeroDecision {
    /// The burn, and the search in numbers.
    pub decision: Decision,
    /// What the network should have said: the share of visits (PUCT) or the improved policy (Gumbel).
    pub policy: [f32; Action::COUNT],
    /// Mean discounted return from the root.
    pub root_value: f64,
}

/// Scratch of one walker, and what it has found.
#[derive(Debug)]
struct Part {
    shape: ImaginedShape,
    belief: Vec<i16>,
    found: Vec<AskedLeaf>,
    times: WorkTimes,
}

impl AlphaZeroSearch {
    /// Starts deciding at `state`. `tree` lends its memory and comes back from [`finish`](Self::finish).
    pub fn begin(
        mission: &Mission,
        state: &MissionState,
        config: &AlphaZeroConfig,
        exploration: Exploration,
        tree: SearchTree,
    ) -> Self {
        let mode = config.parallel.mode();
        let forest = Forest::plant(mission, state, u32::MAX, config.simulations, mode, tree);
        let permitted = mission.permitted(&state.relative);
        let noise = state.stream_key(Purpose::Noise);
        let rule = |tree: &SharedTree| rule_of(config, exploration, tree.simulations(), &mut noise.rng());
        let part = |_| Part {
            shape: ImaginedShape::empty(*mission.grid()),
            belief: Vec::new(),
            found: Vec::new(),
            times: WorkTimes::default(),
        };
        let parts = match mode {
            SearchMode::TreeParallel { threads, .. } => threads as usize,
            _ => forest.trees.len(),
        };
        Self {
            rules: forest.trees.iter().map(rule).collect(),
            parts: (0..parts).map(part).collect(),
            config: config.clone(),
            exploration,
            forest,
            permitted,
        }
    }

    /// Walks to the next leaves that need values and appends them to `out`. Walks that end where nothing can be done any
    /// more need none and are backed up at once.
    ///
    /// It gives out none if all simulations are under way or done, and no more than may be out at the same time.
    pub fn walk(
        &mut self,
        mission: &Mission,
        caster: &mut RayCaster,
        observation: &mut Observation,
        out: &mut Vec<AskedLeaf>,
    ) {
        self.walkers().for_each(|mut walker| walker.walk(mission, caster, observation));
        self.take_leaves(out);
    }

    /// The parts of a [`walk`](Self::walk), which may run on threads of their own; then come
    /// [`take_leaves`](Self::take_leaves). There are as many as trees or, with tree parallelism, threads.
    pub fn walkers(&mut self) -> impl Iterator<Item = AlphaZeroWalker<'_>> {
        let Self { config, forest, rules, parts, .. } = self;
        let (forest, rules) = (&*forest, &*rules);
        let most_in_flight = config.parallel.mode().leaves_per_tree();
        let most_found = match config.parallel.mode() {
            SearchMode::Batched { leaves } => leaves as usize,
            _ => 1,
        };
        let (knowledge, key) = (config.knowledge, forest.key);
        parts.iter_mut().enumerate().map(move |(place, part)| {
            let tree = place % forest.trees.len();
            AlphaZeroWalker {
                place: tree,
                tree: &forest.trees[tree],
                rule: &rules[tree],
                most_in_flight,
                most_found,
                knowledge,
                key,
                part,
            }
        })
    }

    /// Appends the leaves that the walkers have found to `out`, in the walkers' order.
    pub fn take_leaves(&mut self, out: &mut Vec<AskedLeaf>) {
        self.parts.iter_mut().for_each(|part| out.append(&mut part.found));
    }

    /// Backs up the value of a leaf that [`walk`](Self::walk) gave out.
    pub fn apply(&mut self, leaf: AskedLeaf, value: LeafValue) {
        self.forest.trees[leaf.tree].get_mut().finish(value);
    }

    /// Whether the decision can be taken.
    pub fn is_done(&self) -> bool {
        self.simulations_done() >= self.simulations()
    }

    /// Simulations done so far.
    pub fn simulations_done(&self) -> u32 {
        self.forest.done()
    }

    /// Simulations to do in all.
    pub fn simulations(&self) -> u32 {
        self.forest.simulations()
    }

    /// Most leaves that wait for values at the same time.
    pub fn most_leaves_in_flight(&self) -> usize {
        self.config.parallel.mode().leaves_in_flight()
    }

    /// The tree as it stands; with root parallelism, the first of them. All have the same root.
    pub fn tree(&self) -> TreeGuard<'_, RelativeState> {
        self.forest.trees[0].lock()
    }

    /// The tree of a leaf: where the evaluator finds its state and belief.
    pub fn tree_of(&self, leaf: AskedLeaf) -> TreeGuard<'_, RelativeState> {
        self.forest.trees[leaf.tree].lock()
    }

    /// Where the time of all walkers has gone since the last call.
    pub fn take_work_times(&mut self) -> WorkTimes {
        self.parts.iter_mut().map(|part| std::mem::take(&mut part.times)).sum()
    }

    /// Decides, and gives the tree back. An action that cannot be flown is never chosen, nor taught, while another can.
    pub fn finish(mut self) -> (AlphaZeroDecision, SearchTree) {
        debug_assert_eq!(self.forest.check_at_rest(), Ok(()));
        let decided = self.forest.read(|tree, summary| {
            let choice = tree.choice(NodeId::ROOT, 0, &ORDER);
            let (action, policy) = if choice.edges.is_empty() {
                (Action::NONE, [0.0; Action::COUNT])
            } else {
                match &self.rules[0] {
                    Rule::Gumbel(rule) => {
                        (rule.decision(&choice), rule.improved_policy(&choice).map(|share| share as f32))
                    }
                    Rule::Puct(_) => self.by_visits(&choice),
                }
            };
            let (action, policy) = self.among_permitted(action, policy, choice.edges);
            let root_value = tree.node(NodeId::ROOT).value().unwrap_or(0.0);
            AlphaZeroDecision { decision: Decision { action, summary }, policy, root_value }
        });
        (decided, self.forest.into_lent())
    }

    /// Leaves decision and policy as they are unless they want what cannot be flown.
    fn among_permitted(
        &self,
        action: Action,
        mut policy: [f32; Action::COUNT],
        edges: &[Edge],
    ) -> (Action, [f32; Action::COUNT]) {
        if self.permitted == [true; Action::COUNT] {
            return (action, policy);
        }
        let forbidden = |index: &usize| !self.permitted[*index];
        (0..Action::COUNT).filter(forbidden).for_each(|index| policy[index] = 0.0);
        let left: f32 = policy.iter().sum();
        if left > 0.0 {
            policy.iter_mut().for_each(|share| *share /= left);
        }
        let next_best = || most_visited_of(edges, &self.permitted).unwrap_or(first_of(&self.permitted));
        (if self.permitted[action.index()] { action } else { next_best() }, policy)
    }

    /// The share of visits, and the action drawn from it or most visited; before any visit the priors stand for both.
    fn by_visits(&self, choice: &Choice) -> (Action, [f32; Action::COUNT]) {
        let mut policy = [0.0_f32; Action::COUNT];
        let total: u32 = choice.edges.iter().map(|edge| edge.visits).sum();
        for (share, edge) in policy.iter_mut().zip(choice.edges) {
            *share = if total == 0 { edge.prior } else { edge.visits as f32 / total as f32 };
        }
        let StreamKey { step, .. } = self.forest.key;
        let draw = self.exploration == Exploration::SelfPlay && step < self.config.temperature_steps;
        let action = if draw {
            draw_action(&policy, self.config.temperature, &mut self.forest.key.rng())
        } else {
            most_visited(choice.edges).unwrap_or_else(|| likeliest(&policy))
        };
        (action, policy)
    }
}

/// One part of a search's walk. Parts of one search may walk at the same time, on one tree too.
pub struct AlphaZeroWalker<'a> {
    place: usize,
    tree: &'a SharedTree,
    rule: &'a Rule,
    most_in_flight: u32,
    most_found: usize,
    knowledge: Knowledge,
    key: StreamKey,
    part: &'a mut Part,
}

impl AlphaZeroWalker<'_> {
    /// Walks to the leaves of this part. They wait in the search for [`AlphaZeroSearch::take_leaves`].
    pub fn walk(&mut self, mission: &Mission, caster: &mut RayCaster, observation: &mut Observation) {
        let Part { shape, belief, found, times } = &mut *self.part;
        let (knowledge, key) = (self.knowledge, self.key);
        let mut model = BeliefModel { mission, caster, observation, shape, knowledge, key, times };
        while found.len() < self.most_found
            && let Some(node) = self.tree.next_leaf(&mut model, self.rule, belief, self.most_in_flight)
        {
            found.push(AskedLeaf { tree: self.place, node });
        }
    }
}

#[cfg(test)]
mod tests;
