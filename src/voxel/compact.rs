use super::Belief;
use super::entropy::{entropy_of_log_odds, probability_of_log_odds};

/// |Log-odds| that the 127 steps of a compact belief should reach: there a 20³ grid has 4e-4 nats left.
const COMPACT_LIMIT: f64 = 20.0;
/// Entropies are summed as integers of 2⁻³¹ nats, so that no order of summation changes a result.
const ENTROPY_SCALE: f64 = 2_147_483_648.0;

/// How a belief is kept in one signed byte per voxel, as the nodes of a search tree do.
///
/// A byte counts steps of log-odds. The step divides the evidence of one pass without remainder, so any number
/// of passes adds up exactly; the evidence of all hits on a voxel in one image is rounded once. The range is
/// about ±20.
#[derive(Debug, Clone, PartialEq)]
pub struct CompactCode {
    step: f64,
    pass_steps: i32,
    hit_steps: f32,
    certainly_empty: i8,
    /// Both tables are indexed by the byte reinterpreted as `u8`.
    threshold: Box<[u16; 256]>,
    entropy: Box<[u32; 256]>,
}

impl CompactCode {
    /// The code for a sensor whose hits add `llr_hit` > 0 and whose passes add `llr_pass` < 0 to the log-odds.
    pub fn new(llr_hit: f64, llr_pass: f64) -> Self {
        let steps_per_pass = (llr_pass.abs() / (COMPACT_LIMIT / 127.0)).round().max(2.0);
        let step = llr_pass.abs() / steps_per_pass;
        let log_odds = |byte: usize| f64::from(byte as u8 as i8) * step;
        let threshold = |byte| (probability_of_log_odds(log_odds(byte)) * 65_536.0).round().min(65_535.0) as u16;
        let entropy = |byte| (entropy_of_log_odds(log_odds(byte)) * ENTROPY_SCALE).round() as u32;
        let threshold: Box<[u16; 256]> = Box::new(std::array::from_fn(threshold));
        let holds_nothing = |byte: &i8| threshold[usize::from(*byte as u8)] == 0;
        Self {
            certainly_empty: (i8::MIN..=0).take_while(holds_nothing).last().unwrap_or(i8::MIN),
            step,
            pass_steps: -(steps_per_pass as i32),
            hit_steps: (llr_hit / step) as f32,
            threshold,
            entropy: Box::new(std::array::from_fn(entropy)),
        }
    }

    /// Log-odds of one step.
    pub const fn step_log_odds(&self) -> f64 {
        self.step
    }

    /// Log-odds that a byte stands for.
    pub fn log_odds(&self, value: i8) -> f64 {
        f64::from(value) * self.step
    }

    /// The byte nearest to given log-odds, within ±127.
    pub fn encode(&self, log_odds: f64) -> i8 {
        // `as` saturates at −128, which the clamp keeps out: the code is symmetric.
        (log_odds / self.step).round().clamp(-127.0, 127.0) as i8
    }

    /// Writes a whole belief, `n³` bytes in index order.
    pub fn encode_into(&self, belief: &Belief, out: &mut [i8]) {
        debug_assert_eq!(belief.log_odds_slice().len(), out.len());
        for (byte, &log_odds) in out.iter_mut().zip(belief.log_odds_slice()) {
            *byte = self.encode(log_odds);
        }
    }

    /// Writes the probability of occupancy of every voxel, in index order.
    pub fn decode_into_probabilities(&self, belief: &[i8], out: &mut [f32]) {
        debug_assert_eq!(belief.len(), out.len());
        for (probability, &byte) in out.iter_mut().zip(belief) {
            *probability = probability_of_log_odds(self.log_odds(byte)) as f32;
        }
    }

    /// Entropy of the whole belief in nats; the same for any order of voxels.
    pub fn entropy_nats(&self, belief: &[i8]) -> f64 {
        let total: u64 = belief.iter().map(|&byte| u64::from(self.entropy_units(byte))).sum();
        Self::nats_of_units(total as i64)
    }

