use std::ops::Range;

use glam::DVec3;
use rand::Rng;

use super::image::ImageKernel;
use super::instructions::InstructionSet;
use super::noise::NoiseTable;
use super::ray_packet::{ImageGeometry, LANES};
use super::scene::Scene;
use super::{Camera, CameraPose, Observation, SensorModel};
use crate::voxel::{ImaginedShape, Occupancy, VoxelGrid};

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
        self.take(truth, position_rtn_m, sensor, rng, image);
    }

    /// The same image of an imagined shape, of which only the voxels are drawn that rays meet: it is the image of the
    /// [whole](ImaginedShape::to_occupancy) shape.
    ///
    /// # Panics
    /// If `shape` or `image` belong to another grid than the caster: an error of the program, never of its input.
    pub fn observe_imagined(
        &mut self,
        shape: &mut ImaginedShape,
        position_rtn_m: DVec3,
        sensor: &SensorModel,
        rng: &mut impl Rng,
        image: &mut Observation,
    ) {
        self.take(shape, position_rtn_m, sensor, rng, image);
    }

    fn take(
        &mut self,
        scene: impl Scene,
        position_rtn_m: DVec3,
        sensor: &SensorModel,
        rng: &mut impl Rng,
        image: &mut Observation,
    ) {
        assert!(scene.grid() == &self.grid && image.grid() == &self.grid, "grids of caster, shape and image differ");
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
        self.instructions.run(ImageKernel {
            geometry: ImageGeometry::new(&self.grid, &pose),
            noise: &self.noise,
            pixel_offsets: &self.pixel_offsets,
            pixels: self.camera.pixels(),
            columns,
            rows,
            key,
            scene,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::sensor::by_sorting;
    use crate::voxel::CompactCode;

    /// A generator that always gives the image key 99.
    fn key_99() -> impl Rng {
        struct Constant;
        impl rand::TryRng for Constant {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Ok(99)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(99)
            }
            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
                bytes.fill(99);
                Ok(())
            }
        }
        Constant
    }

    fn random_shape(grid: VoxelGrid, share: f64, seed: u64) -> Occupancy {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Occupancy::from_fn(grid, |_| rand::RngExt::random_bool(&mut rng, share))
    }

    fn image(caster: &mut RayCaster, truth: &Occupancy, position: DVec3, sensor: &SensorModel) -> Observation {
        let mut image = Observation::new(*caster.grid());
        caster.observe(truth, position, sensor, &mut key_99(), &mut image);
        image
    }

    /// The same image ray by ray and voxel by voxel; `None` where a crossing is too short to be sure of.
    fn image_by_sorting(caster: &RayCaster, truth: &Occupancy, position: DVec3) -> Option<Observation> {
        let mut image = Observation::new(caster.grid);
        let pose = CameraPose::looking_at_centre(position);
        let pixels = caster.camera.pixels();
        for ray_number in 0..caster.camera.rays() {
            let (x, y) = (ray_number % pixels, ray_number / pixels);
            let offset = |i| caster.camera.pixel_offset(i);
            let direction = pose.forward + offset(x) * pose.right + offset(y) * pose.up;
            let ray = by_sorting::ray(&caster.grid, position, direction);
            if ray.ambiguous {
                return None;
            }
            image.rays_entering += u32::from(!ray.voxels.is_empty());
            let noise = caster.noise.of_ray(99, ray_number);
            let (mut empties, mut misses) = (noise.empties, noise.misses);
            for voxel in ray.voxels {
                let left = if truth.is_occupied(voxel) { &mut misses } else { &mut empties };
                if *left == 0 {
                    image.hits[voxel.as_usize()] += 1;
                    image.total_hits += 1;
                    break;
                }
                *left -= 1;
                image.passes[voxel.as_usize()] += 1;
                image.total_passes += 1;
            }
        }
        Some(image)
    }

    #[test]
    fn a_solid_grid_stops_every_ray_and_an_empty_one_none() {
        let grid = VoxelGrid::default();
        let mut caster = RayCaster::new(grid, Camera::new(0.3, 40).unwrap());
        let position = DVec3::new(30.0, -70.0, 20.0);
        let solid = image(&mut caster, &Occupancy::from_fn(grid, |_| true), position, &SensorModel::perfect());
        assert_eq!((solid.total_hits(), solid.total_passes()), (solid.rays_entering(), 0));
        let empty = image(&mut caster, &Occupancy::empty(grid), position, &SensorModel::perfect());
        assert_eq!((empty.total_hits(), empty.rays_entering()), (0, solid.rays_entering()));
        assert!(empty.rays_entering() > 100 && empty.total_passes() > empty.rays_entering());
    }

    #[test]
    fn opposite_cameras_see_mirrored_counts_of_a_symmetric_shape() {
        let grid = VoxelGrid::default();
        let cube = Occupancy::from_fn(grid, |v| grid.coordinates(v).iter().all(|c| (6..14).contains(c)));
        let mut caster = RayCaster::new(grid, Camera::new(10_f64.to_radians(), 64).unwrap());
        for axis in 0..3 {
            let [ahead, behind] = [200.0, -200.0].map(|distance| {
                let mut position = DVec3::ZERO;
                position[axis] = distance;
                image(&mut caster, &cube, position, &SensorModel::perfect())
            });
            for voxel in grid.indices() {
                let mut mirrored = grid.coordinates(voxel);
                mirrored[axis] = 19 - mirrored[axis];
                let mirrored = grid.index(mirrored[0], mirrored[1], mirrored[2]);
                assert_eq!(ahead.hits(voxel), behind.hits(mirrored), "axis {axis}, {voxel:?}");
                assert_eq!(ahead.passes(voxel), behind.passes(mirrored), "axis {axis}, {voxel:?}");
            }
        }
    }

    #[test]
    fn a_camera_inside_the_grid_sees_from_its_own_voxel_on() {
        let grid = VoxelGrid::default();
        let mut caster = RayCaster::new(grid, Camera::new(0.8, 9).unwrap());
        for position in
            [DVec3::new(4.2, 0.7, -0.3), DVec3::ZERO, DVec3::new(-10.0, 0.0, 0.0), DVec3::new(10.0, 0.0, 0.0)]
        {
            let seen = image(&mut caster, &Occupancy::empty(grid), position, &SensorModel::perfect());
            assert_eq!((seen.rays_entering(), seen.total_hits()), (81, 0), "{position}");
            let own = grid.voxel_at_m(position).filter(|_| position.x == 4.2);
            assert!(own.is_none_or(|voxel| seen.passes(voxel) == 81), "{position}");
        }
    }

    #[test]
    fn positions_that_are_no_numbers_see_nothing() {
        let grid = VoxelGrid::default();
        let mut caster = RayCaster::new(grid, Camera::new(0.8, 9).unwrap());
        for position in [DVec3::NAN, DVec3::new(f64::INFINITY, 0.0, 0.0), DVec3::splat(1e308), DVec3::splat(1e-308)] {
            let seen = image(&mut caster, &Occupancy::empty(grid), position, &SensorModel::perfect());
            assert!(seen.total_hits() == 0, "{position}");
        }
    }

    #[test]
    fn noise_has_the_sensor_s_frequencies() {
        let grid = VoxelGrid::default();
        let mut caster = RayCaster::new(grid, Camera::new(10_f64.to_radians(), 64).unwrap());
        let sensor = SensorModel::new(0.8, 0.004).unwrap();
        let truth = Occupancy::from_fn(grid, |v| grid.coordinates(v)[0] == 10);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut seen = Observation::new(grid);
        let mut counts = [[0_u32; 2]; 2];
        for _ in 0..40 {
            caster.observe(&truth, DVec3::new(90.0, 30.0, 10.0), &sensor, &mut rng, &mut seen);
            for voxel in seen.touched() {
                let of_kind = &mut counts[usize::from(truth.is_occupied(voxel))];
                of_kind[0] += u32::from(seen.hits(voxel));
                of_kind[1] += u32::from(seen.passes(voxel));
            }
        }
        for ([hits, passes], expected) in counts.into_iter().zip([0.004, 0.8]) {
            let tests = f64::from(hits + passes);
            let deviation = (expected * (1.0 - expected) / tests).sqrt();
            assert!((f64::from(hits) / tests - expected).abs() < 5.0 * deviation, "{hits} of {tests}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn noisy_images_are_those_of_rays_followed_one_by_one(
            n in 8_u32..=30,
            pixels in 1_u32..=24,
            position in prop::array::uniform3(-60.0_f64..60.0),
            share in 0.0_f64..0.6,
            (p_hit_empty, contrast) in (0.001_f64..0.1, 0.05_f64..0.85),
            seed in any::<u64>(),
        ) {
            let grid = VoxelGrid::new(n, 20.0 / f64::from(n)).unwrap();
            let mut caster = RayCaster::new(grid, Camera::new(0.6, pixels).unwrap());
            let truth = random_shape(grid, share, seed);
            let sensor = SensorModel::new(p_hit_empty + contrast, p_hit_empty).unwrap();
            let seen = image(&mut caster, &truth, DVec3::from(position), &sensor);
            let expected = image_by_sorting(&caster, &truth, DVec3::from(position));
            prop_assume!(expected.is_some());
            prop_assert!(Some(seen) == expected);
        }

        #[test]
        fn every_instruction_set_gives_the_same_counts_and_totals(
            n in 8_u32..=40,
            pixels in 1_u32..=64,
            position in prop::array::uniform3(-60.0_f64..60.0),
            share in 0.0_f64..0.3,
            seed in any::<u64>(),
        ) {
            let grid = VoxelGrid::new(n, 1.0).unwrap();
            let truth = random_shape(grid, share, seed);
            let images: Vec<_> = InstructionSet::available().into_iter().map(|instructions| {
                let mut caster = RayCaster::with_instructions(grid, Camera::new(0.4, pixels).unwrap(), instructions);
                image(&mut caster, &truth, DVec3::from(position), &SensorModel::reference())
            }).collect();
            prop_assert!(images.windows(2).all(|pair| pair[0] == pair[1]));
            let seen = &images[0];
            prop_assert_eq!(seen.hit_counts().iter().map(|&h| u32::from(h)).sum::<u32>(), seen.total_hits());
            prop_assert_eq!(seen.pass_counts().iter().map(|&p| u32::from(p)).sum::<u32>(), seen.total_passes());
            prop_assert!(seen.total_hits() <= seen.rays_entering());
        }

        #[test]
        fn an_imagined_shape_drawn_by_the_rays_gives_the_image_of_the_whole_shape(
            n in 8_u32..=30,
            pixels in 1_u32..=64,
            positions in prop::collection::vec(prop::array::uniform3(-60.0_f64..60.0), 1..4),
            values in prop::collection::vec(-127_i16..=127, 64),
            seed in any::<u64>(),
        ) {
            let grid = VoxelGrid::new(n, 20.0 / f64::from(n)).unwrap();
            let (camera, sensor) = (Camera::new(0.4, pixels).unwrap(), SensorModel::reference());
                        let belief: Vec<i16> = (0..grid.len()).map(|v| values[v * 29 % 64]).collect();
            let mut imagined = ImaginedShape::empty(grid);
            let code = CompactCode::new(sensor.llr_hit(), sensor.llr_pass());
            code.imagine(&belief, &mut Xoshiro256PlusPlus::seed_from_u64(seed), &mut imagined);
            let whole = imagined.to_occupancy();
            for instructions in InstructionSet::available() {
                let mut caster = RayCaster::with_instructions(grid, camera, instructions);
                let mut shape = imagined.clone();
                let mut seen = Observation::new(grid);
                for &position in &positions {
                    let position = DVec3::from(position);
                    caster.observe_imagined(&mut shape, position, &sensor, &mut key_99(), &mut seen);
                    prop_assert!(seen == image(&mut caster, &whole, position, &sensor));
                }
            }
        }
    }
}
