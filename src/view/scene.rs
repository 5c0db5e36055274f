//! What the view draws, taken from the latest snapshot: plain geometry in R, T, N metres. Each part is a resource of its
//! own that changes only when its source did, so that every drawing system runs only when it has something new to draw.

use std::sync::Arc;

use bevy::prelude::*;

use super::arc::{Flight, PathPoint, vec3};
use super::frame::bevy_from_rtn;
use super::scale::DrawnScale;
use crate::episode::{EpisodeSnapshot, LatestSnapshot, SimulationSnapshot};
use crate::mission::{Action, Mission};
use crate::orbit::{Impulse, RelativeOrbitalElements, RelativeState};
use crate::search::CandidateBranch;
use crate::voxel::VoxelGrid;

/// Belief of the episode in focus.
#[derive(Resource, Default)]
pub(super) struct SceneBelief {
    pub source: Option<(VoxelGrid, Arc<[u8]>)>,
}

/// True shape of the episode in focus: one byte a voxel, 0 or 1.
#[derive(Resource, Default)]
pub(super) struct SceneTruth {
    pub source: Option<(VoxelGrid, Arc<crate::voxel::Occupancy>)>,
}

/// A burn: where, and what it added to the velocity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DrawnBurn {
    pub position_rtn_m: Vec3,
    pub dv_rtn_m_s: Vec3,
}

/// What was flown.
#[derive(Resource, Default)]
pub(super) struct SceneFlight {
    states: Option<Arc<[crate::episode::StateSample]>>,
    /// Episode number and mission, so that a jump to another episode is seen as one.
    pub identity: Option<(u32, Arc<Mission>)>,
    pub path: Vec<PathPoint>,
    /// Where images were taken.
    pub images: Vec<Vec3>,
    pub burns: Vec<DrawnBurn>,
    /// The path of the next revolution without any burn.
    pub coast: Vec<Vec3>,
}

/// A branch of the search: one burn and the arc flown after it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CandidateArc {
    pub points: Vec<Vec3>,
    /// 0 for the worst, 1 for the best of this search.
    pub value: f32,
    /// Share of the most visited branch's visits, `0..=1`.
    pub visits: f32,
}

/// What the last search looked at.
#[derive(Resource, Default)]
pub(super) struct SceneSearch {
    source: Option<Arc<crate::search::SearchSummary>>,
    /// Most visited first: of two lines in the same place the first drawn stays.
    pub candidates: Vec<CandidateArc>,
    pub plan: Vec<Vec3>,
    pub plan_burns: Vec<DrawnBurn>,
}

/// Points in the frame of the root that a camera should have in view.
#[derive(Resource, Default)]
pub(super) struct SceneExtent {
    /// The corners of the target's grid as it is drawn, then the flight.
    pub points: Vec<Vec3>,
}

impl SceneExtent {
    const CORNERS: usize = 8;

    /// The first revolution as it would be without a burn, what was flown and what is planned.
    pub fn flight(&self) -> &[Vec3] {
        self.points.get(Self::CORNERS..).unwrap_or_default()
    }
}

/// One line of figures about the episode in focus.
#[derive(Resource, Default, PartialEq, Clone, Debug)]
pub(super) struct SceneStatus {
    pub line: String,
}

/// Arc pieces between two images: the drawn curve leaves the true one by less than a pixel.
const ARC_PIECES: u32 = 8;
/// Candidates are many and one step long: fewer pieces look the same.
const CANDIDATE_PIECES: u32 = 4;
const COAST_PIECES: u32 = 160;

