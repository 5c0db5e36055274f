//! Keyboard shortcuts. They send the same commands as a panel or a host would.

use bevy::prelude::*;

use super::camera_rig::OrbitCamera;
use super::input::ViewInput;
use super::settings::{ViewLayers, ViewSettings};
use crate::episode::{LatestSnapshot, SimCommand, SimulationSnapshot};
use crate::mission::Seed;

/// A key and what it does, for a help text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// The key as it is printed on keyboards.
    pub key: &'static str,
    /// What it does.
    pub does: &'static str,
}

/// The one switch for all keys of view and panel ([`SHORTCUTS`], [`RUN_SHORTCUTS`] and the panel's `SHORTCUTS`): while it
/// is `false`, none of them does anything, whatever [`ViewSettings`] and `PanelSettings` say. Change it at any time; without
/// the resource the keys are on. [`ProxOpsPlugins::default_keys`](crate::ProxOpsPlugins) sets it at the start.
#[derive(Resource, Reflect, Clone, Copy, Debug, PartialEq, Eq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub struct DefaultKeys(pub bool);

impl Default for DefaultKeys {
    fn default() -> Self {
        Self(true)
    }
}

/// Brings the switch into an app.
pub(crate) struct DefaultKeysPlugin(pub DefaultKeys);

impl Plugin for DefaultKeysPlugin {
    fn build(&self, app: &mut App) {
        app.register_type::<DefaultKeys>().insert_resource(self.0);
    }
}

/// Keys that show and hide layers: heard while [`ViewSettings::shortcuts`] is on.
pub const SHORTCUTS: &[Shortcut] = &[
    Shortcut { key: "1", does: "show or hide the belief" },
    Shortcut { key: "2", does: "show or hide the flown path and its burns" },
    Shortcut { key: "3", does: "show or hide the plan and the search's candidates" },
    Shortcut { key: "4", does: "show or hide the servicer and its field of view" },
    Shortcut { key: "5", does: "show or hide axes and range rings" },
    Shortcut { key: "6", does: "show or hide the small grids" },
    Shortcut { key: "G", does: "show or hide the true shape" },
    Shortcut { key: "F", does: "frame the whole scene" },
];

/// Keys that steer the run: heard while [`ViewSettings::run_shortcuts`] is on.
pub const RUN_SHORTCUTS: &[Shortcut] = &[
    Shortcut { key: "Space", does: "play or pause" },
    Shortcut { key: "N or .", does: "pause, then one decision of every episode" },
    Shortcut { key: "R", does: "start all episodes anew with the same seed" },
    Shortcut { key: "Shift+R", does: "start all episodes anew with the next seed" },
    Shortcut { key: "[ ]", does: "put the previous or next episode in focus" },
];

/// Keys that make another one somebody else's business.
const OF_OTHERS: [KeyCode; 6] = [
    KeyCode::ControlLeft,
    KeyCode::ControlRight,
    KeyCode::AltLeft,
    KeyCode::AltRight,
    KeyCode::SuperLeft,
    KeyCode::SuperRight,
];

pub(super) fn hear_shortcuts(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    default_keys: Option<Res<DefaultKeys>>,
    input: ViewInput,
    latest: Option<Res<LatestSnapshot>>,
    mut settings: ResMut<ViewSettings>,
    mut cameras: Query<&mut OrbitCamera>,
    mut commands: MessageWriter<SimCommand>,
) {
    let is_on = default_keys.is_none_or(|keys| keys.0);
    let Some(keys) = keys.filter(|_| is_on && input.keyboard_is_free()) else { return };
    // A frame may be long enough to hold a whole Ctrl+1, with Ctrl up again at its end.
    let held = |modifiers: &[KeyCode]| {
        keys.any_pressed(modifiers.iter().copied()) || keys.any_just_released(modifiers.iter().copied())
    };
    if held(&OF_OTHERS) {
        return;
    }
    let shift = held(&[KeyCode::ShiftLeft, KeyCode::ShiftRight]);
    for key in keys.get_just_pressed().copied() {
        if settings.shortcuts && key == KeyCode::KeyF {
            cameras.iter_mut().for_each(|mut camera| camera.frame_scene());
        } else if let Some(layer) = layer_of(key).filter(|_| settings.shortcuts) {
            let shown = layer(&mut settings.layers);
            *shown = !*shown;
        } else if let Some(latest) = latest.as_ref().filter(|_| settings.run_shortcuts) {
            commands.write_batch(command_of(key, shift, &latest.0));
        }
    }
}

fn layer_of(key: KeyCode) -> Option<fn(&mut ViewLayers) -> &mut bool> {
    Some(match key {
        KeyCode::Digit1 => |layers| &mut layers.belief,
        KeyCode::Digit2 => |layers| &mut layers.trajectory,
        KeyCode::Digit3 => |layers| &mut layers.plan,
        KeyCode::Digit4 => |layers| &mut layers.servicer,
        KeyCode::Digit5 => |layers| &mut layers.axes,
        KeyCode::Digit6 => |layers| &mut layers.small_grids,
        KeyCode::KeyG => |layers| &mut layers.truth,
        _ => return None,
    })
}

fn command_of(key: KeyCode, shift: bool, snapshot: &SimulationSnapshot) -> Option<SimCommand> {
    Some(match key {
        KeyCode::Space if snapshot.paused => SimCommand::Play,
        KeyCode::Space => SimCommand::Pause,
        KeyCode::KeyN | KeyCode::Period => SimCommand::StepOnce,
        KeyCode::KeyR => SimCommand::Reset { seed: shift.then(|| Seed(snapshot.seed.0.wrapping_add(1))) },
        KeyCode::BracketLeft => SimCommand::Focus(neighbour(snapshot, -1)?),
        KeyCode::BracketRight => SimCommand::Focus(neighbour(snapshot, 1)?),
        _ => return None,
    })
}

/// Number of the episode `steps` slots further, round the end.
fn neighbour(snapshot: &SimulationSnapshot, steps: isize) -> Option<u32> {
    let slots = isize::try_from(snapshot.episodes.len()).ok().filter(|slots| *slots > 0)?;
    let current = snapshot.episodes.iter().position(|episode| episode.number == snapshot.focus).unwrap_or(0);
    let next = (current as isize + steps).rem_euclid(slots) as usize;
    Some(snapshot.episodes[next].number)
}
