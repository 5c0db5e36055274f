//! Layers and input shape of the policy–value network.

use serde::{Deserialize, Serialize};

use crate::memory::product;
use crate::mission::Action;

use super::error::NetworkError;
use super::input::OrbitFeatures;

/// Edge of every convolution kernel, in cells.
pub(crate) const KERNEL: usize = 3;
/// Leaves that the CPU evaluates as one tensor.
pub(crate) const PIECE_ROWS: usize = 8;

/// One 3×3×3 convolution with padding 1, followed by a rectifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionConfig {
    /// Channels out, 1 to 1024.
    pub channels: usize,
    /// Stride along each axis, 1 to 4.
    pub stride: usize,
}

/// Layers of a [`PolicyValueNet`](super::PolicyValueNet).
///
/// The belief goes through `convolutions` and a dense layer, the orbit vector through another dense layer;
/// joined, through a third, they feed the policy head (13 logits) and the value head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyValueNetConfig {
    /// Cells of the belief grid along each axis, 8 to 64.
    pub cells_per_axis: usize,
    /// Edge of the blocks of cells that become channels before the first convolution; 1 leaves the grid as it is.
    /// Must divide `cells_per_axis`. Shi et al. (2016), "sub-pixel convolution", run backwards.
    pub space_to_depth: usize,
    /// Convolutions over the belief, first to last.
    pub convolutions: Vec<ConvolutionConfig>,
    /// Outputs of the dense layer over the convolved belief.
    pub belief_features: usize,
    /// Outputs of the dense layer over the orbit vector.
    pub orbit_features: usize,
    /// Outputs of the dense layer over both.
    pub joint_features: usize,
}

impl PolicyValueNetConfig {
    /// Weights and biases that a network may have in all: 80 MB. The largest grid's compact network has 19 million.
    pub const MOST_PARAMETERS: usize = 20_000_000;
    /// Numbers that a convolution may hand to the next layer for one leaf: 16 channels on the largest grid.
    pub const LARGEST_LAYER: usize = 16 * 64 * 64 * 64;
    /// Names accepted by [`named`](Self::named).
    pub const NAMES: [&str; 2] = ["reference", "compact"];

    /// The reference architecture on a 20³ belief: 1.13 M parameters, 25 M multiply–adds a leaf.
    pub fn reference() -> Self {
        let stage = |channels, stride| ConvolutionConfig { channels, stride };
        Self {
            cells_per_axis: 20,
            space_to_depth: 1,
            convolutions: vec![stage(16, 1), stage(32, 2), stage(64, 2)],
            belief_features: 128,
            orbit_features: 128,
            joint_features: 128,
        }
    }

    /// A smaller and faster architecture on a 20³ belief: blocks of 2³ cells become 8 channels, so the first
    /// convolution already runs at 5³ and most of the arithmetic of the reference is not needed.
    pub fn compact() -> Self {
        let stage = |channels, stride| ConvolutionConfig { channels, stride };
        Self {
            cells_per_axis: 20,
            space_to_depth: 2,
            convolutions: vec![stage(32, 2), stage(48, 1)],
            belief_features: 96,
            orbit_features: 64,
            joint_features: 96,
        }
    }

    /// An architecture by name.
    ///
    /// # Errors
    /// [`NetworkError::Config`] for a name outside [`NAMES`](Self::NAMES).
    pub fn named(name: &str) -> Result<Self, NetworkError> {
        match name {
            "reference" => Ok(Self::reference()),
            "compact" => Ok(Self::compact()),
            _ => Err(NetworkError::Config {
                field: "architecture".into(),
                value: format!("`{name}`"),
                allowed: Self::NAMES.join(", "),
            }),
        }
    }

