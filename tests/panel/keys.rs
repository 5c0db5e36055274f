//! Keys as the window system delivers them: whole combinations within one frame, and none of them where the application has
//! switched them off.

use std::time::Duration;

use bevy::camera::RenderTarget;
use bevy::ecs::message::MessageReader;
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::input::mouse::MouseButtonInput;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy::window::{ExitCondition, FileDragAndDrop, PrimaryWindow, WindowEvent, WindowPlugin, WindowRef};
use bevy_egui::input::EguiInputEvent;
use bevy_egui::{EguiContexts, EguiPrimaryContextPass, egui};
use bevy_proxops::episode::LatestSnapshot;
use bevy_proxops::panel::{PanelLayout, PanelSettings, PanelState};
use bevy_proxops::prelude::*;
use bevy_proxops::view::{KeyChord, KeyFocus, OrbitCamera, ViewSettings};

use crate::offscreen::windowless;
use crate::support::snapshot;

/// Enough for the panels to be laid out and for a key to have had its effect.
const FRAMES: usize = 4;

/// The whole group about a run that stands still, in a window that is never opened.
fn app(default_keys: bool) -> App {
    let mut app = App::new();
    let with_window = WindowPlugin { exit_condition: ExitCondition::DontExit, ..default() };
    app.add_plugins(windowless().set(with_window).disable::<LogPlugin>());
    let group = ProxOpsPlugins { default_keys, ..default() };
    app.add_plugins(group.build().disable::<EpisodePlugin>())
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(50)))
        .insert_resource(LatestSnapshot(std::sync::Arc::new(snapshot())))
        .init_resource::<Sent>()
        .add_systems(Last, |mut commands: MessageReader<SimCommand>, mut sent: ResMut<Sent>| {
            sent.0.extend(commands.read().cloned());
        });
    app.finish();
    app.cleanup();
    update(&mut app, FRAMES);
    app
}

#[derive(Resource, Default)]
struct Sent(Vec<SimCommand>);

fn update(app: &mut App, frames: usize) {
    for _ in 0..frames {
        app.update();
    }
}

/// A key goes down or up; it takes effect in the next frame.
fn send(app: &mut App, key_code: KeyCode, logical_key: Key, state: ButtonState) {
    let window =
        app.world_mut().query_filtered::<Entity, With<PrimaryWindow>>().single(app.world()).expect("one window");
    app.world_mut().write_message(KeyboardInput { key_code, logical_key, state, text: None, repeat: false, window });
}

fn tap(app: &mut App, key_code: KeyCode, logical_key: Key) {
    for state in [ButtonState::Pressed, ButtonState::Released] {
        send(app, key_code, logical_key.clone(), state);
    }
}

fn character(text: &str) -> Key {
    Key::Character(text.into())
}

const CONTROL: (KeyCode, Key) = (KeyCode::ControlLeft, Key::Control);

/// Text in a field of the host's that has the keyboard.
#[derive(Resource)]
struct HostText(String);

fn with_text_field(text: &str) -> App {
    let mut app = app(true);
    app.insert_resource(HostText(text.to_owned())).add_systems(
        EguiPrimaryContextPass,
        |mut contexts: EguiContexts, mut text: ResMut<HostText>| -> Result {
            egui::Window::new("host").show(contexts.ctx_mut()?, |ui| {
                ui.text_edit_singleline(&mut text.0).request_focus();
            });
            Ok(())
        },
    );
    update(&mut app, FRAMES);
    app
}

fn text(app: &App) -> &str {
    &app.world().resource::<HostText>().0
}

#[test]
fn ctrl_a_within_one_frame_selects_all_and_types_nothing() {
    let mut app = with_text_field("abc");
    send(&mut app, CONTROL.0, CONTROL.1, ButtonState::Pressed);
    tap(&mut app, KeyCode::KeyA, character("a"));
    send(&mut app, CONTROL.0, CONTROL.1, ButtonState::Released);
    app.update();
    assert_eq!(text(&app), "abc");
    tap(&mut app, KeyCode::KeyZ, character("z"));
    app.update();
    assert_eq!(text(&app), "z", "all was selected");
}

