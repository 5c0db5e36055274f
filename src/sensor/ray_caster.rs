use std::ops::Range;

use glam::DVec3;
use rand::Rng;

use super::instructions::{InstructionSet, Kernel};
use super::noise::{NoiseTable, RayNoise};
use super::ray_packet::{Crossings, ImageGeometry, LANES, Lanes, RayPacket, STRIDE};
use super::{Camera, CameraPose, Observation, SensorModel};
use crate::voxel::{Occupancy, VoxelGrid};

/// Takes images of a grid: casts the rays of a camera and counts, voxel by voxel, which were hit and which passed.
///
/// Keep one per worker: it owns the tables that images share and allocates nothing per image.
#[derive(Debug, Clone)]
pub struct RayCaster {
    grid: VoxelGrid,
    camera: Camera,
    instructions: InstructionSet,
    noise: NoiseTable,
    /// Offset of every pixel column or row at unit distance, followed by a packet's worth of zeros.
    pixel_offsets: Vec<f64>,
}

impl RayCaster {
    /// A caster for images of `grid` by `camera`, with the widest instructions of this machine.
    pub fn new(grid: VoxelGrid, camera: Camera) -> Self {
        Self::with_instructions(grid, camera, InstructionSet::widest())
    }

    /// The same with a chosen set of instructions; the counts are the same with every set.
    pub fn with_instructions(grid: VoxelGrid, camera: Camera, instructions: InstructionSet) -> Self {
        let offsets = (0..camera.pixels()).map(|i| camera.pixel_offset(i));
        Self {
            grid,
            camera,
            instructions,
            noise: Self::noise_table(&grid, SensorModel::reference()),
            pixel_offsets: offsets.chain([0.0; LANES]).collect(),
        }
    }

    /// The grid of which images are taken.
    pub const fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// The camera that takes them.
    pub const fn camera(&self) -> &Camera {
        &self.camera
    }

    /// The instructions in use.
    pub const fn instructions(&self) -> InstructionSet {
        self.instructions
    }

    /// A straight ray crosses at most `3n − 2` voxels of a grid of `n³`.
    fn noise_table(grid: &VoxelGrid, sensor: SensorModel) -> NoiseTable {
        NoiseTable::new(sensor, 3 * grid.cells_per_axis() as usize - 2)
    }

    /// Takes one image of `truth` from a position in RTN metres, looking at the grid's centre, and writes its
    /// counts over those in `image`. Draws one number from `rng`, whatever the image shows.
    ///
    /// A camera inside the grid sees from where it is, its own voxel included. A position that is not finite sees
    /// nothing.
    ///
    /// # Panics
    /// If `truth` or `image` belong to another grid than the caster: an error of the program, never of its input.
    pub fn observe(
        &mut self,
        truth: &Occupancy,
        position_rtn_m: DVec3,
        sensor: &SensorModel,
        rng: &mut impl Rng,
        image: &mut Observation,
    ) {
        assert!(truth.grid() == &self.grid && image.grid() == &self.grid, "grids of caster, shape and image differ");
        if self.noise.sensor() != sensor {
            self.noise = Self::noise_table(&self.grid, *sensor);
        }
        image.clear();
        let key = rng.next_u64();
        if !position_rtn_m.is_finite() {
            return;
        }
        let pose = CameraPose::looking_at_centre(position_rtn_m);
        let (columns, rows) = self.pixels_of_grid(&pose);
        let geometry = ImageGeometry::new(&self.grid, &pose);
        let instructions = self.instructions;
        instructions.run(ImageKernel {
            caster: self,
            geometry,
            columns,
            rows,
            key,
            cells: truth.cells_with_outside(),
            image,
        });
    }

    /// Columns and rows of the pixels that can see the grid: the box around its eight projected corners, or the
    /// whole image where a corner is not in front of the camera.
    fn pixels_of_grid(&self, pose: &CameraPose) -> (Range<u32>, Range<u32>) {
        let whole = 0..self.camera.pixels();
        let half = self.grid.half_extent_m();
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for corner in 0..8 {
            let side = |bit: u32| if corner >> bit & 1 == 0 { -half } else { half };
            let to_corner = DVec3::new(side(0), side(1), side(2)) - pose.position_m;
            let depth = to_corner.dot(pose.forward);
            if depth <= 1e-9 * half {
                return (whole.clone(), whole);
            }
            for (axis, direction) in [pose.right, pose.up].into_iter().enumerate() {
                let offset = to_corner.dot(direction) / depth;
                low[axis] = low[axis].min(offset);
                high[axis] = high[axis].max(offset);
            }
        }
        (self.pixels_between(low[0], high[0]), self.pixels_between(low[1], high[1]))
    }

