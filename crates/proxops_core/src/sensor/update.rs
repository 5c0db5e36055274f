use serde::{Deserialize, Serialize};

use super::instructions::{InstructionSet, Kernel};
use super::{Observation, SensorModel};
use crate::voxel::{BELIEF_BLOCK, Belief, CompactCode, LOG_ODDS_LIMIT};

/// How the counts of one image change a belief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum UpdateRule {
    /// Every ray counts: `L += hits·LLR_hit + passes·LLR_pass`, the exact posterior.
    #[default]
    PerRay,
    /// Every voxel counts at most once an image, as in OctoMap (Hornung et al. 2013).
    OncePerImage {
        /// Whether a voxel with hits and passes takes the hit alone (OctoMap's rule) or one of each.
        hit_wins: bool,
    },
}

impl std::fmt::Display for UpdateRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PerRay => "per ray",
            Self::OncePerImage { hit_wins: true } => "once per image, hit wins",
            Self::OncePerImage { hit_wins: false } => "once per image, hit and pass",
        })
    }
}

impl UpdateRule {
    /// Applies an image to a belief of the same grid and returns the entropy lost in nats: positive where the image
    /// taught something.
    pub fn apply(&self, observation: &Observation, sensor: &SensorModel, belief: &mut Belief) -> f64 {
        debug_assert_eq!(observation.grid(), belief.grid());
        let before = belief.entropy_nats();
        InstructionSet::widest().run(ExactUpdate { rule: *self, observation, sensor, belief });
        before - belief.entropy_nats()
    }

    /// Applies an image to a compact belief and returns the entropy lost in nats.
    pub fn apply_compact(&self, observation: &Observation, code: &CompactCode, belief: &mut [i16]) -> f64 {
        debug_assert_eq!(observation.grid().len(), belief.len());
        let units = InstructionSet::widest().run(CompactUpdate { rule: *self, observation, code, belief });
        CompactCode::nats_of_units(units)
    }

    /// The counts that the rule lets into the belief.
    #[inline(always)]
    fn effective(self, hits: u16, passes: u16) -> (u16, u16) {
        match self {
            Self::PerRay => (hits, passes),
            Self::OncePerImage { hit_wins } => {
                let hit = hits.min(1);
                let pass = passes.min(1);
                (hit, if hit_wins { pass & !hit } else { pass })
            }
        }
    }
}

struct ExactUpdate<'a> {
    rule: UpdateRule,
    observation: &'a Observation,
    sensor: &'a SensorModel,
    belief: &'a mut Belief,
}

impl Kernel for ExactUpdate<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rule, observation, sensor, belief } = self;
        for block in belief.blocks_mut() {
            let voxels = block.first..block.first + block.log_odds.len();
            let (hits, passes) = (&observation.hits[voxels.clone()], &observation.passes[voxels]);
            if add_evidence(rule, sensor, block.log_odds, hits, passes) {
                block.follow_with_entropy();
            }
        }
        belief.sum_entropy();
    }
}

/// Adds the counts of one block of voxels to their log-odds; whether any of these changed.
#[inline(always)]
fn add_evidence(rule: UpdateRule, sensor: &SensorModel, log_odds: &mut [f64], hits: &[u16], passes: &[u16]) -> bool {
    const N: usize = BELIEF_BLOCK;
    // All blocks but the last have a length that the compiler knows.
    if let (Some(hits), Some(passes)) = (hits.first_chunk::<N>(), passes.first_chunk::<N>())
        && let Some(log_odds) = log_odds.first_chunk_mut::<N>()
    {
        return add_counts(rule, sensor, log_odds, hits, passes);
    }
    add_counts(rule, sensor, log_odds, hits, passes)
}

