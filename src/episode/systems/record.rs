use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::change_detection::ResMut;
use bevy::ecs::system::Query;

use crate::episode::command::Speed;
use crate::episode::components::{
    Episode, EpisodeHistory, EpisodeMission, EpisodePace, EpisodePicture, EpisodePlanner, EpisodeState, PictureChange,
};
use crate::episode::meter::Meter;
use crate::episode::run::Run;
use crate::episode::snapshot::StateSample;

/// Adds the steps just flown to the episodes' histories, ends finished episodes and paces the others.
pub fn record(
    mut run: ResMut<Run>,
    mut meter: ResMut<Meter>,
    mut episodes: Query<(
        &Episode,
        &EpisodeMission,
        &EpisodeState,
        &mut EpisodePlanner,
        &mut EpisodeHistory,
        &mut EpisodePace,
        &mut EpisodePicture,
    )>,
) {
    let now = Instant::now();
    for (episode, mission, state, mut planner, mut history, mut pace, mut picture) in &mut episodes {
        if !matches!(*planner, EpisodePlanner::Acted { .. } | EpisodePlanner::Refused { .. }) {
            continue;
        }
        match std::mem::take(&mut *planner) {
            EpisodePlanner::Acted { summary, transition } => {
                Arc::make_mut(&mut history.transitions).push(transition);
                history.states.push(StateSample::of(&mission.mission, &state.0));
                Arc::make_mut(&mut history.expected_returns).push(summary.root_value);
                history.search = Some(summary);
            }
            EpisodePlanner::Refused { summary } => history.search = Some(summary),
            _ => {}
        }
        if let Some(refusal) = state.0.refusal {
            run.notices.error(format!("episode {} ended after step {}: {refusal}", episode.number, state.0.step));
        }
        if state.0.is_done(&mission.mission) {
            *planner = EpisodePlanner::Finished;
            meter.count.episodes += 1;
        }
        if run.paused {
            pace.granted = pace.granted.saturating_sub(1);
        }
        pace.due = next_due(pace.due, run.settings.speed, now);
        picture.touch(PictureChange::Step);
    }
}

/// When the decision after the one that was due at `due` is due. An episode that has fallen behind its pace does
/// not try to make up for it.
fn next_due(due: Instant, speed: Speed, now: Instant) -> Instant {
    match speed {
        Speed::Max => now,
        Speed::Rate(per_s) => now.max(due + Duration::from_secs_f64(1.0 / per_s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_holds_on_average_and_forgets_delays() {
        let start = Instant::now();
        let ms = |ms| start + Duration::from_millis(ms);
        // Decided 20 ms late at ten a second: the next one is due 100 ms after this one was, not after it happened.
        assert_eq!(next_due(start, Speed::Rate(10.0), ms(20)), ms(100));
        assert_eq!(next_due(start, Speed::Rate(10.0), ms(250)), ms(250));
        assert_eq!(next_due(start, Speed::Max, ms(5)), ms(5));
    }
}
