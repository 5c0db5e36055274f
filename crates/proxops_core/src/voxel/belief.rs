use rand::Rng;

use super::entropy::{entropy_of_slice, log_odds_of_probability, probability_of_log_odds};
use super::{Occupancy, VoxelError, VoxelGrid, VoxelIndex};

/// Largest |log-odds| a belief holds, a probability of 2e-9. The target is static, so the limit serves the
/// arithmetic alone: a whole 20³ grid at the limit has 3.6e-4 nats left. Reference entropies are made with it.
pub const LOG_ODDS_LIMIT: f64 = 20.0;

/// Voxels whose entropy is summed together: where an image changes nothing in a block, its entropy costs nothing. Most
/// voxels soon lie at a limit and stay there, so small blocks pay.
pub(crate) const BLOCK: usize = 16;

/// What is believed of every voxel: the log-odds that it is occupied, each within ±[`LOG_ODDS_LIMIT`], and the
/// entropy of them all.
///
/// The entropy is kept as one sum per block of 16 voxels, each summed anew when its block changes: it follows
/// every update and gathers no rounding error however long the episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    grid: VoxelGrid,
    log_odds: Vec<f64>,
    block_entropy_nats: Vec<f64>,
    entropy_nats: f64,
}

impl Belief {
    /// Every voxel occupied with probability `prior`.
    ///
    /// # Errors
    /// [`VoxelError::Prior`] unless 0 < `prior` < 1.
    pub fn uniform(grid: VoxelGrid, prior: f64) -> Result<Self, VoxelError> {
        if !(prior > 0.0 && prior < 1.0) {
            return Err(VoxelError::Prior { value: prior });
        }
        let log_odds = log_odds_of_probability(prior).clamp(-LOG_ODDS_LIMIT, LOG_ODDS_LIMIT);
        let mut belief = Self {
            grid,
            log_odds: vec![log_odds; grid.len()],
            block_entropy_nats: vec![0.0; grid.len().div_ceil(BLOCK)],
            entropy_nats: 0.0,
        };
        belief.blocks_mut().for_each(Block::follow_with_entropy);
        belief.sum_entropy();
        Ok(belief)
    }

    /// Bytes of a belief on that grid.
    pub const fn memory_bytes(grid: &VoxelGrid) -> usize {
        (grid.len() + grid.len().div_ceil(BLOCK)) * size_of::<f64>()
    }

    /// The grid whose voxels these are.
    pub const fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// Log-odds that a voxel is occupied.
    pub fn log_odds(&self, voxel: VoxelIndex) -> f64 {
        self.log_odds[voxel.as_usize()]
    }

    /// Probability that a voxel is occupied.
    pub fn probability(&self, voxel: VoxelIndex) -> f64 {
        probability_of_log_odds(self.log_odds(voxel))
    }

    /// Log-odds of all voxels in index order, length `n³`.
    pub fn log_odds_slice(&self) -> &[f64] {
        &self.log_odds
    }

    /// Entropy of all voxels together in nats.
    pub const fn entropy_nats(&self) -> f64 {
        self.entropy_nats
    }

    /// The same entropy summed anew over all voxels.
    pub fn recompute_entropy_nats(&self) -> f64 {
        entropy_of_slice(&self.log_odds)
    }

    /// Adds evidence to one voxel, within the limits, and follows with the entropy. What is not a number is no evidence.
    pub fn add_log_odds(&mut self, voxel: VoxelIndex, change: f64) {
        if change.is_nan() {
            return;
        }
        let block = voxel.as_usize() / BLOCK;
        let log_odds = &mut self.log_odds[voxel.as_usize()];
        *log_odds = (*log_odds + change).clamp(-LOG_ODDS_LIMIT, LOG_ODDS_LIMIT);
        let end = self.log_odds.len().min((block + 1) * BLOCK);
        self.block_entropy_nats[block] = entropy_of_slice(&self.log_odds[block * BLOCK..end]);
        self.entropy_nats = sum(&self.block_entropy_nats);
    }

