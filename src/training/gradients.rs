//! The gradient of a batch, by several threads.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::activation::log_softmax;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{ElementConversion, Tensor, TensorData};

use crate::network::PolicyValueNet;

/// Transitions that a thread takes at a time: so many on every machine, for sums of floats depend on how they are grouped.
/// The CPU is as fast with batches of 16 as with longer ones.
const SHARD: usize = 16;

/// One batch as plain numbers.
pub(super) struct Batch {
    /// `[batch, row_len]`
    pub rows: Vec<f32>,
    /// `[batch, 13]`
    pub policies: Vec<f32>,
    /// `[batch]`
    pub values: Vec<f32>,
}

impl Batch {
    /// Mean entropy of the policies, nats.
    pub fn target_entropy(&self) -> f32 {
        let sum: f64 = self.policies.iter().map(|&p| f64::from(p)).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
        (sum / self.values.len() as f64) as f32
    }

    /// Variance of the values.
    pub fn value_variance(&self) -> f32 {
        let count = self.values.len() as f64;
        let mean = self.values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        (self.values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count) as f32
    }

    /// Losses and gradient of the whole batch: those of its shards added up in their order, whichever thread found them.
    pub fn gradient<B: AutodiffBackend>(
        &self,
        network: &PolicyValueNet<B>,
        value_weight: f64,
        device: &B::Device,
    ) -> (BatchLosses, GradientsParams) {
        let shards = self.values.len().div_ceil(SHARD);
        let found: Mutex<Vec<_>> = Mutex::new((0..shards).map(|_| None).collect());
        let next = AtomicUsize::new(0);
        let work = |network: PolicyValueNet<B>| {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= shards {
                    return;
                }
                let gradient = self.shard(index).gradient(&network, value_weight, device);
                found.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[index] = Some(gradient);
            }
        };
        // Every thread has leaves of its own: the graphs of two threads that share some would wait for each other.
        let own = || network.clone().fork(device);
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(shards);
        std::thread::scope(|scope| {
            for _ in 1..threads {
                let network = own();
                scope.spawn(|| work(network));
            }
            work(own());
        });
        let mut losses = BatchLosses::default();
        let mut sum = GradientsAccumulator::new();
        for (of_shard, gradients) in
            found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().flatten()
        {
            losses.add(&of_shard);
            sum.accumulate(network, gradients);
        }
        (losses, sum.grads())
    }

    fn shard(&self, index: usize) -> Shard<'_> {
        let size = self.values.len();
        let samples = index * SHARD..((index + 1) * SHARD).min(size);
        let part = |numbers: &'_ [f32]| {
            let width = numbers.len() / size;
            samples.start * width..samples.end * width
        };
        Shard {
            rows: &self.rows[part(&self.rows)],
            policies: &self.policies[part(&self.policies)],
            values: &self.values[samples.clone()],
            share: 1.0 / size as f64,
        }
    }
}

/// What a batch, or its part in one, costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BatchLosses {
    /// Cross-entropy of the network's policy against the search's, nats.
    pub policy: f32,
    /// Mean squared error of the value.
    pub value: f32,
    /// Entropy of the network's policy, nats.
    pub policy_entropy: f32,
}

impl BatchLosses {
    fn add(&mut self, other: &Self) {
        self.policy += other.policy;
        self.value += other.value;
        self.policy_entropy += other.policy_entropy;
    }
}

/// Neighbouring transitions of a batch.
struct Shard<'a> {
    rows: &'a [f32],
    policies: &'a [f32],
    values: &'a [f32],
    /// Share of one transition in the means over the batch.
    share: f64,
}

