use rand::RngExt;
use rayon::prelude::*;

use crate::mission::{Action, Mission, MissionState, Purpose, Scenario, Seed};
use crate::network::{Evaluator, LeafEncoder};
use crate::search::{
    AlphaZeroConfig, AlphaZeroSearch, Decision, Exploration, InFlight, ParallelConfig, PlannerKind, SearchConfig,
    SearchMode, SearchTree, decide,
};
use crate::sensor::{Observation, RayCaster};
use crate::training::mean_and_interval;

use super::{ReportError, decide_together};

/// How decisions are judged: by their regret against a search with many times the simulations.
#[derive(Clone, Debug)]
pub struct QualityPlan {
    /// Where decisions are taken. Default: the hold at 200 m, where burns matter.
    pub scenario: Scenario,
    /// Decisions that are judged, each in another episode and at another step.
    pub states: u32,
    /// Simulations of a decision.
    pub simulations: u32,
    /// The judge has that many times the simulations.
    pub judge_factor: u32,
    /// Leaves of the batches whose quality is compared.
    pub leaves: Vec<u32>,
    /// Seed of the episodes.
    pub seed: Seed,
}

impl Default for QualityPlan {
    fn default() -> Self {
        Self {
            scenario: Scenario::embedded("standoff_200m").unwrap_or_else(|_| Scenario::reference()),
            states: 48,
            simulations: 100,
            judge_factor: 20,
            leaves: vec![1, 8, 32],
            seed: Seed(7),
        }
    }
}

impl QualityPlan {
    /// The modes that are judged, the serial one first.
    pub fn modes(&self, threads: u32) -> Vec<SearchMode> {
        let batched = self.leaves.iter().filter(|&&leaves| leaves > 1).map(|&leaves| SearchMode::Batched { leaves });
        let threads = threads.max(2);
        let tree = |in_flight| SearchMode::TreeParallel { threads, in_flight };
        let mut modes = vec![SearchMode::Serial];
        modes.extend(batched);
        modes.extend([
            tree(InFlight::VisitsOnly),
            tree(InFlight::VirtualLoss { weight: 1.0 }),
            tree(InFlight::VirtualLoss { weight: 3.0 }),
            SearchMode::RootParallel { trees: threads },
        ]);
        modes
    }
}

/// What decisions of one mode cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Regret {
    /// Who plans.
    pub planner: PlannerKind,
    /// How one tree is searched.
    pub mode: SearchMode,
    /// The judge's value of its own choice less that of the mode's, one a state; in units of the total reward.
    pub samples: Vec<f64>,
    /// Share of the states in which both chose alike.
    pub agreement: f64,
    /// Mean regret and half the width of its 95 % interval.
    pub mean: (f64, f64),
    /// Mean of the regret less that of the serial search in the same state, and half the width of its 95 % interval.
    pub over_serial: (f64, f64),
}

impl Regret {
    /// Whether the mode decides no worse than the serial search: the interval of the difference reaches down to 0.
    pub fn is_as_good_as_serial(&self) -> bool {
        self.over_serial.0 - self.over_serial.1 <= 0.0
    }
}

/// The judge's opinion of one state: the value of every action it has tried.
struct Judgement {
    best: Action,
    values: [f64; Action::COUNT],
}

impl Judgement {
    fn of(decision: &Decision) -> Self {
        let summary = &decision.summary;
        let best = decision.action;
        let tried = (0..Action::COUNT).filter(|&action| summary.visits[action] > 0);
        let worst = tried.map(|action| f64::from(summary.q[action])).fold(f64::INFINITY, f64::min);
        // What the judge never tried is worth no more than the worst it did try.
        let value = |action: usize| if summary.visits[action] > 0 { f64::from(summary.q[action]) } else { worst };
        Self { best, values: std::array::from_fn(value) }
    }

    fn regret(&self, action: Action) -> f64 {
        self.values[self.best.index()] - self.values[action.index()]
    }
}

