//! Many episodes, large grids, floods of commands, long pauses: what is counted stays bounded.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::message::Messages;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_proxops::episode::{Episode, EpisodeSettings, LatestSnapshot, MAX_NOTICES, Simulation};
use bevy_proxops::prelude::*;

use crate::support::{bits, fly, minimal_app, parameter, paused_settings, small_settings, update_until};

fn set(path: &str, value: ParameterValue) -> SimCommand {
    SimCommand::SetParameter { id: parameter(path), value }
}

#[test]
fn a_thousand_episodes_are_all_flown() {
    let mut settings = EpisodeSettings { episodes: 1000, ..small_settings(PlannerKind::Mcts) };
    settings.scenario.steps = 2;
    settings.search.simulations = 5;
    let mut simulation = Simulation::new(settings).expect("valid settings");
    simulation.run_to_end();
    let snapshot = simulation.snapshot();
    let numbers: BTreeSet<u32> = snapshot.episodes.iter().map(|episode| episode.number).collect();
    assert_eq!(numbers, (0..1000).collect());
    assert!(snapshot.episodes.iter().all(|episode| episode.step == 2 && episode.states.len() == 3));
    assert_eq!(snapshot.diagnostics.decisions, 2000);
    // One worker, one tree of five nodes.
    assert!(simulation.idle_tree_bytes() < 10_000, "{} bytes", simulation.idle_tree_bytes());
}

#[test]
fn the_largest_grid_is_flown() {
    let mut settings = EpisodeSettings { episodes: 2, ..small_settings(PlannerKind::Mcts) };
    settings.scenario.grid.cells_per_axis = 64;
    settings.scenario.grid.voxel_size_m = 0.3;
    settings.scenario.steps = 2;
    settings.search.simulations = 8;
    let snapshot = fly(settings);
    for episode in &snapshot.episodes {
        assert_eq!((episode.step, episode.probability_u8.len()), (2, 64 * 64 * 64));
        assert!(episode.entropy_nats < episode.initial_entropy_nats);
    }
}

/// Ten seconds of a host that changes two parameters a thousand times a second, at a hundred ticks a second.
#[test]
fn ten_thousand_changes_leave_no_queue_and_the_last_value() {
    let settings = paused_settings(PlannerKind::Mcts);
    let mut simulation = Simulation::new(settings.clone()).expect("valid settings");
    for tick in 0..1000 {
        for change in 0..10 {
            let share = f64::from(10 * tick + change + 1) / 10_000.0;
            simulation.command(set("reward.discount", ParameterValue::Number(share)));
            simulation.command(set("search.simulations", ParameterValue::Integer(i64::from(tick % 50 + change + 1))));
        }
        simulation.tick();
        assert!(simulation.world().resource::<Messages<SimCommand>>().is_empty(), "tick {tick}");
    }
    let snapshot = simulation.snapshot();
    assert_eq!(snapshot.settings.scenario.reward.discount, 1.0);
    assert_eq!(snapshot.settings.search.simulations, 999 % 50 + 10);
    assert!(snapshot.notices.is_empty(), "{:?}", snapshot.notices);

    // What it came to is what it would have come to at once.
    simulation.command(set("search.simulations", ParameterValue::Integer(60)));
    simulation.command(set("reward.discount", ParameterValue::Number(settings.scenario.reward.discount)));
    simulation.command(SimCommand::Play);
    simulation.run_to_end();
    let flown = fly(EpisodeSettings { start_paused: false, ..settings });
    for (changed, flown) in simulation.snapshot().episodes.iter().zip(&flown.episodes) {
        assert_eq!(bits(changed), bits(flown));
    }
}

#[test]
fn of_a_flood_with_a_bad_value_the_good_ones_count_and_the_bad_one_is_named_once() {
    let mut simulation = Simulation::new(paused_settings(PlannerKind::Mcts)).expect("valid settings");
    for change in 1..=2000 {
        simulation.command(set("search.simulations", ParameterValue::Integer(change)));
        simulation.command(set("sensor.p_hit_occupied", ParameterValue::Number(f64::from(change as i32))));
    }
    simulation.tick();
    let snapshot = simulation.snapshot();
    assert_eq!(snapshot.settings.search.simulations, 2000);
    let texts: Vec<_> = snapshot.notices.iter().map(|notice| notice.text.as_str()).collect();
    assert!(matches!(texts[..], [one] if one.contains("sensor.p_hit_occupied = 2000")), "{texts:?}");
}

