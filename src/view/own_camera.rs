//! The view's own camera: it comes where the host has no camera for the view, and goes when the host has one.
//!
//! It draws beneath every other camera of its window, so that the host's flat pictures and user interfaces stay on top.

use bevy::camera::{
    CameraMainTextureUsages, CameraProjection, ClearColorConfig, CompositingSpace, Hdr, RenderTarget, RenderTargetInfo,
};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::ecs::entity::EntityHashSet;
use bevy::light::DirectionalLight;
use bevy::prelude::*;

use super::camera_rig::{FOV_RAD, NEAR_M, OrbitCamera};
use super::eye::{CurrentEye, HostCamera, ViewCamera, ViewSurface, hosts_eye, same_surface, window_of};
use super::frame::{FrameFurniture, ViewFrames, bevy_from_rtn};
use super::palette;
use super::quality::{ChosenQuality, Look, Quality};
use super::settings::ViewSettings;

/// The camera that the view brought; at most one.
#[derive(Component)]
pub(super) struct OwnCamera;

/// Sun and sky: they come and go with [`OwnCamera`].
#[derive(Component)]
pub(super) struct OwnScenery;

/// Chooses the eye, and brings or takes away the own camera accordingly.
#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
#[allow(clippy::type_complexity, reason = "a query says what it reads")]
pub(super) fn choose_eye(
    mut commands: Commands,
    settings: Res<ViewSettings>,
    frames: Option<Res<ViewFrames>>,
    surface: ViewSurface,
    hosts: Query<(Entity, &Camera, &RenderTarget, Has<Camera3d>, Has<ViewCamera>), Without<OwnCamera>>,
    own: Query<(Entity, &OrbitCamera, &RenderTarget), With<OwnCamera>>,
    scenery: Query<Entity, With<OwnScenery>>,
    mut eye: ResMut<CurrentEye>,
    mut last_rig: Local<Option<OrbitCamera>>,
) {
    let (target, primary) = (surface.target(), surface.primary_window());
    let cameras = hosts.iter().map(|(entity, camera, surface, is_3d, is_marked)| HostCamera {
        entity,
        camera,
        surface,
        is_3d,
        is_marked,
    });
    let hosts_eye = hosts_eye(cameras, &target, primary);
    // Without a root there is nothing to see.
    let wants_own = hosts_eye.is_none() && settings.spawn_camera && frames.is_some();
    let place = surface.size().filter(|_| wants_own);

    // A camera that draws elsewhere is replaced: Bevy measures a camera's target once, when the camera is made.
    let mut kept = None;
    for (entity, rig, drawn_on) in &own {
        if place.is_some() && kept.is_none() && same_surface(drawn_on, &target, primary) {
            kept = Some(entity);
        } else {
            *last_rig = Some(rig.clone());
            commands.entity(entity).despawn();
        }
    }
    if kept.is_none() {
        scenery.iter().for_each(|entity| commands.entity(entity).despawn());
    }
    let own = kept.or_else(|| {
        let rig = last_rig.clone().unwrap_or_default();
        place.map(|place| commands.spawn(own_camera(rig, target.clone(), place)).id())
    });

    let camera = hosts_eye.or(own);
    let drawn_on = hosts_eye.and_then(|eye| hosts.get(eye).ok()).map_or(&target, |host| host.2);
    let window = camera.and_then(|_| window_of(drawn_on, primary));
    eye.set_if_neq(CurrentEye { camera, window, is_own: hosts_eye.is_none() && own.is_some() });
}

/// A camera measured for its target already, so that its first picture is right.
fn own_camera(rig: OrbitCamera, target: RenderTarget, (physical_size, scale_factor): (UVec2, f32)) -> impl Bundle {
    let mut projection = PerspectiveProjection { fov: FOV_RAD, near: NEAR_M, far: 1.0e6, ..default() };
    let size = physical_size.as_vec2().max(Vec2::ONE);
    projection.update(size.x, size.y);
    let mut camera = Camera { clear_color: ClearColorConfig::Custom(palette::SPACE), ..default() };
    camera.computed.target_info = Some(RenderTargetInfo { physical_size, scale_factor });
    camera.computed.clip_from_view = projection.get_clip_from_view();
    let transform = rig.shown.transform();
    (
        Name::new("proxops camera"),
        OwnCamera,
        rig,
        Camera3d::default(),
        camera,
        Projection::Perspective(projection),
        // Colours are data: they reach the screen as they are in the legend.
        Tonemapping::None,
        target,
        (transform, GlobalTransform::from(transform)),
        (Msaa::Off, CameraMainTextureUsages::default()),
    )
}

/// Whether sun and sky are to be made: the own camera is new, or the root under which they stood.
pub(super) fn wants_scenery(cameras: &Query<Ref<OwnCamera>>, frames: &Res<ViewFrames>) -> bool {
    cameras.iter().any(|camera| camera.is_added() || frames.is_changed())
}