#[test]
fn a_letter_before_ctrl_in_the_same_frame_is_typed() {
    let mut app = with_text_field("ab");
    tap(&mut app, KeyCode::End, Key::End);
    app.update();
    tap(&mut app, KeyCode::KeyC, character("c"));
    send(&mut app, CONTROL.0, CONTROL.1, ButtonState::Pressed);
    app.update();
    assert_eq!(text(&app), "abc");
}

#[test]
fn ctrl_a_over_several_frames_and_plain_typing_are_as_ever() {
    let mut app = with_text_field("abc");
    send(&mut app, CONTROL.0, CONTROL.1, ButtonState::Pressed);
    app.update();
    tap(&mut app, KeyCode::KeyA, character("a"));
    app.update();
    send(&mut app, CONTROL.0, CONTROL.1, ButtonState::Released);
    app.update();
    for letter in ["x", "a"] {
        tap(&mut app, if letter == "x" { KeyCode::KeyX } else { KeyCode::KeyA }, character(letter));
    }
    app.update();
    assert_eq!(text(&app), "xa");
}

#[test]
fn what_a_host_sends_to_egui_itself_is_left_alone() {
    let mut app = with_text_field("");
    let context = app.world_mut().query_filtered::<Entity, With<bevy_egui::EguiContext>>().single(app.world()).unwrap();
    app.world_mut().write_message(EguiInputEvent { context, event: egui::Event::Text("a".to_owned()) });
    send(&mut app, CONTROL.0, CONTROL.1, ButtonState::Pressed);
    send(&mut app, CONTROL.0, CONTROL.1, ButtonState::Released);
    app.update();
    assert_eq!(text(&app), "a");
}

/// Every key of the lists of view and panel.
fn listed_keys() -> Vec<(KeyCode, Key)> {
    let mut keys = vec![
        (KeyCode::Space, Key::Space),
        (KeyCode::F1, Key::F1),
        (KeyCode::Period, character(".")),
        (KeyCode::BracketLeft, character("[")),
        (KeyCode::BracketRight, character("]")),
        (KeyCode::Minus, character("-")),
        (KeyCode::Equal, character("=")),
    ];
    let letters = [
        (KeyCode::KeyN, "n"),
        (KeyCode::KeyR, "r"),
        (KeyCode::KeyM, "m"),
        (KeyCode::KeyH, "h"),
        (KeyCode::KeyG, "g"),
        (KeyCode::KeyF, "f"),
        (KeyCode::Digit1, "1"),
        (KeyCode::Digit2, "2"),
        (KeyCode::Digit3, "3"),
        (KeyCode::Digit4, "4"),
        (KeyCode::Digit5, "5"),
        (KeyCode::Digit6, "6"),
    ];
    keys.extend(letters.map(|(code, letter)| (code, character(letter))));
    keys
}

/// Everything that a key can change.
fn state(app: &mut App) -> (usize, ViewSettings, PanelSettings, Vec<f32>) {
    let world = app.world_mut();
    let distances = world.query::<&OrbitCamera>().iter(world).map(|camera| camera.goal.distance).collect();
    (
        world.resource::<Sent>().0.len(),
        world.resource::<ViewSettings>().clone(),
        world.resource::<PanelSettings>().clone(),
        distances,
    )
}

/// Presses each listed key, with `held` before it within the same frame; those that had an effect.
fn effective(app: &mut App, held: Option<(KeyCode, Key)>) -> Vec<KeyCode> {
    let mut effective = Vec::new();
    for (code, key) in listed_keys() {
        // Far away, so that framing the scene moves the camera.
        let world = app.world_mut();
        for mut camera in world.query::<&mut OrbitCamera>().iter_mut(world) {
            camera.frames_scene = false;
            camera.goal.distance = 12_345.0;
        }
        app.update();
        let before = state(app);
        if let Some((held, key)) = held.clone() {
            send(app, held, key, ButtonState::Pressed);
        }
        tap(app, code, key);
        if let Some((held, key)) = held.clone() {
            send(app, held, key, ButtonState::Released);
        }
        update(app, 2);
        if state(app) != before {
            effective.push(code);
        }
    }
    effective
}

