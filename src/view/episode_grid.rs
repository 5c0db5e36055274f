//! All episodes as small grids, each turned like the large one, with its progress.
//!
//! With the view's own camera they stand in a row at the bottom of the picture; with a host's camera in a row under the scene.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::coarsen;
use super::eye::{CurrentEye, ViewEye};
use super::flat_material::{FlatMaterial, FlatMeshBuilder};
use super::frame::{FrameFurniture, ViewFrames, bevy_from_rtn};
use super::hud::{Hud, HudSheet, MARGIN, NOTE_PIXELS};
use super::line_art::{Label, LabelSide, LineStyle, drawing, label, redraw};
use super::palette;
use super::scene::{SceneBelief, SceneExtent};
use super::settings::ViewSettings;
use super::text::{fitting, write};
use super::voxel_layer::{VoxelLayer, VoxelLayerSpawner};
use super::voxel_material::VoxelLayerKind;
use crate::episode::{EpisodeSnapshot, LatestSnapshot};

/// The small grid of one episode. It keeps its entity and its picture as long as a grid of its geometry is shown at all;
/// the episode may change.
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

/// Cells along each axis and edge of a cell, m.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub(super) struct GridGeometry(u32, f32);

impl GridGeometry {
    fn of(episode: &EpisodeSnapshot) -> Self {
        Self(episode.grid.cells_per_axis(), episode.grid.voxel_size_m() as f32)
    }

    fn half_extent_m(&self) -> f32 {
        0.5 * self.0 as f32 * self.1
    }

    /// Solid voxels are drawn one by one, doubtful ones in larger blocks.
    fn layers(&self) -> [(VoxelLayerKind, (u32, f32)); 2] {
        let Self(cells, size_m) = *self;
        let factor = coarsen::factor(cells);
        [
            (VoxelLayerKind::Confirmed, (cells, size_m)),
            (VoxelLayerKind::Uncertain, (cells / factor, size_m * factor as f32)),
        ]
    }
}

/// A layer of a small grid and the belief it shows.
#[derive(Component)]
pub(super) struct SmallGridLayer {
    belief: Arc<[u8]>,
    confirmed_byte: u8,
}

impl SmallGridLayer {
    fn shows(&self, belief: &Arc<[u8]>, confirmed_byte: u8) -> bool {
        Arc::ptr_eq(&self.belief, belief) && self.confirmed_byte == confirmed_byte
    }
}

#[derive(Component)]
pub(super) struct RowLines;
/// The dark plate behind one grid and its caption.
#[derive(Component)]
pub(super) struct Tile;
/// What is written under a row in the scene.
#[derive(Component)]
pub(super) struct RowNote;

/// Which slots are shown where.
#[derive(Resource, Default, PartialEq, Clone, Debug)]
pub(super) struct RowLayout {
    first_slot: usize,
    /// One per shown slot.
    geometries: Vec<GridGeometry>,
    sheet: Option<HudSheet>,
}

/// What is written under the grids.
#[derive(Resource, Default, PartialEq, Clone, Debug)]
pub(super) struct RowCaptions {
    focus: u32,
    captions: Vec<Caption>,
    /// Episodes of the run.
    episodes: usize,
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
/// Height of the row with its margin, for what must stay above it, pixels.
pub(super) const ROW_HEIGHT: f32 = LARGEST_TILE + CAPTION_HEIGHT + MARGIN;
/// Room for number and progress under a grid, pixels.
const CAPTION_HEIGHT: f32 = 24.0;
/// Space between a tile's border and its caption, pixels.
const CAPTION_MARGIN: f32 = 6.0;
/// Height of the letters under the grids, pixels.
const CAPTION_PIXELS: f32 = 10.0;
/// Share of a tile that the grid's edge takes: a turned cube is up to 1.7 times as wide.
const GRID_SHARE: f32 = 0.54;

/// A run of slots that contains the focus.
fn shown_slots(total: usize, focus: usize, most: usize) -> Range<usize> {
    let count = total.min(most);
    let start = focus.saturating_sub(count / 2).min(total - count);
    start..start + count
}

impl RowLayout {
    fn count(&self) -> usize {
        self.geometries.len()
    }

