//! What a host hears of the episodes, and the entities it sees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bevy::prelude::*;
use bevy_proxops::episode::SimulationThread;
use bevy_proxops::mission::Action;
use bevy_proxops::prelude::*;

use crate::support::{fly, minimal_app, paused_settings, small_settings, update_until};

/// All that was heard of the episodes, in the order of each kind.
#[derive(Resource, Default)]
struct Heard {
    started: Vec<EpisodeStarted>,
    decisions: Vec<DecisionMade>,
    burns: Vec<BurnExecuted>,
    images: Vec<ImageTaken>,
    finished: Vec<EpisodeFinished>,
    failed: Vec<EpisodeFailed>,
    lost: u64,
}

#[expect(clippy::too_many_arguments, reason = "one reader for each kind of message")]
fn hear(
    latest: Res<LatestSnapshot>,
    mut heard: ResMut<Heard>,
    mut started: MessageReader<EpisodeStarted>,
    mut decisions: MessageReader<DecisionMade>,
    mut burns: MessageReader<BurnExecuted>,
    mut images: MessageReader<ImageTaken>,
    mut finished: MessageReader<EpisodeFinished>,
    mut failed: MessageReader<EpisodeFailed>,
    mut lost: MessageReader<MessagesLost>,
) {
    let before = heard.decisions.len();
    heard.started.extend(started.read().copied());
    heard.decisions.extend(decisions.read().cloned());
    heard.burns.extend(burns.read().copied());
    heard.images.extend(images.read().copied());
    heard.finished.extend(finished.read().cloned());
    heard.failed.extend(failed.read().cloned());
    heard.lost += lost.read().map(|lost| lost.count).sum::<u64>();
    // The snapshot of the same frame shows what was heard.
    for decision in &heard.decisions[before..] {
        let shown = latest.0.episodes.iter().find(|episode| episode.number == decision.episode.number);
        assert!(shown.is_none_or(|episode| episode.step >= decision.step), "{decision:?}");
    }
}

fn listening(settings: EpisodeSettings) -> App {
    let mut app = minimal_app(settings);
    app.init_resource::<Heard>().add_systems(Update, hear);
    app
}

/// What was heard is what the same run has flown: each of it once, and of every episode in order.
fn assert_heard_all(heard: &Heard, flown: &SimulationSnapshot) {
    assert_eq!(heard.lost, 0);
    assert_eq!(heard.failed, []);
    for episode in &flown.episodes {
        let is_its = |other: &Episode| other.number == episode.number;
        let started: Vec<_> = heard.started.iter().filter(|started| is_its(&started.episode)).collect();
        assert!(matches!(started[..], [one] if one.steps == episode.steps), "{started:?}");

        let decisions: Vec<_> = heard.decisions.iter().filter(|decision| is_its(&decision.episode)).collect();
        let decided: Vec<_> = decisions.iter().map(|decision| (decision.step, decision.action)).collect();
        let expected: Vec<_> = episode.transitions.iter().map(|flown| (flown.step, flown.action)).collect();
        assert_eq!(decided, expected);
        assert_eq!(decisions.last().map(|last| &*last.search), episode.search.as_deref());

        let burned = heard.burns.iter().filter(|burn| is_its(&burn.episode)).map(|burn| (burn.step, burn.dv_rtn_m_s));
        let burns = episode.transitions.iter().filter(|flown| flown.action != Action::NONE);
        assert_eq!(burned.collect::<Vec<_>>(), burns.map(|flown| (flown.step, flown.dv_rtn_m_s)).collect::<Vec<_>>());

        let images: Vec<_> = heard.images.iter().filter(|image| is_its(&image.episode)).collect();
        assert_eq!(images.iter().map(|image| image.step).collect::<Vec<_>>(), (0..=episode.steps).collect::<Vec<_>>());
        for (image, state) in images.iter().zip(episode.states.iter()) {
            assert_eq!(image.position_rtn_m, state.position_rtn_m);
            assert_eq!(image.entropy_after_nats, state.entropy_nats);
        }
        assert!(images.windows(2).all(|pair| pair[0].entropy_after_nats == pair[1].entropy_before_nats));

        let finished: Vec<_> = heard.finished.iter().filter(|finished| is_its(&finished.episode)).collect();
        assert!(matches!(finished[..], [one] if *one.metrics == episode.metrics), "{finished:?}");
    }
    let episodes = flown.episodes.len();
    assert_eq!((heard.started.len(), heard.finished.len()), (episodes, episodes));
}

#[test]
fn every_message_comes_once_and_in_order_however_slow_the_frames_are() {
    for (frame, workers) in [(0, 1), (40, 1), (0, 2)] {
        let settings = EpisodeSettings { workers: Some(workers), ..small_settings(PlannerKind::Random) };
        let mut app = listening(settings.clone());
        app.add_systems(Last, move || std::thread::sleep(Duration::from_millis(frame)));
        update_until(&mut app, |snapshot| snapshot.is_finished());
        assert_heard_all(app.world().resource::<Heard>(), &fly(settings));
    }
}

