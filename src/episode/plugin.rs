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
    commands.insert_resource(SimulationThread::spawn_or_say_why(settings));
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

/// Sends this frame's commands to the simulation. One that got no thread cannot hear that it is to restart.
fn send(thread: Option<ResMut<SimulationThread>>, mut messages: MessageReader<SimCommand>) {
    let Some(mut thread) = thread else { return };
    for command in messages.read() {
        let is_done = matches!(command, SimCommand::Restart) && thread.start_again();
        if !is_done {
            thread.send(command.clone());
        }
    }
}

/// Ends the thread with the app, also where the app's world is never dropped.
fn stop_at_exit(thread: Option<ResMut<SimulationThread>>, mut exits: MessageReader<AppExit>) {
    if exits.read().next().is_some()
        && let Some(mut thread) = thread
    {
        thread.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bevy::MinimalPlugins;
    use bevy::ecs::schedule::SingleThreadedExecutor;

    use super::*;
    use crate::episode::SimulationStatus;
    use crate::search::PlannerKind;
    use crate::threads::refusal;

    /// Far beyond what is needed, so that only a hang fails.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn status(app: &App) -> SimulationStatus {
        app.world().resource::<LatestSnapshot>().0.status.clone()
    }

    #[test]
    fn restart_starts_a_simulation_that_got_no_thread() {
        let mut settings = EpisodeSettings { episodes: 1, start_paused: true, ..Default::default() };
        settings.search.planner = PlannerKind::Passive;
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, EpisodePlugin { settings }));
        // The system is made to refuse on this thread.
        app.edit_schedule(PreStartup, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
        });
        refusal::after(0, || app.update());
        app.update();
        assert!(matches!(status(&app), SimulationStatus::Failed { .. }), "{:?}", status(&app));
        app.world_mut().write_message(SimCommand::Restart);
        let start = Instant::now();
        while !status(&app).is_alive() {
            app.update();
            assert!(start.elapsed() < PATIENCE, "waited in vain: {:?}", status(&app));
        }
        assert_eq!(status(&app), SimulationStatus::Paused);
    }
}
