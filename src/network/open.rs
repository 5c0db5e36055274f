//! From a requested device to an evaluator that runs on it.

use burn::backend::Flex;

use super::device::{AdapterDescription, DeviceChoice, NetworkDevice, ResolvedDevice, adapters, choose_device};
#[cfg(feature = "vulkan")]
use super::device_test::{DeviceVerdicts, TestedDevice};
#[cfg(feature = "vulkan")]
use super::driver_work::DriverWork;
use super::error::NetworkError;
use super::evaluator::Evaluator;
use super::fallback::FallbackEvaluator;
use super::network_evaluator::{BatchPlan, NetworkEvaluator};
use super::weights::NetworkWeights;
use crate::threads::guarded;

/// An evaluator and the device it was given.
pub struct OpenedEvaluator {
    /// Evaluates with the weights it was opened with.
    pub evaluator: Box<dyn Evaluator>,
    /// The device and the reason for it.
    pub choice: DeviceChoice,
}

/// Opens `requested` and puts `weights` on it. Batches on a card are padded to shapes up to `max_batch`. A card is compared
/// with the CPU first, once for every driver, network and shape ([`DeviceVerdicts`]), and one that fails later is replaced
/// by the CPU; `on_warning` hears of it.
///
/// Call this on the thread that will evaluate: Burn keeps a stream and a memory pool for every thread that talks to it.
///
/// # Errors
/// [`NetworkError::DeviceMissing`], [`NetworkError::DeviceFailed`] or [`NetworkError::DeviceUntrusted`] if a Vulkan adapter
/// was asked for by name and cannot be used; `Auto` falls back to the CPU and says why.
pub fn open_evaluator(
    requested: &NetworkDevice,
    weights: &NetworkWeights,
    max_batch: usize,
    on_warning: impl FnMut(String) + Send + 'static,
) -> Result<OpenedEvaluator, NetworkError> {
    // Listing adapters loads the drivers: not for a run that asked for the CPU.
    let listed = if *requested == NetworkDevice::Cpu { Ok(Vec::new()) } else { guarded(adapters) };
    let (all, unlisted) = match listed {
        Ok(all) => (all, None),
        Err(reason) => (Vec::new(), Some(format!("the graphics drivers cannot be listed: {reason}"))),
    };
    let mut choice = choose_device(requested, &all)?;
    choice.reason = unlisted.unwrap_or(choice.reason);
    let opened = match &choice.device {
        ResolvedDevice::Cpu => OpenedEvaluator { evaluator: on_cpu(weights)?, choice },
        ResolvedDevice::Vulkan(adapter) => {
            let card = guarded(|| on_card(adapter, &all, weights, max_batch))
                .unwrap_or_else(|reason| Err(NetworkError::DeviceFailed { device: adapter.name.clone(), reason }));
            card_or_cpu(requested, choice, card, weights, on_warning)?
        }
    };
    tracing::info!("network on {}: {}", opened.choice.device, opened.choice.reason);
    Ok(opened)
}

/// The card, watched over; or the CPU, if any device would do and this card will not.
fn card_or_cpu(
    requested: &NetworkDevice,
    choice: DeviceChoice,
    card: Result<Box<dyn Evaluator>, NetworkError>,
    weights: &NetworkWeights,
    on_warning: impl FnMut(String) + Send + 'static,
) -> Result<OpenedEvaluator, NetworkError> {
    match card {
        Ok(card) => {
            let evaluator = Box::new(FallbackEvaluator::new(card, weights.clone(), on_cpu, on_warning));
            Ok(OpenedEvaluator { evaluator, choice })
        }
        Err(error) if *requested == NetworkDevice::Auto => {
            let choice = DeviceChoice { device: ResolvedDevice::Cpu, reason: error.to_string() };
            Ok(OpenedEvaluator { evaluator: on_cpu(weights)?, choice })
        }
        Err(error) => Err(error),
    }
}

