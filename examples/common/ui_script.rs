//! A pointer moved by a script, for testing the panel as a person would use it.
//!
//! One action a line, `#` starts a comment, positions in logical pixels from the top left corner:
//! `wait FRAMES`, `size WIDTH HEIGHT`, `move X Y`, `click X Y`, `drag X Y X Y`, `screenshot FILE`, `quit`.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use bevy::input::ButtonState;
use bevy::input::mouse::{MouseButton, MouseButtonInput};
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use bevy::window::{CursorMoved, PrimaryWindow, WindowEvent};
use bevy_proxops::files;

use crate::terminal::UserError;

/// Larger files are no scripts.
const LARGEST_SCRIPT_BYTES: u64 = 1 << 20;
/// Frames over which a drag is spread, so that the panel sees a movement and not a jump.
const DRAG_FRAMES: u16 = 8;
/// Frames between asking for a screenshot and going on, while it is captured and saved.
const SCREENSHOT_FRAMES: u32 = 10;

/// What the pointer does, action by action.
#[derive(Resource)]
pub struct UiScript {
    actions: VecDeque<UiAction>,
    waiting_frames: u32,
}

impl UiScript {
    /// Reads a script file.
    pub fn load(path: &Path) -> Result<Self, UserError> {
        let text = files::read_text(path, LARGEST_SCRIPT_BYTES)
            .map_err(|error| format!("UI script {}: {error}", path.display()))?;
        let actions = parse(&text).map_err(|error| format!("UI script {}: {error}", path.display()))?;
        Ok(Self { actions, waiting_frames: 0 })
    }

    /// Plays the script in a windowed app.
    pub fn play(self, app: &mut App) {
        app.insert_resource(self).add_systems(First, act);
    }
}

#[derive(Debug, PartialEq)]
enum UiAction {
    Wait(u32),
    Size(Vec2),
    Move(Vec2),
    Button(ButtonState),
    Screenshot(PathBuf),
    Quit,
}

fn parse(text: &str) -> Result<VecDeque<UiAction>, String> {
    let mut actions = VecDeque::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        parse_line(&words, &mut actions).map_err(|error| format!("line {}: {error}", index + 1))?;
    }
    Ok(actions)
}

fn parse_line(words: &[&str], actions: &mut VecDeque<UiAction>) -> Result<(), String> {
    match words {
        [] => {}
        ["wait", frames] => actions.push_back(UiAction::Wait(number(frames)?)),
        ["size", width, height] => actions.push_back(UiAction::Size(point(width, height)?)),
        ["move", x, y] => actions.push_back(UiAction::Move(point(x, y)?)),
        ["click", x, y] => press_and_release(point(x, y)?, &[], actions),
        ["drag", x0, y0, x1, y1] => {
            let (from, to) = (point(x0, y0)?, point(x1, y1)?);
            let path: Vec<Vec2> =
                (1..=DRAG_FRAMES).map(|frame| from.lerp(to, f32::from(frame) / f32::from(DRAG_FRAMES))).collect();
            press_and_release(from, &path, actions);
        }
        ["screenshot", file] => actions.push_back(UiAction::Screenshot(PathBuf::from(file))),
        ["quit"] => actions.push_back(UiAction::Quit),
        _ => {
            return Err(format!(
                "'{}' is none of: wait FRAMES, size WIDTH HEIGHT, move X Y, click X Y, drag X Y X Y, screenshot FILE, quit",
                words.join(" ")
            ));
        }
    }
    Ok(())
}

/// The pointer rests before it presses and after it lets go, as a hand's does. A click is let go in the next frame: a
/// press that lasts too long is no click, and frames may be slow.
fn press_and_release(from: Vec2, path: &[Vec2], actions: &mut VecDeque<UiAction>) {
    actions.extend([UiAction::Move(from), UiAction::Wait(1), UiAction::Button(ButtonState::Pressed)]);
    if !path.is_empty() {
        actions.push_back(UiAction::Wait(1));
        actions.extend(path.iter().copied().map(UiAction::Move));
        actions.push_back(UiAction::Wait(1));
    }
    actions.extend([UiAction::Button(ButtonState::Released), UiAction::Wait(1)]);
}

fn number<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("'{word}' is not a number of the right kind"))
}

fn point(x: &str, y: &str) -> Result<Vec2, String> {
    Ok(Vec2::new(number(x)?, number(y)?))
}

/// One action a frame. Both the collected window event (which egui reads) and the single message (which
/// cameras read) are written, as the window library does.
fn act(
    mut script: ResMut<UiScript>,
    mut commands: Commands,
    window: Single<(Entity, &mut Window), With<PrimaryWindow>>,
    mut window_events: MessageWriter<WindowEvent>,
    mut cursor_moves: MessageWriter<CursorMoved>,
    mut mouse_buttons: MessageWriter<MouseButtonInput>,
    mut exit: MessageWriter<AppExit>,
) {
    if script.waiting_frames > 0 {
        script.waiting_frames -= 1;
        return;
    }
    let (window, mut settings) = window.into_inner();
    match script.actions.pop_front() {
        Some(UiAction::Wait(frames)) => script.waiting_frames = frames,
        Some(UiAction::Size(size)) => settings.resolution.set(size.x, size.y),
        Some(UiAction::Move(position)) => {
            settings.set_cursor_position(Some(position));
            let moved = CursorMoved { window, position, delta: None };
            window_events.write(WindowEvent::CursorMoved(moved.clone()));
            cursor_moves.write(moved);
        }
        Some(UiAction::Button(state)) => {
            let button = MouseButtonInput { button: MouseButton::Left, state, window };
            window_events.write(WindowEvent::MouseButtonInput(button));
            mouse_buttons.write(button);
        }
        Some(UiAction::Screenshot(path)) => {
            commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path));
            script.waiting_frames = SCREENSHOT_FRAMES;
        }
        Some(UiAction::Quit) => {
            exit.write(AppExit::Success);
        }
        None => {}
    }
}
