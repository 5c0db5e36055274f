use bevy::camera::SubCameraView;
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit};
use bevy::prelude::*;
use bevy::time::Real;

use super::eye::{CurrentEye, EyeArea};
use super::frame::{ViewFrames, ViewRoot};
use super::hud::{has_legend, scene_area};
use super::input::ViewInput;
use super::scene::SceneExtent;
use super::settings::ViewSettings;

/// Circles a focus, follows the mouse smoothly and frames the trajectory by itself until it is touched. The view's own
/// camera is one; a host that wants to steer its own `Camera3d` the same way adds it there.
///
/// Left drag turns, right or middle drag moves, the wheel zooms to the pointer, `F` frames everything again. Angles and
/// focus are in the frame of [`ViewRoot`], in which +Y is R.
#[derive(Component, Reflect, Clone, Debug)]
#[reflect(Component, Clone)]
#[require(Camera3d)]
pub struct OrbitCamera {
    /// Where the camera should be.
    pub goal: OrbitPose,
    /// Where the camera is; it approaches `goal`.
    pub shown: OrbitPose,
    /// Whether the camera keeps framing the whole trajectory; ends with the first drag or zoom.
    pub frames_scene: bool,
    is_placed: bool,
}

/// A place on a sphere round a focus.
#[derive(Reflect, Clone, Copy, Debug, PartialEq)]
#[reflect(Clone, PartialEq)]
pub struct OrbitPose {
    /// Centre of the picture, m.
    pub focus: Vec3,
    /// Turn about +Y from +Z towards +X, rad.
    pub yaw_rad: f32,
    /// Height above the horizontal plane, rad.
    pub pitch_rad: f32,
    /// Distance from the focus, m.
    pub distance: f32,
}

/// Vertical field of view, rad.
pub(super) const FOV_RAD: f32 = 0.7;
/// Nearest distance drawn, m.
pub(super) const NEAR_M: f32 = 0.1;
/// The wheel and the smoothing act per time constant, so that neither depends on the frame rate.
const SMOOTHING_S: f32 = 0.09;
const MIN_DISTANCE_M: f32 = 5.0;
const MAX_DISTANCE_M: f32 = 20_000.0;
const MAX_PITCH_RAD: f32 = 1.54;
const RAD_PER_PIXEL: f32 = 0.0055;

impl Default for OrbitPose {
    /// From the side of −N, a little from above and behind: T runs to the right, R upwards, Earth's limb is in the picture.
    fn default() -> Self {
        Self { focus: Vec3::ZERO, yaw_rad: -0.42, pitch_rad: 0.3, distance: 600.0 }
    }
}

impl OrbitPose {
    fn rotation(&self) -> Quat {
        Quat::from_euler(EulerRot::YXZ, self.yaw_rad, -self.pitch_rad, 0.0)
    }

    /// The camera's pose in the frame of the root.
    pub fn transform(&self) -> Transform {
        let rotation = self.rotation();
        Transform { translation: self.focus + rotation * (Vec3::Z * self.distance), rotation, scale: Vec3::ONE }
    }

    /// The same direction, as near as possible with all `points` inside `free` half-angles' tangents.
    fn framing(&self, points: &[Vec3], tangents: Vec2) -> Self {
        let Some(first) = points.first() else { return *self };
        let into_view = self.rotation().inverse();
        let seen = |point: &Vec3| into_view * *point;
        let (low, high) = points
            .iter()
            .fold((seen(first), seen(first)), |(low, high), point| (low.min(seen(point)), high.max(seen(point))));
        let focus_seen = (low + high) / 2.0;
        let distance = points
            .iter()
            .map(|point| {
                let offset = (seen(point) - focus_seen).abs();
                (seen(point) - focus_seen).z + (offset.truncate() / tangents).max_element()
            })
            .fold(MIN_DISTANCE_M, f32::max);
        Self { focus: self.rotation() * focus_seen, distance: distance.min(MAX_DISTANCE_M), ..*self }
    }

    /// Nearer by `notches` of the wheel, farther where they are negative. What is seen at `tangents` from the optical
    /// axis, as far away as the focus, stays there.
    fn zoomed(&self, tangents: Vec2, notches: f32) -> Self {
        let distance = (self.distance * (-0.16 * notches).exp()).clamp(MIN_DISTANCE_M, MAX_DISTANCE_M);
        let shift = self.rotation() * (tangents * (self.distance - distance)).extend(0.0);
        Self { focus: self.focus + shift, distance, ..*self }
    }

    fn approach(&mut self, goal: &Self, share: f32) {
        let before = self.distance;
        // Zoom by ratio: the same effort at every distance.
        self.distance *= (goal.distance / self.distance).powf(share);
        // The focus keeps step with the distance, so that what lies under the pointer stays there on the way too.
        let way = goal.distance - before;
        let share_of_way = if way.abs() > 1e-4 * before { (self.distance - before) / way } else { share };
        self.focus = self.focus.lerp(goal.focus, share_of_way);
        self.yaw_rad += (goal.yaw_rad - self.yaw_rad) * share;
        self.pitch_rad += (goal.pitch_rad - self.pitch_rad) * share;
    }
}

