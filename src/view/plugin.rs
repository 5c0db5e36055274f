use bevy::asset::{AssetEventSystems, embedded_asset};
use bevy::prelude::*;
use bevy::render::RenderApp;

use super::camera_rig::OrbitCamera;
use super::episode_grid::{RowCaptions, RowLayout, SmallGrid};
use super::flat_material::FlatMaterial;
use super::frame::{RtnFrame, TargetFrame, ViewRoot};
use super::hud::HudSheet;
use super::quality::ChosenQuality;
use super::scale::DrawnScale;
use super::scale_note::ScaleNote;
use super::scene::{SceneBelief, SceneExtent, SceneFlight, SceneSearch, SceneStatus, SceneTruth};
use super::servicer::{Servicer, ServicerMotion};
use super::settings::{ViewArea, ViewSettings};
use super::sky::SkyMaterial;
use super::voxel_layer::VoxelAssets;
use super::voxel_material::VoxelMaterial;
use super::{
    axes, camera_rig, candidates, episode_grid, frame, frustum, ghost, hud, line_art, pick, quality, scale, scale_note,
    scene, servicer, shortcuts, sky, trajectory, voxel_cloud, voxel_layer,
};
use crate::episode::{LatestSnapshot, SimCommand};

/// Draws the latest snapshot in 3D. Add it after the plugins that bring the renderer; without one it only keeps its
/// resources ([`ViewSettings`], [`ViewArea`], [`DrawnScale`]) and draws nothing.
///
/// A host's cameras, lights, background colour and gizmo settings stay as they are: everything drawn hangs under one
/// [`ViewRoot`], and camera, light and sky come only if the app has no `Camera3d` at the end of start-up.
#[derive(Clone, Debug, Default)]
pub struct ViewPlugin {
    /// What is drawn at first; change the resource of the same type later.
    pub settings: ViewSettings,
}

/// When the view does its work, for systems that want to come before or after.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewSystems {
    /// `Update`: keyboard, camera and picking.
    Input,
    /// `PostUpdate`: takes what changed from the latest snapshot and chooses the [`DrawnScale`].
    Read,
    /// `PostUpdate`, after `Read`: redraws what changed.
    Draw,
    /// `PostUpdate`, after `Draw`, before transforms propagate: moves camera, servicer and labels.
    Animate,
    /// `PostUpdate`, after transforms propagated: writes voxel buffers in the order the camera needs.
    Order,
}

impl Plugin for ViewPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(self.settings.clone())
            .init_resource::<ViewArea>()
            .init_resource::<DrawnScale>()
            .init_resource::<ChosenQuality>()
            .register_type::<ViewSettings>()
            .register_type::<ViewArea>()
            .register_type::<DrawnScale>()
            .register_type::<ViewRoot>()
            .register_type::<RtnFrame>()
            .register_type::<TargetFrame>()
            .register_type::<OrbitCamera>()
            .register_type::<Servicer>()
            .register_type::<SmallGrid>()
            .add_message::<SimCommand>();
        if app.get_sub_app(RenderApp).is_none() {
            return;
        }
        embedded_asset!(app, "voxels.wgsl");
        embedded_asset!(app, "flat.wgsl");
        embedded_asset!(app, "sky.wgsl");
        app.add_plugins((
            MaterialPlugin::<VoxelMaterial>::default(),
            MaterialPlugin::<FlatMaterial>::default(),
            MaterialPlugin::<SkyMaterial>::default(),
        ));
        init_scene(app);
        configure_sets(app);
        add_start_up(app);
        add_drawing(app);
        add_animation(app);
    }
}

fn init_scene(app: &mut App) {
    app.init_resource::<SceneBelief>()
        .init_resource::<SceneTruth>()
        .init_resource::<SceneFlight>()
        .init_resource::<SceneSearch>()
        .init_resource::<SceneExtent>()
        .init_resource::<SceneStatus>()
        .init_resource::<HudSheet>()
        .init_resource::<RowLayout>()
        .init_resource::<RowCaptions>()
        .init_resource::<ServicerMotion>()
        .init_resource::<ScaleNote>()
        .init_resource::<VoxelAssets>();
}

