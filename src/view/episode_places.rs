//! The episodes' entities as places in the scene: each stands where its servicer is, so that a host's model can hang there.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::time::Real;

use super::arc::{Flight, vec3};
use super::frame::ViewFrames;
use super::scale::DrawnScale;
use super::servicer::{ShownTime, servicer_pose};
use crate::episode::{EpisodeSnapshot, LatestEpisode};

/// Hangs the episodes' entities under the R, T, N frame, once each. With the frame they go, and come back with the next one.
pub(super) fn place_episodes(
    mut commands: Commands,
    frames: Res<ViewFrames>,
    episodes: Query<Entity, (With<LatestEpisode>, Without<ShownTime>)>,
) {
    for episode in &episodes {
        commands.entity(episode).insert((
            ShownTime::default(),
            Transform::default(),
            Visibility::default(),
            ChildOf(frames.rtn),
        ));
    }
}

/// Moves every episode's entity along its path towards the newest state, as the drawn servicer moves.
pub(super) fn move_episodes(
    time: Res<Time<Real>>,
    scale: Res<DrawnScale>,
    mut episodes: Query<(&LatestEpisode, &mut ShownTime, &mut Transform)>,
) {
    for (LatestEpisode(episode), mut shown, mut transform) in &mut episodes {
        let Some(newest) = episode.states.last() else { continue };
        let identity = (episode.number, Arc::as_ptr(&episode.mission).addr());
        let time_s = shown.advance(identity, newest.time_s, time.delta_secs());
        if let Some(position_rtn_m) = position_at(episode, time_s) {
            transform.set_if_neq(servicer_pose(position_rtn_m).with_scale(Vec3::splat(scale.servicer)));
        }
    }
}

/// Where the servicer was at a time, m in R, T, N; held at the ends of what was flown.
fn position_at(episode: &EpisodeSnapshot, time_s: f64) -> Option<Vec3> {
    let after = episode.states.partition_point(|state| state.time_s < time_s);
    let Some(end) = episode.states.get(after) else {
        return episode.states.last().map(|last| vec3(last.position_rtn_m));
    };
    // Nothing to propagate, as in every frame in which it has caught up.
    if after == 0 || end.time_s == time_s {
        return Some(vec3(end.position_rtn_m));
    }
    // Backwards from the later state: its elements are those after the burn that began the arc.
    let flight = Flight { chief: episode.mission.chief(), dynamics: episode.mission.dynamics() };
    let state = flight.dynamics.propagate(flight.chief, &flight.state(end.roe, end.time_s), time_s - end.time_s);
    Some(flight.position(&state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::episode::{EpisodeSettings, Simulation};
    use crate::mission::Scenario;
    use crate::search::{PlannerKind, SearchConfig};

    #[test]
    fn the_place_between_two_steps_lies_on_the_arc_and_is_held_at_the_ends() {
        let search = SearchConfig { planner: PlannerKind::Random, ..Default::default() };
        let episode = Simulation::replay(&EpisodeSettings::headless(Scenario::reference(), search), 0);
        let episode = episode.expect("the reference scenario can be flown");
        for pair in episode.states.windows(2) {
            let place = |share: f64| {
                let time_s = pair[0].time_s + (pair[1].time_s - pair[0].time_s) * share;
                position_at(&episode, time_s).expect("it has flown").as_dvec3()
            };
            let (start, end) = (pair[0].position_rtn_m, pair[1].position_rtn_m);
            assert!(place(0.0).distance(start) < 1e-3 && place(1.0).distance(end) < 1e-3);
            // No jump at the burn, and no straight line between the steps.
            assert!(place(1e-6).distance(start) < 1e-2, "{} m", place(1e-6).distance(start));
            assert!(place(0.5).distance(start) < start.distance(end).max(1.0));
        }
        let (first, last) = (episode.states[0].position_rtn_m, episode.states.last().unwrap().position_rtn_m);
        assert_eq!(position_at(&episode, -10.0), Some(vec3(first)));
        assert_eq!(position_at(&episode, 1e9), Some(vec3(last)));
    }
}
