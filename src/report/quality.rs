use rand::RngExt;
use rayon::prelude::*;

use crate::flight::{EpisodeFailure, decide_together};
use crate::mission::{Action, Mission, MissionState, Purpose, Scenario, Seed};
use crate::network::{Evaluator, LeafEncoder};
use crate::search::{
    AlphaZeroConfig, AlphaZeroDecision, AlphaZeroSearch, Decision, Exploration, InFlight, ParallelConfig, PlannerKind,
    SearchConfig, SearchMode, SearchTree, decide,
};
use crate::sensor::{Observation, RayCaster};
use crate::training::mean_and_interval;

use super::ReportError;

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
    /// Extra regret over the serial search that is too little to matter, in units of the total reward: what a burn of 0.01 m/s,
    /// the smaller of the two, costs in the scenario that is judged in by default.
    pub const MARGIN: f64 = 0.001;

    /// Whether the mode was shown to decide as well as the serial search: the whole 95 % interval of its extra regret lies
    /// below [`MARGIN`](Self::MARGIN). An interval too wide to tell shows nothing (test of non-inferiority, 2.5 % one-sided).
    pub fn is_as_good_as_serial(&self) -> bool {
        self.mode == SearchMode::Serial || self.over_serial.0 + self.over_serial.1 < Self::MARGIN
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
    let numbered = decided.into_iter().enumerate();
    let decision = |(number, decided): (usize, Result<AlphaZeroDecision, EpisodeFailure>)| match decided {
        Ok(decided) => Ok(decided.decision),
        Err(failure) => Err(ReportError::Run(format!("decision {number}: {failure}"))),
    };
    numbered.map(decision).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regret(mean: f64, half_width: f64) -> Regret {
        Regret {
            planner: PlannerKind::Mcts,
            mode: SearchMode::Batched { leaves: 8 },
            samples: Vec::new(),
            agreement: 0.5,
            mean: (0.0, 0.0),
            over_serial: (mean, half_width),
        }
    }

    #[test]
    fn a_mode_is_as_good_only_where_its_whole_interval_lies_below_the_margin() {
        let margin = Regret::MARGIN;
        for (mean, half_width, is_as_good) in [
            (0.0, 0.999 * margin, true),
            (0.0, margin, false),
            (0.5 * margin, 0.499 * margin, true),
            (0.5 * margin, 0.501 * margin, false),
            (-margin, 1.999 * margin, true),
            (-margin, 2.001 * margin, false),
            // Surely worse, but by too little to matter.
            (0.5 * margin, 0.1 * margin, true),
            // Touches zero because it is too wide to tell.
            (10.0 * margin, 10.0 * margin, false),
            (0.0, f64::INFINITY, false),
            (f64::NAN, 0.0, false),
        ] {
            assert_eq!(regret(mean, half_width).is_as_good_as_serial(), is_as_good, "{mean} ± {half_width}");
        }
        let serial = Regret { mode: SearchMode::Serial, ..regret(0.0, f64::INFINITY) };
        assert!(serial.is_as_good_as_serial());
    }

    #[test]
    fn the_margin_is_the_cost_of_the_smallest_burn_in_the_judged_scenario() {
        let QualityPlan { scenario, .. } = QualityPlan::default();
        let cost = scenario.reward.dv_cost_per_m_s * scenario.actions.small_dv_m_s;
        assert!((cost - Regret::MARGIN).abs() < 1e-12, "{cost}");
    }
}
