//! A run that looks like a real one but needs no planner: the reference scenario flown with a few burns, a belief that
//! clears from outside inwards, and a fan of candidates about the last state.

use std::sync::Arc;

use bevy_proxops::episode::{EpisodeSettings, EpisodeSnapshot, EpisodeStatus, SimulationSnapshot, StateSample};
use bevy_proxops::mission::{Action, EpisodeMetrics, Mission, Scenario, Transition};
use bevy_proxops::orbit::{RelativeOrbitalElements, RelativeState};
use bevy_proxops::search::{CandidateBranch, PlannedStep, SearchSummary};
use bevy_proxops::voxel::{Occupancy, VoxelGrid};

/// A run of `episodes` episodes, the first of which has flown `step` steps and the others a little less each.
pub fn run(episodes: u32, step: u32) -> SimulationSnapshot {
    run_on_orbit(episodes, step, USUAL)
}

/// The same without burns and with the first episode `range_m` away from the target: all orbits are as much smaller or larger.
pub fn run_at_range(episodes: u32, step: u32, range_m: f64) -> SimulationSnapshot {
    let coasting = Orbit { has_burns: false, ..USUAL };
    let usual_range_m = run_on_orbit(1, step, coasting).episodes[0].range_m;
    run_on_orbit(episodes, step, Orbit { size: range_m / usual_range_m, ..coasting })
}

/// How an episode flies.
#[derive(Clone, Copy)]
struct Orbit {
    /// In sizes of the usual orbit.
    size: f64,
    has_burns: bool,
}

const USUAL: Orbit = Orbit { size: 1.0, has_burns: true };

fn run_on_orbit(episodes: u32, step: u32, orbit: Orbit) -> SimulationSnapshot {
    let mission = Arc::new(Mission::new(Scenario::reference(), None).expect("the reference scenario is valid"));
    let settings = EpisodeSettings { episodes, ..Default::default() };
    let mut snapshot = SimulationSnapshot::empty(&settings);
    snapshot.frame = 1;
    snapshot.focus = 0;
    snapshot.episodes = (0..episodes)
        .map(|number| Arc::new(episode(&mission, number, step.saturating_sub(number % 8 * 4), orbit)))
        .collect();
    snapshot
}

/// One episode after `step` steps.
fn episode(mission: &Arc<Mission>, number: u32, step: u32, orbit: Orbit) -> EpisodeSnapshot {
    let shift = f64::from(number % 8) * 6.0;
    let start_m =
        [0.0, 200.0 - shift, 100.0 + shift / 2.0, 0.0, 50.0, shift / 2.0].map(|element_m| element_m * orbit.size);
    let roe = RelativeOrbitalElements::from_metres(start_m, mission.scenario().chief.semi_major_axis_km);
    let mut relative = mission.dynamics().initial(mission.chief(), roe, 0.0);
    let (mut states, mut transitions) = (vec![sample(mission, &relative, 0.0)], Vec::new());
    let mut dv_spent_m_s = 0.0;
    for flown in 0..step {
        let action = match flown % 9 {
            _ if !orbit.has_burns => Action::NONE,
            2 => Action::ALL[7],
            6 => Action::ALL[(flown as usize * 5 + number as usize) % Action::COUNT],
            _ => Action::NONE,
        };
        let arrival = mission.advance(&relative, action);
        dv_spent_m_s += arrival.dv_m_s;
        relative = arrival.relative;
        states.push(sample(mission, &relative, dv_spent_m_s));
        transitions.push(Transition {
            step: flown + 1,
            action,
            reward: 0.0,
            entropy_before_nats: 0.0,
            entropy_after_nats: 0.0,
            relative,
            position_rtn_m: arrival.position_rtn_m,
            dv_rtn_m_s: mission.actions().impulse(action).dv_rtn_m_s,
            ray_hits: 0,
            ray_passes: 0,
            closest_range_m: arrival.position_rtn_m.length(),
        });
    }
    let share = f64::from(step) / f64::from(mission.steps());
    let probabilities = belief(mission.grid(), mission.truth(), share);
    let initial_entropy_nats = mission.initial_entropy_nats();
    EpisodeSnapshot {
        number,
        slot: number,
        step,
        steps: mission.steps(),
        status: EpisodeStatus::Stepping,
        mission: mission.clone(),
        altered: false,
        grid: *mission.grid(),
        probability_u8: probabilities.into(),
        entropy_nats: initial_entropy_nats * (1.0 - share).powi(2),
        initial_entropy_nats,
        reachable_entropy_nats: mission.reachable_entropy_nats(),
        dv_spent_m_s,
        range_m: mission.dynamics().rtn(mission.chief(), &relative).position_rtn_m.length(),
        states: states.into(),
        transitions: Arc::new(transitions),
        search: Some(Arc::new(search(mission, &relative))),
        expected_returns: Arc::new(vec![0.5; step as usize]),
        truth: mission.truth().clone(),
        metrics: EpisodeMetrics::default(),
        failure: None,
    }
}

