//! Ray counts, silhouettes and belief entropies of the reference target.

use std::collections::BTreeMap;
use std::path::Path;

use glam::DVec3;
use proxops_core::sensor::{Camera, InstructionSet, Observation, RayCaster, SensorModel, UpdateRule};
use proxops_core::shape::TargetShape;
use proxops_core::voxel::{Belief, Occupancy, VoxelGrid, VoxelIndex};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Deserialize;

/// Rounding of a sum of 8,000 terms, as the reference data state it.
const ENTROPY_TOLERANCE_NATS: f64 = 1e-6;

fn reference_text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Rows of a CSV file by column name.
fn reference_table(file: &str) -> Vec<BTreeMap<String, f64>> {
    let text = reference_text(file);
    let mut lines = text.lines();
    let names: Vec<_> = lines.next().unwrap().split(',').collect();
    let row =
        |line: &str| names.iter().map(|n| (*n).to_owned()).zip(line.split(',').map(|v| v.parse().unwrap())).collect();
    lines.map(row).collect()
}

fn reference_target() -> Occupancy {
    TargetShape::Reference.occupancy(&VoxelGrid::default(), None).unwrap()
}

fn reference_camera() -> Camera {
    Camera::new(10_f64.to_radians(), 64).unwrap()
}

fn caster(instructions: InstructionSet) -> RayCaster {
    RayCaster::with_instructions(VoxelGrid::default(), reference_camera(), instructions)
}

/// A noise-free image of the reference target with the widest instructions.
fn image_from(position_rtn_m: DVec3) -> Observation {
    let mut image = Observation::new(VoxelGrid::default());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut caster = caster(InstructionSet::widest());
    caster.observe(&reference_target(), position_rtn_m, &SensorModel::perfect(), &mut rng, &mut image);
    image
}

fn distinct_hit_voxels(image: &Observation) -> usize {
    image.touched().filter(|&voxel| image.hits(voxel) > 0).count()
}

#[derive(Deserialize)]
struct ReferenceImage {
    camera_rtn_m: [f64; 3],
    rays_entering_grid: u32,
    ray_hits: Vec<(u32, u16)>,
    ray_passes: Vec<(u32, u16)>,
}

#[test]
fn the_reference_target_occupies_the_listed_voxels() {
    let listed: Vec<u32> = serde_json::from_str(&reference_text("target_occupied.json")).unwrap();
    let occupied: Vec<u32> = reference_target().occupied().map(|voxel| voxel.0).collect();
    assert_eq!(occupied, listed);
}

#[test]
fn all_counts_of_thirteen_reference_images_are_identical_with_every_instruction_set() {
    let images: Vec<ReferenceImage> = serde_json::from_str(&reference_text("observations.json")).unwrap();
    assert_eq!(images.len(), 13);
    let grid = VoxelGrid::default();
    let dense = |counts: &[(u32, u16)]| {
        let mut dense = vec![0; grid.len()];
        counts.iter().for_each(|&(voxel, count)| dense[voxel as usize] = count);
        dense
    };
    let mut image = Observation::new(grid);
    for instructions in InstructionSet::available() {
        let mut caster = caster(instructions);
        for reference in &images {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
            let position = DVec3::from_array(reference.camera_rtn_m);
            caster.observe(&reference_target(), position, &SensorModel::perfect(), &mut rng, &mut image);
            let context = format!("{position} with {}", instructions.name());
            assert_eq!(image.rays_entering(), reference.rays_entering_grid, "{context}");
            assert!(image.hit_counts() == dense(&reference.ray_hits), "hits from {context}");
            assert!(image.pass_counts() == dense(&reference.ray_passes), "passes from {context}");
        }
    }
}

#[test]
fn rays_entering_the_grid_are_the_printed_numbers() {
    let axis = [DVec3::X, -DVec3::X, DVec3::Y, -DVec3::Y, DVec3::Z, -DVec3::Z];
    for direction in axis {
        assert_eq!(image_from(200.0 * direction).rays_entering(), 38 * 38, "{direction}");
    }
    for (position, rays) in [
        (DVec3::new(100.0, 100.0, 50.0), 3676),
        (DVec3::new(-50.0, 150.0, 20.0), 2915),
        (DVec3::new(60.0, -80.0, 30.0), 4096),
        (DVec3::new(-86.6, 250.0, 25.0), 1032),
    ] {
        assert_eq!(image_from(position).rays_entering(), rays, "{position}");
    }
    let nominal = reference_table("passive_trajectory.csv");
    let printed = [717, 437, 403, 607, 1424, 4096, 4096, 4096, 4068, 1322, 596];
    for (row, rays) in nominal.iter().step_by(5).zip(printed) {
        let position = DVec3::new(row["r_m"], row["t_m"], row["n_m"]);
        assert_eq!(image_from(position).rays_entering(), rays, "t = {} s", row["time_s"]);
    }
}

