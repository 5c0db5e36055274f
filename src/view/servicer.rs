//! The servicer: a bus with two solar panels whose camera looks at the target, moving smoothly along its arc.

use std::sync::Arc;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;
use bevy::time::Real;

use super::arc::position_at;
use super::flat_material::{FlatMaterial, FlatMeshBuilder, FlatParams};
use super::frame::{ViewFrames, ViewRoot, bevy_from_rtn};
use super::scale::DrawnScale;
use super::scene::SceneFlight;
use super::settings::ViewSettings;

/// The drawn servicer; its `Transform` is in R, T, N metres, and −Z looks at the target.
#[derive(Component, Reflect, Clone, Copy, Debug, Default)]
#[reflect(Component, Default, Clone)]
pub struct Servicer;

/// Where on its path the servicer is shown; runs after the newest state.
#[derive(Resource, Default)]
pub(super) struct ServicerMotion {
    shown: Option<ShownPlace>,
    identity: Option<(u32, usize)>,
}

#[derive(Clone, Copy)]
struct ShownPlace {
    time_s: f64,
    position_rtn_m: Vec3,
}

impl ServicerMotion {
    /// Where the servicer is shown, once it has flown.
    pub fn position_rtn_m(&self) -> Option<Vec3> {
        self.shown.map(|shown| shown.position_rtn_m)
    }
}

/// The servicer catches up with a new state within about three of these.
const CATCH_UP_S: f32 = 0.22;

pub(super) fn spawn_servicer(
    mut commands: Commands,
    frames: Res<ViewFrames>,
    settings: Res<ViewSettings>,
    roots: Query<&GlobalTransform, With<ViewRoot>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<FlatMaterial>>,
) {
    let root = roots.get(frames.root).copied().unwrap_or_default();
    let params = FlatParams { sun_direction: sun_in_world(&settings, &root), ambient: 0.3, tint: Vec4::ONE };
    commands.spawn((
        Servicer,
        Name::new("servicer"),
        Mesh3d(meshes.add(servicer_mesh())),
        MeshMaterial3d(materials.add(FlatMaterial { params, alpha_mode: AlphaMode::Opaque })),
        NoFrustumCulling,
        Visibility::Hidden,
        Transform::IDENTITY,
        ChildOf(frames.rtn),
    ));
}

fn sun_in_world(settings: &ViewSettings, root: &GlobalTransform) -> Vec3 {
    root.rotation() * bevy_from_rtn() * settings.sun_rtn()
}

/// Keeps the sun in its place when the settings or the root change.
pub(super) fn light_servicer(
    settings: Res<ViewSettings>,
    frames: Res<ViewFrames>,
    roots: Query<&GlobalTransform, With<ViewRoot>>,
    servicers: Query<&MeshMaterial3d<FlatMaterial>, With<Servicer>>,
    mut materials: ResMut<Assets<FlatMaterial>>,
) {
    let Ok(root) = roots.get(frames.root) else { return };
    let sun = sun_in_world(&settings, root);
    for material in &servicers {
        let is_lit = materials.get(&material.0).is_some_and(|material| material.params.sun_direction == sun);
        if let Some(mut material) = materials.get_mut(&material.0).filter(|_| !is_lit) {
            material.params.sun_direction = sun;
        }
    }
}

/// Moves the shown place along the path towards the newest state.
pub(super) fn follow_path(time: Res<Time<Real>>, flight: Res<SceneFlight>, mut motion: ResMut<ServicerMotion>) {
    let Some(newest_s) = flight.path.last().map(|point| point.time_s) else { return };
    let identity = flight.identity.as_ref().map(|(number, mission)| (*number, Arc::as_ptr(mission) as usize));
    let before = motion.shown.filter(|shown| identity == motion.identity && shown.time_s <= newest_s);
    let share = f64::from(1.0 - (-time.delta_secs() / CATCH_UP_S).exp());
    let time_s = before.map_or(newest_s, |shown| shown.time_s + (newest_s - shown.time_s) * share);
    motion.identity = identity;
    motion.shown = position_at(&flight.path, time_s).map(|position_rtn_m| ShownPlace { time_s, position_rtn_m });
}

