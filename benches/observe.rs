//! One 64×64 observation with noise and belief update, averaged over the 51 states of the reference passive orbit.
//!
//! The baseline is a plain Amanatides–Woo loop with a random number for every voxel crossed, f64 times and a `ln` and
//! `exp` per voxel touched: what the ray caster's speed-up is measured against, in the same run.

use std::hint::black_box;
use std::path::Path;

use bevy_proxops::sensor::{Camera, CameraPose, InstructionSet, Observation, RayCaster, SensorModel, UpdateRule};
use bevy_proxops::shape::TargetShape;
use bevy_proxops::voxel::{Belief, CompactCode, ImaginedShape, Occupancy, VoxelGrid, VoxelIndex};
use criterion::{Criterion, criterion_group, criterion_main};
use glam::DVec3;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Positions of the reference passive orbit in RTN metres.
fn orbit() -> Vec<DVec3> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/proxops_core/tests/reference/passive_trajectory.csv");
    let text = std::fs::read_to_string(path).expect("the reference data are part of the repository");
    let mut lines = text.lines();
    let names: Vec<_> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| names.iter().position(|n| *n == name).expect("a column of the reference data");
    let [r, t, n] = ["r_m", "t_m", "n_m"].map(column);
    lines
        .map(|line| {
            let values: Vec<f64> = line.split(',').map(|v| v.parse().expect("a number")).collect();
            DVec3::new(values[r], values[t], values[n])
        })
        .collect()
}

struct Scene {
    grid: VoxelGrid,
    camera: Camera,
    sensor: SensorModel,
    truth: Occupancy,
    orbit: Vec<DVec3>,
    rng: Xoshiro256PlusPlus,
}

impl Scene {
    fn new() -> Self {
        let grid = VoxelGrid::default();
        Self {
            grid,
            camera: Camera::new(10_f64.to_radians(), 64).expect("the reference camera"),
            sensor: SensorModel::reference(),
            truth: TargetShape::Reference.occupancy(&grid, None).expect("the reference target"),
            orbit: orbit(),
            rng: Xoshiro256PlusPlus::seed_from_u64(1),
        }
    }

    fn caster(&self, instructions: InstructionSet) -> RayCaster {
        RayCaster::with_instructions(self.grid, self.camera, instructions)
    }

    /// The belief of a search after so many images of the orbit.
    fn compact_belief_after(&mut self, images: usize, code: &CompactCode) -> Vec<i16> {
        let mut belief = self.belief();
        let mut caster = self.caster(InstructionSet::widest());
        let mut image = Observation::new(self.grid);
        for &position in &self.orbit[..images] {
            caster.observe(&self.truth, position, &self.sensor, &mut self.rng, &mut image);
            UpdateRule::PerRay.apply(&image, &self.sensor, &mut belief);
        }
        let mut bytes = vec![0; self.grid.len()];
        code.encode_into(&belief, &mut bytes);
        bytes
    }

    fn belief(&self) -> Belief {
        Belief::uniform(self.grid, 0.5).expect("a valid prior")
    }
}

/// The loop that textbooks print, its arithmetic as plain as can be.
struct PlainCaster {
    hits: Vec<u16>,
    passes: Vec<u16>,
    log_odds: Vec<f64>,
}

impl PlainCaster {
    fn observe(&mut self, scene: &mut Scene, position: DVec3) -> f64 {
        self.hits.fill(0);
        self.passes.fill(0);
        let pose = CameraPose::looking_at_centre(position);
        for row in 0..scene.camera.pixels() {
            for column in 0..scene.camera.pixels() {
                let (x, y) = (scene.camera.pixel_offset(column), scene.camera.pixel_offset(row));
                let direction = (pose.forward + x * pose.right + y * pose.up).normalize();
                self.cast(scene, position, direction);
            }
        }
        self.update(&scene.sensor)
    }

    fn cast(&mut self, scene: &mut Scene, origin: DVec3, direction: DVec3) {
        let n = scene.grid.cells_per_axis() as i32;
        let half = scene.grid.half_extent_m();
        let (mut enter, mut leave, mut entry_axis) = (0.0_f64, f64::INFINITY, 0);
        for k in 0..3 {
            let (a, b) = ((-half - origin[k]) / direction[k], (half - origin[k]) / direction[k]);
            if a.min(b) > enter {
                (enter, entry_axis) = (a.min(b), k);
            }
            leave = leave.min(a.max(b));
        }
        if enter >= leave {
            return;
        }
        let (mut cell, mut step, mut next, mut period) = ([0; 3], [0; 3], [0.0; 3], [0.0; 3]);
        for k in 0..3 {
            let entry = origin[k] + enter * direction[k] + half;
            cell[k] = (entry.floor() as i32).clamp(0, n - 1);
            step[k] = if direction[k] > 0.0 { 1 } else { -1 };
            if k == entry_axis {
                cell[k] = if step[k] > 0 { 0 } else { n - 1 };
            }
            let plane = f64::from(cell[k] + i32::from(step[k] > 0)) - half;
            next[k] = (plane - origin[k]) / direction[k];
            period[k] = 1.0 / direction[k].abs();
        }
        loop {
            let voxel = VoxelIndex(((cell[0] * n + cell[1]) * n + cell[2]) as u32);
            let p_hit =
                if scene.truth.is_occupied(voxel) { scene.sensor.p_hit_occupied() } else { scene.sensor.p_hit_empty() };
            if scene.rng.random::<f64>() < p_hit {
                self.hits[voxel.as_usize()] += 1;
                return;
            }
            self.passes[voxel.as_usize()] += 1;
            let axis = match (next[0] < next[1], next[0] < next[2], next[1] < next[2]) {
                (true, true, _) => 0,
                (false, _, true) => 1,
                _ => 2,
            };
            cell[axis] += step[axis];
            if !(0..n).contains(&cell[axis]) {
                return;
            }
            next[axis] += period[axis];
        }
    }