#[test]
fn one_switch_turns_all_default_keys_off_and_on_again() {
    let mut app = app(false);
    assert_eq!(effective(&mut app, None), []);
    app.insert_resource(DefaultKeys::Always);
    let all: Vec<KeyCode> = listed_keys().into_iter().map(|(code, _)| code).collect();
    assert_eq!(effective(&mut app, None), all);
    app.insert_resource(DefaultKeys::Off);
    assert_eq!(effective(&mut app, None), []);
}

#[test]
fn with_ctrl_alt_or_super_no_default_key_does_anything() {
    let mut app = app(true);
    for held in [CONTROL, (KeyCode::AltLeft, Key::Alt), (KeyCode::SuperLeft, Key::Super)] {
        assert_eq!(effective(&mut app, Some(held.clone())), [], "{held:?}");
    }
}

#[test]
fn keys_are_heard_with_the_views_own_camera_and_are_the_hosts_with_a_camera_of_its_own() {
    let mut app = app(true);
    let all: Vec<KeyCode> = listed_keys().into_iter().map(|(code, _)| code).collect();
    assert_eq!(effective(&mut app, None), all);

    app.world_mut().spawn(Camera3d::default());
    update(&mut app, FRAMES);
    assert_eq!(effective(&mut app, None), []);
    // The view's own camera has gone, so that there is none that could be framed.
    let heard: Vec<KeyCode> = all.iter().copied().filter(|code| *code != KeyCode::KeyF).collect();
    app.insert_resource(DefaultKeys::Always);
    assert_eq!(effective(&mut app, None), heard);
    app.insert_resource(DefaultKeys::WithFocus);
    app.insert_resource(KeyFocus(true));
    assert_eq!(effective(&mut app, None), heard);
}

/// Clicks at a place in the primary window.
fn click(app: &mut App, place: Vec2) {
    let world = app.world_mut();
    let (window, mut state) =
        world.query_filtered::<(Entity, &mut Window), With<PrimaryWindow>>().single_mut(world).expect("one window");
    state.set_cursor_position(Some(place));
    // As the window system's own plugin writes them: each on its own, and in the order in which they came.
    let moved = CursorMoved { window, position: place, delta: None };
    world.write_message(WindowEvent::from(moved.clone()));
    world.write_message(moved);
    app.update();
    for state in [ButtonState::Pressed, ButtonState::Released] {
        let button = MouseButtonInput { button: MouseButton::Left, state, window };
        app.world_mut().write_message(WindowEvent::from(button));
        app.world_mut().write_message(button);
        app.update();
    }
}

fn has_focus(app: &App) -> bool {
    app.world().resource::<KeyFocus>().0
}

#[test]
fn a_click_on_a_panel_gives_the_keys_and_a_click_elsewhere_takes_them() {
    let mut app = app(true);
    assert!(has_focus(&app));
    app.world_mut().spawn(Camera3d::default());
    update(&mut app, FRAMES);
    assert!(!has_focus(&app));

    let window = app.world_mut().query::<&Window>().single(app.world()).expect("one window").size();
    let panel = Vec2::new(20.0, window.y - 4.0);
    let free = app.world().resource::<PanelLayout>().central_rect.expect("panels are drawn");
    click(&mut app, panel);
    assert!(has_focus(&app), "the strip at the bottom is ours");
    click(&mut app, free.center());
    assert!(!has_focus(&app), "the picture is the host's");

    // A window of the host's over our panel.
    click(&mut app, panel);
    app.add_systems(EguiPrimaryContextPass, |mut contexts: EguiContexts| -> Result {
        let at = egui::pos2(300.0, 300.0);
        egui::Window::new("host").fixed_pos(at).fixed_size([100.0, 60.0]).show(contexts.ctx_mut()?, |ui| {
            ui.label("the host's");
        });
        Ok(())
    });
    update(&mut app, FRAMES);
    assert!(has_focus(&app));
    click(&mut app, Vec2::new(340.0, 330.0));
    assert!(!has_focus(&app), "the window is the host's");
}

