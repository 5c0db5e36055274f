use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, MeshVertexAttribute, MeshVertexBufferLayoutRef, PrimitiveTopology, VertexFormat};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::render::storage::ShaderBuffer;
use bevy::shader::ShaderRef;

/// What a layer of voxels shows: each kind has a pipeline of its own.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoxelLayerKind {
    /// Voxels believed to be occupied: solid cubes.
    Confirmed,
    /// Voxels in doubt: small translucent cubes.
    Uncertain,
    /// The true shape: a translucent shell.
    Ghost,
}

impl VoxelLayerKind {
    /// What `voxels.wgsl` is compiled with. No branch on a uniform: lavapipe (Mesa 22.3) compiles a shader that has one
    /// again at every draw, with the uniform's value put in, and never frees the last one.
    fn shader_def(self) -> &'static str {
        match self {
            Self::Confirmed => "CONFIRMED_LAYER",
            Self::Uncertain => "UNCERTAIN_LAYER",
            Self::Ghost => "GHOST_LAYER",
        }
    }
}

/// Constants of one layer of voxels, mirrored by the struct of the same name in `voxels.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, ShaderType)]
pub struct VoxelParams {
    /// Unit vector to the sun, in the grid's axes.
    pub sun_direction: Vec3,
    /// Edge of a voxel, m.
    pub voxel_size_m: f32,
    /// Cells along each axis.
    pub cells_per_axis: u32,
    /// Opacity of a voxel nothing is known about, or of the ghost, `0..=1`.
    pub opacity: f32,
    /// Share of light that comes from everywhere, `0..=1`.
    pub ambient: f32,
    /// Linear RGB mixed into the colour table; alpha is its share.
    pub tint: Vec4,
}

/// Draws one layer of one voxel grid in one draw call, from buffers that are updated in place.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
#[bind_group_data(VoxelLayerKind)]
pub struct VoxelMaterial {
    /// What the layer shows.
    pub kind: VoxelLayerKind,
    /// Constants.
    #[uniform(0)]
    pub params: VoxelParams,
    /// One `u32` a voxel in grid order: probability in bits 0–7, visible faces in bits 8–13 (−R, +R, −T, +T, −N, +N).
    #[storage(1, read_only)]
    pub state: Handle<ShaderBuffer>,
    /// One `u32` a slot: the voxel it draws, or `u32::MAX` for none.
    #[storage(2, read_only)]
    pub order: Handle<ShaderBuffer>,
    /// 256 linear RGBA colours by probability.
    #[storage(3, read_only)]
    pub colours: Handle<ShaderBuffer>,
    /// Opaque for confirmed voxels, blended for the others.
    pub alpha_mode: AlphaMode,
    /// Moves the layer in the order of translucent things: larger is drawn earlier.
    pub depth_bias: f32,
}

impl From<&VoxelMaterial> for VoxelLayerKind {
    fn from(material: &VoxelMaterial) -> Self {
        material.kind
    }
}

impl Material for VoxelMaterial {
    fn vertex_shader() -> ShaderRef {
        "embedded://bevy_proxops/view/voxels.wgsl".into()
    }

    fn fragment_shader() -> ShaderRef {
        "embedded://bevy_proxops/view/voxels.wgsl".into()
    }

    fn alpha_mode(&self) -> AlphaMode {
        self.alpha_mode
    }

