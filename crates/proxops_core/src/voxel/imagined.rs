use std::sync::Arc;

use rand::Rng;

use super::{CompactCode, Occupancy, VoxelGrid};

/// A shape drawn from a compact belief, every voxel on its own, but each only when a ray first looks at it or at one of
/// its neighbours.
///
/// Whether a voxel is solid is a function of the belief, of one number of the generator and of the voxel alone: neither
/// the order in which voxels are looked at nor how many of them are changes any. Probabilities go in steps of 2⁻¹⁶.
#[derive(Debug, Clone)]
pub struct ImaginedShape {
    grid: VoxelGrid,
    /// One state per voxel and, last, the outside's.
    cells: Vec<u8>,
    /// The belief as it was when the shape was imagined, filled up to whole draws; later updates do not change the shape.
    belief: Vec<i16>,
    /// Chances of all beliefs, in steps of 2⁻¹⁶; shared with the code.
    threshold: Arc<[u16]>,
    key: u64,
}

/// Voxels that share one random number of 64 bits.
const SHARE: usize = 4;
/// Voxels in index order that are drawn together: rays that meet one mostly meet its neighbours too, and stopping for
/// each costs more than drawing it.
const DRAWN_TOGETHER: usize = 64;

impl ImaginedShape {
    /// An empty shape; [`CompactCode::imagine`] draws others into it.
    pub fn empty(grid: VoxelGrid) -> Self {
        let cells = Occupancy::empty(grid).cells_with_outside().to_vec();
        Self {
            grid,
            cells,
            belief: vec![i16::MIN; grid.len().next_multiple_of(DRAWN_TOGETHER)],
            threshold: Arc::default(),
            key: 0,
        }
    }

    /// Bytes of a shape on that grid: the states of its voxels, and the belief that it is drawn from.
    pub const fn memory_bytes(grid: &VoxelGrid) -> usize {
        Occupancy::memory_bytes(grid) + grid.len().next_multiple_of(DRAWN_TOGETHER) + size_of::<[u16; 256]>()
    }

    /// The grid whose voxels are drawn.
    pub const fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// Number of voxels that have been drawn or were certain from the start.
    pub fn decided(&self) -> usize {
        self.cells[..self.grid.len()].iter().filter(|&&cell| cell != Occupancy::UNDRAWN).count()
    }

    /// The whole shape: all voxels drawn.
    pub fn to_occupancy(&self) -> Occupancy {
        let mut whole = self.clone();
        Occupancy::from_fn(self.grid, |voxel| whole.state(voxel.as_usize()) == Occupancy::OCCUPIED)
    }

    pub(crate) fn begin(&mut self, belief: &[i16], threshold: &Arc<[u16]>, certainly_empty: i16, key: u64) {
        debug_assert_eq!(belief.len(), self.grid.len());
        self.belief[..belief.len()].copy_from_slice(belief);
        // Threads that imagine with the same code would wait for each other's counter.
        if !Arc::ptr_eq(&self.threshold, threshold) {
            self.threshold = threshold.clone();
        }
        self.key = key;
        for (cell, &value) in self.cells.iter_mut().zip(belief) {
            *cell = if value <= certainly_empty { Occupancy::EMPTY } else { Occupancy::UNDRAWN };
        }
    }

    /// State of every voxel drawn so far, [`Occupancy::UNDRAWN`] of the others and, last, the outside's.
    #[inline(always)]
    pub(crate) fn cells(&self) -> &[u8] {
        &self.cells
    }

    /// State of a voxel or the outside, drawn if it has not been yet.
    #[inline(always)]
    pub(crate) fn state(&mut self, voxel: usize) -> u8 {
        if self.cells[voxel] == Occupancy::UNDRAWN {
            self.draw(voxel);
        }
        self.cells[voxel]
    }

    /// Draws a voxel and its neighbours.
    #[inline(never)]
    fn draw(&mut self, voxel: usize) {
        let first = voxel - voxel % DRAWN_TOGETHER;
        let (Some(values), cells) = (self.belief[first..].first_chunk::<DRAWN_TOGETHER>(), &mut self.cells[first..])
        else {
            return;
        };
        // Never empty once a shape was begun. Said here, it spares the loop a check of every place.
        let chances = &*self.threshold;
        if chances.is_empty() {
            return;
        }
        let mut drawn = [Occupancy::EMPTY; DRAWN_TOGETHER];
        for share in 0..DRAWN_TOGETHER / SHARE {
            let random = random_at(self.key, (first / SHARE + share) as u64);
            for k in 0..SHARE {
                let threshold = chances[CompactCode::place(values[share * SHARE + k], chances.len())];
                drawn[share * SHARE + k] = u8::from(((random >> (16 * k)) as u16) < threshold);
            }
        }
        if first + DRAWN_TOGETHER <= self.grid.len() {
            cells[..DRAWN_TOGETHER].copy_from_slice(&drawn);
        } else {
            // The last cell is the outside's.
            let end = cells.len() - 1;
            cells[..end].copy_from_slice(&drawn[..end]);
        }
    }
}