    fn slots(&self) -> Range<usize> {
        self.first_slot..self.first_slot + self.count()
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

impl RowCaptions {
    /// Says how many episodes the row leaves out; nothing where it shows all or none.
    fn note(&self) -> String {
        match self.captions.len() {
            0 => String::new(),
            shown if shown == self.episodes => String::new(),
            shown => format!("{shown} of {} episodes", self.episodes),
        }
    }
}

pub(super) fn spawn_row(
    mut commands: Commands,
    huds: Query<Entity, Added<Hud>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for hud in &huds {
        commands.spawn((RowLines, drawing(&mut assets, LineStyle::solid(1.5), hud)));
    }
}

pub(super) fn spawn_note(mut commands: Commands, frames: Res<ViewFrames>, mut assets: ResMut<Assets<GizmoAsset>>) {
    let style = Label::new(NOTE_PIXELS, 0, LabelSide::Below);
    commands.spawn((RowNote, FrameFurniture, label(&mut assets, style, ("", palette::NOTE), Vec3::ZERO, frames.root)));
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
    let wanted = if settings.layers.small_grids && episodes.len() > 1 { settings.small_grids() } else { 0 };
    let slots = shown_slots(episodes.len(), focus_slot, wanted.min(fitting));
    let shown = &episodes[slots.clone()];
    let geometries = shown.iter().map(|episode| GridGeometry::of(episode)).collect();
    layout.set_if_neq(RowLayout { first_slot: slots.start, geometries, sheet });
    let shown = shown.iter().map(|episode| caption(episode)).collect();
    captions.set_if_neq(RowCaptions { focus, captions: shown, episodes: episodes.len() });
}

fn caption(episode: &EpisodeSnapshot) -> Caption {
    Caption {
        number: episode.number,
        step_share: episode.step as f32 / episode.steps.max(1) as f32,
        is_finished: episode.status.is_over(),
    }
}

/// Brings every shown grid to its place. A grid stays as it is as long as its slot is shown; one whose slot is not serves
/// another slot of the same geometry. Whatever is new in the row begins with its picture.
#[allow(clippy::too_many_arguments, reason = "one argument for each resource and query the system touches")]
pub(super) fn arrange_row(
    layout: Res<RowLayout>,
    latest: Option<Res<LatestSnapshot>>,
    settings: Res<ViewSettings>,
    ground: RowGround,
    huds: Query<Entity, With<Hud>>,
    mut grids: Query<(Entity, &mut SmallGrid, &GridGeometry, &mut Transform, &ChildOf)>,
    mut layers: Query<(&mut VoxelLayer, &mut SmallGridLayer, &ChildOf)>,
    mut spawner: VoxelLayerSpawner,
) {
    let Some(latest) = latest else { return };
    if layout.sheet.is_some() && !layout.is_changed() && !ground.eye.is_changed() {
        return;
    }

    // Grids whose slot is still shown stay, the others are free for other slots.
    let mut at_place: Vec<Option<Entity>> = vec![None; layout.count()];
    let mut spare = Vec::new();
    for (entity, grid, geometry, ..) in &grids {
        let place = layout.slots().position(|slot| slot == grid.slot);
        match place.filter(|place| layout.geometries[*place] == *geometry && at_place[*place].is_none()) {
            Some(place) => at_place[place] = Some(entity),
            None => spare.push((entity, *geometry)),
        }
    }

    let confirmed_byte = settings.confirmed_byte();
    for (place, (slot, geometry)) in layout.slots().zip(&layout.geometries).enumerate() {
        let Some(episode) = latest.0.episodes.get(slot) else { continue };
        let grid = SmallGrid { episode: episode.number, slot, half_extent_m: geometry.half_extent_m() };
        let (parent, placed) = match (huds.iter().next(), layout.sheet) {
            (Some(hud), Some(sheet)) => (hud, on_sheet(&layout, &sheet, place, geometry)),
            _ => (ground.frames.root, ground.under_scene(layout.count(), place, geometry)),
        };

        let of_this_geometry = || spare.iter().position(|(_, other)| other == geometry);
        let taken = at_place[place].is_none().then(of_this_geometry).flatten().map(|index| spare.swap_remove(index).0);
        let Some((entity, mut shown, _, mut transform, child_of)) =
            at_place[place].or(taken).and_then(|entity| grids.get_mut(entity).ok())
        else {
            spawn_grid(&mut spawner, parent, placed, grid, *geometry, (episode, confirmed_byte));
            continue;
        };
        if child_of.parent() == parent && layout.sheet.is_some() {
            // The camera turns the grids on the sheet.
            let turned = placed.with_rotation(transform.rotation);
            transform.set_if_neq(turned);
        } else {
            transform.set_if_neq(placed);
            spawner.commands.entity(entity).insert(ChildOf(parent));
        }
        if taken.is_some() {
            *shown = grid;
            for (mut layer, mut small, _) in layers.iter_mut().filter(|(.., child_of)| child_of.parent() == entity) {
                fill(&mut layer, &mut small, episode, confirmed_byte);
            }
        }
    }
    spare.into_iter().for_each(|(entity, _)| spawner.commands.entity(entity).despawn());
}

fn spawn_grid(
    spawner: &mut VoxelLayerSpawner,
    parent: Entity,
    place: Transform,
    grid: SmallGrid,
    geometry: GridGeometry,
    (episode, confirmed_byte): (&EpisodeSnapshot, u8),
) {
    let entity = spawner.commands.spawn((grid, geometry, place, Visibility::Inherited, ChildOf(parent))).id();
    for (kind, (cells, size_m)) in geometry.layers() {
        let small = SmallGridLayer { belief: episode.probability_u8.clone(), confirmed_byte };
        let probabilities = probabilities(cells, episode, confirmed_byte);
        spawner.spawn(entity, kind, (cells, size_m), &probabilities, small);
    }
}

fn fill(layer: &mut VoxelLayer, small: &mut SmallGridLayer, episode: &EpisodeSnapshot, confirmed_byte: u8) {
    layer.load_probabilities(&probabilities(layer.geometry().0, episode, confirmed_byte), confirmed_byte);
    *small = SmallGridLayer { belief: episode.probability_u8.clone(), confirmed_byte };
}

/// What a layer of so many cells shows of an episode.
fn probabilities(layer_cells: u32, episode: &EpisodeSnapshot, confirmed_byte: u8) -> Cow<'_, [u8]> {
    let cells = episode.grid.cells_per_axis();
    if layer_cells == cells {
        Cow::Borrowed(&episode.probability_u8)
    } else {
        Cow::Owned(coarsen::below(&episode.probability_u8, cells, confirmed_byte))
    }
}

/// In front of its tile, so that the tile hides what is behind both.
fn on_sheet(layout: &RowLayout, sheet: &HudSheet, place: usize, geometry: &GridGeometry) -> Transform {
    let tile = layout.tile(sheet);
    let (centre, nearer) = sheet.lifted(layout.tile_centre(sheet, place), 0.55 * tile);
    let scale = nearer * GRID_SHARE * tile / (2.0 * geometry.half_extent_m());
    Transform::from_translation(centre).with_scale(Vec3::splat(scale))
}

/// Where a row stands that is part of the scene: below everything that is flown, in the frame of the root.
#[derive(SystemParam)]
pub(super) struct RowGround<'w> {
    eye: Res<'w, CurrentEye>,
    frames: Res<'w, ViewFrames>,
    belief: Res<'w, SceneBelief>,
    extent: Res<'w, SceneExtent>,
    settings: Res<'w, ViewSettings>,
}

impl RowGround<'_> {
    const EDGE_M: f32 = 40.0;
    const SPACING_M: f32 = 68.0;

