use bevy_egui::egui::vec2;
use bevy_proxops::episode::SimCommand;
use bevy_proxops::panel::{EpisodesPanelState, episodes_panel, learned_fraction};
use egui_kittest::kittest::Queryable;

use crate::support::{FRAMES_TO_SETTLE, bench, snapshot};

#[test]
fn clicking_an_episode_puts_it_in_focus() {
    let snapshot = snapshot();
    let number = snapshot.episodes[1].number;
    let mut harness = bench(vec2(700.0, 220.0), snapshot, EpisodesPanelState::default(), episodes_panel);
    harness.get_by_label(&format!("Episode {number}")).click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [SimCommand::Focus(number)]);
}

#[test]
fn every_episode_has_a_row() {
    let snapshot = snapshot();
    let numbers: Vec<u32> = snapshot.episodes.iter().map(|episode| episode.number).collect();
    let harness = bench(vec2(700.0, 220.0), snapshot, EpisodesPanelState::default(), episodes_panel);
    for number in numbers {
        assert!(harness.query_by_label(&format!("Episode {number}")).is_some(), "no row for {number}");
    }
}

#[test]
fn restarting_can_be_switched_off() {
    let mut harness = bench(vec2(700.0, 220.0), snapshot(), EpisodesPanelState::default(), episodes_panel);
    harness.get_by_label("restart when finished").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert_eq!(harness.state().commands, [SimCommand::SetAutoRestart(false)]);
}

#[test]
fn learned_fraction_grows_with_every_image_of_the_reference_scenario() {
    for episode in &snapshot().episodes {
        let learned = learned_fraction(episode);
        assert!((0.0..=1.0).contains(&learned) && learned > 0.0, "episode {}: {learned}", episode.number);
    }
}
