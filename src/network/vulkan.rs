//! Burn's own Vulkan device, apart from the one that draws.

use std::sync::{Arc, Mutex, OnceLock};

use burn::tensor::try_read_sync;
use burn_wgpu::{RuntimeOptions, WgpuDevice, graphics::Vulkan, init_setup};

use super::device::{AdapterDescription, AdapterKind};
use super::driver_work::DriverWork;
use super::error::NetworkError;
use crate::threads::{guarded, lock};

/// Set, with the driver's message, once the device is lost.
pub(crate) type LostDevice = Arc<OnceLock<String>>;

/// A Vulkan device made ready for Burn.
#[derive(Clone, Debug)]
pub(crate) struct VulkanDevice {
    pub device: WgpuDevice,
    pub lost: LostDevice,
}

/// Burn registers a device once per process and never gives it back, so it is kept for the next evaluator.
static OPENED: Mutex<Vec<VulkanDevice>> = Mutex::new(Vec::new());

pub(crate) fn adapters() -> Vec<AdapterDescription> {
    let _inside = DriverWork::begin();
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    // Enumeration is asynchronous for the web only; natively the future is ready at once.
    let found = try_read_sync(instance.enumerate_adapters(wgpu::Backends::VULKAN)).unwrap_or_default();
    found.iter().enumerate().map(|(index, adapter)| describe(index, &adapter.get_info())).collect()
}

fn describe(index: usize, info: &wgpu::AdapterInfo) -> AdapterDescription {
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
        wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
        wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
        wgpu::DeviceType::Cpu => AdapterKind::Software,
        wgpu::DeviceType::Other => AdapterKind::Unknown,
    };
    let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
    AdapterDescription { index, name: info.name.clone(), kind, driver }
}

/// Opens `adapter`, one of `all` as listed by [`adapters`], or hands out the device opened before.
///
/// # Errors
/// [`NetworkError::DeviceFailed`] if the driver refuses, or if the device was lost earlier in this process.
pub(crate) fn open(adapter: &AdapterDescription, all: &[AdapterDescription]) -> Result<VulkanDevice, NetworkError> {
    let failed = |reason: String| NetworkError::DeviceFailed { device: adapter.name.clone(), reason };
    let _inside = DriverWork::begin();
    let device = burn_device(adapter, all).ok_or_else(|| failed("Burn cannot address this adapter".into()))?;
    let mut opened = lock(&OPENED);
    if let Some(known) = opened.iter().find(|known| known.device == device) {
        return match known.lost.get() {
            None => Ok(known.clone()),
            Some(reason) => Err(failed(format!("lost earlier in this run: {reason}"))),
        };
    }
    let lost = LostDevice::default();
    let setup = guarded(|| init_setup::<Vulkan>(&device, RuntimeOptions::default())).map_err(failed)?;
    let flag = Arc::clone(&lost);
    setup.device.set_device_lost_callback(move |reason, message| {
        // The first message is the cause; later ones are consequences.
        let _ = flag.set(format!("{reason:?}: {message}"));
    });
    let device = VulkanDevice { device, lost };
    opened.push(device.clone());
    Ok(device)
}

/// One of [`adapters`](super::adapters), opened for Burn: for tensors of your own on the device that the network runs on.
///
/// # Errors
/// [`NetworkError::DeviceFailed`] if the driver refuses, or if the device was lost earlier in this process.
pub fn vulkan_device(adapter: &AdapterDescription) -> Result<WgpuDevice, NetworkError> {
    Ok(open(adapter, &adapters())?.device)
}

/// Burn counts adapters of each kind separately, in the order of enumeration.
fn burn_device(adapter: &AdapterDescription, all: &[AdapterDescription]) -> Option<WgpuDevice> {
    let position = all.iter().filter(|other| other.kind == adapter.kind && other.index < adapter.index).count();
    match adapter.kind {
        AdapterKind::Discrete => Some(WgpuDevice::DiscreteGpu(position)),
        AdapterKind::Integrated => Some(WgpuDevice::IntegratedGpu(position)),
        AdapterKind::Virtual => Some(WgpuDevice::VirtualGpu(position)),
        AdapterKind::Software if position == 0 => Some(WgpuDevice::Cpu),
        AdapterKind::Software | AdapterKind::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::{ConvolutionConfig, PolicyValueNetConfig};
    use super::super::decorators::CheckingEvaluator;
    use super::super::evaluator::{EvaluationBatch, Evaluator};
    use super::super::network_evaluator::{BatchPlan, NetworkEvaluator};
    use super::super::weights::NetworkWeights;
    use super::*;
    use crate::mission::Seed;

    /// Sums of a few hundred f32 products in another order.
    const RELATIVE_TOLERANCE: f32 = 1e-4;

    #[test]
    fn vulkan_and_cpu_agree_on_every_output() {
        let all = adapters();
        let Some(adapter) = all.iter().find(|adapter| burn_device(adapter, &all).is_some()) else {
            eprintln!("no Vulkan adapter here: nothing to compare");
            return;
        };
        let stage = |channels, stride| ConvolutionConfig { channels, stride };
        // Small, because a software adapter tunes and runs every kernel in seconds.
        let config = PolicyValueNetConfig {
            cells_per_axis: 8,
            space_to_depth: 2,
            convolutions: vec![stage(8, 1), stage(8, 2)],
            belief_features: 16,
            orbit_features: 16,
            joint_features: 16,
        };
        let weights = NetworkWeights::untrained(&config, Seed(3)).unwrap();
        let opened = open(adapter, &all).unwrap();
        let plan = BatchPlan::Padded { shapes: vec![4] };
        let card = NetworkEvaluator::<burn::backend::Vulkan>::new("card", &weights, opened.device, plan).unwrap();
        let cpu =
            NetworkEvaluator::<burn::backend::Flex>::new("CPU", &weights, Default::default(), BatchPlan::for_cpu());
        let mut check = CheckingEvaluator::new(card.watching(opened.lost), cpu.unwrap(), RELATIVE_TOLERANCE);
        let mut batch = EvaluationBatch::new(config.row_len(), 3);
        batch.set_leaves(3);
        for (index, number) in batch.inputs_mut().iter_mut().enumerate() {
            *number = (index as f32 * 0.37).sin();
        }
        check.evaluate(&mut batch).unwrap();
        assert!(batch.evaluations()[0] != batch.evaluations()[1]);
    }

    #[test]
    fn burn_counts_each_kind_of_adapter_from_zero() {
        let kinds = [AdapterKind::Software, AdapterKind::Discrete, AdapterKind::Integrated, AdapterKind::Discrete];
        let all: Vec<AdapterDescription> = kinds
            .into_iter()
            .enumerate()
            .map(|(index, kind)| AdapterDescription { index, name: String::new(), kind, driver: String::new() })
            .collect();
        let devices: Vec<_> = all.iter().map(|adapter| burn_device(adapter, &all)).collect();
        let expected =
            [WgpuDevice::Cpu, WgpuDevice::DiscreteGpu(0), WgpuDevice::IntegratedGpu(0), WgpuDevice::DiscreteGpu(1)];
        assert_eq!(devices, expected.map(Some));
    }
}
