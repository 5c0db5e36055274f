//! Network and training: what a snapshot says of them must stand in the panel, and buttons must send what they say.

use std::path::PathBuf;
use std::sync::Arc;

use bevy_egui::egui::accesskit::Role;
use bevy_egui::egui::vec2;
use bevy_proxops::episode::{NetworkSnapshot, SimCommand, SimulationSnapshot, TrainingSnapshot, TrainingStatus};
use bevy_proxops::panel::{NetworkPanelState, network_panel, training_panel};
use bevy_proxops::search::PlannerKind;
use bevy_proxops::training::FailedEpisodes;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, snapshot, with_learning, with_settings};

fn network(snapshot: SimulationSnapshot) -> Harness<'static, Bench<NetworkPanelState>> {
    bench(vec2(320.0, 600.0), snapshot, NetworkPanelState::default(), network_panel)
}

fn training(snapshot: SimulationSnapshot) -> Harness<'static, Bench<()>> {
    bench(vec2(320.0, 800.0), snapshot, (), |ui, snapshot, ()| training_panel(ui, snapshot))
}

fn with_network(change: impl FnOnce(&mut NetworkSnapshot)) -> SimulationSnapshot {
    let mut snapshot = with_learning();
    let mut network = (**snapshot.network.as_ref().expect("a network is open")).clone();
    change(&mut network);
    snapshot.network = Some(Arc::new(network));
    snapshot
}

fn with_training(change: impl FnOnce(&mut TrainingSnapshot)) -> SimulationSnapshot {
    let mut snapshot = with_learning();
    let mut training = (**snapshot.training.as_ref().expect("a run trains")).clone();
    change(&mut training);
    snapshot.training = Some(Arc::new(training));
    snapshot
}

fn click<S>(harness: &mut Harness<Bench<S>>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(FRAMES_TO_SETTLE);
}

#[test]
fn device_reason_layers_and_source_of_the_network_are_told() {
    let harness = network(with_learning());
    for text in ["CPU", "the only Vulkan adapter is software", "compact, 314 thousand parameters", "the crate"] {
        assert!(harness.query_by_label_contains(text).is_some(), "{text:?} is not told");
    }
    assert!(harness.query_by_label_contains("Untrained").is_none());
}

#[test]
fn an_untrained_network_says_that_it_is_noise() {
    let harness = network(with_network(|network| network.is_trained = false));
    assert!(harness.query_by_label_contains("Untrained").is_some());
}

#[test]
fn warming_up_shows_how_far_it_is_and_then_nothing() {
    let warming = |warm_up| network(with_network(|network| network.warm_up = warm_up));
    assert!(warming((3, 7)).query_by_role(Role::ProgressIndicator).is_some());
    assert!(warming((7, 7)).query_by_role(Role::ProgressIndicator).is_none());
}

#[test]
fn without_a_network_the_panel_says_how_to_get_one_and_nothing_can_be_saved() {
    let harness = network(snapshot());
    assert!(harness.query_by_label_contains("alpha_zero").is_some());
    assert!(harness.get_by_label("Save network").accesskit_node().is_disabled());
    let asking = with_settings(|settings| settings.search.planner = PlannerKind::AlphaZero);
    assert!(network(asking).query_by_label_contains("opens with the first decision").is_some());
}

#[test]
fn networks_are_loaded_from_and_saved_to_the_typed_path() {
    let mut harness = network(with_learning());
    click(&mut harness, "Load network");
    click(&mut harness, "Load this file");
    click(&mut harness, "Save network");
    click(&mut harness, "Save this file");
    click(&mut harness, "Use shipped network");
    let expected = [
        SimCommand::LoadNetwork(PathBuf::from("out/training/best.bin")),
        SimCommand::SaveNetwork(PathBuf::from("out/network.bin")),
        SimCommand::UseShippedNetwork,
    ];
    assert_eq!(harness.state().commands, expected);
}

#[test]
fn before_training_the_panel_says_what_start_does_and_start_sends_it() {
    let mut harness = training(snapshot());
    assert!(harness.query_by_label_contains("No training yet").is_some());
    click(&mut harness, "Start training");
    assert_eq!(harness.state().commands, [SimCommand::StartTraining]);
}

#[test]
fn the_episodes_are_recorded_for_training_when_the_box_is_ticked() {
    let mut harness = training(snapshot());
    click(&mut harness, "Learn from these episodes too");
    assert_eq!(harness.state().commands, [SimCommand::RecordForTraining(true)]);
}

#[test]
fn a_running_run_can_be_paused_and_a_paused_or_failed_one_resumed() {
    for (status, button, command) in [
        (TrainingStatus::Running, "Pause training", SimCommand::PauseTraining),
        (TrainingStatus::Paused, "Resume training", SimCommand::StartTraining),
        (TrainingStatus::Failed, "Resume training", SimCommand::StartTraining),
    ] {
        let mut harness = training(with_training(|training| training.status = status));
        click(&mut harness, button);
        assert_eq!(harness.state().commands, [command]);
    }
}

#[test]
fn the_newest_losses_and_evaluation_are_printed_beside_their_curves() {
    let harness = training(with_learning());
    for figure in ["1.900 nat", "0.0110", "+0.6200", "+0.0200 ± 0.0120"] {
        assert!(harness.query_by_label(figure).is_some(), "{figure} is missing");
    }
}

#[test]
fn episodes_that_have_failed_are_counted_with_the_first_reason() {
    let first = "episode 70: a fault in its search, please report it: index 9".to_owned();
    let harness = training(with_training(|training| {
        training.cycles[0].failed = Some(FailedEpisodes { count: 2, of: 32, first: first.clone() });
    }));
    let cycle = with_learning().training.as_ref().unwrap().cycles[0].cycle;
    let text = format!("cycle {cycle}, self-play: 2 of 32 episodes failed, the first: {first}");
    assert!(harness.query_by_label(&text).is_some(), "{text}");
    assert!(training(with_learning()).query_by_label_contains("episodes failed").is_none());
}

#[test]
fn a_run_without_a_finished_cycle_says_when_curves_appear() {
    let harness = training(with_training(|training| {
        training.cycles.clear();
        training.evaluations.clear();
    }));
    assert!(harness.query_by_label_contains("end of the first cycle").is_some());
}
