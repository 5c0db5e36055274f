//! A host's flat picture: a magenta square above the middle, on every `Camera2d`, drawn as sprites are: after the main
//! pass, into the camera's own picture, with its samples. (The crate is built without Bevy's sprites.)

use bevy::core_pipeline::schedule::{Core2d, Core2dSystems};
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::{
    ColorTargetState, ColorWrites, MultisampleState, PrimitiveState, RawFragmentState, RawRenderPipelineDescriptor,
    RawVertexState, RenderPassDescriptor, ShaderModuleDescriptor, ShaderSource,
};
use bevy::render::renderer::{RenderContext, ViewQuery};
use bevy::render::view::ViewTarget;
use bevy_proxops::view::CapturedFrame;

/// The square's colour; sRGB maximum in two channels, so that no conversion changes it.
pub const BADGE: [u8; 3] = [255, 0, 255];

const SHADER: &str = "
@vertex fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let x = select(-0.08, 0.08, (index & 1u) == 1u);
    let y = select(0.3, 0.5, (index & 2u) == 2u);
    return vec4(x, y, 0.5, 1.0);
}
@fragment fn fragment() -> @location(0) vec4<f32> {
    return vec4(1.0, 0.0, 1.0, 1.0);
}
";

/// Adds the square to every `Camera2d`. Call after the plugins that bring the renderer.
pub fn draw_badges(app: &mut App) {
    app.sub_app_mut(RenderApp).add_systems(Core2d, draw.in_set(Core2dSystems::EarlyPostProcess));
}

fn draw(view: ViewQuery<(&ViewTarget, &Msaa)>, mut context: RenderContext) {
    let (target, msaa) = view.into_inner();
    let device = context.render_device();
    let source = ShaderModuleDescriptor { label: None, source: ShaderSource::Wgsl(SHADER.into()) };
    let module = device.create_and_validate_shader_module(source);
    let colours = ColorTargetState { format: target.main_texture_format(), blend: None, write_mask: ColorWrites::ALL };
    let pipeline = device.create_render_pipeline(&RawRenderPipelineDescriptor {
        label: Some("badge"),
        layout: None,
        vertex: RawVertexState {
            module: &module,
            entry_point: Some("vertex"),
            compilation_options: default(),
            buffers: &[],
        },
        primitive: PrimitiveState { topology: bevy::mesh::PrimitiveTopology::TriangleStrip, ..default() },
        depth_stencil: None,
        multisample: MultisampleState { count: msaa.samples(), ..default() },
        fragment: Some(RawFragmentState {
            module: &module,
            entry_point: Some("fragment"),
            compilation_options: default(),
            targets: &[Some(colours)],
        }),
        multiview_mask: None,
        cache: None,
    });
    let mut pass = context.begin_tracked_render_pass(RenderPassDescriptor {
        label: Some("badge"),
        color_attachments: &[Some(target.get_color_attachment())],
        depth_stencil_attachment: None,
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    });
    pass.set_render_pipeline(&pipeline);
    pass.draw(0..4, 0..1);
}

/// Whether the square is in the picture, whole.
pub fn shows_badge(frame: &CapturedFrame) -> bool {
    let at = |x: f32, y: f32| {
        let (x, y) = (0.5 * (1.0 + x) * frame.width as f32, 0.5 * (1.0 - y) * frame.height as f32);
        frame.pixel(x as u32, y as u32)
    };
    [(-0.06, 0.33), (0.06, 0.33), (0.0, 0.4), (-0.06, 0.47), (0.06, 0.47)].iter().all(|(x, y)| at(*x, *y) == BADGE)
}
