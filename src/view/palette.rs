//! Colours that are no data: chosen for dark backgrounds and for colour-blind people (Okabe & Ito 2008).

use bevy::prelude::*;

/// Empty space behind everything.
pub const SPACE: Color = Color::srgb(0.012, 0.014, 0.026);
/// The path that was flown.
pub const FLOWN: Color = Color::srgb(0.49, 0.78, 0.98);
/// Burns that were flown.
pub const BURN: Color = Color::srgb(1.0, 0.62, 0.16);
/// The path the search would fly next.
pub const PLAN: Color = Color::srgb(1.0, 1.0, 1.0);
/// The path without any burn.
pub const COAST: Color = Color::srgba(0.6, 0.68, 0.8, 0.34);
/// The camera's field of view.
pub const SIGHT: Color = Color::srgb(0.72, 0.9, 1.0);
/// The true shape.
pub const TRUTH: Color = Color::srgb(0.95, 0.55, 0.85);
/// Frame of the grid, rings, secondary text.
pub const FRAME: Color = Color::srgba(0.55, 0.64, 0.78, 0.42);
/// Primary text.
pub const TEXT: Color = Color::srgb(0.86, 0.9, 0.96);
/// Secondary text.
pub const TEXT_DIM: Color = Color::srgb(0.55, 0.62, 0.72);
/// sRGB colours of the axes R, T and N.
pub const AXIS_COLOURS: [[u8; 3]; 3] = [[0xf2, 0x6b, 0x21], [0x1f, 0xc3, 0x93], [0x56, 0xb4, 0xe9]];

/// What the picture says about its scale.
pub const NOTE: Color = Color::srgb(0.93, 0.84, 0.58);

/// Colour of axis 0 (R), 1 (T) or 2 (N).
pub fn axis(index: usize) -> Color {
    let [r, g, b] = AXIS_COLOURS[index];
    Color::srgb_u8(r, g, b)
}
