use bevy::asset::{AssetEventSystems, embedded_asset};
use bevy::camera::CameraUpdateSystems;
use bevy::prelude::*;
use bevy::render::RenderApp;

use super::camera_rig::OrbitCamera;
use super::episode_grid::{RowCaptions, RowLayout, SmallGrid};
use super::eye::{CurrentEye, EyeArea, ViewCamera};
use super::flat_material::FlatMaterial;
use super::frame::{RtnFrame, TargetFrame, ViewFrames, ViewRoot};
use super::hud::HudSheet;
use super::input::InputWindow;
use super::keys::KeysPlugin;
use super::own_camera::ClearedBeneath;
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
    axes, camera_rig, candidates, episode_grid, episode_places, eye, frame, frustum, ghost, hud, input, line_art,
    own_camera, pick, quality, scale, scale_note, scene, servicer, shortcuts, sky, trajectory, voxel_cloud,
    voxel_layer,
};
use crate::episode::{LatestSnapshot, SimCommand};

/// Draws the latest snapshot in 3D. Add it after the plugins that bring the renderer; without one it only keeps its
/// resources ([`ViewSettings`], [`ViewArea`], [`DrawnScale`]) and draws nothing.
///
/// A host's lights, background colour and gizmo settings stay as they are, and everything drawn hangs under one [`ViewRoot`].
///
/// # Which camera
///
/// The view is seen through one *eye* ([`CurrentEye`]). It is, in this order:
///
/// 1. the host's active camera that it marked with [`ViewCamera`], wherever that one renders to;
/// 2. the host's active `Camera3d` that renders to the view's window ([`ViewSettings::window`]: the primary window unless
///    told otherwise; with [`CapturePlugin`](super::CapturePlugin) its picture), of several the one with the lowest order;
/// 3. the view's own [`OrbitCamera`], with a sun, a sky and a sheet of small grids, unless [`ViewSettings::spawn_camera`]
///    is off or the window does not exist.
///
/// That is decided in every frame, in `PostUpdate`, about the cameras that exist then. A host's camera may come an hour
/// later: the own one goes in the same frame. When the host's last one is despawned or deactivated, the own one comes
/// back as it was left. A camera that is replaced within one frame changes nothing else.
///
/// The host's cameras are never moved or steered (unless it puts an [`OrbitCamera`] on one itself).
///
/// # Which order
///
/// The own camera draws beneath all others of its window: its order is [`ViewSettings::camera_order`] (−1), or less where
/// the host has an order as low. A host's flat pictures (`Camera2d`) and user interfaces stay on top. So that the 3D
/// picture shows through, two things happen while such a camera draws above:
///
/// - The own camera takes over that camera's HDR, MSAA and texture usages, because Bevy lets two cameras share a picture
///   only where these agree; the host's post-processing then covers both.
/// - That camera's `ClearColorConfig::Default` becomes `ClearColorConfig::None`, and `Default` again afterwards. This is the
///   only thing the view ever changes on an entity of the host's; [`ViewSettings::draw_beneath_host`] turns it off.
///   Cameras with a viewport or a clear colour of their own are left alone; the latter hide the view, which is logged once.
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
    /// `PostUpdate`, before all others there and before cameras are measured: chooses the eye ([`CurrentEye`]), brings or
    /// takes away the view's own camera.
    Eye,
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
            .init_resource::<CurrentEye>()
            .register_type::<ViewSettings>()
            .register_type::<ViewArea>()
            .register_type::<DrawnScale>()
            .register_type::<ViewRoot>()
            .register_type::<RtnFrame>()
            .register_type::<TargetFrame>()
            .register_type::<OrbitCamera>()
            .register_type::<ViewCamera>()
            .register_type::<CurrentEye>()
            .register_type::<Servicer>()
            .register_type::<SmallGrid>()
            .add_plugins(KeysPlugin)
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
        .init_resource::<EyeArea>()
        .init_resource::<ClearedBeneath>()
        .init_resource::<InputWindow>()
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
            (ViewSystems::Eye, ViewSystems::Read, ViewSystems::Draw, ViewSystems::Animate)
                .chain()
                .before(TransformSystems::Propagate)
                .before(CameraUpdateSystems),
            // Without a root there is nothing to draw on.
            (ViewSystems::Draw, ViewSystems::Animate, ViewSystems::Order).run_if(resource_exists::<ViewFrames>),
            ViewSystems::Order.after(TransformSystems::Propagate).before(AssetEventSystems),
        ),
    );
}

