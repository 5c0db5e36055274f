use bevy_egui::egui::{Rect, pos2, vec2};
use bevy_proxops::episode::{EpisodeFailure, EpisodePhase, EpisodeStatus, SimCommand};
use bevy_proxops::panel::{EpisodesPanelState, episodes_panel, learned_fraction};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, painted_rects, painted_texts, rest_at, snapshot, with_focused};

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

/// The list with one episode of that number that has learned that share of what can be seen.
fn list<'a>(width: f32, number: u32, learned: f64) -> Harness<'a, Bench<EpisodesPanelState>> {
    let snapshot = with_focused(|episode| {
        episode.number = number;
        episode.entropy_nats = episode.initial_entropy_nats - learned * episode.reachable_entropy_nats;
        episode.dv_spent_m_s = 123.456;
        episode.range_m = 12_345.6;
    });
    bench(vec2(width, 220.0), snapshot, EpisodesPanelState::default(), episodes_panel)
}

#[test]
fn no_figure_of_a_row_covers_another_or_a_bar_whatever_its_length() {
    for width in [420.0, 520.0, 620.0, 960.0] {
        for number in [7, 99, 100, 4_321, 654_321] {
            let harness = list(width, number, 0.5);
            let texts = painted_texts(&harness);
            let (_, place) = texts.iter().find(|(text, _)| *text == number.to_string()).expect("the number is painted");
            let row: Vec<&(String, Rect)> =
                texts.iter().filter(|(_, other)| (other.center().y - place.center().y).abs() < 4.0).collect();
            for (i, (text, rect)) in row.iter().enumerate() {
                for (other, other_rect) in &row[..i] {
                    assert!(!rect.intersects(*other_rect), "{text:?} covers {other:?} at {width}");
                }
            }
            let bars = painted_rects(&harness).into_iter().filter(|bar| bar.height() == 14.0 && bar.intersects(*place));
            assert_eq!(bars.count(), 0, "{number} lies on a bar at {width}");
        }
    }
}

#[test]
fn more_than_100_percent_is_marked_and_explained_where_it_is_shown() {
    let mut harness = list(960.0, 1, 1.004);
    let texts = painted_texts(&harness);
    let (_, marked) = texts.iter().find(|(text, _)| text == "100.4 % ℹ").expect("the share is marked");
    let (_, title) =
        texts.iter().find(|(text, _)| text == "learned of what can be seen").expect("the title is painted");
    for at in [title.center(), marked.center()] {
        rest_at(&mut harness, at);
        assert!(harness.query_by_label_contains("no error of the program").is_some(), "nothing at {at:?}");
        rest_at(&mut harness, pos2(5.0, 5.0));
    }
    assert!(!painted_texts(&list(960.0, 1, 0.5)).iter().any(|(text, _)| text.contains('ℹ')));
}

#[test]
fn a_failed_episode_says_so_and_why() {
    let reason = "index 7 of 3".to_owned();
    let snapshot = with_focused(|episode| {
        episode.number = 7;
        episode.status = EpisodeStatus::Failed;
        episode.failure = Some(EpisodeFailure { phase: EpisodePhase::Step, reason }.into());
    });
    let mut harness = bench(vec2(900.0, 220.0), snapshot, EpisodesPanelState::default(), episodes_panel);
    assert!(painted_texts(&harness).iter().any(|(text, _)| text == "failed"));
    let row = harness.get_by_label("Episode 7").rect();
    rest_at(&mut harness, pos2(row.left() + 10.0, row.center().y));
    assert!(harness.query_by_label_contains("a fault in its burn and image, please report it: index 7 of 3").is_some());
}
