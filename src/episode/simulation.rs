use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::message::Messages;
use bevy::ecs::schedule::Schedule;
use bevy::ecs::world::World;

use crate::episode::command::{SimCommand, Speed};
use crate::episode::components::{EpisodePace, EpisodePicture, EpisodePlanner, PictureChange};
use crate::episode::error::EpisodeError;
use crate::episode::file_work::FileWork;
use crate::episode::messages::EpisodeEvent;
use crate::episode::meter::{Load, Meter};
use crate::episode::network::NetworkPlanner;
use crate::episode::run::Run;
use crate::episode::settings::EpisodeSettings;
use crate::episode::snapshot::{EpisodeSnapshot, SimDiagnostics, SimulationSnapshot};
use crate::episode::systems::{Publication, publish, simulation_schedule};
use crate::episode::training::Trainer;
use crate::episode::trees::EpisodeTrees;
use crate::episode::workers::EpisodeWorkers;
use crate::flight::Workers;

/// Between two looks at files that are being read or written.
const FILE_GLANCE: Duration = Duration::from_millis(10);

/// Many episodes in a world of their own, advanced tick by tick.
///
/// Windowed or headless, alone or inside an app, it is this that runs. Every result is a function of settings and
/// commands alone: neither the number of workers nor the length of a tick shows in it.
///
/// ```
/// use bevy_proxops::prelude::*;
///
/// let search = SearchConfig { planner: PlannerKind::Passive, ..Default::default() };
/// let settings = EpisodeSettings { episodes: 2, ..EpisodeSettings::headless(Scenario::reference(), search) };
/// let mut simulation = Simulation::new(settings)?;
/// simulation.run_to_end();
/// for episode in &simulation.snapshot().episodes {
///     assert!(episode.entropy_nats < episode.initial_entropy_nats);
/// }
/// # Ok::<(), EpisodeError>(())
/// ```
pub struct Simulation {
    world: World,
    schedule: Schedule,
}

impl Simulation {
    /// A run about to begin its first episodes. Snapshots are built when asked for.
    ///
    /// # Errors
    /// [`EpisodeError`] for settings outside their range and for a scenario that cannot be flown.
    pub fn new(settings: EpisodeSettings) -> Result<Self, EpisodeError> {
        let mut run = Run::new(settings)?;
        let workers = Workers::new(run.settings.workers);
        if let Some(shortage) = workers.shortage(run.settings.workers) {
            run.notices.warning(shortage);
        }
        let mut world = World::new();
        world.insert_resource(Publication::new(&run, None));
        world.insert_resource(EpisodeWorkers(workers));
        world.insert_resource(EpisodeTrees::for_run(&run.settings));
        world.insert_resource(run);
        world.init_resource::<FileWork>();
        world.init_resource::<NetworkPlanner>();
        world.init_resource::<Trainer>();
        world.init_resource::<Meter>();
        world.init_resource::<Messages<SimCommand>>();
        world.init_resource::<Messages<EpisodeEvent>>();
        Ok(Self { world, schedule: simulation_schedule() })
    }

    /// Flies one episode of the run alone, from its first image to its end. It ends in the same bits as among all
    /// the others, unless a parameter was changed there in mid-flight
    /// ([`EpisodeSnapshot::altered`](crate::episode::EpisodeSnapshot)).
    ///
    /// # Errors
    /// As [`Simulation::new`].
    pub fn replay(settings: &EpisodeSettings, number: u32) -> Result<Arc<EpisodeSnapshot>, EpisodeError> {
        let mut simulation =
            Self::new(EpisodeSettings { speed: Speed::Max, start_paused: false, ..settings.clone().only(number) })?;
        simulation.run_to_end();
        // `only` leaves one episode, which `run_to_end` has begun.
        Ok(simulation.snapshot().episodes[0].clone())
    }

    /// Sends a command; it is carried out at the beginning of the next tick.
    pub fn command(&mut self, command: SimCommand) {
        self.world.write_message(command);
    }

    /// Runs the schedule once.
    pub fn tick(&mut self) {
        self.world.resource_mut::<Messages<EpisodeEvent>>().update();
        self.world.resource_mut::<Meter>().begin_tick(Instant::now());
        self.schedule.run(&mut self.world);
        self.world.resource_mut::<Meter>().end_tick(Instant::now());
    }

