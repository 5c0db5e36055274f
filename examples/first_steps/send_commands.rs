//! Steers a run: begins paused, changes a parameter, flies step by step, and reads the answer to a command that is wrong.

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_proxops::prelude::*;

fn main() {
    let settings = EpisodeSettings { episodes: 1, start_paused: true, ..default() };
    let frames = ScheduleRunnerPlugin::run_loop(Duration::from_millis(20));
    App::new()
        .add_plugins((MinimalPlugins.set(frames), EpisodePlugin::new(settings)))
        .add_systems(Startup, prepare)
        .add_systems(Update, (step_by_step, hear_answers))
        .run();
}

/// Whatever the panel can set has a path; `cargo run --example headless -- --list parameters` names them all.
fn prepare(mut commands: MessageWriter<SimCommand>) {
    let wanted = [
        ("search.simulations", ParameterValue::Integer(100)),
        // No probability: the answer says what is allowed.
        ("sensor.p_hit_occupied", ParameterValue::Number(7.0)),
    ];
    for (path, value) in wanted {
        let id = ParameterId::find(path).expect("a path of the table");
        commands.write(SimCommand::SetParameter { id, value });
    }
    commands.write(SimCommand::StepOnce);
}

/// Asks for the next step when the last one has been flown; three are enough.
fn step_by_step(
    mut images: MessageReader<ImageTaken>,
    mut commands: MessageWriter<SimCommand>,
    mut exit: MessageWriter<AppExit>,
) {
    for image in images.read().filter(|image| image.step > 0) {
        println!("step {}: {:.0} nats left", image.step, image.entropy_after_nats);
        if image.step < 3 {
            commands.write(SimCommand::StepOnce);
        } else {
            exit.write(AppExit::Success);
        }
    }
}

/// A command that cannot be carried out changes nothing and is answered by a notice.
fn hear_answers(latest: Res<LatestSnapshot>, mut read: Local<u64>) {
    for notice in latest.0.notices.iter().filter(|notice| notice.id >= *read) {
        println!("{:?}: {}", notice.severity, notice.text);
    }
    *read = latest.0.notices.last().map_or(0, |last| last.id + 1);
}
