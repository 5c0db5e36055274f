//! A sheet in front of the view's own camera, measured in logical pixels: status line, scale, legend, small grids.

use bevy::prelude::*;

use super::camera_rig::FOV_RAD;
use super::colour_map::Legend;
use super::episode_grid::ROW_HEIGHT;
use super::eye::EyeArea;
use super::frame::{ViewFrames, is_shown};
use super::line_art::{LineStyle, drawing, redraw};
use super::own_camera::OwnCamera;
use super::palette;
use super::scale_note::{ScaleNote, has_note};
use super::scene::{SceneSearch, SceneStatus};
use super::settings::{ViewArea, ViewSettings};
use super::text::{fitting, wrapped, write};

/// Child of the view's own camera: x right and y up in logical pixels from the lower left corner of the free area.
#[derive(Component)]
pub(super) struct Hud;

/// Measures of the sheet.
#[derive(Resource, Default, Clone, Copy, PartialEq, Debug)]
pub(super) struct HudSheet {
    /// Size of the free area, logical pixels.
    pub size: Vec2,
    /// Where the optical axis meets the sheet, pixels.
    pub(super) axis: Vec2,
    pub(super) metres_per_pixel: f32,
}

impl HudSheet {
    /// Place and scale of something `lift` pixels in front of the sheet that is seen at `place` in its size on the sheet.
    pub fn lifted(&self, place: Vec2, lift: f32) -> (Vec3, f32) {
        let nearer = 1.0 - lift * self.metres_per_pixel / DEPTH_M;
        ((self.axis + (place - self.axis) * nearer).extend(lift), nearer)
    }
}

#[derive(Component)]
pub(super) struct HudText;
#[derive(Component)]
pub(super) struct HudBar;

/// Distance of the sheet from the camera, m: nearer than anything else, farther than the near plane.
const DEPTH_M: f32 = 1.0;

/// Comes, and goes, with the view's own camera.
pub(super) fn spawn_hud(
    mut commands: Commands,
    cameras: Query<Entity, Added<OwnCamera>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for camera in &cameras {
        let hud = commands.spawn((Hud, Visibility::Inherited, Transform::IDENTITY, ChildOf(camera))).id();
        commands.spawn((HudBar, drawing(&mut assets, LineStyle::solid(9.0), hud)));
        commands.spawn((HudText, drawing(&mut assets, LineStyle::solid(1.4), hud)));
    }
}

/// The sheet hangs under the camera; it is hidden with the root all the same.
pub(super) fn hide_with_root(
    frames: Res<ViewFrames>,
    visibilities: Query<(&Visibility, Option<&ChildOf>), Without<Hud>>,
    mut huds: Query<&mut Visibility, With<Hud>>,
) {
    let shown = is_shown(frames.root, &visibilities);
    for mut visibility in &mut huds {
        visibility.set_if_neq(if shown { Visibility::Inherited } else { Visibility::Hidden });
    }
}

/// A panel says all that the legend would.
pub(super) fn has_legend(settings: &ViewSettings, area: &ViewArea) -> bool {
    settings.layers.legend && area.free_rect_px.is_none()
}

/// The part of the free area between header and small grids, where the scene is framed.
pub(super) fn scene_area(free: Rect, has_legend: bool, settings: &ViewSettings) -> Rect {
    let lines = [(has_legend, STATUS_PIXELS), (has_note(settings), NOTE_PIXELS)];
    let above = header_height(lines.into_iter().filter(|(shown, _)| *shown).map(|(_, pixels)| pixels));
    let below = if settings.layers.small_grids { ROW_HEIGHT } else { 0.0 };
    // In a low window the sheet lies over the scene instead of squeezing it.
    let share = (0.5 * free.height() / (above + below).max(1.0)).min(1.0);
    Rect::new(free.min.x, free.min.y + above * share, free.max.x, free.max.y - below * share)
}

pub(super) fn place_hud(
    area: Res<EyeArea>,
    settings: Res<ViewSettings>,
    cameras: Query<&Camera, With<OwnCamera>>,
    mut huds: Query<(&mut Transform, &ChildOf), With<Hud>>,
    mut sheet: ResMut<HudSheet>,
) {
    for (mut transform, child_of) in &mut huds {
        let Ok(camera) = cameras.get(child_of.parent()) else { continue };
        let Some(window) = camera.logical_viewport_size() else { continue };
        let free = area.in_window(window);
        let scene = scene_area(free, has_legend(&settings, &area), &settings);
        // The lens is shifted and scaled so that the scene's area alone spans the field of view.
        let metres_per_pixel = 2.0 * DEPTH_M * (0.5 * FOV_RAD).tan() / scene.height();
        let corner = Vec2::new(free.min.x - scene.center().x, scene.center().y - free.max.y) * metres_per_pixel;
        transform
            .set_if_neq(Transform::from_translation(corner.extend(-DEPTH_M)).with_scale(Vec3::splat(metres_per_pixel)));
        let axis = Vec2::new(scene.center().x - free.min.x, free.max.y - scene.center().y);
        sheet.set_if_neq(HudSheet { size: free.size(), axis, metres_per_pixel });
    }
}

