//! The panels' keys. They send the same commands as the buttons and do nothing while text is being typed.

use bevy_egui::egui::{Context, Event, Key, LayerId, Order, Pos2, Rect};
use bevy_egui::helpers::bevy_to_egui_key;

use crate::episode::{SimCommand, SimulationSnapshot};
use crate::panel::layout::is_floating_panel;
use crate::panel::settings::PanelSettings;
use crate::view::{KeyAction, KeyBindings, KeyGroup};

/// Reads the keys pressed in this frame; toggles what belongs to the panels and returns what belongs to the run.
pub fn shortcut_commands(
    ctx: &Context,
    keys: &KeyBindings,
    snapshot: &SimulationSnapshot,
    settings: &mut PanelSettings,
) -> Vec<SimCommand> {
    if !settings.shortcuts || ctx.egui_wants_keyboard_input() {
        return Vec::new();
    }
    let mut commands = Vec::new();
    for (key, shift) in plain_keys(ctx) {
        let is_pressed = |action: &KeyAction| {
            let mut chords = keys.chords(*action).iter();
            chords.any(|chord| bevy_to_egui_key(&chord.key) == Some(key) && chord.agrees_with_shift(shift))
        };
        for action in KeyAction::all().filter(|action| action.group() != KeyGroup::View).filter(is_pressed) {
            match action {
                KeyAction::TogglePanels => settings.visible = !settings.visible,
                KeyAction::ToggleHelp => {
                    settings.help = !settings.help;
                    settings.visible |= settings.help;
                }
                KeyAction::CloseHelp => settings.help = false,
                action => commands.extend(action.command(snapshot)),
            }
        }
    }
    commands
}

/// The keys that went down in this frame, and whether Shift was held. Ctrl, Alt and Command belong to others.
fn plain_keys(ctx: &Context) -> Vec<(Key, bool)> {
    ctx.input(|input| {
        let keys = input.events.iter().filter_map(|event| match event {
            Event::Key { key, pressed: true, repeat: false, modifiers, .. } => {
                let is_plain = !(modifiers.ctrl || modifiers.alt || modifiers.command || modifiers.mac_cmd);
                is_plain.then_some((*key, modifiers.shift))
            }
            _ => None,
        });
        keys.collect()
    })
}

/// Whether a click of this frame gives the panels the keyboard (`true`) or takes it from them (`false`); `None` without a
/// click, and for one in the free area, which is the view's. `free` is what the panels leave free, `None` while none is drawn.
pub(super) fn clicked(ctx: &Context, free: Option<Rect>) -> Option<bool> {
    let at: Pos2 = ctx.input(|input| input.pointer.any_pressed().then(|| input.pointer.interact_pos()).flatten())?;
    match ctx.layer_id_at(at) {
        // Menus are opened from something that has the keyboard already.
        Some(LayerId { order: Order::Foreground | Order::Tooltip, .. }) if ctx.any_popup_open() => None,
        Some(layer) if layer.order != Order::Background => Some(is_floating_panel(layer.id)),
        _ => free.is_some_and(|free| !free.contains(at)).then_some(true),
    }
}
