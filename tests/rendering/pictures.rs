use bevy_proxops::view::{Quality, ViewSettings};

use crate::support::{change_settings, changed_pixels, picture, settled, view_app_sized};
use crate::synthetic;

/// The whole picture at the size of a README: kept where `RENDERING_PICTURES` says, for eyes.
#[test]
fn whole_scene() {
    let mut capture = settled(view_app_sized(ViewSettings::default(), synthetic::run(8, 22), 1280, 720));
    let frame = picture(&mut capture, "scene");
    change_settings(&mut capture, |settings| settings.layers.truth = true);
    capture.run(6);
    let ghost = picture(&mut capture, "scene_truth");
    assert_eq!((frame.width, frame.height), (1280, 720));
    assert!(changed_pixels(&frame, &ghost, 12) > 100);
}

#[test]
fn high_quality_renders_on_every_adapter() {
    let settings = ViewSettings { quality: Quality::High, ..Default::default() };
    let mut capture = settled(view_app_sized(settings, synthetic::run(8, 12), 960, 540));
    let frame = picture(&mut capture, "high_quality");
    let bright = frame.rgba.chunks_exact(4).filter(|pixel| pixel[..3].iter().any(|byte| *byte > 60)).count();
    assert!(bright > 4000, "only {bright} bright pixels");
}
