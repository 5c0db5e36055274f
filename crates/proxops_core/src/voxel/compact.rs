use std::sync::Arc;

use super::Belief;
use super::entropy::{entropy_of_log_odds, probability_of_log_odds};

/// |Log-odds| that a compact belief reaches with every sensor: there a 20³ grid has 4e-4 nats left.
const COMPACT_LIMIT: f64 = 20.0;
/// Steps from even odds to the limit where one pass says enough for steps as coarse as that.
const COARSE_STEPS: f64 = 127.0;
/// A step of hits is no coarser than half a pass.
const LEAST_STEPS_PER_PASS: f64 = 2.0;
/// Entropies are summed as integers of 2⁻³¹ nats, so that no order of summation changes a result.
const ENTROPY_SCALE: f64 = 2_147_483_648.0;

/// How a belief is kept in 16 bits per voxel, as the nodes of a search tree do.
///
/// A number counts steps of log-odds, and reaches ±20 with every sensor. The step divides the evidence of one pass
/// without remainder, so any number of passes adds up exactly; the evidence of all hits on a voxel in one image is rounded
/// once. Only where a pass says less than 0.0012, too little for whole steps within 16 bits, are the passes of one image
/// rounded too, to a step of 0.0006.
#[derive(Debug, Clone, PartialEq)]
pub struct CompactCode {
    step: f64,
    /// Steps from even odds to the last number, on either side.
    limit: i16,
    hit_steps: f32,
    pass_steps: f32,
    certainly_empty: i16,
    threshold: Arc<[u16]>,
    entropy: Arc<[u32]>,
}

impl CompactCode {
    /// The code for a sensor whose hits add `llr_hit` > 0 and whose passes add `llr_pass` < 0 to the log-odds.
    pub fn new(llr_hit: f64, llr_pass: f64) -> Self {
        let pass = llr_pass.abs();
        let step = Self::step_for(llr_pass);
        let mut code = Self {
            step,
            limit: Self::limit_for(llr_pass),
            hit_steps: (llr_hit / step) as f32,
            pass_steps: (pass / step) as f32,
            certainly_empty: i16::MIN,
            threshold: Arc::default(),
            entropy: Arc::default(),
        };
        let threshold = |log_odds| (probability_of_log_odds(log_odds) * 65_536.0).round().min(65_535.0) as u16;
        let entropy = |log_odds| (entropy_of_log_odds(log_odds) * ENTROPY_SCALE).round() as u32;
        code.threshold = code.table(threshold).into();
        code.entropy = code.table(entropy).into();
        let holds_nothing = |value: &i16| code.threshold[Self::place(*value, code.threshold.len())] == 0;
        code.certainly_empty = (-code.limit..=0).take_while(holds_nothing).last().unwrap_or(i16::MIN);
        code
    }

    /// Log-odds of one step for a sensor whose passes add `llr_pass`.
    fn step_for(llr_pass: f64) -> f64 {
        let pass = llr_pass.abs();
        let steps_per_pass = (pass / (COMPACT_LIMIT / COARSE_STEPS)).round().max(LEAST_STEPS_PER_PASS);
        (pass / steps_per_pass).max(COMPACT_LIMIT / f64::from(i16::MAX))
    }

    /// [`limit`](Self::limit) of the code for a sensor whose passes add `llr_pass`, without making it.
    pub fn limit_for(llr_pass: f64) -> i16 {
        // `as` saturates: rounding may reach one more than fits.
        (COMPACT_LIMIT / Self::step_for(llr_pass)).round() as i16
    }

    /// Place of a number in a table made by [`CompactCode::table`] of that length, a power of two.
    #[inline(always)]
    pub const fn place(value: i16, length: usize) -> usize {
        value as u16 as usize & (length - 1)
    }

    /// What `of` makes of the log-odds of every number of the code: that of `value` at [`place`](Self::place)`(value, length)`. The length
    /// is a power of two.
    pub fn table<T: Clone + Default>(&self, of: impl Fn(f64) -> T) -> Vec<T> {
        let length = (2 * self.limit as usize + 1).next_power_of_two();
        let mut table = vec![T::default(); length];
        for value in -self.limit..=self.limit {
            table[Self::place(value, length)] = of(self.log_odds(value));
        }
        table
    }

