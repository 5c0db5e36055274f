use std::sync::Arc;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::camera::RenderTarget;
use bevy::camera::visibility::{RenderLayers, ViewVisibility};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::settings::{Backends, WgpuSettings};
use bevy::time::TimeUpdateStrategy;
use bevy::winit::WinitPlugin;
use bevy_proxops::episode::LatestSnapshot;
use bevy_proxops::prelude::*;
use bevy_proxops::view::{
    Capture, CapturePlugin, CaptureTarget, OrbitCamera, RtnFrame, Servicer, SmallGrid, ViewFrames, ViewLayers,
    ViewPlugin, ViewRoot, ViewSettings,
};

use crate::offscreen::windowless;
use crate::support::{HEIGHT, WIDTH, changed_pixels, picture, settled, view_app};
use crate::synthetic;

#[derive(Component)]
struct HostCamera;

fn spawn_host_scene(mut commands: Commands, target: Res<CaptureTarget>) {
    let target = RenderTarget::Image(target.0.clone().into());
    commands.spawn((HostCamera, Camera3d::default(), target, Transform::from_xyz(0.0, 0.0, 900.0), Msaa::Off));
    commands.spawn((DirectionalLight::default(), Transform::default()));
}

#[test]
fn a_host_keeps_its_cameras_lights_and_background() {
    let background = Color::srgb(0.2, 0.4, 0.1);
    let mut app = view_app(ViewSettings::default(), synthetic::run(3, 10));
    app.insert_resource(ClearColor(background)).add_systems(Startup, spawn_host_scene);
    let mut capture = settled(app);
    let world = capture.app().world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 1);
    assert_eq!(world.query::<&OrbitCamera>().iter(world).count(), 0);
    assert_eq!(world.query::<&DirectionalLight>().iter(world).count(), 1);
    assert_eq!(world.resource::<ClearColor>().0, background);
    let (camera, transform) = world.query_filtered::<(&Camera, &Transform), With<HostCamera>>().single(world).unwrap();
    assert_eq!(transform.translation, Vec3::new(0.0, 0.0, 900.0));
    assert!(camera.sub_camera_view.is_none());
}

#[test]
fn without_cameras_the_view_brings_exactly_one() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(1, 2)));
    let world = capture.app().world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 1);
    assert_eq!(world.query::<&OrbitCamera>().iter(world).count(), 1);
}

#[test]
fn a_host_may_forbid_the_camera() {
    let settings = ViewSettings { spawn_camera: false, ..default() };
    let mut capture = settled(view_app(settings, synthetic::run(1, 2)));
    let world = capture.app().world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 0);
}

#[test]
fn everything_drawn_hangs_under_the_root_or_the_own_camera() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(3, 10)));
    let world = capture.app().world_mut();
    let drawn: Vec<Entity> = world.query_filtered::<Entity, Or<(With<Mesh3d>, With<Gizmo>)>>().iter(world).collect();
    assert!(drawn.len() > 10, "{} things are drawn", drawn.len());
    for entity in drawn {
        let top = std::iter::successors(Some(entity), |child| world.get::<ChildOf>(*child).map(ChildOf::parent)).last();
        let top = top.expect("an entity is its own first ancestor");
        let ours = world.get::<ViewRoot>(top).is_some() || world.get::<OrbitCamera>(top).is_some();
        assert!(ours, "{entity} hangs under {top}");
    }
}

#[test]
fn a_root_spawned_by_the_host_is_adopted() {
    let place = Transform::from_xyz(10.0, 20.0, 30.0).with_scale(Vec3::splat(0.01));
    let mut app = view_app(ViewSettings::default(), synthetic::run(1, 5));
    app.add_systems(Startup, move |mut commands: Commands| {
        commands.spawn((ViewRoot, place, RenderLayers::default()));
    });
    let mut capture = settled(app);
    let world = capture.app().world_mut();
    let root = world.query_filtered::<&Transform, With<ViewRoot>>().single(world).unwrap();
    assert_eq!(*root, place);
}

/// Bevy's own plugins on a machine without any graphics.
fn without_renderer() -> bevy::app::PluginGroupBuilder {
    let settings = WgpuSettings { backends: None::<Backends>, ..default() };
    windowless().set(RenderPlugin { render_creation: settings.into(), ..default() })
}

