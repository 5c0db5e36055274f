//! Keyboard shortcuts. They send the same commands as a panel or a host would.

use bevy::prelude::*;

use super::camera_rig::OrbitCamera;
use super::input::InputFree;
use super::settings::ViewSettings;
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

/// Every shortcut of the view.
pub const SHORTCUTS: &[Shortcut] = &[
    Shortcut { key: "Space", does: "play or pause" },
    Shortcut { key: ".", does: "make one decision, then pause" },
    Shortcut { key: "R", does: "start all episodes anew" },
    Shortcut { key: "N", does: "start all episodes anew with the next seed" },
    Shortcut { key: "[ ]", does: "put the previous or next episode in focus" },
    Shortcut { key: "1", does: "show or hide the belief" },
    Shortcut { key: "2", does: "show or hide the flown path and its burns" },
    Shortcut { key: "3", does: "show or hide the plan and the search's candidates" },
    Shortcut { key: "4", does: "show or hide the servicer and its field of view" },
    Shortcut { key: "5", does: "show or hide axes and range rings" },
    Shortcut { key: "6", does: "show or hide the other episodes" },
    Shortcut { key: "G", does: "show or hide the true shape" },
    Shortcut { key: "F", does: "frame the whole scene" },
];

pub(super) fn hear_shortcuts(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    free: InputFree,
    latest: Option<Res<LatestSnapshot>>,
    mut settings: ResMut<ViewSettings>,
    mut cameras: Query<&mut OrbitCamera>,
    mut commands: MessageWriter<SimCommand>,
) {
    let Some(keys) = keys.filter(|_| settings.shortcuts && free.keyboard()) else { return };
    let modifiers = [KeyCode::ControlLeft, KeyCode::ControlRight, KeyCode::AltLeft, KeyCode::AltRight];
    if keys.any_pressed(modifiers) {
        return;
    }
    for key in keys.get_just_pressed() {
        if *key == KeyCode::KeyF {
            cameras.iter_mut().for_each(|mut camera| camera.frame_scene());
        } else if let Some(layer) = layer_of(*key) {
            let shown = layer(&mut settings);
            *shown = !*shown;
        } else if let Some(command) = latest.as_ref().and_then(|latest| command_of(*key, &latest.0)) {
            commands.write(command);
        }
    }
}

fn layer_of(key: KeyCode) -> Option<fn(&mut ViewSettings) -> &mut bool> {
    Some(match key {
        KeyCode::Digit1 => |settings| &mut settings.layers.belief,
        KeyCode::Digit2 => |settings| &mut settings.layers.trajectory,
        KeyCode::Digit3 => |settings| &mut settings.layers.plan,
        KeyCode::Digit4 => |settings| &mut settings.layers.servicer,
        KeyCode::Digit5 => |settings| &mut settings.layers.axes,
        KeyCode::Digit6 => |settings| &mut settings.layers.small_grids,
        KeyCode::KeyG => |settings| &mut settings.layers.truth,
        _ => return None,
    })
}

fn command_of(key: KeyCode, snapshot: &SimulationSnapshot) -> Option<SimCommand> {
    Some(match key {
        KeyCode::Space if snapshot.paused => SimCommand::Play,
        KeyCode::Space => SimCommand::Pause,
        KeyCode::Period => SimCommand::StepOnce,
        KeyCode::KeyR => SimCommand::Reset { seed: None },
        KeyCode::KeyN => SimCommand::Reset { seed: Some(Seed(snapshot.seed.0.wrapping_add(1))) },
        KeyCode::BracketLeft => SimCommand::Focus(neighbour(snapshot, -1)?),
        KeyCode::BracketRight => SimCommand::Focus(neighbour(snapshot, 1)?),
        _ => return None,
    })
}

/// Number of the episode `steps` slots further, round the end.
fn neighbour(snapshot: &SimulationSnapshot, steps: isize) -> Option<u32> {
    let slots = snapshot.episodes.len() as isize;
    let current = snapshot.episodes.iter().position(|episode| episode.number == snapshot.focus)? as isize;
    let next = (current + steps).rem_euclid(slots) as usize;
    Some(snapshot.episodes[next].number)
}
