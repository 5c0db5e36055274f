//! Reads what the episodes are at: from the snapshot of the whole run, and from the entity of each episode.

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_proxops::prelude::*;

fn main() {
    let search = SearchConfig { planner: PlannerKind::Mcts, simulations: 50, ..default() };
    let settings = EpisodeSettings { episodes: 3, ..EpisodeSettings::headless(short(), search) };
    let frames = ScheduleRunnerPlugin::run_loop(Duration::from_millis(50));
    App::new()
        .add_plugins((MinimalPlugins.set(frames), EpisodePlugin::new(settings)))
        .add_systems(Update, (report_episodes, exit_at_the_end).chain())
        .run();
}

/// The reference scenario, over after five steps.
fn short() -> Scenario {
    Scenario { steps: 5, ..Scenario::reference() }
}

/// Every parallel episode is an entity, and its components change only when the episode has.
fn report_episodes(
    episodes: Query<(&Episode, &EpisodeProgress, &ServicerPose, &LatestEpisode), Changed<ServicerPose>>,
) {
    for (episode, progress, pose, LatestEpisode(all)) in &episodes {
        println!(
            "episode {}: step {} of {}, {:.0} m from the target, {:.0} nats left of {:.0}",
            episode.number,
            progress.step,
            progress.steps,
            pose.position_rtn_m.length(),
            all.entropy_nats,
            all.initial_entropy_nats
        );
    }
}

/// The snapshot is everything at once, settings and load included.
fn exit_at_the_end(latest: Res<LatestSnapshot>, mut exit: MessageWriter<AppExit>) {
    if latest.0.is_finished() {
        println!("{} decisions on {} workers", latest.0.diagnostics.decisions, latest.0.diagnostics.workers);
        exit.write(AppExit::Success);
    }
}
