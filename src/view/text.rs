//! Text on the sheet, in strokes: measured, and broken where the sheet ends.

use bevy::prelude::*;

/// One line of ASCII text; `anchor` as in [`GizmoAsset::text`].
pub(super) fn write(lines: &mut GizmoAsset, text: &str, place: Vec2, pixels: f32, anchor: Vec2, colour: Color) {
    // In front of tiles, which lie at 0.
    lines.text(Isometry3d::from_translation(place.extend(1.0)), text, pixels, anchor, colour);
}

/// Width of a line of text with letters `pixels` high, pixels.
pub(super) fn width(text: &str, pixels: f32) -> f32 {
    // Bevy keeps its font to itself, so a text is measured by its strokes; they begin at 0.
    let mut strokes = GizmoAsset::default();
    strokes.text(Isometry3d::IDENTITY, text, pixels, Vec2::new(-0.5, 0.0), Color::WHITE);
    strokes.strip_positions.iter().map(|point| point.x).filter(|x| x.is_finite()).fold(0.0, f32::max)
}

/// `pixels`, or as many fewer as it takes to fit the text into `most` pixels.
pub(super) fn fitting(text: &str, pixels: f32, most: f32) -> f32 {
    let width = width(text, pixels);
    if width > most { pixels * most / width } else { pixels }
}

/// The text in lines of at most `most` pixels, broken at `separator`; a part that is longer has a line of its own.
pub(super) fn wrapped(text: &str, separator: &str, pixels: f32, most: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split(separator) {
        match lines.last_mut().map(|line| (format!("{line}{separator}{part}"), line)) {
            Some((longer, line)) if width(&longer, pixels) <= most => *line = longer,
            _ => lines.push(part.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_text_is_wider_and_a_larger_one_in_proportion() {
        assert_eq!(width("", 10.0), 0.0);
        assert!(width("100", 10.0) > width("99", 10.0));
        assert!((width("episode", 20.0) - 2.0 * width("episode", 10.0)).abs() < 1e-3);
    }

    #[test]
    fn a_text_that_is_too_wide_is_made_smaller_and_no_other() {
        assert_eq!(fitting("7", 10.0, 100.0), 10.0);
        let pixels = fitting("1234567", 10.0, 30.0);
        assert!((width("1234567", pixels) - 30.0).abs() < 1e-2);
    }

    #[test]
    fn lines_hold_the_whole_text_and_end_before_the_border() {
        let text = "not to scale: target x2.6, servicer x5.7, path x1";
        for most in [120.0, 200.0, 300.0, 1000.0] {
            let lines = wrapped(text, " ", 10.5, most);
            assert_eq!(lines.join(" "), text);
            assert!(lines.iter().all(|line| width(line, 10.5) <= most), "{lines:?} in {most}");
        }
        assert_eq!(wrapped(text, " ", 10.5, 1000.0).len(), 1);
        assert_eq!(wrapped("long", " ", 10.0, 1.0), ["long"]);
    }
}
