use bevy_egui::egui::{Key, Rect, Vec2, vec2};
use bevy_proxops::episode::SimCommand;
use bevy_proxops::mission::Seed;
use bevy_proxops::panel::{PanelInputs, PanelSettings, PanelState, panels, shortcut_commands};
use bevy_proxops::view::ViewSettings;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, snapshot};

struct Window {
    settings: PanelSettings,
    state: PanelState,
    view: ViewSettings,
    central_rect: Rect,
}

/// All panels in a window of that size, with their keys.
fn window<'a>(size: Vec2) -> Harness<'a, Bench<Window>> {
    let window = Window {
        settings: PanelSettings::default(),
        state: PanelState::default(),
        view: ViewSettings::default(),
        central_rect: Rect::NOTHING,
    };
    bench(size, snapshot(), window, |ui, snapshot, window| {
        let mut commands = shortcut_commands(ui.ctx(), snapshot, &mut window.settings);
        let inputs = PanelInputs { snapshot, frame_time_s: Some(0.016), default_keys: true };
        let output = panels(ui, &inputs, Some(&mut window.view), &mut window.settings, &mut window.state);
        window.central_rect = output.central_rect;
        commands.extend(output.commands);
        commands
    })
}

#[test]
fn a_small_window_keeps_a_third_of_its_width_and_height_for_the_view() {
    for size in [vec2(960.0, 540.0), vec2(1280.0, 720.0), vec2(1920.0, 1080.0)] {
        let harness = window(size);
        let free = harness.state().state.central_rect;
        assert!(free.width() >= size.x / 3.0 && free.height() >= size.y / 3.0, "{size:?} leaves {free:?}");
        assert!(Rect::from_min_size(Default::default(), size).contains_rect(free), "{free:?} leaves {size:?}");
    }
}

#[test]
fn folding_the_panels_away_gives_their_room_to_the_view() {
    let mut harness = window(vec2(960.0, 540.0));
    let before = harness.state().state.central_rect;
    for panel in ["Parameters", "Plots and search", "Episodes"] {
        harness.get_by_label(panel).click();
        harness.run_steps(FRAMES_TO_SETTLE);
    }
    harness.run_steps(10);
    let after = harness.state().state.central_rect;
    assert!(after.width() > 940.0 && after.height() > before.height() + 80.0, "{before:?} became {after:?}");
}

#[test]
fn keys_send_the_same_commands_as_the_buttons() {
    let mut harness = window(vec2(1280.0, 720.0));
    for key in [Key::Space, Key::N, Key::R, Key::CloseBracket] {
        harness.key_press(key);
        harness.run_steps(FRAMES_TO_SETTLE);
    }
    let second = harness.state().snapshot.episodes[1].number;
    let expected =
        [SimCommand::Pause, SimCommand::StepOnce, SimCommand::Reset { seed: None }, SimCommand::Focus(second)];
    assert_eq!(harness.state().commands, expected);
}

#[test]
fn shift_r_takes_the_next_seed() {
    let mut harness = window(vec2(1280.0, 720.0));
    let seed = harness.state().snapshot.seed.0;
    harness.key_press_modifiers(bevy_egui::egui::Modifiers::SHIFT, Key::R);
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [SimCommand::Reset { seed: Some(Seed(seed + 1)) }]);
}

#[test]
fn keys_do_nothing_while_text_is_typed() {
    let mut harness = window(vec2(1280.0, 720.0));
    harness.get_by_label("Filter parameters").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    for key in [Key::Space, Key::N, Key::H] {
        harness.key_press(key);
        harness.run_steps(1);
    }
    assert_eq!(harness.state().commands, []);
    assert!(harness.state().state.settings.visible);
}

#[test]
fn h_hides_the_panels_and_f1_opens_the_help() {
    let mut harness = window(vec2(1280.0, 720.0));
    harness.key_press(Key::F1);
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label("Keys and mouse").is_some());
    harness.key_press(Key::Escape);
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label("Keys and mouse").is_none());
    harness.key_press(Key::H);
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(!harness.state().state.settings.visible);
}

#[test]
fn display_switches_change_what_the_view_draws() {
    let mut harness = window(vec2(1280.0, 2000.0));
    harness.get_by_label("Display").click();
    harness.run_steps(10);
    assert!(!harness.state().state.view.layers.truth);
    harness.get_by_label("True shape").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.state().state.view.layers.truth);
}