    fn depth_bias(&self) -> f32 {
        self.depth_bias
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
        descriptor.vertex.buffers = vec![layout.0.get_layout(&[SLOT_AXIS_CORNER.at_shader_location(0)])?];
        // The shader emits only faces that look at the camera.
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// Compiles both stages of a pipeline with a definition.
pub(super) fn define(descriptor: &mut RenderPipelineDescriptor, definition: &'static str) {
    descriptor.vertex.shader_defs.push(definition.into());
    if let Some(fragment) = &mut descriptor.fragment {
        fragment.shader_defs.push(definition.into());
    }
}

/// `slot << 4 | axis << 2 | corner`. The vertex index cannot serve: Bevy packs meshes into shared buffers, which shifts it.
const SLOT_AXIS_CORNER: MeshVertexAttribute =
    MeshVertexAttribute::new("SlotAxisCorner", 0x70_76_6f_78, VertexFormat::Uint32);

/// The static mesh of `slots` cubes, three quads each, that [`VoxelMaterial`] moves into place.
pub(super) fn slot_mesh(slots: u32) -> Mesh {
    let quads = slots * 3;
    let vertices: Vec<u32> =
        (0..quads).flat_map(|quad| (0..4).map(move |corner| (quad / 3) << 4 | (quad % 3) << 2 | corner)).collect();
    let indices = (0..quads).flat_map(|quad| [0, 1, 2, 0, 2, 3].map(|corner| quad * 4 + corner)).collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(SLOT_AXIS_CORNER, vertices)
        .with_inserted_indices(Indices::U32(indices))
}

#[cfg(test)]
mod tests {
    use bevy::render::render_resource::encase::UniformBuffer;

    use super::*;

    const SHADER: &str = include_str!("voxels.wgsl");

    /// Names, types and byte offsets of a WGSL struct's scalar and vector fields. Source: WGSL §14.4.1, alignment and size.
    fn wgsl_fields(name: &str) -> Vec<(String, String, usize)> {
        let body = SHADER.split_once(&format!("struct {name} {{")).unwrap().1.split_once('}').unwrap().0;
        let mut offset = 0;
        body.lines()
            .filter_map(|line| line.trim().trim_end_matches(',').split_once(": "))
            .map(|(field, kind)| {
                let (alignment, size) = match kind {
                    "f32" | "u32" => (4, 4),
                    "vec3<f32>" => (16, 12),
                    "vec4<f32>" => (16, 16),
                    other => panic!("no layout known for {other}"),
                };
                let start = usize::next_multiple_of(offset, alignment);
                offset = start + size;
                (field.to_owned(), kind.to_owned(), start)
            })
            .collect()
    }

    #[test]
    fn every_parameter_lies_where_the_shader_reads_it() {
        let params = VoxelParams {
            sun_direction: Vec3::new(1.0, 2.0, 3.0),
            voxel_size_m: 4.0,
            cells_per_axis: 5,
            opacity: 7.0,
            ambient: 8.0,
            tint: Vec4::new(9.0, 10.0, 11.0, 12.0),
        };
        let mut buffer = UniformBuffer::new(Vec::<u8>::new());
        buffer.write(&params).unwrap();
        let bytes = buffer.into_inner();
        let word = |offset: usize| <[u8; 4]>::try_from(&bytes[offset..offset + 4]).unwrap();

        let read: Vec<(String, Vec<f32>)> = wgsl_fields("VoxelParams")
            .into_iter()
            .map(|(field, kind, offset)| {
                let values = match kind.as_str() {
                    "u32" => vec![u32::from_le_bytes(word(offset)) as f32],
                    "f32" => vec![f32::from_le_bytes(word(offset))],
                    "vec3<f32>" => (0..3).map(|lane| f32::from_le_bytes(word(offset + 4 * lane))).collect(),
                    _ => (0..4).map(|lane| f32::from_le_bytes(word(offset + 4 * lane))).collect(),
                };
                (field, values)
            })
            .collect();
        let written: Vec<(String, Vec<f32>)> = [
            ("sun_direction", vec![1.0, 2.0, 3.0]),
            ("voxel_size_m", vec![4.0]),
            ("cells_per_axis", vec![5.0]),
            ("opacity", vec![7.0]),
            ("ambient", vec![8.0]),
            ("tint", vec![9.0, 10.0, 11.0, 12.0]),
        ]
        .map(|(field, values)| (field.to_owned(), values))
        .to_vec();
        assert_eq!(read, written);
        assert_eq!(VoxelParams::min_size().get() as usize, bytes.len());
    }

    #[test]
    fn the_shader_knows_the_definition_of_every_layer() {
        for kind in [VoxelLayerKind::Confirmed, VoxelLayerKind::Uncertain, VoxelLayerKind::Ghost] {
            assert!(SHADER.contains(kind.shader_def()), "{}", kind.shader_def());
        }
    }

    /// What lavapipe compiles again at every draw.
    #[test]
    fn no_shader_branches_on_a_uniform() {
        let shaders = [SHADER, include_str!("sky.wgsl"), include_str!("flat.wgsl")];
        for line in shaders.iter().flat_map(|shader| shader.lines()) {
            let condition = ["if ", "switch ", "while "].iter().find_map(|word| line.trim().strip_prefix(word));
            let starts_with_uniform = condition.is_some_and(|condition| {
                let condition = condition.trim_start_matches(['(', '!']);
                condition.starts_with("params.") || condition.starts_with("view.")
            });
            assert!(!starts_with_uniform, "{line}");
        }
    }

    #[test]
    fn a_slot_is_three_quads() {
        let mesh = slot_mesh(7);
        assert_eq!(mesh.count_vertices(), 7 * 12);
        assert_eq!(mesh.indices().map(Indices::len), Some(7 * 18));
    }
}