    /// Height of the grids' centres, m. In steps, so that a flight that goes lower does not push the row along.
    fn height_m(&self) -> f32 {
        const STEP_M: f32 = 50.0;
        // The target at its largest: the row does not follow as it shrinks.
        let half_m = self.belief.source.as_ref().map_or(0.0, |(grid, _)| grid.half_extent_m() as f32);
        let target_m = -half_m * self.settings.target_scale();
        let lowest_m = self.extent.flight().iter().map(|point| point.y).fold(target_m, f32::min);
        STEP_M * (lowest_m / STEP_M).floor() - 2.0 * Self::EDGE_M
    }

    fn under_scene(&self, count: usize, place: usize, geometry: &GridGeometry) -> Transform {
        let x = Self::SPACING_M * (place as f32 - (count as f32 - 1.0) / 2.0);
        Transform::from_xyz(x, self.height_m(), 0.0)
            .with_scale(Vec3::splat(Self::EDGE_M / (2.0 * geometry.half_extent_m())))
            .with_rotation(bevy_from_rtn())
    }

    /// Place of what is written under the row.
    fn note_place(&self) -> Vec3 {
        Vec3::Y * (self.height_m() - 1.5 * Self::EDGE_M)
    }
}

/// Puts a plate behind every grid on the sheet.
pub(super) fn arrange_tiles(
    layout: Res<RowLayout>,
    huds: Query<Entity, With<Hud>>,
    mut tiles: Query<(Entity, &mut Transform), With<Tile>>,
    mut look: Local<Option<(Handle<Mesh>, Handle<FlatMaterial>)>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<FlatMaterial>>,
    mut commands: Commands,
) {
    let (Some(hud), Some(sheet)) = (huds.iter().next(), layout.sheet) else { return };
    let mut places = (0..layout.count()).map(|place| tile_place(&layout, &sheet, place));
    for (entity, mut transform) in &mut tiles {
        match places.next() {
            Some(place) => {
                transform.set_if_neq(place);
            }
            None => commands.entity(entity).despawn(),
        }
    }
    let (mesh, material) =
        look.get_or_insert_with(|| (meshes.add(tile_mesh()), materials.add(FlatMaterial::glowing(AlphaMode::Opaque))));
    for place in places {
        let (mesh, material) = (Mesh3d(mesh.clone()), MeshMaterial3d(material.clone()));
        commands.spawn((Tile, mesh, material, place, NoFrustumCulling, ChildOf(hud)));
    }
}

