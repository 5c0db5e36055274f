use bevy::camera::visibility::NoFrustumCulling;
use bevy::ecs::system::SystemParam;
use bevy::platform::collections::HashMap;
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;

use super::colour_map::ColourMap;
use super::eye::ViewEye;
use super::painter_order::{ViewpointCell, back_to_front};
use super::palette;
use super::settings::ViewSettings;
use super::voxel_material::{VoxelLayerKind, VoxelMaterial, VoxelParams, slot_mesh};

/// One drawn layer of one voxel grid: which voxels are shown, and the buffers the shader reads.
#[derive(Component, Debug)]
pub struct VoxelLayer {
    kind: VoxelLayerKind,
    cells_per_axis: u32,
    voxel_size_m: f32,
    state: Vec<u32>,
    shown: u32,
    state_is_stale: bool,
    ordered_from: Option<ViewpointCell>,
    state_buffer: Handle<ShaderBuffer>,
    order_buffer: Handle<ShaderBuffer>,
}

const ALL_FACES: u32 = 0x3f << 8;
const NO_VOXEL: u32 = u32::MAX;
/// Bytes of probability below which a voxel counts as empty space and is not drawn: P < 0.016.
const EMPTY_BELOW: u8 = 4;

impl VoxelLayer {
    /// Cells along each axis, and the edge of a cell in metres.
    pub fn geometry(&self) -> (u32, f32) {
        (self.cells_per_axis, self.voxel_size_m)
    }

    /// Voxels drawn.
    pub fn shown(&self) -> u32 {
        self.shown
    }

    /// Takes P(occupied) of every voxel in grid order, 0 for 0 and 255 for 1; voxels past the end of the slice are not drawn.
    pub(super) fn load_probabilities(&mut self, probabilities: &[u8], confirmed_byte: u8) {
        match self.kind {
            VoxelLayerKind::Uncertain => self.load(probabilities, |byte| (EMPTY_BELOW..confirmed_byte).contains(&byte)),
            VoxelLayerKind::Confirmed | VoxelLayerKind::Ghost => {
                self.load(probabilities, |byte| byte >= confirmed_byte);
                self.hide_inner_faces();
            }
        }
    }

    fn load(&mut self, bytes: &[u8], is_shown: impl Fn(u8) -> bool) {
        self.shown = 0;
        self.state.fill(0);
        for (word, byte) in self.state.iter_mut().zip(bytes) {
            let shown = is_shown(*byte);
            self.shown += u32::from(shown);
            *word = u32::from(*byte) | if shown { ALL_FACES } else { 0 };
        }
        self.state_is_stale = true;
        self.ordered_from = None;
    }

    /// Clears the faces between two shown voxels, which no camera outside can see.
    fn hide_inner_faces(&mut self) {
        let shown: Vec<bool> = self.state.iter().map(|word| word & ALL_FACES != 0).collect();
        let cells = self.cells_per_axis as usize;
        let strides = [cells * cells, cells, 1];
        for index in (0..shown.len()).filter(|index| shown[*index]) {
            for (axis, stride) in strides.into_iter().enumerate() {
                let cell = index / stride % cells;
                if cell > 0 && shown[index - stride] {
                    self.state[index] &= !(1 << (8 + 2 * axis));
                }
                if cell + 1 < cells && shown[index + stride] {
                    self.state[index] &= !(1 << (9 + 2 * axis));
                }
            }
        }
    }

    /// Slots in the painter's order, padded to one per voxel.
    fn slots_from(&self, viewpoint: ViewpointCell) -> Vec<u32> {
        let mut slots = Vec::with_capacity(self.state.len());
        back_to_front(self.cells_per_axis, viewpoint, |voxel| {
            if self.state[voxel as usize] & ALL_FACES != 0 {
                slots.push(voxel);
            }
        });
        slots.resize(self.state.len(), NO_VOXEL);
        slots
    }
}

/// Meshes and colour table shared by all layers.
#[derive(Resource, Default)]
pub(super) struct VoxelAssets {
    meshes: HashMap<u32, Handle<Mesh>>,
    colours: Option<(ColourMap, Handle<ShaderBuffer>)>,
}

/// What it takes to make a layer.
#[derive(SystemParam)]
pub(super) struct VoxelLayerSpawner<'w, 's> {
    /// For the parents too: commands of another parameter might come later.
    pub commands: Commands<'w, 's>,
    buffers: ResMut<'w, Assets<ShaderBuffer>>,
    materials: ResMut<'w, Assets<VoxelMaterial>>,
    assets: ResMut<'w, VoxelAssets>,
    settings: Res<'w, ViewSettings>,
}