pub(super) fn move_servicer(
    settings: Res<ViewSettings>,
    scale: Res<DrawnScale>,
    motion: Res<ServicerMotion>,
    mut servicers: Query<(&mut Transform, &mut Visibility), With<Servicer>>,
) {
    let Some(position) = motion.position_rtn_m() else { return };
    for (mut transform, mut visibility) in &mut servicers {
        visibility.set_if_neq(if settings.layers.servicer { Visibility::Inherited } else { Visibility::Hidden });
        let size = Vec3::splat(scale.servicer);
        let place = Transform::from_translation(position).looking_at(Vec3::ZERO, camera_up(position)).with_scale(size);
        transform.set_if_neq(place);
    }
}

/// Up of the imaging camera: N, or T when it looks along N.
fn camera_up(position: Vec3) -> Vec3 {
    const ALONG_N: f32 = 0.999;
    if position.normalize_or_zero().z.abs() > ALONG_N { Vec3::Y } else { Vec3::Z }
}

/// Half the span of the servicer's panels, its largest measure, m.
pub(super) const HALF_SIZE_M: f32 = 1.6;

/// A servicer of true size, twice [`HALF_SIZE_M`] across its panels, looking along −Z.
fn servicer_mesh() -> Mesh {
    let colour = |r: f32, g: f32, b: f32| Color::srgb(r, g, b).to_linear().to_vec4();
    let (foil, white, dark) = (colour(0.93, 0.72, 0.34), colour(0.9, 0.92, 0.95), colour(0.12, 0.13, 0.16));
    let (cell, rib, lens) = (colour(0.2, 0.36, 0.85), colour(0.62, 0.7, 0.8), colour(0.3, 0.85, 1.0));
    let mut builder = FlatMeshBuilder::default();
    builder.cuboid(Vec3::ZERO, Vec3::new(0.8, 0.8, 1.1), foil);
    builder.cuboid(Vec3::new(0.0, 0.0, 0.62), Vec3::new(0.6, 0.6, 0.14), white);
    builder.cuboid(Vec3::new(0.0, 0.0, -0.68), Vec3::new(0.36, 0.36, 0.3), dark);
    builder.cuboid(Vec3::new(0.0, 0.0, -0.84), Vec3::new(0.26, 0.26, 0.04), lens);
    for side in [-1.0, 1.0] {
        builder.cuboid(Vec3::new(side * 0.5, 0.0, 0.1), Vec3::new(0.24, 0.08, 0.08), rib);
        for panel in 0..2 {
            let x = side * (0.86 + 0.5 * panel as f32);
            builder.cuboid(Vec3::new(x, 0.0, 0.1), Vec3::new(0.46, 0.03, 0.92), cell);
            builder.cuboid(Vec3::new(x, 0.0, 0.1), Vec3::new(0.48, 0.02, 0.06), rib);
        }
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use bevy::mesh::VertexAttributeValues;

    use super::*;

    #[test]
    fn the_servicer_is_as_large_as_the_scale_takes_it_to_be() {
        let mesh = servicer_mesh();
        let Some(VertexAttributeValues::Float32x3(positions)) = mesh.attribute(Mesh::ATTRIBUTE_POSITION) else {
            panic!("the servicer's mesh has no positions");
        };
        let reach_m = positions.iter().flatten().fold(0.0_f32, |reach, lane| reach.max(lane.abs()));
        assert!((reach_m - HALF_SIZE_M).abs() < 1e-6, "{reach_m} m");
    }

    #[test]
    fn the_camera_has_an_up_in_every_direction() {
        for position in [Vec3::X * 50.0, Vec3::Z * 80.0, Vec3::new(0.1, 0.0, -200.0), Vec3::new(1.0, 1.0, 1.0)] {
            let transform = Transform::from_translation(position).looking_at(Vec3::ZERO, camera_up(position));
            assert!(transform.rotation.is_finite());
            assert!(transform.forward().abs_diff_eq(-position.normalize(), 1e-5), "{position}");
        }
    }
}