fn tile_place(layout: &RowLayout, sheet: &HudSheet, place: usize) -> Transform {
    let tile = layout.tile(sheet);
    let centre = layout.tile_centre(sheet, place) - Vec2::Y * (CAPTION_HEIGHT / 2.0);
    Transform::from_translation(centre.extend(0.0)).with_scale(Vec3::new(tile, tile + CAPTION_HEIGHT, 1.0))
}

/// A dark square with edges of 1.
fn tile_mesh() -> Mesh {
    let colour = Color::srgb(0.035, 0.042, 0.065).to_linear().to_vec4();
    let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)];
    let mut builder = FlatMeshBuilder::default();
    builder.polygon(&corners.map(|(x, y)| (Vec3::new(x, y, 0.0), colour)));
    builder.build()
}

/// Layers filled in one frame: a run at full speed changes all beliefs between two frames, and the others can wait for the next.
const FILLED_PER_FRAME: usize = 2;

/// Fills the grids with their episodes' newest beliefs, a few layers in each frame, those that waited longest first.
pub(super) fn fill_row(
    settings: Res<ViewSettings>,
    latest: Option<Res<LatestSnapshot>>,
    mut grids: Query<&mut SmallGrid>,
    mut layers: Query<(&mut VoxelLayer, &mut SmallGridLayer, &ChildOf)>,
    mut first: Local<usize>,
) {
    let Some(latest) = latest else { return };
    for mut grid in &mut grids {
        if let Some(episode) = latest.0.episodes.get(grid.slot).filter(|episode| episode.number != grid.episode) {
            grid.episode = episode.number;
        }
    }

    let (slots, confirmed_byte) = (grids.iter().len().max(1), settings.confirmed_byte());
    let mut stale: Vec<_> = layers
        .iter_mut()
        .filter_map(|(layer, small, child_of)| {
            let slot = grids.get(child_of.parent()).ok()?.slot;
            Some((slot, latest.0.episodes.get(slot)?, layer, small))
        })
        .filter(|(_, episode, _, small)| !small.shows(&episode.probability_u8, confirmed_byte))
        .collect();
    stale.sort_by_key(|(slot, ..)| (slot + slots - *first % slots) % slots);
    for (slot, episode, mut layer, mut small) in stale.into_iter().take(FILLED_PER_FRAME) {
        fill(&mut layer, &mut small, episode, confirmed_byte);
        *first = slot + 1;
    }
}

/// Numbers, progress, the frame of the focus, and how many episodes are left out.
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
            write_caption(&mut lines, caption, in_focus, centre - Vec2::Y * (tile / 2.0), tile);
        }
        let below = Vec2::new(sheet.size.x / 2.0, MARGIN / 2.0);
        write(&mut lines, &captions.note(), below, CAPTION_PIXELS, Vec2::ZERO, palette::NOTE);
    }
}