#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn read_snapshot(
    latest: Option<Res<LatestSnapshot>>,
    mut seen: Local<Option<Arc<SimulationSnapshot>>>,
    mut belief: ResMut<SceneBelief>,
    mut truth: ResMut<SceneTruth>,
    mut flight: ResMut<SceneFlight>,
    mut search: ResMut<SceneSearch>,
    mut extent: ResMut<SceneExtent>,
    mut status: ResMut<SceneStatus>,
) {
    let Some(latest) = latest else { return };
    if seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &latest.0)) {
        return;
    }
    *seen = Some(latest.0.clone());
    let Some(episode) = latest.0.focused() else { return };

    if belief.source.as_ref().is_none_or(|(_, drawn)| !Arc::ptr_eq(drawn, &episode.probability_u8)) {
        belief.source = Some((episode.grid, episode.probability_u8.clone()));
    }
    if truth.source.as_ref().is_none_or(|(_, drawn)| !Arc::ptr_eq(drawn, &episode.truth)) {
        truth.source = Some((episode.grid, episode.truth.clone()));
    }
    let drawn_flight = flight.bypass_change_detection();
    if drawn_flight.states.as_ref().is_none_or(|drawn| !Arc::ptr_eq(drawn, &episode.states)) {
        *flight = flown(episode);
    }
    let drawn_search = search.bypass_change_detection();
    let is_drawn = match (&drawn_search.source, &episode.search) {
        (Some(drawn), Some(current)) => Arc::ptr_eq(drawn, current),
        (drawn, current) => drawn.is_none() && current.is_none(),
    };
    if !is_drawn {
        *search = searched(episode);
    }
    if flight.is_changed() || search.is_changed() {
        extent.points = framed_points(&flight, &search, episode);
    }
    status.set_if_neq(SceneStatus { line: status_line(episode) });
}

fn flight_of(mission: &Mission) -> Flight<'_> {
    Flight { chief: mission.chief(), dynamics: mission.dynamics() }
}

fn flown(episode: &EpisodeSnapshot) -> SceneFlight {
    let flight = flight_of(&episode.mission);
    let states = &episode.states;
    let mut path = Vec::with_capacity(states.len() * (ARC_PIECES as usize + 1));
    for pair in states.windows(2) {
        // Backwards from the later state: its elements are those after the burn that began the arc.
        let end = flight.state(pair[1].roe, pair[1].time_s);
        path.extend(flight.arc(&end, pair[0].time_s - pair[1].time_s, 0.0, ARC_PIECES));
    }
    if let (true, [only]) = (path.is_empty(), &states[..]) {
        path.push(PathPoint { time_s: only.time_s, position_rtn_m: vec3(only.position_rtn_m) });
    }
    let burns = states
        .iter()
        .zip(episode.transitions.iter())
        .map(|(state, transition)| DrawnBurn {
            position_rtn_m: vec3(state.position_rtn_m),
            dv_rtn_m_s: vec3(transition.dv_rtn_m_s),
        })
        .filter(|burn| burn.dv_rtn_m_s != Vec3::ZERO)
        .collect();
    let coast = states.last().map_or_else(Vec::new, |last| {
        let state = flight.state(last.roe, last.time_s);
        let revolution_s = flight.chief.period_s();
        flight.arc(&state, 0.0, revolution_s, COAST_PIECES).map(|point| point.position_rtn_m).collect()
    });
    SceneFlight {
        states: Some(states.clone()),
        identity: Some((episode.number, episode.mission.clone())),
        path,
        images: states.iter().map(|state| vec3(state.position_rtn_m)).collect(),
        burns,
        coast,
    }
}

fn searched(episode: &EpisodeSnapshot) -> SceneSearch {
    let Some(summary) = &episode.search else { return SceneSearch::default() };
    let mission = &*episode.mission;
    let flight = flight_of(mission);
    let step_s = mission.scenario().step_s;
    let most_visits = summary.candidates.iter().map(|branch| branch.visits).max().unwrap_or(1).max(1);
    let mut candidates: Vec<CandidateArc> = summary
        .candidates
        .iter()
        .map(|branch| CandidateArc {
            points: branch_arc(&flight, branch, step_s),
            value: branch.q_normalised,
            visits: branch.visits as f32 / most_visits as f32,
        })
        .collect();
    candidates.sort_by(|a, b| b.visits.total_cmp(&a.visits));

    let (mut plan, mut plan_burns) = (Vec::new(), Vec::new());
    if let Some(mut state) = decided_from(episode, &flight) {
        for step in &summary.best_path {
            let impulse = Impulse { dv_rtn_m_s: step.dv_rtn_m_s.as_dvec3() };
            if step.action != Action::NONE {
                plan_burns.push(DrawnBurn { position_rtn_m: flight.position(&state), dv_rtn_m_s: step.dv_rtn_m_s });
            }
            state = flight.dynamics.apply_impulse(flight.chief, &state, &impulse);
            plan.extend(flight.arc(&state, 0.0, step_s, ARC_PIECES).map(|point| point.position_rtn_m));
            state = flight.dynamics.propagate(flight.chief, &state, step_s);
        }
    }
    SceneSearch { source: Some(summary.clone()), candidates, plan, plan_burns }
}