impl Default for OrbitCamera {
    fn default() -> Self {
        Self { goal: OrbitPose::default(), shown: OrbitPose::default(), frames_scene: true, is_placed: false }
    }
}

impl OrbitCamera {
    /// Frames everything again, and from now on.
    pub fn frame_scene(&mut self) {
        self.frames_scene = true;
    }
}

/// Turns, moves and zooms the goal of the eye, if it is an orbit camera: other cameras of the host's are never steered.
pub(super) fn steer(
    mut cameras: Query<&mut OrbitCamera>,
    current: Res<CurrentEye>,
    input: ViewInput,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    motion: Option<Res<AccumulatedMouseMotion>>,
    scroll: Option<Res<AccumulatedMouseScroll>>,
    mut dragging: Local<bool>,
) {
    let (Some(buttons), Some(motion), Some(scroll)) = (buttons, motion, scroll) else { return };
    let handles = [MouseButton::Left, MouseButton::Right, MouseButton::Middle];
    let pointer = input.free_pointer();
    if buttons.any_just_pressed(handles) {
        // A drag belongs to whatever lay under the pointer when it began.
        *dragging = pointer.is_some();
    }
    *dragging &= buttons.any_pressed(handles);
    let notches = match scroll.unit {
        MouseScrollUnit::Line => scroll.delta.y,
        MouseScrollUnit::Pixel => scroll.delta.y / 60.0,
    };
    let zoom = pointer.filter(|_| notches != 0.0);
    let drag = if *dragging { motion.delta } else { Vec2::ZERO };
    if drag == Vec2::ZERO && zoom.is_none() {
        return;
    }

    let Some((camera, _)) = input.eye.get() else { return };
    let Some(mut rig) = current.camera.and_then(|eye| cameras.get_mut(eye).ok()) else { return };
    rig.frames_scene = false;
    let goal = &mut rig.goal;
    if let Some(pointer) = zoom {
        // From the projection, which panels and small grids shift and narrow.
        let tangents =
            camera.viewport_to_ndc(pointer).map_or(Vec2::ZERO, |ndc| tangents_at(ndc, &camera.clip_from_view()));
        *goal = goal.zoomed(tangents, notches);
    }
    if buttons.pressed(MouseButton::Left) {
        goal.yaw_rad -= drag.x * RAD_PER_PIXEL;
        goal.pitch_rad = (goal.pitch_rad + drag.y * RAD_PER_PIXEL).clamp(-MAX_PITCH_RAD, MAX_PITCH_RAD);
    } else {
        let height = camera.logical_viewport_size().map_or(720.0, |size| size.y).max(1.0);
        let metres_per_pixel = 2.0 * goal.distance / (camera.clip_from_view().y_axis.y * height);
        let shift = Vec3::new(-drag.x, drag.y, 0.0) * metres_per_pixel;
        goal.focus += goal.rotation() * shift;
    }
}

/// Tangents of the angles to the right of and above the optical axis at which a point of the picture is seen.
fn tangents_at(ndc: Vec2, clip_from_view: &Mat4) -> Vec2 {
    // A shifted lens moves the optical axis away from the middle of the picture.
    let axis = -clip_from_view.z_axis.truncate().truncate();
    (ndc - axis) / Vec2::new(clip_from_view.x_axis.x, clip_from_view.y_axis.y)
}

/// Frames the scene where asked, approaches the goal and writes the camera's transform.
pub(super) fn follow(
    time: Res<Time<Real>>,
    area: Res<EyeArea>,
    settings: Res<ViewSettings>,
    extent: Res<SceneExtent>,
    frames: Res<ViewFrames>,
    roots: Query<&GlobalTransform, With<ViewRoot>>,
    mut cameras: Query<(&mut OrbitCamera, &mut Transform, &mut Camera), Without<ViewRoot>>,
) {
    let Ok(root) = roots.get(frames.root) else { return };
    for (mut rig, mut transform, mut camera) in &mut cameras {
        // A window that is folded away has no size.
        let Some(size) = camera.logical_viewport_size().filter(|size| size.min_element() >= 1.0) else { continue };
        let free = scene_area(area.in_window(size), has_legend(&settings, &area), &settings);
        camera.sub_camera_view = lens_shift(size, free);
        if rig.frames_scene && !extent.points.is_empty() {
            const MARGIN: f32 = 0.9;
            let tangents = (0.5 * FOV_RAD).tan() * MARGIN * Vec2::new(free.width() / free.height(), 1.0);
            rig.goal = rig.goal.framing(&extent.points, tangents);
        }
        let goal = rig.goal;
        let share = if rig.is_placed { 1.0 - (-time.delta_secs() / SMOOTHING_S).exp() } else { 1.0 };
        rig.is_placed |= !extent.points.is_empty();
        rig.shown.approach(&goal, share);
        let placed = root.mul_transform(rig.shown.transform()).compute_transform();
        transform.set_if_neq(Transform { scale: Vec3::ONE, ..placed });
    }
}

