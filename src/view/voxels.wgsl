// Cubes of one voxel grid, pulled from storage buffers: slot k of the static mesh draws the voxel order[k].
// Compiled with one of CONFIRMED_LAYER, UNCERTAIN_LAYER and GHOST_LAYER.
// A cube shows at most three faces to a camera, so a slot holds three quads, one per axis.

#import bevy_pbr::mesh_functions::{get_world_from_local, get_local_from_world}
#import bevy_pbr::mesh_view_bindings::view
#import bevy_pbr::view_transformations::position_world_to_clip

// Mirrors `VoxelParams`.
struct VoxelParams {
    sun_direction: vec3<f32>,
    voxel_size_m: f32,
    cells_per_axis: u32,
    opacity: f32,
    ambient: f32,
    tint: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> params: VoxelParams;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> state: array<u32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var<storage, read> order: array<u32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var<storage, read> colours: array<vec4<f32>>;

const NO_VOXEL: u32 = 0xffffffffu;

struct Vertex {
    @builtin(instance_index) instance_index: u32,
    // slot << 4 | axis << 2 | corner
    @location(0) slot_axis_corner: u32,
}

struct Fragment {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) colour: vec4<f32>,
    @location(1) uv: vec2<f32>,
}

fn nothing() -> Fragment {
    var out: Fragment;
    out.position = vec4(2.0, 2.0, 2.0, 1.0);
    return out;
}

fn cube_scale(probability: f32) -> f32 {
#ifdef CONFIRMED_LAYER
    return 1.0;
#else ifdef GHOST_LAYER
    return 1.012;
#else
    return 0.26 + 0.5 * probability;
#endif
}

fn cube_alpha(probability: f32) -> f32 {
#ifdef CONFIRMED_LAYER
    return 1.0;
#else ifdef GHOST_LAYER
    return params.opacity;
#else
    // 1 where nothing is known, falling with the entropy; a voxel that is likely there is never faint.
    let doubt = 4.0 * probability * (1.0 - probability);
    return params.opacity * doubt + 0.6 * smoothstep(0.55, 0.95, probability);
#endif
}

@vertex
fn vertex(in: Vertex) -> Fragment {
    let slot = in.slot_axis_corner >> 4u;
    let axis = (in.slot_axis_corner >> 2u) & 3u;
    let corner = in.slot_axis_corner & 3u;
    let voxel = order[slot];
    if voxel == NO_VOXEL { return nothing(); }

    let word = state[voxel];
    let probability = f32(word & 0xffu) / 255.0;
    let cells = params.cells_per_axis;
    let cell = vec3(f32(voxel / (cells * cells)), f32(voxel / cells % cells), f32(voxel % cells));
    let centre = (cell + 0.5 - 0.5 * f32(cells)) * params.voxel_size_m;
    let half_size = 0.5 * params.voxel_size_m * cube_scale(probability);

    let eye = (get_local_from_world(in.instance_index) * vec4(view.world_position, 1.0)).xyz;
    let offset = eye[axis] - centre[axis];
    let positive = offset > 0.0;
    let face_bit = 8u + 2u * axis + select(0u, 1u, positive);
    if abs(offset) <= half_size || ((word >> face_bit) & 1u) == 0u { return nothing(); }

    let uv = vec2(f32((corner ^ (corner >> 1u)) & 1u), f32(corner >> 1u));
    var normal = vec3(0.0);
    normal[axis] = select(-1.0, 1.0, positive);
    var local = centre + normal * half_size;
    local[(axis + 1u) % 3u] += (2.0 * uv.x - 1.0) * half_size;
    local[(axis + 2u) % 3u] += (2.0 * uv.y - 1.0) * half_size;

    let light = params.ambient + (1.0 - params.ambient) * max(dot(normal, params.sun_direction), 0.0);
    let base = mix(colours[word & 0xffu].rgb, params.tint.rgb, params.tint.a);

    var out: Fragment;
    out.position = position_world_to_clip((get_world_from_local(in.instance_index) * vec4(local, 1.0)).xyz);
    out.colour = vec4(base * light, cube_alpha(probability));
    out.uv = uv;
    return out;
}

@fragment
fn fragment(in: Fragment) -> @location(0) vec4<f32> {
#ifdef CONFIRMED_LAYER
    // A darker rim keeps single voxels countable on a large face; it fades out where voxels are only pixels wide.
    let rim = min(min(in.uv.x, 1.0 - in.uv.x), min(in.uv.y, 1.0 - in.uv.y));
    let pixel = fwidth(in.uv.x) + fwidth(in.uv.y);
    let strength = 0.38 * (1.0 - smoothstep(0.15, 0.6, pixel));
    let darkening = 1.0 - strength * (1.0 - smoothstep(0.03, 0.03 + max(pixel, 0.04), rim));
    return vec4(in.colour.rgb * darkening, 1.0);
#else
    return in.colour;
#endif
}
