use std::sync::Arc;

use bevy_egui::egui::vec2;
use bevy_proxops::mission::Action;
use bevy_proxops::panel::{SearchInspector, chosen_action, search_inspector_panel};
use bevy_proxops::search::PlannerKind;
use bevy_proxops::view::ColourMap;
use egui_kittest::kittest::Queryable;

use crate::support::{bench, snapshot, with_learning, with_settings};

#[test]
fn all_13_actions_are_listed_with_their_visits_and_one_is_the_chosen_one() {
    let snapshot = snapshot();
    let episode = snapshot.focused().expect("three episodes fly").clone();
    let summary = episode.search.clone().expect("two decisions were searched for");
    let chosen = chosen_action(&summary).expect("a search visits something");
    let harness = bench(vec2(320.0, 400.0), snapshot, (), |ui, snapshot, ()| {
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
    for (index, action) in Action::ALL.iter().enumerate() {
        let label = episode.mission.actions().label(*action);
        let mark = if index == chosen { ", chosen" } else { "" };
        let row = format!("{label}: {} visits{mark}", summary.visits[index]);
        assert!(harness.query_by_label(&row).is_some(), "no row {row:?}");
    }
}

#[test]
fn a_planner_that_does_not_search_says_so() {
    let passive = with_settings(|settings| settings.search.planner = PlannerKind::Passive);
    let harness = bench(vec2(320.0, 400.0), passive, (), |ui, snapshot, ()| {
        let episode = snapshot.focused().expect("three episodes fly");
        let inspector = SearchInspector {
            config: &snapshot.settings.search,
            actions: episode.mission.actions(),
            value_colours: ColourMap::default(),
            flown: None,
        };
        search_inspector_panel(ui, &inspector, None);
        Vec::new()
    });
    assert!(harness.query_by_label_contains("searches nothing").is_some());
}

#[test]
fn with_a_network_its_policy_stands_beside_the_visits_and_its_value_beside_the_searchs() {
    let mut snapshot = with_learning();
    let mut episode = (**snapshot.focused().expect("three episodes fly")).clone();
    let mut summary = (*episode.search.clone().expect("two decisions were searched for")).clone();
    summary.priors = [0.05; Action::COUNT];
    summary.priors[4] = 0.4;
    (summary.own_value, summary.root_value) = (0.25, 0.5);
    episode.search = Some(Arc::new(summary));
    snapshot.episodes[0] = Arc::new(episode);
    let harness = bench(vec2(320.0, 400.0), snapshot, (), |ui, snapshot, ()| {
        let episode = snapshot.focused().expect("three episodes fly");
        let inspector = SearchInspector {
            config: &snapshot.settings.search,
            actions: episode.mission.actions(),
            value_colours: ColourMap::default(),
            flown: Some(Action::ALL[4]),
        };
        search_inspector_panel(ui, &inspector, episode.search.as_deref());
        Vec::new()
    });
    assert_eq!(harness.query_all_by_label_contains("policy 5.0 %").count(), Action::COUNT - 1);
    assert!(harness.query_by_label_contains("policy 40.0 %, chosen").is_some(), "the flown burn is not marked");
    for value in ["+0.2500", "+0.5000"] {
        assert!(harness.query_by_label(value).is_some(), "{value} is missing");
    }
}
