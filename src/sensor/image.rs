//! One image, packet by packet: march, look up what the rays meet, let the noise decide, count.
//!
//! A stride of empty voxels, the usual case, has no branch but one at its end: a mispredicted branch costs as much as
//! five voxels, and rays end everywhere. Rays that are out count on, in a cell of their own behind the voxels.

use std::ops::Range;

use super::Observation;
use super::instructions::Kernel;
use super::noise::{NoiseTable, PacketNoise};
use super::ray_packet::{Crossings, ImageGeometry, LANES, Lanes, RayPacket, STRIDE, all_ones_if};
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
        self.image.total_passes = self.image.pass_counts().iter().map(|&count| u32::from(count)).sum();
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
        let mut alive = meeting;
        self.image.rays_entering += alive.count_ones();
        let outside = (self.scene.cells().len() - 1) as u32;
        while alive != 0 {
            packet.march(outside, crossings);
            let mut remaining = alive;
            while remaining != 0 {
                let lane = remaining.trailing_zeros() as usize;
                remaining &= remaining - 1;
                let ended = !self.follow(crossings, lane, &mut noise);
                alive &= !(u32::from(ended) << lane);
            }
        }
    }

    /// Follows one ray over the voxels of a stride; false once it has ended.
    #[inline(always)]
    fn follow(&mut self, crossings: &Crossings, lane: usize, noise: &mut PacketNoise) -> bool {
        let cells = self.scene.cells();
        // The states are bits, so one look at all of them tells whether any voxel is more than empty.
        let mut met = Occupancy::EMPTY;
        for voxels in crossings {
            met |= cells[voxels.0[lane] as usize];
        }
        if S::DRAWN_BY_RAYS && met & Occupancy::UNDRAWN != 0 {
            return self.follow_undrawn(crossings, lane, noise);
        }
        self.follow_known(met, crossings, lane, noise)
    }

    /// The same for a stride with voxels that are not drawn yet.
    #[inline(never)]
    fn follow_undrawn(&mut self, crossings: &Crossings, lane: usize, noise: &mut PacketNoise) -> bool {
        let states = crossings.iter().map(|voxels| self.scene.state(voxels.0[lane] as usize));
        let met = states.fold(Occupancy::EMPTY, |met, state| met | state);
        self.follow_known(met, crossings, lane, noise)
    }

    /// The same for a stride that meets these states.
    #[inline(always)]
    fn follow_known(&mut self, met: u8, crossings: &Crossings, lane: usize, noise: &mut PacketNoise) -> bool {
        if met & Occupancy::OCCUPIED != 0 || noise.empties.0[lane] < STRIDE as u32 {
            return self.follow_to_event(crossings, lane, noise);
        }
        noise.empties.0[lane] -= STRIDE as u32;
        // As long as the cells, so that one check of an index serves both.
        let passes = &mut self.image.passes[..self.scene.cells().len()];
        for voxels in crossings {
            let count = &mut passes[voxels.0[lane] as usize];
            *count = count.wrapping_add(1);
        }
        met == Occupancy::EMPTY
    }

    /// The same, voxel by voxel, for a stride in which the ray may end with a hit.
    #[inline(never)]
    fn follow_to_event(&mut self, crossings: &Crossings, lane: usize, noise: &mut PacketNoise) -> bool {
        for voxels in crossings {
            let voxel = voxels.0[lane] as usize;
            let left = match self.scene.state(voxel) {
                Occupancy::EMPTY => &mut noise.empties.0[lane],
                Occupancy::OCCUPIED => &mut noise.misses.0[lane],
                _ => return false,
            };
            if *left == 0 {
                self.image.hits[voxel] += 1;
                self.image.total_hits += 1;
                return false;
            }
            *left -= 1;
            self.image.passes[voxel] += 1;
        }
        true
    }
}