#[test]
fn without_a_renderer_the_view_does_nothing_and_disturbs_nothing() {
    let mut app = App::new();
    app.add_plugins(without_renderer())
        .add_plugins(ScheduleRunnerPlugin::run_once())
        .add_plugins(ViewPlugin::default())
        .insert_resource(LatestSnapshot(Arc::new(synthetic::run(2, 5))));
    app.finish();
    app.cleanup();
    (0..5).for_each(|_| app.update());
    let world = app.world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 0);
    assert!(world.contains_resource::<ViewSettings>());
}

#[test]
fn minimal_plugins_and_the_view_get_along() {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, ViewPlugin::default()));
    app.finish();
    app.cleanup();
    (0..5).for_each(|_| app.update());
    assert!(!app.is_plugin_added::<WinitPlugin>());
    assert!(app.world().contains_resource::<ViewSettings>());
}

#[test]
fn the_scene_is_drawn_through_the_hosts_camera_where_the_host_put_it() {
    let mut app = view_app(ViewSettings::default(), synthetic::run(4, 20));
    app.add_systems(Startup, |mut commands: Commands, target: Res<CaptureTarget>| {
        let place = Transform::from_xyz(0.0, 3.0, 0.0).with_scale(Vec3::splat(0.02));
        commands.spawn((ViewRoot, place));
        let view = Transform::from_xyz(4.0, 6.0, 14.0).looking_at(Vec3::new(3.0, 2.5, 0.0), Vec3::Y);
        let target = RenderTarget::Image(target.0.clone().into());
        commands.spawn((HostCamera, Camera3d::default(), Tonemapping::None, Msaa::Off, target, view));
    });
    let mut capture = settled(app);
    let shown = picture(&mut capture, "host");
    let world = capture.app().world_mut();
    let mut root = world.query_filtered::<&mut Transform, With<ViewRoot>>().single_mut(world).unwrap();
    root.translation.y = 1000.0;
    capture.run(3);
    let moved_away = picture(&mut capture, "host_moved_away");
    assert!(changed_pixels(&shown, &moved_away, 12) > 2000);
    let background = moved_away.pixel(WIDTH / 2, HEIGHT / 2);
    let left = moved_away.rgba.chunks_exact(4).filter(|pixel| pixel[..3] != background).count();
    assert_eq!(left, 0, "something stayed behind when the root moved away");
}

/// Everything of the view that could be seen: meshes, drawn lines, cameras and lights.
fn of_view(app: &mut App) -> Vec<Entity> {
    type Seen = Or<(With<Mesh3d>, With<Gizmo>, With<Camera>, With<DirectionalLight>)>;
    let world = app.world_mut();
    world.query_filtered::<Entity, Seen>().iter(world).collect()
}

fn meshes_in_sight(app: &mut App) -> usize {
    let world = app.world_mut();
    world.query_filtered::<&ViewVisibility, With<Mesh3d>>().iter(world).filter(|seen| seen.get()).count()
}

fn despawn_root(capture: &mut Capture) {
    let root = capture.app().world().resource::<ViewFrames>().root;
    capture.app().world_mut().despawn(root);
}

#[test]
fn a_despawned_root_comes_back_with_the_same_picture() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(4, 20)));
    capture.run(60);
    let before = picture(&mut capture, "before_despawn");
    let count = of_view(capture.app()).len();
    for _ in 0..3 {
        despawn_root(&mut capture);
        capture.run(12);
        assert_eq!(of_view(capture.app()).len(), count);
    }
    let after = picture(&mut capture, "after_despawn");
    assert_eq!(changed_pixels(&before, &after, 8), 0);

    // Only a part of it.
    let world = capture.app().world_mut();
    let frame = world.query_filtered::<Entity, With<RtnFrame>>().single(world).expect("one frame");
    world.despawn(frame);
    capture.run(12);
    assert_eq!(of_view(capture.app()).len(), count);
    let after = picture(&mut capture, "after_despawn_of_a_part");
    assert_eq!(changed_pixels(&before, &after, 8), 0);
}

#[test]
fn a_root_that_the_host_spawns_later_takes_the_place_of_the_views() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(2, 5)));
    let count = of_view(capture.app()).len();
    let hosts = capture.app().world_mut().spawn(ViewRoot).id();
    capture.run(12);
    let world = capture.app().world_mut();
    assert_eq!(world.query_filtered::<Entity, With<ViewRoot>>().iter(world).collect::<Vec<_>>(), [hosts]);
    assert_eq!(of_view(capture.app()).len(), count);
}

