//! Runs a host application for a moment without a window and compares what it owns before and after.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use bevy::app::PluginGroupBuilder;
use bevy::log::{DEFAULT_FILTER, LogPlugin};
use bevy::prelude::*;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::PrimaryWindow;
use bevy::winit::WinitPlugin;
use bevy_proxops::episode::LatestSnapshot;

/// Frames the plugin gets to disturb something.
const FRAMES: u32 = 30;
/// Longest wait for the first decision beside the host.
const PATIENCE: Duration = Duration::from_secs(60);

/// The host's plugins without an event loop or frames in flight; its window exists but is never opened,
/// of which egui would warn in every frame.
pub fn without_window(host: PluginGroupBuilder) -> PluginGroupBuilder {
    host.set(LogPlugin { filter: format!("{DEFAULT_FILTER},bevy_egui::input=error"), ..default() })
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>()
}

/// Runs `app` and reports whether the host's things are as the host set them and episodes ran beside it.
pub fn run(mut app: App) -> AppExit {
    app.finish();
    app.cleanup();
    app.update();
    let before = HostState::of(&mut app);
    let deadline = Instant::now() + PATIENCE;
    let mut frames = 0;
    while frames < FRAMES || (decisions(&app) == 0 && Instant::now() < deadline) {
        app.update();
        frames += 1;
    }
    let after = HostState::of(&mut app);
    if before != after || !after.is_the_hosts() || decisions(&app) == 0 {
        // Where it cannot be said the exit code has to do.
        let _ = writeln!(
            io::stderr(),
            "error: the host was disturbed or nothing ran beside it:\nbefore {before:#?}\nafter {after:#?}"
        );
        return AppExit::error();
    }
    let told = writeln!(
        io::stdout(),
        "the host's camera, light, background and window title are untouched; {} decisions ran beside it",
        decisions(&app)
    );
    match told {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "error: standard output: {error}");
            AppExit::error()
        }
        _ => AppExit::Success,
    }
}

fn decisions(app: &App) -> u64 {
    app.world().get_resource::<LatestSnapshot>().map_or(0, |latest| latest.0.diagnostics.decisions)
}

/// Everything a host would notice.
#[derive(Debug, PartialEq)]
struct HostState {
    cameras: Vec<(String, Transform, bool, isize)>,
    lights: Vec<(String, f32, Transform)>,
    background: Color,
    ambient_brightness: f32,
    window_titles: Vec<String>,
}

impl HostState {
    /// Whether every camera and light is one that the host named as its own.
    fn is_the_hosts(&self) -> bool {
        let cameras = self.cameras.iter().map(|camera| &camera.0);
        let lights = self.lights.iter().map(|light| &light.0);
        cameras.chain(lights).all(|name| name.starts_with("host "))
    }

    fn of(app: &mut App) -> Self {
        let world = app.world_mut();
        let name = |name: Option<&Name>| name.map_or_else(|| "(unnamed)".to_owned(), Name::to_string);
        let mut cameras = world.query::<(Option<&Name>, &Transform, &Camera)>();
        let mut lights = world.query::<(Option<&Name>, &DirectionalLight, &Transform)>();
        let mut windows = world.query_filtered::<&Window, With<PrimaryWindow>>();
        Self {
            cameras: cameras
                .iter(world)
                .map(|(n, at, camera)| (name(n), *at, camera.is_active, camera.order))
                .collect(),
            lights: lights.iter(world).map(|(n, light, at)| (name(n), light.illuminance, *at)).collect(),
            background: world.resource::<ClearColor>().0,
            ambient_brightness: world.resource::<GlobalAmbientLight>().brightness,
            window_titles: windows.iter(world).map(|window| window.title.clone()).collect(),
        }
    }
}
