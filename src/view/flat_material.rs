use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, MeshVertexBufferLayoutRef, PrimitiveTopology};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::shader::ShaderRef;

/// Constants of a [`FlatMaterial`], mirrored in `flat.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, ShaderType)]
pub struct FlatParams {
    /// Unit vector to the sun, in world axes.
    pub sun_direction: Vec3,
    /// Share of light that comes from everywhere, `0..=1`; 1 for things that shine by themselves.
    pub ambient: f32,
    /// Linear RGBA factor.
    pub tint: Vec4,
}

/// Vertex colours lit by one sun: looks the same in every app, whatever lights a host has.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct FlatMaterial {
    /// Constants.
    #[uniform(0)]
    pub params: FlatParams,
    /// How it is laid over what is behind it.
    pub alpha_mode: AlphaMode,
}

impl FlatMaterial {
    /// Shines by itself, in its vertex colours.
    pub fn glowing(alpha_mode: AlphaMode) -> Self {
        Self { params: FlatParams { sun_direction: Vec3::Y, ambient: 1.0, tint: Vec4::ONE }, alpha_mode }
    }
}

impl Material for FlatMaterial {
    fn vertex_shader() -> ShaderRef {
        "embedded://bevy_proxops/view/flat.wgsl".into()
    }

    fn fragment_shader() -> ShaderRef {
        "embedded://bevy_proxops/view/flat.wgsl".into()
    }

    fn alpha_mode(&self) -> AlphaMode {
        self.alpha_mode
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
        _key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
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

/// Collects flat-shaded quads and triangles with one colour per corner.
#[derive(Default)]
pub(super) struct FlatMeshBuilder {
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    colours: Vec<Vec4>,
    indices: Vec<u32>,
}

impl FlatMeshBuilder {
    /// A flat polygon, corners in order round it, that looks to the side from which they run counter-clockwise.
    pub fn polygon(&mut self, corners: &[(Vec3, Vec4)]) -> &mut Self {
        let [(a, _), (b, _), (c, _), ..] = corners else { return self };
        let normal = (*b - *a).cross(*c - *a).normalize_or(Vec3::Y);
        let first = self.positions.len() as u32;
        for (position, colour) in corners {
            self.positions.push(*position);
            self.normals.push(normal);
            self.colours.push(*colour);
        }
        self.indices.extend((1..corners.len() as u32 - 1).flat_map(|k| [first, first + k, first + k + 1]));
        self
    }

    /// A box in one colour.
    pub fn cuboid(&mut self, centre: Vec3, size: Vec3, colour: Vec4) -> &mut Self {
        let half = size / 2.0;
        for axis in 0..3 {
            let (n, u, v) = (Vec3::AXES[axis], Vec3::AXES[(axis + 1) % 3], Vec3::AXES[(axis + 2) % 3]);
            for sign in [-1.0, 1.0] {
                // Mirrored for the negative side, so that both sides look outwards.
                let u = u * sign;
                let corner = |a: f32, b: f32| (centre + half * (n * sign + u * a + v * b), colour);
                self.polygon(&[corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)]);
            }
        }
        self
    }

    /// The mesh of everything collected.
    pub fn build(&mut self) -> Mesh {
        let Self { positions, normals, colours, indices } = std::mem::take(self);
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
            .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
            .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours)
            .with_inserted_indices(Indices::U32(indices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_of_a_box_look_outwards() {
        let mut builder = FlatMeshBuilder::default();
        builder.cuboid(Vec3::new(5.0, 0.0, 0.0), Vec3::new(1.0, 2.0, 3.0), Vec4::ONE);
        for (position, normal) in builder.positions.iter().zip(&builder.normals) {
            assert!((*position - Vec3::X * 5.0).dot(*normal) > 0.0, "{position} looks along {normal}");
        }
        assert_eq!((builder.positions.len(), builder.indices.len()), (24, 36));
    }
}