/// The number, and below it the progress: however long the number is, the two never meet.
fn write_caption(lines: &mut GizmoAsset, caption: &Caption, in_focus: bool, top: Vec2, tile: f32) {
    let half = tile / 2.0 - CAPTION_MARGIN;
    let number = caption.number.to_string();
    let pixels = fitting(&number, CAPTION_PIXELS, 2.0 * half);
    let colour = if in_focus { palette::TEXT } else { palette::TEXT_DIM };
    write(lines, &number, top - Vec2::new(half, NUMBER_DEPTH), pixels, Vec2::new(-0.5, 0.0), colour);

    let (start, end) = (top - Vec2::new(half, PROGRESS_DEPTH), top - Vec2::new(-half, PROGRESS_DEPTH));
    let reached = start.lerp(end, caption.step_share.clamp(0.0, 1.0));
    let done = if caption.is_finished { palette::axis(1) } else { palette::FLOWN };
    for raise in [-1.0, 0.0, 1.0] {
        let shift = Vec3::new(0.0, raise, 0.5);
        lines.line(start.extend(0.0) + shift, reached.extend(0.0) + shift, done);
        lines.line(reached.extend(0.0) + shift, end.extend(0.0) + shift, palette::FRAME.with_alpha(0.35));
    }
}

/// Middle of the number and of the progress below the grid's part of the tile, pixels.
const NUMBER_DEPTH: f32 = 7.0;
const PROGRESS_DEPTH: f32 = 19.0;

/// Says under a row in the scene how many episodes it leaves out.
pub(super) fn note_row(
    captions: Res<RowCaptions>,
    ground: RowGround,
    huds: Query<(), With<Hud>>,
    mut notes: Query<(&Gizmo, &mut Label, &mut Transform), With<RowNote>>,
    mut assets: ResMut<Assets<GizmoAsset>>,
) {
    for (gizmo, mut label, mut transform) in &mut notes {
        transform.translation = ground.note_place();
        if (captions.is_changed() || ground.eye.is_changed())
            && let Some(mut lines) = redraw(&mut assets, gizmo)
        {
            // With a sheet it is written there.
            let text = if huds.is_empty() { captions.note() } else { String::new() };
            label.write(&mut lines, &text, palette::NOTE);
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
            let geometries = vec![GridGeometry(20, 1.0); count];
            let layout = RowLayout { first_slot: 0, geometries, sheet: Some(sheet) };
            let tile = layout.tile(&sheet);
            let centres: Vec<f32> = (0..count).map(|place| layout.tile_centre(&sheet, place).x).collect();
            assert!(centres.windows(2).all(|pair| pair[1] - pair[0] >= tile));
            assert!(centres[0] - tile / 2.0 >= 0.0 && centres[count - 1] + tile / 2.0 <= width);
        }
    }

    #[test]
    fn the_row_says_how_many_episodes_it_leaves_out() {
        let captions = |shown: u32, episodes: usize| {
            let caption = |number| Caption { number, step_share: 0.5, is_finished: false };
            RowCaptions { focus: 0, captions: (0..shown).map(caption).collect(), episodes }
        };
        assert_eq!(captions(12, 65).note(), "12 of 65 episodes");
        assert_eq!(captions(8, 8).note(), "");
        assert_eq!(captions(0, 1).note(), "", "a single episode has no row");
    }

    #[test]
    fn a_number_of_any_length_stays_in_its_tile_and_clear_of_its_progress() {
        for (tile, number) in
            [SMALLEST_TILE, LARGEST_TILE].into_iter().flat_map(|tile| [0, 64, 999, 123_456].map(|n| (tile, n)))
        {
            let mut lines = GizmoAsset::default();
            let caption = Caption { number, step_share: 0.4, is_finished: false };
            write_caption(&mut lines, &caption, true, Vec2::ZERO, tile);
            let written = |positions: &[Vec3]| positions.iter().copied().filter(|p| p.is_finite()).collect::<Vec<_>>();
            let (digits, progress) = (written(&lines.strip_positions), written(&lines.list_positions));
            let lowest_digit = digits.iter().map(|point| point.y).fold(f32::INFINITY, f32::min);
            let highest_digit = digits.iter().map(|point| point.y).fold(f32::NEG_INFINITY, f32::max);
            let highest_progress = progress.iter().map(|point| point.y).fold(f32::NEG_INFINITY, f32::max);
            assert!(lowest_digit > highest_progress + 2.0, "{number}: {lowest_digit} and {highest_progress}");
            assert!(highest_digit < 0.0, "{number} reaches into its grid");
            assert!(
                digits.iter().chain(&progress).all(|point| point.x.abs() < tile / 2.0 && point.y > -CAPTION_HEIGHT)
            );
        }
    }
}
