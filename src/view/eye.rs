//! Which camera the view is seen through: the host's, or the view's own where the host has none for the view's window.

use bevy::camera::RenderTarget;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::window::{PrimaryWindow, WindowRef};

use super::capture::CaptureTarget;
use super::settings::{ViewArea, ViewSettings};

/// Marks the host's camera that the view is seen through, wherever it renders to.
///
/// Without a mark the eye is the host's active `Camera3d` that renders to [`ViewSettings::window`]; of several the one
/// with the lowest order. A marked camera that is not active counts as no mark.
#[derive(Component, Reflect, Clone, Copy, Debug, Default)]
#[reflect(Component, Default, Clone)]
pub struct ViewCamera;

/// The camera the view is seen through; written in every frame in [`ViewSystems::Eye`](super::ViewSystems::Eye).
#[derive(Resource, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub struct CurrentEye {
    /// The camera; `None` where the host has none and the view brings none.
    pub camera: Option<Entity>,
    /// The window that the camera renders to; `None` for a picture or without a camera.
    pub window: Option<Entity>,
    /// Whether the camera is the view's own.
    pub is_own: bool,
}

/// The host's camera that the view is seen through; `None` asks for the view's own.
pub(super) fn hosts_eye<'a>(
    cameras: impl Iterator<Item = HostCamera<'a>>,
    surface: &RenderTarget,
    primary: Option<Entity>,
) -> Option<Entity> {
    let fitting = cameras.filter(|host| host.camera.is_active).filter_map(|host| {
        let is_next = host.is_3d && same_surface(host.surface, surface, primary);
        let rank = host.is_marked.then_some(0).or(is_next.then_some(1))?;
        Some((rank, host.camera.order, host.entity))
    });
    fitting.min().map(|(.., entity)| entity)
}

/// What decides whether a host's camera is the eye.
pub(super) struct HostCamera<'a> {
    pub entity: Entity,
    pub camera: &'a Camera,
    pub surface: &'a RenderTarget,
    pub is_3d: bool,
    pub is_marked: bool,
}

/// Whether two cameras draw on the same window or picture.
pub(crate) fn same_surface(a: &RenderTarget, b: &RenderTarget, primary: Option<Entity>) -> bool {
    // Nothing to compare is left only of the primary window where there is none.
    a.normalize(primary) == b.normalize(primary)
}

/// The window a camera draws on.
pub(crate) fn window_of(surface: &RenderTarget, primary: Option<Entity>) -> Option<Entity> {
    match surface {
        RenderTarget::Window(window) => window.normalize(primary).map(|window| window.entity()),
        _ => None,
    }
}

/// What the view is drawn on where no marked camera says otherwise.
#[derive(SystemParam)]
pub(super) struct ViewSurface<'w, 's> {
    settings: Res<'w, ViewSettings>,
    picture: Option<Res<'w, CaptureTarget>>,
    primary: Query<'w, 's, Entity, With<PrimaryWindow>>,
    windows: Query<'w, 's, &'static Window>,
    images: Res<'w, Assets<Image>>,
}

impl ViewSurface<'_, '_> {
    pub fn primary_window(&self) -> Option<Entity> {
        self.primary.iter().next()
    }

    pub fn target(&self) -> RenderTarget {
        match (&self.picture, self.settings.window) {
            (Some(picture), _) => RenderTarget::Image(picture.0.clone().into()),
            (None, Some(window)) => RenderTarget::Window(WindowRef::Entity(window)),
            (None, None) => RenderTarget::Window(WindowRef::Primary),
        }
    }

    /// The window of the settings, even where a picture takes its place.
    pub fn window(&self) -> Option<Entity> {
        self.settings.window.or_else(|| self.primary_window())
    }

    /// Size in pixels and pixels per logical pixel; `None` where there is nothing to draw on.
    pub fn size(&self) -> Option<(UVec2, f32)> {
        match self.target() {
            RenderTarget::Image(picture) => {
                self.images.get(&picture.handle).map(|image| (image.size(), picture.scale_factor))
            }
            target => {
                let window = self.windows.get(window_of(&target, self.primary_window())?).ok()?;
                Some((window.physical_size(), window.resolution.scale_factor()))
            }
        }
    }
}

/// The camera the view is seen through.
#[derive(SystemParam)]
pub(super) struct ViewEye<'w, 's> {
    current: Res<'w, CurrentEye>,
    cameras: Query<'w, 's, (&'static Camera, &'static GlobalTransform)>,
}

impl ViewEye<'_, '_> {
    pub fn get(&self) -> Option<(&Camera, &GlobalTransform)> {
        self.cameras.get(self.current.camera?).ok()
    }

    pub fn position(&self) -> Option<Vec3> {
        self.get().map(|(_, transform)| transform.translation())
    }
}

/// [`ViewArea`] as far as it concerns the eye: the whole picture where it was measured in another window.
#[derive(Resource, Deref, Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct EyeArea(ViewArea);

pub(super) fn measure_area(eye: Res<CurrentEye>, area: Res<ViewArea>, mut seen: ResMut<EyeArea>) {
    let is_the_eyes = area.window.is_none() || area.window == eye.window;
    seen.set_if_neq(EyeArea(if is_the_eyes { *area } else { ViewArea::default() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(entity: Entity) -> RenderTarget {
        RenderTarget::Window(WindowRef::Entity(entity))
    }

    #[test]
    fn the_eye_is_the_marked_camera_then_the_lowest_active_3d_camera_of_the_window() {
        let mut world = World::new();
        let [primary, other] = [(); 2].map(|()| world.spawn_empty().id());
        let mut cameras: Vec<(Entity, Camera, RenderTarget, bool, bool)> = Vec::new();
        let mut add = |world: &mut World, order, is_active, surface, is_3d, is_marked| {
            let entity = world.spawn_empty().id();
            cameras.push((entity, Camera { order, is_active, ..default() }, surface, is_3d, is_marked));
            entity
        };
        let flat = add(&mut world, -9, true, RenderTarget::default(), false, false);
        let elsewhere = add(&mut world, -8, true, window(other), true, false);
        let asleep = add(&mut world, -7, false, window(primary), true, true);
        let upper = add(&mut world, 3, true, RenderTarget::default(), true, false);
        let lower = add(&mut world, 2, true, window(primary), true, false);
        let hosts = |cameras: &[(Entity, Camera, RenderTarget, bool, bool)], surface: &RenderTarget| {
            let cameras = cameras.iter().map(|(entity, camera, surface, is_3d, is_marked)| HostCamera {
                entity: *entity,
                camera,
                surface,
                is_3d: *is_3d,
                is_marked: *is_marked,
            });
            hosts_eye(cameras, surface, Some(primary))
        };
        assert_eq!(hosts(&cameras, &RenderTarget::default()), Some(lower), "not {flat}, {asleep} or {upper}");
        assert_eq!(hosts(&cameras, &window(other)), Some(elsewhere));
        assert_eq!(hosts(&cameras[..3], &RenderTarget::default()), None);
        let marked = &mut cameras[0];
        marked.4 = true;
        assert_eq!(hosts(&cameras, &window(other)), Some(flat));
    }
}