/// Fits the picture into the free area instead of the window: panels then cover nothing of interest.
/// (A smaller viewport would do so too, but it would also move the panels of `bevy_egui`, which fill the viewport.)
fn lens_shift(window: Vec2, free: Rect) -> Option<SubCameraView> {
    let pixels = |size: Vec2| size.round().as_uvec2().max(UVec2::ONE);
    let is_whole = free.size().abs_diff_eq(window, 0.5);
    (!is_whole).then(|| SubCameraView { full_size: pixels(free.size()), offset: -free.min, size: pixels(window) })
}

#[cfg(test)]
mod tests {
    use bevy::camera::CameraProjection;

    use super::*;

    #[test]
    fn framing_puts_every_point_inside_the_picture_and_one_on_its_border() {
        let points: Vec<Vec3> =
            (0..40).map(|k| Vec3::new((k as f32).sin() * 100.0, (k as f32).cos() * 50.0, k as f32)).collect();
        let tangents = Vec2::new(0.5, 0.3);
        let pose = OrbitPose::default().framing(&points, tangents);
        let view = pose.transform().to_matrix().inverse();
        let reach = points
            .iter()
            .map(|point| view.transform_point3(*point))
            .map(|seen| (seen.truncate().abs() / -seen.z / tangents).max_element())
            .fold(0.0, f32::max);
        assert!((reach - 1.0).abs() < 1e-3, "the outermost point lies at {reach} of the border");
    }

    #[test]
    fn the_camera_looks_at_its_focus_from_its_distance() {
        let pose = OrbitPose { focus: Vec3::new(3.0, -2.0, 9.0), yaw_rad: 1.1, pitch_rad: -0.4, distance: 80.0 };
        let transform = pose.transform();
        assert!((transform.translation.distance(pose.focus) - 80.0).abs() < 1e-3);
        let toward = (pose.focus - transform.translation).normalize();
        assert!(transform.forward().abs_diff_eq(toward, 1e-5));
    }

    /// Where a point in the frame of the root is seen, in clip space.
    fn seen(pose: &OrbitPose, clip_from_view: &Mat4, point: Vec3) -> Vec2 {
        clip_from_view.project_point3(pose.transform().to_matrix().inverse().transform_point3(point)).truncate()
    }

    #[test]
    fn zoom_keeps_what_lies_under_the_pointer_there_on_the_whole_way() {
        const TOLERANCE: f32 = 1e-4;
        let projection = PerspectiveProjection { fov: FOV_RAD, near: NEAR_M, aspect_ratio: 2.0, ..default() };
        let shifted = lens_shift(Vec2::new(1000.0, 500.0), Rect::new(300.0, 40.0, 900.0, 380.0)).unwrap();
        let pose = OrbitPose { focus: Vec3::new(5.0, -20.0, 70.0), yaw_rad: 0.9, pitch_rad: -0.3, distance: 420.0 };
        for clip_from_view in [projection.get_clip_from_view(), projection.get_clip_from_view_for_sub(&shifted)] {
            for (pointer, notches) in [(Vec2::new(0.7, -0.4), 3.0), (Vec2::new(-0.9, 0.8), -5.0), (Vec2::ZERO, 40.0)] {
                let tangents = tangents_at(pointer, &clip_from_view);
                let under = pose.focus + pose.rotation() * (tangents * pose.distance).extend(0.0);
                assert!(seen(&pose, &clip_from_view, under).abs_diff_eq(pointer, TOLERANCE));
                let goal = pose.zoomed(tangents, notches);
                assert!(goal.distance != pose.distance && goal.distance >= MIN_DISTANCE_M);
                let mut shown = pose;
                for _ in 0..20 {
                    shown.approach(&goal, 0.3);
                    let now = seen(&shown, &clip_from_view, under);
                    assert!(now.abs_diff_eq(pointer, 20.0 * TOLERANCE), "{pointer} became {now}");
                }
            }
        }
    }

    #[test]
    fn the_lens_is_shifted_only_where_something_is_covered() {
        let size = Vec2::new(1000.0, 500.0);
        assert_eq!(lens_shift(size, Rect::new(0.0, 0.0, 1000.0, 500.0)), None);
        let free = Rect::new(300.0, 0.0, 1000.0, 500.0);
        let shifted = lens_shift(size, free).unwrap();
        let projection = PerspectiveProjection { fov: FOV_RAD, near: NEAR_M, ..default() };
        let on_axis = projection.get_clip_from_view_for_sub(&shifted).project_point3(Vec3::NEG_Z);
        let pixel = (on_axis.truncate() * Vec2::new(0.5, -0.5) + 0.5) * size;
        assert!(pixel.abs_diff_eq(free.center(), 0.1), "the optical axis meets the window at {pixel}");
    }
}
