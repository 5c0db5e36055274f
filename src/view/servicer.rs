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

/// Where on its path the servicer is shown.
#[derive(Resource, Default)]
pub(super) struct ServicerMotion {
    time: ShownTime,
    /// Once it has flown.
    pub position_rtn_m: Option<Vec3>,
}

/// The time at which a servicer is shown; it runs after that of the newest state.
#[derive(Component, Default)]
pub(super) struct ShownTime {
    time_s: Option<f64>,
    identity: Option<(u32, usize)>,
}

/// The servicer catches up with a new state within about three of these.
const CATCH_UP_S: f32 = 0.22;
/// Nearer than this the shown time is the newest one, s.
const CAUGHT_UP_S: f64 = 1e-3;

impl ShownTime {
    /// The time to show after a frame, s. With another identity, of episode number and mission, it jumps to the newest one.
    pub fn advance(&mut self, identity: (u32, usize), newest_s: f64, frame_s: f32) -> f64 {
        let is_known = self.identity.replace(identity) == Some(identity);
        let before_s = self.time_s.filter(|before_s| is_known && newest_s - before_s >= CAUGHT_UP_S);
        let share = f64::from(1.0 - (-frame_s / CATCH_UP_S).exp());
        let time_s = before_s.map_or(newest_s, |before_s| before_s + (newest_s - before_s) * share);
        *self.time_s.insert(time_s)
    }
}

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
    let Some((number, mission)) = &flight.identity else { return };
    let time_s = motion.time.advance((*number, Arc::as_ptr(mission).addr()), newest_s, time.delta_secs());
    motion.position_rtn_m = position_at(&flight.path, time_s);
}

pub(super) fn move_servicer(
    settings: Res<ViewSettings>,
    scale: Res<DrawnScale>,
    motion: Res<ServicerMotion>,
    mut servicers: Query<(&mut Transform, &mut Visibility), With<Servicer>>,
) {
    let Some(position) = motion.position_rtn_m else { return };
    for (mut transform, mut visibility) in &mut servicers {
        visibility.set_if_neq(if settings.layers.servicer { Visibility::Inherited } else { Visibility::Hidden });
        transform.set_if_neq(servicer_pose(position).with_scale(Vec3::splat(scale.servicer)));
    }
}

/// Place and attitude of a servicer whose camera, along −Z, looks at the target's centre.
pub(super) fn servicer_pose(position_rtn_m: Vec3) -> Transform {
    Transform::from_translation(position_rtn_m).looking_at(Vec3::ZERO, camera_up(position_rtn_m))
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
    fn the_shown_time_follows_the_newest_catches_up_and_jumps_with_another_episode() {
        let mut shown = ShownTime::default();
        assert_eq!(shown.advance((0, 1), 120.0, 0.02), 120.0);
        let mut before_s = 120.0;
        for _ in 0..400 {
            let time_s = shown.advance((0, 1), 240.0, 0.02);
            assert!((before_s..=240.0).contains(&time_s));
            before_s = time_s;
        }
        assert_eq!(before_s, 240.0);
        assert!(shown.advance((0, 1), 360.0, 0.02) < 360.0);
        assert_eq!(shown.advance((1, 1), 480.0, 0.02), 480.0);
        // A reset leads back.
        assert_eq!(shown.advance((1, 1), 0.0, 0.02), 0.0);
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
