//! What the picture says about its scale: on the sheet of the view's own camera, under the target with a host's.

use bevy::prelude::*;

use super::frame::ViewFrames;
use super::hud::{Hud, NOTE_PIXELS};
use super::line_art::{Label, LabelSide, label, redraw};
use super::palette;
use super::scale::DrawnScale;
use super::scene::SceneBelief;
use super::settings::ViewSettings;

/// The [`DrawnScale`] in words; empty while nothing is drawn whose scale matters.
#[derive(Resource, Default, PartialEq, Clone, Debug)]
pub(super) struct ScaleNote {
    pub text: String,
}

/// The note in the scene of a host's camera.
#[derive(Component)]
pub(super) struct ScaleLabel;

/// Whether target or servicer is drawn.
pub(super) fn has_note(settings: &ViewSettings) -> bool {
    let layers = &settings.layers;
    layers.belief || layers.truth || layers.axes || layers.servicer || layers.field_of_view
}

pub(super) fn spawn_label(mut commands: Commands, frames: Res<ViewFrames>, mut assets: ResMut<Assets<GizmoAsset>>) {
    let style = Label::new(NOTE_PIXELS, 0, LabelSide::Below);
    commands.spawn((ScaleLabel, label(&mut assets, style, ("", palette::NOTE), Vec3::ZERO, frames.target)));
}

/// Changes only with the words, so that nothing is redrawn for the hundredth part of a magnification.
pub(super) fn word_note(settings: Res<ViewSettings>, scale: Res<DrawnScale>, mut note: ResMut<ScaleNote>) {
    let text = if has_note(&settings) { scale.to_string() } else { String::new() };
    note.set_if_neq(ScaleNote { text });
}

/// Writes the note below the grid, in whose frame the label moves with the grid's drawn size.
pub(super) fn write_note(
    note: Res<ScaleNote>,
    belief: Res<SceneBelief>,
    huds: Query<(), With<Hud>>,
    mut labels: Query<(&Gizmo, &mut Label, &mut Transform), With<ScaleLabel>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    /// As far down as the corners of the grid reach, however the camera looks at it.
    const CLEAR_OF_GRID: f32 = 1.75;
    let Some((grid, _)) = &belief.source else { return };
    for (gizmo, mut label, mut transform) in &mut labels {
        transform.translation = Vec3::NEG_X * (CLEAR_OF_GRID * grid.half_extent_m() as f32);
        if let Some(mut lines) = redraw(&mut assets, gizmo) {
            // With a sheet it is written there.
            let text = if huds.is_empty() { note.text.as_str() } else { "" };
            label.write(&mut lines, text, palette::NOTE);
        }
    }
}
