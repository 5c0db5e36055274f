//! Hears the keys of the view. They send the same commands as a panel or a host would.

use bevy::ecs::message::MessageCursor;
use bevy::ecs::system::SystemParam;
use bevy::input::keyboard::KeyboardInput;
use bevy::prelude::*;

use super::camera_rig::OrbitCamera;
use super::eye::CurrentEye;
use super::input::ViewInput;
use super::keys::{DefaultKeys, KeyAction, KeyBindings, KeyFocus, KeyGroup};
use super::settings::{ViewLayers, ViewSettings};
use crate::episode::{LatestSnapshot, SimCommand};

/// Keys that make another one somebody else's business.
const OF_OTHERS: [KeyCode; 6] = [
    KeyCode::ControlLeft,
    KeyCode::ControlRight,
    KeyCode::AltLeft,
    KeyCode::AltRight,
    KeyCode::SuperLeft,
    KeyCode::SuperRight,
];

/// The view's own camera brings the focus with it; a click on its picture gives it again. A click on a host's picture takes it.
pub(super) fn follow_focus(
    eye: Res<CurrentEye>,
    input: ViewInput,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    mut was_own: Local<bool>,
    mut focus: ResMut<KeyFocus>,
) {
    let has_changed = std::mem::replace(&mut *was_own, eye.is_own) != eye.is_own;
    let is_clicked = buttons.is_some_and(|buttons| buttons.get_just_pressed().len() > 0);
    if has_changed || (is_clicked && input.free_pointer().is_some()) {
        focus.set_if_neq(KeyFocus(eye.is_own));
    }
}

/// The keyboard, as far as the view hears it.
#[derive(SystemParam)]
pub(super) struct Keyboard<'w, 's> {
    pressed: Option<Res<'w, Messages<KeyboardInput>>>,
    read: Local<'s, MessageCursor<KeyboardInput>>,
    held: Option<Res<'w, ButtonInput<KeyCode>>>,
}

impl Keyboard<'_, '_> {
    /// The keys that went down in this frame.
    fn pressed(&mut self) -> Vec<KeyboardInput> {
        let Some(pressed) = &self.pressed else { return Vec::new() };
        self.read.read(pressed).filter(|key| key.state.is_pressed() && !key.repeat).cloned().collect()
    }

    /// A frame may be long enough to hold a whole Ctrl+1, with Ctrl up again at its end.
    fn holds(&self, modifiers: &[KeyCode]) -> bool {
        self.held.as_ref().is_some_and(|keys| {
            keys.any_pressed(modifiers.iter().copied()) || keys.any_just_released(modifiers.iter().copied())
        })
    }
}

#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn hear_shortcuts(
    mut keyboard: Keyboard,
    (default_keys, focus): (Res<DefaultKeys>, Res<KeyFocus>),
    bindings: Res<KeyBindings>,
    input: ViewInput,
    latest: Option<Res<LatestSnapshot>>,
    mut settings: ResMut<ViewSettings>,
    mut cameras: Query<&mut OrbitCamera>,
    mut commands: MessageWriter<SimCommand>,
) {
    // Keys that are not heard are not kept for later either.
    let pressed = keyboard.pressed();
    if pressed.is_empty() || !default_keys.work(*focus) || !input.keyboard_is_free() || keyboard.holds(&OF_OTHERS) {
        return;
    }
    let shift = keyboard.holds(&[KeyCode::ShiftLeft, KeyCode::ShiftRight]);
    for action in pressed.iter().flat_map(|key| bindings.actions(&key.logical_key, key.key_code, shift)) {
        match action.group() {
            KeyGroup::View if settings.shortcuts => {
                if let Some(layer) = layer_of(action) {
                    let shown = layer(&mut settings.layers);
                    *shown = !*shown;
                } else if action == KeyAction::FrameScene {
                    cameras.iter_mut().for_each(|mut camera| camera.frame_scene());
                }
            }
            KeyGroup::Run if settings.run_shortcuts => {
                commands.write_batch(latest.as_ref().and_then(|latest| action.command(&latest.0)));
            }
            _ => {}
        }
    }
}

fn layer_of(action: KeyAction) -> Option<fn(&mut ViewLayers) -> &mut bool> {
    Some(match action {
        KeyAction::ToggleBelief => |layers| &mut layers.belief,
        KeyAction::ToggleTrajectory => |layers| &mut layers.trajectory,
        KeyAction::TogglePlan => |layers| &mut layers.plan,
        KeyAction::ToggleServicer => |layers| &mut layers.servicer,
        KeyAction::ToggleFieldOfView => |layers| &mut layers.field_of_view,
        KeyAction::ToggleAxes => |layers| &mut layers.axes,
        KeyAction::ToggleSmallGrids => |layers| &mut layers.small_grids,
        KeyAction::ToggleTruth => |layers| &mut layers.truth,
        _ => return None,
    })
}