/// The state the last search decided from: the flown state at the time of its first burn.
fn decided_from(episode: &EpisodeSnapshot, flight: &Flight) -> Option<RelativeState> {
    let first_burn = episode.search.as_ref()?.candidates.iter().find(|branch| branch.depth == 1);
    let distance = |time_s: f64| first_burn.map_or(0.0, |branch| (time_s - f64::from(branch.time_s)).abs());
    let states = episode.states.iter().rev();
    let root = states.min_by(|a, b| distance(a.time_s).total_cmp(&distance(b.time_s)))?;
    Some(flight.state(root.roe, root.time_s))
}

fn branch_arc(flight: &Flight, branch: &CandidateBranch, step_s: f64) -> Vec<Vec3> {
    let [da, dlambda, dex, dey, dix, diy] = branch.roe.map(f64::from);
    let roe = RelativeOrbitalElements { da, dlambda, dex, dey, dix, diy };
    let state = flight.state(roe, f64::from(branch.time_s));
    flight.arc(&state, 0.0, step_s, CANDIDATE_PIECES).map(|point| point.position_rtn_m).collect()
}

/// The points of a [`SceneExtent`], the corners of the grid not yet in place.
fn framed_points(flight: &SceneFlight, search: &SceneSearch, episode: &EpisodeSnapshot) -> Vec<Vec3> {
    let corners = [Vec3::ZERO; SceneExtent::CORNERS];
    let first_revolution = episode.states.first().map_or_else(Vec::new, |first| {
        let flight = flight_of(&episode.mission);
        let state = flight.state(first.roe, first.time_s);
        flight.arc(&state, 0.0, flight.chief.period_s(), COAST_PIECES).map(|point| point.position_rtn_m).collect()
    });
    let flown = flight.path.iter().map(|point| point.position_rtn_m);
    let turn = bevy_from_rtn();
    let points = corners.into_iter().chain(first_revolution).chain(flown).chain(search.plan.iter().copied());
    points.map(|point| turn * point).filter(|point| point.is_finite()).collect()
}

/// Keeps the corners of the grid in the extent where they are drawn.
pub(super) fn frame_grid(belief: Res<SceneBelief>, scale: Res<DrawnScale>, mut extent: ResMut<SceneExtent>) {
    let Some((grid, _)) = &belief.source else { return };
    let half_m = grid.half_extent_m() as f32 * scale.target;
    let is_framed = extent.points.first().is_none_or(|corner| *corner == Vec3::splat(-half_m));
    if is_framed {
        return;
    }
    for (corner, point) in extent.points.iter_mut().take(SceneExtent::CORNERS).enumerate() {
        *point = Vec3::from_array([0, 1, 2].map(|bit| if corner >> bit & 1 == 0 { -half_m } else { half_m }));
    }
}

fn status_line(episode: &EpisodeSnapshot) -> String {
    let entropy_left = 100.0 * episode.entropy_nats / episode.initial_entropy_nats.max(f64::MIN_POSITIVE);
    format!(
        "episode {}   step {}/{}   entropy left {entropy_left:.1} %   delta-v {:.2} m/s   range {:.0} m",
        episode.number, episode.step, episode.steps, episode.dv_spent_m_s, episode.range_m
    )
}

#[cfg(test)]
mod tests {
    use bevy::ecs::system::RunSystemOnce;

    use super::*;

    #[test]
    fn the_camera_frames_the_grid_in_the_scale_in_force() {
        let flight = Vec3::new(0.0, 90.0, 0.0);
        let mut world = World::new();
        let grid = VoxelGrid::new(20, 1.0).expect("a grid of 20 cells is valid");
        world.insert_resource(SceneBelief { source: Some((grid, Arc::from([0_u8; 8]))) });
        world.insert_resource(SceneExtent { points: [[Vec3::ZERO; 8].as_slice(), &[flight]].concat() });
        for target in [4.0, 2.5] {
            world.insert_resource(DrawnScale { target, servicer: 1.0 });
            world.run_system_once(frame_grid).expect("its resources are there");
            let extent = world.resource::<SceneExtent>();
            assert_eq!(extent.flight(), [flight]);
            let corners = &extent.points[..SceneExtent::CORNERS];
            assert!(corners.iter().all(|corner| corner.abs() == Vec3::splat(10.0 * target)), "{corners:?}");
            assert!(corners.iter().all(|corner| corners.contains(&-*corner)));
        }
    }
}
