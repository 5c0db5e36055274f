//! The network itself.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig3d};
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;

use crate::mission::{Action, Purpose, Seed, StreamKey, StreamRng};

use super::config::{KERNEL, PolicyValueNetConfig};
use super::error::NetworkError;
use super::input::OrbitFeatures;

/// Weights of both heads start this much smaller than the other layers', so that an untrained network
/// answers close to a uniform policy and a value of zero.
const HEAD_GAIN: f32 = 0.1;

/// Belief and orbit in, policy logits and value out. See [`PolicyValueNetConfig`] for the layers.
#[derive(Module, Debug)]
pub struct PolicyValueNet<B: Backend> {
    convolutions: Vec<Conv3d<B>>,
    belief: Linear<B>,
    orbit: Linear<B>,
    joint: Linear<B>,
    policy: Linear<B>,
    value: Linear<B>,
    channels_in: usize,
    side_in: usize,
}

impl<B: Backend> PolicyValueNet<B> {
    /// A network with weights drawn from `seed`: the same bits on every device.
    ///
    /// Kaiming-uniform weights for the rectifiers (He et al. 2015, eq. 14), zero biases, heads scaled by 0.1.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the configuration is out of range.
    pub fn new(config: &PolicyValueNetConfig, seed: Seed, device: &B::Device) -> Result<Self, NetworkError> {
        let rng = StreamKey { seed, episode: 0, step: 0, simulation: 0, purpose: Purpose::Training }.rng();
        let mut network = Self::zeroed(config, device)?.map(&mut Initialise { rng, next_id: 1 });
        network.policy.weight = network.policy.weight.map(|weight| weight.mul_scalar(HEAD_GAIN));
        network.value.weight = network.value.weight.map(|weight| weight.mul_scalar(HEAD_GAIN));
        Ok(network)
    }

    /// A network whose weights are still to be loaded.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the configuration is out of range.
    pub(crate) fn zeroed(config: &PolicyValueNetConfig, device: &B::Device) -> Result<Self, NetworkError> {
        config.validate()?;
        let convolutions = config
            .stages()
            .iter()
            .map(|stage| {
                Conv3dConfig::new([stage.channels_in, stage.channels_out], [KERNEL; 3])
                    .with_stride([stage.stride; 3])
                    .with_padding(PaddingConfig3d::Explicit(1, 1, 1))
                    .with_initializer(Initializer::Zeros)
                    .init(device)
            })
            .collect();
        let dense =
            |inputs, outputs| LinearConfig::new(inputs, outputs).with_initializer(Initializer::Zeros).init(device);
        Ok(Self {
            convolutions,
            belief: dense(config.convolved_len(), config.belief_features),
            orbit: dense(OrbitFeatures::LEN, config.orbit_features),
            joint: dense(config.belief_features + config.orbit_features, config.joint_features),
            policy: dense(config.joint_features, Action::COUNT),
            value: dense(config.joint_features, 1),
            channels_in: config.channels_in(),
            side_in: config.side_in(),
        })
    }

    /// Forward pass.
    ///
    /// - `rows`: `[batch, row_len]` as written by [`InputEncoder`](super::InputEncoder)
    /// - logits: `[batch, 13]`; value: `[batch, 1]`, in (−1, 1)
    pub fn forward(&self, rows: Tensor<B, 2>) -> (Tensor<B, 2>, Tensor<B, 2>) {
        let [batch, row_len] = rows.dims();
        let belief_len = row_len - OrbitFeatures::LEN;
        let orbit = rows.clone().narrow(1, belief_len, OrbitFeatures::LEN);
        let side = self.side_in;
        let mut grid = rows.narrow(1, 0, belief_len).reshape([batch, self.channels_in, side, side, side]);
        for convolution in &self.convolutions {
            grid = relu(convolution.forward(grid));
        }
        let belief = relu(self.belief.forward(grid.flatten(1, 4)));
        let orbit = relu(self.orbit.forward(orbit));
        let joint = relu(self.joint.forward(Tensor::cat(vec![belief, orbit], 1)));
        (self.policy.forward(joint.clone()), self.value.forward(joint).tanh())
    }

