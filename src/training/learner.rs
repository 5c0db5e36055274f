//! Fits the network to what self-play found.

use std::collections::HashMap;
use std::path::Path;

use burn::module::{AutodiffModule, Module, ModuleVisitor, Param, ParamId};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer};
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::activation::log_softmax;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{ElementConversion, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::files::json::{number_or_null, single_or_null};
use crate::mission::{Action, Purpose, Seed, StreamKey};
use crate::network::{
    BeliefEncoding, CheckpointError, CheckpointWriter, Generation, InputEncoder, NetworkWeights, PolicyValueNet,
    SealedKind, open_sealed, seal, tensors,
};
use crate::threads::guarded;

use super::error::TrainingError;
use super::learning_rate::CosineDecay;
use super::mirror::Mirror;
use super::replay::ReplayBuffer;

/// Files of a learner in a checkpoint.
const WEIGHTS_FILE: &str = "learner-weights.bin";
const OPTIMISER_FILE: &str = "learner-optimiser.bin";
const STEPS_FILE: &str = "learner.json";

/// Burn's `flex` sums 4,194,304 elements and more on several threads.
const SUMMED_TOGETHER: usize = 1 << 21;

/// How the network is fitted. Adam as by Kingma & Ba (2015), weight decay as an L2 term in the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearnerConfig {
    /// Transitions a step. 1 to 4096; default 64.
    pub batch_size: usize,
    /// Learning rate at the first step. Above 0, at most 1; default 5e-4.
    pub learning_rate: f64,
    /// Learning rate at the end of the decay. 0 to `learning_rate`; default 1e-5.
    pub last_learning_rate: f64,
    /// Learning steps over which the rate falls along half a cosine. Default 10,000.
    pub decay_steps: u64,
    /// L2 penalty on the weights. 0 to 1; default 1e-4.
    pub weight_decay: f64,
    /// Largest norm of the gradient of all weights together; longer ones are shortened to it. Above 0; default 1.
    pub gradient_clip: f64,
    /// Weight of the squared error of the value against the cross-entropy of the policy. 0 to 100; default 1.
    pub value_weight: f64,
    /// Shows every other transition in a mirror that swaps +N and −N. Default true.
    pub mirror: bool,
}

impl Default for LearnerConfig {
    fn default() -> Self {
        Self {
            batch_size: 64,
            learning_rate: 5e-4,
            last_learning_rate: 1e-5,
            decay_steps: 10_000,
            weight_decay: 1e-4,
            gradient_clip: 1.0,
            value_weight: 1.0,
            mirror: true,
        }
    }
}

impl LearnerConfig {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`TrainingError::Config`] naming the first field out of range.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let within = |value: f64, low: f64, high: f64| value >= low && value <= high;
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let rate = positive(self.learning_rate) && self.learning_rate <= 1.0;
        let last = within(self.last_learning_rate, 0.0, self.learning_rate);
        let checks = [
            ("batch_size", (1..=4096).contains(&self.batch_size), self.batch_size.to_string(), "1 to 4096"),
            ("learning_rate", rate, self.learning_rate.to_string(), "above 0, at most 1"),
            ("last_learning_rate", last, self.last_learning_rate.to_string(), "0 to learning_rate"),
            ("weight_decay", within(self.weight_decay, 0.0, 1.0), self.weight_decay.to_string(), "0 to 1"),
            ("gradient_clip", positive(self.gradient_clip), self.gradient_clip.to_string(), "above 0"),
            ("value_weight", within(self.value_weight, 0.0, 100.0), self.value_weight.to_string(), "0 to 100"),
        ];
        match checks.into_iter().find(|(_, accepted, ..)| !accepted) {
            None => Ok(()),
            Some((field, _, value, accepted)) => Err(TrainingError::Config { field, value, accepted }),
        }
    }
}

