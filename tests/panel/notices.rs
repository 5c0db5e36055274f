//! Notices: a small stack over the view, and the log behind it.

use bevy_egui::egui::{Pos2, Rect, Vec2, vec2};
use bevy_proxops::episode::{Notice, NoticeSeverity, SimulationSnapshot};
use bevy_proxops::panel::{NoticesState, PanelInputs, PanelSettings, PanelState, notices_panel, panels};
use bevy_proxops::view::KeyBindings;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::support::{Bench, FRAMES_TO_SETTLE, bench, painted_texts, snapshot};

const TEXT: &str = "near.ron: sensor.p_hit_empty = 1.2: accepted are 0.000001 to 0.5";
/// Frames of the bench are 0.25 s apart, and it has drawn a few; a warning stands for 8 s.
const LESS_THAN_A_WARNING: usize = 16;
const MORE_THAN_A_WARNING: usize = 40;

fn notice(id: u64, severity: NoticeSeverity, text: &str) -> Notice {
    Notice { id, severity, text: text.to_owned() }
}

fn run(notices: Vec<Notice>) -> SimulationSnapshot {
    SimulationSnapshot { notices, ..snapshot() }
}

fn stack<'a>(notices: Vec<Notice>) -> Harness<'a, Bench<NoticesState>> {
    bench(vec2(400.0, 500.0), run(notices), NoticesState::default(), |ui, snapshot, state| {
        notices_panel(ui, &snapshot.notices, state);
        Vec::new()
    })
}

/// All panels, with what they leave free.
fn window<'a>(notices: Vec<Notice>) -> Harness<'a, Bench<(PanelState, Rect)>> {
    const SIZE: Vec2 = vec2(1280.0, 720.0);
    bench(SIZE, run(notices), (PanelState::default(), Rect::NOTHING), |ui, snapshot, (state, free)| {
        let inputs = PanelInputs { snapshot, frame_time_s: None, default_keys: true, keys: &KeyBindings::default() };
        let output = panels(ui, &inputs, None, &mut PanelSettings::default(), state);
        *free = output.central_rect;
        output.commands
    })
}

#[test]
fn a_refusal_is_shown_in_full_until_it_is_dismissed() {
    let mut harness = stack(vec![notice(7, NoticeSeverity::Error, TEXT)]);
    harness.run_steps(10 * MORE_THAN_A_WARNING);
    assert!(harness.query_by_label_contains(TEXT).is_some());
    harness.get_by_label("Dismiss notice").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label_contains(TEXT).is_none());
}

#[test]
fn a_warning_goes_by_itself_unless_the_pointer_is_over_it() {
    let warning = || vec![notice(1, NoticeSeverity::Warning, TEXT)];
    let mut harness = stack(warning());
    harness.run_steps(LESS_THAN_A_WARNING);
    assert!(harness.query_by_label_contains(TEXT).is_some());
    harness.run_steps(MORE_THAN_A_WARNING - LESS_THAN_A_WARNING);
    assert!(harness.query_by_label_contains(TEXT).is_none());

    let mut harness = stack(warning());
    harness.hover_at(harness.get_by_label_contains(TEXT).rect().center());
    harness.run_steps(10 * MORE_THAN_A_WARNING);
    assert!(harness.query_by_label_contains(TEXT).is_some(), "it is being read");
    harness.hover_at(Pos2::new(390.0, 490.0));
    harness.run_steps(MORE_THAN_A_WARNING);
    assert!(harness.query_by_label_contains(TEXT).is_none());
}

#[test]
fn equal_notices_are_one_with_a_count() {
    let same = |id| notice(id, NoticeSeverity::Warning, TEXT);
    let harness = stack((1..=5).map(same).collect());
    assert_eq!(harness.query_all_by_label_contains(TEXT).count(), 1);
    assert!(harness.query_by_label_contains("×5").is_some());
}

#[test]
fn many_errors_are_one_with_more_behind_it_and_are_dismissed_at_once() {
    let errors = (1..=6).map(|id| notice(id, NoticeSeverity::Error, &format!("{TEXT} ({id})"))).collect();
    let mut harness = stack(errors);
    assert_eq!(harness.query_all_by_label_contains("near.ron").count(), 1);
    assert!(harness.query_by_label_contains("(6)").is_some(), "the newest stands in front");
    assert!(harness.query_by_label("5 more").is_some());
    harness.get_by_label("Dismiss all").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label_contains("near.ron").is_none());
}

#[test]
fn however_many_there_are_they_cover_a_corner_of_the_view() {
    let all = (1..=32).map(|id| {
        let severity = if id % 2 == 0 { NoticeSeverity::Error } else { NoticeSeverity::Warning };
        notice(id, severity, &format!("{id}: {}", "a text of some length ".repeat(10)))
    });
    let mut harness = window(all.collect());
    harness.run_steps(FRAMES_TO_SETTLE);
    let free = harness.state().state.1;
    let texts = painted_texts(&harness);
    let stack = texts
        .iter()
        .filter(|(text, _)| text.contains("a text of some length"))
        .fold(Rect::NOTHING, |stack, (_, place)| stack.union(*place));
    assert!(stack.width() > 0.0 && stack.width() <= 0.5 * free.width(), "{stack:?} of {free:?}");
    assert!(stack.top() >= free.top() && stack.height() <= 0.8 * free.height(), "{stack:?} of {free:?}");
    assert!(stack.center().x > free.center().x, "{stack:?} is in no corner of {free:?}");
}

#[test]
fn the_log_keeps_all_newest_first_with_what_was_done_as_asked() {
    let notices = vec![
        notice(1, NoticeSeverity::Info, "scenario reference loaded"),
        notice(2, NoticeSeverity::Warning, "the default settings are flown instead"),
        notice(3, NoticeSeverity::Error, TEXT),
    ];
    let mut harness = window(notices);
    harness.run_steps(MORE_THAN_A_WARNING);
    harness.get_by_label("Dismiss notice").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label_contains(TEXT).is_none() && harness.query_by_label_contains("loaded").is_none());

    harness.get_by_label("Notices").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    let top = |text: &str| harness.get_by_label_contains(text).rect().top();
    assert!(top(TEXT) < top("flown instead") && top("flown instead") < top("reference loaded"));
    assert!(painted_texts(&harness).iter().any(|(text, _)| text == "Notices 3"));

    harness.get_by_label("Close notices").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    assert!(harness.query_by_label_contains(TEXT).is_none());
}

#[test]
fn more_opens_the_log() {
    let errors = (1..=3).map(|id| notice(id, NoticeSeverity::Error, &format!("error {id}"))).collect();
    let mut harness = window(errors);
    harness.run_steps(FRAMES_TO_SETTLE);
    harness.get_by_label("2 more").click();
    harness.run_steps(FRAMES_TO_SETTLE);
    for id in 1..=3 {
        assert!(harness.query_by_label_contains(&format!("error {id}")).is_some());
    }
}
