//! The efficiency section: what is offered before and after a sweep.

use bevy_egui::egui::vec2;
use bevy_proxops::episode::SimCommand;
use bevy_proxops::panel::{EfficiencyPanelState, efficiency_panel};
use bevy_proxops::report::{BestSetting, BestSettings};
use bevy_proxops::search::{ParallelConfig, PlannerKind, SearchMode};
use egui_kittest::kittest::Queryable;

use crate::support::{FRAMES_TO_SETTLE, bench, snapshot};

fn best(mode: SearchMode, workers: usize) -> BestSetting {
    let (planner, parallel) = (PlannerKind::Mcts, ParallelConfig::from(mode));
    BestSetting { planner, parallel, workers, episodes: 8, why: "it is the fastest".into() }
}

#[test]
fn a_saved_setting_is_offered_and_used_at_a_click() {
    let setting = best(SearchMode::Batched { leaves: 32 }, 2);
    let saved = BestSettings { machine: "here".into(), settings: vec![setting.clone()] };
    let mut harness = bench(vec2(320.0, 300.0), snapshot(), EfficiencyPanelState::offering(saved), efficiency_panel);
    assert!(harness.query_by_label("mcts: batched 32, 2 workers").is_some());
    harness.get_by_label("Use").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [SimCommand::UseSetting(setting)]);
}

#[test]
fn the_setting_in_use_is_not_offered_again() {
    let snapshot = snapshot();
    let setting = best(snapshot.settings.search.parallel.mode(), snapshot.diagnostics.workers);
    let saved = BestSettings { machine: "here".into(), settings: vec![setting] };
    let harness = bench(vec2(320.0, 300.0), snapshot, EfficiencyPanelState::offering(saved), efficiency_panel);
    assert!(harness.query_by_label("in use").is_some() && harness.query_by_label("Use").is_none());
}

#[test]
fn a_sweep_pauses_the_run_shows_how_far_it_is_and_can_be_stopped() {
    let state = EfficiencyPanelState::offering(BestSettings::default());
    let mut harness = bench(vec2(320.0, 300.0), snapshot(), state, efficiency_panel);
    harness.get_by_label("Quick sweep").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [SimCommand::Pause]);
    assert!(harness.query_by_label("Quick sweep").is_none(), "one sweep at a time");
    harness.get_by_label("Stop").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    // It ends after the part that it is measuring; dropping the panel waits for that.
}