#[inline(always)]
fn add_counts(rule: UpdateRule, sensor: &SensorModel, log_odds: &mut [f64], hits: &[u16], passes: &[u16]) -> bool {
    let mut changed = 0;
    for ((l, &h), &p) in log_odds.iter_mut().zip(hits).zip(passes) {
        let (h, p) = rule.effective(h, p);
        let evidence = f64::from(h) * sensor.llr_hit() + f64::from(p) * sensor.llr_pass();
        let updated = (*l + evidence).clamp(-LOG_ODDS_LIMIT, LOG_ODDS_LIMIT);
        changed |= updated.to_bits() ^ l.to_bits();
        *l = updated;
    }
    changed != 0
}

/// Voxels of a compact belief that are looked at together.
const COMPACT_BLOCK: usize = 64;

struct CompactUpdate<'a> {
    rule: UpdateRule,
    observation: &'a Observation,
    code: &'a CompactCode,
    belief: &'a mut [i16],
}

impl Kernel for CompactUpdate<'_> {
    type Output = i64;

    #[inline(always)]
    fn run(self) -> i64 {
        let Self { rule, observation, code, belief } = self;
        let counts =
            observation.hit_counts().chunks(COMPACT_BLOCK).zip(observation.pass_counts().chunks(COMPACT_BLOCK));
        let mut lost = 0;
        for (values, (hits, passes)) in belief.chunks_mut(COMPACT_BLOCK).zip(counts) {
            if !untouched(hits, passes) {
                lost += update_block(rule, code, values, hits, passes);
            }
        }
        lost
    }
}

/// Updates at most 64 voxels; the entropy lost in units of the code. Two passes over the block: the first goes into
/// vector lanes, the second looks entropies up where numbers have changed.
#[inline(always)]
fn update_block(rule: UpdateRule, code: &CompactCode, values: &mut [i16], hits: &[u16], passes: &[u16]) -> i64 {
    let mut before = [0; COMPACT_BLOCK];
    before[..values.len()].copy_from_slice(values);
    let mut after = before;
    for ((value, &h), &p) in after.iter_mut().zip(hits).zip(passes) {
        let (h, p) = rule.effective(h, p);
        *value = code.updated(*value, h, p);
    }
    values.copy_from_slice(&after[..values.len()]);
    let mut lost = 0;
    for (before, after) in before.as_chunks::<16>().0.iter().zip(after.as_chunks::<16>().0) {
        if before != after {
            let units = |value| i64::from(code.entropy_units(value));
            lost += before.iter().zip(after).map(|(&before, &after)| units(before) - units(after)).sum::<i64>();
        }
    }
    lost
}

