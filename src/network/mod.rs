//! The policy–value network, the devices it runs on, batched evaluation and checkpoints. Knows nothing of Bevy.
//!
//! | part | what it is |
//! |---|---|
//! | [`PolicyValueNetConfig`] | layers and input shape; `reference` and `compact` |
//! | [`PolicyValueNet`] | the network itself, generic over Burn's backends |
//! | [`InputEncoder`], [`OrbitFeatures`] | one search leaf written straight into its row of a batch |
//! | [`value_target`], [`return_from_value`] | what the value head predicts |
//! | [`NetworkDevice`], [`choose_device`] | CPU or Vulkan adapter, chosen at run time, with the reason |
//! | [`DeviceVerdicts`] | a card is compared with the CPU before it plans; the verdict is kept |
//! | [`end_process`] | ends a process although a thread may be inside a graphics driver |
//! | [`Evaluator`] | evaluates a batch in place; network, uniform, seeded random, and decorators around them |
//! | [`EvaluatorThread`] | the thread that talks to Burn, and what it counts: [`EvaluationCounts`] |
//! | [`NetworkWeights`] | weights as bytes, independent of any device |
//! | [`TrainedRanges`] | what a network was trained on, and what of a scenario lies outside it |
//! | [`CheckpointDirectory`] | one directory a run: versioned, checksummed, written atomically |

mod checkpoint;
mod config;
mod counts;
mod decorators;
mod device;
mod device_test;
mod driver_work;
mod error;
mod evaluator;
mod fallback;
mod input;
mod leaf;
mod model;
mod network_evaluator;
mod open;
mod record;
mod sealed;
mod simple_evaluators;
mod thread;
mod trained_ranges;
mod value;
#[cfg(feature = "vulkan")]
mod vulkan;
mod weights;

pub use checkpoint::{CheckpointDirectory, CheckpointWriter, Generation};
pub use config::{ConvolutionConfig, PolicyValueNetConfig};
pub use counts::{EvaluationCounters, EvaluationCounts};
pub use decorators::{CheckingEvaluator, CountingEvaluator};
pub use device::{
    AdapterDescription, AdapterKind, AdapterSelector, DeviceChoice, NetworkDevice, ResolvedDevice, adapters,
    choose_device,
};
pub use device_test::{DEVICE_TOLERANCE, DeviceVerdicts, TestedDevice, test_batch};
pub(crate) use driver_work::DriverWork;
pub use driver_work::end_process;
pub use error::{CheckpointError, NetworkError};
pub use evaluator::{EvaluationBatch, Evaluator, EvaluatorAttributes, LeafEvaluation, WarmUp};
pub use fallback::FallbackEvaluator;
pub use input::{BeliefEncoding, InputEncoder, OrbitFeatures};
pub use leaf::{LeafEncoder, remaining_entropy};
pub use model::PolicyValueNet;
pub use network_evaluator::{BatchPlan, NetworkEvaluator};
pub use open::{OpenedEvaluator, open_evaluator};
pub(crate) use record::tensors;
pub(crate) use sealed::{SealedKind, open_sealed, seal, seal_as};
pub use simple_evaluators::{SeededRandomEvaluator, UniformEvaluator};
pub(crate) use thread::evaluate_batch;
pub use thread::{EvaluatorThread, Finished, LeafFault, Loading, OpeningThread};
pub use trained_ranges::{OutsideTraining, TrainedRanges};
pub use value::{return_from_value, value_target};
#[cfg(feature = "vulkan")]
pub use vulkan::vulkan_device;
pub use weights::NetworkWeights;