    /// Log-odds of one step.
    pub const fn step_log_odds(&self) -> f64 {
        self.step
    }

    /// The largest number of the code; the smallest is as far below 0.
    pub const fn limit(&self) -> i16 {
        self.limit
    }

    /// Log-odds that a number stands for.
    pub fn log_odds(&self, value: i16) -> f64 {
        f64::from(value) * self.step
    }

    /// The number nearest to given log-odds, within ±[`limit`](Self::limit).
    pub fn encode(&self, log_odds: f64) -> i16 {
        let limit = f64::from(self.limit);
        (log_odds / self.step).round().clamp(-limit, limit) as i16
    }

    /// Writes a whole belief, `n³` numbers in index order.
    pub fn encode_into(&self, belief: &Belief, out: &mut [i16]) {
        debug_assert_eq!(belief.log_odds_slice().len(), out.len());
        for (value, &log_odds) in out.iter_mut().zip(belief.log_odds_slice()) {
            *value = self.encode(log_odds);
        }
    }

    /// Writes the probability of occupancy of every voxel, in index order.
    pub fn decode_into_probabilities(&self, belief: &[i16], out: &mut [f32]) {
        debug_assert_eq!(belief.len(), out.len());
        for (probability, &value) in out.iter_mut().zip(belief) {
            *probability = probability_of_log_odds(self.log_odds(value)) as f32;
        }
    }

    /// Entropy of the whole belief in nats; the same for any order of voxels.
    pub fn entropy_nats(&self, belief: &[i16]) -> f64 {
        let total: u64 = belief.iter().map(|&value| u64::from(self.entropy_units(value))).sum();
        Self::nats_of_units(total as i64)
    }

    /// Probability of occupancy, in steps of 2⁻¹⁶, of every number at its [`place`](Self::place).
    pub(crate) fn thresholds(&self) -> &Arc<[u16]> {
        &self.threshold
    }

    /// The largest number whose probability of occupancy rounds to nothing.
    pub(crate) const fn certainly_empty(&self) -> i16 {
        self.certainly_empty
    }

    /// The number after `hits` and `passes` of one image.
    #[inline(always)]
    pub(crate) fn updated(&self, value: i16, hits: u16, passes: u16) -> i16 {
        let limit = i32::from(self.limit);
        let steps = i32::from(value) + whole_steps(hits, self.hit_steps) - whole_steps(passes, self.pass_steps);
        // `clamp` checks its limits, which the loops that call this cannot afford.
        steps.min(limit).max(-limit) as i16
    }

    /// Entropy of one number in units of 2⁻³¹ nats.
    #[inline(always)]
    pub(crate) fn entropy_units(&self, value: i16) -> u32 {
        self.entropy[Self::place(value, self.entropy.len())]
    }

    pub(crate) fn nats_of_units(units: i64) -> f64 {
        units as f64 / ENTROPY_SCALE
    }
}

