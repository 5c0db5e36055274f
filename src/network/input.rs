//! One search leaf as a row of numbers: the belief, then the orbit vector.

use glam::DVec3;

use crate::voxel::CompactCode;

use super::config::PolicyValueNetConfig;
use super::error::NetworkError;

/// Range that becomes 1, metres: the reference scenario stays within 100 to 400 m.
const POSITION_SCALE_M: f64 = 200.0;
/// Speed that becomes 1, metres a second: mean motion of the reference chief times [`POSITION_SCALE_M`].
const VELOCITY_SCALE_M_S: f64 = 0.2;
/// Steps that become 1: the length of a reference episode.
const STEPS_SCALE: f64 = 50.0;
/// Log-odds that become tanh(1): two passes of the reference sensor from even odds.
const LOG_ODDS_SCALE: f64 = 4.0;

/// What the network knows of the orbit and the clock. Together with the belief this is a Markov state:
/// position, velocity and argument of latitude fix the relative orbit, steps left and the remaining entropy what
/// can still be earned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrbitFeatures(pub [f32; Self::LEN]);

impl OrbitFeatures {
    /// Numbers in the vector.
    pub const LEN: usize = 14;

    /// Scales the state to order one.
    ///
    /// In order: position (R, T, N)/200 m; velocity (R, T, N)/0.2 m/s; direction to the servicer (R, T, N), which is
    /// what the camera's view depends on, and ln(range/200 m), which its resolution depends on (range at least 1 m);
    /// sine and cosine of the argument of latitude; steps left/50; H(b)/H₀.
    pub fn new(
        position_rtn_m: DVec3,
        velocity_rtn_m_s: DVec3,
        argument_of_latitude_rad: f64,
        steps_left: u32,
        remaining_entropy: f64,
    ) -> Self {
        let position = position_rtn_m / POSITION_SCALE_M;
        let velocity = velocity_rtn_m_s / VELOCITY_SCALE_M_S;
        let direction = position_rtn_m.normalize_or_zero();
        let log_range = (position_rtn_m.length().max(1.0) / POSITION_SCALE_M).ln();
        let (sin_u, cos_u) = argument_of_latitude_rad.sin_cos();
        let steps = f64::from(steps_left) / STEPS_SCALE;
        Self(
            [
                position.x,
                position.y,
                position.z,
                velocity.x,
                velocity.y,
                velocity.z,
                direction.x,
                direction.y,
                direction.z,
                log_range,
                sin_u,
                cos_u,
                steps,
                remaining_entropy,
            ]
            .map(|feature| feature as f32),
        )
    }
}

/// Position, velocity and direction along N.
const NORMAL_FEATURES: [usize; 3] = [2, 5, 8];

impl OrbitFeatures {
    /// The same orbit seen in a mirror that swaps +N and −N. Motion along N is an oscillation of its own, so with the
    /// belief and the burns mirrored as well this is another state of the same value.
    pub fn mirrored_along_normal(mut self) -> Self {
        for feature in NORMAL_FEATURES {
            self.0[feature] = -self.0[feature];
        }
        self
    }
}

/// How one voxel of a compact belief becomes a number: `tanh(log-odds/4)` = (√p − √(1−p)) / (√p + √(1−p)).
///
/// 0 at even odds and ±1 when certain, like 2p − 1, but a voxel at a prior of 0.1 and one seen empty once
/// differ by 0.36 instead of 0.18: what is still unknown is what the network has to see.
#[derive(Clone, Debug)]
pub struct BeliefEncoding {
    /// As [`CompactCode::table`] has it.
    table: Vec<f32>,
}

impl BeliefEncoding {
    /// For beliefs kept in `code`.
    pub fn new(code: &CompactCode) -> Self {
        Self { table: code.table(|log_odds| (log_odds / LOG_ODDS_SCALE).tanh() as f32) }
    }

    /// The number for one voxel's code.
    pub fn encode(&self, code: i16) -> f32 {
        self.table[CompactCode::place(code, self.table.len())]
    }
}

/// Writes leaves into rows of a batch, in the layout that one network reads.
#[derive(Clone, Debug)]
pub struct InputEncoder {
    encoding: BeliefEncoding,
    cells_per_axis: usize,
    block: usize,
}

impl InputEncoder {
    /// An encoder for the network `config` and beliefs coded as `encoding` says.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the configuration is out of range.
    pub fn new(config: &PolicyValueNetConfig, encoding: BeliefEncoding) -> Result<Self, NetworkError> {
        config.validate()?;
        Ok(Self { encoding, cells_per_axis: config.cells_per_axis, block: config.space_to_depth })
    }

    /// Cells of the belief grid along each axis.
    pub fn cells_per_axis(&self) -> usize {
        self.cells_per_axis
    }

