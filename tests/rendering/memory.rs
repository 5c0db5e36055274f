//! The size of the process stays as it is while frames pass. A driver that leaves something behind in each frame takes a
//! machine down within the hour, whatever this crate's own buffers do.

use std::sync::Arc;

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy_proxops::episode::{LatestSnapshot, SimulationSnapshot};
use bevy_proxops::report::resident_bytes;
use bevy_proxops::view::{Capture, CaptureTarget, Quality, ViewLayers, ViewSettings};

use crate::support::{LAYERS, Layer, NO_LAYERS, change_settings, settled, view_app_sized};
use crate::synthetic;

/// Frames in which pipelines are compiled, pools filled and arenas of the allocator opened.
const WARM_UP: u32 = 80;
/// Frames between two measurements.
const FRAMES: u32 = 300;
/// Frames of one measurement. Buffers come and go by some megabytes from frame to frame: the lowest size is what stays.
const WINDOW: u32 = 40;
/// The fault that this guards against took 0.7 to 5 MB a frame.
const ACCEPTED_GROWTH_BYTES: u64 = 1_000_000;
/// Stretches of 300 frames in which a size may still settle, as threads that work beside the view open arenas of their own
/// whenever the scheduler lets two of them allocate at once. What leaks grows in every one of them.
const STRETCHES: u32 = 5;

/// What the process grew by in 300 frames of something, after a warm-up: in the calmest of several stretches.
struct Growth {
    what: &'static str,
    bytes: u64,
}

impl Growth {
    /// Draws frames, each after a call of `before_each` with its number, until 300 of them were flat.
    fn of(what: &'static str, capture: &mut Capture, mut before_each: impl FnMut(&mut App, u32)) -> Self {
        let mut frame = 0;
        let mut lowest_in = |frames: u32| -> u64 {
            let mut draw = |_| {
                before_each(capture.app(), frame);
                frame += 1;
                capture.run(1);
                resident_bytes()
            };
            (0..frames).map(&mut draw).min().unwrap_or_default()
        };
        lowest_in(WARM_UP);
        let mut before = lowest_in(WINDOW);
        let mut bytes = u64::MAX;
        for _ in 0..STRETCHES {
            lowest_in(FRAMES - WINDOW);
            let after = lowest_in(WINDOW);
            bytes = bytes.min(after.saturating_sub(before));
            println!("{what}: {} bytes in {FRAMES} frames", after as i64 - before as i64);
            if bytes < ACCEPTED_GROWTH_BYTES {
                break;
            }
            before = after;
        }
        Self { what, bytes }
    }
}

fn assert_flat(growths: &[Growth]) {
    let grown: Vec<String> = growths
        .iter()
        .filter(|growth| growth.bytes >= ACCEPTED_GROWTH_BYTES)
        .map(|growth| format!("{} grew by {:.1} MB", growth.what, growth.bytes as f64 / 1e6))
        .collect();
    assert!(grown.is_empty(), "in {FRAMES} frames {}", grown.join(", "));
}

fn nothing(_: &mut App, _: u32) {}

#[test]
fn every_layer_alone_and_all_together_leave_nothing_behind() {
    let sky: (&str, Layer) = ("sky", |layers| &mut layers.sky);
    let settings = ViewSettings { layers: NO_LAYERS, ..default() };
    let mut capture = settled(view_app_sized(settings, synthetic::run(8, 22), 160, 90));
    let mut growths: Vec<Growth> = LAYERS
        .into_iter()
        .chain([sky])
        .map(|(name, layer)| {
            change_settings(&mut capture, |settings| {
                settings.layers = NO_LAYERS;
                *layer(&mut settings.layers) = true;
            });
            Growth::of(name, &mut capture, nothing)
        })
        .collect();
    change_settings(&mut capture, |settings| settings.layers = ViewLayers { truth: true, ..default() });
    growths.push(Growth::of("all layers", &mut capture, nothing));
    assert_flat(&growths);
}

#[test]
fn high_quality_leaves_nothing_behind() {
    let settings = ViewSettings { quality: Quality::High, ..default() };
    let mut capture = settled(view_app_sized(settings, synthetic::run(4, 12), 160, 90));
    assert_flat(&[Growth::of("high quality", &mut capture, nothing)]);
}

/// Runs of different ages, to be shown in turn.
fn ages() -> Vec<Arc<SimulationSnapshot>> {
    (1..=12).map(|step| Arc::new(synthetic::run(8, 2 * step))).collect()
}

fn show_in_turn(snapshots: Vec<Arc<SimulationSnapshot>>) -> impl FnMut(&mut App, u32) {
    move |app, frame| {
        app.insert_resource(LatestSnapshot(snapshots[frame as usize % snapshots.len()].clone()));
    }
}

