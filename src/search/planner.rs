use rand::RngExt;

use crate::mission::{Action, Mission, MissionState, Purpose, StreamKey};
use crate::sensor::{Observation, RayCaster};
use crate::voxel::Occupancy;

use super::decision::Motion;
use super::{
    BeliefModel, Decision, Gathered, LeafValue, NodeId, PlannerKind, RollOut, Root, SearchConfig, SearchSummary,
    SearchTree, Ucb1, apply, gather, most_visited,
};

/// How far a [`Search`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchProgress {
    /// Simulations are left.
    Running,
    /// The decision can be taken.
    Done,
}

/// One decision in the making, resumable at any simulation.
///
/// The decision is a function of mission, state and settings alone: every random number belongs to a simulation of a step
/// of an episode of a seed, so slicing [`Search::run`] differently, or running elsewhere, gives the same bits.
#[derive(Clone, Debug)]
pub struct Search {
    config: SearchConfig,
    key: StreamKey,
    motion: Motion,
    tree: SearchTree,
    roll_out: RollOut,
    shape: Occupancy,
    /// Set at once by planners that do not search.
    answer: Option<Action>,
    done: u32,
}

impl Search {
    /// Starts deciding at `state`. `tree` lends its memory and comes back from [`Search::finish`].
    pub fn begin(mission: &Mission, state: &MissionState, config: &SearchConfig, mut tree: SearchTree) -> Self {
        let key = StreamKey {
            seed: state.seed,
            episode: state.episode,
            step: state.step,
            simulation: 0,
            purpose: Purpose::Policy,
        };
        let answer = match config.planner {
            PlannerKind::Passive => Some(Action::ALL[0]),
            PlannerKind::Random => Action::from_index(key.rng().random_range(0..Action::COUNT)),
            PlannerKind::Mcts => None,
        };
        let simulations = if answer.is_some() { 0 } else { config.simulations };
        let mut belief = vec![0; mission.grid().len()];
        mission.compact_code().encode_into(&state.belief, &mut belief);
        tree.begin(Root {
            state: state.relative,
            belief: &belief,
            entropy_nats: state.belief.entropy_nats(),
            step: state.step,
            depth_limit: config.horizon.min(mission.steps().saturating_sub(state.step)),
            discount: mission.discount(),
            actions: Action::COUNT,
            nodes: simulations as usize,
        });
        Self {
            config: SearchConfig { simulations, ..config.clone() },
            key,
            motion: Motion { chief: *mission.chief(), dynamics: mission.dynamics(), actions: *mission.actions() },
            tree,
            roll_out: RollOut::new(config.roll_out),
            shape: Occupancy::empty(*mission.grid()),
            answer,
            done: 0,
        }
    }

    /// Does up to `max_simulations` more. `mission` is the one the search began with; `caster` and `observation` are
    /// scratch for its grid and camera.
    pub fn run(
        &mut self,
        mission: &Mission,
        caster: &mut RayCaster,
        observation: &mut Observation,
        max_simulations: u32,
    ) -> SearchProgress {
        let Self { config, key, tree, roll_out, shape, done, .. } = self;
        let rule = Ucb1 { exploration: config.exploration };
        let mut model = BeliefModel { mission, caster, observation, shape, knowledge: config.knowledge, key: *key };
        let stop = done.saturating_add(max_simulations).min(config.simulations);
        for simulation in *done..stop {
            let value = match gather(tree, &mut model, &rule, simulation) {
                Gathered::Leaf(request) => roll_out.evaluate(tree, &mut model, request),
                Gathered::Terminal(node) => LeafValue::terminal(node),
                Gathered::Collision => unreachable!("each walk is backed up before the next begins"),
            };
            apply(tree, value);
        }
        *done = stop;
        self.progress()
    }

    /// Whether simulations are left.
    pub fn progress(&self) -> SearchProgress {
        if self.done < self.config.simulations { SearchProgress::Running } else { SearchProgress::Done }
    }

    /// Simulations done so far.
    pub fn simulations_done(&self) -> u32 {
        self.done
    }

    /// Simulations to do in all; 0 for planners that do not search.
    pub fn simulations(&self) -> u32 {
        self.config.simulations
    }

    /// The tree as it stands.
    pub fn tree(&self) -> &SearchTree {
        &self.tree
    }

    /// The search so far.
    pub fn summary(&self) -> SearchSummary {
        self.motion.summarise(&self.tree)
    }

    /// Decides by what has been searched, and gives the tree back. The most visited action wins, ties go to the larger Q
    /// and then to the smaller index; with nothing searched, or no step left, no burn is made.
    pub fn finish(self) -> (Decision, SearchTree) {
        debug_assert_eq!(self.tree.check_at_rest(), Ok(()));
        let searched = most_visited(self.tree.edges(NodeId::ROOT));
        let action = self.answer.or(searched).unwrap_or(Action::ALL[0]);
        (Decision { action, summary: self.summary() }, self.tree)
    }
}

/// Decides in one go. See [`Search`] for doing it in slices.
pub fn decide(
    mission: &Mission,
    state: &MissionState,
    config: &SearchConfig,
    tree: SearchTree,
    caster: &mut RayCaster,
    observation: &mut Observation,
) -> (Decision, SearchTree) {
    let mut search = Search::begin(mission, state, config, tree);
    search.run(mission, caster, observation, u32::MAX);
    search.finish()
}
