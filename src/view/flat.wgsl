// Vertex colours with one sun and no textures: servicer, field of view, tiles.

#import bevy_pbr::mesh_functions::{get_world_from_local, mesh_normal_local_to_world}
#import bevy_pbr::view_transformations::position_world_to_clip

// Mirrors `FlatParams`.
struct FlatParams {
    sun_direction: vec3<f32>,
    ambient: f32,
    tint: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> params: FlatParams;

struct Vertex {
    @builtin(instance_index) instance_index: u32,
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) colour: vec4<f32>,
}

struct Fragment {
    @builtin(position) position: vec4<f32>,
    @location(0) colour: vec4<f32>,
}

@vertex
fn vertex(in: Vertex) -> Fragment {
    let normal = mesh_normal_local_to_world(in.normal, in.instance_index);
    let light = params.ambient + (1.0 - params.ambient) * max(dot(normal, params.sun_direction), 0.0);
    var out: Fragment;
    out.position = position_world_to_clip((get_world_from_local(in.instance_index) * vec4(in.position, 1.0)).xyz);
    out.colour = vec4(in.colour.rgb * light, in.colour.a) * params.tint;
    return out;
}

@fragment
fn fragment(in: Fragment) -> @location(0) vec4<f32> {
    return in.colour;
}
