use bevy::ecs::message::Messages;
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::input::mouse::{MouseButtonInput, MouseMotion};
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_proxops::episode::SimCommand;
use bevy_proxops::view::{Capture, OrbitCamera, SmallGrid, ViewSettings};

use crate::support::{HEIGHT, WIDTH, settled, view_app};
use crate::synthetic;

/// A view of four episodes and a window for pointer and keyboard that nothing is drawn on.
fn with_window() -> (Capture, Entity) {
    let mut app = view_app(ViewSettings::default(), synthetic::run(4, 12));
    let mut window = Window::default();
    window.resolution.set(WIDTH as f32, HEIGHT as f32);
    // The view is steered only while the pointer is in its window.
    window.set_cursor_position(Some(Vec2::new(WIDTH as f32, HEIGHT as f32) / 2.0));
    let window = app.world_mut().spawn((window, PrimaryWindow)).id();
    (settled(app), window)
}

fn press(capture: &mut Capture, window: Entity, key_code: KeyCode) {
    let world = capture.app().world_mut();
    for state in [ButtonState::Pressed, ButtonState::Released] {
        let logical_key = Key::Dead(None);
        world.write_message(KeyboardInput { key_code, logical_key, state, text: None, repeat: false, window });
    }
    capture.run(1);
}

fn button(capture: &mut Capture, window: Entity, state: ButtonState) {
    capture.app().world_mut().write_message(MouseButtonInput { button: MouseButton::Left, state, window });
    capture.run(1);
}

fn sent(capture: &mut Capture) -> Vec<SimCommand> {
    capture.app().world_mut().resource_mut::<Messages<SimCommand>>().drain().collect()
}

fn camera(capture: &mut Capture) -> OrbitCamera {
    let world = capture.app().world_mut();
    world.query::<&OrbitCamera>().single(world).expect("the view has brought its camera").clone()
}

#[test]
fn a_click_on_a_small_grid_asks_for_its_episode() {
    let (mut capture, window) = with_window();
    let world = capture.app().world_mut();
    let (eye, eye_transform) =
        world.query_filtered::<(&Camera, &GlobalTransform), With<OrbitCamera>>().single(world).unwrap();
    let (eye, eye_transform) = (eye.clone(), *eye_transform);
    let places: Vec<(u32, Vec3)> = world
        .query::<(&SmallGrid, &GlobalTransform)>()
        .iter(world)
        .map(|(grid, transform)| (grid.episode, transform.translation()))
        .collect();
    assert_eq!(places.len(), 4);
    for (episode, place) in places {
        let pixel = eye.world_to_viewport(&eye_transform, place).expect("the grid is in the picture");
        let mut window_state = capture.app().world_mut().get_mut::<Window>(window).unwrap();
        window_state.set_cursor_position(Some(pixel));
        button(&mut capture, window, ButtonState::Pressed);
        button(&mut capture, window, ButtonState::Released);
        assert_eq!(sent(&mut capture), [SimCommand::Focus(episode)], "at pixel {pixel}");
    }
}

#[test]
fn keys_send_the_commands_they_promise() {
    let (mut capture, window) = with_window();
    for (key, expected) in [
        (KeyCode::Space, SimCommand::Pause),
        (KeyCode::Period, SimCommand::StepOnce),
        (KeyCode::KeyR, SimCommand::Reset { seed: None }),
        (KeyCode::BracketRight, SimCommand::Focus(1)),
        (KeyCode::BracketLeft, SimCommand::Focus(3)),
    ] {
        press(&mut capture, window, key);
        assert_eq!(sent(&mut capture), [expected], "{key:?}");
    }
    press(&mut capture, window, KeyCode::KeyG);
    assert!(capture.app().world().resource::<ViewSettings>().layers.truth);
    assert_eq!(sent(&mut capture), []);
}

#[test]
fn run_keys_are_silent_where_a_panel_hears_them() {
    let (mut capture, window) = with_window();
    capture.app().world_mut().resource_mut::<ViewSettings>().run_shortcuts = false;
    press(&mut capture, window, KeyCode::Space);
    assert_eq!(sent(&mut capture), []);
    press(&mut capture, window, KeyCode::Digit1);
    assert!(!capture.app().world().resource::<ViewSettings>().layers.belief);
}

#[test]
fn a_drag_turns_the_camera_until_f_frames_the_scene_again() {
    let (mut capture, window) = with_window();
    let before = camera(&mut capture);
    assert!(before.frames_scene);
    button(&mut capture, window, ButtonState::Pressed);
    capture.app().world_mut().write_message(MouseMotion { delta: Vec2::new(120.0, 40.0) });
    capture.run(1);
    button(&mut capture, window, ButtonState::Released);
    let turned = camera(&mut capture);
    assert!(turned.goal.yaw_rad < before.goal.yaw_rad && turned.goal.pitch_rad > before.goal.pitch_rad);
    assert_eq!(turned.goal.distance, before.goal.distance);
    assert!(!turned.frames_scene);
    press(&mut capture, window, KeyCode::KeyF);
    assert!(camera(&mut capture).frames_scene);
}