    /// Probability of occupancy, in steps of 2⁻¹⁶, by the byte reinterpreted as `u8`.
    pub(crate) fn thresholds(&self) -> &[u16; 256] {
        &self.threshold
    }

    /// The largest byte whose probability of occupancy rounds to nothing.
    pub(crate) const fn certainly_empty(&self) -> i8 {
        self.certainly_empty
    }

    /// The byte after `hits` and `passes` of one image.
    #[inline(always)]
    pub(crate) fn updated(&self, value: i8, hits: u16, passes: u16) -> i8 {
        // 2²³: adding it leaves the nearest integer in the low bits of the mantissa.
        const ROUND: f32 = 8_388_608.0;
        // More than the steps of all passes that one image can hold, so that clipped hits still outweigh them.
        const MOST_STEPS: f32 = ROUND - 1.0;
        let hit_steps = (f32::from(hits) * self.hit_steps).min(MOST_STEPS) + ROUND;
        let hit_steps = (hit_steps.to_bits() - ROUND.to_bits()) as i32;
        let pass_steps = i32::from(passes) * self.pass_steps;
        (i32::from(value) + hit_steps + pass_steps).clamp(-127, 127) as i8
    }

    /// Entropy of one byte in units of 2⁻³¹ nats.
    #[inline(always)]
    pub(crate) fn entropy_units(&self, value: i8) -> u32 {
        self.entropy[usize::from(value as u8)]
    }

    pub(crate) fn nats_of_units(units: i64) -> f64 {
        units as f64 / ENTROPY_SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::VoxelGrid;

    fn reference_code() -> CompactCode {
        CompactCode::new((0.95_f64 / 0.001).ln(), (0.05_f64 / 0.999).ln())
    }

    #[test]
    fn one_pass_of_the_reference_sensor_is_19_whole_steps() {
        let code = reference_code();
        assert_eq!(code.updated(0, 0, 1), -19);
        assert!((code.log_odds(-19) - (0.05_f64 / 0.999).ln()).abs() < 1e-14);
        assert!((code.log_odds(127) - 20.0).abs() < 0.1, "{}", code.log_odds(127));
    }

    #[test]
    fn updates_saturate_at_both_ends() {
        let code = reference_code();
        assert_eq!(code.updated(0, 0, u16::MAX), -127);
        assert_eq!(code.updated(-127, u16::MAX, 0), 127);
        assert_eq!(code.updated(0, 1, 0), 44);
        // Evidence is weighed before it is clipped: 100 hits against 200 passes, and against 300.
        assert_eq!((code.updated(0, 100, 200), code.updated(0, 100, 300)), (127, -127));
        // Two hits are rounded together: 87, not 2 · 44.
        assert_eq!(code.updated(0, 2, 0), 87);
    }

    #[test]
    fn a_compact_belief_has_the_entropy_of_the_belief_it_encodes() {
        let grid = VoxelGrid::default();
        let mut belief = Belief::uniform(grid, 0.1).unwrap();
        for (k, voxel) in grid.indices().step_by(3).enumerate() {
            belief.add_log_odds(voxel, if k % 2 == 0 { 6.856 } else { -2.995 * 3.0 });
        }
        let code = reference_code();
        let mut bytes = vec![0; grid.len()];
        code.encode_into(&belief, &mut bytes);
        // Half a step of log-odds changes a voxel's entropy by at most 0.018 nats, and errors cancel.
        let relative = (code.entropy_nats(&bytes) - belief.entropy_nats()).abs() / belief.entropy_nats();
        assert!(relative < 0.02, "{relative}");
        let mut probabilities = vec![0.0; grid.len()];
        code.decode_into_probabilities(&bytes, &mut probabilities);
        for voxel in grid.indices() {
            let error = (f64::from(probabilities[voxel.as_usize()]) - belief.probability(voxel)).abs();
            assert!(error < 0.02, "{error}");
        }
    }
}
