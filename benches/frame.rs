//! What watching costs: the main world's time of a frame with view and panel, and how much slower the search runs beside
//! them than without them. Renders to a picture, so that it runs without a display; on a software renderer the drawing
//! itself takes cores from the search, so the throughput there is no more than a lower bound.

use std::time::{Duration, Instant};

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::render_resource::TextureFormat;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_proxops::episode::Speed;
use bevy_proxops::mission::Scenario;
use bevy_proxops::prelude::*;
use bevy_proxops::search::{PlannerKind, SearchConfig};

/// Frames before the first that counts: pipelines are compiled there.
const WARM_UP: u32 = 60;
const FRAMES: u32 = 300;
/// Wall-clock time between two frames: a display's.
const FRAME_TIME: Duration = Duration::from_micros(16_667);

fn settings() -> EpisodeSettings {
    let search = SearchConfig { planner: PlannerKind::Mcts, simulations: 300, ..default() };
    EpisodeSettings { scenario: Scenario::reference(), search, speed: Speed::Max, workers: Some(1), ..default() }
}

/// Main-world time of every frame, from `First` to `Last`.
#[derive(Resource)]
struct MainWorldTimes {
    began: Instant,
    times: Vec<Duration>,
}

fn begin(mut frames: ResMut<MainWorldTimes>) {
    frames.began = Instant::now();
}

fn end(mut frames: ResMut<MainWorldTimes>) {
    let time = frames.began.elapsed();
    frames.times.push(time);
}

fn windowless_app() -> App {
    let mut app = App::new();
    let window = WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() };
    let renderer = RenderPlugin { synchronous_pipeline_compilation: true, ..default() };
    app.add_plugins(DefaultPlugins.build().set(window).set(renderer).disable::<WinitPlugin>());
    app
}

/// Median main-world time of a frame, and simulations a second while the frames were drawn.
fn run_beside(mut app: App) -> (Duration, f64) {
    app.insert_resource(MainWorldTimes { began: Instant::now(), times: Vec::new() });
    app.add_systems(First, begin).add_systems(Last, end);
    app.finish();
    app.cleanup();
    let mut rates = Vec::new();
    for frame in 0..WARM_UP + FRAMES {
        let began = Instant::now();
        app.update();
        std::thread::sleep(FRAME_TIME.saturating_sub(began.elapsed()));
        if frame >= WARM_UP {
            let latest = app.world().get_resource::<LatestSnapshot>();
            rates.extend(latest.map(|latest| latest.0.diagnostics.simulations_per_s));
        }
    }
    let mut times = app.world_mut().remove_resource::<MainWorldTimes>().expect("inserted above").times;
    times.drain(..WARM_UP as usize);
    times.sort();
    (times[times.len() / 2], rates.iter().sum::<f64>() / rates.len().max(1) as f64)
}

fn with_viewer() -> App {
    let mut app = windowless_app();
    let target = Image::new_target_texture(960, 540, TextureFormat::Rgba8UnormSrgb, None);
    let target = app.world_mut().resource_mut::<Assets<Image>>().add(target);
    app.add_plugins(ProxOpsPlugins::new(settings()));
    app.add_systems(PostStartup, move |mut commands: Commands, cameras: Query<Entity, With<Camera3d>>| {
        for camera in &cameras {
            commands.entity(camera).insert(RenderTarget::Image(target.clone().into()));
        }
    });
    app
}

fn without_viewer() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, EpisodePlugin::new(settings())));
    app
}

fn main() {
    let empty = run_beside(windowless_app()).0;
    let (frame, watched) = run_beside(with_viewer());
    let (_, headless) = run_beside(without_viewer());
    println!("main world of one frame: {frame:.2?} with view and panel, {empty:.2?} with neither (target: 2 ms more)");
    println!(
        "simulations a second, one worker: {watched:.0} beside the viewer, {headless:.0} without: {:.3}",
        watched / headless
    );
}