/// What one learning step measured, on its batch and before its update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepLosses {
    /// Cross-entropy of the network's policy against the search's, nats.
    #[serde(deserialize_with = "single_or_null")]
    pub policy_loss: f32,
    /// Entropy of the search's policy, nats: the cross-entropy of a perfect network.
    #[serde(deserialize_with = "single_or_null")]
    pub target_entropy: f32,
    /// Entropy of the network's policy, nats.
    #[serde(deserialize_with = "single_or_null")]
    pub policy_entropy: f32,
    /// Mean squared error of the value.
    #[serde(deserialize_with = "single_or_null")]
    pub value_loss: f32,
    /// Variance of the value targets: the error of a network that always answers their mean.
    #[serde(deserialize_with = "single_or_null")]
    pub value_variance: f32,
    /// Norm of the gradient of all weights before it was shortened.
    #[serde(deserialize_with = "single_or_null")]
    pub gradient_norm: f32,
    /// Rate of this step.
    #[serde(deserialize_with = "number_or_null")]
    pub learning_rate: f64,
}

impl StepLosses {
    /// Adds every number of `other`.
    pub(super) fn add(&mut self, other: &Self) {
        self.policy_loss += other.policy_loss;
        self.target_entropy += other.target_entropy;
        self.policy_entropy += other.policy_entropy;
        self.value_loss += other.value_loss;
        self.value_variance += other.value_variance;
        self.gradient_norm += other.gradient_norm;
        self.learning_rate += other.learning_rate;
    }

    /// Every number over `count`: the mean of as many that were added.
    pub(super) fn divided_by(self, count: u64) -> Self {
        let share = 1.0 / count as f32;
        Self {
            policy_loss: self.policy_loss * share,
            target_entropy: self.target_entropy * share,
            policy_entropy: self.policy_entropy * share,
            value_loss: self.value_loss * share,
            value_variance: self.value_variance * share,
            gradient_norm: self.gradient_norm * share,
            learning_rate: self.learning_rate / count as f64,
        }
    }
}

/// Something that learns from a replay buffer, whatever device it learns on.
pub trait Learn: Send {
    /// One step on one batch.
    ///
    /// # Errors
    /// [`TrainingError::EmptyReplay`] or [`TrainingError::Diverged`].
    fn step(&mut self, replay: &ReplayBuffer) -> Result<StepLosses, TrainingError>;

    /// Steps taken since the beginning of the run.
    fn steps(&self) -> u64;

    /// Multiplies the rates of all steps to come; 1 leaves them as they are configured.
    fn scale_learning_rate(&mut self, scale: f64);

    /// The weights as they are now.
    ///
    /// # Errors
    /// [`TrainingError::Network`] if they cannot be read back.
    fn weights(&self) -> Result<NetworkWeights, TrainingError>;

    /// Writes weights, optimiser and step counter.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`].
    fn save(&self, checkpoint: &mut CheckpointWriter) -> Result<(), TrainingError>;
}

type AdamOf<B> = OptimizerAdaptor<Adam, PolicyValueNet<B>, B>;

/// A learner on one of Burn's backends. On the CPU a run that is saved and loaded goes on bit for bit.
pub struct Learner<B: AutodiffBackend> {
    config: LearnerConfig,
    seed: Seed,
    encoder: InputEncoder,
    start: NetworkWeights,
    network: PolicyValueNet<B>,
    optimiser: AdamOf<B>,
    device: B::Device,
    steps: u64,
    rate_scale: f64,
}

impl<B: AutodiffBackend> Learner<B> {
    /// Starts from `weights`. `encoding` is that of the beliefs in the replay buffer; `seed` is that of the run and fixes
    /// which transitions every step sees.
    ///
    /// # Errors
    /// [`TrainingError::Config`] or [`TrainingError::Network`].
    pub fn new(
        config: &LearnerConfig,
        weights: &NetworkWeights,
        encoding: BeliefEncoding,
        seed: Seed,
        device: B::Device,
    ) -> Result<Self, TrainingError> {
        config.validate()?;
        let optimiser = AdamConfig::new()
            // PyTorch's value; Burn's own default of 1e-5 would slow the small gradients of late training.
            .with_epsilon(1e-8)
            .with_weight_decay(Some(WeightDecayConfig::new(config.weight_decay as f32)))
            .init();
        Ok(Self {
            config: config.clone(),
            seed,
            encoder: InputEncoder::new(weights.config(), encoding)?,
            start: weights.clone(),
            network: weights.to_network(&device)?,
            optimiser,
            device,
            steps: 0,
            rate_scale: 1.0,
        })
    }

