//! All episodes as small grids, each turned like the large one, with its progress.
//!
//! With the view's own camera they stand in a row at the bottom of the picture; with a host's camera in a row under the scene.

use std::sync::Arc;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;

use super::camera_rig::ViewEye;
use super::coarsen;
use super::flat_material::{FlatMaterial, FlatMeshBuilder};
use super::frame::{ViewFrames, bevy_from_rtn};
use super::hud::{Hud, HudSheet, MARGIN, write};
use super::line_art::{LineStyle, drawing, redraw};
use super::palette;
use super::scene::SceneExtent;
use super::settings::ViewSettings;
use super::voxel_layer::{VoxelLayer, VoxelLayerSpawner};
use super::voxel_material::VoxelLayerKind;
use crate::episode::{EpisodeSnapshot, LatestSnapshot};

/// The small grid of one episode.
#[derive(Component, Reflect, Clone, Copy, Debug, PartialEq)]
#[reflect(Component, Clone, PartialEq)]
pub struct SmallGrid {
    /// Number of the episode: what a click puts in focus.
    pub episode: u32,
    /// Slot of the episode in the snapshot.
    pub(super) slot: usize,
    /// Half the edge of the grid, m.
    pub(super) half_extent_m: f32,
}

#[derive(Component)]
pub(super) struct SmallGridLayer {
    slot: usize,
    drawn: Option<Arc<[u8]>>,
}
impl SmallGridLayer {
    fn shows(&self, belief: &Arc<[u8]>) -> bool {
        self.drawn.as_ref().is_some_and(|drawn| Arc::ptr_eq(drawn, belief))
    }
}

#[derive(Component)]
pub(super) struct RowLines;
#[derive(Component)]
pub(super) struct Tiles;

/// Which slots are shown where; a change makes the row anew.
#[derive(Resource, Default, PartialEq, Clone, Debug)]
pub(super) struct RowLayout {
    first_slot: usize,
    /// Cells along each axis and edge of a cell in metres, per shown slot.
    geometries: Vec<(u32, f32)>,
    sheet: Option<HudSheet>,
}

/// What is written under the grids.
#[derive(Resource, Default, PartialEq, Clone, Debug)]
pub(super) struct RowCaptions {
    focus: u32,
    captions: Vec<Caption>,
}

#[derive(PartialEq, Clone, Debug)]
struct Caption {
    number: u32,
    step_share: f32,
    is_finished: bool,
}

const LARGEST_TILE: f32 = 92.0;
const SMALLEST_TILE: f32 = 44.0;
const GAP: f32 = 10.0;
/// Height of the row with its margin, for whoever must stay above it, pixels.
pub(super) const ROW_HEIGHT: f32 = LARGEST_TILE + CAPTION_HEIGHT + MARGIN;
/// Room for number and progress under a grid, pixels.
const CAPTION_HEIGHT: f32 = 22.0;
/// Share of a tile that the grid's edge takes: a turned cube is up to 1.7 times as wide.
const GRID_SHARE: f32 = 0.54;

/// A run of slots that contains the focus.
fn shown_slots(total: usize, focus: usize, most: usize) -> std::ops::Range<usize> {
    let count = total.min(most);
    let start = focus.saturating_sub(count / 2).min(total - count);
    start..start + count
}

impl RowLayout {
    fn count(&self) -> usize {
        self.geometries.len()
    }

    fn tile(&self, sheet: &HudSheet) -> f32 {
        let available = (sheet.size.x - 2.0 * MARGIN + GAP) / self.count().max(1) as f32 - GAP;
        available.clamp(SMALLEST_TILE, LARGEST_TILE)
    }

    /// Centre of the tile of the `place`-th grid, pixels.
    fn tile_centre(&self, sheet: &HudSheet, place: usize) -> Vec2 {
        let tile = self.tile(sheet);
        let width = self.count() as f32 * (tile + GAP) - GAP;
        let left = (sheet.size.x - width) / 2.0;
        Vec2::new(left + place as f32 * (tile + GAP) + tile / 2.0, MARGIN + CAPTION_HEIGHT + tile / 2.0)
    }
}