impl VoxelLayerSpawner<'_, '_> {
    /// Spawns a layer under `parent`, whose axes are the grid's and whose origin is the grid's centre; `probabilities`
    /// as in [`VoxelLayer::load_probabilities`].
    pub fn spawn(
        &mut self,
        parent: Entity,
        kind: VoxelLayerKind,
        (cells_per_axis, voxel_size_m): (u32, f32),
        probabilities: &[u8],
        more: impl Bundle,
    ) -> Entity {
        let voxels = cells_per_axis.pow(3) as usize;
        let state_buffer = self.buffers.add(words(&vec![0; voxels]));
        let order_buffer = self.buffers.add(words(&vec![NO_VOXEL; voxels]));
        let material = VoxelMaterial {
            kind,
            params: params(kind, cells_per_axis, voxel_size_m, &self.settings),
            state: state_buffer.clone(),
            order: order_buffer.clone(),
            colours: self.colour_table(),
            alpha_mode: if kind == VoxelLayerKind::Confirmed { AlphaMode::Opaque } else { AlphaMode::Blend },
            // The ghost is a shell round the cloud: it goes over it.
            depth_bias: if kind == VoxelLayerKind::Ghost { -1.0 } else { 0.0 },
        };
        let mut layer = VoxelLayer {
            kind,
            cells_per_axis,
            voxel_size_m,
            state: vec![0; voxels],
            shown: 0,
            state_is_stale: false,
            ordered_from: None,
            state_buffer,
            order_buffer,
        };
        layer.load_probabilities(probabilities, self.settings.confirmed_byte());
        let material = self.materials.add(material);
        let bundle = (layer, MeshMaterial3d(material), NoFrustumCulling, Visibility::Hidden, Transform::IDENTITY);
        self.commands.spawn((bundle, more, ChildOf(parent))).id()
    }

    fn colour_table(&mut self) -> Handle<ShaderBuffer> {
        let map = self.settings.probability_colours;
        let buffers = &mut self.buffers;
        let (_, table) = self.assets.colours.get_or_insert_with(|| (map, buffers.add(map.linear_table())));
        table.clone()
    }
}

fn words(values: &[u32]) -> ShaderBuffer {
    ShaderBuffer::new(bytemuck::cast_slice(values), default())
}

fn params(kind: VoxelLayerKind, cells_per_axis: u32, voxel_size_m: f32, settings: &ViewSettings) -> VoxelParams {
    let ghost = kind == VoxelLayerKind::Ghost;
    VoxelParams {
        sun_direction: settings.sun_rtn(),
        voxel_size_m,
        cells_per_axis,
        opacity: if ghost { 0.1 } else { settings.opacity_of_the_unknown() },
        ambient: if kind == VoxelLayerKind::Confirmed { 0.34 } else { 0.7 },
        tint: if ghost { palette::TRUTH.to_linear().to_vec4() } else { Vec4::ZERO },
    }
}

/// Follows changes of the settings: colours, opacity, sun.
pub(super) fn restyle_layers(
    settings: Res<ViewSettings>,
    mut assets: ResMut<VoxelAssets>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut materials: ResMut<Assets<VoxelMaterial>>,
    layers: Query<(&VoxelLayer, &MeshMaterial3d<VoxelMaterial>)>,
) {
    let map = settings.probability_colours;
    if let Some((drawn, table)) = &mut assets.colours
        && *drawn != map
        && let Some(mut buffer) = buffers.get_mut(&*table)
    {
        *drawn = map;
        buffer.set_data(map.linear_table());
    }
    for (layer, material) in &layers {
        let wanted = params(layer.kind, layer.cells_per_axis, layer.voxel_size_m, &settings);
        if materials.get(&material.0).is_some_and(|material| material.params != wanted)
            && let Some(mut material) = materials.get_mut(&material.0)
        {
            material.params = wanted;
        }
    }
}