impl Shard<'_> {
    fn gradient<B: AutodiffBackend>(
        &self,
        network: &PolicyValueNet<B>,
        value_weight: f64,
        device: &B::Device,
    ) -> (BatchLosses, GradientsParams) {
        let size = self.values.len();
        let tensor = |numbers: &[f32]| {
            let width = numbers.len() / size;
            Tensor::<B, 2>::from_data(TensorData::new(numbers.to_vec(), [size, width]), device)
        };
        let (logits, predicted) = network.forward(tensor(self.rows));
        let log_policy = log_softmax(logits, 1);
        let policy = (tensor(self.policies) * log_policy.clone()).sum().mul_scalar(-self.share);
        let value = (predicted - tensor(self.values)).square().sum().mul_scalar(self.share);
        let loss = policy.clone() + value.clone().mul_scalar(value_weight);
        let log_policy = log_policy.inner();
        let entropy = (log_policy.clone().exp() * log_policy).sum().mul_scalar(-self.share);
        let losses = BatchLosses {
            policy: policy.into_scalar().elem(),
            value: value.into_scalar().elem(),
            policy_entropy: entropy.into_scalar().elem(),
        };
        (losses, GradientsParams::from_grads(loss.backward(), network))
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::{Autodiff, Flex};
    use burn::module::{ModuleVisitor, Param};

    use super::*;
    use crate::mission::{Action, Seed};
    use crate::network::{NetworkWeights, PolicyValueNetConfig};

    type Cpu = Autodiff<Flex>;

    fn network() -> PolicyValueNet<Cpu> {
        let config = PolicyValueNetConfig::compact().with_cells_per_axis(8);
        NetworkWeights::untrained(&config, Seed(1)).unwrap().to_network(&Default::default()).unwrap()
    }

    fn batch(size: usize) -> Batch {
        let row_len = 512 + crate::network::OrbitFeatures::LEN;
        let number = |k: usize| ((k * 7919) % 1000) as f32 / 1000.0;
        let policies =
            (0..size * Action::COUNT).map(|k| if k % Action::COUNT == k / Action::COUNT % 13 { 1.0 } else { 0.0 });
        Batch {
            rows: (0..size * row_len).map(number).collect(),
            policies: policies.collect(),
            values: (0..size).map(number).collect(),
        }
    }

    /// All gradients one after the other.
    fn numbers(network: &PolicyValueNet<Cpu>, gradients: &GradientsParams) -> Vec<f32> {
        struct Collect<'a>(&'a GradientsParams, Vec<f32>);
        impl ModuleVisitor<Cpu> for Collect<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Cpu, D>>) {
                let gradient = self.0.get::<Flex, D>(param.id).expect("a gradient for every parameter");
                self.1.extend(gradient.into_data().to_vec::<f32>().unwrap());
            }
        }
        let mut collect = Collect(gradients, Vec::new());
        network.visit(&mut collect);
        collect.1
    }

    #[test]
    fn shards_add_up_to_the_gradient_of_the_batch() {
        let (network, batch) = (network(), batch(40));
        let (losses, sum) = batch.gradient(&network, 0.7, &Default::default());
        let whole = Shard { rows: &batch.rows, policies: &batch.policies, values: &batch.values, share: 1.0 / 40.0 };
        let (expected_losses, expected) = whole.gradient(&network, 0.7, &Default::default());
        let close = |one: f32, other: f32| (one - other).abs() <= 1e-5 * (1.0 + one.abs());
        assert!(close(losses.policy, expected_losses.policy) && close(losses.value, expected_losses.value));
        assert!(close(losses.policy_entropy, expected_losses.policy_entropy));
        let (sum, expected) = (numbers(&network, &sum), numbers(&network, &expected));
        assert!(sum.len() > 10_000 && sum.iter().any(|number| number.abs() > 1e-3));
        assert!(sum.iter().zip(&expected).all(|(&one, &other)| close(one, other)));
    }

    #[test]
    fn threads_leave_no_trace_in_the_gradient() {
        let (network, batch) = (network(), batch(64));
        let gradient = || {
            let (losses, gradients) = batch.gradient(&network, 1.0, &Default::default());
            (losses, numbers(&network, &gradients))
        };
        let first = gradient();
        for _ in 0..5 {
            assert!(gradient() == first);
        }
    }
}
