//! Lines that stay until they are redrawn, and labels that face the camera.

use bevy::prelude::*;

use super::eye::ViewEye;
use super::text::width;

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
    pixels: f32,
    /// Of two labels that would overlap, the one of the lower rank is shown.
    rank: u8,
    side: LabelSide,
    /// Width of the text in heights of its letters.
    width: f32,
}

/// On which side of its place a label is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LabelSide {
    Above,
    Below,
}

impl Label {
    pub fn new(pixels: f32, rank: u8, side: LabelSide) -> Self {
        Self { pixels, rank, side, width: 0.0 }
    }

    /// The text, into a drawing that is empty.
    pub fn write(&mut self, lines: &mut GizmoAsset, text: &str, colour: Color) {
        let anchor = if self.side == LabelSide::Above { -0.5 } else { 0.5 };
        lines.text(Isometry3d::IDENTITY, text, 1.0, Vec2::new(0.0, anchor), colour);
        self.width = width(text, 1.0);
    }

    /// What the label covers when its place is seen at `seen`, pixels, y down.
    fn covered(&self, seen: Vec2) -> Rect {
        /// With room for descenders and a gap.
        const LINE_HEIGHT: f32 = 1.7;
        let height = LINE_HEIGHT * self.pixels;
        let centre_y = if self.side == LabelSide::Above { seen.y - 0.5 * height } else { seen.y + 0.5 * height };
        Rect::from_center_size(Vec2::new(seen.x, centre_y), Vec2::new((self.width + 1.0) * self.pixels, height))
    }
}

/// A label with its text under `parent`; an empty text draws nothing.
pub(super) fn label(
    assets: &mut Assets<GizmoAsset>,
    mut label: Label,
    (text, colour): (&str, Color),
    place: Vec3,
    parent: Entity,
) -> impl Bundle + use<> {
    let mut asset = GizmoAsset::default();
    label.write(&mut asset, text, colour);
    let line_config = GizmoLineConfig { width: 1.5, ..default() };
    let gizmo = Gizmo { handle: assets.add(asset), line_config, depth_bias: 0.0 };
    (label, gizmo, Transform::from_translation(place), ChildOf(parent))
}

/// Turns the labels and keeps their size; one without room beside those of lower rank is not shown.
pub(super) fn face_camera(
    eye: ViewEye,
    mut labels: Query<(Entity, &Label, &mut Transform, &ChildOf)>,
    parents: Query<&GlobalTransform>,
) {
    let Some((camera, camera_transform)) = eye.get() else { return };
    let Some(height) = camera.logical_viewport_size().map(|size| size.y.max(1.0)) else { return };
    let zoom = camera.clip_from_view().y_axis.y;
    let mut by_rank: Vec<_> = labels.iter_mut().collect();
    by_rank.sort_by_key(|(entity, label, ..)| (label.rank, *entity));
    let mut covered = Vec::new();
    for (_, label, mut transform, child_of) in by_rank {
        let Ok(parent) = parents.get(child_of.parent()) else { continue };
        // From the parent: a new label has no place of its own in the world yet.
        let place = parent.transform_point(transform.translation);
        let depth = (place - camera_transform.translation()).dot(*camera_transform.forward()).max(0.1);
        let metres_per_pixel = 2.0 * depth / (zoom * height);
        let parent = parent.compute_transform();
        transform.rotation = parent.rotation.inverse() * camera_transform.rotation();

        let seen = camera.world_to_viewport(camera_transform, place);
        let is_shown = seen.is_ok_and(|seen| takes_room(&mut covered, label.covered(seen)));
        let scale = label.pixels * metres_per_pixel / parent.scale.x.max(f32::MIN_POSITIVE);
        // A drawing cannot be hidden, only shrunk to nothing.
        transform.scale = Vec3::splat(if is_shown { scale } else { 0.0 });
    }
}

/// Claims `wanted` if nothing claimed before overlaps it.
fn takes_room(covered: &mut Vec<Rect>, wanted: Rect) -> bool {
    let is_free = covered.iter().all(|other| other.intersect(wanted).is_empty());
    if is_free {
        covered.push(wanted);
    }
    is_free
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rank: u8, side: LabelSide, text: &str) -> Label {
        let mut label = Label::new(10.0, rank, side);
        label.write(&mut GizmoAsset::default(), text, Color::WHITE);
        label
    }

    #[test]
    fn of_labels_in_one_place_only_the_first_is_shown() {
        let mut covered = Vec::new();
        let ring = written(3, LabelSide::Above, "100 m");
        assert!(takes_room(&mut covered, ring.covered(Vec2::new(300.0, 200.0))));
        assert!(!takes_room(&mut covered, ring.covered(Vec2::new(320.0, 205.0))));
        assert!(takes_room(&mut covered, ring.covered(Vec2::new(400.0, 200.0))));
        let note = written(0, LabelSide::Below, "true to scale");
        assert!(takes_room(&mut covered, note.covered(Vec2::new(300.0, 200.0))), "it lies below, the other above");
    }

    #[test]
    fn a_longer_text_takes_more_room() {
        let width = |text| written(0, LabelSide::Above, text).covered(Vec2::ZERO).width();
        assert!(width("not to scale") > 2.0 * width("R"));
    }
}