fn add_start_up(app: &mut App) {
    let has_frames = resource_exists::<ViewFrames>;
    app.add_systems(PostStartup, ((frame::keep_frames, quality::choose_quality), own_camera::choose_eye).chain())
        .add_systems(
            PostUpdate,
            (
                frame::keep_frames,
                own_camera::choose_eye,
                (
                    own_camera::draw_beneath,
                    own_camera::spawn_sun.run_if(has_frames),
                    sky::spawn_sky.run_if(has_frames),
                    hud::spawn_hud,
                    eye::measure_area,
                    input::find_window,
                    (
                        axes::spawn_axes,
                        candidates::spawn_candidates,
                        trajectory::spawn_trajectory,
                        servicer::spawn_servicer,
                        frustum::spawn_frustum,
                        ghost::spawn_ghost,
                        episode_grid::spawn_note,
                        scale_note::spawn_label,
                    )
                        .chain_ignore_deferred()
                        .run_if(resource_exists_and_changed::<ViewFrames>),
                )
                    .chain_ignore_deferred(),
                episode_grid::spawn_row,
            )
                .chain()
                .in_set(ViewSystems::Eye),
        );
}

/// Everything that follows the settings is drawn again in new frames, too.
fn restyled(settings: Res<ViewSettings>, frames: Option<Res<ViewFrames>>) -> bool {
    settings.is_changed() || frames.is_some_and(|frames| frames.is_changed())
}

/// With another eye the sheet is another one too, or none; with other frames the scene's own writing is.
fn eye_changed(eye: Res<CurrentEye>, frames: Option<Res<ViewFrames>>) -> bool {
    eye.is_changed() || frames.is_some_and(|frames| frames.is_changed())
}

fn add_drawing(app: &mut App) {
    app.add_systems(
        Update,
        (shortcuts::follow_focus, shortcuts::hear_shortcuts, camera_rig::steer, pick::pick_grid)
            .chain_ignore_deferred()
            .in_set(ViewSystems::Input),
    )
    .add_systems(
        PostUpdate,
        (
            scene::read_snapshot,
            servicer::follow_path,
            scale::choose_scale,
            scene::frame_grid,
            scale_note::word_note,
            hud::place_hud,
        )
            .chain()
            .in_set(ViewSystems::Read),
    )
    .add_systems(
        PostUpdate,
        (
            frame::scale_target.run_if(resource_changed::<DrawnScale>.or_eager(restyled)),
            voxel_layer::restyle_layers.run_if(restyled),
            sky::show_sky.run_if(restyled),
            voxel_cloud::show_belief.run_if(resource_changed::<SceneBelief>.or_eager(restyled)),
            ghost::draw_ghost.run_if(resource_changed::<SceneTruth>.or_eager(restyled)),
            trajectory::draw_flight.run_if(resource_changed::<SceneFlight>.or_eager(restyled)),
            trajectory::draw_plan.run_if(resource_changed::<SceneSearch>.or_eager(restyled)),
            candidates::draw_candidates.run_if(resource_changed::<SceneSearch>.or_eager(restyled)),
            scale_note::write_note
                .run_if(resource_changed::<ScaleNote>.or_eager(resource_changed::<SceneBelief>).or_eager(eye_changed)),
            axes::draw_axes.run_if(resource_changed::<SceneExtent>.or_eager(restyled)),
            hud::draw_hud.run_if(
                resource_changed::<SceneStatus>
                    .or_eager(resource_changed::<EyeArea>)
                    .or_eager(eye_changed)
                    .or_eager(resource_changed::<HudSheet>)
                    .or_eager(resource_changed::<SceneSearch>)
                    .or_eager(resource_changed::<ScaleNote>)
                    .or_eager(restyled),
            ),
            (
                episode_grid::lay_out_row.run_if(
                    resource_exists_and_changed::<LatestSnapshot>
                        .or_eager(resource_changed::<HudSheet>)
                        .or_eager(eye_changed)
                        .or_eager(restyled),
                ),
                episode_grid::arrange_row.run_if(
                    resource_changed::<RowLayout>.or_eager(resource_changed::<SceneExtent>).or_eager(eye_changed),
                ),
                episode_grid::arrange_tiles.run_if(resource_changed::<RowLayout>.or_eager(eye_changed)),
                episode_grid::fill_row,
                episode_grid::draw_row.run_if(
                    resource_changed::<RowCaptions>.or_eager(resource_changed::<RowLayout>).or_eager(eye_changed),
                ),
                episode_grid::note_row.run_if(
                    resource_changed::<RowCaptions>.or_eager(resource_changed::<SceneExtent>).or_eager(eye_changed),
                ),
            )
                .chain(),
        )
            // All of them draw lines into the same assets: one after the other in any case, and so always in this order.
            .chain_ignore_deferred()
            .in_set(ViewSystems::Draw),
    );
}

fn add_animation(app: &mut App) {
    app.add_systems(
        PostUpdate,
        (
            camera_rig::follow,
            servicer::move_servicer,
            episode_places::place_episodes,
            episode_places::move_episodes,
            frustum::draw_frustum,
            servicer::light_servicer,
            episode_grid::turn_grids,
            line_art::face_camera,
            hud::hide_with_root,
            frame::share_layers,
        )
            .chain_ignore_deferred()
            .in_set(ViewSystems::Animate),
    )
    .add_systems(PostUpdate, voxel_layer::order_layers.in_set(ViewSystems::Order));
}