    /// Goes on from a checkpoint; the rest as for [`new`](Self::new).
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`] naming the file that is damaged or does not fit.
    pub fn load(
        config: &LearnerConfig,
        checkpoint: &Generation,
        encoding: BeliefEncoding,
        seed: Seed,
        device: B::Device,
    ) -> Result<Self, TrainingError> {
        let path = checkpoint.path(WEIGHTS_FILE);
        let weights = NetworkWeights::from_bytes(&path, &checkpoint.read(WEIGHTS_FILE)?)?;
        let mut learner = Self::new(config, &weights, encoding, seed, device)?;
        learner.load_optimiser(&checkpoint.path(OPTIMISER_FILE), &checkpoint.read(OPTIMISER_FILE)?)?;
        learner.steps = checkpoint.read_json(STEPS_FILE)?;
        Ok(learner)
    }

    fn load_optimiser(&mut self, path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
        let refused = |reason: String| CheckpointError::content(path, reason);
        let (_, record) = open_sealed(SealedKind::Optimiser, path, bytes)?;
        self.check_optimiser(record).map_err(refused)?;

        type Record<B> = <AdamOf<B> as Optimizer<PolicyValueNet<B>, B>>::Record;
        let recorder = NamedMpkBytesRecorder::<FullPrecisionSettings>::default();
        // The library panics at some records that it did not write.
        let load = || recorder.load::<Record<B>>(record.to_vec(), &self.device).map_err(|error| error.to_string());
        let record = guarded(load).unwrap_or_else(Err).map_err(refused)?;
        self.optimiser = self.optimiser.clone().load_record(record);
        Ok(())
    }

    /// Every tensor of the optimiser has the shape of the parameter that it is for, and finite numbers.
    fn check_optimiser(&self, record: &[u8]) -> Result<(), String> {
        let mut shapes = Shapes::default();
        self.network.visit(&mut shapes);
        for tensor in tensors(record)? {
            let parameter = tensor.keys.iter().find_map(|key| shapes.0.get(*key));
            if parameter != Some(&tensor.shape) {
                let (name, found) = (tensor.name(), &tensor.shape);
                return Err(format!("{name} has the shape {found:?} where the network has {parameter:?}"));
            }
            tensor.check_numbers(f32::MAX)?;
        }
        Ok(())
    }

    /// The rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        let LearnerConfig { learning_rate: initial, last_learning_rate: last, decay_steps: steps, .. } = self.config;
        CosineDecay { initial, last, steps }.at(self.steps) * self.rate_scale
    }

    /// The batch of the next step: fixed by the seed, the step and the contents of the buffer.
    fn batch(&self, replay: &ReplayBuffer) -> Result<Batch, TrainingError> {
        let key = StreamKey {
            seed: self.seed,
            episode: (self.steps >> 32) as u32,
            step: self.steps as u32,
            // 0 is the stream of the initial weights.
            simulation: 1,
            purpose: Purpose::Training,
        };
        let mut rng = key.rng();
        let row_len = self.encoder.row_len();
        let size = self.config.batch_size;
        let mut batch = Batch {
            rows: vec![0.0; size * row_len],
            policies: Vec::with_capacity(size * Action::COUNT),
            values: Vec::with_capacity(size),
        };
        let mut mirror = Mirror::new(self.encoder.cells_per_axis());
        for row in batch.rows.chunks_mut(row_len) {
            let sample = replay.sample(&mut rng)?;
            let mirrored = self.config.mirror && rng.random_bool(0.5);
            if mirrored {
                self.encoder.write(mirror.belief(&sample.belief), &sample.step.orbit.mirrored_along_normal(), row);
                batch.policies.extend(Mirror::policy(&sample.step.policy));
            } else {
                self.encoder.write(&sample.belief, &sample.step.orbit, row);
                batch.policies.extend(sample.step.policy);
            }
            batch.values.push(sample.step.value);
        }
        Ok(batch)
    }

    /// Makes the gradient no longer than `gradient_clip` and returns how long it was.
    fn clip(&self, gradients: &mut GradientsParams) -> f32 {
        let mut squares = SumOfSquares { gradients, sums: Vec::new() };
        self.network.visit(&mut squares);
        let norm: f32 = Tensor::cat(squares.sums, 0).sum().sqrt().into_scalar().elem();
        let limit = self.config.gradient_clip as f32;
        if norm > limit {
            self.network.visit(&mut Scale { gradients, factor: limit / norm });
        }
        norm
    }

    fn diverged(&self, what: String) -> TrainingError {
        TrainingError::Diverged { what, step: self.steps }
    }

    /// Refuses weights that no network may have.
    fn check_weights(&self) -> Result<(), TrainingError> {
        let mut extremes = Extremes::<B>(Vec::new());
        self.network.visit(&mut extremes);
        let largest = Tensor::cat(extremes.0, 0).into_data().into_vec::<f32>().unwrap_or_default();
        let limit = NetworkWeights::LARGEST_WEIGHT;
        match largest.into_iter().find(|weight| !weight.is_finite() || *weight > limit) {
            None => Ok(()),
            Some(weight) => Err(self.diverged(format!("a weight became {weight:e}, beyond ±{limit:e}"))),
        }
    }
}

impl<B: AutodiffBackend> Learn for Learner<B> {
    fn step(&mut self, replay: &ReplayBuffer) -> Result<StepLosses, TrainingError> {
        #[cfg_attr(not(test), expect(unused_mut, reason = "only tests spoil a batch"))]
        let mut batch = self.batch(replay)?;
        #[cfg(test)]
        poison::spoil(self.steps, &mut batch.values);
        let (size, target_entropy, value_variance) =
            (batch.values.len(), batch.target_entropy(), batch.value_variance());
        let tensor = |data: Vec<f32>, width: usize| {
            Tensor::<B, 2>::from_data(TensorData::new(data, [size, width]), &self.device)
        };
        let policies = tensor(batch.policies, Action::COUNT);
        let values = tensor(batch.values, 1);
        let (logits, predicted) = self.network.forward(tensor(batch.rows, self.encoder.row_len()));
        let log_policy = log_softmax(logits, 1);
        let policy_loss = (policies * log_policy.clone()).sum_dim(1).mean().neg();
        let value_loss = (predicted - values).square().mean();
        let loss = policy_loss.clone() + value_loss.clone().mul_scalar(self.config.value_weight);

        let log_policy = log_policy.inner();
        let entropy = (log_policy.clone().exp() * log_policy).sum_dim(1).mean().neg();
        let mut losses = StepLosses {
            policy_loss: policy_loss.into_scalar().elem(),
            target_entropy,
            policy_entropy: entropy.into_scalar().elem(),
            value_loss: value_loss.into_scalar().elem(),
            value_variance,
            gradient_norm: 0.0,
            learning_rate: self.learning_rate(),
        };
        let total = losses.policy_loss + losses.value_loss;
        if !total.is_finite() {
            return Err(self.diverged(format!("the loss became {total}")));
        }
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        losses.gradient_norm = self.clip(&mut gradients);
        if !losses.gradient_norm.is_finite() {
            return Err(self.diverged(format!("the norm of the gradient became {}", losses.gradient_norm)));
        }
        // The optimiser takes the network by value and gives it back.
        let network = self.network.clone();
        self.network = self.optimiser.step(losses.learning_rate, network, gradients);
        self.check_weights()?;
        self.steps += 1;
        Ok(losses)
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn scale_learning_rate(&mut self, scale: f64) {
        self.rate_scale = scale;
    }

    fn weights(&self) -> Result<NetworkWeights, TrainingError> {
        Ok(NetworkWeights::of(self.start.config(), self.network.valid())?)
    }

    fn save(&self, checkpoint: &mut CheckpointWriter) -> Result<(), TrainingError> {
        let record = NamedMpkBytesRecorder::<FullPrecisionSettings>::default()
            .record(self.optimiser.to_record(), ())
            .map_err(|error| CheckpointError::content(OPTIMISER_FILE.as_ref(), error))?;
        checkpoint.put(WEIGHTS_FILE, &self.weights()?.to_bytes())?;
        checkpoint.put(OPTIMISER_FILE, &seal(SealedKind::Optimiser, &record))?;
        checkpoint.put_json(STEPS_FILE, &self.steps)?;
        Ok(())
    }
}

/// One batch as plain numbers.
struct Batch {
    /// `[batch, row_len]`
    rows: Vec<f32>,
    /// `[batch, 13]`
    policies: Vec<f32>,
    /// `[batch]`
    values: Vec<f32>,
}

impl Batch {
    fn target_entropy(&self) -> f32 {
        let sum: f64 = self.policies.iter().map(|&p| f64::from(p)).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
        (sum / self.values.len() as f64) as f32
    }

    fn value_variance(&self) -> f32 {
        let count = self.values.len() as f64;
        let mean = self.values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        (self.values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count) as f32
    }
}

/// Sums of squares of the gradients, one a parameter.
struct SumOfSquares<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for SumOfSquares<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.gradients.get::<B::InnerBackend, D>(param.id) {
            self.sums.extend(sums_of_squares(gradient));
        }
    }
}

/// Sums over at most [`SUMMED_TOGETHER`] elements each, for the tensor library adds up larger tensors in an order that depends on
/// its threads.
fn sums_of_squares<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<Tensor<B, 1>> {
    let elements = tensor.shape().num_elements();
    if elements <= SUMMED_TOGETHER {
        return vec![tensor.square().sum()];
    }
    let flat = tensor.reshape([elements]);
    flat.split(SUMMED_TOGETHER, 0).into_iter().map(|piece| piece.square().sum()).collect()
}

/// Largest magnitude of each parameter, or what is no number in it.
struct Extremes<B: AutodiffBackend>(Vec<Tensor<B::InnerBackend, 1>>);

impl<B: AutodiffBackend> ModuleVisitor<B> for Extremes<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let magnitudes = param.val().inner().abs();
        // A sum keeps NaN and infinity, which a maximum may pass over; what is finite adds nothing.
        let not_finite = magnitudes.clone().mul_scalar(0.0).sum();
        self.0.push(magnitudes.max() + not_finite);
    }
}

/// Shapes of all parameters by their identities.
#[derive(Default)]
struct Shapes(HashMap<String, Vec<usize>>);

impl<B: AutodiffBackend> ModuleVisitor<B> for Shapes {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0.insert(ParamId::serialize(param.id), param.lazy_shape().to_vec());
    }
}

/// Multiplies every gradient.
struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f32,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.gradients.remove::<B::InnerBackend, D>(param.id) {
            self.gradients.register::<B::InnerBackend, D>(param.id, gradient.mul_scalar(self.factor));
        }
    }
}

/// Makes a step diverge, for tests of what comes after it.
#[cfg(test)]
pub(super) mod poison {
    use std::cell::Cell;

    thread_local! {
        static PLAN: Cell<Option<(u64, u32, f32)>> = const { Cell::new(None) };
    }

    /// The next `times` times that step number `step` is taken on this thread, one of its targets is `value`.
    pub fn at_step(step: u64, times: u32, value: f32) {
        PLAN.set(Some((step, times, value)));
    }

    pub fn spoil(step: u64, values: &mut [f32]) {
        if let Some((at, times @ 1.., value)) = PLAN.get().filter(|plan| plan.0 == step) {
            PLAN.set(Some((at, times - 1, value)));
            values[0] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::{Autodiff, Flex};

    use super::super::samples::EpisodeRecorder;
    use super::*;
    use crate::network::{CheckpointDirectory, OrbitFeatures, PolicyValueNetConfig};
    use crate::voxel::CompactCode;

    type Cpu = Autodiff<Flex>;
    const CELLS: usize = 512;

    fn encoding() -> BeliefEncoding {
        BeliefEncoding::new(&CompactCode::new(6.86, -2.99))
    }

    fn network() -> NetworkWeights {
        NetworkWeights::untrained(&PolicyValueNetConfig::compact().with_cells_per_axis(8), Seed(1)).unwrap()
    }

    fn config() -> LearnerConfig {
        LearnerConfig { batch_size: 16, learning_rate: 5e-3, decay_steps: 200, ..Default::default() }
    }

    fn learner() -> Learner<Cpu> {
        Learner::new(&config(), &network(), encoding(), Seed(1), Default::default()).unwrap()
    }

    /// What to do and what it is worth are written in the belief and the orbit.
    fn replay() -> ReplayBuffer {
        let mut replay = ReplayBuffer::new(1000);
        for episode in 0..8_u64 {
            let mut recorder = EpisodeRecorder::new(episode, CELLS);
            for step in 0..8_usize {
                let good = (episode as usize + step).is_multiple_of(2);
                let belief = [if good { 40 } else { -40 }; CELLS];
                let mut policy = [0.01; Action::COUNT];
                policy[if good { 3 } else { 7 }] = 0.88;
                let orbit = OrbitFeatures([if good { 1.0 } else { -1.0 }; OrbitFeatures::LEN]);
                recorder.decide(&belief, orbit, &policy, 1.0, 0.0).unwrap();
                recorder.reward(if good { 0.8 } else { -0.4 }).unwrap();
            }
            replay.push(recorder.finish(0.0, 1.0).unwrap());
        }
        replay
    }

    #[test]
    fn both_losses_fall_below_what_knows_nothing() {
        let (mut learner, replay) = (learner(), replay());
        let losses: Vec<_> = (0..80).map(|_| learner.step(&replay).unwrap()).collect();
        let mean = |of: fn(&StepLosses) -> f32| losses[70..].iter().map(of).sum::<f32>() / 10.0;
        assert!((losses[0].policy_loss - 13_f32.ln()).abs() < 0.1, "starts close to uniform: {:?}", losses[0]);
        let excess = mean(|step| step.policy_loss - step.target_entropy);
        assert!((0.0..0.1).contains(&excess), "{excess} nats above the entropy of the targets");
        assert!(mean(|step| step.value_loss) < 0.05 * mean(|step| step.value_variance));
    }

    #[test]
    fn the_learning_rate_is_stepped() {
        let (mut learner, replay) = (learner(), replay());
        let rates: Vec<f64> = (0..4).map(|_| learner.step(&replay).unwrap().learning_rate).collect();
        assert_eq!(rates[0], 5e-3);
        assert!(rates.is_sorted_by(|one, two| one > two), "{rates:?}");
    }

    #[test]
    fn a_loaded_learner_goes_on_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let directory = CheckpointDirectory::create(folder.path()).unwrap();
        let replay = replay();
        let mut straight = learner();
        for _ in 0..5 {
            straight.step(&replay).unwrap();
        }
        let mut writer = directory.begin(1).unwrap();
        straight.save(&mut writer).unwrap();
        let checkpoint = writer.commit().unwrap();
        let mut resumed =
            Learner::<Cpu>::load(&config(), &checkpoint, encoding(), Seed(1), Default::default()).unwrap();
        for step in 0..5 {
            assert_eq!(straight.step(&replay).unwrap(), resumed.step(&replay).unwrap(), "step {step} after the save");
        }
        assert_eq!(straight.weights().unwrap(), resumed.weights().unwrap());
        assert_ne!(straight.weights().unwrap(), network());
    }

    #[test]
    fn a_step_that_diverges_says_how_and_changes_nothing() {
        let replay = replay();
        for (value, expected) in [
            (f32::NAN, "learning step 1: the loss became NaN"),
            (1e30, "learning step 1: the loss became inf"),
            // The square of the gradient overflows, not that of the error.
            (1e19, "learning step 1: the norm of the gradient became inf"),
        ] {
            let config = LearnerConfig { value_weight: 100.0, ..config() };
            let mut learner =
                Learner::<Cpu>::new(&config, &network(), encoding(), Seed(1), Default::default()).unwrap();
            learner.step(&replay).unwrap();
            let before = learner.weights().unwrap();
            poison::at_step(1, 1, value);
            let error = learner.step(&replay).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(learner.weights().unwrap(), before);
        }
    }

    /// Every parameter becomes one number.
    struct SetAll(f32);

    impl<B: burn::tensor::backend::Backend> burn::module::ModuleMapper<B> for SetAll {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            param.map(|tensor| tensor.zeros_like().add_scalar(self.0))
        }
    }

    #[test]
    fn weights_that_leave_their_range_are_noticed_and_never_saved() {
        for (weight, expected) in
            [(2000.0, "a weight became 2e3"), (f32::INFINITY, "a weight became"), (f32::NAN, "NaN")]
        {
            let mut learner = learner();
            learner.check_weights().unwrap();
            learner.network = learner.network.clone().map(&mut SetAll(weight));
            let error = learner.check_weights().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            let error = learner.weights().unwrap_err().to_string();
            assert!(error.contains("accepted are"), "{error}");
        }
    }

    #[test]
    fn an_optimiser_of_another_network_or_with_bad_numbers_is_refused() {
        let replay = replay();
        let mut learner = learner();
        learner.step(&replay).unwrap();
        let record = |learner: &Learner<Cpu>| {
            NamedMpkBytesRecorder::<FullPrecisionSettings>::default().record(learner.optimiser.to_record(), ()).unwrap()
        };
        let sound = record(&learner);
        assert!(!tensors(&sound).unwrap().is_empty());
        let path = Path::new("optimiser.bin");
        let load = |learner: &mut Learner<Cpu>, record: &[u8]| {
            learner.load_optimiser(path, &seal(SealedKind::Optimiser, record)).map_err(|error| error.to_string())
        };
        load(&mut learner, &sound).unwrap();

        let mut spoilt = sound.clone();
        let numbers = (0..sound.len()).find(|at| sound[*at..].starts_with(b"\xa5bytes\xc5")).unwrap() + 9;
        spoilt[numbers..numbers + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(load(&mut learner, &spoilt).unwrap_err().contains("is NaN"));

        let config = PolicyValueNetConfig { joint_features: 8, ..network().config().clone() };
        let other = NetworkWeights::untrained(&config, Seed(1)).unwrap();
        let mut other = Learner::<Cpu>::new(&self::config(), &other, encoding(), Seed(1), Default::default()).unwrap();
        let error = load(&mut other, &sound).unwrap_err();
        assert!(error.starts_with("optimiser.bin: ") && error.contains("has the shape"), "{error}");
    }

    #[test]
    fn a_long_gradient_is_shortened_to_the_limit_as_a_whole() {
        let replay = replay();
        let step = |clip: f64| {
            let config = LearnerConfig { gradient_clip: clip, ..config() };
            let mut learner =
                Learner::<Cpu>::new(&config, &network(), encoding(), Seed(1), Default::default()).unwrap();
            let batch = learner.batch(&replay).unwrap();
            let rows = TensorData::new(batch.rows, [16, learner.encoder.row_len()]);
            let (logits, _) = learner.network.forward(Tensor::from_data(rows, &Default::default()));
            let mut gradients = GradientsParams::from_grads(logits.sum().backward(), &learner.network);
            let norm = learner.clip(&mut gradients);
            (norm, learner.clip(&mut gradients), learner.step(&replay).unwrap().gradient_norm)
        };
        let (free, same, _) = step(1e9);
        assert!(free > 0.01 && free == same);
        let limit = free / 4.0;
        let (norm, clipped, reported) = step(f64::from(limit));
        assert_eq!(norm, free);
        assert!((clipped / limit - 1.0).abs() < 1e-5, "{clipped} {limit}");
        assert!(reported > 0.0);
    }

    #[test]
    fn the_norm_of_a_large_gradient_is_the_same_with_1_2_and_8_threads() {
        // As many as the library adds up on several threads; numbers whose sum depends on its order.
        const ELEMENTS: usize = (4 << 20) + 12_346;
        let numbers: Vec<f32> = (0..ELEMENTS).map(|k| (k as f32 * 0.618).sin() * (1 + k % 97) as f32).collect();
        let norm = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let numbers = TensorData::new(numbers.clone(), [ELEMENTS / 5, 5]);
            pool.install(|| {
                let gradient = Tensor::<Flex, 2>::from_data(numbers, &Default::default());
                Tensor::cat(sums_of_squares(gradient), 0).sum().into_scalar().to_bits()
            })
        };
        let alone = norm(1);
        for threads in [2, 8, 8, 8] {
            assert_eq!(norm(threads), alone, "{threads} threads");
        }
        let exact: f64 = numbers.iter().map(|&number| f64::from(number).powi(2)).sum();
        assert!((f64::from(f32::from_bits(alone)) / exact - 1.0).abs() < 1e-4);
    }

    #[test]
    fn settings_outside_their_range_are_named() {
        let wrong = LearnerConfig { last_learning_rate: 0.1, ..Default::default() };
        let error = wrong.validate().unwrap_err().to_string();
        assert!(error.contains("training.last_learning_rate: 0.1") && error.contains("0 to learning_rate"), "{error}");
        assert!(LearnerConfig { gradient_clip: f64::NAN, ..Default::default() }.validate().is_err());
        assert!(LearnerConfig::default().validate().is_ok());
    }
}