impl CompactCode {
    /// Imagines a shape that a belief holds possible. Takes one number from `rng`.
    pub fn imagine(&self, belief: &[i16], rng: &mut impl Rng, shape: &mut ImaginedShape) {
        shape.begin(belief, self.thresholds(), self.certainly_empty(), rng.next_u64());
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014) as a counter.
#[inline(always)]
fn random_at(key: u64, counter: u64) -> u64 {
    let mut z = key.wrapping_add((counter + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::voxel::VoxelIndex;

    fn reference_code() -> CompactCode {
        CompactCode::new((0.95_f64 / 0.001).ln(), (0.05_f64 / 0.999).ln())
    }

    #[test]
    fn frequencies_are_the_believed_probabilities() {
        const DRAWS: u32 = 400;
        let grid = VoxelGrid::default();
        let code = reference_code();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut shape = ImaginedShape::empty(grid);
        // Sixteen beliefs of 500 voxels each, spread so that all four places of a random number meet each of them.
        let values: Vec<i16> = (0..grid.len()).map(|v| ((v / 4 + v % 4) % 16) as i16 * 8 - 60).collect();
        let mut solid = [0_u32; 16];
        for _ in 0..DRAWS {
            code.imagine(&values, &mut rng, &mut shape);
            for voxel in shape.to_occupancy().occupied() {
                solid[((values[voxel.as_usize()] + 60) / 8) as usize] += 1;
            }
        }
        for (k, count) in solid.into_iter().enumerate() {
            let probability = 1.0 / (1.0 + (-code.log_odds(k as i16 * 8 - 60)).exp());
            let draws = f64::from(DRAWS * 500);
            // Five standard deviations, and half a step of the probability.
            let tolerance = 5.0 * (probability * (1.0 - probability) / draws).sqrt() + 1.0 / 131_072.0;
            let share = f64::from(count) / draws;
            assert!((share - probability).abs() < tolerance, "{k}: {share} against {probability}");
        }
    }

    #[test]
    fn neighbours_are_drawn_independently() {
        const DRAWS: u32 = 200;
        let grid = VoxelGrid::default();
        let code = reference_code();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
        let mut shape = ImaginedShape::empty(grid);
        let values = vec![0; grid.len()];
        for apart in [1, 2, 3, 4, 20, 400] {
            let mut alike = 0_u32;
            for _ in 0..DRAWS {
                code.imagine(&values, &mut rng, &mut shape);
                let whole = shape.to_occupancy();
                alike += whole.as_bytes().windows(apart + 1).map(|w| u32::from(w[0] == w[apart])).sum::<u32>();
            }
            let pairs = f64::from(DRAWS) * (grid.len() - apart) as f64;
            assert!((f64::from(alike) / pairs - 0.5).abs() < 5.0 * (0.25 / pairs).sqrt(), "{apart}: {alike}");
        }
    }

    #[test]
    fn the_order_of_looking_changes_nothing_and_only_what_is_looked_at_is_drawn() {
        let grid = VoxelGrid::new(9, 1.0).unwrap();
        let code = reference_code();
        let values: Vec<i16> = (0..grid.len()).map(|v| (v * 37 % 90) as i16 - 45).collect();
        let imagine = || {
            let mut shape = ImaginedShape::empty(grid);
            code.imagine(&values, &mut Xoshiro256PlusPlus::seed_from_u64(1), &mut shape);
            shape
        };
        let whole = imagine().to_occupancy();
        let mut backwards = imagine();
        for voxel in (0..grid.len()).rev() {
            assert_eq!(backwards.state(voxel) == Occupancy::OCCUPIED, whole.is_occupied(VoxelIndex(voxel as u32)));
        }
        let mut few = imagine();
        few.state(728);
        few.state(13);
        assert_eq!(few.decided(), 64 + 25, "voxels 0 to 63 and 704 to 728");
        assert_eq!(few.state(729), Occupancy::OUTSIDE);
    }

    #[test]
    fn later_beliefs_do_not_change_the_shape_and_certain_voxels_need_no_draw() {
        let grid = VoxelGrid::default();
        let code = reference_code();
        let mut shape = ImaginedShape::empty(grid);
        let mut values = vec![-code.limit(); grid.len()];
        values[5] = code.limit();
        code.imagine(&values, &mut Xoshiro256PlusPlus::seed_from_u64(1), &mut shape);
        assert_eq!(shape.decided(), grid.len() - 1);
        values.fill(0);
        assert_eq!(shape.to_occupancy().count(), 1);
    }
}