/// Regret of every mode of both planners; `evaluator` is AlphaZero's network, with its encoder.
///
/// # Errors
/// [`ReportError`] if the scenario cannot be flown, the network fails, or `proceed` says to stop: it is asked before
/// every mode and hears what comes next.
pub fn measure_regret(
    plan: &QualityPlan,
    threads: u32,
    evaluator: &mut dyn Evaluator,
    encoder: impl FnOnce(&Mission) -> Result<LeafEncoder, crate::network::NetworkError>,
    proceed: &mut dyn FnMut(&str) -> bool,
) -> Result<Vec<Regret>, ReportError> {
    let mission = Mission::new(plan.scenario.clone(), None)?;
    let encoder = encoder(&mission)?;
    let states = states(&mission, plan);
    // The judge must not draw the same images as those it judges.
    let judged_by: Vec<MissionState> =
        states.iter().map(|state| MissionState { seed: Seed(!plan.seed.0), ..state.clone() }).collect();
    let mut regrets = Vec::new();
    for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
        let mut decide_all = |states: &[MissionState], simulations, mode| match planner {
            PlannerKind::AlphaZero => with_network(&mission, states, simulations, mode, &encoder, evaluator),
            _ => Ok(by_roll_outs(&mission, states, simulations, mode)),
        };
        ask(proceed, &format!("judging {planner}"))?;
        let judge = decide_all(&judged_by, plan.simulations * plan.judge_factor, SearchMode::Serial)?;
        let judgements: Vec<Judgement> = judge.iter().map(Judgement::of).collect();
        let mut serial: Vec<f64> = Vec::new();
        for mode in plan.modes(threads) {
            ask(proceed, &format!("decisions of {planner}, {mode}"))?;
            let decisions = decide_all(&states, plan.simulations, mode)?;
            let samples: Vec<f64> =
                decisions.iter().zip(&judgements).map(|(it, judge)| judge.regret(it.action)).collect();
            let alike = decisions.iter().zip(&judgements).filter(|(it, judge)| it.action == judge.best).count();
            if serial.is_empty() {
                serial = samples.clone();
            }
            let over: Vec<f64> = samples.iter().zip(&serial).map(|(own, serial)| own - serial).collect();
            regrets.push(Regret {
                planner,
                mode,
                agreement: alike as f64 / samples.len().max(1) as f64,
                mean: mean_and_interval(&samples),
                over_serial: if mode == SearchMode::Serial { (0.0, 0.0) } else { mean_and_interval(&over) },
                samples,
            });
        }
    }
    Ok(regrets)
}

fn ask(proceed: &mut dyn FnMut(&str) -> bool, what: &str) -> Result<(), ReportError> {
    if proceed(what) { Ok(()) } else { Err(ReportError::Stopped) }
}

/// States on the way of episodes that burn at random.
fn states(mission: &Mission, plan: &QualityPlan) -> Vec<MissionState> {
    let steps = mission.steps();
    (0..plan.states)
        .into_par_iter()
        .map(|episode| {
            let (mut caster, mut observation) = instruments(mission);
            let mut state = mission.begin(plan.seed, episode, &mut caster, &mut observation);
            // Stops short of the end, where no decision matters any more.
            for _ in 0..(episode * 5) % (steps * 3 / 5).max(1) {
                let drawn = state.stream_key(Purpose::Policy).rng().random_range(0..Action::COUNT);
                if mission.step(&mut state, Action::ALL[drawn], &mut caster, &mut observation).is_err() {
                    break;
                }
            }
            state
        })
        .collect()
}

fn instruments(mission: &Mission) -> (RayCaster, Observation) {
    (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()))
}

fn by_roll_outs(mission: &Mission, states: &[MissionState], simulations: u32, mode: SearchMode) -> Vec<Decision> {
    let config = SearchConfig { simulations, parallel: ParallelConfig::from(mode), ..SearchConfig::default() };
    let one = |state: &MissionState| {
        let (mut caster, mut observation) = instruments(mission);
        decide(mission, state, &config, SearchTree::default(), &mut caster, &mut observation).0
    };
    match mode {
        // Threads of its own: other decisions beside it would change how its threads take turns.
        SearchMode::TreeParallel { .. } => states.iter().map(one).collect(),
        _ => states.par_iter().map(one).collect(),
    }
}

fn with_network(
    mission: &Mission,
    states: &[MissionState],
    simulations: u32,
    mode: SearchMode,
    encoder: &LeafEncoder,
    evaluator: &mut dyn Evaluator,
) -> Result<Vec<Decision>, ReportError> {
    let config = AlphaZeroConfig {
        simulations,
        parallel: ParallelConfig::from(mode),
        considered_actions: Action::COUNT,
        ..AlphaZeroConfig::default()
    };
    let begin = |state| AlphaZeroSearch::begin(mission, state, &config, Exploration::Off, SearchTree::default());
    let searches = states.iter().map(begin).collect();
    let decided = decide_together(mission, searches, encoder, evaluator)?;
    Ok(decided.into_iter().map(|decided| decided.decision).collect())
}
