//! Evaluations per second of both architectures by batch size and device.
//!
//! `cargo bench --bench network` prints the table for the CPU and every hardware Vulkan adapter;
//! `-- --software` adds software Vulkan (slow: its kernels are tuned first), `-- --seconds 2` measures longer.

use std::time::{Duration, Instant};

use bevy_proxops::mission::Seed;
use bevy_proxops::network::{
    EvaluationBatch, Evaluator, NetworkDevice, NetworkWeights, PolicyValueNetConfig, adapters, open_evaluator,
};

const BATCHES: [usize; 7] = [1, 8, 16, 32, 64, 128, 256];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let software = arguments.iter().any(|argument| argument == "--software");
    let seconds = arguments.iter().position(|argument| argument == "--seconds");
    let seconds: f64 = seconds.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(1.0);

    let cards = adapters().into_iter().filter(|adapter| software || adapter.kind.is_hardware());
    let devices = std::iter::once("cpu".to_owned()).chain(cards.map(|adapter| format!("vulkan:{}", adapter.index)));
    for device in devices {
        for name in PolicyValueNetConfig::NAMES {
            if let Err(error) = bench(&device, name, seconds) {
                println!("{device} {name}: {error}");
            }
        }
    }
}

fn bench(device: &str, name: &str, seconds: f64) -> Result<(), Box<dyn std::error::Error>> {
    let config = PolicyValueNetConfig::named(name)?;
    let weights = NetworkWeights::untrained(&config, Seed(1))?;
    let device: NetworkDevice = device.parse()?;
    // Software Vulkan takes seconds a leaf: small batches show what there is to see.
    let largest = if device == NetworkDevice::Cpu { 256 } else { 256.min(software_limit(&device)) };
    let start = Instant::now();
    let mut opened = open_evaluator(&device, &weights, largest, |warning| eprintln!("{warning}"))?;
    opened.evaluator.warm_up(&mut |_| {})?;
    let parameters = config.parameter_count();
    let multiply_adds = config.multiply_adds() as f64 / 1e6;
    println!("\n{name} ({parameters} parameters, {multiply_adds:.1} M multiply-adds) on {}", opened.choice.device);
    println!("ready in {:.1} s", start.elapsed().as_secs_f64());
    println!("{:>8} {:>16} {:>12}", "batch", "evaluations/s", "ms a batch");
    for leaves in BATCHES.into_iter().filter(|leaves| *leaves <= largest) {
        let mut batch = EvaluationBatch::new(config.row_len(), leaves);
        batch.set_leaves(leaves);
        fill(&mut batch);
        let per_batch = time_of_one(opened.evaluator.as_mut(), &mut batch, seconds)?;
        println!("{leaves:>8} {:>16.0} {:>12.2}", leaves as f64 / per_batch, per_batch * 1e3);
    }
    Ok(())
}

fn software_limit(device: &NetworkDevice) -> usize {
    let all = adapters();
    let hardware = all.iter().any(|adapter| {
        adapter.kind.is_hardware()
            && *device == NetworkDevice::Vulkan(bevy_proxops::network::AdapterSelector::Index(adapter.index))
    });
    if hardware { usize::MAX } else { 8 }
}

fn fill(batch: &mut EvaluationBatch) {
    for (index, number) in batch.inputs_mut().iter_mut().enumerate() {
        *number = (index as f32 * 0.37).sin();
    }
}

/// Mean seconds of a batch, over at least `seconds` and three batches.
fn time_of_one(
    evaluator: &mut dyn Evaluator,
    batch: &mut EvaluationBatch,
    seconds: f64,
) -> Result<f64, Box<dyn std::error::Error>> {
    evaluator.evaluate(batch)?;
    let start = Instant::now();
    let mut batches = 0;
    while batches < 3 || start.elapsed() < Duration::from_secs_f64(seconds) {
        evaluator.evaluate(batch)?;
        batches += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(batches))
}
