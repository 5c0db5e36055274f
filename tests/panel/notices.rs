use bevy_egui::egui::vec2;
use bevy_proxops::episode::{Notice, NoticeSeverity};
use bevy_proxops::panel::{NoticesState, notices_panel};
use egui_kittest::kittest::Queryable;

use crate::support::{FRAMES_TO_SETTLE, bench, snapshot};

const TEXT: &str = "near.ron: sensor.p_hit_empty = 1.2: accepted are 0.000001 to 0.5";

#[test]
fn a_refusal_is_shown_in_full_until_it_is_dismissed() {
    let mut with_notice = snapshot();
    with_notice.notices = vec![Notice { id: 7, severity: NoticeSeverity::Error, text: TEXT.to_owned() }];
    let mut harness = bench(vec2(400.0, 300.0), with_notice, NoticesState::default(), |ui, snapshot, state| {
        notices_panel(ui, &snapshot.notices, state);
        Vec::new()
    });
    assert!(harness.query_by_label(TEXT).is_some());
    harness.get_by_label("Dismiss notice").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label(TEXT).is_none());
}

#[test]
fn many_notices_are_dismissed_at_once() {
    let mut with_notices = snapshot();
    let notice = |id| Notice { id, severity: NoticeSeverity::Warning, text: format!("{TEXT} ({id})") };
    with_notices.notices = (1..=6).map(notice).collect();
    let mut harness = bench(vec2(400.0, 500.0), with_notices, NoticesState::default(), |ui, snapshot, state| {
        notices_panel(ui, &snapshot.notices, state);
        Vec::new()
    });
    assert!(harness.query_by_label("3 more").is_some());
    harness.get_by_label("Dismiss all").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label_contains("near.ron").is_none());
}
