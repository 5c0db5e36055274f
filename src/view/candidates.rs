//! The fan of arcs the search looked at: coloured by value, faded by visits.

use bevy::prelude::*;

use super::frame::ViewFrames;
use super::line_art::{LineStyle, drawing, redraw};
use super::scene::SceneSearch;
use super::settings::ViewSettings;

#[derive(Component)]
pub(super) struct CandidateLines;

pub(super) fn spawn_candidates(
    mut commands: Commands,
    frames: Res<ViewFrames>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    commands.spawn((CandidateLines, drawing(&mut assets, LineStyle::solid(1.5), frames.rtn)));
}

pub(super) fn draw_candidates(
    settings: Res<ViewSettings>,
    search: Res<SceneSearch>,
    fans: Query<&Gizmo, With<CandidateLines>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for gizmo in &fans {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        for candidate in search.candidates.iter().filter(|_| settings.layers.plan) {
            let colour = settings.value_colours.colour(VALUE_FLOOR + (1.0 - VALUE_FLOOR) * candidate.value);
            lines.linestrip(candidate.points.iter().copied(), colour.with_alpha(alpha(candidate.visits)));
        }
    }
}

/// The darkest part of a map would vanish in front of space.
const VALUE_FLOOR: f32 = 0.18;

/// Visits differ by orders of magnitude within one search; the root keeps the rarely tried in sight.
fn alpha(visits: f32) -> f32 {
    0.12 + 0.78 * visits.clamp(0.0, 1.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_fades_with_its_visits_and_never_vanishes() {
        assert!(alpha(0.0) > 0.1 && alpha(1.0) <= 1.0);
        assert!(alpha(0.5) > alpha(0.1));
    }
}
