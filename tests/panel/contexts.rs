//! Panels and a host's own egui while cameras come, go and sleep: each in its window, and nothing forgotten.

use std::sync::Arc;

use bevy::camera::RenderTarget;
use bevy::image::Image;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy_egui::{
    EguiContext, EguiContexts, EguiGlobalSettings, EguiInput, EguiPlugin, EguiPrimaryContextPass, EguiSchedule,
    PrimaryEguiContext, egui,
};
use bevy_proxops::episode::LatestSnapshot;
use bevy_proxops::panel::{PanelContextPass, PanelLayout, PanelPlugin, PanelSettings};
use bevy_proxops::view::{Capture, CapturePlugin, CaptureTarget, CapturedFrame, CurrentEye, ViewPlugin};

use crate::badge::{draw_badges, shows_badge};
use crate::offscreen::{keep, windowless};
use crate::support::snapshot;

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;
/// Centre of the host's egui window: yellow, in the free area between the panels.
const HOSTS_WINDOW: (u32, u32) = (480, 300);
const YELLOW: [u8; 3] = [255, 255, 0];

/// What the host's egui noticed.
#[derive(Resource, Default)]
struct Noticed {
    /// Frames in which the host's window was drawn.
    drawn: u32,
    /// Frames in whose `Update` `ctx_mut` failed after it had once worked.
    failed: u32,
    /// Count kept in egui's own memory.
    remembered: u32,
}

/// A host with an egui window of its own, the view and the panels, in one picture.
fn app() -> App {
    let mut app = App::new();
    app.add_plugins(windowless().disable::<LogPlugin>());
    app.add_plugins((EguiPlugin::default(), CapturePlugin { width: WIDTH, height: HEIGHT }));
    app.add_plugins((ViewPlugin::default(), PanelPlugin::default()));
    app.insert_resource(LatestSnapshot(Arc::new(snapshot())))
        .init_resource::<Noticed>()
        .add_systems(Update, ask_for_context)
        .add_systems(EguiPrimaryContextPass, draw_hosts_window);
    draw_badges(&mut app);
    app
}

fn ask_for_context(mut contexts: EguiContexts, mut noticed: ResMut<Noticed>) {
    if contexts.ctx_mut().is_err() && noticed.drawn > 0 {
        noticed.failed += 1;
    }
}

fn draw_hosts_window(mut contexts: EguiContexts, mut noticed: ResMut<Noticed>) -> Result {
    let ctx = contexts.ctx_mut()?;
    noticed.drawn += 1;
    noticed.remembered = ctx.data_mut(|data| {
        let count: &mut u32 = data.get_temp_mut_or_default(egui::Id::new("host"));
        *count += 1;
        *count
    });
    let (x, y) = HOSTS_WINDOW;
    let frame = egui::Frame::new().fill(egui::Color32::YELLOW).inner_margin(8);
    egui::Window::new("Host")
        .frame(frame)
        .title_bar(false)
        .fixed_pos([x as f32 - 50.0, y as f32 - 12.0])
        .fixed_size([100.0, 60.0])
        .show(ctx, |ui| {
            ui.colored_label(egui::Color32::BLACK, "\nthe host's own egui");
        });
    Ok(())
}

fn started(app: App) -> Capture {
    let mut capture = Capture::start(app);
    capture.run(6);
    capture
}

fn world(capture: &mut Capture) -> &mut World {
    capture.app().world_mut()
}

fn picture(capture: &mut Capture, name: &str) -> CapturedFrame {
    let frame = capture.frame().expect("a renderer is installed");
    keep(&frame, name);
    frame
}

fn target(capture: &mut Capture) -> RenderTarget {
    RenderTarget::Image(world(capture).resource::<CaptureTarget>().0.clone().into())
}

fn spawn_3d(capture: &mut Capture) -> Entity {
    let view = Transform::from_xyz(-160.0, 140.0, 720.0).looking_at(Vec3::new(180.0, 20.0, 0.0), Vec3::Y);
    let target = target(capture);
    world(capture).spawn((Camera3d::default(), Msaa::Off, target, view)).id()
}