    /// All blocks in index order, each with the index of its first voxel. Whoever changes a block's log-odds calls
    /// [`Block::follow_with_entropy`] and, at the end, [`sum_entropy`](Self::sum_entropy). No closure comes between,
    /// so that vector code inlines all of it.
    #[inline(always)]
    pub(crate) fn blocks_mut(&mut self) -> impl Iterator<Item = Block<'_>> {
        let blocks = self.log_odds.chunks_mut(BLOCK).zip(&mut self.block_entropy_nats).enumerate();
        blocks.map(|(i, (log_odds, entropy_nats))| Block { first: i * BLOCK, log_odds, entropy_nats })
    }

    #[inline(always)]
    pub(crate) fn sum_entropy(&mut self) {
        self.entropy_nats = sum(&self.block_entropy_nats);
    }

    /// Draws one shape from the belief, every voxel on its own.
    pub fn sample(&self, rng: &mut impl Rng, shape: &mut Occupancy) {
        debug_assert_eq!(shape.grid(), &self.grid);
        for (cell, &log_odds) in shape.as_bytes_mut().iter_mut().zip(&self.log_odds) {
            // Steps of 2⁻³²: the smallest probability a belief holds, 2e-9, is nine of them.
            let threshold = (probability_of_log_odds(log_odds) * 4_294_967_296.0) as u64;
            *cell = u8::from(u64::from(rng.next_u32()) < threshold);
        }
    }

    /// Probability of occupancy of every voxel as 0 (empty) to 255 (occupied), in index order.
    pub fn probabilities_u8(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend(self.log_odds.iter().map(|&l| (probability_of_log_odds(l) * 255.0 + 0.5) as u8));
    }
}

/// Up to [`BLOCK`] neighbouring voxels of a belief.
pub(crate) struct Block<'a> {
    /// Linear index of the first voxel.
    pub first: usize,
    pub log_odds: &'a mut [f64],
    entropy_nats: &'a mut f64,
}

impl Block<'_> {
    #[inline(always)]
    pub(crate) fn follow_with_entropy(self) {
        *self.entropy_nats = entropy_of_slice(self.log_odds);
    }
}

/// Sum in a fixed order, in eight running sums.
#[inline(always)]
fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    for group in values.chunks(8) {
        for (lane, value) in lanes.iter_mut().zip(group) {
            *lane += value;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::voxel::entropy_of_log_odds;

    /// Rounding of sums of at most 64³ terms below 1 nat.
    const SUM_TOLERANCE_NATS: f64 = 1e-9;

    #[test]
    fn an_even_prior_on_the_reference_grid_holds_8000_ln_2_nats() {
        let belief = Belief::uniform(VoxelGrid::default(), 0.5).unwrap();
        assert!((belief.entropy_nats() - 5_545.177_444_479_562).abs() < SUM_TOLERANCE_NATS);
    }

    #[test]
    fn priors_that_are_no_open_probabilities_are_rejected() {
        for prior in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(Belief::uniform(VoxelGrid::default(), prior).is_err(), "{prior}");
        }
    }

    #[test]
    fn a_sample_has_the_believed_share_of_occupied_voxels() {
        let grid = VoxelGrid::default();
        let mut belief = Belief::uniform(grid, 0.1).unwrap();
        belief.add_log_odds(VoxelIndex(0), 100.0);
        belief.add_log_odds(VoxelIndex(1), -100.0);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let mut shape = Occupancy::empty(grid);
        let mut total = 0;
        for _ in 0..50 {
            belief.sample(&mut rng, &mut shape);
            assert!(shape.is_occupied(VoxelIndex(0)) && !shape.is_occupied(VoxelIndex(1)));
            total += shape.count();
        }
        // Mean 40,000, standard deviation 190: five of them either way.
        assert!((39_050..=40_950).contains(&total), "{total}");
    }

    #[test]
    fn bytes_round_the_probability() {
        let mut belief = Belief::uniform(VoxelGrid::default(), 0.5).unwrap();
        belief.add_log_odds(VoxelIndex(3), 50.0);
        belief.add_log_odds(VoxelIndex(4), -50.0);
        let mut bytes = Vec::new();
        belief.probabilities_u8(&mut bytes);
        assert_eq!((bytes.len(), bytes[0], bytes[3], bytes[4]), (8000, 128, 255, 0));
    }

    proptest! {
        #[test]
        fn the_running_entropy_is_the_entropy_of_all_voxels(
            n in 8_u32..=13,
            prior in 0.01_f64..0.99,
            changes in prop::collection::vec((any::<u32>(), -60.0_f64..60.0), 0..60),
        ) {
            let grid = VoxelGrid::new(n, 1.0).unwrap();
            let mut belief = Belief::uniform(grid, prior).unwrap();
            for (voxel, change) in changes {
                belief.add_log_odds(VoxelIndex(voxel % grid.len() as u32), change);
            }
            let exact: f64 = belief.log_odds_slice().iter().map(|&l| entropy_of_log_odds(l)).sum();
            prop_assert!((belief.entropy_nats() - exact).abs() < SUM_TOLERANCE_NATS);
            prop_assert!((belief.recompute_entropy_nats() - exact).abs() < SUM_TOLERANCE_NATS);
            prop_assert!(belief.log_odds_slice().iter().all(|l| l.abs() <= LOG_ODDS_LIMIT));
        }
    }
}
