use bevy::camera::{RenderTarget, SubCameraView};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::ecs::system::SystemParam;
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit};
use bevy::light::DirectionalLight;
use bevy::prelude::*;
use bevy::time::Real;

use super::capture::CaptureTarget;
use super::frame::{ViewRoot, bevy_from_rtn};
use super::hud::{has_legend, scene_area};
use super::input::InputFree;
use super::palette;
use super::quality::{Quality, apply_quality};
use super::scene::SceneExtent;
use super::settings::{ViewArea, ViewSettings};

/// The view's own camera: circles a focus, follows the mouse smoothly and frames the trajectory by itself until it is touched.
///
/// Left drag turns, right or middle drag moves, the wheel zooms, `F` frames everything again. Angles and focus are
/// in the frame of [`ViewRoot`], in which +Y is R.
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
const NEAR_M: f32 = 0.1;
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

    fn approach(&mut self, goal: &Self, share: f32) {
        self.focus = self.focus.lerp(goal.focus, share);
        self.yaw_rad += (goal.yaw_rad - self.yaw_rad) * share;
        self.pitch_rad += (goal.pitch_rad - self.pitch_rad) * share;
        // Zoom by ratio: the same effort at every distance.
        self.distance *= (goal.distance / self.distance).powf(share);
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

/// Runs once in `PostStartup`: brings camera, sun and sky if the app has no `Camera3d`.
pub(super) fn spawn_camera(
    mut commands: Commands,
    settings: Res<ViewSettings>,
    quality: Res<super::quality::ChosenQuality>,
    cameras: Query<(), With<Camera3d>>,
    target: Option<Res<CaptureTarget>>,
) {
    if !settings.spawn_camera || !cameras.is_empty() {
        return;
    }
    let projection = PerspectiveProjection { fov: FOV_RAD, near: NEAR_M, far: 1.0e6, ..default() };
    let mut camera = commands.spawn((
        Name::new("proxops camera"),
        OrbitCamera::default(),
        Camera { clear_color: ClearColorConfig::Custom(palette::SPACE), ..default() },
        Projection::Perspective(projection),
        // Colours are data: they reach the screen as they are in the legend.
        Tonemapping::None,
        OrbitPose::default().transform(),
    ));
    if let Some(target) = target {
        camera.insert(RenderTarget::Image(target.0.clone().into()));
    }
    apply_quality(&mut camera, quality.0);
    let sun_from = bevy_from_rtn() * settings.sun_rtn();
    commands.spawn((
        Name::new("proxops sun"),
        DirectionalLight { illuminance: 9_000.0, shadow_maps_enabled: quality.0 == Quality::High, ..default() },
        Transform::from_translation(sun_from).looking_at(Vec3::ZERO, Vec3::Y),
    ));
}

/// Turns, moves and zooms the goal.
pub(super) fn steer(
    mut cameras: Query<(&mut OrbitCamera, &Camera)>,
    free: InputFree,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    motion: Option<Res<AccumulatedMouseMotion>>,
    scroll: Option<Res<AccumulatedMouseScroll>>,
    mut dragging: Local<bool>,
) {
    let (Some(buttons), Some(motion), Some(scroll)) = (buttons, motion, scroll) else { return };
    let handles = [MouseButton::Left, MouseButton::Right, MouseButton::Middle];
    if buttons.any_just_pressed(handles) {
        // A drag belongs to whatever lay under the pointer when it began.
        *dragging = free.pointer();
    }
    *dragging &= buttons.any_pressed(handles);
    let notches = match scroll.unit {
        MouseScrollUnit::Line => scroll.delta.y,
        MouseScrollUnit::Pixel => scroll.delta.y / 60.0,
    };
    let zoom = if free.pointer() { notches } else { 0.0 };
    let drag = if *dragging { motion.delta } else { Vec2::ZERO };
    if drag == Vec2::ZERO && zoom == 0.0 {
        return;
    }
    for (mut rig, camera) in &mut cameras {
        rig.frames_scene = false;
        let goal = &mut rig.goal;
        goal.distance = (goal.distance * (-0.16 * zoom).exp()).clamp(MIN_DISTANCE_M, MAX_DISTANCE_M);
        if buttons.pressed(MouseButton::Left) {
            goal.yaw_rad -= drag.x * RAD_PER_PIXEL;
            goal.pitch_rad = (goal.pitch_rad + drag.y * RAD_PER_PIXEL).clamp(-MAX_PITCH_RAD, MAX_PITCH_RAD);
        } else {
            let height = camera.logical_viewport_size().map_or(720.0, |size| size.y).max(1.0);
            // From the projection, which panels and small grids narrow.
            let metres_per_pixel = 2.0 * goal.distance / (camera.clip_from_view().y_axis.y * height);
            let shift = Vec3::new(-drag.x, drag.y, 0.0) * metres_per_pixel;
            goal.focus += goal.rotation() * shift;
        }
    }
}

/// Frames the scene where asked, approaches the goal and writes the camera's transform.
pub(super) fn follow(
    time: Res<Time<Real>>,
    area: Res<ViewArea>,
    settings: Res<ViewSettings>,
    extent: Res<SceneExtent>,
    roots: Query<&GlobalTransform, With<ViewRoot>>,
    mut cameras: Query<(&mut OrbitCamera, &mut Transform, &mut Camera), Without<ViewRoot>>,
) {
    let Some(root) = roots.iter().next() else { return };
    for (mut rig, mut transform, mut camera) in &mut cameras {
        let Some(size) = camera.logical_viewport_size() else { continue };
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

/// The camera the view is seen through: its own, or the host's first active one.
#[derive(SystemParam)]
#[allow(clippy::type_complexity, reason = "a query says what it reads")]
pub(super) struct ViewEye<'w, 's> {
    own: Query<'w, 's, (&'static Camera, &'static GlobalTransform), With<OrbitCamera>>,
    others: Query<'w, 's, (&'static Camera, &'static GlobalTransform), (With<Camera3d>, Without<OrbitCamera>)>,
}

impl ViewEye<'_, '_> {
    pub fn get(&self) -> Option<(&Camera, &GlobalTransform)> {
        let active = |(camera, _): &(&Camera, &GlobalTransform)| camera.is_active;
        self.own
            .iter()
            .find(active)
            .or_else(|| self.others.iter().filter(active).min_by_key(|(camera, _)| camera.order))
    }

    pub fn position(&self) -> Option<Vec3> {
        self.get().map(|(_, transform)| transform.translation())
    }
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