pub(super) fn spawn_row(
    mut commands: Commands,
    huds: Query<Entity, With<Hud>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for hud in &huds {
        commands.spawn((RowLines, drawing(&mut assets, LineStyle::solid(1.5), hud)));
    }
}

/// Decides which episodes are shown and what is written under them.
pub(super) fn lay_out_row(
    settings: Res<ViewSettings>,
    latest: Option<Res<LatestSnapshot>>,
    sheet: Res<HudSheet>,
    huds: Query<(), With<Hud>>,
    mut layout: ResMut<RowLayout>,
    mut captions: ResMut<RowCaptions>,
) {
    let Some(latest) = latest else { return };
    let (episodes, focus) = (&latest.0.episodes, latest.0.focus);
    let focus_slot = episodes.iter().position(|episode| episode.number == focus).unwrap_or(0);
    let sheet = (!huds.is_empty()).then_some(*sheet);
    let fitting =
        sheet.map_or(usize::MAX, |sheet| ((sheet.size.x - 2.0 * MARGIN + GAP) / (SMALLEST_TILE + GAP)) as usize);
    let wanted = if settings.layers.small_grids && episodes.len() > 1 { settings.max_small_grids as usize } else { 0 };
    let slots = shown_slots(episodes.len(), focus_slot, wanted.min(fitting));
    let shown = &episodes[slots.clone()];
    let geometries = shown.iter().map(|e| (e.grid.cells_per_axis(), e.grid.voxel_size_m() as f32)).collect();
    layout.set_if_neq(RowLayout { first_slot: slots.start, geometries, sheet });
    captions.set_if_neq(RowCaptions { focus, captions: shown.iter().map(|episode| caption(episode)).collect() });
}

fn caption(episode: &EpisodeSnapshot) -> Caption {
    Caption {
        number: episode.number,
        step_share: episode.step as f32 / episode.steps.max(1) as f32,
        is_finished: episode.status.is_over(),
    }
}

/// Makes the row anew after a change of its layout.
#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
#[allow(clippy::type_complexity, reason = "a query says what it reads")]
pub(super) fn rebuild_row(
    layout: Res<RowLayout>,
    extent: Res<SceneExtent>,
    frames: Res<ViewFrames>,
    huds: Query<Entity, With<Hud>>,
    stale: Query<Entity, Or<(With<SmallGrid>, With<Tiles>)>>,
    mut spawner: VoxelLayerSpawner,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<FlatMaterial>>,
) {
    stale.iter().for_each(|entity| spawner.commands.entity(entity).despawn());
    let hud = huds.iter().next();
    if let (Some(hud), Some(sheet), true) = (hud, layout.sheet, layout.count() > 0) {
        let mesh = Mesh3d(meshes.add(tiles_mesh(&layout, &sheet)));
        let material = MeshMaterial3d(materials.add(FlatMaterial::glowing(AlphaMode::Opaque)));
        spawner.commands.spawn((Tiles, mesh, material, NoFrustumCulling, ChildOf(hud)));
    }
    for (place, (cells, size_m)) in layout.geometries.iter().copied().enumerate() {
        let half_extent_m = 0.5 * cells as f32 * size_m;
        let (parent, transform) = match (hud, layout.sheet) {
            (Some(hud), Some(sheet)) => (hud, on_sheet(&layout, &sheet, place, half_extent_m)),
            _ => (frames.root, under_scene(&extent, layout.count(), place, half_extent_m)),
        };
        let slot = layout.first_slot + place;
        let small = SmallGrid { episode: 0, slot, half_extent_m };
        let grid = spawner.commands.spawn((small, transform, Visibility::Inherited, ChildOf(parent))).id();
        let coarse_cells = cells / coarsen::factor(cells);
        let coarse_size_m = size_m * coarsen::factor(cells) as f32;
        for (kind, geometry) in
            [(VoxelLayerKind::Confirmed, (cells, size_m)), (VoxelLayerKind::Uncertain, (coarse_cells, coarse_size_m))]
        {
            spawner.spawn(grid, kind, geometry, &[], SmallGridLayer { slot, drawn: None });
        }
    }
}

