use std::path::PathBuf;

use bevy_egui::egui::accesskit::Role;
use bevy_egui::egui::{Key, vec2};
use bevy_proxops::episode::{SimCommand, SimulationSnapshot, SimulationStatus, Speed};
use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::panel::{ORACLE_CAUTION, RunControlState, run_control_panel};
use bevy_proxops::search::Knowledge;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, painted_texts, snapshot, with_settings};

fn panel<'a>(snapshot: SimulationSnapshot, width: f32) -> Harness<'a, Bench<RunControlState>> {
    bench(vec2(width, 400.0), snapshot, RunControlState::default(), run_control_panel)
}

fn click(harness: &mut Harness<Bench<RunControlState>>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(FRAMES_TO_SETTLE);
}

#[test]
fn a_running_run_can_be_paused_and_a_paused_one_played() {
    for (paused, button, command) in [(false, "Pause", SimCommand::Pause), (true, "Play", SimCommand::Play)] {
        let mut harness = panel(SimulationSnapshot { paused, ..snapshot() }, 1280.0);
        click(&mut harness, button);
        assert_eq!(harness.state().commands, [command]);
    }
}

#[test]
fn a_failed_simulation_shows_its_reason_and_a_restart_in_the_place_of_play() {
    for width in [700.0, 1600.0] {
        let status = SimulationStatus::Failed { reason: "index 7 of 3".into() };
        let mut harness = panel(SimulationSnapshot { status, paused: true, ..snapshot() }, width);
        assert!(harness.query_by_label_contains("The simulation has failed: index 7 of 3").is_some());
        assert!(harness.query_by_label("Play").is_none() && harness.query_by_label("Step").is_none());
        click(&mut harness, "Restart simulation");
        assert_eq!(harness.state().commands, [SimCommand::Restart]);
    }
}

#[test]
fn step_finishes_one_decision() {
    let mut harness = panel(snapshot(), 1280.0);
    click(&mut harness, "Step");
    assert_eq!(harness.state().commands, [SimCommand::StepOnce]);
}

#[test]
fn max_runs_as_fast_as_the_cores_allow() {
    let mut harness = panel(with_settings(|settings| settings.speed = Speed::Rate(2.0)), 1280.0);
    click(&mut harness, "max");
    assert_eq!(harness.state().commands, [SimCommand::SetSpeed(Speed::Max)]);
}

#[test]
fn a_typed_seed_resets_the_run_and_a_bad_one_is_refused_in_words() {
    let mut harness = panel(snapshot(), 1280.0);
    type_seed(&mut harness, "four");
    assert!(harness.query_by_label_contains("a whole number from 0 to").is_some());
    assert!(harness.get_by_label("Reset run").accesskit_node().is_disabled());
    type_seed(&mut harness, "42");
    click(&mut harness, "Reset run");
    assert_eq!(harness.state().commands, [SimCommand::Reset { seed: Some(Seed(42)) }]);
}

fn type_seed(harness: &mut Harness<Bench<RunControlState>>, text: &str) {
    harness.get_by_role_and_label(Role::TextInput, "Seed").click();
    harness.run_steps(1);
    harness.key_press_modifiers(bevy_egui::egui::Modifiers::COMMAND, Key::A);
    harness.event(bevy_egui::egui::Event::Text(text.to_owned()));
    harness.run_steps(FRAMES_TO_SETTLE);
}

#[test]
fn every_embedded_scenario_can_be_chosen() {
    let name = Scenario::EMBEDDED.iter().find(|name| **name != "reference").expect("more than one is shipped");
    let mut harness = panel(snapshot(), 1280.0);
    harness.get_by_role_and_label(Role::ComboBox, "Scenario").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    for embedded in Scenario::EMBEDDED {
        assert!(harness.query_all_by_label(embedded).next().is_some(), "{embedded} is not offered");
    }
    click(&mut harness, name);
    assert_eq!(harness.state().commands, [SimCommand::ChooseScenario((*name).to_string())]);
}