    /// Numbers in a row.
    pub fn row_len(&self) -> usize {
        self.cells_per_axis.pow(3) + OrbitFeatures::LEN
    }

    /// Writes one leaf into `row`.
    ///
    /// `belief` has shape `[n, n, n]` (R, T, N; N fastest). The row starts with `[s³, n/s, n/s, n/s]` for blocks of
    /// s³ cells: channel `(i·s + j)·s + k` holds the cells at offset (i, j, k) in their block. The orbit vector follows.
    ///
    /// # Panics
    /// If `belief` or `row` has another length than the network's grid: a programming error, not an input.
    pub fn write(&self, belief: &[i16], orbit: &OrbitFeatures, row: &mut [f32]) {
        assert_eq!(row.len(), self.row_len(), "row of a batch");
        let (cells, rest) = row.split_at_mut(self.cells_per_axis.pow(3));
        assert_eq!(belief.len(), cells.len(), "cells of a belief");
        if self.block == 1 {
            for (cell, &code) in cells.iter_mut().zip(belief) {
                *cell = self.encoding.encode(code);
            }
        } else {
            self.write_blocks(belief, cells);
        }
        rest.copy_from_slice(&orbit.0);
    }

    fn write_blocks(&self, belief: &[i16], cells: &mut [f32]) {
        let (n, s) = (self.cells_per_axis, self.block);
        let side = n / s;
        let channel_len = side.pow(3);
        for x in 0..n {
            for y in 0..n {
                let line = &belief[(x * n + y) * n..][..n];
                let channel_xy = ((x % s) * s + y % s) * s;
                let place = ((x / s) * side + y / s) * side;
                for (z, &code) in line.iter().enumerate() {
                    cells[(channel_xy + z % s) * channel_len + place + z / s] = self.encoding.encode(code);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> CompactCode {
        CompactCode::new(6.86, -2.99)
    }

    fn encoder(block: usize) -> InputEncoder {
        let config = PolicyValueNetConfig { space_to_depth: block, ..PolicyValueNetConfig::reference() };
        let config = config.with_cells_per_axis(8);
        InputEncoder::new(&config, BeliefEncoding::new(&code())).unwrap()
    }

    fn features() -> OrbitFeatures {
        OrbitFeatures::new(DVec3::new(0.0, 200.0, 0.0), DVec3::new(0.0, 0.0, -0.2), 0.5, 25, 0.75)
    }

    #[test]
    fn the_orbit_vector_is_of_order_one() {
        let OrbitFeatures(vector) = features();
        let expected = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.479_425_55, 0.877_582_55, 0.5, 0.75];
        for (given, wanted) in vector.iter().zip(expected) {
            assert!((given - wanted).abs() < 1e-6, "{vector:?}");
        }
    }

    #[test]
    fn a_servicer_at_the_centre_gives_finite_features() {
        let OrbitFeatures(vector) = OrbitFeatures::new(DVec3::ZERO, DVec3::ZERO, 0.0, 0, 0.0);
        assert!(vector.iter().all(|feature| feature.is_finite()));
    }

    #[test]
    fn belief_is_zero_at_even_odds_odd_in_the_log_odds_and_one_when_certain() {
        let encoding = BeliefEncoding::new(&code());
        assert_eq!(encoding.encode(0), 0.0);
        assert_eq!(encoding.encode(40), -encoding.encode(-40));
        assert!(encoding.encode(127) > 0.999 && encoding.encode(127) <= 1.0);
    }

    #[test]
    fn blocks_become_channels_and_every_cell_keeps_its_value() {
        let encoder = encoder(2);
        let belief: Vec<i16> = (0..512).map(|cell| (cell % 251) as i16 - 125).collect();
        let mut row = vec![f32::NAN; encoder.row_len()];
        encoder.write(&belief, &features(), &mut row);
        for x in 0..8 {
            for y in 0..8 {
                for z in 0..8 {
                    let channel = (x % 2) * 4 + (y % 2) * 2 + z % 2;
                    let value = row[channel * 64 + (x / 2) * 16 + (y / 2) * 4 + z / 2];
                    assert_eq!(value, encoder.encoding.encode(belief[(x * 8 + y) * 8 + z]));
                }
            }
        }
        assert_eq!(row[512..], features().0);
    }

    #[test]
    fn without_blocks_the_row_is_the_belief_in_its_own_order() {
        let encoder = encoder(1);
        let belief: Vec<i16> = (0..512).map(|cell| (cell / 5) as i16).collect();
        let mut row = vec![f32::NAN; encoder.row_len()];
        encoder.write(&belief, &features(), &mut row);
        assert!(row.iter().zip(&belief).all(|(&value, &code)| value == encoder.encoding.encode(code)));
    }
}
