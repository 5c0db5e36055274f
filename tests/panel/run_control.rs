use std::path::PathBuf;

use bevy_egui::egui::accesskit::Role;
use bevy_egui::egui::{Key, vec2};
use bevy_proxops::episode::{SimCommand, SimulationSnapshot, Speed};
use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::panel::{RunControlState, run_control_panel};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, snapshot};

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
fn step_finishes_one_decision() {
    let mut harness = panel(snapshot(), 1280.0);
    click(&mut harness, "Step");
    assert_eq!(harness.state().commands, [SimCommand::StepOnce]);
}

#[test]
fn max_runs_as_fast_as_the_cores_allow() {
    let mut harness = panel(SimulationSnapshot { speed: Speed::Rate(2.0), ..snapshot() }, 1280.0);
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
fn on_a_narrow_window_every_control_stays_inside_it() {
    let width = 780.0;
    let harness = panel(snapshot(), width);
    for label in ["Pause", "Step", "Reset run", "Load scenario file"] {
        assert!(harness.get_by_label(label).rect().right() <= width, "{label}");
    }
    for label in ["Scenario", "Planner"] {
        let combos = harness.query_all_by_label(label).filter(|node| node.accesskit_node().role() == Role::ComboBox);
        for combo in combos {
            assert!(combo.rect().right() <= width, "{label}");
        }
    }
}