/// The scenario menu, opened, of a run of the last scenario in it.
fn scenario_menu<'a>(height: f32) -> Harness<'a, Bench<RunControlState>> {
    let last = Scenario::embedded(Scenario::EMBEDDED[Scenario::EMBEDDED.len() - 1]).expect("it is shipped");
    let snapshot = with_settings(|settings| settings.scenario = last);
    let mut harness = bench(vec2(1280.0, height), snapshot, RunControlState::default(), run_control_panel);
    harness.get_by_role_and_label(Role::ComboBox, "Scenario").click();
    harness.run_steps(10);
    harness
}

#[test]
fn the_scenario_menu_shows_all_scenarios_where_they_fit() {
    let painted = painted_texts(&scenario_menu(720.0));
    for name in Scenario::EMBEDDED {
        let in_menu = painted.iter().filter(|(text, place)| text == name && place.top() > 30.0).count();
        assert_eq!(in_menu, 1, "{name} cannot be seen");
    }
}

#[test]
fn the_scenario_menu_of_a_low_window_shows_the_chosen_one() {
    let painted = painted_texts(&scenario_menu(160.0));
    let last = Scenario::EMBEDDED[Scenario::EMBEDDED.len() - 1];
    assert!(painted.iter().any(|(text, place)| text == last && place.top() > 30.0), "{last} cannot be seen");
    assert!(!painted.iter().any(|(text, _)| text == Scenario::EMBEDDED[0]), "all fit: the window is not low");
}

#[test]
fn a_scenario_file_is_loaded_by_its_path() {
    let mut harness = panel(snapshot(), 1280.0);
    click(&mut harness, "Load scenario file");
    harness.get_by_role_and_label(Role::TextInput, "Path of a scenario file (.ron)").click();
    harness.run_steps(1);
    harness.event(bevy_egui::egui::Event::Text("missions/near.ron".to_owned()));
    harness.run_steps(1);
    click(&mut harness, "Load this file");
    assert_eq!(harness.state().commands, [SimCommand::LoadScenario(PathBuf::from("missions/near.ron"))]);
}

#[test]
fn every_control_stays_inside_the_window_whatever_it_shows() {
    let oracle = with_settings(|settings| settings.search.knowledge = Knowledge::Oracle);
    let long_name = Scenario { name: "a scenario with a name for every occasion".to_owned(), ..Scenario::reference() };
    let renamed = with_settings(|settings| settings.scenario = long_name);
    for snapshot in [snapshot(), oracle, renamed] {
        for width in [780.0, 960.0, 1100.0, 1109.0, 1120.0, 1150.0, 1200.0, 1264.0, 1424.0, 1920.0] {
            let harness = panel(snapshot.clone(), width);
            for label in ["Pause", "Step", "Reset run", "Load scenario file"] {
                assert!(harness.get_by_label(label).rect().right() <= width, "{label} at {width}");
            }
            for label in ["Scenario", "Planner"] {
                let combos =
                    harness.query_all_by_label(label).filter(|node| node.accesskit_node().role() == Role::ComboBox);
                for combo in combos {
                    let right = combo.rect().right();
                    assert!(right <= width, "{label} at {width} ends at {right}");
                }
            }
            if let Some(caution) = harness.query_by_label_contains(ORACLE_CAUTION) {
                assert!(caution.rect().right() <= width, "the caution at {width}");
            }
        }
    }
}

#[test]
fn a_refused_seed_moves_no_other_control() {
    let mut harness = panel(snapshot(), 1280.0);
    let before = harness.get_by_label("Load scenario file").rect();
    type_seed(&mut harness, &"four ".repeat(30));
    assert!(harness.query_by_label_contains("a whole number from 0 to").is_some());
    assert_eq!(harness.get_by_label("Load scenario file").rect(), before);
}
