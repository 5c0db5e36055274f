use bevy_egui::egui::accesskit::Role;
use bevy_egui::egui::{Key, Panel, pos2, vec2};
use bevy_proxops::episode::{
    Applies, EpisodeSettings, PARAMETERS, ParameterId, ParameterKind, ParameterValue, SimCommand, SimulationSnapshot,
};
use bevy_proxops::panel::{ParametersPanelState, explanation, parameters_panel};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, drag, rest_at, snapshot};

type ParametersBench<'a> = Harness<'a, Bench<ParametersPanelState>>;

/// The parameters panel showing only what matches `filter`.
fn panel<'a>(snapshot: SimulationSnapshot, filter: &str) -> ParametersBench<'a> {
    let mut state = ParametersPanelState::default();
    state.filter = filter.to_owned();
    bench(vec2(300.0, 700.0), snapshot, state, parameters_panel)
}

fn id(path: &str) -> ParameterId {
    ParameterId::find(path).expect("the path is in the table")
}

fn set(path: &str, value: ParameterValue) -> SimCommand {
    SimCommand::SetParameter { id: id(path), value }
}

/// Replaces the text of the number called `label` and presses Enter.
fn type_number(harness: &mut ParametersBench, label: &str, text: &str) {
    harness.get_by_role_and_label(Role::SpinButton, label).click();
    harness.run_steps(FRAMES_TO_SETTLE);
    harness.key_press_modifiers(bevy_egui::egui::Modifiers::COMMAND, Key::A);
    harness.event(bevy_egui::egui::Event::Text(text.to_owned()));
    harness.run_steps(1);
    harness.key_press(Key::Enter);
    harness.run_steps(FRAMES_TO_SETTLE);
}

#[test]
fn every_parameter_of_the_table_has_a_control_named_by_its_label() {
    for spec in PARAMETERS {
        let harness = panel(snapshot(), spec.id.path());
        let wanted = match spec.kind {
            ParameterKind::Number | ParameterKind::Integer => Role::Slider,
            ParameterKind::Choice => Role::ComboBox,
            ParameterKind::Flag => Role::CheckBox,
        };
        let controls = harness.query_all_by_label(spec.label).filter(|node| node.accesskit_node().role() == wanted);
        assert!(controls.count() >= 1, "{} has no {wanted:?} called {:?}", spec.id, spec.label);
    }
}

#[test]
fn dragging_a_slider_sends_one_command_when_it_is_let_go() {
    let mut harness = panel(snapshot(), "search.horizon");
    let slider = harness.get_by_role_and_label(Role::Slider, "Horizon").rect();
    drag(&mut harness, slider.left_center(), slider.right_center() + vec2(500.0, 0.0));
    let largest = id("search.horizon").spec().max as i64;
    assert_eq!(harness.state().commands, [set("search.horizon", ParameterValue::Integer(largest))]);
}

#[test]
fn a_typed_number_sends_one_command_clamped_to_the_range() {
    let mut harness = panel(snapshot(), "search.exploration");
    type_number(&mut harness, "Exploration", "99999");
    let largest = id("search.exploration").spec().max;
    assert_eq!(harness.state().commands, [set("search.exploration", ParameterValue::Number(largest))]);
}

#[test]
fn typed_nonsense_changes_nothing() {
    let mut harness = panel(snapshot(), "search.exploration");
    type_number(&mut harness, "Exploration", "a lot");
    assert_eq!(harness.state().commands, []);
}

#[test]
fn an_arrow_key_on_a_slider_sends_one_command() {
    let mut harness = panel(snapshot(), "search.horizon");
    harness.get_by_role_and_label(Role::Slider, "Horizon").focus();
    harness.run_steps(1);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(FRAMES_TO_SETTLE);
    let before = i64::from(harness.state().snapshot.settings.search.horizon);
    assert_eq!(harness.state().commands, [set("search.horizon", ParameterValue::Integer(before + 1))]);
}

#[test]
fn a_choice_sends_its_name() {
    let mut harness = panel(snapshot(), "search.planner");
    harness.get_by_role_and_label(Role::ComboBox, "Planner").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    harness.get_by_label("passive").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [set("search.planner", ParameterValue::Choice("passive".to_owned()))]);
}

#[test]
fn reset_appears_beside_a_changed_value_and_sends_the_default() {
    let mut changed = snapshot();
    let default = changed.settings.search.exploration;
    changed.settings = std::sync::Arc::new(EpisodeSettings {
        search: bevy_proxops::search::SearchConfig { exploration: 3.0, ..changed.settings.search.clone() },
        ..(*changed.settings).clone()
    });
    let mut harness = panel(changed, "search.exploration");
    harness.get_by_label("Reset Exploration").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [set("search.exploration", ParameterValue::Number(default))]);
}

#[test]
fn a_value_at_its_default_has_no_reset() {
    let mut harness = panel(snapshot(), "search.exploration");
    let reset = harness.get_by_label("Reset Exploration");
    assert!(reset.accesskit_node().is_disabled());
    reset.click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, []);
}