/// The cameras that carry a context, and whether that is the primary one.
fn carriers(capture: &mut Capture) -> Vec<(Entity, bool)> {
    let world = world(capture);
    world.query_filtered::<(Entity, Has<PrimaryEguiContext>), With<EguiContext>>().iter(world).collect()
}

fn context(capture: &mut Capture, camera: Entity) -> egui::Context {
    world(capture).get_mut::<EguiContext>(camera).expect("the camera carries the context").get_mut().clone()
}

fn eye(capture: &mut Capture) -> Entity {
    world(capture).resource::<CurrentEye>().camera.expect("there is an eye")
}

/// The panels' text is drawn: many bright pixels in the strip at the bottom, which is dark but for its letters.
fn shows_panels(frame: &CapturedFrame) -> bool {
    let strip = &frame.rgba[frame.rgba.len() - 24 * frame.width as usize * 4..];
    strip.chunks_exact(4).filter(|pixel| pixel[..3].iter().all(|byte| *byte > 100)).count() > 300
}

fn shows_hosts_egui(frame: &CapturedFrame) -> bool {
    // Its background, beside the letters.
    frame.pixel(HOSTS_WINDOW.0 + 15, HOSTS_WINDOW.1) == YELLOW
}

fn assert_all_is_drawn(frame: &CapturedFrame) {
    assert!(shows_panels(frame), "the panels are drawn");
    assert!(shows_hosts_egui(frame), "the host's egui is drawn");
}

/// Lets one frame pass and checks that the host's egui was drawn in it, with all that it remembers.
fn frame_without_loss(capture: &mut Capture, doing: &str) {
    let before = world(capture).resource::<Noticed>().drawn;
    capture.run(1);
    let noticed = world(capture).resource::<Noticed>();
    assert!(noticed.drawn > before, "{doing}: the host's egui is drawn in every frame");
    assert_eq!(noticed.remembered, noticed.drawn, "{doing}: egui's memory is kept");
}

#[test]
fn the_context_moves_with_its_memory_to_a_3d_camera_that_comes_later() {
    let mut capture = started(app());
    let own = eye(&mut capture);
    assert_eq!(carriers(&mut capture), [(own, true)]);
    let before = context(&mut capture, own);
    assert_all_is_drawn(&picture(&mut capture, "context_late_before"));
    let free = world(&mut capture).resource::<PanelLayout>().central_rect;

    let host = spawn_3d(&mut capture);
    frame_without_loss(&mut capture, "the host's camera comes");
    assert_eq!(carriers(&mut capture), [(host, true)]);
    assert!(context(&mut capture, host) == before, "it is the same context");
    frame_without_loss(&mut capture, "one frame later");
    assert_eq!(world(&mut capture).resource::<Noticed>().failed, 0, "the host can ask for its context in every frame");
    assert_all_is_drawn(&picture(&mut capture, "context_late_after"));
    assert_eq!(world(&mut capture).resource::<PanelLayout>().central_rect, free);
}

#[test]
fn the_context_survives_replaced_and_sleeping_cameras() {
    let mut capture = started(app());
    let mut host = spawn_3d(&mut capture);
    capture.run(2);
    let kept = context(&mut capture, host);
    for gap in [0, 1, 3] {
        world(&mut capture).despawn(host);
        for _ in 0..gap {
            frame_without_loss(&mut capture, &format!("a gap of {gap} frames"));
        }
        host = spawn_3d(&mut capture);
        frame_without_loss(&mut capture, &format!("after a gap of {gap} frames"));
        assert!(context(&mut capture, host) == kept);
    }
    assert_all_is_drawn(&picture(&mut capture, "context_replaced"));

    // What the host despawned itself it cannot ask for before `PostUpdate`.
    world(&mut capture).resource_mut::<Noticed>().failed = 0;
    world(&mut capture).get_mut::<Camera>(host).unwrap().is_active = false;
    frame_without_loss(&mut capture, "the host's camera falls asleep");
    let own = eye(&mut capture);
    assert_eq!(carriers(&mut capture), [(own, true)]);
    assert_all_is_drawn(&picture(&mut capture, "context_asleep"));
    world(&mut capture).get_mut::<Camera>(host).unwrap().is_active = true;
    frame_without_loss(&mut capture, "the host's camera wakes up");
    assert_eq!(carriers(&mut capture), [(host, true)]);
    assert_all_is_drawn(&picture(&mut capture, "context_awake"));
    assert_eq!(world(&mut capture).resource::<Noticed>().failed, 0, "the host can ask for its context in every frame");
}