/// Writes what changed since the last frame into the buffers: states after a new belief, the order when the camera
/// entered another cell of the grid.
pub(super) fn order_layers(
    eye: ViewEye,
    mut layers: Query<(Entity, &mut VoxelLayer, &mut Visibility, &GlobalTransform, Option<&Mesh3d>)>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut assets: ResMut<VoxelAssets>,
    mut commands: Commands,
) {
    let Some(eye_world) = eye.position() else { return };
    for (entity, mut layer, mut visibility, transform, mesh) in &mut layers {
        let cells = layer.cells_per_axis;
        let local = transform.affine().inverse().transform_point3(eye_world) / layer.voxel_size_m;
        let viewpoint = ViewpointCell::new(local + 0.5 * cells as f32, cells);
        let blended = layer.kind != VoxelLayerKind::Confirmed;
        let order_is_fresh = layer.ordered_from.is_some_and(|from| !blended || from == viewpoint);
        if order_is_fresh && !layer.state_is_stale {
            continue;
        }
        if layer.state_is_stale {
            visibility.set_if_neq(if layer.shown == 0 { Visibility::Hidden } else { Visibility::Inherited });
            let fitting = mesh_for(layer.shown, &mut assets, &mut meshes);
            if mesh.is_none_or(|mesh| mesh.0 != fitting) {
                commands.entity(entity).insert(Mesh3d(fitting));
            }
            write(&mut buffers, &layer.state_buffer, &layer.state);
            layer.state_is_stale = false;
        }
        write(&mut buffers, &layer.order_buffer, &layer.slots_from(viewpoint));
        layer.ordered_from = Some(viewpoint);
    }
}

fn write(buffers: &mut Assets<ShaderBuffer>, handle: &Handle<ShaderBuffer>, values: &[u32]) {
    // Same length, usage and label: Bevy writes into the buffer on the GPU, and the bind group stays as it is.
    if let Some(mut buffer) = buffers.get_mut(handle) {
        buffer.data = Some(bytemuck::cast_slice(values).to_vec());
    }
}

/// The smallest shared mesh with room for `shown` cubes: a grid that is mostly empty costs few vertices.
fn mesh_for(shown: u32, assets: &mut VoxelAssets, meshes: &mut Assets<Mesh>) -> Handle<Mesh> {
    const FEWEST_SLOTS: u32 = 64;
    let slots = shown.max(FEWEST_SLOTS).next_power_of_two();
    assets.meshes.entry(slots).or_insert_with(|| meshes.add(slot_mesh(slots))).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: u32 = 4;

    fn layer(kind: VoxelLayerKind) -> VoxelLayer {
        VoxelLayer {
            kind,
            cells_per_axis: CELLS,
            voxel_size_m: 1.0,
            state: vec![0; CELLS.pow(3) as usize],
            shown: 0,
            state_is_stale: false,
            ordered_from: None,
            state_buffer: Handle::default(),
            order_buffer: Handle::default(),
        }
    }

    fn faces(layer: &VoxelLayer, [x, y, z]: [u32; 3]) -> u32 {
        layer.state[((x * CELLS + y) * CELLS + z) as usize] >> 8
    }

    #[test]
    fn every_voxel_in_doubt_or_confirmed_is_drawn_by_exactly_one_layer() {
        let bytes: Vec<u8> = (0..64).map(|index| index * 4).collect();
        let (mut confirmed, mut uncertain) = (layer(VoxelLayerKind::Confirmed), layer(VoxelLayerKind::Uncertain));
        confirmed.load_probabilities(&bytes, 230);
        uncertain.load_probabilities(&bytes, 230);
        let empty = bytes.iter().filter(|byte| **byte < EMPTY_BELOW).count() as u32;
        assert_eq!(confirmed.shown + uncertain.shown + empty, 64);
        assert_eq!(confirmed.shown, bytes.iter().filter(|byte| **byte >= 230).count() as u32);
    }

    #[test]
    fn faces_between_two_confirmed_voxels_are_hidden_and_those_at_the_border_are_not() {
        let mut bytes = vec![0_u8; 64];
        // Two neighbours along T at the grid's lowest corner.
        bytes[0] = 255;
        bytes[CELLS as usize] = 255;
        let mut layer = layer(VoxelLayerKind::Confirmed);
        layer.load_probabilities(&bytes, 230);
        assert_eq!(faces(&layer, [0, 0, 0]), 0b11_01_11, "only +T is hidden");
        assert_eq!(faces(&layer, [0, 1, 0]), 0b11_10_11, "only −T is hidden");
    }

    #[test]
    fn slots_hold_the_shown_voxels_once_and_then_nothing() {
        let bytes: Vec<u8> = (0..64).map(|index| if index % 3 == 0 { 128 } else { 0 }).collect();
        let mut layer = layer(VoxelLayerKind::Uncertain);
        layer.load_probabilities(&bytes, 230);
        let slots = layer.slots_from(ViewpointCell::new(Vec3::new(-9.0, 2.0, 2.0), CELLS));
        let (drawn, rest) = slots.split_at(layer.shown as usize);
        let mut drawn = drawn.to_vec();
        drawn.sort_unstable();
        assert_eq!(drawn, (0..64).filter(|index| index % 3 == 0).collect::<Vec<u32>>());
        assert_eq!(slots.len(), 64);
        assert!(rest.iter().all(|slot| *slot == NO_VOXEL));
    }
}