    /// The name of this architecture, or `custom`.
    pub fn name(&self) -> &'static str {
        let same_layers = |other: &Self| Self { cells_per_axis: other.cells_per_axis, ..self.clone() } == *other;
        if same_layers(&Self::reference()) {
            "reference"
        } else if same_layers(&Self::compact()) {
            "compact"
        } else {
            "custom"
        }
    }

    /// The same layers for a grid of another size.
    pub fn with_cells_per_axis(self, cells_per_axis: usize) -> Self {
        Self { cells_per_axis, ..self }
    }

    /// Checks every field against its range, and what they come to together.
    ///
    /// # Errors
    /// [`NetworkError::Config`] naming the first field out of range.
    pub fn validate(&self) -> Result<(), NetworkError> {
        check("cells_per_axis", self.cells_per_axis, 8, 64)?;
        check("space_to_depth", self.space_to_depth, 1, 8)?;
        if !self.cells_per_axis.is_multiple_of(self.space_to_depth) {
            return Err(NetworkError::Config {
                field: "space_to_depth".into(),
                value: self.space_to_depth.to_string(),
                allowed: format!("a divisor of cells_per_axis = {}", self.cells_per_axis),
            });
        }
        check("convolutions (number of)", self.convolutions.len(), 1, 8)?;
        for (index, stage) in self.convolutions.iter().enumerate() {
            check(&format!("convolutions[{index}].channels"), stage.channels, 1, 1024)?;
            check(&format!("convolutions[{index}].stride"), stage.stride, 1, 4)?;
        }
        check("belief_features", self.belief_features, 1, 4096)?;
        check("orbit_features", self.orbit_features, 1, 4096)?;
        check("joint_features", self.joint_features, 1, 4096)?;
        for (index, stage) in self.stages().iter().enumerate() {
            let outputs = stage.side_out.pow(3).saturating_mul(stage.channels_out);
            check(&format!("convolutions[{index}] (outputs)"), outputs, 1, Self::LARGEST_LAYER)?;
        }
        check("parameters (all layers together)", self.parameter_count(), 1, Self::MOST_PARAMETERS)
    }

    /// Cells of the belief.
    pub fn belief_len(&self) -> usize {
        self.cells_per_axis.pow(3)
    }

    /// Numbers in one row of a batch: the encoded belief, then the orbit vector.
    pub fn row_len(&self) -> usize {
        self.belief_len() + OrbitFeatures::LEN
    }

    /// Channels of the first convolution's input.
    pub fn channels_in(&self) -> usize {
        self.space_to_depth.pow(3)
    }

    /// Edge of the first convolution's input, in blocks.
    pub fn side_in(&self) -> usize {
        self.cells_per_axis / self.space_to_depth
    }

    /// Per convolution: channels in, channels out, stride, edge of its output.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        let mut channels_in = self.channels_in();
        let mut side = self.side_in();
        let mut stages = Vec::with_capacity(self.convolutions.len());
        for stage in &self.convolutions {
            // With kernel 3 and padding 1 the output edge is ceil(edge / stride).
            side = side.div_ceil(stage.stride);
            stages.push(Stage { channels_in, channels_out: stage.channels, stride: stage.stride, side_out: side });
            channels_in = stage.channels;
        }
        stages
    }

    /// Numbers that the last convolution hands to the dense layer.
    pub fn convolved_len(&self) -> usize {
        self.stages().last().map_or(self.belief_len(), |stage| stage.side_out.pow(3).saturating_mul(stage.channels_out))
    }

    /// Weights and biases in all; `usize::MAX` for more than can be counted.
    pub fn parameter_count(&self) -> usize {
        let numbers = |shape: &Vec<usize>| shape.iter().fold(1_usize, |product, side| product.saturating_mul(*side));
        self.parameter_shapes().iter().map(numbers).fold(0, usize::saturating_add)
    }

    /// Shapes of all weights and biases, in the order of the layers.
    pub(crate) fn parameter_shapes(&self) -> Vec<Vec<usize>> {
        let convolutions = self.stages().into_iter().flat_map(|stage| {
            [vec![stage.channels_out, stage.channels_in, KERNEL, KERNEL, KERNEL], vec![stage.channels_out]]
        });
        let dense =
            self.dense_shapes().into_iter().flat_map(|(inputs, outputs)| [vec![inputs, outputs], vec![outputs]]);
        convolutions.chain(dense).collect()
    }

    /// Bytes of the weights.
    pub fn weight_bytes(&self) -> u64 {
        product(&[self.parameter_count(), size_of::<f32>()])
    }

    /// Numbers that one leaf takes on its way through all layers: input, every layer's output, and the patches that a
    /// convolution is multiplied with.
    fn numbers_per_leaf(&self) -> usize {
        let stage = |stage: Stage| {
            let patch = stage.channels_in * KERNEL.pow(3);
            (stage.channels_out + patch).saturating_mul(stage.side_out.pow(3))
        };
        let convolved = self.stages().into_iter().map(stage).fold(2 * self.row_len(), usize::saturating_add);
        convolved.saturating_add(self.belief_features + self.orbit_features + self.joint_features)
    }

    /// Most bytes of an evaluator with `copies` of the weights and batches of `leaves` leaves, on the CPU: two batches are
    /// out, and every core works on a piece of each.
    pub fn evaluation_bytes(&self, copies: usize, leaves: usize) -> u64 {
        let at_work = 2 * PIECE_ROWS * rayon::current_num_threads();
        let rows = product(&[4, leaves, self.row_len(), size_of::<f32>()]);
        let layers =
            product(&[at_work.min(leaves.next_multiple_of(PIECE_ROWS)), self.numbers_per_leaf(), size_of::<f32>()]);
        self.weight_bytes().saturating_mul(copies as u64).saturating_add(rows).saturating_add(layers)
    }

    /// Most bytes of learning from batches of `rows` with `copies` of the weights: every layer's output is kept for the way
    /// back, on which it gets a gradient.
    pub fn learning_bytes(&self, copies: usize, rows: usize) -> u64 {
        let layers = product(&[2, rows, self.numbers_per_leaf(), size_of::<f32>()]);
        self.weight_bytes().saturating_mul(copies as u64).saturating_add(layers)
    }

    /// Multiply–adds of one forward pass of one leaf.
    pub fn multiply_adds(&self) -> usize {
        let convolutions: usize = self
            .stages()
            .iter()
            .map(|stage| stage.channels_out * stage.channels_in * KERNEL.pow(3) * stage.side_out.pow(3))
            .sum();
        convolutions + self.dense_shapes().iter().map(|(inputs, outputs)| inputs * outputs).sum::<usize>()
    }

    /// Inputs and outputs of the dense layers: belief, orbit, joint, policy, value.
    fn dense_shapes(&self) -> [(usize, usize); 5] {
        [
            (self.convolved_len(), self.belief_features),
            (OrbitFeatures::LEN, self.orbit_features),
            (self.belief_features + self.orbit_features, self.joint_features),
            (self.joint_features, Action::COUNT),
            (self.joint_features, 1),
        ]
    }
}