    fn update(&mut self, sensor: &SensorModel) -> f64 {
        let entropy = |l: f64| {
            let e = (-l.abs()).exp();
            e.ln_1p() + l.abs() * e / (1.0 + e)
        };
        let mut drop = 0.0;
        for (l, (&h, &p)) in self.log_odds.iter_mut().zip(self.hits.iter().zip(&self.passes)) {
            if h != 0 || p != 0 {
                drop += entropy(*l);
                *l = (*l + f64::from(h) * sensor.llr_hit() + f64::from(p) * sensor.llr_pass()).clamp(-20.0, 20.0);
                drop -= entropy(*l);
            }
        }
        drop
    }
}

/// One iteration is the whole orbit: divide by 51 for one observation.
fn observations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("observe_51");
    group.sample_size(40);
    let mut scene = Scene::new();
    let positions = scene.orbit.clone();
    group.bench_function("plain_baseline", |bench| {
        let zeros = vec![0; scene.grid.len()];
        bench.iter(|| {
            let log_odds = vec![0.0; scene.grid.len()];
            let mut plain = PlainCaster { hits: zeros.clone(), passes: zeros.clone(), log_odds };
            positions.iter().map(|&position| plain.observe(&mut scene, position)).sum::<f64>()
        });
    });
    let mut image = Observation::new(scene.grid);
    for instructions in InstructionSet::available() {
        let mut caster = scene.caster(instructions);
        group.bench_function(format!("with_belief/{}", instructions.name()), |bench| {
            let prior = scene.belief();
            let mut belief = prior.clone();
            bench.iter(|| {
                belief.clone_from(&prior);
                let mut drop = 0.0;
                for &position in &positions {
                    caster.observe(&scene.truth, position, &scene.sensor, &mut scene.rng, &mut image);
                    drop += UpdateRule::PerRay.apply(&image, &scene.sensor, &mut belief);
                }
                drop
            });
        });
        group.bench_function(format!("rays_only/{}", instructions.name()), |bench| {
            bench.iter(|| {
                for &position in &positions {
                    caster.observe(&scene.truth, position, &scene.sensor, &mut scene.rng, &mut image);
                    black_box(&image);
                }
            });
        });
    }
    group.finish();
}

/// What a search pays: 51 steps along the orbit, each with an image of a shape imagined from the belief after so many
/// images, and the update of a compact belief; a shape serves five steps, as in two draws a simulation.
fn search_steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("search_step_51");
    group.sample_size(40);
    let mut scene = Scene::new();
    let code = CompactCode::new(scene.sensor.llr_hit(), scene.sensor.llr_pass());
    let mut image = Observation::new(scene.grid);
    for images in [0, 1, 5, 50] {
        let bytes = scene.compact_belief_after(images, &code);
        let (mut updated, mut shape) = (bytes.clone(), ImaginedShape::empty(scene.grid));
        for instructions in InstructionSet::available() {
            let mut caster = scene.caster(instructions);
            let positions = scene.orbit.clone();
            group.bench_function(format!("after_{images}/{}", instructions.name()), |bench| {
                bench.iter(|| {
                    let mut drop = 0.0;
                    for (k, &position) in positions.iter().enumerate() {
                        if k % 5 == 0 {
                            updated.copy_from_slice(&bytes);
                        }
                        if matches!(k % 5, 0 | 1) {
                            code.imagine(&updated, &mut scene.rng, &mut shape);
                        }
                        caster.observe_imagined(&mut shape, position, &scene.sensor, &mut scene.rng, &mut image);
                        drop += UpdateRule::PerRay.apply_compact(&image, &code, &mut updated);
                    }
                    drop
                });
            });
        }
    }
    group.finish();
}

/// The parts of one step of a search, and the exact update of an episode.
fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parts");
    let mut scene = Scene::new();
    let code = CompactCode::new(scene.sensor.llr_hit(), scene.sensor.llr_pass());
    let bytes = scene.compact_belief_after(0, &code);
    let mut shape = ImaginedShape::empty(scene.grid);
    group.bench_function("imagine", |bench| bench.iter(|| code.imagine(&bytes, &mut scene.rng, &mut shape)));
    group.bench_function("draw_8000", |bench| bench.iter(|| black_box(shape.to_occupancy())));
    group.bench_function("entropy_8000", |bench| bench.iter(|| code.entropy_nats(black_box(&bytes))));
    let mut image = Observation::new(scene.grid);
    let mut caster = scene.caster(InstructionSet::widest());
    caster.observe(&scene.truth, scene.orbit[0], &scene.sensor, &mut scene.rng, &mut image);
    let mut updated = bytes.clone();
    group.bench_function("apply_compact", |bench| {
        bench.iter(|| {
            updated.copy_from_slice(&bytes);
            UpdateRule::PerRay.apply_compact(&image, &code, &mut updated)
        });
    });
    let mut belief = scene.belief();
    group.bench_function("apply_exact", |bench| {
        bench.iter(|| UpdateRule::PerRay.apply(&image, &scene.sensor, &mut belief));
    });
    group.finish();
}

criterion_group!(benches, observations, search_steps, parts);
criterion_main!(benches);
