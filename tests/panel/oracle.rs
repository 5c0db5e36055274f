//! The oracle sees the true shape: no panel may show or offer it without saying so.

use bevy_egui::egui::accesskit::Role;
use bevy_egui::egui::vec2;
use bevy_proxops::episode::SimulationSnapshot;
use bevy_proxops::panel::{
    ORACLE_CAUTION, ParametersPanelState, RunControlState, SearchInspector, parameters_panel, run_control_panel,
    search_inspector_panel,
};
use bevy_proxops::search::Knowledge;
use bevy_proxops::view::ColourMap;
use egui_kittest::kittest::Queryable;

use crate::support::{FRAMES_TO_SETTLE, bench, snapshot, with_settings};

fn oracle_snapshot() -> SimulationSnapshot {
    with_settings(|settings| settings.search.knowledge = Knowledge::Oracle)
}

fn filtered() -> ParametersPanelState {
    let mut state = ParametersPanelState::default();
    state.filter = "search.knowledge".to_owned();
    state
}

#[test]
fn run_controls_say_that_the_oracle_knows_the_true_shape() {
    let panel = |snapshot| bench(vec2(1400.0, 200.0), snapshot, RunControlState::default(), run_control_panel);
    assert!(panel(oracle_snapshot()).query_by_label_contains(ORACLE_CAUTION).is_some());
    assert!(panel(snapshot()).query_by_label_contains(ORACLE_CAUTION).is_none());
}

#[test]
fn parameters_say_that_the_oracle_knows_the_true_shape_when_it_is_chosen_and_when_it_is_offered() {
    let chosen = bench(vec2(300.0, 400.0), oracle_snapshot(), filtered(), parameters_panel);
    assert!(chosen.query_by_label_contains(ORACLE_CAUTION).is_some());
    let mut offered = bench(vec2(300.0, 400.0), snapshot(), filtered(), parameters_panel);
    assert!(offered.query_by_label_contains(ORACLE_CAUTION).is_none());
    offered.get_by_role_and_label(Role::ComboBox, "Planner knows").click();
    offered.run_steps(FRAMES_TO_SETTLE);
    assert!(offered.query_by_label_contains(ORACLE_CAUTION).is_some());
}

#[test]
fn search_inspector_says_that_the_oracle_knows_the_true_shape() {
    let harness = bench(vec2(320.0, 400.0), oracle_snapshot(), (), |ui, snapshot, ()| {
        let episode = snapshot.focused().expect("three episodes fly");
        let inspector = SearchInspector {
            config: &snapshot.settings.search,
            actions: episode.mission.actions(),
            value_colours: ColourMap::default(),
            flown: None,
        };
        search_inspector_panel(ui, &inspector, episode.search.as_deref());
        Vec::new()
    });
    assert!(harness.query_by_label_contains(ORACLE_CAUTION).is_some());
}