#[test]
fn a_hidden_root_hides_all_of_the_view() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(4, 20)));
    let shown = meshes_in_sight(capture.app());
    assert!(shown > 10, "{shown} meshes are in sight");
    let root = capture.app().world().resource::<ViewFrames>().root;
    capture.app().world_mut().entity_mut(root).insert(Visibility::Hidden);
    capture.run(1);
    assert_eq!(meshes_in_sight(capture.app()), 0);
    capture.run(2);
    let hidden = picture(&mut capture, "root_hidden");
    let background = hidden.pixel(1, 1);
    let left = hidden.rgba.chunks_exact(4).filter(|pixel| pixel[..3] != background).count();
    assert_eq!(left, 0, "something stays in the picture");

    // The same for a root under a hidden entity of the host's.
    let world = capture.app().world_mut();
    let station = world.spawn((Transform::default(), Visibility::Hidden)).id();
    world.entity_mut(root).insert((Visibility::Inherited, ChildOf(station)));
    capture.run(1);
    assert_eq!(meshes_in_sight(capture.app()), 0);
    capture.app().world_mut().entity_mut(station).insert(Visibility::Inherited);
    capture.run(2);
    assert_eq!(meshes_in_sight(capture.app()), shown);
}

#[test]
fn all_of_the_view_follows_the_layers_of_the_root() {
    let mut capture = settled(view_app(ViewSettings::default(), synthetic::run(4, 20)));
    capture.run(60);
    let before = picture(&mut capture, "layer_0");
    let root = capture.app().world().resource::<ViewFrames>().root;
    capture.app().world_mut().entity_mut(root).insert(RenderLayers::layer(3));
    let check = |capture: &mut Capture, expected: Option<&RenderLayers>| {
        let entities = of_view(capture.app());
        assert!(entities.len() > 10);
        for entity in entities {
            assert_eq!(capture.app().world().get::<RenderLayers>(entity), expected, "{entity}");
        }
    };
    capture.run(3);
    check(&mut capture, Some(&RenderLayers::layer(3)));
    let moved = picture(&mut capture, "layer_3");
    // Lines that cross are drawn in another order; without camera or scene thousands of pixels would change.
    const MOST_AT_CROSSINGS: usize = 400;
    let changed = changed_pixels(&before, &moved, 8);
    assert!(changed < MOST_AT_CROSSINGS, "{changed} pixels changed, though camera and scene are in the same layer");
    // What is drawn anew has them, too.
    capture.app().insert_resource(LatestSnapshot(Arc::new(synthetic::run(6, 30))));
    capture.run(12);
    check(&mut capture, Some(&RenderLayers::layer(3)));
    capture.app().world_mut().entity_mut(root).remove::<RenderLayers>();
    capture.run(3);
    check(&mut capture, None);
}

#[test]
fn a_hosts_camera_of_other_layers_sees_nothing_of_the_view() {
    let mut app = view_app(ViewSettings::default(), synthetic::run(4, 20));
    app.add_systems(Startup, |mut commands: Commands, target: Res<CaptureTarget>| {
        commands.spawn((ViewRoot, RenderLayers::layer(5)));
        let view = Transform::from_xyz(100.0, 150.0, 500.0).looking_at(Vec3::ZERO, Vec3::Y);
        let target = RenderTarget::Image(target.0.clone().into());
        commands.spawn((HostCamera, Camera3d::default(), Tonemapping::None, Msaa::Off, target, view));
    });
    let mut capture = settled(app);
    assert_eq!(meshes_in_sight(capture.app()), 0);
    let world = capture.app().world_mut();
    let camera = world.query_filtered::<Entity, With<HostCamera>>().single(world).expect("one camera");
    world.entity_mut(camera).insert(RenderLayers::from_layers(&[0, 5]));
    capture.run(3);
    assert!(meshes_in_sight(capture.app()) > 5);
}

#[derive(States, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum Screen {
    #[default]
    Menu,
    Inspection,
}

