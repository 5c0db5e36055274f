//! An animated GIF of bounded size.

use std::time::Duration;

use image::codecs::gif::{GifEncoder, Repeat};
use image::imageops::{self, FilterType};
use image::{Delay, Frame, ImageError, Rgba, RgbaImage};

/// Quantisation effort of the encoder, 1 (slow, best) to 30.
const QUANTISATION_SPEED: i32 = 10;
/// A pixel whose channels all moved less than this keeps its old value, which compresses to nothing.
const STILL_CHANNEL_STEP: u8 = 6;
/// Widths tried from the largest to the smallest until the file is small enough, pixels.
const WIDTHS: [u32; 5] = [800, 640, 480, 360, 240];
/// The last picture stays this much longer than the others before the animation starts again.
const LAST_FRAME_HOLD: u32 = 12;

/// `pictures` as an endless animation of at most `max_bytes` bytes, `interval` apart, as large as that allows.
/// When even the smallest width is too large, that is what it is.
pub fn gif(pictures: &[RgbaImage], interval: Duration, max_bytes: usize) -> Result<Vec<u8>, ImageError> {
    let mut encoded = Vec::new();
    for width in WIDTHS {
        encoded = encode(pictures, width, interval)?;
        if encoded.len() <= max_bytes {
            break;
        }
    }
    Ok(encoded)
}

fn encode(pictures: &[RgbaImage], width: u32, interval: Duration) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, QUANTISATION_SPEED);
    encoder.set_repeat(Repeat::Infinite)?;
    let mut shown: Option<RgbaImage> = None;
    for (index, picture) in pictures.iter().enumerate() {
        let scaled = scale_to_width(picture, width);
        let difference = shown.as_mut().map(|shown| update(shown, &scaled));
        let hold = if index + 1 == pictures.len() { LAST_FRAME_HOLD } else { 1 };
        let frame = difference.unwrap_or_else(|| scaled.clone());
        shown.get_or_insert(scaled);
        encoder.encode_frame(Frame::from_parts(frame, 0, 0, Delay::from_saturating_duration(interval * hold)))?;
    }
    drop(encoder);
    Ok(bytes)
}

fn scale_to_width(picture: &RgbaImage, width: u32) -> RgbaImage {
    let width = width.min(picture.width());
    let height = (picture.height() * width / picture.width()).max(1);
    let mut scaled = imageops::resize(picture, width, height, FilterType::Triangle);
    scaled.pixels_mut().for_each(|pixel| pixel.0[3] = u8::MAX);
    scaled
}

/// Brings `shown` up to `next` and returns what changed; still pixels are transparent.
fn update(shown: &mut RgbaImage, next: &RgbaImage) -> RgbaImage {
    let mut changed = RgbaImage::new(next.width(), next.height());
    for ((old, new), out) in shown.pixels_mut().zip(next.pixels()).zip(changed.pixels_mut()) {
        if moved(old, new) {
            *old = *new;
            *out = *new;
        }
    }
    changed
}

fn moved(old: &Rgba<u8>, new: &Rgba<u8>) -> bool {
    old.0.iter().zip(&new.0).any(|(old, new)| old.abs_diff(*new) >= STILL_CHANNEL_STEP)
}