    /// Forward pass with logits and value side by side, `[batch, 14]`, so that one readback brings both.
    pub fn forward_packed(&self, rows: Tensor<B, 2>) -> Tensor<B, 2> {
        let (logits, value) = self.forward(rows);
        Tensor::cat(vec![logits, value], 1)
    }
}

/// Fills a zeroed network. Burn's own initialisers draw from a generator shared by the whole process and give
/// every parameter a random name; both would make two runs with one seed differ.
struct Initialise {
    rng: StreamRng,
    next_id: u64,
}

impl<B: Backend> ModuleMapper<B> for Initialise {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (_, zeros, mapper) = param.consume();
        let id = ParamId::from(self.next_id);
        self.next_id += 1;
        let shape = zeros.shape();
        // Convolution weights are [out, in, 3, 3, 3], dense ones [in, out]; biases stay zero.
        let fan_in = match D {
            5 => shape[1] * KERNEL.pow(3),
            2 => shape[0],
            _ => return Param::from_mapped_value(id, zeros, mapper),
        };
        let bound = (6.0 / fan_in as f32).sqrt();
        let weights: Vec<f32> = (0..shape.num_elements()).map(|_| self.rng.random_range(-bound..bound)).collect();
        let device = zeros.device();
        let require_grad = zeros.is_require_grad();
        let tensor = Tensor::from_data(TensorData::new(weights, shape), &device).set_require_grad(require_grad);
        Param::from_mapped_value(id, tensor, mapper)
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use rand::SeedableRng;

    use super::*;

    fn rows(batch: usize, row_len: usize) -> Tensor<Flex, 2> {
        let mut rng = StreamRng::seed_from_u64(3);
        let numbers: Vec<f32> = (0..batch * row_len).map(|_| rng.random_range(-1.0..1.0)).collect();
        Tensor::from_data(TensorData::new(numbers, [batch, row_len]), &Default::default())
    }

    #[test]
    fn both_architectures_have_the_parameters_their_config_counts() {
        for config in [PolicyValueNetConfig::reference(), PolicyValueNetConfig::compact()] {
            let network = PolicyValueNet::<Flex>::new(&config, Seed(1), &Default::default()).unwrap();
            assert_eq!(network.num_params(), config.parameter_count());
        }
    }

    #[test]
    fn shapes_and_ranges_of_the_outputs() {
        let config = PolicyValueNetConfig::compact();
        let network = PolicyValueNet::<Flex>::new(&config, Seed(1), &Default::default()).unwrap();
        let (logits, value) = network.forward(rows(3, config.row_len()));
        assert_eq!(logits.dims(), [3, Action::COUNT]);
        assert_eq!(value.dims(), [3, 1]);
        let values = value.into_data().into_vec::<f32>().unwrap();
        assert!(values.iter().all(|value| value.abs() < 1.0), "{values:?}");
    }

    #[test]
    fn an_untrained_network_is_close_to_uniform_and_not_constant() {
        let config = PolicyValueNetConfig::compact();
        let network = PolicyValueNet::<Flex>::new(&config, Seed(1), &Default::default()).unwrap();
        let outputs = network.forward_packed(rows(2, config.row_len())).into_data().into_vec::<f32>().unwrap();
        assert!(outputs.iter().all(|output| output.abs() < 1.0), "{outputs:?}");
        assert!((0..14).any(|output| outputs[output] != outputs[14 + output]));
    }

    #[test]
    fn one_seed_gives_one_network() {
        let config = PolicyValueNetConfig::compact();
        let outputs = |seed| {
            let network = PolicyValueNet::<Flex>::new(&config, Seed(seed), &Default::default()).unwrap();
            network.forward_packed(rows(1, config.row_len())).into_data().into_vec::<f32>().unwrap()
        };
        assert_eq!(outputs(7), outputs(7));
        assert_ne!(outputs(7), outputs(8));
    }
}
