//! The systems of one tick, one file per set.

mod act;
mod command;
mod deciding;
mod network;
mod plan;
mod plan_with_network;
mod publish;
mod record;
mod reset;

use bevy::ecs::schedule::{
    IntoScheduleConfigs, LogLevel, Schedule, ScheduleBuildSettings, SingleThreadedExecutor, SystemSet,
};

pub use publish::{Publication, publish};

/// The parts of one tick of the simulation world, in this order. Order your own systems around them.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimulationSystems {
    /// Carries out the commands that have come in since the last tick, and hears of the training run.
    Command,
    /// Begins episodes: asked for by a reset, following a finished one, or added; takes their first image.
    Reset,
    /// Runs the searches of the current cohort, the episodes that may decide now, for at most the tick's allowance.
    Plan,
    /// Carries out the decisions: burn, propagation, image and belief update.
    Act,
    /// Adds the steps to the episodes' histories and ends finished episodes.
    Record,
    /// Builds a snapshot if one is due.
    Publish,
}

/// The schedule of one tick.
///
/// Its systems run one after the other, and spread their own work over the [`EpisodeWorkers`](crate::episode::EpisodeWorkers):
/// episodes, not systems, are what there are many of.
pub fn simulation_schedule() -> Schedule {
    let mut schedule = Schedule::default();
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.set_build_settings(ScheduleBuildSettings { ambiguity_detection: LogLevel::Error, ..Default::default() });
    schedule.configure_sets(
        (
            SimulationSystems::Command,
            SimulationSystems::Reset,
            SimulationSystems::Plan,
            SimulationSystems::Act,
            SimulationSystems::Record,
            SimulationSystems::Publish,
        )
            .chain(),
    );
    schedule.add_systems((
        (command::carry_out_commands, network::attend_training).chain().in_set(SimulationSystems::Command),
        (reset::despawn_episodes, reset::begin_episodes, reset::grant_steps).chain().in_set(SimulationSystems::Reset),
        (plan::plan, plan_with_network::plan_with_network).chain().in_set(SimulationSystems::Plan),
        act::act.in_set(SimulationSystems::Act),
        record::record.in_set(SimulationSystems::Record),
        publish::publish.run_if(publish::is_due).in_set(SimulationSystems::Publish),
    ));
    schedule
}
