//! The full engine without a window, and pictures kept for eyes.

use std::path::Path;

use bevy_proxops::view::CapturedFrame;

#[path = "../../examples/common/windowless.rs"]
mod windowless_engine;

pub use windowless_engine::windowless;

/// Writes a picture where `RENDERING_PICTURES` says.
pub fn keep(frame: &CapturedFrame, name: &str) {
    let Some(folder) = std::env::var_os("RENDERING_PICTURES") else { return };
    std::fs::create_dir_all(&folder).expect("the folder for pictures can be made");
    let path = Path::new(&folder).join(name).with_extension("png");
    image::save_buffer(path, &frame.rgba, frame.width, frame.height, image::ColorType::Rgba8)
        .expect("the picture can be written");
}
