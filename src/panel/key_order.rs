//! Keys with the modifiers that were down when they were pressed.
//!
//! `bevy_egui` (0.42, `src/input.rs`) reads all of a frame's keys twice: first `write_modifiers_keys_state_system` for which
//! modifiers are down at the end, then `write_keyboard_input_messages_system` for the events, all with those modifiers. Where
//! a frame is long, Ctrl is pressed and released within it, and Ctrl+A types an "a". Here the events of such a frame are put
//! right before the pass begins; a frame in which no modifier changed between its keys is left as it is.

use bevy::app::{App, PreUpdate};
use bevy::ecs::message::MessageReader;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::ecs::system::{Local, Query, Res, ResMut};
use bevy::input::keyboard::{Key, KeyCode, KeyboardFocusLost, KeyboardInput};
use bevy_egui::egui::Event;
use bevy_egui::helpers::{bevy_to_egui_key, bevy_to_egui_physical_key};
use bevy_egui::input::ModifierKeysState;
use bevy_egui::{EguiInput, EguiPreUpdateSet};

use crate::panel::plugin::PanelSystems;

/// Adds the system that puts the events right; [`EguiPlugin`](bevy_egui::EguiPlugin) must be there.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<SuperKey>().add_systems(
        PreUpdate,
        put_modifiers_in_order
            .in_set(PanelSystems::Keys)
            .after(EguiPreUpdateSet::ProcessInput)
            .before(EguiPreUpdateSet::BeginPass),
    );
}

/// Whether the Super key (Windows, Command) was down at any time in this frame: egui's own modifiers leave it out on most
/// systems.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub(super) struct SuperKey {
    pub was_down: bool,
}

fn put_modifiers_in_order(
    mut keys: MessageReader<KeyboardInput>,
    mut focus_lost: MessageReader<KeyboardFocusLost>,
    at_end: Res<ModifierKeysState>,
    mut at_begin: Local<ModifierKeysState>,
    mut super_key: ResMut<SuperKey>,
    mut inputs: Query<&mut EguiInput>,
) {
    // Follow the modifiers through the frame, as bevy_egui does for its end.
    let mut now = *at_begin;
    if focus_lost.read().count() > 0 {
        now = ModifierKeysState::default();
    }
    super_key.was_down = now.win;
    let heard: Vec<Heard> = keys
        .read()
        .map(|key| {
            press_or_release(&mut now, key);
            super_key.was_down |= now.win;
            Heard::of(key, now)
        })
        .collect();
    *at_begin = *at_end;

    // A host that sets the modifiers by itself knows better.
    let is_bevy_eguis = same(&now, &at_end);
    let has_changed = heard.iter().any(|key| !same(&key.modifiers, &at_end));
    if is_bevy_eguis && has_changed {
        inputs.iter_mut().for_each(|mut input| put_right(&mut input.events, &heard, &at_end));
    }
}

fn press_or_release(modifiers: &mut ModifierKeysState, key: &KeyboardInput) {
    let pressed = key.state.is_pressed();
    match key.logical_key {
        Key::Shift => modifiers.shift = pressed,
        Key::Control => modifiers.ctrl = pressed,
        Key::Alt => modifiers.alt = pressed,
        Key::Super | Key::Meta => modifiers.win = pressed,
        _ => {}
    }
}

fn same(one: &ModifierKeysState, other: &ModifierKeysState) -> bool {
    [one.shift, one.ctrl, one.alt, one.win] == [other.shift, other.ctrl, other.alt, other.win]
}

/// A key that was pressed or released, with the modifiers of that moment.
struct Heard {
    logical: Key,
    physical: KeyCode,
    pressed: bool,
    modifiers: ModifierKeysState,
}

impl Heard {
    fn of(key: &KeyboardInput, modifiers: ModifierKeysState) -> Self {
        let KeyboardInput { logical_key, key_code, state, .. } = key;
        Self { logical: logical_key.clone(), physical: *key_code, pressed: state.is_pressed(), modifiers }
    }

    /// The events that bevy_egui makes of it for these modifiers: its text, then the key itself.
    fn events(&self, modifiers: &ModifierKeysState) -> Vec<Event> {
        let text = match &self.logical {
            Key::Character(text) if !text.contains(char::is_control) => Some(text.to_string()),
            Key::Space => Some(" ".to_owned()),
            _ => None,
        };
        let text = text.filter(|_| self.pressed && modifiers.text_input_is_allowed()).map(Event::Text);
        let physical_key = bevy_to_egui_physical_key(&self.physical);
        let key = bevy_to_egui_key(&self.logical).or(physical_key).map(|key| Event::Key {
            key,
            pressed: self.pressed,
            repeat: false,
            modifiers: modifiers.to_egui_modifiers(),
            physical_key,
        });
        text.into_iter().chain(key).collect()
    }
}

/// Replaces what bevy_egui wrote for each key by what it means. Events that come from elsewhere stay.
fn put_right(events: &mut Vec<Event>, heard: &[Heard], at_end: &ModifierKeysState) {
    let mut from = 0;
    for key in heard {
        let written = key.events(at_end);
        let found = (from..events.len()).find(|place| !written.is_empty() && events[*place..].starts_with(&written));
        let Some(place) = found else { continue };
        let right = key.events(&key.modifiers);
        from = place + right.len();
        events.splice(place..place + written.len(), right);
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::entity::Entity;
    use bevy::input::ButtonState;

    use super::*;

    fn heard(now: &mut ModifierKeysState, key_code: KeyCode, logical_key: Key, state: ButtonState) -> Heard {
        let key =
            KeyboardInput { key_code, logical_key, state, text: None, repeat: false, window: Entity::PLACEHOLDER };
        press_or_release(now, &key);
        Heard::of(&key, *now)
    }

    #[test]
    fn keys_get_the_modifiers_of_their_moment_and_other_events_stay() {
        let mut now = ModifierKeysState::default();
        let a = || Key::Character("a".into());
        let keys = [
            heard(&mut now, KeyCode::KeyA, a(), ButtonState::Pressed),
            heard(&mut now, KeyCode::ControlLeft, Key::Control, ButtonState::Pressed),
            heard(&mut now, KeyCode::KeyA, a(), ButtonState::Pressed),
            heard(&mut now, KeyCode::ControlLeft, Key::Control, ButtonState::Released),
        ];
        let hosts = [Event::Text("a".to_owned()), Event::PointerGone];
        let written = keys.iter().flat_map(|key| key.events(&now));
        let mut events: Vec<Event> = hosts.iter().cloned().chain(written).collect();
        put_right(&mut events, &keys, &now);

        assert_eq!(events[..2], hosts);
        let texts = events.iter().filter(|event| matches!(event, Event::Text(_))).count();
        assert_eq!(texts, 2, "the host's text and that of the first key");
        let with_ctrl: Vec<bool> = events
            .iter()
            .filter_map(|event| match event {
                Event::Key { modifiers, .. } => Some(modifiers.ctrl),
                _ => None,
            })
            .collect();
        assert_eq!(with_ctrl.iter().filter(|ctrl| **ctrl).count(), 1, "{events:?}");
    }
}