fn sample(mission: &Mission, state: &RelativeState, dv_spent_m_s: f64) -> StateSample {
    let position_rtn_m = mission.dynamics().rtn(mission.chief(), state).position_rtn_m;
    StateSample { time_s: state.time_s, roe: state.roe, position_rtn_m, entropy_nats: 0.0, dv_spent_m_s }
}

/// Empty space is known from outside inwards, solid surfaces from +T round to −T; the rest keeps its prior.
pub fn belief(grid: &VoxelGrid, truth: &Occupancy, share: f64) -> Vec<u8> {
    let surface = truth.surface();
    grid.indices()
        .map(|voxel| {
            let centre = grid.centre_m(voxel) / grid.half_extent_m();
            let noise = f64::from((voxel.0.wrapping_mul(2_654_435_761) >> 16) & 0xff) / 255.0 - 0.5;
            let seen_from_front = (1.0 - centre.y) / 2.0 + 0.15 * noise < 1.6 * share;
            let depth = 1.0 - centre.abs().max_element() + 0.25 * noise;
            let probability = match (truth.is_occupied(voxel), surface.is_occupied(voxel)) {
                (true, true) if seen_from_front => 0.97,
                (true, _) => 0.5,
                (false, _) if depth < 1.5 * share => 0.004,
                (false, _) if seen_from_front => 0.12 + 0.1 * noise,
                (false, _) => 0.5,
            };
            (probability * 255.0_f64).round() as u8
        })
        .collect()
}

fn search(mission: &Mission, root: &RelativeState) -> SearchSummary {
    let (mut candidates, mut best_path) = (Vec::new(), Vec::new());
    let mut parents = vec![(*root, 3000_u32)];
    for depth in 1..=4_u8 {
        let mut next = Vec::new();
        for (parent, visits) in &parents {
            for action in Action::ALL {
                let arrival = mission.advance(parent, action);
                let wanted = 1.0 - (arrival.position_rtn_m.length() - 110.0).abs() / 200.0;
                let q_normalised = wanted.clamp(0.0, 1.0) as f32;
                let visits = (f64::from(*visits) * f64::from(q_normalised).powi(3) / 4.0) as u32;
                candidates.push(CandidateBranch {
                    parent_position_rtn_m: mission.dynamics().rtn(mission.chief(), parent).position_rtn_m.as_vec3(),
                    position_rtn_m: arrival.position_rtn_m.as_vec3(),
                    depth,
                    action,
                    visits,
                    q_normalised,
                    time_s: parent.time_s as f32,
                    roe: arrival.after_burn.roe.as_array().map(|element| element as f32),
                });
                next.push((arrival.relative, visits, action, arrival.position_rtn_m));
            }
        }
        next.sort_by_key(|(_, visits, ..)| std::cmp::Reverse(*visits));
        let (_, _, action, position_rtn_m) = next[0];
        best_path.push(PlannedStep {
            action,
            dv_rtn_m_s: mission.actions().impulse(action).dv_rtn_m_s.as_vec3(),
            position_rtn_m: position_rtn_m.as_vec3(),
        });
        parents = next.into_iter().take(4).map(|(state, visits, ..)| (state, visits)).collect();
    }
    candidates.sort_by_key(|branch| std::cmp::Reverse(branch.visits));
    SearchSummary {
        root_value: 0.4,
        own_value: 0.35,
        simulations: 3000,
        visits: [1; Action::COUNT],
        q: [0.0; Action::COUNT],
        priors: [0.0; Action::COUNT],
        best_path,
        candidates,
        tree_nodes: 3001,
        depth: 4,
    }
}
