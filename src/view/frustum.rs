//! What the servicer's camera sees: a pyramid of light from the servicer to the target. Its opening at the target is
//! magnified like the target, so that it covers as much of the drawn grid as the camera sees of the real one.

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;

use super::flat_material::{FlatMaterial, FlatMeshBuilder};
use super::frame::ViewFrames;
use super::line_art::{LineStyle, drawing, redraw};
use super::palette;
use super::scale::DrawnScale;
use super::scene::SceneFlight;
use super::servicer::Servicer;
use super::settings::ViewSettings;

#[derive(Component)]
pub(super) struct SightBeam;
#[derive(Component)]
pub(super) struct SightLines;

pub(super) fn spawn_frustum(
    mut commands: Commands,
    frames: Res<ViewFrames>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<FlatMaterial>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    commands.spawn((
        SightBeam,
        Mesh3d(meshes.add(beam_mesh())),
        MeshMaterial3d(materials.add(FlatMaterial::glowing(AlphaMode::Add))),
        NoFrustumCulling,
        Visibility::Hidden,
        Transform::IDENTITY,
        ChildOf(frames.rtn),
    ));
    let lines = commands.spawn((SightLines, drawing(&mut assets, LineStyle::solid(1.0), frames.rtn))).id();
    commands.entity(lines).insert(Transform::IDENTITY);
}

#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
#[allow(clippy::type_complexity, reason = "a query says what it reads")]
pub(super) fn draw_frustum(
    settings: Res<ViewSettings>,
    flight: Res<SceneFlight>,
    scale: Res<DrawnScale>,
    servicers: Query<Ref<Transform>, With<Servicer>>,
    mut beams: Query<(&mut Transform, &mut Visibility), (With<SightBeam>, Without<Servicer>)>,
    lines: Query<&Gizmo, With<SightLines>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
    mut was_shown: Local<bool>,
) {
    let (shown, before) = (settings.layers.field_of_view, *was_shown);
    *was_shown = shown;
    if !shown && before {
        beams.iter_mut().for_each(|(_, mut visibility)| *visibility = Visibility::Hidden);
        lines.iter().for_each(|gizmo| drop(redraw(&mut assets, gizmo)));
    }
    let Some(servicer) = servicers.iter().next().filter(|_| shown) else { return };
    if before && !servicer.is_changed() && !scale.is_changed() && !flight.is_changed() {
        return;
    }
    let Some((_, mission)) = &flight.identity else { return };
    let range = servicer.translation.length();
    let half_width = range * (0.5 * mission.camera().fov_rad() as f32).tan() * scale.target;
    let beam = Transform {
        translation: servicer.translation,
        rotation: servicer.rotation,
        scale: Vec3::new(half_width, half_width, range),
    };
    for (mut transform, mut visibility) in &mut beams {
        *transform = beam;
        visibility.set_if_neq(Visibility::Inherited);
    }
    for gizmo in &lines {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        let corners = CORNERS.map(|corner| beam.transform_point(corner));
        lines.lineloop(corners, palette::SIGHT.with_alpha(0.35));
        for corner in corners {
            lines.line_gradient(
                servicer.translation,
                corner,
                palette::SIGHT.with_alpha(0.4),
                palette::SIGHT.with_alpha(0.12),
            );
        }
    }
}

const CORNERS: [Vec3; 4] =
    [Vec3::new(-1.0, -1.0, -1.0), Vec3::new(1.0, -1.0, -1.0), Vec3::new(1.0, 1.0, -1.0), Vec3::new(-1.0, 1.0, -1.0)];

/// A pyramid from the origin to the unit square at z = −1, bright at its tip and fading to nothing.
fn beam_mesh() -> Mesh {
    let light = palette::SIGHT.to_linear().to_vec4().truncate();
    // Alpha 0: the light is added to what is behind it and covers nothing.
    let (tip, base) = ((light * 0.07).extend(0.0), (light * 0.002).extend(0.0));
    let mut builder = FlatMeshBuilder::default();
    for side in 0..4 {
        builder.polygon(&[(Vec3::ZERO, tip), (CORNERS[side], base), (CORNERS[(side + 1) % 4], base)]);
    }
    builder.build()
}
