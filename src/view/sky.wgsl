// Earth below and stars around, infinitely far away; compiled with SKY_DOME or SKY_STARS. Local +Y is R, away from Earth's centre.

#import bevy_pbr::mesh_functions::get_world_from_local
#import bevy_pbr::mesh_view_bindings::view

// Mirrors `SkyParams`.
struct SkyParams {
    sun_direction: vec3<f32>,
    // Earth's radius over the orbit's: the sine of the angle at which Earth's edge is seen.
    earth_sine: f32,
    space: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> params: SkyParams;

struct Vertex {
    @builtin(instance_index) instance_index: u32,
    @location(0) direction: vec3<f32>,
    // Stars: corner of the quad in x and y, size in pixels in z.
    @location(1) corner: vec3<f32>,
    @location(2) colour: vec4<f32>,
}

struct Fragment {
    @builtin(position) position: vec4<f32>,
    @location(0) direction: vec3<f32>,
    @location(1) colour: vec3<f32>,
}

@vertex
fn vertex(in: Vertex) -> Fragment {
    let to_world = get_world_from_local(in.instance_index);
    var clip = view.clip_from_world * vec4((to_world * vec4(in.direction, 0.0)).xyz, 0.0);
    // Depth 0 is infinity; stars lie just in front of the dome.
    clip.z = 0.0;
#ifdef SKY_STARS
    let hidden = -in.direction.y > sqrt(1.0 - params.earth_sine * params.earth_sine) - 0.02;
    let offset = in.corner.xy * in.corner.z / view.viewport.zw;
    clip = vec4(clip.xy + offset * clip.w, 1e-7 * clip.w, select(clip.w, -1.0, hidden));
#endif
    var out: Fragment;
    out.position = clip;
    out.direction = in.direction;
    out.colour = in.colour.rgb;
    return out;
}

fn hash(cell: vec3<f32>) -> f32 {
    let p = fract(cell * vec3(0.1031, 0.1030, 0.0973));
    let q = p + dot(p, p.yxz + 33.33);
    return fract((q.x + q.y) * q.z);
}

fn noise(point: vec3<f32>) -> f32 {
    let cell = floor(point);
    let f = fract(point);
    let s = f * f * (3.0 - 2.0 * f);
    let low = mix(mix(hash(cell), hash(cell + vec3(1.0, 0.0, 0.0)), s.x),
                  mix(hash(cell + vec3(0.0, 1.0, 0.0)), hash(cell + vec3(1.0, 1.0, 0.0)), s.x), s.y);
    let high = mix(mix(hash(cell + vec3(0.0, 0.0, 1.0)), hash(cell + vec3(1.0, 0.0, 1.0)), s.x),
                   mix(hash(cell + vec3(0.0, 1.0, 1.0)), hash(cell + vec3(1.0, 1.0, 1.0)), s.x), s.y);
    return mix(low, high, s.z);
}

// Lengths in orbit radii, Earth's centre at (0, −1, 0).
fn earth(direction: vec3<f32>, nadir: f32) -> vec3<f32> {
    let radius = params.earth_sine;
    let along = nadir - sqrt(max(radius * radius - 1.0 + nadir * nadir, 0.0));
    let normal = (direction * along + vec3(0.0, 1.0, 0.0)) / radius;
    let day = 0.25 + 0.75 * max(dot(normal, params.sun_direction), 0.0);
    let clouds = smoothstep(0.5, 0.95, 0.6 * noise(normal * 26.0) + 0.4 * noise(normal * 71.0));
    let ground = mix(vec3(0.006, 0.02, 0.055), vec3(0.10, 0.13, 0.17), clouds);
    let grazing = 1.0 - max(dot(normal, -direction), 0.0);
    let haze = vec3(0.035, 0.115, 0.27) * pow(grazing, 5.0);
    return (ground + haze) * day;
}

@fragment
fn fragment(in: Fragment) -> @location(0) vec4<f32> {
#ifdef SKY_STARS
    return vec4(in.colour, 1.0);
#else
    let direction = normalize(in.direction);
    let nadir = -direction.y;
    let edge = sqrt(1.0 - params.earth_sine * params.earth_sine);
    if nadir > edge { return vec4(earth(direction, nadir), 1.0); }
    // Air above the edge: a thin bright line that fades within a degree or two.
    let above = edge - nadir;
    let sunlit = 0.35 + 0.65 * clamp(0.5 + 0.5 * dot(direction, params.sun_direction), 0.0, 1.0);
    let glow = (vec3(0.16, 0.36, 0.62) * exp(-above / 0.0045) + vec3(0.018, 0.055, 0.14) * exp(-above / 0.028)) * sunlit;
    return vec4(params.space.rgb + glow, 1.0);
#endif
}
