//! The flown path, its images and burns, and where the servicer would coast from here.

use bevy::prelude::*;

use super::frame::ViewFrames;
use super::line_art::{LineStyle, arrow, drawing, redraw};
use super::palette;
use super::scene::{SceneFlight, SceneSearch};
use super::settings::ViewSettings;

#[derive(Component)]
pub(super) struct FlownLines;
#[derive(Component)]
pub(super) struct CoastLines;
#[derive(Component)]
pub(super) struct BurnArrows;
#[derive(Component)]
pub(super) struct PlanLines;

pub(super) fn spawn_trajectory(
    mut commands: Commands,
    frames: Res<ViewFrames>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    let dashes =
        LineStyle { style: GizmoLineStyle::Dashed { gap_scale: 5.0, line_scale: 5.0 }, ..LineStyle::solid(1.2) };
    commands.spawn((CoastLines, drawing(&mut assets, dashes, frames.rtn)));
    commands.spawn((FlownLines, drawing(&mut assets, LineStyle::solid(2.6), frames.rtn)));
    // The plan lies on one of the candidates: a small bias puts it in front.
    let plan = LineStyle { depth_bias: -0.001, ..LineStyle::solid(2.2) };
    commands.spawn((PlanLines, drawing(&mut assets, plan, frames.rtn)));
    commands.spawn((BurnArrows, drawing(&mut assets, LineStyle::solid(2.6), frames.rtn)));
}

pub(super) fn draw_flight(
    settings: Res<ViewSettings>,
    flight: Res<SceneFlight>,
    flown: Query<&Gizmo, With<FlownLines>>,
    coast: Query<&Gizmo, With<CoastLines>>,
    burns: Query<&Gizmo, With<BurnArrows>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    let shown = settings.layers.trajectory;
    for gizmo in &flown {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        if shown {
            draw_path(&mut lines, &flight);
        }
    }
    for gizmo in &coast {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        if shown {
            let last = flight.coast.len().saturating_sub(1).max(1) as f32;
            lines.linestrip_gradient(flight.coast.iter().enumerate().map(|(index, point)| {
                // Fades over the revolution: far ahead, another burn is likely.
                (*point, palette::COAST.with_alpha(0.42 * (1.0 - index as f32 / last)))
            }));
        }
    }
    for gizmo in &burns {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        for burn in flight.burns.iter().filter(|_| shown) {
            let vector = burn.dv_rtn_m_s * settings.arrow_scale();
            arrow(&mut lines, burn.position_rtn_m, vector, palette::BURN);
        }
    }
}

/// The path brightens towards now; a short stroke towards the target marks every image.
fn draw_path(lines: &mut GizmoAsset, flight: &SceneFlight) {
    let last = flight.path.len().saturating_sub(1).max(1) as f32;
    lines.linestrip_gradient(flight.path.iter().enumerate().map(|(index, point)| {
        let age = index as f32 / last;
        (point.position_rtn_m, palette::FLOWN.with_alpha(0.3 + 0.7 * age))
    }));
    const STROKE_M: f32 = 5.0;
    for image in &flight.images {
        lines.ray(*image, -image.normalize_or_zero() * STROKE_M, palette::FLOWN.with_alpha(0.7));
    }
}

pub(super) fn draw_plan(
    settings: Res<ViewSettings>,
    search: Res<SceneSearch>,
    plans: Query<&Gizmo, With<PlanLines>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for gizmo in &plans {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        if !settings.layers.plan {
            continue;
        }
        lines.linestrip(search.plan.iter().copied(), palette::PLAN);
        for burn in &search.plan_burns {
            let vector = burn.dv_rtn_m_s * settings.arrow_scale();
            arrow(&mut lines, burn.position_rtn_m, vector, palette::PLAN.with_alpha(0.75));
        }
    }
}