impl Default for PolicyValueNetConfig {
    fn default() -> Self {
        Self::reference()
    }
}

/// One convolution with its shapes worked out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub channels_in: usize,
    pub channels_out: usize,
    pub stride: usize,
    pub side_out: usize,
}

fn check(field: &str, value: usize, min: usize, max: usize) -> Result<(), NetworkError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(NetworkError::Config { field: field.into(), value: value.to_string(), allowed: format!("{min} to {max}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_1_13_million_parameters() {
        assert_eq!(PolicyValueNetConfig::reference().parameter_count(), 1_130_414);
    }

    #[test]
    fn the_compact_network_does_less_than_a_third_of_the_arithmetic() {
        let (reference, compact) = (PolicyValueNetConfig::reference(), PolicyValueNetConfig::compact());
        assert!(compact.multiply_adds() * 3 < reference.multiply_adds());
        assert!(compact.parameter_count() < reference.parameter_count());
    }

    #[test]
    fn a_block_that_does_not_divide_the_grid_is_named() {
        let error = PolicyValueNetConfig::compact().with_cells_per_axis(21).validate().unwrap_err().to_string();
        assert!(error.contains("space_to_depth = 2") && error.contains("divisor of cells_per_axis = 21"), "{error}");
    }

    #[test]
    fn layers_that_are_too_much_together_are_named() {
        let compact = PolicyValueNetConfig::compact;
        assert!(compact().with_cells_per_axis(64).validate().is_ok());
        let error = PolicyValueNetConfig::reference().with_cells_per_axis(64).validate().unwrap_err().to_string();
        assert!(error.contains("parameters (all layers together) = 336") && error.contains("20000000"), "{error}");

        let stage = ConvolutionConfig { channels: 1024, stride: 1 };
        let largest = PolicyValueNetConfig { convolutions: vec![stage; 8], belief_features: 4096, ..compact() };
        let largest = largest.with_cells_per_axis(64);
        assert!(largest.validate().unwrap_err().to_string().contains("convolutions[0] (outputs) = 33554432"));
        assert!(largest.parameter_count() > 100_000_000_000);
    }

    #[test]
    fn names_are_those_of_the_architectures_on_any_grid() {
        for name in PolicyValueNetConfig::NAMES {
            let config = PolicyValueNetConfig::named(name).unwrap().with_cells_per_axis(16);
            config.validate().unwrap();
            assert_eq!(config.name(), name);
        }
        assert!(PolicyValueNetConfig::named("huge").unwrap_err().to_string().contains("reference, compact"));
    }

    #[test]
    fn unknown_fields_are_refused() {
        let text = serde_json::to_string(&PolicyValueNetConfig::compact()).unwrap().replace("joint_features", "joint");
        assert!(serde_json::from_str::<PolicyValueNetConfig>(&text).is_err());
    }
}
