//! Fits the network to what self-play found.

use burn::module::{AutodiffModule, Module, ModuleVisitor, Param};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer};
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::activation::log_softmax;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{ElementConversion, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::mission::{Action, Purpose, Seed, StreamKey};
use crate::network::{
    BeliefEncoding, CheckpointError, CheckpointWriter, Generation, InputEncoder, NetworkWeights, PolicyValueNet,
    SealedKind, open_sealed, seal,
};

use super::error::TrainingError;
use super::learning_rate::CosineDecay;
use super::mirror::Mirror;
use super::replay::ReplayBuffer;

/// Files of a learner in a checkpoint.
const WEIGHTS_FILE: &str = "learner-weights.bin";
const OPTIMISER_FILE: &str = "learner-optimiser.bin";
const STEPS_FILE: &str = "learner.json";

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
    pub policy_loss: f32,
    /// Entropy of the search's policy, nats: the cross-entropy of a perfect network.
    pub target_entropy: f32,
    /// Entropy of the network's policy, nats.
    pub policy_entropy: f32,
    /// Mean squared error of the value.
    pub value_loss: f32,
    /// Variance of the value targets: the error of a network that always answers their mean.
    pub value_variance: f32,
    /// Norm of the gradient of all weights before it was shortened.
    pub gradient_norm: f32,
    /// Rate of this step.
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
        let path = checkpoint.path(OPTIMISER_FILE);
        let bytes = checkpoint.read(OPTIMISER_FILE)?;
        let record = NamedMpkBytesRecorder::<FullPrecisionSettings>::default()
            .load::<<AdamOf<B> as Optimizer<PolicyValueNet<B>, B>>::Record>(
                open_sealed(SealedKind::Optimiser, &path, &bytes)?.to_vec(),
                &learner.device,
            )
            .map_err(|error| CheckpointError::content(&path, error))?;
        learner.optimiser = learner.optimiser.load_record(record);
        learner.steps = checkpoint.read_json(STEPS_FILE)?;
        Ok(learner)
    }

    /// The rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        let LearnerConfig { learning_rate: initial, last_learning_rate: last, decay_steps: steps, .. } = self.config;
        CosineDecay { initial, last, steps }.at(self.steps)
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
                self.encoder.write(mirror.belief(sample.belief), &sample.step.orbit.mirrored_along_normal(), row);
                batch.policies.extend(Mirror::policy(&sample.step.policy));
            } else {
                self.encoder.write(sample.belief, &sample.step.orbit, row);
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
}

impl<B: AutodiffBackend> Learn for Learner<B> {
    fn step(&mut self, replay: &ReplayBuffer) -> Result<StepLosses, TrainingError> {
        let batch = self.batch(replay)?;
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
            return Err(TrainingError::Diverged { loss: total, step: self.steps });
        }
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        losses.gradient_norm = self.clip(&mut gradients);
        // The optimiser takes the network by value and gives it back.
        let network = self.network.clone();
        self.network = self.optimiser.step(losses.learning_rate, network, gradients);
        self.steps += 1;
        Ok(losses)
    }

    fn steps(&self) -> u64 {
        self.steps
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
            self.sums.push(gradient.square().sum());
        }
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
    fn settings_outside_their_range_are_named() {
        let wrong = LearnerConfig { last_learning_rate: 0.1, ..Default::default() };
        let error = wrong.validate().unwrap_err().to_string();
        assert!(error.contains("training.last_learning_rate: 0.1") && error.contains("0 to learning_rate"), "{error}");
        assert!(LearnerConfig { gradient_clip: f64::NAN, ..Default::default() }.validate().is_err());
        assert!(LearnerConfig::default().validate().is_ok());
    }
}
