use serde::{Deserialize, Serialize};

use super::instructions::{InstructionSet, Kernel};
use super::{Observation, SensorModel};
use crate::voxel::{Belief, CompactCode, LOG_ODDS_LIMIT};

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

    /// Applies an image to a belief of one byte per voxel and returns the entropy lost in nats.
    pub fn apply_compact(&self, observation: &Observation, code: &CompactCode, belief: &mut [i8]) -> f64 {
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
        let (llr_hit, llr_pass) = (sensor.llr_hit(), sensor.llr_pass());
        belief.update_blocks(|first, log_odds| {
            let hits = &observation.hits[first..first + log_odds.len()];
            let passes = &observation.passes[first..first + log_odds.len()];
            if untouched(hits, passes) {
                return false;
            }
            for ((l, &h), &p) in log_odds.iter_mut().zip(hits).zip(passes) {
                let (h, p) = rule.effective(h, p);
                let evidence = f64::from(h) * llr_hit + f64::from(p) * llr_pass;
                *l = (*l + evidence).clamp(-LOG_ODDS_LIMIT, LOG_ODDS_LIMIT);
            }
            true
        });
    }
}

struct CompactUpdate<'a> {
    rule: UpdateRule,
    observation: &'a Observation,
    code: &'a CompactCode,
    belief: &'a mut [i8],
}

impl Kernel for CompactUpdate<'_> {
    type Output = i64;

    #[inline(always)]
    fn run(self) -> i64 {
        const BLOCK: usize = 64;
        let Self { rule, observation, code, belief } = self;
        let counts = observation.hits.chunks(BLOCK).zip(observation.passes.chunks(BLOCK));
        let mut lost = 0;
        for (values, (hits, passes)) in belief.chunks_mut(BLOCK).zip(counts) {
            if !untouched(hits, passes) {
                lost += update_block(rule, code, values, hits, passes);
            }
        }
        lost
    }
}

/// Updates at most 64 voxels; the entropy lost in units of the code. Two passes over the block, for the first has no
/// table look-up and goes into vector lanes.
#[inline(always)]
fn update_block(rule: UpdateRule, code: &CompactCode, values: &mut [i8], hits: &[u16], passes: &[u16]) -> i64 {
    let before: i64 = values.iter().map(|&value| i64::from(code.entropy_units(value))).sum();
    for ((value, &h), &p) in values.iter_mut().zip(hits).zip(passes) {
        let (h, p) = rule.effective(h, p);
        *value = code.updated(*value, h, p);
    }
    let after: i64 = values.iter().map(|&value| i64::from(code.entropy_units(value))).sum();
    before - after
}

#[inline(always)]
fn untouched(hits: &[u16], passes: &[u16]) -> bool {
    hits.iter().fold(0, |any, h| any | h) | passes.iter().fold(0, |any, p| any | p) == 0
}
