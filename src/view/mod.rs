//! The 3D view: belief voxels, trajectories, the search's candidates, the servicer and its field of view.
//!
//! It reads [`LatestSnapshot`](crate::episode::LatestSnapshot) and sends [`SimCommand`](crate::episode::SimCommand)s, nothing else.
//! One unit is one metre. R (away from Earth) is up +Y, T (along the flight) is right +X, N (orbit normal) is −Z: see [`bevy_from_rtn`].

mod arc;
mod axes;
mod camera_rig;
mod candidates;
mod capture;
mod coarsen;
mod colour_map;
mod episode_grid;
mod episode_places;
mod eye;
mod flat_material;
mod frame;
mod frustum;
mod ghost;
mod hud;
mod input;
mod keys;
mod line_art;
mod own_camera;
mod painter_order;
pub mod palette;
mod pick;
mod plugin;
mod quality;
mod scale;
mod scale_note;
mod scene;
mod servicer;
mod settings;
mod shortcuts;
mod sky;
mod text;
mod trajectory;
mod voxel_cloud;
mod voxel_layer;
mod voxel_material;

pub use camera_rig::{OrbitCamera, OrbitPose};
pub use capture::{Capture, CaptureError, CapturePlugin, CaptureTarget, CapturedFrame};
pub use colour_map::{ColourMap, Legend, LegendStop};
pub use episode_grid::SmallGrid;
pub use eye::{CurrentEye, ViewCamera};
#[cfg(feature = "panel")]
pub(crate) use eye::{same_surface, window_of};
pub use flat_material::{FlatMaterial, FlatParams};
pub use frame::{RtnFrame, TargetFrame, ViewFrames, ViewRoot, bevy_from_rtn};
pub(crate) use keys::KeysPlugin;
pub use keys::{DefaultKeys, KeyAction, KeyBindings, KeyChord, KeyFocus, KeyGroup};
pub use painter_order::{ViewpointCell, back_to_front};
pub use palette::AXIS_COLOURS;
pub use plugin::{ViewPlugin, ViewSystems};
pub use quality::{ChosenQuality, Quality};
pub use scale::DrawnScale;
pub use servicer::Servicer;
pub use settings::{ViewArea, ViewLayers, ViewSettings};
pub use sky::{SkyLayer, SkyMaterial, SkyParams};
pub use voxel_layer::VoxelLayer;
pub use voxel_material::{VoxelLayerKind, VoxelMaterial, VoxelParams};
