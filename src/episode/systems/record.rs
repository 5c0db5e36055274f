use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::message::MessageWriter;
use bevy::ecs::system::Query;

use crate::episode::command::Speed;
use crate::episode::components::{
    Episode, EpisodeHistory, EpisodeMission, EpisodePace, EpisodePicture, EpisodePlanner, EpisodeState, PictureChange,
};
use crate::episode::messages::{DecisionMade, EpisodeEvent, EpisodeFailed, EpisodeFinished};
use crate::episode::meter::Meter;
use crate::episode::recording::EpisodeRecording;
use crate::episode::run::Run;
use crate::episode::snapshot::StateSample;
use crate::episode::training::Trainer;
use crate::flight::{EpisodePhase, pass};
use crate::mission::EpisodeMetrics;
use crate::threads::guarded;

/// An episode with all that is recorded of it.
type Recorded = (
    &'static Episode,
    &'static EpisodeMission,
    &'static EpisodeState,
    &'static mut EpisodePlanner,
    &'static mut EpisodeHistory,
    &'static mut EpisodePace,
    &'static mut EpisodePicture,
    &'static mut EpisodeRecording,
);

/// Adds the steps just flown to the episodes' histories, ends finished and failed episodes and paces the others.
pub fn record(
    mut run: ResMut<Run>,
    mut meter: ResMut<Meter>,
    trainer: Res<Trainer>,
    mut events: MessageWriter<EpisodeEvent>,
    mut episodes: Query<Recorded>,
) {
    let now = Instant::now();
    for (episode, mission, state, mut planner, mut history, mut pace, mut picture, mut recording) in &mut episodes {
        let mut change = PictureChange::Step;
        match &*planner {
            EpisodePlanner::Acted { .. } | EpisodePlanner::Refused { .. } => {
                let recorded = guarded(|| {
                    pass("record", mission.mission.scenario(), episode.number, state.0.step);
                    recording.record_reward(&mission.mission, &planner);
                    add_step(*episode, mission, state, &mut planner, &mut history)
                });
                match recorded {
                    Ok(happened) => drop(events.write_batch(happened)),
                    Err(reason) => {
                        history.keep_whole_steps();
                        planner.fail(EpisodePhase::Record, reason);
                    }
                }
            }
            // Its picture cannot be made anew.
            EpisodePlanner::Failing(failure) if failure.phase == EpisodePhase::Snapshot => {
                change = PictureChange::Status;
            }
            EpisodePlanner::Failing(_) => {}
            _ => continue,
        }
        if let EpisodePlanner::Failing(failure) = &*planner {
            let failure = failure.clone();
            run.notices.error(format!("episode {} ended after step {}: {failure}", episode.number, state.0.step));
            let failed = EpisodeFailed { episode: *episode, step: state.0.step, failure: failure.clone() };
            events.write(EpisodeEvent::Failed(failed));
            *planner = EpisodePlanner::Failed(failure);
            recording.drop_record();
        } else {
            if let Some(refusal) = state.0.refusal {
                run.notices.error(format!("episode {} ended after step {}: {refusal}", episode.number, state.0.step));
            }
            if state.0.is_done(&mission.mission) {
                *planner = EpisodePlanner::Finished;
                if let Some(recorded) = recording.take(&mission.mission).filter(|_| run.settings.record_for_training) {
                    trainer.offer(recorded);
                }
                meter.count.episodes += 1;
                let metrics = EpisodeMetrics::of(&mission.mission, &state.0, &history.transitions).into();
                events.write(EpisodeEvent::Finished(EpisodeFinished { episode: *episode, metrics }));
            }
        }
        if run.paused {
            pace.granted = pace.granted.saturating_sub(1);
        }
        pace.due = next_due(pace.due, run.settings.speed, now);
        picture.touch(change);
    }
}

/// Moves the step from the planner to the history, and says what it has brought.
fn add_step(
    episode: Episode,
    mission: &EpisodeMission,
    state: &EpisodeState,
    planner: &mut EpisodePlanner,
    history: &mut EpisodeHistory,
) -> Vec<EpisodeEvent> {
    match std::mem::take(planner) {
        EpisodePlanner::Acted { summary, transition } => {
            let happened = EpisodeEvent::of_step(episode, summary.clone(), &transition).collect();
            Arc::make_mut(&mut history.transitions).push(transition);
            history.states.push(StateSample::of(&mission.mission, &state.0));
            Arc::make_mut(&mut history.expected_returns).push(summary.root_value);
            history.search = Some(summary);
            happened
        }
        EpisodePlanner::Refused { action, summary } => {
            history.search = Some(summary.clone());
            vec![EpisodeEvent::Decision(DecisionMade { episode, step: state.0.step + 1, action, search: summary })]
        }
        _ => Vec::new(),
    }
}

impl EpisodeHistory {
    /// Drops what is there of a step whose record was broken off.
    fn keep_whole_steps(&mut self) {
        let steps = self.transitions.len().min(self.states.len().saturating_sub(1)).min(self.expected_returns.len());
        Arc::make_mut(&mut self.transitions).truncate(steps);
        Arc::make_mut(&mut self.expected_returns).truncate(steps);
        self.states.truncate(steps + 1);
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