#[test]
fn a_flat_host_sees_scene_square_egui_and_panels_at_once() {
    let mut app = app();
    app.add_systems(Startup, |mut commands: Commands, target: Res<CaptureTarget>| {
        commands.spawn((Camera2d, RenderTarget::Image(target.0.clone().into())));
    });
    let mut capture = started(app);
    capture.run(6);
    let frame = picture(&mut capture, "flat_with_panels");
    assert_all_is_drawn(&frame);
    assert!(shows_badge(&frame), "the host's square is drawn");
    let free = world(&mut capture).resource::<PanelLayout>().central_rect.unwrap();
    let scene = frame.rgba.chunks_exact(4).enumerate().filter(|(index, pixel)| {
        let place = Vec2::new((index % WIDTH as usize) as f32, (index / WIDTH as usize) as f32);
        free.contains(place) && pixel[1] > 60
    });
    assert!(scene.count() > 2000, "the scene is drawn");

    let world = world(&mut capture);
    let flat = world.query_filtered::<Entity, With<Camera2d>>().single(world).unwrap();
    assert!(world.get::<PrimaryEguiContext>(flat).is_some(), "nothing is drawn over egui");
    world.despawn(flat);
    frame_without_loss(&mut capture, "the flat camera goes");
    let own = eye(&mut capture);
    assert_eq!(carriers(&mut capture), [(own, true)]);
    frame_without_loss(&mut capture, "one frame later");
    assert_all_is_drawn(&picture(&mut capture, "flat_gone"));
}

/// A second window of the host's: a picture, with a camera that carries the primary context.
fn spawn_second(capture: &mut Capture) -> (Entity, Handle<Image>) {
    let image = Image::new_target_texture(WIDTH, HEIGHT, TextureFormat::Rgba8UnormSrgb, None);
    let image = world(capture).resource_mut::<Assets<Image>>().add(image);
    let camera = (Camera3d::default(), Msaa::Off, RenderTarget::Image(image.clone().into()));
    (world(capture).spawn(camera).id(), image)
}

fn picture_of(capture: &mut Capture, image: Handle<Image>, name: &str) -> CapturedFrame {
    let views = world(capture).remove_resource::<CaptureTarget>().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    world(capture).spawn(Screenshot::image(image)).observe(move |shot: On<ScreenshotCaptured>| {
        sender.send(shot.image.clone()).expect("the test waits for the picture");
    });
    world(capture).insert_resource(views);
    let image = (0..50)
        .find_map(|_| {
            capture.run(1);
            receiver.try_recv().ok()
        })
        .expect("the picture comes");
    let frame = CapturedFrame { width: WIDTH, height: HEIGHT, rgba: image.data.unwrap() };
    keep(&frame, name);
    frame
}

