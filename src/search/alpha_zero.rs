use rand::RngExt;
use rand_distr::{Distribution, Gamma, Gumbel as GumbelDistribution};

use crate::mission::{Action, Mission, MissionState, Purpose, StreamKey, StreamRng};
use crate::sensor::{Observation, RayCaster};
use crate::voxel::ImaginedShape;

use super::decision::Motion;
use super::{
    AlphaZeroConfig, BeliefModel, Choice, Decision, Gathered, Gumbel, GumbelRoot, LeafRequest, LeafValue, NodeId, Puct,
    Root, RootNoise, RootRule, SearchModel, SearchTree, SelectionRule, apply, gather, most_visited, visit_schedule,
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
/// the search knows no network. The decision is a function of mission, state, settings and values alone.
#[derive(Clone, Debug)]
pub struct AlphaZeroSearch {
    config: AlphaZeroConfig,
    exploration: Exploration,
    rule: Rule,
    key: StreamKey,
    motion: Motion,
    tree: SearchTree,
    shape: ImaginedShape,
    order: Vec<Action>,
    begun: u32,
    done: u32,
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

#[derive(Clone, Debug)]
enum Rule {
    Puct(Puct),
    Gumbel(Gumbel),
}

impl SelectionRule for Rule {
    fn select(&self, choice: &Choice) -> Action {
        match self {
            Self::Puct(rule) => rule.select(choice),
            Self::Gumbel(rule) => rule.select(choice),
        }
    }
}

impl AlphaZeroSearch {
    /// Starts deciding at `state`. `tree` lends its memory and comes back from [`finish`](Self::finish).
    pub fn begin(
        mission: &Mission,
        state: &MissionState,
        config: &AlphaZeroConfig,
        exploration: Exploration,
        mut tree: SearchTree,
    ) -> Self {
        let mut belief = vec![0; mission.grid().len()];
        mission.compact_code().encode_into(&state.belief, &mut belief);
        tree.begin(Root {
            state: state.relative,
            belief: &belief,
            entropy_nats: state.belief.entropy_nats(),
            step: state.step,
            depth_limit: mission.steps().saturating_sub(state.step),
            discount: mission.discount(),
            actions: Action::COUNT,
            nodes: config.simulations as usize,
        });
        let noise = state.stream_key(Purpose::Noise);
        Self {
            rule: rule_of(config, exploration, &mut noise.rng()),
            config: config.clone(),
            exploration,
            key: state.stream_key(Purpose::Policy),
            motion: Motion { chief: *mission.chief(), dynamics: mission.dynamics(), actions: *mission.actions() },
            tree,
            shape: ImaginedShape::empty(*mission.grid()),
            order: Vec::new(),
            begun: 0,
            done: 0,
        }
    }

    /// Walks to the next leaf that needs a value. Walks that end where nothing can be done any more need none and are
    /// backed up at once.
    ///
    /// `None` if all simulations are under way or done, if `leaves_in_flight` values are still out, or if the walk led
    /// to a leaf that is out already.
    pub fn walk(
        &mut self,
        mission: &Mission,
        caster: &mut RayCaster,
        observation: &mut Observation,
    ) -> Option<LeafRequest> {
        let Self { config, rule, key, tree, shape, order, begun, done, .. } = self;
        let mut model = BeliefModel { mission, caster, observation, shape, knowledge: config.knowledge, key: *key };
        if order.is_empty() {
            order.extend_from_slice(model.actions());
        }
        while *begun < config.simulations && ((*begun - *done) as usize) < config.leaves_in_flight {
            match gather(tree, &mut model, rule, *begun) {
                Gathered::Leaf(request) => {
                    *begun += 1;
                    return Some(request);
                }
                Gathered::Terminal(node) => {
                    apply(tree, LeafValue::terminal(node));
                    *begun += 1;
                    *done += 1;
                }
                Gathered::Collision => return None,
            }
        }
        None
    }

    /// Backs up the value of a leaf that [`walk`](Self::walk) gave out.
    pub fn apply(&mut self, value: LeafValue) {
        apply(&mut self.tree, value);
        self.done += 1;
    }

    /// Whether the decision can be taken.
    pub fn is_done(&self) -> bool {
        self.done >= self.config.simulations
    }

    /// Simulations done so far.
    pub fn simulations_done(&self) -> u32 {
        self.done
    }

    /// Simulations to do in all.
    pub fn simulations(&self) -> u32 {
        self.config.simulations
    }

    /// The tree as it stands: where the evaluator finds a leaf's state and belief.
    pub fn tree(&self) -> &SearchTree {
        &self.tree
    }

    /// Decides, and gives the tree back.
    pub fn finish(self) -> (AlphaZeroDecision, SearchTree) {
        debug_assert_eq!(self.tree.check_at_rest(), Ok(()));
        let root = self.tree.node(NodeId::ROOT);
        let edges = self.tree.edges(NodeId::ROOT);
        let choice = Choice {
            visits: root.visits,
            in_flight: 0,
            own_value: self.tree.own_value(NodeId::ROOT),
            depth: 0,
            edges,
            order: if self.order.is_empty() { &Action::ALL } else { &self.order },
            range: self.tree.value_range(),
        };
        let (action, policy) = if edges.is_empty() {
            (Action::NONE, [0.0; Action::COUNT])
        } else {
            match &self.rule {
                Rule::Gumbel(rule) => (rule.decision(&choice), rule.improved_policy(&choice).map(|share| share as f32)),
                Rule::Puct(_) => self.by_visits(&choice),
            }
        };
        let root_value = root.value().unwrap_or(0.0);
        let summary = self.motion.summarise(&self.tree);
        (AlphaZeroDecision { decision: Decision { action, summary }, policy, root_value }, self.tree)
    }

    /// The share of visits, and the action drawn from it or most visited; before any visit the priors stand for both.
    fn by_visits(&self, choice: &Choice) -> (Action, [f32; Action::COUNT]) {
        let mut policy = [0.0_f32; Action::COUNT];
        let total: u32 = choice.edges.iter().map(|edge| edge.visits).sum();
        for (share, edge) in policy.iter_mut().zip(choice.edges) {
            *share = if total == 0 { edge.prior } else { edge.visits as f32 / total as f32 };
        }
        let step = self.key.step;
        let draw = self.exploration == Exploration::SelfPlay && step < self.config.temperature_steps;
        let action = if draw {
            draw_action(&policy, self.config.temperature, &mut self.key.rng())
        } else {
            most_visited(choice.edges).unwrap_or_else(|| likeliest(&policy))
        };
        (action, policy)
    }
}

fn likeliest(policy: &[f32; Action::COUNT]) -> Action {
    let mut best = Action::NONE;
    for action in Action::ALL {
        if policy[action.index()] > policy[best.index()] {
            best = action;
        }
    }
    best
}

/// An action with probability proportional to its share^(1/temperature).
fn draw_action(policy: &[f32; Action::COUNT], temperature: f64, rng: &mut StreamRng) -> Action {
    let weights = policy.map(|share| f64::from(share).powf(1.0 / temperature));
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (action, weight) in Action::ALL.into_iter().zip(weights) {
        left -= weight;
        if left < 0.0 {
            return action;
        }
    }
    likeliest(policy)
}

fn rule_of(config: &AlphaZeroConfig, exploration: Exploration, rng: &mut StreamRng) -> Rule {
    let noisy = exploration == Exploration::SelfPlay;
    match config.root {
        RootRule::Puct => Rule::Puct(Puct {
            exploration: config.exploration,
            first_play_reduction: config.first_play_reduction,
            noise: noisy.then(|| root_noise(config, rng)).flatten(),
        }),
        RootRule::Gumbel => {
            // Location 0 and scale 1 are always accepted.
            let gumbel = GumbelDistribution::new(0.0, 1.0).ok().filter(|_| noisy);
            let draw = gumbel.map_or([0.0; Action::COUNT], |gumbel| std::array::from_fn(|_| gumbel.sample(rng)));
            let below_root = config.simulations.saturating_sub(1) as usize;
            Rule::Gumbel(Gumbel {
                root: GumbelRoot { draw, schedule: visit_schedule(config.considered_actions, below_root) },
                visit_scale: config.visit_scale,
                value_scale: config.value_scale,
            })
        }
    }
}

/// A draw from the symmetric Dirichlet distribution, as normalised gamma variates; `None` for a concentration outside
/// its range.
fn root_noise(config: &AlphaZeroConfig, rng: &mut StreamRng) -> Option<RootNoise> {
    let gamma = Gamma::new(config.dirichlet_alpha, 1.0).ok()?;
    let draw: [f64; Action::COUNT] = std::array::from_fn(|_| gamma.sample(rng));
    let sum: f64 = draw.iter().sum();
    (sum > 0.0).then(|| RootNoise { fraction: config.dirichlet_fraction, draw: draw.map(|share| share / sum) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::{Scenario, Seed};

    struct Bench {
        mission: Mission,
        caster: RayCaster,
        observation: Observation,
    }

    impl Bench {
        fn new() -> Self {
            let mut scenario = Scenario::reference();
            scenario.camera.pixels = 16;
            scenario.steps = 8;
            let mission = Mission::new(scenario, None).unwrap();
            let caster = RayCaster::new(*mission.grid(), *mission.camera());
            let observation = Observation::new(*mission.grid());
            Self { mission, caster, observation }
        }

        fn start(&mut self, seed: u64) -> MissionState {
            self.mission.begin(Seed(seed), 3, &mut self.caster, &mut self.observation)
        }

        /// Decides with an evaluator that prefers action 5 and values every leaf by half of its remaining entropy.
        fn decide(
            &mut self,
            state: &MissionState,
            config: &AlphaZeroConfig,
            exploration: Exploration,
        ) -> AlphaZeroDecision {
            let mut search = AlphaZeroSearch::begin(&self.mission, state, config, exploration, SearchTree::default());
            while !search.is_done() {
                let mut out = Vec::new();
                while let Some(leaf) = search.walk(&self.mission, &mut self.caster, &mut self.observation) {
                    out.push(leaf.node);
                }
                assert!(!out.is_empty() || search.is_done(), "a search that is not done gives out a leaf");
                for node in out {
                    let entropy = search.tree().node(node).entropy_nats / self.mission.initial_entropy_nats();
                    let mut priors = [0.05; Action::COUNT];
                    priors[5] = 0.4;
                    search.apply(LeafValue { node, value: 0.5 * entropy as f32, priors: Some(priors) });
                }
            }
            search.finish().0
        }
    }

    fn config(root: RootRule, simulations: u32) -> AlphaZeroConfig {
        AlphaZeroConfig { root, simulations, ..Default::default() }
    }

    #[test]
    fn visits_add_up_to_the_simulations_with_the_root_counted() {
        let mut bench = Bench::new();
        let state = bench.start(1);
        for root in RootRule::ALL {
            for leaves_in_flight in [1, 4] {
                let config = AlphaZeroConfig { leaves_in_flight, ..config(root, 60) };
                let decided = bench.decide(&state, &config, Exploration::SelfPlay);
                assert_eq!(decided.decision.summary.visits.iter().sum::<u32>(), 59, "{root} {leaves_in_flight}");
                assert!((decided.policy.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn without_exploration_nothing_is_left_to_chance() {
        let mut bench = Bench::new();
        let state = bench.start(1);
        for root in RootRule::ALL {
            let one = bench.decide(&state, &config(root, 40), Exploration::Off);
            assert_eq!(one, bench.decide(&state, &config(root, 40), Exploration::Off));
            let noisy = bench.decide(&state, &config(root, 40), Exploration::SelfPlay);
            assert_eq!(noisy, bench.decide(&state, &config(root, 40), Exploration::SelfPlay), "chance has a seed");
            assert_ne!(one.decision.summary.visits, noisy.decision.summary.visits, "{root}");
        }
    }

    #[test]
    fn one_simulation_leaves_the_decision_to_the_network() {
        let mut bench = Bench::new();
        let state = bench.start(1);
        for root in RootRule::ALL {
            let decided = bench.decide(&state, &config(root, 1), Exploration::Off);
            assert_eq!(decided.decision.action.index(), 5, "{root}");
        }
    }

    #[test]
    fn at_the_last_step_only_rewards_count() {
        let mut bench = Bench::new();
        let mut state = bench.start(1);
        state.step = 7;
        for root in RootRule::ALL {
            let decided = bench.decide(&state, &config(root, 30), Exploration::Off);
            let summary = decided.decision.summary;
            assert_eq!(summary.depth, 1);
            // The root's own evaluation is one visit of 30; the rest is the mean reward of the tried actions.
            let own = 0.5 * state.belief.entropy_nats() / bench.mission.initial_entropy_nats();
            let rewards: f64 =
                summary.q.iter().zip(summary.visits).map(|(q, visits)| f64::from(*q) * f64::from(visits)).sum();
            assert!((decided.root_value - (own + rewards) / 30.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_temperature_draws_by_visits_and_ends() {
        let mut policy = [0.0; Action::COUNT];
        policy[2] = 0.75;
        policy[9] = 0.25;
        let mut rng = StreamKey { seed: Seed(1), episode: 0, step: 0, simulation: 0, purpose: Purpose::Policy }.rng();
        let mut counts = [0_u32; Action::COUNT];
        for _ in 0..4000 {
            counts[draw_action(&policy, 1.0, &mut rng).index()] += 1;
        }
        // Mean 3000, standard deviation 27; five of them.
        assert!(counts[2].abs_diff(3000) < 137 && counts[2] + counts[9] == 4000, "{counts:?}");
    }
}
