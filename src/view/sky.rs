//! Stars and Earth. They come with the view's own camera only: a host's sky is the host's.

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::{Indices, MeshVertexBufferLayoutRef, PrimitiveTopology};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::shader::ShaderRef;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::frame::{FrameFurniture, ViewFrames, bevy_from_rtn};
use super::own_camera::{OwnCamera, OwnScenery, wants_scenery};
use super::palette;
use super::settings::ViewSettings;
use super::voxel_material::define;

/// Constants of a [`SkyMaterial`], mirrored in `sky.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, ShaderType)]
pub struct SkyParams {
    /// Unit vector to the sun, in the frame of the root.
    pub sun_direction: Vec3,
    /// Earth's radius over the orbit's.
    pub earth_sine: f32,
    /// Linear colour of empty space.
    pub space: Vec4,
}

/// What a [`SkyMaterial`] draws: each has a pipeline of its own.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkyLayer {
    /// The dome with Earth and its air.
    Dome,
    /// The stars in front of it.
    Stars,
}

impl SkyLayer {
    /// What `sky.wgsl` is compiled with; no branch on a uniform, for the reason given at the voxels' layers.
    fn shader_def(self) -> &'static str {
        match self {
            Self::Dome => "SKY_DOME",
            Self::Stars => "SKY_STARS",
        }
    }
}

/// Things infinitely far away.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
#[bind_group_data(SkyLayer)]
pub struct SkyMaterial {
    /// What is drawn.
    pub layer: SkyLayer,
    /// Constants.
    #[uniform(0)]
    pub params: SkyParams,
}

impl From<&SkyMaterial> for SkyLayer {
    fn from(material: &SkyMaterial) -> Self {
        material.layer
    }
}

impl Material for SkyMaterial {
    fn vertex_shader() -> ShaderRef {
        "embedded://bevy_proxops/view/sky.wgsl".into()
    }

    fn fragment_shader() -> ShaderRef {
        "embedded://bevy_proxops/view/sky.wgsl".into()
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        layout: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        define(descriptor, key.bind_group_data.shader_def());
        let attributes = [
            Mesh::ATTRIBUTE_POSITION.at_shader_location(0),
            Mesh::ATTRIBUTE_NORMAL.at_shader_location(1),
            Mesh::ATTRIBUTE_COLOR.at_shader_location(2),
        ];
        descriptor.vertex.buffers = vec![layout.0.get_layout(&attributes)?];
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

#[derive(Component)]
pub(super) struct Sky;

/// Earth's mean radius over that of a 622 km orbit: how large Earth looks hardly depends on the scenario.
const EARTH_SINE: f32 = 6378.0 / 7000.0;
const STARS: u32 = 1400;

/// Comes, and goes, with the view's own camera.
pub(super) fn spawn_sky(
    mut commands: Commands,
    frames: Res<ViewFrames>,
    settings: Res<ViewSettings>,
    cameras: Query<Ref<OwnCamera>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<SkyMaterial>>,
) {
    if !wants_scenery(&cameras, &frames) {
        return;
    }
    for (layer, mesh) in [(SkyLayer::Dome, dome_mesh()), (SkyLayer::Stars, star_mesh())] {
        let params = SkyParams {
            sun_direction: bevy_from_rtn() * settings.sun_rtn(),
            earth_sine: EARTH_SINE,
            space: palette::SPACE.to_linear().to_vec4(),
        };
        commands.spawn((
            (Sky, OwnScenery, FrameFurniture, visibility(&settings)),
            Mesh3d(meshes.add(mesh)),
            MeshMaterial3d(materials.add(SkyMaterial { layer, params })),
            NoFrustumCulling,
            ChildOf(frames.root),
        ));
    }
}

pub(super) fn show_sky(settings: Res<ViewSettings>, mut sky: Query<&mut Visibility, With<Sky>>) {
    for mut shown in &mut sky {
        shown.set_if_neq(visibility(&settings));
    }
}

fn visibility(settings: &ViewSettings) -> Visibility {
    if settings.layers.sky { Visibility::Inherited } else { Visibility::Hidden }
}

fn sky_mesh(vertices: impl Iterator<Item = (Vec3, Vec3, Vec4)>, indices: Vec<u32>) -> Mesh {
    let (mut directions, mut corners, mut colours) = (Vec::new(), Vec::new(), Vec::new());
    for (direction, corner, colour) in vertices {
        directions.push(direction);
        corners.push(corner);
        colours.push(colour);
    }
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, directions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, corners)
        .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours)
        .with_inserted_indices(Indices::U32(indices))
}

/// A cube of directions round the camera.
fn dome_mesh() -> Mesh {
    let corners = (0..8_u32).map(|k| Vec3::from_array([0, 1, 2].map(|bit| if k >> bit & 1 == 0 { -1.0 } else { 1.0 })));
    let faces = [[0, 1, 3, 2], [4, 5, 7, 6], [0, 1, 5, 4], [2, 3, 7, 6], [0, 2, 6, 4], [1, 3, 7, 5]];
    let indices = faces.iter().flat_map(|[a, b, c, d]| [*a, *b, *c, *a, *c, *d]).collect();
    sky_mesh(corners.map(|corner| (corner, Vec3::ZERO, Vec4::ONE)), indices)
}

/// Small squares in random directions; few bright, many faint, some bluish and some reddish.
fn star_mesh() -> Mesh {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0x57a2);
    let mut vertices = Vec::with_capacity(STARS as usize * 4);
    for _ in 0..STARS {
        let height: f32 = rng.random_range(-1.0..1.0);
        let turn: f32 = rng.random_range(0.0..std::f32::consts::TAU);
        let (sin, cos) = turn.sin_cos();
        let flat = (1.0 - height * height).sqrt();
        let direction = Vec3::new(flat * cos, height, flat * sin);
        let brightness = rng.random_range(0.0_f32..1.0).powi(6);
        let warmth: f32 = rng.random_range(-1.0..1.0);
        let tint = Vec3::new(1.0 + 0.18 * warmth, 1.0, 1.0 - 0.18 * warmth);
        let colour = (tint * (0.05 + 0.8 * brightness)).extend(1.0);
        let size = 1.2 + 1.4 * brightness;
        for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            vertices.push((direction, Vec3::new(x, y, size), colour));
        }
    }
    let indices = (0..STARS).flat_map(|star| [0, 1, 2, 0, 2, 3].map(|corner| 4 * star + corner)).collect();
    sky_mesh(vertices.into_iter(), indices)
}
