//! The belief of the episode in focus: one layer of solid voxels, one of doubtful ones.

use bevy::prelude::*;

use super::frame::ViewFrames;
use super::scene::SceneBelief;
use super::settings::ViewSettings;
use super::voxel_layer::{VoxelLayer, VoxelLayerSpawner};
use super::voxel_material::VoxelLayerKind;

#[derive(Component)]
pub(super) struct FocusedBelief;

/// Cells of nothing: what a hidden layer shows.
const NOTHING: [u8; 0] = [];

pub(super) fn show_belief(
    settings: Res<ViewSettings>,
    belief: Res<SceneBelief>,
    frames: Res<ViewFrames>,
    mut layers: Query<(Entity, &mut VoxelLayer), With<FocusedBelief>>,
    mut spawner: VoxelLayerSpawner,
) {
    let Some((grid, probabilities)) = &belief.source else { return };
    let shown: &[u8] = if settings.layers.belief { probabilities } else { &NOTHING };
    let geometry = (grid.cells_per_axis(), grid.voxel_size_m() as f32);
    let mut drawn = 0;
    for (entity, mut layer) in &mut layers {
        if layer.geometry() == geometry {
            layer.load_probabilities(shown, settings.confirmed_byte());
            drawn += 1;
        } else {
            spawner.commands.entity(entity).despawn();
        }
    }
    if drawn == 0 {
        for kind in [VoxelLayerKind::Confirmed, VoxelLayerKind::Uncertain] {
            spawner.spawn(frames.target, kind, geometry, shown, FocusedBelief);
        }
    }
}
