//! The plots of the episode in focus: what their axes show.

use std::sync::Arc;

use bevy_egui::egui::{pos2, vec2};
use bevy_proxops::episode::EpisodeSnapshot;
use bevy_proxops::panel::plots_panel;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Bench, bench, painted_texts, rest_at, with_focused};

/// Marks are drawn a little beyond what an axis must show.
const MARGIN: f64 = 0.1;

fn plots<'a>(change: impl FnOnce(&mut EpisodeSnapshot)) -> Harness<'a, Bench<()>> {
    bench(vec2(320.0, 700.0), with_focused(change), (), |ui, snapshot, ()| {
        plots_panel(ui, snapshot.focused().expect("three episodes fly"), &snapshot.settings.search);
        Vec::new()
    })
}

/// The numbers at the vertical axis between two titles.
fn marks(harness: &Harness<Bench<()>>, title: &str, next: &str) -> Vec<f64> {
    let texts = painted_texts(harness);
    let top = |title: &str| texts.iter().find(|(text, _)| text == title).expect("the plot has a title").1.bottom();
    let (from, to) = (top(title), top(next));
    let beside_the_plot =
        texts.iter().filter(|(_, place)| place.top() > from && place.bottom() < to && place.left() < 45.0);
    beside_the_plot.filter_map(|(text, _)| text.replace('−', "-").parse().ok()).collect()
}

#[test]
fn entropy_is_shown_between_the_floor_and_where_the_planner_started() {
    let mut limits = (0.0, 0.0);
    let harness = plots(|episode| {
        // Far above 0, as where much of the grid cannot be seen.
        let floor = episode.initial_entropy_nats - 0.4 * episode.reachable_entropy_nats;
        episode.reachable_entropy_nats *= 0.4;
        let steps = episode.states.len() as f64;
        let falling = episode.states.iter().enumerate().map(|(step, sample)| {
            let mut sample = *sample;
            sample.entropy_nats = floor + 500.0 * (1.0 - step as f64 / steps);
            sample
        });
        episode.states = falling.collect::<Arc<[_]>>();
        limits = (floor, floor + 500.0);
    });
    let (floor, start) = limits;
    let room = MARGIN * (start - floor);
    let marks = marks(&harness, "Entropy", "Δv spent");
    assert!(marks.len() >= 2, "{marks:?}");
    assert!(marks.iter().all(|mark| (floor - room..=start + room).contains(mark)), "{marks:?} of {floor} to {start}");
}

#[test]
fn without_a_burn_the_axis_of_dv_runs_from_0_to_a_largest_burn() {
    let harness = plots(|episode| {
        episode.dv_spent_m_s = 0.0;
        let unspent = episode.states.iter().map(|sample| {
            let mut sample = *sample;
            sample.dv_spent_m_s = 0.0;
            sample
        });
        episode.states = unspent.collect::<Arc<[_]>>();
    });
    let marks = marks(&harness, "Δv spent", "Range");
    assert!(marks.contains(&0.0), "{marks:?}");
    assert!(marks.iter().all(|mark| (0.0..=0.055).contains(mark)), "{marks:?}");
}

#[test]
fn values_that_do_not_change_have_a_scale() {
    let harness = plots(|episode| {
        episode.expected_returns = Arc::new(vec![0.0; episode.expected_returns.len()]);
        let rewardless = episode.transitions.iter().map(|transition| {
            let mut transition = transition.clone();
            transition.reward = 0.0;
            transition
        });
        episode.transitions = Arc::new(rewardless.collect());
    });
    let texts = painted_texts(&harness);
    let value = texts.iter().find(|(text, _)| text == "Value").expect("mcts expects something").1.bottom();
    let marks: Vec<f64> = texts
        .iter()
        .filter(|(_, place)| place.top() > value && place.left() < 45.0)
        .filter_map(|(text, _)| text.parse().ok())
        .collect();
    assert!(!marks.is_empty() && marks.iter().all(|mark| mark.abs() <= 0.11), "{marks:?}");
}

#[test]
fn the_entropy_plot_explains_shares_above_100_percent() {
    let mut harness = plots(|episode| {
        episode.entropy_nats = episode.initial_entropy_nats - 1.004 * episode.reachable_entropy_nats;
    });
    assert!(harness.query_by_label_contains("100.4 % ℹ learned").is_some());
    let title = harness.get_by_label_contains("100.4 %").rect().center();
    for at in [title, pos2(30.0, title.y)] {
        rest_at(&mut harness, at);
        assert!(harness.query_by_label_contains("no error of the program").is_some(), "nothing at {at:?}");
        rest_at(&mut harness, pos2(160.0, 690.0));
    }
}