/// In front of its tile, so that the tile hides what is behind both.
fn on_sheet(layout: &RowLayout, sheet: &HudSheet, place: usize, half_extent_m: f32) -> Transform {
    let tile = layout.tile(sheet);
    let (centre, nearer) = sheet.lifted(layout.tile_centre(sheet, place), 0.55 * tile);
    let scale = nearer * GRID_SHARE * tile / (2.0 * half_extent_m);
    Transform::from_translation(centre).with_scale(Vec3::splat(scale))
}

/// In a row below everything that is flown, in the frame of the root.
fn under_scene(extent: &SceneExtent, count: usize, place: usize, half_extent_m: f32) -> Transform {
    const EDGE_M: f32 = 40.0;
    const SPACING_M: f32 = 68.0;
    let lowest = extent.points.iter().map(|point| point.y).fold(0.0, f32::min);
    let x = SPACING_M * (place as f32 - (count as f32 - 1.0) / 2.0);
    Transform::from_xyz(x, lowest - 2.0 * EDGE_M, 0.0)
        .with_scale(Vec3::splat(EDGE_M / (2.0 * half_extent_m)))
        .with_rotation(bevy_from_rtn())
}

/// Dark plates behind grids and captions, all in one mesh.
fn tiles_mesh(layout: &RowLayout, sheet: &HudSheet) -> Mesh {
    let colour = Color::srgb(0.035, 0.042, 0.065).to_linear().to_vec4();
    let half = layout.tile(sheet) / 2.0;
    let mut builder = FlatMeshBuilder::default();
    for place in 0..layout.count() {
        let centre = layout.tile_centre(sheet, place);
        let (low, high) = (-half - CAPTION_HEIGHT, half);
        let corners = [(-half, low), (half, low), (half, high), (-half, high)];
        builder.polygon(&corners.map(|(x, y)| ((centre + Vec2::new(x, y)).extend(0.0), colour)));
    }
    builder.build()
}

/// Layers filled in one frame: a run at full speed changes all beliefs between two frames, and the others can wait for the next.
const FILLED_PER_FRAME: usize = 2;

/// Fills the grids with their episodes' beliefs, a few in each frame, those that waited longest first.
pub(super) fn fill_row(
    settings: Res<ViewSettings>,
    latest: Option<Res<LatestSnapshot>>,
    mut grids: Query<&mut SmallGrid>,
    mut layers: Query<(&mut VoxelLayer, &mut SmallGridLayer)>,
    mut first: Local<usize>,
) {
    let Some(latest) = latest else { return };
    for mut grid in &mut grids {
        if let Some(episode) = latest.0.episodes.get(grid.slot).filter(|episode| episode.number != grid.episode) {
            grid.episode = episode.number;
        }
    }
    let slots = grids.iter().len().max(1);
    let mut stale: Vec<_> = layers
        .iter_mut()
        .filter_map(|(layer, small)| Some((latest.0.episodes.get(small.slot)?, layer, small)))
        .filter(|(episode, _, small)| !small.shows(&episode.probability_u8))
        .collect();
    stale.sort_by_key(|(_, _, small)| (small.slot + slots - *first % slots) % slots);
    for (episode, mut layer, mut small) in stale.into_iter().take(FILLED_PER_FRAME) {
        let (belief, confirmed) = (&episode.probability_u8, settings.confirmed_byte());
        if layer.geometry().0 == episode.grid.cells_per_axis() {
            layer.load_probabilities(belief, confirmed);
        } else {
            layer.load_probabilities(&coarsen::below(belief, episode.grid.cells_per_axis(), confirmed), confirmed);
        }
        small.drawn = Some(belief.clone());
        *first = small.slot + 1;
    }
}

