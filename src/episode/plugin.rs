use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use bevy::app::{App, AppExit, Last, Plugin, PreStartup, PreUpdate};
use bevy::diagnostic::Diagnostics;
use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::message::{MessageReader, MessageWriter};
#[cfg(feature = "view")]
use bevy::ecs::query::With;
use bevy::ecs::schedule::{IntoScheduleConfigs, SystemSet};
use bevy::ecs::system::Commands;
#[cfg(feature = "view")]
use bevy::ecs::system::Query;
#[cfg(feature = "view")]
use bevy::window::Window;

use crate::episode::command::SimCommand;
use crate::episode::diagnostics;
use crate::episode::reflection;
use crate::episode::settings::EpisodeSettings;
use crate::episode::snapshot::{LatestSnapshot, SimulationSnapshot, SimulationStatusChanged};
use crate::episode::thread::SimulationThread;

/// What this crate does in an app's own schedules. Order your systems around them.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EpisodeSystems {
    /// In `PreUpdate`: [`LatestSnapshot`] is brought up to date, and Bevy's diagnostics with it;
    /// [`SimulationStatusChanged`] is sent if need be.
    Receive,
    /// In `Last`: the frame's [`SimCommand`] messages leave for the simulation.
    Send,
}

/// Runs the episodes on a thread of their own and brings their snapshots into the app.
///
/// Adds the [`EpisodeSettings`] and [`LatestSnapshot`] resources and the [`SimCommand`] and [`SimulationStatusChanged`]
/// messages, and needs nothing
/// but [`MinimalPlugins`](bevy::MinimalPlugins). The simulation starts in `PreStartup` with the settings found
/// there, unless the host has inserted a [`SimulationThread`]
/// with systems of its own; later changes go through [`SimCommand`]. It stops with [`AppExit`] or with the world.
#[derive(Clone, Debug, Default)]
pub struct EpisodePlugin {
    /// What to run.
    pub settings: EpisodeSettings,
}

impl Plugin for EpisodePlugin {
    fn build(&self, app: &mut App) {
        reflection::register_types(app);
        diagnostics::register(app);
        app.insert_resource(LatestSnapshot(Arc::new(SimulationSnapshot::empty(&self.settings))))
            .insert_resource(self.settings.clone())
            .add_message::<SimCommand>()
            .add_message::<SimulationStatusChanged>()
            .configure_sets(PreUpdate, EpisodeSystems::Receive)
            .configure_sets(Last, EpisodeSystems::Send)
            .add_systems(PreStartup, start)
            .add_systems(PreUpdate, receive.in_set(EpisodeSystems::Receive))
            .add_systems(Last, (send, stop_at_exit).chain().in_set(EpisodeSystems::Send));
    }
}

/// Starts the simulation's thread, unless the host has put one of its own in place.
fn start(
    mut commands: Commands,
    settings: Res<EpisodeSettings>,
    thread: Option<Res<SimulationThread>>,
    #[cfg(feature = "view")] windows: Query<(), With<Window>>,
) {
    if thread.is_some() {
        return;
    }
    #[cfg(feature = "view")]
    let has_window = !windows.is_empty();
    #[cfg(not(feature = "view"))]
    let has_window = false;
    let workers = settings.workers.or_else(|| has_window.then(workers_beside_a_window));
    let settings = EpisodeSettings { workers, ..settings.clone() };
    commands.insert_resource(SimulationThread::spawn(settings.clone()).unwrap_or_else(|error| {
        let reason = format!("its thread cannot be started: {error}");
        SimulationThread::failed(&settings, reason)
    }));
}

/// All cores but one, which the frames of the host have for themselves.
fn workers_beside_a_window() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1)
}

/// Takes over the newest snapshot, if there is a newer one; only then [`LatestSnapshot`] counts as changed.
fn receive(
    thread: Option<Res<SimulationThread>>,
    mut latest: ResMut<LatestSnapshot>,
    mut diagnostics: Diagnostics,
    mut changes: MessageWriter<SimulationStatusChanged>,
) {
    let Some(snapshot) = thread.and_then(|thread| thread.newer_than(latest.0.frame)) else { return };
    if snapshot.status != latest.0.status {
        changes.write(SimulationStatusChanged(snapshot.status.clone()));
    }
    diagnostics::measure(&mut diagnostics, &snapshot.diagnostics);
    latest.0 = snapshot;
}

/// Sends this frame's commands to the simulation.
fn send(thread: Option<Res<SimulationThread>>, mut messages: MessageReader<SimCommand>) {
    let Some(thread) = thread else { return };
    messages.read().for_each(|command| thread.send(command.clone()));
}

/// Ends the thread with the app, also where the app's world is never dropped.
fn stop_at_exit(thread: Option<ResMut<SimulationThread>>, mut exits: MessageReader<AppExit>) {
    if exits.read().next().is_some()
        && let Some(mut thread) = thread
    {
        thread.stop();
    }
}
