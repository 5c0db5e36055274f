use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use bevy::app::{App, AppExit, Last, Plugin, PreStartup, PreUpdate};
use bevy::diagnostic::Diagnostics;
use bevy::ecs::change_detection::{Res, ResMut};
use bevy::ecs::message::{MessageReader, MessageWriter};
#[cfg(feature = "view")]
use bevy::ecs::query::With;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::{IntoScheduleConfigs, SystemSet};
use bevy::ecs::system::Commands;
#[cfg(feature = "view")]
use bevy::ecs::system::Query;
#[cfg(feature = "view")]
use bevy::window::Window;

use crate::episode::command::SimCommand;
use crate::episode::diagnostics;
use crate::episode::messages::{self, EpisodeMessages};
use crate::episode::mirror;
use crate::episode::reflection;
use crate::episode::settings::EpisodeSettings;
use crate::episode::simulation::Simulation;
use crate::episode::snapshot::{LatestSnapshot, SimulationSnapshot, SimulationStatusChanged};
use crate::episode::thread::{Extension, SimulationThread};

/// What this crate does in an app's own schedules. Order your systems around them.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EpisodeSystems {
    /// In `PreUpdate`: [`LatestSnapshot`], the entities of the episodes and Bevy's diagnostics are brought up to date, and
    /// what has happened until then is sent as messages.
    Receive,
    /// In `Last`: the frame's [`SimCommand`] messages leave for the simulation.
    Send,
}

/// Runs the episodes on a thread of their own and brings their snapshots into the app.
///
/// It needs nothing but [`MinimalPlugins`](bevy::MinimalPlugins). The simulation starts in `PreStartup` with these settings;
/// later changes go through [`SimCommand`] messages. It stops with [`AppExit`] or with the world. What it brings:
///
/// | in the app's world | says |
/// |---|---|
/// | [`LatestSnapshot`] | everything as it is, settings included |
/// | [`EpisodeStarted`](super::EpisodeStarted), [`DecisionMade`](super::DecisionMade), [`BurnExecuted`](super::BurnExecuted), [`ImageTaken`](super::ImageTaken), [`EpisodeFinished`](super::EpisodeFinished), [`EpisodeFailed`](super::EpisodeFailed) | what has happened: every message once, those of an episode in their order, however slow the frames are; the snapshot of the same frame shows it. An app that draws no frame for long loses the oldest ([`MAX_WAITING_MESSAGES`](super::MAX_WAITING_MESSAGES)) and is told by [`MessagesLost`](super::MessagesLost) |
/// | one entity for each parallel episode with [`Episode`](super::Episode), [`EpisodeProgress`](super::EpisodeProgress), [`ServicerPose`](super::ServicerPose) and [`LatestEpisode`](super::LatestEpisode) | the episode as it is; the one in focus has [`FocusedEpisode`](super::FocusedEpisode) |
/// | [`SimulationStatusChanged`] | whether the simulation runs, has failed, was stopped |
///
/// Systems and resources of a host's own join the simulation's world with [`with_simulation`](Self::with_simulation).
#[derive(Clone, Default)]
pub struct EpisodePlugin {
    /// What to run.
    pub settings: EpisodeSettings,
    extensions: Vec<Extension>,
}

impl EpisodePlugin {
    /// Runs these settings.
    pub fn new(settings: EpisodeSettings) -> Self {
        Self { settings, extensions: Vec::new() }
    }

    /// Extends the simulation: `extend` gets every simulation before its first tick, also the one that follows a failure, and
    /// adds systems, resources and entities to its world. It runs on the simulation's thread.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_proxops::prelude::*;
    ///
    /// fn count_steps(mut events: MessageReader<EpisodeEvent>, mut steps: Local<usize>) {
    ///     *steps += events.read().filter(|event| matches!(event, EpisodeEvent::Decision(_))).count();
    /// }
    ///
    /// let episodes = EpisodePlugin::default().with_simulation(|simulation| {
    ///     simulation.schedule_mut().add_systems(count_steps.after(SimulationSystems::Record));
    /// });
    /// App::new().add_plugins((MinimalPlugins, episodes));
    /// ```
    #[must_use]
    pub fn with_simulation(mut self, extend: impl Fn(&mut Simulation) + Send + Sync + 'static) -> Self {
        self.extensions.push(Arc::new(extend));
        self
    }
}

impl fmt::Debug for EpisodePlugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extensions = self.extensions.len();
        formatter
            .debug_struct("EpisodePlugin")
            .field("settings", &self.settings)
            .field("extensions", &extensions)
            .finish()
    }
}

impl Plugin for EpisodePlugin {
    fn build(&self, app: &mut App) {
        reflection::register_types(app);
        messages::add_messages(app);
        diagnostics::register(app);
        app.insert_resource(LatestSnapshot(Arc::new(SimulationSnapshot::empty(&self.settings))))
            .add_message::<SimCommand>()
            .add_message::<SimulationStatusChanged>()
            .insert_resource(Start(self.clone()))
            .configure_sets(PreUpdate, EpisodeSystems::Receive)
            .configure_sets(Last, EpisodeSystems::Send)
            .add_systems(PreStartup, start)
            .add_systems(PreUpdate, (receive, mirror::mirror_episodes).chain().in_set(EpisodeSystems::Receive))
            .add_systems(Last, (send, stop_at_exit).chain().in_set(EpisodeSystems::Send));
    }
}

/// What the simulation starts with.
#[derive(Resource)]
struct Start(EpisodePlugin);

/// Starts the simulation's thread, unless the host has put one of its own in place.
fn start(
    mut commands: Commands,
    start: Res<Start>,
    thread: Option<Res<SimulationThread>>,
    #[cfg(feature = "view")] windows: Query<(), With<Window>>,
) {
    commands.remove_resource::<Start>();
    if thread.is_some() {
        return;
    }
    #[cfg(feature = "view")]
    let has_window = !windows.is_empty();
    #[cfg(not(feature = "view"))]
    let has_window = false;
    let EpisodePlugin { settings, extensions } = start.0.clone();
    let workers = settings.workers.or_else(|| has_window.then(workers_beside_a_window));
    let settings = EpisodeSettings { workers, ..settings };
    let extend = move |simulation: &mut Simulation| extensions.iter().for_each(|extend| extend(simulation));
    commands.insert_resource(SimulationThread::spawn_or_say_why(settings, Arc::new(extend)));
}

/// All cores but one, which the frames of the host have for themselves.
fn workers_beside_a_window() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1)
}

/// Takes over the newest snapshot and what has happened until then, if there is a newer one; only then [`LatestSnapshot`]
/// counts as changed.
fn receive(
    thread: Option<Res<SimulationThread>>,
    mut latest: ResMut<LatestSnapshot>,
    mut diagnostics: Diagnostics,
    mut changes: MessageWriter<SimulationStatusChanged>,
    mut messages: EpisodeMessages,
) {
    let Some(received) = thread.and_then(|thread| thread.receive(latest.0.frame)) else { return };
    let snapshot = received.snapshot;
    messages.write(received.events, received.lost);
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
        app.add_plugins((MinimalPlugins, EpisodePlugin::new(settings)));
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