/// Steps of `count` tests that are worth `steps` each, rounded once.
#[inline(always)]
fn whole_steps(count: u16, steps: f32) -> i32 {
    // 2²³: adding it leaves the nearest integer in the low bits of the mantissa.
    const ROUND: f32 = 8_388_608.0;
    // Hits that are clipped still outweigh all passes that one image can hold.
    const MOST_STEPS: f32 = ROUND - 1.0;
    let rounded = (f32::from(count) * steps).min(MOST_STEPS) + ROUND;
    (rounded.to_bits() - ROUND.to_bits()) as i32
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

    /// Evidence of a hit and of a pass for probabilities of a hit in an occupied and in an empty voxel.
    fn evidence(occupied: f64, empty: f64) -> (f64, f64) {
        ((occupied / empty).ln(), ((1.0 - occupied) / (1.0 - empty)).ln())
    }

    /// Evidence with every sensor that a scenario may have: both probabilities from one end of their range to the other, and
    /// pairs as near to each other as they are accepted.
    fn accepted_sensors() -> Vec<(f64, f64)> {
        let ends = [1e-9, 1e-6, 0.001, 0.01, 0.02, 0.2, 0.5, 0.95, 0.999_999, 1.0 - 1e-9];
        let mut sensors = Vec::new();
        for empty in ends {
            let near = [1e-12, 1e-6, 0.001].map(|apart| empty + apart);
            let occupied = ends.into_iter().chain(near).filter(|occupied| *occupied > empty && *occupied < 1.0);
            sensors.extend(occupied.map(|occupied| evidence(occupied, empty)));
        }
        assert!(sensors.len() > 60, "{}", sensors.len());
        sensors
    }

    #[test]
    fn the_range_is_the_same_for_every_accepted_sensor() {
        for (llr_hit, llr_pass) in accepted_sensors() {
            let code = CompactCode::new(llr_hit, llr_pass);
            let reach = code.log_odds(code.limit());
            assert!((reach - COMPACT_LIMIT).abs() <= 0.5 * code.step_log_odds() + 1e-9, "{llr_pass}: {reach}");
            assert!(code.step_log_odds() < 0.2, "{llr_pass}");
            for value in [-code.limit(), -1, 0, 1, code.limit()] {
                assert_eq!(code.encode(code.log_odds(value)), value, "{llr_pass}");
            }
            assert_eq!(code.updated(0, 0, u16::MAX) == -code.limit(), 65_535.0 * -llr_pass >= reach, "{llr_pass}");
            let empty = code.entropy_nats(&[-code.limit(); 8000]);
            assert!(empty < 1e-3, "{llr_pass}: {empty} nats in a grid that is known");
        }
    }

    #[test]
    fn passes_add_exactly_and_hits_are_rounded_once_with_every_sensor() {
        let within = |count: &u16, llr: f64| f64::from(*count) * llr.abs() < 0.9 * COMPACT_LIMIT;
        let counts = [1, 2, 3, 7, 40, 300, 5000];
        for (llr_hit, llr_pass) in accepted_sensors() {
            let code = CompactCode::new(llr_hit, llr_pass);
            let step = code.step_log_odds();
            for passes in counts.into_iter().filter(|count| within(count, llr_pass)) {
                let exact = f64::from(passes) * llr_pass;
                let error = (code.log_odds(code.updated(0, 0, passes)) - exact).abs();
                // The ratio of pass and step is kept in f32; where it is whole, nothing is rounded.
                let allowed = if llr_pass <= -0.001_23 { 1e-6 * exact.abs() } else { 0.501 * step };
                assert!(error <= allowed, "{passes} passes of {llr_pass}: {error}");
            }
            for hits in counts.into_iter().filter(|count| within(count, llr_hit)) {
                let exact = f64::from(hits) * llr_hit;
                let error = (code.log_odds(code.updated(0, hits, 0)) - exact).abs();
                assert!(error <= 0.501 * step, "{hits} hits of {llr_hit}: {error}");
            }
        }
    }

    #[test]
    fn what_a_weak_sensor_has_seen_empty_often_is_known_to_be_empty() {
        let (llr_hit, llr_pass) = evidence(0.02, 0.001);
        let code = CompactCode::new(llr_hit, llr_pass);
        let value = code.updated(0, 0, 700);
        // 700 · 0.0192 = 13.4; a range of ±1.2 would leave p = 0.23.
        assert!((code.log_odds(value) - 700.0 * llr_pass).abs() < 1e-4);
        let mut probability = [0.0];
        code.decode_into_probabilities(&[value], &mut probability);
        assert!(probability[0] < 2e-6, "{probability:?}");
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
        let mut values = vec![0; grid.len()];
        code.encode_into(&belief, &mut values);
        // Half a step of log-odds changes a voxel's entropy by at most 0.018 nats, and errors cancel.
        let relative = (code.entropy_nats(&values) - belief.entropy_nats()).abs() / belief.entropy_nats();
        assert!(relative < 0.02, "{relative}");
        let mut probabilities = vec![0.0; grid.len()];
        code.decode_into_probabilities(&values, &mut probabilities);
        for voxel in grid.indices() {
            let error = (f64::from(probabilities[voxel.as_usize()]) - belief.probability(voxel)).abs();
            assert!(error < 0.02, "{error}");
        }
    }
}
