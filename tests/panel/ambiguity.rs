//! No two systems of the plugin touch the same data in an order that is left to chance.

use std::collections::BTreeSet;

use bevy::ecs::schedule::{InternedSystemSet, Schedules, SystemKey, SystemSet};
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::window::{ExitCondition, WindowPlugin};
use bevy_proxops::panel::PanelSystems;
use bevy_proxops::prelude::*;
use bevy_proxops::view::ViewSystems;

use crate::offscreen::windowless;

/// Every set that the plugins put their systems into.
fn our_sets() -> [InternedSystemSet; 11] {
    [
        EpisodeSystems::Receive.intern(),
        EpisodeSystems::Send.intern(),
        ViewSystems::Input.intern(),
        ViewSystems::Eye.intern(),
        ViewSystems::Read.intern(),
        ViewSystems::Draw.intern(),
        ViewSystems::Animate.intern(),
        ViewSystems::Order.intern(),
        PanelSystems::Keys.intern(),
        PanelSystems::Context.intern(),
        PanelSystems::Draw.intern(),
    ]
}

#[test]
fn no_two_of_our_systems_conflict_in_an_order_left_to_chance() {
    let mut app = App::new();
    let with_window = WindowPlugin { exit_condition: ExitCondition::DontExit, ..default() };
    app.add_plugins(windowless().set(with_window).disable::<LogPlugin>());
    app.add_plugins(ProxOpsPlugins::new(EpisodeSettings { start_paused: true, workers: Some(1), ..default() }));
    app.finish();
    app.cleanup();
    (0..4).for_each(|_| app.update());

    // Bevy looks for conflicts whenever it builds a schedule; a setting only says whether it reports them.
    let world = app.world();
    let (mut ours_seen, mut conflicts) = (0, Vec::new());
    for (label, schedule) in world.resource::<Schedules>().iter() {
        let graph = schedule.graph();
        let ours: BTreeSet<SystemKey> =
            our_sets().into_iter().filter_map(|set| graph.systems_in_set(set).ok()).flatten().copied().collect();
        ours_seen += ours.len();
        for (one, other, on) in graph.conflicting_systems().iter() {
            if ours.contains(one) && ours.contains(other) {
                let name = |key| graph.systems.get(key).map(|system| system.system().name().to_string());
                let on: Vec<String> =
                    on.iter().filter_map(|id| world.components().get_name(*id)).map(|name| name.to_string()).collect();
                conflicts.push(format!("{label:?}: {:?} and {:?} on {on:?}", name(*one), name(*other)));
            }
        }
    }
    assert!(ours_seen > 40, "only {ours_seen} systems are known as ours");
    assert!(conflicts.is_empty(), "{} conflicts:\n{}", conflicts.len(), conflicts.join("\n"));
}