/// An hour of frames, on a clock of the test's own.
#[test]
fn an_hour_of_pause_makes_nothing_and_the_run_goes_on_as_if_there_had_been_none() {
    let settings = paused_settings(PlannerKind::Mcts);
    let mut app = minimal_app(settings.clone());
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs(1)));
    update_until(&mut app, |snapshot| snapshot.episodes.len() == 4);
    let latest = |app: &App| app.world().resource::<LatestSnapshot>().0.clone();
    let before = latest(&app);
    for _ in 0..3600 {
        app.update();
    }
    // Snapshots go on, for their diagnostics, but nothing in them is made again.
    let after = latest(&app);
    assert!(before.episodes.iter().zip(&after.episodes).all(|(before, after)| Arc::ptr_eq(before, after)));
    assert!(Arc::ptr_eq(&before.settings, &after.settings));
    assert!(after.notices.is_empty() && after.diagnostics.decisions == 0, "{:?}", after.notices);
    app.world_mut().write_message(SimCommand::Play);
    update_until(&mut app, |snapshot| snapshot.is_finished());
    let paused = app.world().resource::<LatestSnapshot>().0.clone();
    let flown = fly(EpisodeSettings { start_paused: false, ..settings });
    for (paused, flown) in paused.episodes.iter().zip(&flown.episodes) {
        assert_eq!(bits(paused), bits(flown));
    }
}

#[test]
fn what_follows_one_another_does_not_pile_up() {
    let mut settings = EpisodeSettings { auto_restart: true, ..small_settings(PlannerKind::Random) };
    settings.scenario.steps = 1;
    let mut simulation = Simulation::new(settings).expect("valid settings");
    while simulation.snapshot().diagnostics.episodes_done < 500 {
        simulation.tick();
        simulation.command(SimCommand::Focus(u32::MAX));
    }
    let snapshot = simulation.snapshot();
    assert_eq!((snapshot.episodes.len(), snapshot.notices.len()), (4, MAX_NOTICES));
    assert!(snapshot.episodes.iter().all(|episode| episode.states.len() <= 2 && episode.transitions.len() <= 1));
    let world = simulation.world_mut();
    assert_eq!(world.query::<&Episode>().iter(world).count(), 4, "those that have ended are gone");
}

#[test]
fn idle_trees_are_given_back_when_settings_shrink() {
    let mut settings = small_settings(PlannerKind::Mcts);
    settings.search.simulations = 2000;
    settings.auto_restart = true;
    settings.scenario.steps = 1;
    let mut simulation = Simulation::new(settings).expect("valid settings");
    while simulation.snapshot().diagnostics.episodes_done < 4 || simulation.idle_tree_bytes() == 0 {
        simulation.tick();
    }
    let large = simulation.idle_tree_bytes();
    simulation.command(SimCommand::Pause);
    simulation.command(set("search.simulations", ParameterValue::Integer(20)));
    simulation.tick();
    assert_eq!(simulation.idle_tree_bytes(), 0, "{large} bytes before");
    simulation.command(SimCommand::Play);
    for _ in 0..50 {
        simulation.tick();
    }
    // Searches that were under way bring their large trees back, and they are not kept.
    let small = simulation.idle_tree_bytes();
    assert!(large > 100_000 && small < large / 20, "{large} bytes, then {small}");
}

#[test]
fn an_app_that_loses_its_window_in_the_middle_of_a_search_ends_or_goes_on_as_told() {
    use bevy::render::RenderPlugin;
    use bevy::render::settings::WgpuSettings;
    use bevy::window::{ExitCondition, PrimaryWindow};
    use bevy::winit::WinitPlugin;
    use bevy_proxops::episode::SimulationThread;

    for exit_condition in [ExitCondition::OnPrimaryClosed, ExitCondition::DontExit] {
        let ends = matches!(exit_condition, ExitCondition::OnPrimaryClosed);
        let mut settings = small_settings(PlannerKind::Mcts);
        settings.search.simulations = 20_000;
        settings.tick_allowance = Duration::from_millis(5);
        let no_graphics =
            RenderPlugin { render_creation: WgpuSettings { backends: None, ..default() }.into(), ..default() };
        let window = WindowPlugin { exit_condition, ..default() };
        let mut app = App::new();
        app.add_plugins((
            DefaultPlugins.set(no_graphics).set(window).disable::<WinitPlugin>(),
            ProxOpsPlugins::new(settings),
        ));
        app.finish();
        app.cleanup();
        let searching = |status: &EpisodeStatus| matches!(status, EpisodeStatus::Searching { done: 1.., .. });
        update_until(&mut app, |snapshot| snapshot.episodes.iter().any(|episode| searching(&episode.status)));

        // Minimised: nothing is left of it to draw on.
        let mut windows = app.world_mut().query_filtered::<(Entity, &mut Window), With<PrimaryWindow>>();
        let (entity, mut window) = windows.single_mut(app.world_mut()).expect("one window");
        window.resolution.set(0.0, 0.0);
        window.visible = false;
        let before = app.world().resource::<LatestSnapshot>().0.frame;
        update_until(&mut app, |snapshot| snapshot.frame > before + 2);

        app.world_mut().entity_mut(entity).despawn();
        app.update();
        app.update();
        let running = app.world().resource::<SimulationThread>().is_running();
        assert_eq!((app.should_exit().is_some(), running), (ends, !ends));
        if !ends {
            let before = app.world().resource::<LatestSnapshot>().0.frame;
            update_until(&mut app, |snapshot| snapshot.frame > before + 2);
        }
    }
}
