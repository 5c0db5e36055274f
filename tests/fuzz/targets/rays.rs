//! The ray caster, from anywhere through any grid.

use bevy_proxops::sensor::{Camera, Observation, RayCaster, SensorModel};
use bevy_proxops::voxel::{Occupancy, VoxelGrid};
use glam::DVec3;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Target;
use super::numbers::Numbers;

/// Cells, pixels, size of a voxel, field of view, position, shape.
fn seed(cells: u8, pixels: u8, numbers: [f64; 5]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
    [cells, pixels].into_iter().chain(numbers).chain([7, 0x55, 0xf0, 0x0f]).collect()
}

/// An image from anywhere, with any camera, of any grid: it counts no more than its rays.
pub fn rays() -> Target {
    let seeds = vec![
        seed(20, 64, [1.0, 0.2, 100.0, 0.0, 0.0]),
        seed(8, 16, [2.5, 0.5, 0.0, 60.0, -3.0]),
        // From inside, from a corner, along an axis in a face.
        seed(9, 8, [1.0, 1.0, 0.1, 0.1, 0.1]),
        seed(16, 8, [1.0, 0.3, 8.0, 8.0, 8.0]),
        seed(10, 9, [1.0, 0.1, 5.0, 0.0, 40.0]),
    ];
    Target { seeds, check: Box::new(observe) }
}

fn observe(input: &[u8]) {
    let mut numbers = Numbers::of(input);
    let (cells, pixels) = (u32::from(numbers.byte()), u32::from(numbers.byte()));
    let [voxel_size_m, fov_rad, x, y, z] = [(); 5].map(|()| numbers.float());
    let Ok(grid) = VoxelGrid::new(cells, voxel_size_m) else { return };
    let Ok(camera) = Camera::new(fov_rad, pixels) else { return };
    let pattern = numbers.word();
    let truth = Occupancy::from_fn(grid, |voxel| pattern >> (voxel.0 % 31) & 1 == 1);
    let mut image = Observation::new(grid);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(u64::from(pattern));
    let sensor = SensorModel::new(0.95, 0.001).expect("the reference probabilities are valid");

    RayCaster::new(grid, camera).observe(&truth, DVec3::new(x, y, z), &sensor, &mut random, &mut image);

    let most = pixels * pixels;
    let hits: u32 = image.hit_counts().iter().map(|count| u32::from(*count)).sum();
    assert!(hits <= most, "{hits} hits of {most} rays");
    let per_voxel = image.hit_counts().iter().zip(image.pass_counts());
    assert!(per_voxel.into_iter().all(|(hit, pass)| u32::from(*hit) + u32::from(*pass) <= most));
}