/// Numbers, progress and the frame of the focus.
pub(super) fn draw_row(
    layout: Res<RowLayout>,
    captions: Res<RowCaptions>,
    lines: Query<&Gizmo, With<RowLines>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for gizmo in &lines {
        let Some(mut lines) = redraw(&mut assets, gizmo) else { continue };
        let Some(sheet) = layout.sheet else { continue };
        let tile = layout.tile(&sheet);
        for (place, caption) in captions.captions.iter().enumerate().take(layout.count()) {
            let centre = layout.tile_centre(&sheet, place);
            let in_focus = caption.number == captions.focus;
            let colour = if in_focus { palette::TEXT } else { palette::FRAME };
            let frame_centre = Vec2::new(centre.x, centre.y - CAPTION_HEIGHT / 2.0).extend(0.5);
            lines.rect(Isometry3d::from_translation(frame_centre), Vec2::new(tile, tile + CAPTION_HEIGHT), colour);

            let base = centre - Vec2::new(tile / 2.0 - 7.0, tile / 2.0 + 8.0);
            let text = if in_focus { palette::TEXT } else { palette::TEXT_DIM };
            write(&mut lines, &format!("{}", caption.number), base, 10.0, Vec2::new(-0.5, 0.0), text);
            let (start, end) = (base + Vec2::X * 24.0, base + Vec2::X * (tile - 14.0));
            let reached = start.lerp(end, caption.step_share.clamp(0.0, 1.0));
            let done = if caption.is_finished { palette::axis(1) } else { palette::FLOWN };
            for raise in [-1.0, 0.0, 1.0] {
                let shift = Vec3::new(0.0, raise, 0.5);
                lines.line(start.extend(0.0) + shift, reached.extend(0.0) + shift, done);
                lines.line(reached.extend(0.0) + shift, end.extend(0.0) + shift, palette::FRAME.with_alpha(0.35));
            }
        }
    }
}

/// Turns the grids on the sheet as the large one is seen, each along its own line of sight.
#[allow(clippy::type_complexity, reason = "a query says what it reads")]
pub(super) fn turn_grids(
    eye: ViewEye,
    frames: Res<ViewFrames>,
    frames_in_world: Query<&GlobalTransform>,
    huds: Query<(&Transform, &Children), (With<Hud>, Without<SmallGrid>)>,
    mut grids: Query<&mut Transform, With<SmallGrid>>,
) {
    let (Some((_, camera)), Ok(rtn)) = (eye.get(), frames_in_world.get(frames.rtn)) else { return };
    let seen = camera.rotation().inverse() * rtn.rotation();
    for (hud, children) in &huds {
        for child in children.iter() {
            let Ok(mut transform) = grids.get_mut(child) else { continue };
            let sight = hud.transform_point(transform.translation).normalize_or(Vec3::NEG_Z);
            transform.rotation = Quat::from_rotation_arc(Vec3::NEG_Z, sight) * seen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_focus_is_always_among_the_shown_slots() {
        for total in 1..40 {
            for focus in 0..total {
                let slots = shown_slots(total, focus, 12);
                assert!(slots.contains(&focus) && slots.end <= total, "{focus} of {total}: {slots:?}");
                assert_eq!(slots.len(), total.min(12));
            }
        }
        assert_eq!(shown_slots(8, 3, 0).len(), 0);
    }

    #[test]
    fn tiles_lie_side_by_side_inside_the_sheet() {
        for (count, width) in [(1, 400.0), (8, 1280.0), (12, 700.0)] {
            let sheet = HudSheet { size: Vec2::new(width, 600.0), ..default() };
            let layout = RowLayout { first_slot: 0, geometries: vec![(20, 1.0); count], sheet: Some(sheet) };
            let tile = layout.tile(&sheet);
            let centres: Vec<f32> = (0..count).map(|place| layout.tile_centre(&sheet, place).x).collect();
            assert!(centres.windows(2).all(|pair| pair[1] - pair[0] >= tile));
            assert!(centres[0] - tile / 2.0 >= 0.0 && centres[count - 1] + tile / 2.0 <= width);
        }
    }
}
