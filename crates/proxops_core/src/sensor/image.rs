//! One image, packet by packet: march, look up what the rays meet, let the noise decide, count.
//!
//! A mispredicted branch costs as much as five voxels, and rays end everywhere. So all rays of a packet first pass a
//! whole stride without a branch, whatever it holds; then those that met something are taken back to where they end.
//! Rays that are out count on, in a cell of their own behind the voxels.

use std::ops::Range;

use super::Observation;
use super::instructions::Kernel;
use super::noise::{NoiseTable, PacketNoise};
use super::ray_packet::{Crossings, ImageGeometry, LANES, Lanes, RayPacket, STRIDE, all_ones_if};
use super::rays::{Rays, StatesMet};
use super::scene::Scene;
use crate::voxel::Occupancy;

/// Pixels along the side of the square that one packet covers: neighbours in both directions travel about equally
/// far, and so waste the fewest lanes on rays that are done.
const TILE: usize = 4;

/// Everything that one image needs.
pub(super) struct ImageKernel<'a, S> {
    pub geometry: ImageGeometry,
    pub noise: &'a NoiseTable,
    /// Offset of every pixel column or row at unit distance, followed by a packet's worth of zeros.
    pub pixel_offsets: &'a [f64],
    /// Pixels along one side.
    pub pixels: u32,
    pub columns: Range<u32>,
    pub rows: Range<u32>,
    /// Key of the image's noise.
    pub key: u64,
    pub scene: S,
    pub image: &'a mut Observation,
}

impl<S: Scene> Kernel for ImageKernel<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let mut packet = RayPacket::new();
        let mut crossings = [Lanes([0; LANES]); STRIDE];
        for row in self.rows.clone().step_by(TILE) {
            for column in self.columns.clone().step_by(TILE) {
                self.cast(row, column, &mut packet, &mut crossings);
            }
        }
        self.image.total_passes = total(self.image.pass_counts());
        self.image.total_hits = total(self.image.hit_counts());
    }
}

impl<S: Scene> ImageKernel<'_, S> {
    /// Casts the rays of a tile of pixels.
    #[inline(always)]
    fn cast(&mut self, row: u32, column: u32, packet: &mut RayPacket, crossings: &mut Crossings) {
        let rows = Lanes::from_fn(|lane| row + (lane / TILE) as u32);
        let columns = Lanes::from_fn(|lane| column + (lane % TILE) as u32);
        let offsets = |pixels: &Lanes<u32>| Lanes::from_fn(|lane| self.pixel_offsets[pixels.0[lane] as usize]);
        let wanted = |lane| rows.0[lane] < self.rows.end && columns.0[lane] < self.columns.end;
        let live = Lanes::from_fn(|lane| all_ones_if(wanted(lane)));
        packet.enter(&self.geometry, &offsets(&columns), &offsets(&rows), &live);
        let meeting = packet.meeting();
        if meeting == 0 {
            return;
        }
        let numbers = Lanes::from_fn(|lane| rows.0[lane] * self.pixels + columns.0[lane]);
        let mut noise = self.noise.of_packet(self.key, &numbers);
        self.image.rays_entering += meeting.count_ones();
        let mut alive = Rays::from_bits(meeting);
        let outside = (self.scene.cells().len() - 1) as u32;
        while !alive.is_empty() {
            packet.march(outside, crossings);
            alive = self.follow(crossings, alive, &mut noise);
        }
    }

    /// Follows the rays of a packet over the voxels of a stride; those that have not ended.
    #[inline(always)]
    fn follow(&mut self, crossings: &Crossings, alive: Rays, noise: &mut PacketNoise) -> Rays {
        let alarms = Rays::from_bits(noise.alarms_within(STRIDE as u32));
        let met = self.pass_all(crossings, alive);
        let events = (met.with(Occupancy::OCCUPIED) | alarms) & alive;
        let mut going_on = alive.without(events).without(met.with(Occupancy::OUTSIDE));
        for ray in events {
            if self.follow_to_event(crossings, ray.lane(), noise, alarms.contains(ray)) {
                going_on.insert(ray);
            }
        }
        going_on
    }

    /// Lets rays pass all voxels of a stride; the states they meet.
    #[inline(always)]
    fn pass_all(&mut self, crossings: &Crossings, rays: Rays) -> StatesMet {
        let mut cells = self.scene.cells();
        // As long as the cells, so that one check of an index serves both.
        let passes = &mut self.image.passes[..cells.len()];
        let mut met = StatesMet::default();
        for ray in rays {
            // The states are bits, so one look at all of them tells whether any voxel is more than empty.
            let mut states = Occupancy::EMPTY;
            for voxels in crossings {
                let voxel = voxels.0[ray.lane()] as usize;
                states |= cells[voxel];
                passes[voxel] = passes[voxel].wrapping_add(1);
            }
            if S::DRAWN_BY_RAYS && states & Occupancy::UNDRAWN != 0 {
                states = draw(&mut self.scene, crossings, ray.lane());
                cells = &self.scene.cells()[..passes.len()];
            }
            met.insert(ray, states);
        }
        met
    }

    /// Takes a ray that has passed a stride back to the voxel where it ends; false if it does end.
    #[inline(always)]
    fn follow_to_event(&mut self, crossings: &Crossings, lane: usize, noise: &mut PacketNoise, alarm: bool) -> bool {
        if alarm || noise.misses.0[lane] != 0 {
            return self.follow_through_noise(crossings, lane, noise);
        }
        let cells = self.scene.cells();
        let passes = &mut self.image.passes[..cells.len()];
        // How far the first occupied voxel lies is anyone's guess, so there is no branch on it.
        let (mut beyond, mut voxels_beyond) = (0, 0);
        for voxels in crossings {
            let voxel = voxels.0[lane] as usize;
            beyond |= u16::from(cells[voxel] & Occupancy::OCCUPIED);
            voxels_beyond += usize::from(beyond);
            passes[voxel] = passes[voxel].wrapping_sub(beyond);
        }
        let hit = crossings[STRIDE - voxels_beyond].0[lane];
        self.image.hits[hit as usize] += 1;
        false
    }

    /// The same, voxel by voxel, for a ray that sees through occupied voxels or reports empty ones.
    #[inline(never)]
    fn follow_through_noise(&mut self, crossings: &Crossings, lane: usize, noise: &mut PacketNoise) -> bool {
        for voxels in crossings {
            let count = &mut self.image.passes[voxels.0[lane] as usize];
            *count = count.wrapping_sub(1);
        }
        let mut left = noise.left(lane, STRIDE as u32);
        for voxels in crossings {
            let voxel = voxels.0[lane] as usize;
            let before_event = match self.scene.state(voxel) {
                Occupancy::EMPTY => &mut left.empties,
                Occupancy::OCCUPIED => &mut left.misses,
                _ => return false,
            };
            if *before_event == 0 {
                self.image.hits[voxel] += 1;
                return false;
            }
            *before_event -= 1;
            self.image.passes[voxel] = self.image.passes[voxel].wrapping_add(1);
        }
        noise.set_left(lane, left);
        true
    }
}

/// Draws the voxels of a stride; their states.
#[inline(never)]
fn draw(scene: &mut impl Scene, crossings: &Crossings, lane: usize) -> u8 {
    let states = crossings.iter().map(|voxels| scene.state(voxels.0[lane] as usize));
    states.fold(Occupancy::EMPTY, |met, state| met | state)
}

#[inline(always)]
fn total(counts: &[u16]) -> u32 {
    counts.iter().map(|&count| u32::from(count)).sum()
}
