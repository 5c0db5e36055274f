//! Reacts to what happens in the episodes: decisions, burns, images and ends come as messages, each of them once.

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_proxops::prelude::*;

fn main() {
    let search = SearchConfig { planner: PlannerKind::Random, ..default() };
    let scenario = Scenario { steps: 4, ..Scenario::reference() };
    let settings = EpisodeSettings { episodes: 2, ..EpisodeSettings::headless(scenario, search) };
    let frames = ScheduleRunnerPlugin::run_loop(Duration::from_millis(20));
    App::new()
        .add_plugins((MinimalPlugins.set(frames), EpisodePlugin::new(settings)))
        .add_systems(Update, (tell_burns, tell_images, count_finished, tell_failures))
        .run();
}

fn tell_burns(mut burns: MessageReader<BurnExecuted>) {
    for burn in burns.read() {
        println!("episode {} burns {:.2} m/s in step {}", burn.episode.number, burn.dv_rtn_m_s.length(), burn.step);
    }
}

fn tell_images(mut images: MessageReader<ImageTaken>) {
    for image in images.read() {
        let learnt = image.entropy_before_nats - image.entropy_after_nats;
        println!("episode {} learns {learnt:.1} nats from image {}", image.episode.number, image.step);
    }
}

fn count_finished(
    mut finished: MessageReader<EpisodeFinished>,
    mut count: Local<u32>,
    mut exit: MessageWriter<AppExit>,
) {
    for EpisodeFinished { episode, metrics } in finished.read() {
        println!("episode {} is over: {:.2} m/s spent", episode.number, metrics.dv_spent_m_s);
        *count += 1;
    }
    if *count == 2 {
        exit.write(AppExit::Success);
    }
}

/// A fault ends one episode, and the others go on.
fn tell_failures(mut failures: MessageReader<EpisodeFailed>, mut exit: MessageWriter<AppExit>) {
    for failed in failures.read() {
        eprintln!("episode {} failed after step {}: {}", failed.episode.number, failed.step, failed.failure);
        exit.write(AppExit::error());
    }
}
