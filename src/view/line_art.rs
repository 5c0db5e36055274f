//! Lines that stay until they are redrawn, and labels that face the camera.

use bevy::prelude::*;

use super::eye::ViewEye;

/// How a drawing's lines look.
#[derive(Clone, Copy)]
pub(super) struct LineStyle {
    /// Width, pixels.
    pub width: f32,
    pub style: GizmoLineStyle,
    /// 0 for the true depth, towards −1 for in front of everything.
    pub depth_bias: f32,
}

impl LineStyle {
    pub const fn solid(width: f32) -> Self {
        Self { width, style: GizmoLineStyle::Solid, depth_bias: 0.0 }
    }
}

/// An empty drawing under `parent`.
pub(super) fn drawing(assets: &mut Assets<GizmoAsset>, style: LineStyle, parent: Entity) -> impl Bundle + use<> {
    let joints = if style.width > 2.5 { GizmoLineJoint::Round(4) } else { GizmoLineJoint::None };
    let line_config = GizmoLineConfig { width: style.width, style: style.style, joints, ..default() };
    let gizmo = Gizmo { handle: assets.add(GizmoAsset::default()), line_config, depth_bias: style.depth_bias };
    (gizmo, ChildOf(parent))
}

/// The drawing of `gizmo`, wiped clean.
pub(super) fn redraw<'a>(
    assets: &'a mut Assets<GizmoAsset>,
    gizmo: &Gizmo,
) -> Option<bevy::asset::AssetMut<'a, GizmoAsset>> {
    let mut asset = assets.get_mut(&gizmo.handle)?;
    asset.clear();
    Some(asset)
}

/// An arrow with a flat head of two strokes on each of two planes, so that it reads as an arrow from every side.
pub(super) fn arrow(lines: &mut GizmoAsset, start: Vec3, vector: Vec3, colour: Color) {
    let length = vector.length();
    let Some(direction) = vector.try_normalize() else { return };
    let end = start + vector;
    lines.line(start, end, colour);
    let head = 0.28 * length;
    let side = direction.any_orthonormal_vector();
    for across in [side, direction.cross(side)] {
        for sign in [-0.45, 0.45] {
            lines.line(end, end - direction * head + across * (sign * head), colour);
        }
    }
}

/// Text at its entity's place that keeps its size on the screen and faces the camera. ASCII only.
#[derive(Component, Clone, Debug)]
pub(super) struct Label {
    /// Height of the letters, pixels.
    pub pixels: f32,
}

/// A label under `parent`; an empty text draws nothing.
pub(super) fn label(
    assets: &mut Assets<GizmoAsset>,
    (text, colour, pixels): (&str, Color, f32),
    place: Vec3,
    parent: Entity,
) -> impl Bundle + use<> {
    let mut asset = GizmoAsset::default();
    asset.text(Isometry3d::IDENTITY, text, 1.0, Vec2::new(0.0, -0.5), colour);
    let line_config = GizmoLineConfig { width: 1.5, ..default() };
    let gizmo = Gizmo { handle: assets.add(asset), line_config, depth_bias: 0.0 };
    (Label { pixels }, gizmo, Transform::from_translation(place), ChildOf(parent))
}

pub(super) fn face_camera(
    eye: ViewEye,
    mut labels: Query<(&Label, &mut Transform, &GlobalTransform, &ChildOf)>,
    parents: Query<&GlobalTransform>,
) {
    let Some((camera, camera_transform)) = eye.get() else { return };
    let Some(height) = camera.logical_viewport_size().map(|size| size.y.max(1.0)) else { return };
    let zoom = camera.clip_from_view().y_axis.y;
    for (label, mut transform, place, child_of) in &mut labels {
        let Ok(parent) = parents.get(child_of.parent()) else { continue };
        let depth = (place.translation() - camera_transform.translation()).dot(*camera_transform.forward()).max(0.1);
        let metres_per_pixel = 2.0 * depth / (zoom * height);
        let parent = parent.compute_transform();
        transform.rotation = parent.rotation.inverse() * camera_transform.rotation();
        transform.scale = Vec3::splat(label.pixels * metres_per_pixel / parent.scale.x.max(f32::MIN_POSITIVE));
    }
}