/// The recipe of the README: the view lives as long as a state of the host.
#[test]
fn the_view_starts_and_stops_with_a_state_of_the_host() {
    let mut app = view_app(ViewSettings { spawn_root: false, ..default() }, synthetic::run(4, 20));
    app.init_state::<Screen>().add_systems(OnEnter(Screen::Inspection), |mut commands: Commands| {
        commands.spawn((ViewRoot, DespawnOnExit(Screen::Inspection)));
    });
    let mut capture = settled(app);
    assert_eq!(of_view(capture.app()), [], "the menu");
    let mut counts = Vec::new();
    for _ in 0..3 {
        capture.app().world_mut().resource_mut::<NextState<Screen>>().set(Screen::Inspection);
        capture.run(12);
        counts.push(of_view(capture.app()).len());
        capture.app().world_mut().resource_mut::<NextState<Screen>>().set(Screen::Menu);
        capture.run(12);
        assert_eq!(of_view(capture.app()), [], "the menu again");
        let world = capture.app().world_mut();
        assert_eq!(world.query::<&SmallGrid>().iter(world).count(), 0);
        assert!(!world.contains_resource::<ViewFrames>());
    }
    assert!(counts[0] > 10 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[derive(Component)]
struct HostModel;

/// Hangs a model of the host's on every servicer.
fn hang_models(mut commands: Commands, episodes: Query<Entity, Added<Episode>>) {
    for episode in &episodes {
        commands.spawn((HostModel, Transform::default(), ChildOf(episode)));
    }
}

/// Where the model on the servicer in focus is, and where our own one is drawn.
fn model_and_servicer(app: &mut App) -> (Vec3, Vec3) {
    let world = app.world_mut();
    let focused = world.query_filtered::<&Children, With<FocusedEpisode>>().single(world).expect("one is in focus")[0];
    let model = world.get::<GlobalTransform>(focused).expect("it is placed").translation();
    let servicer = world.query_filtered::<&GlobalTransform, With<Servicer>>().single(world).expect("there is one");
    (model, servicer.translation())
}

#[test]
fn a_model_of_the_hosts_flies_in_place_of_the_servicer_of_any_episode() {
    let search = SearchConfig { planner: PlannerKind::Passive, ..default() };
    let episodes = EpisodeSettings { search, episodes: 3, start_paused: true, ..default() };
    let mut app = App::new();
    let settings = ViewSettings { layers: ViewLayers { servicer: false, ..default() }, ..default() };
    app.add_plugins((windowless(), CapturePlugin { width: WIDTH, height: HEIGHT }, ViewPlugin { settings }))
        .add_plugins(EpisodePlugin::new(episodes))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(20)))
        .add_systems(Update, hang_models);
    let mut capture = Capture::start(app);
    let wait_for_step = |capture: &mut Capture, step: u32| {
        let shows = |snapshot: &SimulationSnapshot| {
            snapshot.episodes.len() == 3 && snapshot.episodes.iter().all(|episode| episode.step == step)
        };
        for _ in 0..10_000 {
            capture.run(1);
            if shows(&capture.app().world().resource::<LatestSnapshot>().0) {
                return;
            }
        }
        panic!("step {step} is not flown");
    };
    wait_for_step(&mut capture, 0);
    capture.run(3);
    let (start, drawn) = model_and_servicer(capture.app());
    assert!(start.distance(drawn) < 1e-3 && start.length() > 50.0, "{start} {drawn}");

    capture.app().world_mut().write_message(SimCommand::StepOnce);
    wait_for_step(&mut capture, 1);
    // It does not jump: it catches up within a second.
    let (mut before, mut way) = (start, 0.0);
    for _ in 0..100 {
        capture.run(1);
        let (model, drawn) = model_and_servicer(capture.app());
        // Ours goes straight between the points of its drawn path.
        assert!(model.distance(drawn) < 0.5, "{model} {drawn}");
        way += model.distance(before);
        before = model;
    }
    let (end, drawn) = model_and_servicer(capture.app());
    assert!(end.distance(drawn) < 0.1, "{end} {drawn}");
    assert!(
        start.distance(end) > 5.0 && way >= start.distance(end) * 0.999 && way < start.distance(end) * 1.5,
        "{way}"
    );

    let world = capture.app().world_mut();
    let ours = world.query_filtered::<&ViewVisibility, With<Servicer>>().single(world).expect("there is one");
    assert!(!ours.get(), "our own servicer is hidden");
    assert_eq!(world.query::<&HostModel>().iter(world).count(), 3);
    picture(&mut capture, "own_model_field_of_view");

    // With the root everything goes, and comes back with the next one.
    let world = capture.app().world_mut();
    let root = world.resource::<ViewFrames>().root;
    world.despawn(root);
    capture.run(4);
    let world = capture.app().world_mut();
    assert_eq!(world.query::<&HostModel>().iter(world).count(), 3);
    let (again, _) = model_and_servicer(capture.app());
    assert!(again.distance(end) < 0.1, "{again} {end}");
}