#[test]
fn every_parameter_says_when_a_change_takes_effect() {
    for spec in PARAMETERS {
        let harness = panel(snapshot(), spec.id.path());
        assert!(harness.query_all_by_label(spec.applies.label()).next().is_some(), "{}", spec.id);
        let text = explanation(spec, &spec.default_value());
        assert!(text.contains(spec.tooltip) && text.contains("Accepted: ") && text.contains("Default: "), "{text}");
    }
}

#[test]
fn a_change_that_waits_for_the_next_episode_is_marked() {
    let spec = PARAMETERS.iter().find(|spec| spec.applies == Applies::NextEpisode).expect("some wait");
    let mark = "waiting for the next episode";
    assert!(panel(snapshot(), spec.id.path()).query_by_label(mark).is_none());
    let mut pending = snapshot();
    pending.pending.insert(spec.id);
    assert!(panel(pending, spec.id.path()).query_by_label(mark).is_some());
}

#[test]
fn the_value_sent_is_shown_until_the_run_confirms_it() {
    let mut harness = panel(snapshot(), "search.exploration");
    type_number(&mut harness, "Exploration", "2.5");
    let shown = harness.get_by_role_and_label(Role::SpinButton, "Exploration").value();
    assert_eq!(shown.as_deref(), Some("2.5"));
}

#[test]
fn a_refused_value_gives_way_to_the_one_in_force() {
    let mut harness = panel(snapshot(), "search.exploration");
    let in_force = harness.get_by_role_and_label(Role::SpinButton, "Exploration").value();
    type_number(&mut harness, "Exploration", "2.5");
    // The run never takes the value over; frames of the bench are 0.25 s apart.
    harness.run_steps(8);
    assert_eq!(harness.get_by_role_and_label(Role::SpinButton, "Exploration").value(), in_force);
}

#[test]
fn a_filter_that_matches_nothing_says_so() {
    let harness = panel(snapshot(), "no such thing");
    assert!(harness.query_by_label_contains("No parameter matches").is_some());
}

#[test]
fn parameters_of_another_planner_are_folded_away_and_say_whose_they_are() {
    let mut harness = panel(snapshot(), "");
    assert!(harness.query_by_role_and_label(Role::Slider, "Horizon").is_some());
    assert!(harness.query_by_role_and_label(Role::Slider, "Network simulations").is_none());
    harness.get_by_label_contains("for alpha_zero").click();
    harness.run_steps(10);
    let slider = harness.get_by_role_and_label(Role::Slider, "Network simulations");
    assert!(slider.accesskit_node().is_disabled());
}

#[test]
fn choosing_alpha_zero_unfolds_its_parameters() {
    let mut asking = snapshot();
    let mut settings = (*asking.settings).clone();
    settings.search.planner = bevy_proxops::search::PlannerKind::AlphaZero;
    asking.settings = std::sync::Arc::new(settings);
    let harness = panel(asking, "");
    assert!(harness.query_by_role_and_label(Role::Slider, "Horizon").is_none());
    let slider = harness.get_by_role_and_label(Role::Slider, "Network simulations");
    assert!(!slider.accesskit_node().is_disabled());
}

#[test]
fn in_a_hosts_own_panel_the_width_stays_while_the_filter_holds_text() {
    let mut state = ParametersPanelState::default();
    state.filter = "search".to_owned();
    let mut harness = bench(vec2(800.0, 600.0), snapshot(), (state, 0.0), |ui, snapshot, (state, width)| {
        let panel = Panel::left("host").default_size(280.0).show(ui, |ui| parameters_panel(ui, snapshot, state));
        *width = panel.response.rect.width();
        panel.inner
    });
    let before = harness.state().state.1;
    harness.run_steps(300);
    assert_eq!(harness.state().state.1, before);
}

#[test]
fn all_of_a_row_explains_the_parameter() {
    for (path, label, roles) in [
        ("search.exploration", "Exploration", [Role::Slider, Role::SpinButton]),
        ("search.alpha_zero.simulations", "Network simulations", [Role::Slider, Role::SpinButton]),
        ("search.roll_out", id("search.roll_out").spec().label, [Role::ComboBox, Role::ComboBox]),
    ] {
        let name = panel(snapshot(), path).get_by_role_and_label(Role::Label, label).rect();
        let controls = roles.map(|role| panel(snapshot(), path).get_by_role_and_label(role, label).rect().center());
        let beside_the_name = pos2(name.right() + 25.0, name.center().y);
        for at in [name.center(), beside_the_name, controls[0], controls[1]] {
            let mut harness = panel(snapshot(), path);
            rest_at(&mut harness, at);
            assert!(
                harness.query_by_label_contains(id(path).spec().tooltip).is_some(),
                "{path} says nothing at {at:?}"
            );
        }
    }
}

#[test]
fn the_reset_button_tells_what_it_resets_to_instead() {
    let mut changed = snapshot();
    changed.settings = std::sync::Arc::new(EpisodeSettings {
        search: bevy_proxops::search::SearchConfig { exploration: 3.0, ..changed.settings.search.clone() },
        ..(*changed.settings).clone()
    });
    let mut harness = panel(changed, "search.exploration");
    let button = harness.get_by_label("Reset Exploration").rect().center();
    rest_at(&mut harness, button);
    assert!(harness.query_by_label_contains("Back to").is_some());
    assert!(harness.query_by_label_contains("Accepted: ").is_none());
}