#[inline(always)]
fn untouched(hits: &[u16], passes: &[u16]) -> bool {
    hits.iter().fold(0, |any, h| any | h) | passes.iter().fold(0, |any, p| any | p) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::voxel::{VoxelGrid, VoxelIndex};

    /// Rounding of a difference of sums near 500 nats.
    const SUM_TOLERANCE_NATS: f64 = 1e-9;

    fn small_grid() -> VoxelGrid {
        VoxelGrid::new(9, 1.0).unwrap()
    }

    fn observation(counts: &[(u32, u16, u16)]) -> Observation {
        let mut observation = Observation::new(small_grid());
        for &(voxel, hits, passes) in counts {
            observation.hits[voxel as usize] = hits;
            observation.passes[voxel as usize] = passes;
        }
        observation
    }

    #[test]
    fn each_rule_weighs_two_hits_and_three_passes_its_own_way() {
        let sensor = SensorModel::reference();
        let (hit, pass) = (sensor.llr_hit(), sensor.llr_pass());
        let image = observation(&[(5, 2, 3), (700, 0, 3), (728, 2, 0)]);
        let rules = [
            (UpdateRule::PerRay, [2.0 * hit + 3.0 * pass, 3.0 * pass, 2.0 * hit]),
            (UpdateRule::OncePerImage { hit_wins: true }, [hit, pass, hit]),
            (UpdateRule::OncePerImage { hit_wins: false }, [hit + pass, pass, hit]),
        ];
        for (rule, expected) in rules {
            let mut belief = Belief::uniform(small_grid(), 0.5).unwrap();
            rule.apply(&image, &sensor, &mut belief);
            for (voxel, log_odds) in [5, 700, 728].into_iter().zip(expected) {
                assert!((belief.log_odds(VoxelIndex(voxel)) - log_odds).abs() < 1e-12, "{rule}, voxel {voxel}");
            }
            assert_eq!(belief.log_odds_slice().iter().filter(|&&l| l != 0.0).count(), 3);
        }
    }

    #[test]
    fn the_order_of_images_does_not_matter_within_the_limits() {
        let sensor = SensorModel::reference();
        let images = [observation(&[(3, 1, 2), (4, 0, 1)]), observation(&[(3, 0, 1), (9, 1, 0)])];
        let after = |order: [usize; 2]| {
            let mut belief = Belief::uniform(small_grid(), 0.1).unwrap();
            for i in order {
                UpdateRule::PerRay.apply(&images[i], &sensor, &mut belief);
            }
            belief.entropy_nats()
        };
        assert!((after([0, 1]) - after([1, 0])).abs() < SUM_TOLERANCE_NATS);
    }

    fn any_rule() -> impl Strategy<Value = UpdateRule> {
        prop_oneof![Just(UpdateRule::PerRay), any::<bool>().prop_map(|hit_wins| UpdateRule::OncePerImage { hit_wins })]
    }

    proptest! {
        #[test]
        fn the_drop_returned_is_the_drop_of_the_entropy_for_both_kinds_of_belief(
            rule in any_rule(),
            prior in 0.05_f64..0.95,
            counts in prop::collection::vec((0_u32..729, 0_u16..4, 0_u16..30), 1..200),
        ) {
            let sensor = SensorModel::reference();
            let image = observation(&counts);
            let mut belief = Belief::uniform(small_grid(), prior).unwrap();
            let before = belief.entropy_nats();
            let drop = rule.apply(&image, &sensor, &mut belief);
            prop_assert!((before - drop - belief.recompute_entropy_nats()).abs() < SUM_TOLERANCE_NATS);

            let code = CompactCode::new(sensor.llr_hit(), sensor.llr_pass());
            let mut values = vec![code.encode(crate::voxel::log_odds_of_probability(prior)); 729];
            let before = code.entropy_nats(&values);
            let drop = rule.apply_compact(&image, &code, &mut values);
            prop_assert!((before - drop - code.entropy_nats(&values)).abs() < SUM_TOLERANCE_NATS);
            for (&value, &log_odds) in values.iter().zip(belief.log_odds_slice()) {
                // Half a step for the prior and half a step for the hits of the image.
                prop_assert!((code.log_odds(value) - log_odds).abs() <= code.step_log_odds() * 1.001);
            }
        }

        #[test]
        fn every_instruction_set_gives_the_same_beliefs_and_entropies(
            rule in any_rule(),
            prior in 0.05_f64..0.95,
            p_hit_occupied in 0.01_f64..0.99,
            counts in prop::collection::vec((0_u32..729, 0_u16..400, 0_u16..3000), 1..300),
        ) {
            let sensor = SensorModel::new(p_hit_occupied, 0.001).unwrap();
            let image = observation(&counts);
            let code = CompactCode::new(sensor.llr_hit(), sensor.llr_pass());
            let log_odds = crate::voxel::log_odds_of_probability(prior);
            let updated: Vec<_> = InstructionSet::available().into_iter().map(|instructions| {
                let mut exact = Belief::uniform(small_grid(), prior).unwrap();
                instructions.run(ExactUpdate { rule, observation: &image, sensor: &sensor, belief: &mut exact });
                let mut belief = vec![code.encode(log_odds); 729];
                let units = instructions.run(CompactUpdate { rule, observation: &image, code: &code, belief: &mut belief });
                let exact_bits: Vec<u64> = exact.log_odds_slice().iter().map(|value| value.to_bits()).collect();
                (exact_bits, exact.entropy_nats().to_bits(), belief, units)
            }).collect();
            prop_assert!(updated.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
}
