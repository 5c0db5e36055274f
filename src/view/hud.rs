//! A sheet in front of the view's own camera, measured in logical pixels: legend, status line, small grids.

use bevy::prelude::*;

use super::camera_rig::{FOV_RAD, OrbitCamera};
use super::colour_map::Legend;
use super::line_art::{LineStyle, drawing, redraw};
use super::palette;
use super::scene::{SceneSearch, SceneStatus};
use super::settings::{ViewArea, ViewSettings};

/// Child of the view's own camera: x right and y up in logical pixels from the lower left corner of the free area.
#[derive(Component)]
pub(super) struct Hud;

/// Size of the free area, logical pixels.
#[derive(Resource, Default, Clone, Copy, PartialEq, Debug)]
pub(super) struct HudSize(pub Vec2);

#[derive(Component)]
pub(super) struct HudText;
#[derive(Component)]
pub(super) struct HudBar;

/// Distance of the sheet from the camera, m: nearer than anything else, farther than the near plane.
const DEPTH_M: f32 = 1.0;

pub(super) fn spawn_hud(
    mut commands: Commands,
    cameras: Query<Entity, With<OrbitCamera>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for camera in &cameras {
        let hud = commands.spawn((Hud, Visibility::Inherited, Transform::IDENTITY, ChildOf(camera))).id();
        commands.spawn((HudBar, drawing(&mut assets, LineStyle::solid(9.0), hud)));
        commands.spawn((HudText, drawing(&mut assets, LineStyle::solid(1.4), hud)));
    }
}

pub(super) fn place_hud(
    area: Res<ViewArea>,
    cameras: Query<&Camera, With<OrbitCamera>>,
    mut huds: Query<(&mut Transform, &ChildOf), With<Hud>>,
    mut hud_size: ResMut<HudSize>,
) {
    for (mut transform, child_of) in &mut huds {
        let Ok(camera) = cameras.get(child_of.parent()) else { continue };
        let Some(window) = camera.logical_viewport_size() else { continue };
        let free = area.in_window(window).size();
        // The lens is shifted so that the free area alone spans the field of view.
        let metres_per_pixel = 2.0 * DEPTH_M * (0.5 * FOV_RAD).tan() / free.y;
        let corner = -0.5 * free * metres_per_pixel;
        transform.set_if_neq(
            Transform::from_translation(corner.extend(-DEPTH_M)).with_scale(Vec3::splat(metres_per_pixel)),
        );
        hud_size.set_if_neq(HudSize(free));
    }
}

pub(super) fn draw_hud(
    settings: Res<ViewSettings>,
    size: Res<HudSize>,
    status: Res<SceneStatus>,
    search: Res<SceneSearch>,
    texts: Query<&Gizmo, With<HudText>>,
    bars: Query<&Gizmo, (With<HudBar>, Without<HudText>)>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    let shown = settings.layers.legend;
    let mut legends = vec![Legend::probability(settings.probability_colours)];
    if !search.candidates.is_empty() && settings.layers.plan {
        legends.push(Legend::value(settings.value_colours));
    }
    let place = |index: usize| Vec2::new(MARGIN, size.0.y - MARGIN - 44.0 - 40.0 * index as f32);
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
        let top = Vec2::new(MARGIN, size.0.y - MARGIN);
        write(&mut lines, &status.line, top, 12.0, Vec2::new(-0.5, 0.5), palette::TEXT);
        for (index, legend) in legends.iter().enumerate() {
            let start = place(index);
            let title = start + Vec2::new(BAR_LENGTH + 12.0, 0.0);
            write(&mut lines, legend.title, title, 11.0, Vec2::new(-0.5, 0.0), palette::TEXT);
            for stop in legend.stops.iter().filter(|stop| !stop.label.is_empty()) {
                let under = start + Vec2::new(BAR_LENGTH * stop.fraction, -9.0);
                let anchor = Vec2::new(stop.fraction - 0.5, 0.5);
                write(&mut lines, stop.label, under, 9.5, anchor, palette::TEXT_DIM);
            }
        }
    }
}

/// Space between the sheet's border and what stands on it, pixels.
pub(super) const MARGIN: f32 = 18.0;
const BAR_LENGTH: f32 = 150.0;

/// One line of ASCII text; `anchor` as in [`GizmoAsset::text`].
pub(super) fn write(lines: &mut GizmoAsset, text: &str, place: Vec2, pixels: f32, anchor: Vec2, colour: Color) {
    lines.text(Isometry3d::from_translation(place.extend(0.0)), text, pixels, anchor, colour);
}