#[test]
fn a_click_on_the_picture_of_the_own_camera_gives_the_keys_back() {
    let mut app = app(true);
    app.insert_resource(KeyFocus(false));
    let free = app.world().resource::<PanelLayout>().central_rect.expect("panels are drawn");
    click(&mut app, free.center());
    assert!(has_focus(&app));
}

#[test]
fn keys_are_rebound_and_taken_away_one_by_one() {
    let mut app = app(true);
    let mut bindings = app.world_mut().resource_mut::<KeyBindings>();
    bindings.bind(KeyAction::PlayOrPause, ['n']);
    bindings.bind(KeyAction::StepOnce, [KeyChord::new(Key::Space)]);
    bindings.unbind(KeyAction::ToggleBelief);
    bindings.bind(KeyAction::ToggleTruth, [KeyChord::character('g').with_shift()]);
    tap(&mut app, KeyCode::KeyN, character("n"));
    app.update();
    tap(&mut app, KeyCode::Space, Key::Space);
    app.update();
    assert_eq!(app.world().resource::<Sent>().0, [SimCommand::Pause, SimCommand::StepOnce]);
    let before = app.world().resource::<ViewSettings>().clone();
    tap(&mut app, KeyCode::Digit1, character("1"));
    tap(&mut app, KeyCode::KeyG, character("g"));
    app.update();
    assert_eq!(*app.world().resource::<ViewSettings>(), before);

    app.insert_resource(KeyBindings::none());
    assert_eq!(effective(&mut app, None), []);
}

#[test]
fn keys_of_another_window_are_not_the_views() {
    let mut app = app(true);
    let second = app.world_mut().spawn(Window { focused: false, ..default() }).id();
    app.world_mut().spawn((Camera2d, RenderTarget::Window(WindowRef::Entity(second))));
    update(&mut app, FRAMES);
    let world = app.world_mut();
    let mut windows = world.query::<(Entity, &mut Window)>();
    windows.iter_mut(world).for_each(|(entity, mut window)| window.focused = entity == second);
    app.update();
    let before = app.world().resource::<ViewSettings>().clone();
    for state in [ButtonState::Pressed, ButtonState::Released] {
        let (key_code, logical_key) = (KeyCode::Digit1, character("1"));
        let key = KeyboardInput { key_code, logical_key, state, text: None, repeat: false, window: second };
        app.world_mut().write_message(key);
    }
    update(&mut app, 2);
    assert_eq!(*app.world().resource::<ViewSettings>(), before);
}

#[test]
fn dropped_files_are_the_hosts_unless_it_wants_scenarios_loaded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [scenario, film] = ["mine.ron", "film.mp4"].map(|name| folder.path().join(name));
    for path in [&scenario, &film] {
        std::fs::write(path, "()").expect("the temporary folder can be written to");
    }
    let mut app = app(true);
    let window =
        app.world_mut().query_filtered::<Entity, With<PrimaryWindow>>().single(app.world()).expect("one window");
    let drop_both = |app: &mut App| {
        for path_buf in [scenario.clone(), film.clone()] {
            app.world_mut().write_message(FileDragAndDrop::DroppedFile { window, path_buf });
        }
        update(app, 2);
    };
    let notices = |app: &App| app.world().resource::<PanelState>().notices.count();
    let before = notices(&app);
    drop_both(&mut app);
    assert_eq!(app.world().resource::<Sent>().0, []);
    assert_eq!(notices(&app), before, "they are none of our business");

    app.world_mut().resource_mut::<PanelSettings>().dropped_files = true;
    drop_both(&mut app);
    assert_eq!(app.world().resource::<Sent>().0, [SimCommand::LoadScenario(scenario.clone())]);
    assert_eq!(notices(&app), before + 1, "one line about the film");
}
