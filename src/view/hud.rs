//! A sheet in front of the view's own camera, measured in logical pixels: legend, status line, small grids.

use bevy::prelude::*;

use super::camera_rig::FOV_RAD;
use super::colour_map::Legend;
use super::episode_grid::ROW_HEIGHT;
use super::eye::EyeArea;
use super::line_art::{LineStyle, drawing, redraw};
use super::own_camera::OwnCamera;
use super::palette;
use super::scene::{SceneSearch, SceneStatus};
use super::settings::{ViewArea, ViewSettings};

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

/// A panel says all that the legend would.
pub(super) fn has_legend(settings: &ViewSettings, area: &ViewArea) -> bool {
    settings.layers.legend && area.free_rect_px.is_none()
}

/// The part of the free area between status line and small grids, where the scene is framed.
pub(super) fn scene_area(free: Rect, has_legend: bool, settings: &ViewSettings) -> Rect {
    let above = if has_legend { STATUS_HEIGHT } else { 0.0 };
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
    let place = |index: usize| Vec2::new(MARGIN, sheet.size.y - MARGIN - 44.0 - 40.0 * index as f32);
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
        if !shown {
            continue;
        }
        let top = Vec2::new(MARGIN, sheet.size.y - MARGIN);
        write(&mut lines, &status.line, top, 12.0, Vec2::new(-0.5, 0.5), palette::TEXT);
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

const STATUS_HEIGHT: f32 = 44.0;
/// Space between the sheet's border and what stands on it, pixels.
pub(super) const MARGIN: f32 = 18.0;
const BAR_LENGTH: f32 = 150.0;

/// One line of ASCII text; `anchor` as in [`GizmoAsset::text`].
pub(super) fn write(lines: &mut GizmoAsset, text: &str, place: Vec2, pixels: f32, anchor: Vec2, colour: Color) {
    // In front of tiles, which lie at 0.
    lines.text(Isometry3d::from_translation(place.extend(1.0)), text, pixels, anchor, colour);
}
