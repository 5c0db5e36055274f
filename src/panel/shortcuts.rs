//! The panels' keys. They send the same commands as the buttons and do nothing while text is being typed.

use bevy::ecs::system::{Res, SystemParam};
use bevy_egui::egui::{Context, Event, Key};

use crate::episode::{SimCommand, SimulationSnapshot, Speed};
use crate::mission::Seed;
use crate::panel::key_order::SuperKey;
use crate::panel::settings::PanelSettings;
use crate::view::DefaultKeys;

/// Every key and what it does.
pub const SHORTCUTS: &[(&str, &str)] = &[
    ("Space", "play or pause"),
    ("N or .", "pause, then one decision of every episode"),
    ("R", "start all episodes anew with the same seed"),
    ("Shift+R", "start all episodes anew with the next seed"),
    ("[  ]", "put the previous or next episode in focus"),
    ("−  +", "half or double speed"),
    ("M", "as fast as the cores allow, or back to 1×"),
    ("H", "hide or show the panels"),
    ("F1", "this help"),
    ("Esc", "close this help"),
];

/// What stands above the panels' own switch for their keys.
#[derive(SystemParam)]
pub(super) struct KeysAllowed<'w> {
    default_keys: Option<Res<'w, DefaultKeys>>,
    super_key: Res<'w, SuperKey>,
}

impl KeysAllowed<'_> {
    /// Whether the application lets the default keys work.
    pub(super) fn by_application(&self) -> bool {
        self.default_keys.as_ref().is_none_or(|keys| keys.0)
    }

    /// Whether the keys of this frame are the panels'.
    pub(super) fn now(&self) -> bool {
        self.by_application() && !self.super_key.was_down
    }
}

/// Reads the keys pressed in this frame; toggles what belongs to the panels and returns what belongs to the run.
pub fn shortcut_commands(
    ctx: &Context,
    snapshot: &SimulationSnapshot,
    settings: &mut PanelSettings,
) -> Vec<SimCommand> {
    if !settings.shortcuts || ctx.egui_wants_keyboard_input() {
        return Vec::new();
    }
    // With the modifiers of the moment: Ctrl, Alt and Command belong to others.
    let press = |key: Key| {
        ctx.input(|input| {
            input.events.iter().find_map(|event| match event {
                Event::Key { key: pressed, pressed: true, modifiers, .. } if *pressed == key => {
                    let is_plain = !(modifiers.ctrl || modifiers.alt || modifiers.command || modifiers.mac_cmd);
                    is_plain.then_some(*modifiers)
                }
                _ => None,
            })
        })
    };
    let pressed = |key: Key| press(key).is_some();
    if pressed(Key::H) {
        settings.visible = !settings.visible;
    }
    if pressed(Key::F1) {
        settings.help = !settings.help;
        settings.visible |= settings.help;
    }
    if pressed(Key::Escape) {
        settings.help = false;
    }
    let mut commands = Vec::new();
    if pressed(Key::Space) {
        commands.push(if snapshot.paused { SimCommand::Play } else { SimCommand::Pause });
    }
    if pressed(Key::N) || pressed(Key::Period) {
        commands.push(SimCommand::StepOnce);
    }
    if let Some(modifiers) = press(Key::R) {
        let seed = modifiers.shift.then(|| Seed(snapshot.seed.0.wrapping_add(1)));
        commands.push(SimCommand::Reset { seed });
    }
    if pressed(Key::OpenBracket) {
        commands.extend(neighbour(snapshot, -1).map(SimCommand::Focus));
    }
    if pressed(Key::CloseBracket) {
        commands.extend(neighbour(snapshot, 1).map(SimCommand::Focus));
    }
    if pressed(Key::Minus) {
        commands.push(SimCommand::SetSpeed(scaled(snapshot.speed, 0.5)));
    }
    if pressed(Key::Plus) || pressed(Key::Equals) {
        commands.push(SimCommand::SetSpeed(scaled(snapshot.speed, 2.0)));
    }
    if pressed(Key::M) {
        let speed = if snapshot.speed == Speed::Max { Speed::default() } else { Speed::Max };
        commands.push(SimCommand::SetSpeed(speed));
    }
    commands
}

/// Number of the episode `offset` slots from the focused one, round the end.
fn neighbour(snapshot: &SimulationSnapshot, offset: isize) -> Option<u32> {
    let slot = snapshot.episodes.iter().position(|episode| episode.number == snapshot.focus).unwrap_or(0);
    let count = isize::try_from(snapshot.episodes.len()).ok().filter(|&count| count > 0)?;
    let next = (slot as isize + offset).rem_euclid(count);
    snapshot.episodes.get(next as usize).map(|episode| episode.number)
}

fn scaled(speed: Speed, factor: f64) -> Speed {
    match speed {
        Speed::Rate(rate) => Speed::Rate((rate * factor).clamp(Speed::MIN_RATE, Speed::MAX_RATE)),
        Speed::Max if factor < 1.0 => Speed::Rate(Speed::MAX_RATE),
        Speed::Max => Speed::Max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_doubles_and_halves_within_its_range() {
        assert_eq!(scaled(Speed::Rate(1.0), 2.0), Speed::Rate(2.0));
        assert_eq!(scaled(Speed::Rate(Speed::MAX_RATE), 2.0), Speed::Rate(Speed::MAX_RATE));
        assert_eq!(scaled(Speed::Rate(Speed::MIN_RATE), 0.5), Speed::Rate(Speed::MIN_RATE));
        assert_eq!(scaled(Speed::Max, 0.5), Speed::Rate(Speed::MAX_RATE));
        assert_eq!(scaled(Speed::Max, 2.0), Speed::Max);
    }
}
