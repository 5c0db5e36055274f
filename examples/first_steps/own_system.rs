//! A system of one's own in the simulation's world: it runs in every tick at full speed, not once a frame, and sees the
//! episodes' own components.

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_proxops::episode::EpisodeState;
use bevy_proxops::prelude::*;

/// Distance below which the watch raises an alarm, m.
#[derive(Resource)]
struct AlarmRange(f64);

fn main() {
    let search = SearchConfig { planner: PlannerKind::Random, ..default() };
    let settings = EpisodeSettings { episodes: 4, ..EpisodeSettings::headless(Scenario::reference(), search) };
    let episodes = EpisodePlugin::new(settings).with_simulation(|simulation| {
        simulation.world_mut().insert_resource(AlarmRange(320.0));
        simulation.schedule_mut().add_systems(watch_range.after(SimulationSystems::Record));
    });
    let frames = ScheduleRunnerPlugin::run_loop(Duration::from_millis(20));
    App::new().add_plugins((MinimalPlugins.set(frames), episodes)).add_systems(Update, exit_at_the_end).run();
}

/// Inside the simulation all that happens is one stream of events.
fn watch_range(
    mut events: MessageReader<EpisodeEvent>,
    alarm: Res<AlarmRange>,
    states: Query<(&Episode, &EpisodeState)>,
) {
    for event in events.read() {
        let EpisodeEvent::Image(image) = event else { continue };
        let range_m = image.position_rtn_m.length();
        if range_m < alarm.0 {
            let spent =
                states.iter().find(|(episode, _)| **episode == image.episode).map(|(_, state)| state.0.dv_spent_m_s);
            println!("{range_m:.0} m in episode {}, {:.2} m/s spent", image.episode.number, spent.unwrap_or_default());
        }
    }
}

fn exit_at_the_end(latest: Res<LatestSnapshot>, mut exit: MessageWriter<AppExit>) {
    if latest.0.is_finished() {
        exit.write(AppExit::Success);
    }
}