    /// The pixels whose middles lie between two offsets from the optical axis.
    fn pixels_between(&self, low: f64, high: f64) -> Range<u32> {
        // Rounding of the projection must not cost a pixel.
        const MARGIN_PIXELS: f64 = 1e-6;
        let pixels = f64::from(self.camera.pixels());
        let position = |offset: f64| (offset / self.camera.half_extent() + 1.0) * 0.5 * pixels - 0.5;
        let first = (position(low) - MARGIN_PIXELS).ceil().clamp(0.0, pixels) as u32;
        let end = ((position(high) + MARGIN_PIXELS).floor() + 1.0).clamp(0.0, pixels) as u32;
        first..end.max(first)
    }
}

/// One image.
struct ImageKernel<'a> {
    caster: &'a RayCaster,
    geometry: ImageGeometry,
    columns: Range<u32>,
    rows: Range<u32>,
    key: u64,
    cells: &'a [u8],
    image: &'a mut Observation,
}

impl Kernel for ImageKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let mut packet = RayPacket::new();
        for row in self.rows.clone() {
            for column in self.columns.clone().step_by(LANES) {
                self.cast(row, column, &mut packet);
            }
        }
    }
}

impl ImageKernel<'_> {
    /// Casts the rays of up to sixteen neighbouring pixels of one row.
    #[inline(always)]
    fn cast(&mut self, row: u32, column: u32, packet: &mut RayPacket) {
        let offsets = &self.caster.pixel_offsets;
        let Some(x) = offsets[column as usize..].first_chunk::<LANES>() else {
            return;
        };
        let live = (self.columns.end - column).min(LANES as u32);
        packet.enter(&self.geometry, x, offsets[row as usize], live as usize);
        let mut travelling = packet.meeting();
        self.image.rays_entering += travelling.count_ones();
        let first_ray = row * self.caster.camera.pixels() + column;
        let mut rays = self.set_off(first_ray);
        let mut crossings: Crossings = [Lanes([0; LANES]); STRIDE];
        while travelling != 0 {
            packet.march(self.caster.grid.len() as u32, &mut crossings);
            let mut remaining = travelling;
            while remaining != 0 {
                let lane = remaining.trailing_zeros() as usize;
                remaining &= remaining - 1;
                if !self.follow(&crossings, lane, &mut rays[lane]) {
                    travelling &= !(1 << lane);
                }
            }
        }
    }

    #[inline(always)]
    fn set_off(&self, first_ray: u32) -> [RayState; LANES] {
        std::array::from_fn(|lane| {
            let noise = self.caster.noise.of_ray(self.key, first_ray + lane as u32);
            RayState { noise, misses_left: None }
        })
    }

    /// Follows one ray over the voxels of a stride; false once it has ended.
    #[inline(always)]
    fn follow(&mut self, crossings: &Crossings, lane: usize, ray: &mut RayState) -> bool {
        let mut step = 0_usize;
        let alive = loop {
            let start = step;
            let end = STRIDE.min(step.saturating_add(ray.noise.empties as usize));
            while step < end {
                let voxel = crossings[step].0[lane] as usize;
                if self.cells[voxel] != Occupancy::EMPTY {
                    break;
                }
                self.image.passes[voxel] += 1;
                step += 1;
            }
            ray.noise.empties -= (step - start) as u32;
            if step == STRIDE {
                break true;
            }
            let voxel = crossings[step].0[lane] as usize;
            let cell = self.cells[voxel];
            if cell == Occupancy::OUTSIDE {
                break false;
            }
            if cell == Occupancy::OCCUPIED && ray.sees_through(&self.caster.noise) {
                self.image.passes[voxel] += 1;
                step += 1;
                continue;
            }
            self.image.hits[voxel] += 1;
            self.image.total_hits += 1;
            break false;
        };
        self.image.total_passes += step as u32;
        alive
    }
}

/// What noise still has in store for a ray.
#[derive(Debug, Clone, Copy)]
struct RayState {
    noise: RayNoise,
    /// Known from the first occupied voxel on, which most rays never meet.
    misses_left: Option<u32>,
}

impl RayState {
    #[inline(always)]
    fn sees_through(&mut self, noise: &NoiseTable) -> bool {
        let misses_left = self.misses_left.get_or_insert_with(|| noise.misses(self.noise));
        let sees_through = *misses_left > 0;
        *misses_left = misses_left.saturating_sub(1);
        sees_through
    }
}
