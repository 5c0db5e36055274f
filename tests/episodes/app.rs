use std::time::{Duration, Instant};

use bevy::diagnostic::DiagnosticsStore;
use bevy::prelude::*;
use bevy_proxops::ProxOpsPlugins;
use bevy_proxops::episode::{
    EpisodeSettings, LatestSnapshot, SimulationStatus, SimulationStatusChanged, SimulationThread, diagnostics,
};
use bevy_proxops::prelude::*;

use crate::support::{bits, fly, minimal_app, parameter, paused_settings, small_settings, update_until};

/// A tick under way is waited for; this is a hundred of them.
const PROMPT: Duration = Duration::from_secs(3);

#[test]
fn episodes_fly_to_their_end_in_an_app_without_renderer() {
    let settings = small_settings(PlannerKind::Mcts);
    let mut app = minimal_app(settings.clone());
    update_until(&mut app, |snapshot| snapshot.is_finished());
    let in_app = app.world().resource::<LatestSnapshot>().0.clone();
    let headless = fly(settings);
    for (in_app, headless) in in_app.episodes.iter().zip(&headless.episodes) {
        assert_eq!(bits(in_app), bits(headless));
    }
}

#[cfg(feature = "view")]
#[test]
fn beside_a_window_one_core_is_left_to_the_host() {
    let cores = std::thread::available_parallelism().expect("the system tells").get();
    for (has_window, asked, expected) in [(false, None, cores), (true, None, (cores - 1).max(1)), (true, Some(3), 3)] {
        let mut app = minimal_app(EpisodeSettings { workers: asked, ..paused_settings(PlannerKind::Random) });
        if has_window {
            app.world_mut().spawn(Window::default());
        }
        update_until(&mut app, |snapshot| snapshot.episodes.len() == 4);
        let workers = app.world().resource::<LatestSnapshot>().0.diagnostics.workers;
        assert_eq!(workers, expected, "with a window: {has_window}, asked for: {asked:?}");
    }
}

/// A host without a window that exits when the run has ended, as a batch job would.
#[test]
fn a_host_that_exits_when_the_run_is_finished_exits_after_it_and_not_before() {
    let mut app = minimal_app(small_settings(PlannerKind::Random));
    assert!(!app.world().resource::<LatestSnapshot>().0.is_finished(), "nothing has been published");
    update_until(&mut app, |snapshot| snapshot.is_finished());
    let snapshot = app.world().resource::<LatestSnapshot>().0.clone();
    assert!(snapshot.episodes.len() == 4 && snapshot.episodes.iter().all(|episode| episode.step == episode.steps));
}

#[test]
fn commands_reach_the_simulation_and_diagnostics_the_store() {
    let mut app = minimal_app(paused_settings(PlannerKind::Random));
    update_until(&mut app, |snapshot| snapshot.episodes.len() == 4);
    app.world_mut().write_message(SimCommand::SetParameter {
        id: parameter("reward.discount"),
        value: ParameterValue::Number(0.5),
    });
    app.world_mut().write_message(SimCommand::Play);
    update_until(&mut app, |snapshot| snapshot.is_finished());
    let snapshot = app.world().resource::<LatestSnapshot>().0.clone();
    assert_eq!(snapshot.episodes[0].mission.scenario().reward.discount, 0.5);
    let store = app.world().resource::<DiagnosticsStore>();
    for path in [
        diagnostics::DECISIONS_PER_S,
        diagnostics::SIMULATIONS_PER_S,
        diagnostics::OBSERVATIONS_PER_S,
        diagnostics::EPISODES_DONE,
        diagnostics::CORES_BUSY,
        diagnostics::EPISODES_PER_MIN,
        diagnostics::EVALUATIONS_PER_S,
        diagnostics::BATCHES_PER_S,
        diagnostics::BATCH_FILL,
        diagnostics::NETWORK_BUSY,
        diagnostics::NETWORK_STARVED,
        diagnostics::NETWORK_AWAITED,
    ] {
        assert!(store.get_measurement(&path).is_some_and(|measured| measured.value.is_finite()), "{path}");
    }
    assert_eq!(store.get_measurement(&diagnostics::EPISODES_DONE).map(|measured| measured.value), Some(4.0));
}

#[test]
fn settings_that_cannot_be_flown_become_a_notice_and_the_app_lives() {
    let mut settings = small_settings(PlannerKind::Passive);
    settings.scenario.sensor.p_hit_occupied = 2.0;
    let mut app = minimal_app(settings);
    update_until(&mut app, |snapshot| !snapshot.episodes.is_empty());
    let snapshot = app.world().resource::<LatestSnapshot>().0.clone();
    assert!(snapshot.notices[0].text.contains("p_hit_occupied"), "{:?}", snapshot.notices);
    assert_eq!(snapshot.settings.scenario.name, Scenario::reference().name);
}

