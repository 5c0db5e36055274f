use std::fmt;

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// The generator behind every random number.
pub type StreamRng = Xoshiro256PlusPlus;

/// The seed of a run. Equal seeds give equal runs, bit for bit, whatever the number of workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// What a stream of random numbers is used for. The numbers behind the names are part of every result: new purposes go
/// last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Purpose {
    /// Perturbation of an episode's start.
    Start = 0,
    /// Sensor noise of the image taken at a step.
    Sensor = 1,
    /// Shapes that a search draws from its belief.
    Shape = 2,
    /// Actions of a search's roll-outs.
    RollOut = 3,
    /// Choice among actions: the random planner, ties, sampled root actions.
    Policy = 4,
    /// Exploration noise at a search's root.
    Noise = 5,
    /// Replay sampling, augmentation and initial weights.
    Training = 6,
}

/// Names one stream of random numbers by what it is for, never by thread or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// Seed of the run.
    pub seed: Seed,
    /// Number of the episode in the run.
    pub episode: u32,
    /// Decision step in the episode.
    pub step: u32,
    /// Simulation in that step's search; 0 outside a search.
    pub simulation: u32,
    /// What the numbers are for.
    pub purpose: Purpose,
}

/// 2⁶⁴ over the golden ratio, the increment of `SplitMix64`.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of `SplitMix64` (Steele, Lea & Flood 2014, variant 13 of Stafford): a bijection in which every input
/// bit flips each output bit with probability close to one half.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

impl StreamKey {
    /// The generator of this stream, at its beginning.
    ///
    /// The key's 168 bits fill the generator's 256-bit state through two passes of `SplitMix64`'s finaliser, each a
    /// bijection of one word given its neighbour: different keys always give different states, and every word depends
    /// on the whole key.
    pub fn rng(&self) -> StreamRng {
        let mut words = [
            self.seed.0,
            u64::from(self.episode) | u64::from(self.step) << 32,
            u64::from(self.simulation) | u64::from(self.purpose as u8) << 32,
            GOLDEN_GAMMA,
        ];
        let mut carry = GOLDEN_GAMMA;
        for _ in 0..2 {
            for word in &mut words {
                *word = mix(word.wrapping_add(carry).wrapping_add(GOLDEN_GAMMA));
                carry = *word;
            }
        }
        let mut state = [0; 32];
        for (bytes, word) in state.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        StreamRng::from_seed(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use std::collections::HashSet;

    const KEY: StreamKey = StreamKey { seed: Seed(1), episode: 0, step: 0, simulation: 0, purpose: Purpose::Sensor };

    #[test]
    fn equal_keys_give_equal_streams() {
        let (mut one, mut two) = (KEY.rng(), KEY.rng());
        assert!((0..100).all(|_| one.next_u64() == two.next_u64()));
    }

    /// These bits are part of every result. The expected ones were computed apart, from the two definitions in Python
    /// integers.
    #[test]
    fn first_numbers_of_a_stream_never_change() {
        let mut rng = KEY.rng();
        let first = [rng.next_u64(), rng.next_u64(), rng.next_u64()];
        assert_eq!(first, [0x1e85_2650_56b7_5c7f, 0x7c8e_b3cb_5556_c508, 0x5afc_605f_5d43_ec58]);
    }

    #[test]
    fn every_part_of_the_key_changes_the_stream() {
        let mut seen = HashSet::new();
        let mut keys = 0;
        for seed in 0..6 {
            for episode in 0..6 {
                for step in 0..6 {
                    for simulation in 0..6 {
                        for purpose in [Purpose::Start, Purpose::Sensor, Purpose::Shape, Purpose::Training] {
                            keys += 1;
                            seen.insert(
                                StreamKey { seed: Seed(seed), episode, step, simulation, purpose }.rng().next_u64(),
                            );
                        }
                    }
                }
            }
        }
        assert_eq!(seen.len(), keys);
    }

    #[test]
    fn neighbouring_keys_agree_in_half_of_their_bits() {
        let agreeing: u32 = (0..1000)
            .map(|step| {
                let mut one = StreamKey { step, ..KEY }.rng();
                let mut two = StreamKey { step: step + 1, ..KEY }.rng();
                (one.next_u64() ^ two.next_u64()).count_zeros()
            })
            .sum();
        // 64 000 fair bits: mean 32 000, standard deviation 126; five of them.
        assert!((i64::from(agreeing) - 32_000).abs() < 632, "{agreeing}");
    }
}