#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn draw_hud(
    settings: Res<ViewSettings>,
    sheet: Res<HudSheet>,
    area: Res<EyeArea>,
    status: Res<SceneStatus>,
    note: Res<ScaleNote>,
    search: Res<SceneSearch>,
    texts: Query<&Gizmo, With<HudText>>,
    bars: Query<&Gizmo, (With<HudBar>, Without<HudText>)>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    let shown = has_legend(&settings, &area);
    let mut legends = vec![Legend::probability(settings.probability_colours)];
    if !search.candidates.is_empty() && settings.layers.plan {
        legends.push(Legend::value(settings.value_colours));
    }
    let header = header(&sheet, if shown { &status.line } else { "" }, &note.text);
    let below_header = sheet.size.y - header_height(header.iter().map(|line| line.pixels)).max(MARGIN);
    let place = |index: usize| Vec2::new(MARGIN, below_header - 14.0 - 40.0 * index as f32);
    for gizmo in &bars {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        for (index, legend) in legends.iter().enumerate().filter(|_| shown) {
            let start = place(index);
            lines.linestrip_gradient(legend.stops.iter().map(|stop| {
                let [r, g, b] = stop.srgb;
                let point = start + Vec2::X * (BAR_LENGTH * stop.fraction);
                (point.extend(0.0), Color::srgb_u8(r, g, b))
            }));
        }
    }
    for gizmo in &texts {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        let mut top = Vec2::new(MARGIN, sheet.size.y - MARGIN);
        for line in &header {
            write(&mut lines, &line.text, top, line.pixels, Vec2::new(-0.5, 0.5), line.colour);
            top.y -= LINE_SPACING * line.pixels;
        }
        if !shown {
            continue;
        }
        for (index, legend) in legends.iter().enumerate() {
            write_legend(&mut lines, legend, place(index));
        }
        let meanings = ["R  up, away from Earth", "T  along the flight", "N  across the orbit"];
        for (axis, meaning) in meanings.into_iter().enumerate().filter(|_| settings.layers.axes) {
            let line = place(legends.len()) - Vec2::Y * (16.0 * axis as f32);
            write(&mut lines, meaning, line, 10.5, Vec2::new(-0.5, 0.0), palette::axis(axis));
        }
    }
}

fn write_legend(lines: &mut GizmoAsset, legend: &Legend, start: Vec2) {
    let title = start + Vec2::new(BAR_LENGTH + 12.0, 0.0);
    write(lines, legend.title, title, 11.0, Vec2::new(-0.5, 0.0), palette::TEXT);
    for stop in legend.stops.iter().filter(|stop| !stop.label.is_empty()) {
        let under = start + Vec2::new(BAR_LENGTH * stop.fraction, -9.0);
        write(lines, stop.label, under, 9.5, Vec2::new(stop.fraction - 0.5, 0.5), palette::TEXT_DIM);
    }
}

/// A line above the scene.
struct HeaderLine {
    text: String,
    pixels: f32,
    colour: Color,
}

/// Status and scale, in as many lines as the sheet is narrow; an empty text takes no line.
fn header(sheet: &HudSheet, status: &str, note: &str) -> Vec<HeaderLine> {
    let most = sheet.size.x - 2.0 * MARGIN;
    [(status, "   ", STATUS_PIXELS, palette::TEXT), (note, " ", NOTE_PIXELS, palette::NOTE)]
        .into_iter()
        .filter(|(text, ..)| !text.is_empty())
        .flat_map(|(text, separator, pixels, colour)| {
            wrapped(text, separator, pixels, most).into_iter().map(move |text| {
                let pixels = fitting(&text, pixels, most);
                HeaderLine { text, pixels, colour }
            })
        })
        .collect()
}

/// Height of the lines above the scene with their margin; 0 without a line.
fn header_height(letters: impl Iterator<Item = f32>) -> f32 {
    let lines: f32 = letters.map(|pixels| LINE_SPACING * pixels).sum();
    if lines > 0.0 { MARGIN + lines } else { 0.0 }
}

const STATUS_PIXELS: f32 = 12.0;
/// Height of the letters that say how the picture deviates from what is there, pixels.
pub(super) const NOTE_PIXELS: f32 = 11.0;
/// From line to line, in heights of a letter.
const LINE_SPACING: f32 = 1.75;
/// Space between the sheet's border and what stands on it, pixels.
pub(super) const MARGIN: f32 = 18.0;
const BAR_LENGTH: f32 = 150.0;

#[cfg(test)]
mod tests {
    use super::super::text::width;
    use super::*;

    #[test]
    fn the_header_stays_inside_every_free_area() {
        let status = "episode 12345   step 100/100   entropy left 100.0 %   delta-v 10.00 m/s   range 1000 m";
        let note = "not to scale: target x2.6, servicer x5.7, path x1";
        for size in [1600.0, 690.0, 400.0, 200.0, 64.0] {
            let sheet = HudSheet { size: Vec2::new(size, 400.0), ..default() };
            let lines = header(&sheet, status, note);
            let widest = lines.iter().map(|line| width(&line.text, line.pixels)).fold(0.0, f32::max);
            assert!(MARGIN + widest <= size - MARGIN + 0.1, "{widest} pixels in {size}");
            let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            assert!(text.join(" ").ends_with("path x1"));
        }
        assert_eq!(header(&HudSheet { size: Vec2::splat(1600.0), ..default() }, status, note).len(), 2);
    }

    #[test]
    fn the_scene_makes_room_for_what_is_written_above_it() {
        let (free, settings) = (Rect::new(0.0, 0.0, 1280.0, 720.0), ViewSettings::default());
        let (with_status, alone) = (scene_area(free, true, &settings), scene_area(free, false, &settings));
        assert!(with_status.min.y > alone.min.y && alone.min.y > NOTE_PIXELS);
        let layers =
            crate::view::ViewLayers { belief: false, axes: false, servicer: false, field_of_view: false, ..default() };
        let silent = ViewSettings { layers, ..default() };
        assert_eq!(scene_area(free, false, &silent).min.y, 0.0);
    }
}