    /// Ticks until every episode has flown its last step. With
    /// [`auto_restart`](EpisodeSettings::auto_restart) or while paused that never happens, so it returns at once then.
    pub fn run_to_end(&mut self) {
        self.tick();
        while !self.is_finished() {
            let run = self.world.resource::<Run>();
            if run.paused || run.settings.auto_restart {
                return;
            }
            std::thread::sleep(self.idle_for());
            self.tick();
        }
    }

    /// Whether the run has ended: there are episodes, all have flown their last step or failed, and no other will follow them
    /// ([`auto_restart`](EpisodeSettings::auto_restart)). Before the first tick nothing has ended.
    pub fn is_finished(&mut self) -> bool {
        if self.world.resource::<Run>().settings.auto_restart {
            return false;
        }
        let mut episodes = self.world.query::<&EpisodePlanner>();
        let mut planners = episodes.iter(&self.world).peekable();
        planners.peek().is_some() && planners.all(EpisodePlanner::is_over)
    }

    /// The run as it stands after the latest tick.
    pub fn snapshot(&mut self) -> Arc<SimulationSnapshot> {
        // The system has no parameter that can be missing and returns nothing, so it cannot fail.
        let _ = self.world.run_system_cached(publish);
        self.latest_snapshot()
    }

    /// The latest snapshot that was built.
    pub fn latest_snapshot(&self) -> Arc<SimulationSnapshot> {
        self.world.resource::<Publication>().latest.clone()
    }

    /// Rates and shares over the whole run so far, or since [`restart_diagnostics`](Self::restart_diagnostics); those of
    /// a snapshot are over about its last second.
    pub fn total_diagnostics(&self) -> SimDiagnostics {
        self.world.resource::<Meter>().total(self.load())
    }

    /// Lets [`total_diagnostics`](Self::total_diagnostics) begin anew.
    pub fn restart_diagnostics(&mut self) {
        let load = self.load();
        self.world.resource_mut::<Meter>().restart(load);
    }

    fn load(&self) -> Load {
        let counts = self.world.resource::<NetworkPlanner>().counts();
        Load::of(self.world.resource::<EpisodeWorkers>(), &counts)
    }

    /// From now on the schedule builds a snapshot at most once per interval.
    pub fn publish_every(&mut self, interval: Duration) {
        self.world.resource_mut::<Publication>().interval = Some(interval);
    }

    /// Bytes that search trees hold which no decision uses at the moment; they are kept for the next decisions.
    pub fn idle_tree_bytes(&self) -> usize {
        self.world.resource::<EpisodeTrees>().idle_bytes()
    }

    /// How long nothing will happen without a command: zero while an episode may decide now, [`Duration::MAX`] when
    /// all are finished or paused.
    pub fn idle_for(&mut self) -> Duration {
        let now = Instant::now();
        let run = self.world.resource::<Run>();
        let (paused, follow) = (run.paused, run.settings.auto_restart);
        let unpublished = self.world.resource::<Publication>().due_in().unwrap_or(Duration::MAX);
        let file = if self.world.resource::<FileWork>().is_empty() { Duration::MAX } else { FILE_GLANCE };
        let mut episodes = self.world.query::<(&EpisodePlanner, &EpisodePace, &EpisodePicture)>();
        episodes
            .iter(&self.world)
            .map(|(planner, pace, picture)| {
                let decision = match planner {
                    EpisodePlanner::Failing(_) => Duration::ZERO,
                    EpisodePlanner::Failed(_) => Duration::MAX,
                    EpisodePlanner::Finished if paused || !follow => Duration::MAX,
                    _ if paused && pace.granted == 0 => Duration::MAX,
                    _ if paused => Duration::ZERO,
                    _ => pace.due.saturating_duration_since(now),
                };
                if picture.change == PictureChange::None { decision } else { decision.min(unpublished) }
            })
            .min()
            .unwrap_or(Duration::ZERO)
            .min(file)
    }

    /// The simulation's world. Episodes are the entities with an [`Episode`](crate::episode::Episode).
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The simulation's world, for systems of your own.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// The schedule of a tick, for systems of your own: order them around
    /// [`SimulationSystems`](crate::episode::SimulationSystems).
    pub fn schedule_mut(&mut self) -> &mut Schedule {
        &mut self.schedule
    }
}
