//! Pictures of all panels: planned by tree search, and by a network that is being trained. Set `RENDERING_PICTURES` to a
//! folder to keep them.

use std::sync::Arc;

use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy_proxops::episode::{LatestSnapshot, Notice, NoticeSeverity, SimulationSnapshot};
use bevy_proxops::panel::{PanelPlugin, PanelSettings, PanelTheme};
use bevy_proxops::view::{Capture, CapturePlugin, CapturedFrame, ViewPlugin};

use crate::offscreen::{keep, windowless};
use crate::support::{snapshot, with_focused, with_learning};

/// Enough for panels to lay themselves out and for the view's buffers to reach the renderer.
const FRAMES: u32 = 12;

fn picture(run: &str, snapshot: SimulationSnapshot, [width, height]: [u32; 2], theme: PanelTheme) -> CapturedFrame {
    let mut app = App::new();
    app.add_plugins(windowless().disable::<LogPlugin>());
    let settings = PanelSettings { theme, ..default() };
    app.add_plugins((CapturePlugin { width, height }, ViewPlugin::default(), PanelPlugin { settings }));
    app.insert_resource(LatestSnapshot(Arc::new(snapshot)));
    let mut capture = Capture::start(app);
    capture.run(FRAMES);
    let frame = capture.frame().expect("a renderer is installed");
    keep(&frame, &format!("panels_{run}_{theme:?}_{width}"));
    frame
}

/// Mean brightness of the bottom strip, 0 to 255.
fn strip_brightness(frame: &CapturedFrame) -> f64 {
    const ROWS: usize = 40;
    let strip = &frame.rgba[frame.rgba.len() - ROWS * frame.width as usize * 4..];
    let pixels = strip.chunks_exact(4);
    let count = pixels.len() as f64;
    pixels.map(|pixel| pixel[..3].iter().map(|byte| f64::from(*byte)).sum::<f64>() / 3.0).sum::<f64>() / count
}

/// A run about which there is something to say: refusals, warnings and an episode beyond what can be seen.
fn with_notices() -> SimulationSnapshot {
    let mut snapshot = with_focused(|episode| {
        episode.number = 123_456;
        episode.entropy_nats = episode.initial_entropy_nats - 1.004 * episode.reachable_entropy_nats;
    });
    let texts = [
        (NoticeSeverity::Info, "scenario reference: all episodes start anew"),
        (NoticeSeverity::Warning, "the default settings are flown instead"),
        (NoticeSeverity::Error, "search.exploration = 99: accepted are 0 to 20"),
        (NoticeSeverity::Error, "near.ron: sensor.p_hit_empty = 1.2 is not accepted; accepted: 0.000001 to 0.5"),
        (NoticeSeverity::Error, "near.ron: sensor.p_hit_empty = 1.2 is not accepted; accepted: 0.000001 to 0.5"),
    ];
    let notice = |(id, (severity, text)): (usize, &(NoticeSeverity, &str))| Notice {
        id: id as u64,
        severity: *severity,
        text: (*text).to_owned(),
    };
    snapshot.notices = texts.iter().enumerate().map(notice).collect();
    snapshot
}

#[test]
fn both_themes_draw_tree_search_network_training_and_notices() {
    let runs = [("mcts", snapshot()), ("learning", with_learning()), ("notices", with_notices())];
    for (run, snapshot) in runs {
        let dark = strip_brightness(&picture(run, snapshot.clone(), [1280, 720], PanelTheme::Dark));
        let light = strip_brightness(&picture(run, snapshot, [1280, 720], PanelTheme::Light));
        assert!(dark < 80.0 && light > 180.0, "{run}: dark {dark:.0}, light {light:.0}");
    }
}

#[test]
fn a_small_window_is_drawn_too() {
    let frame = picture("small", snapshot(), [400, 300], PanelTheme::Dark);
    assert_eq!((frame.width, frame.height), (400, 300));
    assert!(strip_brightness(&frame) < 80.0);
}

#[test]
fn large_windows_are_drawn_too() {
    for size in [[1600, 1000], [2560, 1440]] {
        for (run, snapshot) in [("mcts", snapshot()), ("learning", with_learning())] {
            let dark = strip_brightness(&picture(run, snapshot, size, PanelTheme::Dark));
            assert!(dark < 80.0, "{run} at {size:?}: {dark:.0}");
        }
    }
}
