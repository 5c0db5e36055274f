use std::sync::{Arc, Mutex};

use bevy::ecs::schedule::{LogLevel, ScheduleLabel};
use bevy::prelude::*;
use bevy_proxops::episode::{Episode, Simulation};
use bevy_proxops::prelude::*;

use crate::support::{minimal_app, small_settings};

#[test]
fn the_simulation_schedule_has_no_ambiguity() {
    // The schedule itself treats an ambiguity as an error: a tick would panic.
    let mut simulation = Simulation::new(small_settings(PlannerKind::Passive)).unwrap();
    simulation.tick();
}

#[test]
fn the_app_schedules_have_no_ambiguity() {
    let mut app = minimal_app(small_settings(PlannerKind::Passive));
    for label in [PreUpdate.intern(), Update.intern(), Last.intern(), PreStartup.intern()] {
        app.edit_schedule(label, |schedule| {
            let mut settings = schedule.get_build_settings();
            settings.ambiguity_detection = LogLevel::Error;
            schedule.set_build_settings(settings);
        });
    }
    app.update();
}

#[test]
fn a_host_orders_its_own_systems_around_the_sets() {
    #[derive(Resource, Clone, Default)]
    struct Log(Arc<Mutex<Vec<&'static str>>>);
    fn note(entry: &'static str) -> impl Fn(Res<Log>, Query<&Episode>) + Clone {
        move |log, episodes| {
            if !episodes.is_empty() {
                log.0.lock().unwrap().push(entry);
            }
        }
    }
    let mut simulation = Simulation::new(small_settings(PlannerKind::Passive)).unwrap();
    let log = Log::default();
    simulation.world_mut().insert_resource(log.clone());
    simulation.schedule_mut().add_systems((
        note("after record").after(SimulationSystems::Record).before(SimulationSystems::Publish),
        note("before plan").before(SimulationSystems::Plan).after(SimulationSystems::Reset),
    ));
    simulation.tick();
    assert_eq!(*log.0.lock().unwrap(), ["before plan", "after record"]);
}