#[test]
fn beliefs_and_paths_that_change_in_every_frame_leave_nothing_behind() {
    let mut capture = settled(view_app_sized(ViewSettings::default(), synthetic::run(8, 1), 320, 180));
    assert_flat(&[Growth::of("changing snapshots", &mut capture, show_in_turn(ages()))]);
}

#[test]
fn a_host_with_its_own_camera_and_materials_does_not_grow() {
    let mut app = view_app_sized(ViewSettings::default(), synthetic::run(8, 12), 160, 90);
    app.add_systems(Startup, spawn_host_scene);
    let mut capture = settled(app);
    assert_flat(&[Growth::of("host", &mut capture, nothing)]);
}

fn spawn_host_scene(
    mut commands: Commands,
    target: Res<CaptureTarget>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut paints: ResMut<Assets<StandardMaterial>>,
) {
    let view = Transform::from_xyz(45.0, 30.0, 45.0).looking_at(Vec3::ZERO, Vec3::Y);
    commands.spawn((Camera3d::default(), RenderTarget::Image(target.0.clone().into()), view));
    commands.spawn((DirectionalLight::default(), view));
    let buoy = (Mesh3d(meshes.add(Sphere::new(2.0))), MeshMaterial3d(paints.add(Color::srgb(0.9, 0.4, 0.1))));
    commands.spawn((buoy, Transform::from_xyz(0.0, -18.0, 0.0)));
}

#[cfg(feature = "panel")]
mod with_panel {
    use std::time::{Duration, Instant};

    use bevy_proxops::episode::{EpisodeSettings, NetworkSettings, SimCommand, Speed, TrainingSettings};
    use bevy_proxops::mission::Scenario;
    use bevy_proxops::network::NetworkDevice;
    use bevy_proxops::panel::PanelPlugin;
    use bevy_proxops::prelude::ProxOpsPlugins;
    use bevy_proxops::search::SearchConfig;
    use bevy_proxops::training::TrainingConfig;
    use bevy_proxops::view::CapturePlugin;

    use super::*;
    use crate::offscreen::windowless;

    #[test]
    fn a_panel_whose_plots_change_in_every_frame_leaves_nothing_behind() {
        let mut app = view_app_sized(ViewSettings::default(), synthetic::run(8, 1), 960, 540);
        app.add_plugins(PanelPlugin::default());
        assert_flat(&[Growth::of("panel", &mut settled(app), show_in_turn(ages()))]);
    }

    /// Small enough for a decision in milliseconds and a cycle of training in a second.
    fn short_run(directory: &std::path::Path) -> EpisodeSettings {
        let scenario = Scenario { steps: 4, ..Scenario::reference() };
        let config = TrainingConfig {
            scenario: scenario.clone(),
            replay_transitions: 32,
            episodes_per_cycle: 8,
            parallel: 8,
            learning_steps_per_cycle: 2,
            evaluate_every: 0,
            ..TrainingConfig::default()
        };
        EpisodeSettings {
            scenario,
            search: SearchConfig { simulations: 20, ..SearchConfig::default() },
            episodes: 4,
            speed: Speed::Max,
            network: NetworkSettings { device: NetworkDevice::Cpu, ..NetworkSettings::default() },
            training: TrainingSettings { directory: directory.to_owned(), config },
            ..EpisodeSettings::default()
        }
    }

    fn cycles(app: &App) -> u32 {
        let training = app.world().get_resource::<LatestSnapshot>().and_then(|latest| latest.0.training.clone());
        training.map_or(0, |training| training.cycle)
    }

    #[test]
    fn episodes_and_training_beside_the_view_leave_nothing_behind() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut app = App::new();
        app.add_plugins(windowless())
            .add_plugins((CapturePlugin { width: 480, height: 270 }, ProxOpsPlugins::new(short_run(directory.path()))));
        let mut capture = settled(app);
        capture.app().world_mut().write_message(SimCommand::StartTraining);

        // The replay buffer is full and every buffer of the learner has its size.
        let patience = Instant::now() + Duration::from_secs(200);
        while cycles(capture.app()) < 6 && Instant::now() < patience {
            capture.run(1);
        }
        let before = cycles(capture.app());
        assert!(before >= 6, "only {before} cycles of training");
        assert_flat(&[Growth::of("training", &mut capture, nothing)]);
        assert!(cycles(capture.app()) > before, "training stood still");
    }

    #[test]
    fn an_app_that_embeds_everything_does_not_grow() {
        let mut app = App::new();
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        app.add_plugins(windowless())
            .add_plugins((CapturePlugin { width: 480, height: 270 }, ProxOpsPlugins::new(short_run(directory.path()))))
            .add_systems(Startup, spawn_host_scene);
        assert_flat(&[Growth::of("embedded", &mut settled(app), nothing)]);
    }
}