/// A minimised window: the app draws no frame until all is over.
#[test]
fn a_thousand_episodes_are_heard_whole_after_a_time_without_frames() {
    let settings = EpisodeSettings { episodes: 1000, ..small_settings(PlannerKind::Random) };
    let mut app = listening(settings.clone());
    app.update();
    std::thread::sleep(Duration::from_secs(2));
    update_until(&mut app, |snapshot| snapshot.is_finished());
    assert_heard_all(app.world().resource::<Heard>(), &fly(settings));
    let world = app.world_mut();
    assert_eq!(world.query::<&EpisodeProgress>().iter(world).count(), 1000);
}

#[test]
fn each_parallel_episode_has_one_entity_that_is_as_its_snapshot() {
    let settings = EpisodeSettings { first_episode: 7, ..paused_settings(PlannerKind::Random) };
    let mut app = minimal_app(settings);
    update_until(&mut app, |snapshot| snapshot.episodes.len() == 4);
    let before = entities(&mut app);
    assert_eq!(before.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_mirrored(&mut app);

    let send = |app: &mut App, command| {
        app.world_mut().write_message(command);
    };
    send(&mut app, SimCommand::StepOnce);
    send(&mut app, SimCommand::Focus(9));
    update_until(&mut app, |snapshot| snapshot.focus == 9 && snapshot.episodes.iter().all(|it| it.step == 1));
    assert_mirrored(&mut app);
    // A reset begins other episodes in the same places: what a host has put there stays.
    send(&mut app, SimCommand::SetAutoRestart(true));
    send(&mut app, SimCommand::Play);
    update_until(&mut app, |snapshot| snapshot.episodes.iter().all(|it| it.number > 10));
    assert_eq!(entities(&mut app), before);
    assert_mirrored(&mut app);

    send(&mut app, SimCommand::Pause);
    send(&mut app, SimCommand::SetEpisodes(2));
    update_until(&mut app, |snapshot| snapshot.episodes.len() == 2);
    assert_mirrored(&mut app);
    app.world_mut().despawn(before[&1]);
    app.update();
    app.update();
    let after = entities(&mut app);
    assert!(after[&0] == before[&0] && after[&1] != before[&1]);
    assert_mirrored(&mut app);
}

/// The entities of the episodes by their places.
fn entities(app: &mut App) -> BTreeMap<u32, Entity> {
    let world = app.world_mut();
    world.query::<(Entity, &Episode)>().iter(world).map(|(entity, episode)| (episode.slot, entity)).collect()
}

fn assert_mirrored(app: &mut App) {
    let latest = app.world().resource::<LatestSnapshot>().0.clone();
    let world = app.world_mut();
    let mut mirrors = world.query::<(&Episode, &EpisodeProgress, &ServicerPose, &LatestEpisode, Has<FocusedEpisode>)>();
    assert_eq!(mirrors.iter(world).count(), latest.episodes.len());
    for (episode, progress, pose, shown, is_focused) in mirrors.iter(world) {
        let snapshot = latest.episodes.iter().find(|it| it.slot == episode.slot).expect("a parallel episode");
        assert!(Arc::ptr_eq(&shown.0, snapshot));
        assert_eq!(episode.number, snapshot.number);
        let expected = EpisodeProgress { step: snapshot.step, steps: snapshot.steps, status: snapshot.status };
        assert_eq!(*progress, expected);
        let state = snapshot.states.last().expect("the first image is taken");
        assert_eq!((pose.time_s, pose.position_rtn_m), (state.time_s, state.position_rtn_m));
        assert!((pose.boresight_rtn().dot(pose.position_rtn_m) + pose.position_rtn_m.length()).abs() < 1e-9);
        assert_eq!(is_focused, latest.focus == snapshot.number);
    }
}

/// What a host adds to the simulation is in every one: also in that which follows a failure.
#[test]
fn a_host_extends_every_simulation_and_hears_of_its_failure() {
    #[derive(Resource)]
    struct Steps(Arc<AtomicU32>);
    fn count(mut events: MessageReader<EpisodeEvent>, steps: Res<Steps>) {
        let decisions = events.read().filter(|event| matches!(event, EpisodeEvent::Decision(_))).count();
        steps.0.fetch_add(decisions as u32, Ordering::Relaxed);
    }

    let (steps, begun) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (counted, started) = (steps.clone(), begun.clone());
    let episodes = EpisodePlugin::new(small_settings(PlannerKind::Passive)).with_simulation(move |simulation| {
        simulation.world_mut().insert_resource(Steps(counted.clone()));
        simulation.schedule_mut().add_systems(count.after(SimulationSystems::Record));
        if started.fetch_add(1, Ordering::Relaxed) == 0 {
            simulation.schedule_mut().add_systems(|| panic!("on purpose"));
        }
    });
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, episodes));
    update_until(&mut app, |snapshot| !snapshot.status.is_alive());
    app.world_mut().write_message(SimCommand::Restart);
    update_until(&mut app, |snapshot| snapshot.is_finished());
    assert_eq!(begun.load(Ordering::Relaxed), 2);
    drop(app.world_mut().remove_resource::<SimulationThread>());
    assert_eq!(steps.load(Ordering::Relaxed), 4 * 5);
}