#[test]
fn hits_and_silhouettes_are_the_printed_numbers() {
    for (position, ray_hits, voxels) in [
        (DVec3::new(200.0, 0.0, 0.0), 268, 82),
        (DVec3::new(-200.0, 0.0, 0.0), 268, 82),
        (DVec3::new(0.0, 200.0, 0.0), 228, 70),
        (DVec3::new(0.0, -200.0, 0.0), 220, 70),
        (DVec3::new(0.0, 0.0, 200.0), 350, 112),
        (DVec3::new(0.0, 0.0, -200.0), 350, 112),
        (DVec3::new(100.0, 100.0, 50.0), 763, 199),
        (DVec3::new(-50.0, 150.0, 20.0), 526, 134),
        (DVec3::new(60.0, -80.0, 30.0), 1462, 184),
    ] {
        let image = image_from(position);
        assert_eq!((image.total_hits(), distinct_hit_voxels(&image)), (ray_hits, voxels), "{position}");
    }
}

#[test]
fn entropies_along_the_passive_orbit_agree_with_the_reference_for_both_rules() {
    let orbit = reference_table("passive_trajectory.csv");
    let entropies = reference_table("passive_entropy.csv");
    assert_eq!(entropies.len(), 26);
    let sensor = SensorModel::perfect();
    let once = UpdateRule::OncePerImage { hit_wins: true };
    let mut per_ray = Belief::uniform(VoxelGrid::default(), 0.5).unwrap();
    let mut per_image = per_ray.clone();
    for (state, expected) in orbit.iter().zip(&entropies) {
        let image = image_from(DVec3::new(state["r_m"], state["t_m"], state["n_m"]));
        let before = per_ray.entropy_nats();
        let drop = UpdateRule::PerRay.apply(&image, &sensor, &mut per_ray);
        once.apply(&image, &sensor, &mut per_image);
        let time = expected["time_s"];
        assert_eq!(f64::from(image.total_hits()), expected["ray_hits"], "t = {time} s");
        assert_eq!(f64::from(image.total_passes()), expected["ray_passes"], "t = {time} s");
        let close = |entropy: f64, name: &str| (entropy - expected[name]).abs() < ENTROPY_TOLERANCE_NATS;
        assert!(close(per_ray.entropy_nats(), "entropy_per_ray_nats"), "t = {time} s: {}", per_ray.entropy_nats());
        assert!(close(per_image.entropy_nats(), "entropy_once_per_image_nats"), "t = {time} s");
        assert!((before - drop - per_ray.entropy_nats()).abs() < ENTROPY_TOLERANCE_NATS);
    }
}

#[test]
fn one_voxel_after_hits_and_passes_has_the_printed_probability_and_entropy() {
    const TOLERANCE: f64 = 1e-12;
    let sensor = SensorModel::reference();
    let after = |hits: u32, passes: u32| {
        let mut belief = Belief::uniform(VoxelGrid::default(), 0.5).unwrap();
        let voxel = VoxelIndex(4321);
        let before = belief.entropy_nats();
        belief.add_log_odds(voxel, f64::from(hits) * sensor.llr_hit() + f64::from(passes) * sensor.llr_pass());
        (belief.probability(voxel), std::f64::consts::LN_2 - (before - belief.entropy_nats()))
    };
    let printed = [
        (1, 0, 0.998_948_475_289, Some(0.008_261_817_156)),
        (0, 1, 0.047_664_442_326, Some(0.191_580_049_634)),
        (1, 1, 0.979_401_637_147, Some(0.100_358_788_267)),
        (0, 2, 0.002_498_748_127, None),
        (0, 3, 0.000_125_360_034, None),
        (2, 0, 0.999_998_891_968, None),
    ];
    for (hits, passes, probability, entropy) in printed {
        let (p, h) = after(hits, passes);
        assert!((p - probability).abs() < TOLERANCE, "{hits} hits, {passes} passes: p = {p}");
        // The entropy comes as a difference of sums near 5545 nats.
        assert!(entropy.is_none_or(|entropy| (h - entropy).abs() < 1e-11), "{hits} hits, {passes} passes: H = {h}");
    }
}