#[test]
fn with_the_primary_context_in_another_window_the_panels_have_one_of_their_own() {
    let mut capture = Capture::start(app());
    let (second, image) = spawn_second(&mut capture);
    // The host's camera is the first of the app.
    world(&mut capture).resource_mut::<EguiGlobalSettings>().auto_create_primary_context = false;
    world(&mut capture).entity_mut(second).insert(PrimaryEguiContext);
    capture.run(8);
    let own = eye(&mut capture);
    let mut both = carriers(&mut capture);
    both.sort();
    let mut expected = [(second, true), (own, false)];
    expected.sort();
    assert_eq!(both, expected);

    let views = picture(&mut capture, "two_windows_view");
    assert!(shows_panels(&views) && !shows_hosts_egui(&views), "the view's window has the panels alone");
    let hosts = picture_of(&mut capture, image, "two_windows_host");
    assert!(!shows_panels(&hosts) && shows_hosts_egui(&hosts), "the host's window has the host's egui alone");

    // The panels' own context moves on too, and goes when the host brings one.
    let kept = context(&mut capture, own);
    let host = spawn_3d(&mut capture);
    frame_without_loss(&mut capture, "a camera comes in the view's window");
    assert!(context(&mut capture, host) == kept);
    capture.run(2);
    assert!(shows_panels(&picture(&mut capture, "two_windows_view_late")));
    world(&mut capture).despawn(second);
    world(&mut capture).entity_mut(host).insert(PrimaryEguiContext);
    capture.run(3);
    assert_eq!(carriers(&mut capture), [(host, true)]);
    assert_all_is_drawn(&picture(&mut capture, "two_windows_merged"));
}

#[derive(bevy::ecs::schedule::ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct HostsSecondPass;

#[test]
fn a_second_context_of_the_hosts_in_the_views_window_serves_the_panels_too() {
    let mut app = app();
    app.insert_resource(EguiGlobalSettings { auto_create_primary_context: false, ..default() });
    app.init_schedule(HostsSecondPass);
    let mut capture = started(app);
    assert_eq!(carriers(&mut capture), [], "the host makes its contexts itself");
    assert_eq!(world(&mut capture).resource::<PanelLayout>().central_rect, None);
    let (second, _) = spawn_second(&mut capture);
    let host = spawn_3d(&mut capture);
    world(&mut capture).entity_mut(second).insert(PrimaryEguiContext);
    world(&mut capture).entity_mut(host).insert(EguiSchedule::new(HostsSecondPass));
    capture.run(6);
    assert_eq!(carriers(&mut capture).len(), 2);
    assert!(world(&mut capture).resource::<PanelLayout>().central_rect.is_some());
    assert!(shows_panels(&picture(&mut capture, "second_context")));
    let pass = world(&mut capture).get::<EguiSchedule>(host).unwrap().0;
    assert!(pass != EguiSchedule::new(PanelContextPass).0);
}

#[test]
fn a_primary_context_that_the_host_brings_itself_replaces_that_of_the_own_camera() {
    let mut capture = started(app());
    let own = eye(&mut capture);
    let target = target(&mut capture);
    let flat = world(&mut capture).spawn((Camera2d, target, PrimaryEguiContext)).id();
    capture.run(3);
    assert_eq!(eye(&mut capture), own);
    assert_eq!(carriers(&mut capture), [(flat, true)]);
    assert_all_is_drawn(&picture(&mut capture, "hosts_own_primary"));
}

#[test]
fn edges_of_a_context_that_the_panels_left_are_free_again() {
    let mut capture = Capture::start(app());
    let (second, _) = spawn_second(&mut capture);
    world(&mut capture).resource_mut::<EguiGlobalSettings>().auto_create_primary_context = false;
    world(&mut capture).entity_mut(second).insert((PrimaryEguiContext, bevy_proxops::view::ViewCamera));
    capture.run(6);
    let over_left_panel = |capture: &mut Capture| {
        let pointer = egui::Event::PointerMoved(egui::pos2(40.0, 0.5 * HEIGHT as f32));
        world(capture).get_mut::<EguiInput>(second).unwrap().events.push(pointer);
        capture.run(1);
        context(capture, second).is_pointer_over_egui()
    };
    assert!(over_left_panel(&mut capture));
    world(&mut capture).entity_mut(second).remove::<bevy_proxops::view::ViewCamera>();
    capture.run(4);
    assert!(!over_left_panel(&mut capture));
    assert!(world(&mut capture).resource::<PanelSettings>().visible);
}
