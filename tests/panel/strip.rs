//! The strip of live figures.

use bevy_egui::egui::vec2;
use bevy_proxops::episode::{SimulationSnapshot, TimeSplit};
use bevy_proxops::panel::timings_panel;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Bench, bench, snapshot, with_learning};

fn strip<'a>(snapshot: SimulationSnapshot, width: f32) -> Harness<'a, Bench<()>> {
    bench(vec2(width, 60.0), snapshot, (), |ui, snapshot, ()| {
        timings_panel(ui, snapshot, Some(0.016));
        Vec::new()
    })
}

#[test]
fn time_split_is_told_in_names_and_shares() {
    let mut snapshot = snapshot();
    snapshot.diagnostics.time_split =
        TimeSplit { tree: 0.4, orbit: 0.05, rays: 0.25, belief: 0.1, network: 0.1, other: 0.02, idle: 0.08 };
    let told = "tree 40 %, orbit 5 %, rays 25 %, belief 10 %, network wait 10 %, other 2 %, idle 8 %";
    assert!(strip(snapshot, 1264.0).query_by_label(told).is_some());
}

#[test]
fn network_figures_stand_only_where_there_is_a_network() {
    for figure in ["evaluations", "network busy", "batch fill"] {
        assert!(strip(with_learning(), 1264.0).query_by_label_contains(figure).is_some(), "{figure} is missing");
        assert!(strip(snapshot(), 1264.0).query_by_label_contains(figure).is_none(), "{figure} means nothing");
    }
}

#[test]
fn narrow_windows_lose_secondary_figures_and_keep_the_first_in_one_row() {
    let wide = strip(with_learning(), 1264.0);
    assert!(wide.query_by_label_contains("frame").is_some());
    let narrow = strip(with_learning(), 500.0);
    assert!(narrow.query_by_label_contains("images").is_none());
    let (first, second) = (narrow.get_by_label_contains("cores busy"), narrow.get_by_label_contains("simulations"));
    assert_eq!(first.rect().top(), second.rect().top());
    assert!(second.rect().right() <= 500.0);
}
