//! A host application of its own (camera, light, background, window title) with an inspection inside it.
//!
//! `--check` runs it without a window for a moment and fails if anything of the host's was disturbed.

use bevy::prelude::*;
use bevy_proxops::network::end_process;
use bevy_proxops::prelude::*;
use clap::Parser;

#[path = "common/display.rs"]
mod display;
#[path = "common/host_check.rs"]
mod host_check;

/// A Bevy app of its own with an inspection inside it.
#[derive(Parser)]
struct Options {
    /// Run without a window for a moment; fail if anything of the host's was disturbed
    #[arg(long)]
    check: bool,
}

fn main() {
    let code = match run() {
        AppExit::Success => 0,
        AppExit::Error(code) => code.get(),
    };
    // Also if the inspection is just looking for a graphics card.
    end_process(code)
}

fn run() -> AppExit {
    let options = Options::parse();
    if !options.check
        && let Some(reason) = display::why_no_window()
    {
        eprintln!("error: no window can be opened ({reason}); `--check` runs the same app without one");
        return AppExit::error();
    }
    if let Some(reason) = display::why_no_renderer() {
        eprintln!("error: {reason}");
        return AppExit::from_code(2);
    }
    let window = Window { title: "Harbour Control".into(), ..default() };
    let host = DefaultPlugins.set(WindowPlugin { primary_window: Some(window), ..default() });
    let mut app = App::new();
    app.insert_resource(ClearColor(Color::srgb(0.02, 0.05, 0.09)))
        .add_systems(Startup, set_the_scene)
        .add_systems(Update, hang_lamps);
    if options.check {
        app.add_plugins((host_check::without_window(host), ProxOpsPlugins::default()));
        return host_check::run(app);
    }
    app.add_plugins((host, ProxOpsPlugins::default())).run()
}

fn set_the_scene(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut paints: ResMut<Assets<StandardMaterial>>,
) {
    // Far enough for the target and all servicers.
    let view = Transform::from_xyz(160.0, 280.0, 720.0).looking_at(Vec3::new(140.0, -20.0, 60.0), Vec3::Y);
    commands.spawn((Name::new("host camera"), Camera3d::default(), view));
    commands.spawn((Name::new("host light"), DirectionalLight { illuminance: 8_000.0, ..default() }, view));
    let buoy = (Mesh3d(meshes.add(Sphere::new(8.0))), MeshMaterial3d(paints.add(Color::srgb(0.9, 0.4, 0.1))));
    commands.spawn((Name::new("host buoy"), buoy, Transform::from_xyz(0.0, -90.0, 0.0)));
}

/// Every episode's entity flies where its servicer does: what is its child goes with it.
fn hang_lamps(
    mut commands: Commands,
    episodes: Query<Entity, Added<Episode>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut paints: ResMut<Assets<StandardMaterial>>,
) {
    for episode in &episodes {
        let lamp = (Mesh3d(meshes.add(Sphere::new(0.5))), MeshMaterial3d(paints.add(Color::srgb(0.2, 0.9, 0.6))));
        commands.spawn((Name::new("host lamp"), lamp, Transform::from_xyz(0.0, 1.5, 0.0), ChildOf(episode)));
    }
}