fn configure_sets(app: &mut App) {
    app.configure_sets(Update, ViewSystems::Input).configure_sets(
        PostUpdate,
        (
            (ViewSystems::Read, ViewSystems::Draw, ViewSystems::Animate).chain().before(TransformSystems::Propagate),
            ViewSystems::Order.after(TransformSystems::Propagate).before(AssetEventSystems),
        ),
    );
}

fn add_start_up(app: &mut App) {
    app.add_systems(
        PostStartup,
        (
            (frame::spawn_frames, quality::choose_quality),
            camera_rig::spawn_camera,
            (
                hud::spawn_hud,
                sky::spawn_sky,
                axes::spawn_axes,
                candidates::spawn_candidates,
                trajectory::spawn_trajectory,
                servicer::spawn_servicer,
                frustum::spawn_frustum,
                ghost::spawn_ghost,
            ),
            (episode_grid::spawn_row, scale_note::spawn_label),
        )
            .chain(),
    );
}

fn add_drawing(app: &mut App) {
    let restyled = resource_changed::<ViewSettings>;
    app.add_systems(Update, (shortcuts::hear_shortcuts, camera_rig::steer, pick::pick_grid).in_set(ViewSystems::Input))
        .add_systems(
            PostUpdate,
            (
                (
                    scene::read_snapshot,
                    servicer::follow_path,
                    scale::choose_scale,
                    scene::frame_grid,
                    scale_note::word_note,
                )
                    .chain(),
                hud::place_hud,
            )
                .in_set(ViewSystems::Read),
        )
        .add_systems(
            PostUpdate,
            (
                frame::scale_target.run_if(resource_changed::<DrawnScale>),
                voxel_layer::restyle_layers.run_if(restyled),
                sky::show_sky.run_if(restyled),
                voxel_cloud::show_belief.run_if(resource_changed::<SceneBelief>.or_eager(restyled)),
                ghost::draw_ghost.run_if(resource_changed::<SceneTruth>.or_eager(restyled)),
                trajectory::draw_flight.run_if(resource_changed::<SceneFlight>.or_eager(restyled)),
                trajectory::draw_plan.run_if(resource_changed::<SceneSearch>.or_eager(restyled)),
                candidates::draw_candidates.run_if(resource_changed::<SceneSearch>.or_eager(restyled)),
                scale_note::write_note.run_if(resource_changed::<ScaleNote>.or_eager(resource_changed::<SceneBelief>)),
                axes::draw_axes.run_if(resource_changed::<SceneExtent>.or_eager(restyled)),
                hud::draw_hud.run_if(
                    resource_changed::<SceneStatus>
                        .or_eager(resource_changed::<ViewArea>)
                        .or_eager(resource_changed::<HudSheet>)
                        .or_eager(resource_changed::<SceneSearch>)
                        .or_eager(resource_changed::<ScaleNote>)
                        .or_eager(restyled),
                ),
                (
                    episode_grid::lay_out_row.run_if(
                        resource_exists_and_changed::<LatestSnapshot>
                            .or_eager(resource_changed::<HudSheet>)
                            .or_eager(restyled),
                    ),
                    episode_grid::arrange_row
                        .run_if(resource_changed::<RowLayout>.or_eager(resource_changed::<SceneExtent>)),
                    episode_grid::arrange_tiles.run_if(resource_changed::<RowLayout>),
                    episode_grid::fill_row,
                    episode_grid::draw_row
                        .run_if(resource_changed::<RowCaptions>.or_eager(resource_changed::<RowLayout>)),
                    episode_grid::note_row
                        .run_if(resource_changed::<RowCaptions>.or_eager(resource_changed::<SceneExtent>)),
                )
                    .chain(),
            )
                .in_set(ViewSystems::Draw),
        );
}

fn add_animation(app: &mut App) {
    app.add_systems(
        PostUpdate,
        (
            camera_rig::follow,
            (servicer::move_servicer, frustum::draw_frustum).chain(),
            servicer::light_servicer,
            episode_grid::turn_grids,
            line_art::face_camera,
        )
            .in_set(ViewSystems::Animate),
    )
    .add_systems(PostUpdate, voxel_layer::order_layers.in_set(ViewSystems::Order));
}