fn on_cpu(weights: &NetworkWeights) -> Result<Box<dyn Evaluator>, NetworkError> {
    let name = ResolvedDevice::Cpu.to_string();
    Ok(Box::new(NetworkEvaluator::<Flex>::new(name, weights, Default::default(), BatchPlan::for_cpu())?))
}

#[cfg(feature = "vulkan")]
fn on_card(
    adapter: &AdapterDescription,
    all: &[AdapterDescription],
    weights: &NetworkWeights,
    max_batch: usize,
) -> Result<Box<dyn Evaluator>, NetworkError> {
    // From the first tensor to the last answer of the test.
    let _inside = DriverWork::begin();
    let opened = super::vulkan::open(adapter, all)?;
    let plan = BatchPlan::for_card(max_batch);
    let name = ResolvedDevice::Vulkan(adapter.clone()).to_string();
    let tested = TestedDevice::new(adapter, weights.config(), plan.shapes());
    let evaluator = NetworkEvaluator::<burn::backend::Vulkan>::new(name, weights, opened.device, plan)?;
    let card = Box::new(evaluator.watching(opened.lost));
    DeviceVerdicts::of_user().require(&tested, adapter.kind, card, || on_cpu(weights))
}

#[cfg(not(feature = "vulkan"))]
fn on_card(
    adapter: &AdapterDescription,
    _all: &[AdapterDescription],
    _weights: &NetworkWeights,
    _max_batch: usize,
) -> Result<Box<dyn Evaluator>, NetworkError> {
    let reason = "this program was built without the `vulkan` feature".into();
    Err(NetworkError::DeviceFailed { device: adapter.name.clone(), reason })
}

#[cfg(test)]
mod tests {
    use super::super::config::PolicyValueNetConfig;
    use super::super::device::AdapterKind;
    use super::super::evaluator::EvaluationBatch;
    use super::*;
    use crate::mission::Seed;

    fn opened(requested: &str) -> Result<OpenedEvaluator, NetworkError> {
        let config = PolicyValueNetConfig::compact().with_cells_per_axis(8);
        let weights = NetworkWeights::untrained(&config, Seed(1))?;
        open_evaluator(&requested.parse()?, &weights, 16, |_| {})
    }

    #[test]
    fn the_cpu_can_always_be_asked_for() {
        let mut opened = opened("cpu").unwrap();
        assert_eq!(opened.choice.device, ResolvedDevice::Cpu);
        let mut batch = EvaluationBatch::new(8 * 8 * 8 + 14, 1);
        batch.set_leaves(1);
        opened.evaluator.evaluate(&mut batch).unwrap();
    }

    #[test]
    fn a_card_that_computes_wrongly_gives_way_to_the_cpu_unless_it_was_asked_for() {
        let config = PolicyValueNetConfig::compact().with_cells_per_axis(8);
        let weights = NetworkWeights::untrained(&config, Seed(1)).unwrap();
        let adapter = AdapterDescription {
            index: 0,
            name: "card".into(),
            kind: AdapterKind::Discrete,
            driver: "driver 1.0".into(),
        };
        let opened = |requested: &str| {
            let difference = "leaf 3: logit 7 is 1 on card but 2 on CPU".into();
            let wrong = NetworkError::DeviceUntrusted { device: "card".into(), difference, verdicts: None };
            let choice = DeviceChoice { device: ResolvedDevice::Vulkan(adapter.clone()), reason: "the best".into() };
            card_or_cpu(&requested.parse().unwrap(), choice, Err(wrong), &weights, |_| {})
        };
        let automatic = opened("auto").unwrap();
        assert_eq!(automatic.choice.device, ResolvedDevice::Cpu);
        assert!(automatic.choice.reason.contains("card is not used, for it computes wrongly: leaf 3"));
        let error = opened("vulkan").err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error, automatic.choice.reason);
    }

    #[test]
    fn an_adapter_that_is_not_there_is_an_error_not_a_fallback() {
        let error = opened("vulkan:no such adapter").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("no such adapter") && error.contains("available: cpu"), "{error}");
    }
}