pub(super) fn spawn_sun(
    mut commands: Commands,
    settings: Res<ViewSettings>,
    quality: Res<ChosenQuality>,
    frames: Res<ViewFrames>,
    cameras: Query<Ref<OwnCamera>>,
) {
    if !wants_scenery(&cameras, &frames) {
        return;
    }
    let sun_from = bevy_from_rtn() * settings.sun_rtn();
    commands.spawn((
        Name::new("proxops sun"),
        (OwnScenery, FrameFurniture),
        DirectionalLight { illuminance: 9_000.0, shadow_maps_enabled: quality.0 == Quality::High, ..default() },
        Transform::from_translation(sun_from).looking_at(Vec3::ZERO, Vec3::Y),
        ChildOf(frames.root),
    ));
}

/// Cameras of the host whose clear colour the view has set to [`ClearColorConfig::None`] and will give back.
#[derive(Resource, Default)]
pub(super) struct ClearedBeneath(EntityHashSet);

type Sharing = (Entity, &'static RenderTarget, Has<Hdr>, &'static Msaa, &'static CameraMainTextureUsages);

/// Puts the own camera beneath the host's cameras of its window, with their look, and lets them draw over its picture
/// instead of clearing it.
#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn draw_beneath(
    mut commands: Commands,
    settings: Res<ViewSettings>,
    quality: Res<ChosenQuality>,
    surface: ViewSurface,
    mut own: Query<(Sharing, &mut Camera), With<OwnCamera>>,
    mut hosts: Query<(Sharing, &mut Camera, Option<&CompositingSpace>), Without<OwnCamera>>,
    mut cleared: ResMut<ClearedBeneath>,
    mut warned: Local<EntityHashSet>,
) {
    let primary = surface.primary_window();
    // One that the host has put to sleep leaves nothing to draw over.
    let own = own.iter_mut().find(|(_, camera)| camera.is_active);
    let target = own.as_ref().map(|((_, target, ..), _)| (*target).clone());
    let is_above = |surface: &RenderTarget, camera: &Camera| {
        camera.is_active && target.as_ref().is_some_and(|target| same_surface(surface, target, primary))
    };
    // A camera with a viewport draws on its part of the window only, whatever it clears.
    let covers = |surface: &RenderTarget, camera: &Camera| is_above(surface, camera) && camera.viewport.is_none();

    let above = || hosts.iter().filter(|((_, surface, ..), camera, _)| is_above(surface, camera));
    let lowest = above().map(|(_, camera, _)| camera.order).min();
    let shared = above()
        .filter(|(_, camera, space)| camera.viewport.is_none() && space.is_none())
        .min_by_key(|((entity, ..), camera, _)| (camera.order, *entity))
        .map(|((_, _, is_hdr, msaa, usages), ..)| Look::new(is_hdr, msaa, usages));
    let look = shared.unwrap_or(Look::of(quality.0));

    if let Some(((entity, _, is_hdr, msaa, usages), mut camera)) = own {
        let order = lowest.map_or(settings.camera_order, |lowest| settings.camera_order.min(lowest.saturating_sub(1)));
        if camera.order != order {
            camera.order = order;
        }
        if look != Look::new(is_hdr, msaa, usages) {
            look.wear(&mut commands.entity(entity), quality.0);
        }
    }

    for ((entity, surface, is_hdr, msaa, usages), mut camera, space) in &mut hosts {
        let shares = space.is_none() && look == Look::new(is_hdr, msaa, usages);
        let lends = settings.draw_beneath_host && shares && covers(surface, &camera);
        let is_ours = cleared.0.contains(&entity);
        match camera.clear_color {
            ClearColorConfig::Default if lends => {
                camera.clear_color = ClearColorConfig::None;
                cleared.0.insert(entity);
            }
            ClearColorConfig::None if is_ours && !lends => {
                camera.clear_color = ClearColorConfig::Default;
                cleared.0.remove(&entity);
            }
            ClearColorConfig::Custom(_) | ClearColorConfig::Default => {
                cleared.0.remove(&entity);
                if settings.draw_beneath_host && covers(surface, &camera) && warned.insert(entity) {
                    warn_of_cover(entity, shares);
                }
            }
            ClearColorConfig::None => {}
        }
    }
    cleared.0.retain(|entity| hosts.contains(*entity));
}

fn warn_of_cover(entity: Entity, shares: bool) {
    let why = if shares {
        "clears to a colour of its own"
    } else {
        "differs in HDR, MSAA, texture usages or compositing space from the lowest camera of the window"
    };
    warn!(
        "Camera {entity} {why} and so hides the 3D view, which draws beneath it. Give it `ClearColorConfig::None` and \
         the same settings as the lowest one, or bring a `Camera3d` (or a camera marked `ViewCamera`) for the view."
    );
}