/// The host hears of a failure by a message and begins again with a command.
#[test]
fn a_host_hears_that_the_simulation_has_failed_and_restarts_it() {
    #[derive(Resource, Default)]
    struct Heard(Vec<SimulationStatus>);
    fn hear(mut heard: ResMut<Heard>, mut changes: MessageReader<SimulationStatusChanged>) {
        heard.0.extend(changes.read().map(|change| change.0.clone()));
    }

    let settings = paused_settings(PlannerKind::Passive);
    let mut app = minimal_app(settings.clone());
    app.init_resource::<Heard>().add_systems(Update, hear);
    let mut begun = 0;
    let thread = SimulationThread::spawn_with(settings, move |simulation| {
        begun += 1;
        if begun == 1 {
            simulation.schedule_mut().add_systems(|| panic!("on purpose"));
        }
    });
    app.insert_resource(thread.expect("a thread"));
    update_until(&mut app, |snapshot| matches!(snapshot.status, SimulationStatus::Failed { .. }));
    app.world_mut().write_message(SimCommand::Restart);
    update_until(&mut app, |snapshot| snapshot.status == SimulationStatus::Paused && snapshot.episodes.len() == 4);
    app.world_mut().write_message(SimCommand::Play);
    update_until(&mut app, |snapshot| snapshot.is_finished());
    let failed = SimulationStatus::Failed { reason: "on purpose".into() };
    let heard = &app.world().resource::<Heard>().0;
    let changes = [failed, SimulationStatus::Paused, SimulationStatus::Running];
    assert!(heard.ends_with(&changes), "{heard:?}");
}

#[test]
fn the_thread_stops_at_exit_and_at_drop() {
    let busy = || {
        let mut settings = small_settings(PlannerKind::Mcts);
        settings.search.simulations = 100_000;
        settings.tick_allowance = Duration::from_millis(30);
        let mut app = minimal_app(settings);
        update_until(&mut app, |snapshot| snapshot.frame > 1);
        app
    };
    let mut exiting = busy();
    assert!(exiting.world().resource::<SimulationThread>().is_running());
    let start = Instant::now();
    exiting.world_mut().write_message(AppExit::Success);
    exiting.update();
    assert!(!exiting.world().resource::<SimulationThread>().is_running());
    assert!(start.elapsed() < PROMPT);

    let dropped = busy();
    let start = Instant::now();
    drop(dropped);
    assert!(start.elapsed() < PROMPT);
}

#[test]
fn the_group_works_with_parts_left_out() {
    let settings = EpisodeSettings { workers: Some(1), ..small_settings(PlannerKind::Passive) };
    let group = ProxOpsPlugins::new(settings).build();
    #[cfg(feature = "view")]
    let group = group.disable::<ViewPlugin>();
    #[cfg(feature = "panel")]
    let group = group.disable::<PanelPlugin>();
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, group));
    update_until(&mut app, |snapshot| snapshot.is_finished());
}

#[test]
fn the_settings_of_a_part_can_be_replaced() {
    let settings = EpisodeSettings { episodes: 3, ..small_settings(PlannerKind::Passive) };
    let group = ProxOpsPlugins::default().set(EpisodePlugin::new(settings));
    #[cfg(feature = "view")]
    let group = group.disable::<ViewPlugin>();
    #[cfg(feature = "panel")]
    let group = group.disable::<PanelPlugin>();
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, group));
    update_until(&mut app, |snapshot| snapshot.episodes.len() == 3);
}

#[test]
fn bevy_users_find_the_types_in_the_registry() {
    let app = minimal_app(paused_settings(PlannerKind::Passive));
    let registry = app.world().resource::<AppTypeRegistry>().read();
    for path in [
        "bevy_proxops::episode::settings::EpisodeSettings",
        "bevy_proxops::episode::command::SimCommand",
        "proxops_core::mission::Scenario",
        "proxops_core::search::SearchConfig",
    ] {
        assert!(registry.get_with_type_path(path).is_some(), "{path}");
    }
}

/// All of Bevy but a window system and a graphics card: no `RenderApp` exists.
#[cfg(feature = "view")]
#[test]
fn the_whole_group_works_without_a_render_app() {
    use bevy::render::RenderPlugin;
    use bevy::render::settings::WgpuSettings;
    use bevy::winit::WinitPlugin;

    let no_graphics =
        RenderPlugin { render_creation: WgpuSettings { backends: None, ..default() }.into(), ..default() };
    let mut app = App::new();
    app.add_plugins((
        DefaultPlugins.set(no_graphics).disable::<WinitPlugin>(),
        ProxOpsPlugins::new(small_settings(PlannerKind::Passive)),
    ));
    app.finish();
    app.cleanup();
    update_until(&mut app, |snapshot| snapshot.is_finished());
}
