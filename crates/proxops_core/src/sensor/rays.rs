//! Sets of rays of one packet, and what they meet.

use std::ops::{BitAnd, BitOr};

/// Bits between one ray and the next, room for the states that a ray meets.
const SPACING: u32 = 4;

/// The lowest bit of every ray.
const EVERY_RAY: u64 = u64::MAX / 15;

/// A set of the rays of a packet: bit `4·lane` of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rays(u64);

/// One ray of a packet, as the position of its bit in [`Rays`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ray(u32);

impl Ray {
    #[inline(always)]
    pub const fn lane(self) -> usize {
        // The remainder tells the compiler what it cannot know: that there is such a lane.
        (self.0 / SPACING) as usize
    }
}

impl Rays {
    /// The rays given by one bit each, the first in the lowest.
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> Self {
        let mut spread = bits as u64;
        spread = (spread | spread << 24) & 0x0000_00FF_0000_00FF;
        spread = (spread | spread << 12) & 0x000F_000F_000F_000F;
        spread = (spread | spread << 6) & 0x0303_0303_0303_0303;
        Self((spread | spread << 3) & EVERY_RAY)
    }

    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline(always)]
    pub const fn contains(self, ray: Ray) -> bool {
        self.0 >> ray.0 & 1 != 0
    }

    #[inline(always)]
    pub const fn insert(&mut self, ray: Ray) {
        self.0 |= 1 << ray.0;
    }

    #[inline(always)]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

impl BitAnd for Rays {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Rays {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Iterator for Rays {
    type Item = Ray;

    /// Takes the first ray out of the set.
    #[inline(always)]
    fn next(&mut self) -> Option<Ray> {
        let first = Ray(self.0.trailing_zeros());
        (self.0 != 0).then(|| {
            self.0 &= self.0 - 1;
            first
        })
    }
}

/// The states of voxels that every ray of a packet has met: all of them in one number, so that each ray adds its own
/// without a branch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StatesMet(u64);

impl StatesMet {
    #[inline(always)]
    pub const fn insert(&mut self, ray: Ray, states: u8) {
        self.0 |= (states as u64) << ray.0;
    }

    /// The rays that met a state, which is one of the bits that make up states.
    #[inline(always)]
    pub const fn with(self, state: u8) -> Rays {
        Rays(self.0 >> state.trailing_zeros() & EVERY_RAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::ray_packet::LANES;
    use crate::voxel::Occupancy;

    #[test]
    fn a_set_gives_its_rays_in_order() {
        for bits in [0, 1, 0x8000, 0xFFFF, 0x5A3C] {
            let lanes: Vec<_> = Rays::from_bits(bits).map(Ray::lane).collect();
            assert_eq!(lanes, (0..LANES).filter(|lane| bits >> lane & 1 != 0).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_ray_keeps_the_states_it_met() {
        let (mut met, mut expected) = (StatesMet::default(), [0_u32; 3]);
        let states = [Occupancy::OCCUPIED, Occupancy::OUTSIDE, Occupancy::UNDRAWN];
        for ray in Rays::from_bits(0xFFFF) {
            let of_ray = (ray.lane() * 5 % 8) as u8;
            met.insert(ray, of_ray);
            for (bits, state) in expected.iter_mut().zip(states) {
                *bits |= u32::from(of_ray & state != 0) << ray.lane();
            }
        }
        assert_eq!(states.map(|state| met.with(state)), expected.map(Rays::from_bits));
    }
}
