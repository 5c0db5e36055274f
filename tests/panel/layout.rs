use std::sync::Arc;

use bevy_egui::egui::accesskit::Role;
use bevy_egui::egui::{Event, Key, Modifiers, Rect, Vec2, pos2, vec2};
use bevy_proxops::episode::{Notice, NoticeSeverity, SimCommand, SimulationSnapshot, SimulationStatus};
use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::panel::{PanelInputs, PanelSettings, PanelState, panels, shortcut_commands};
use bevy_proxops::search::{Knowledge, PlannerKind};
use bevy_proxops::view::{KeyBindings, ViewSettings};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, drag, snapshot, with_learning, with_settings};

struct Window {
    settings: PanelSettings,
    state: PanelState,
    view: ViewSettings,
    central_rect: Rect,
}

/// All panels in a window of that size, with their keys.
fn window<'a>(size: Vec2) -> Harness<'a, Bench<Window>> {
    window_with(size, snapshot())
}

fn window_with<'a>(size: Vec2, snapshot: SimulationSnapshot) -> Harness<'a, Bench<Window>> {
    let window = Window {
        settings: PanelSettings::default(),
        state: PanelState::default(),
        view: ViewSettings::default(),
        central_rect: Rect::NOTHING,
    };
    bench(size, snapshot, window, |ui, snapshot, window| {
        let mut commands = shortcut_commands(ui.ctx(), &KeyBindings::default(), snapshot, &mut window.settings);
        let inputs =
            PanelInputs { snapshot, frame_time_s: Some(0.016), default_keys: true, keys: &KeyBindings::default() };
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

/// Buttons, fields and sliders in the bar at the top, as far as they are drawn.
fn toolbar(harness: &Harness<Bench<Window>>) -> Vec<(String, Rect)> {
    let below = harness.state().state.central_rect.top();
    let roles = [Role::Button, Role::TextInput, Role::Slider, Role::SpinButton, Role::ComboBox];
    let mut widgets = Vec::new();
    for role in roles {
        for node in harness.query_all_by_role(role).filter(|node| node.rect().bottom() <= below) {
            widgets.push((format!("{role:?} {:?}", node.accesskit_node().label()), node.rect()));
        }
    }
    widgets
}

fn assert_apart(what: &str, harness: &Harness<Bench<Window>>, size: Vec2) {
    let widgets = toolbar(harness);
    assert!(widgets.len() >= 7, "{what} at {size:?}: {widgets:?}");
    let window = Rect::from_min_size(Default::default(), size);
    for (place, (name, rect)) in widgets.iter().enumerate() {
        assert!(window.contains_rect(*rect), "{what} at {size:?}: {name} {rect:?}");
        for (other, its) in &widgets[place + 1..] {
            // Neighbours share an edge.
            let common = rect.intersect(its.shrink(0.5));
            assert!(!common.is_positive(), "{what} at {size:?}: {name} {rect:?} covers {other} {its:?}");
        }
    }
}

#[test]
fn no_two_controls_of_the_toolbar_overlap_in_a_window_of_any_size() {
    let mut failed = snapshot();
    failed.status = SimulationStatus::Failed { reason: "the system gives no further thread".into() };
    let oracle = with_settings(|settings| settings.search.knowledge = Knowledge::Oracle);
    for (what, snapshot) in [("a run", snapshot()), ("a failed run", failed), ("an oracle", oracle)] {
        for width in [360.0, 400.0, 500.0, 640.0, 720.0, 760.0, 800.0, 900.0, 960.0, 1100.0, 1280.0, 1400.0, 1600.0] {
            let size = vec2(width, 300.0);
            let mut harness = window_with(size, snapshot.clone());
            harness.run_steps(FRAMES_TO_SETTLE);
            assert_apart(what, &harness, size);
            let Some(more) = harness.query_by_label("More run controls") else { continue };
            more.click();
            harness.run_steps(FRAMES_TO_SETTLE);
            assert!(harness.query_by_label("Seed").is_some(), "{what} at {size:?}");
            assert_apart(&format!("{what}, unfolded,"), &harness, size);
        }
    }
}

#[test]
fn a_window_of_400_by_300_is_mostly_the_views_and_panels_come_back_with_room() {
    let mut harness = window(vec2(400.0, 300.0));
    harness.run_steps(FRAMES_TO_SETTLE);
    let free = harness.state().state.central_rect;
    assert!(free.width() > 380.0 && free.height() > 200.0, "{free:?}");
    assert!(harness.query_by_label("Filter parameters").is_none());
    harness.set_size(vec2(1280.0, 720.0));
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label("Filter parameters").is_some());
    let settings = &harness.state().state.settings;
    assert!(settings.parameters && settings.plots && settings.episodes);
    // Nothing fits into less.
    harness.set_size(vec2(200.0, 100.0));
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label("Play").is_none() && harness.query_by_label("Pause").is_none());
}

/// Equal but for the rounding of text.
fn is_same_place(one: Rect, other: Rect) -> bool {
    (one.min - other.min).length() < 1.0 && (one.max - other.max).length() < 1.0
}

/// What the view has after the panels have settled, and that it keeps it for 300 frames.
fn settled_room(what: &str, harness: &mut Harness<Bench<Window>>) -> Rect {
    harness.run_steps(20);
    let settled = harness.state().state.central_rect;
    for frame in 0..300 {
        harness.run_steps(1);
        assert_eq!(harness.state().state.central_rect, settled, "{what}, frame {frame}");
    }
    settled
}

#[test]
fn no_panel_grows_by_itself_whatever_it_shows() {
    const SIZE: Vec2 = vec2(1280.0, 720.0);
    let room = settled_room("as it starts", &mut window(SIZE));

    let mut filtered = window(SIZE);
    filtered.state_mut().state.state.parameters.filter = "search".to_owned();
    assert_eq!(settled_room("with a filter", &mut filtered), room);

    let mut narrow = window(SIZE);
    let edge = pos2(room.left(), 400.0);
    drag(&mut narrow, edge, edge - vec2(200.0, 0.0));
    drag(&mut narrow, edge + vec2(5.0, 0.0), edge);
    settled_room("with a side panel pulled narrow", &mut narrow);

    let mut oracle = with_learning();
    Arc::make_mut(&mut oracle.settings).search.knowledge = Knowledge::Oracle;
    Arc::make_mut(&mut oracle.settings).scenario =
        Scenario { name: "a name much longer than its box ".repeat(4), ..Scenario::reference() };
    assert_eq!(settled_room("with an oracle", &mut window_with(SIZE, oracle)).x_range(), room.x_range());
    assert_eq!(settled_room("with network and training", &mut window_with(SIZE, with_learning())), room);

    let mut refused = window(SIZE);
    refused.get_by_role_and_label(Role::TextInput, "Seed").click();
    refused.run_steps(FRAMES_TO_SETTLE);
    refused.event(Event::Text("no number at all ".repeat(20)));
    assert_eq!(settled_room("with a refused seed", &mut refused), room);

    let mut noticed = snapshot();
    noticed.notices = (1..=30)
        .map(|id| Notice { id, severity: NoticeSeverity::Error, text: format!("{id}: {}", "a long error ".repeat(40)) })
        .collect();
    let mut noticed = window_with(SIZE, noticed);
    assert_eq!(settled_room("with long errors", &mut noticed), room);
    noticed.get_by_label("Notices").click();
    assert_eq!(settled_room("with the log open", &mut noticed), room);
}

#[test]
fn every_planner_and_a_training_leave_the_view_the_same_half_of_the_window() {
    for size in [vec2(1280.0, 720.0), vec2(1600.0, 1000.0), vec2(2560.0, 1440.0)] {
        let mut harness = window(size);
        harness.run_steps(10);
        let room = harness.state().state.central_rect;
        assert!(room.width() >= size.x / 2.0, "{size:?} leaves {room:?}");
        let network = harness.get_by_label("Network").rect();
        for planner in [PlannerKind::AlphaZero, PlannerKind::NetworkOnly, PlannerKind::Random, PlannerKind::Mcts] {
            let mut chosen = with_learning();
            Arc::make_mut(&mut chosen.settings).search.planner = planner;
            harness.state_mut().snapshot = chosen;
            harness.run_steps(10);
            let left = harness.state().state.central_rect;
            assert!(is_same_place(left, room), "{planner} at {size:?}: {room:?} became {left:?}");
            assert_eq!(harness.get_by_label("Network").rect().left(), network.left(), "{planner} at {size:?}");
        }
        for planner in [PlannerKind::Mcts, PlannerKind::AlphaZero] {
            Arc::make_mut(&mut harness.state_mut().snapshot.settings).search.planner = planner;
            harness.run_steps(10);
            let section = harness.get_by_label("Network").rect();
            assert!(is_same_place(section, network), "{planner} at {size:?}: {network:?} became {section:?}");
        }
    }
}

#[test]
fn side_panels_cannot_be_pulled_over_more_than_half_of_the_window() {
    let mut harness = window(vec2(1280.0, 720.0));
    let room = harness.state().state.central_rect;
    drag(&mut harness, pos2(room.left(), 300.0), pos2(900.0, 300.0));
    drag(&mut harness, pos2(room.right(), 300.0), pos2(100.0, 300.0));
    harness.run_steps(10);
    let pulled = harness.state().state.central_rect;
    let half_of_what_the_bench_leaves = (1280.0 - 16.0) / 2.0;
    assert!(pulled.width() < room.width() && pulled.width() >= half_of_what_the_bench_leaves, "{pulled:?}");
}

#[test]
fn panels_are_as_before_when_a_window_that_was_small_is_large_again() {
    let size = vec2(1600.0, 900.0);
    let mut harness = window(size);
    let before = harness.state().state.central_rect;
    for small in [vec2(400.0, 300.0), vec2(50.0, 20.0), vec2(1.0, 1.0), vec2(700.0, 350.0)] {
        harness.set_size(small);
        harness.run_steps(FRAMES_TO_SETTLE);
        harness.set_size(size);
        harness.run_steps(FRAMES_TO_SETTLE);
        let after = harness.state().state.central_rect;
        assert!(is_same_place(before, after), "after {small:?}: {before:?} became {after:?}");
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
    let seed = harness.state().snapshot.settings.seed.0;
    harness.key_press_modifiers(Modifiers::SHIFT, Key::R);
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [SimCommand::Reset { seed: Some(Seed(seed + 1)) }]);
}

#[test]
fn keys_with_ctrl_alt_or_command_belong_to_others() {
    let mut harness = window(vec2(1280.0, 720.0));
    for modifiers in [Modifiers::CTRL, Modifiers::ALT, Modifiers::COMMAND, Modifiers::MAC_CMD] {
        for key in
            [Key::Space, Key::N, Key::Period, Key::R, Key::OpenBracket, Key::CloseBracket, Key::M, Key::H, Key::F1]
        {
            harness.key_press_modifiers(modifiers, key);
            harness.run_steps(1);
        }
    }
    assert_eq!(harness.state().commands, []);
    assert_eq!(harness.state().state.settings, PanelSettings::default());
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
