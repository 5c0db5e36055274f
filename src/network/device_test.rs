//! A card is compared with the CPU before it plans.
//!
//! Kernels are fused, compiled and tuned on the machine itself, and for that pair of techniques on Vulkan wrong results
//! without an error are reported (Burn #5079, #5257, #5626). So every card answers batches of the layers and shapes that it
//! is to work with, again after it has chosen its kernels, and the CPU's answers are the measure.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;

use super::config::PolicyValueNetConfig;
use super::decorators::CheckingEvaluator;
use super::device::{AdapterDescription, AdapterKind};
use super::error::NetworkError;
use super::evaluator::{EvaluationBatch, Evaluator};

/// How far an answer may be from the CPU's, relative to the larger of 1 and the CPU's magnitude: sums of a few hundred
/// products in another order.
pub const DEVICE_TOLERANCE: f32 = 1e-4;
/// How often each shape is run: the first time kernels are tried out, then those chosen are used.
const ROUNDS: u64 = 3;
/// Rows of the largest shape that software Vulkan is tested with: it evaluates 4 to 15 leaves a second.
const MOST_SOFTWARE_ROWS: usize = 16;
const SOFTWARE_ROUNDS: u64 = 2;
/// Verdicts kept; the oldest make room.
const MOST_VERDICTS: usize = 64;
const MOST_FILE_BYTES: u64 = 1 << 20;

/// What a test of a device is of: another driver, version, layers or shapes are another test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestedDevice {
    /// Name that the driver gives the adapter.
    pub device: String,
    /// Driver and version.
    pub driver: String,
    /// Version of this crate.
    pub version: String,
    /// Layers of the network.
    pub layers: PolicyValueNetConfig,
    /// Rows of the batches.
    pub shapes: Vec<usize>,
}

impl TestedDevice {
    /// The test of an adapter with these layers and shapes.
    pub fn new(adapter: &AdapterDescription, layers: &PolicyValueNetConfig, shapes: &[usize]) -> Self {
        Self {
            device: adapter.name.clone(),
            driver: adapter.driver.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            layers: layers.clone(),
            shapes: shapes.to_vec(),
        }
    }
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    tested: TestedDevice,
    /// Where the device differed; `None` if it agrees.
    difference: Option<String>,
}

/// The verdicts on this machine's devices, in a file of the user's cache folder. A file that is damaged or cannot be
/// written costs another test and nothing else.
#[derive(Clone, Debug)]
pub struct DeviceVerdicts {
    path: Option<PathBuf>,
}

impl DeviceVerdicts {
    /// Those of the user: `bevy_proxops/devices.json` in `XDG_CACHE_HOME`, `LOCALAPPDATA` or `~/.cache`.
    pub fn of_user() -> Self {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || folder("HOME").map(|home| home.join(".cache"));
        let cache = folder("XDG_CACHE_HOME").or_else(|| folder("LOCALAPPDATA")).or_else(home);
        Self { path: cache.map(|cache| cache.join("bevy_proxops/devices.json")) }
    }

    /// Those in that file.
    pub fn in_file(path: &Path) -> Self {
        Self { path: Some(path.to_owned()) }
    }

    /// Tests `card` against `cpu`, unless it has been tested before.
    ///
    /// # Errors
    /// [`NetworkError::DeviceUntrusted`] if they differ, or differed when they were tested before; whatever else stops an
    /// evaluator.
    pub fn require(
        &self,
        tested: &TestedDevice,
        kind: AdapterKind,
        card: Box<dyn Evaluator>,
        cpu: impl FnOnce() -> Result<Box<dyn Evaluator>, NetworkError>,
    ) -> Result<Box<dyn Evaluator>, NetworkError> {
        let known = self.read().into_iter().find(|verdict| verdict.tested == *tested);
        if let Some(known) = known {
            return match known.difference {
                None => Ok(card),
                Some(difference) => Err(self.untrusted(tested, difference)),
            };
        }
        let row_len = tested.layers.row_len();
        let mut check = CheckingEvaluator::new(card, cpu()?, DEVICE_TOLERANCE);
        let difference = match compare(&mut check, row_len, &tested.shapes, kind) {
            Ok(()) => None,
            // A device that is lost or has no memory left may work the next time.
            Err(error @ NetworkError::Disagreement { .. }) | Err(error @ NetworkError::NotFinite { .. }) => {
                Some(error.to_string())
            }
            Err(error) => return Err(error),
        };
        tracing::info!("{} compared with the CPU: at most {:.1e} apart", tested.device, check.worst_difference());
        self.remember(Verdict { tested: tested.clone(), difference: difference.clone() });
        match difference {
            None => Ok(check.into_primary()),
            Some(difference) => Err(self.untrusted(tested, difference)),
        }
    }

    fn untrusted(&self, tested: &TestedDevice, difference: String) -> NetworkError {
        NetworkError::DeviceUntrusted { device: tested.device.clone(), difference, verdicts: self.path.clone() }
    }

    fn read(&self) -> Vec<Verdict> {
        let Some(path) = &self.path else { return Vec::new() };
        let Ok(text) = files::read_text(path, MOST_FILE_BYTES) else { return Vec::new() };
        serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!("{}: {error}: devices are tested again", path.display());
            Vec::new()
        })
    }

    fn remember(&self, verdict: Verdict) {
        let Some(path) = &self.path else { return };
        let mut verdicts = self.read();
        verdicts.retain(|known| known.tested != verdict.tested);
        verdicts.push(verdict);
        let oldest = verdicts.len().saturating_sub(MOST_VERDICTS);
        verdicts.drain(..oldest);
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written =
            folder.and_then(|()| files::json::to_vec_pretty(&verdicts)).and_then(|text| files::write(path, &text));
        if let Err(error) = written {
            tracing::info!("{}: {error}: the device will be tested again", path.display());
        }
    }
}

/// Batches of every shape, full and not, again and again.
fn compare(check: &mut dyn Evaluator, row_len: usize, shapes: &[usize], kind: AdapterKind) -> Result<(), NetworkError> {
    let is_software = kind == AdapterKind::Software;
    let rounds = if is_software { SOFTWARE_ROUNDS } else { ROUNDS };
    let tested = |(place, shape): &(usize, &usize)| *place == 0 || !is_software || **shape <= MOST_SOFTWARE_ROWS;
    for round in 0..rounds {
        for (_, &shape) in shapes.iter().enumerate().filter(tested) {
            // Not all rows, so that padding is part of it; in the last round all of them.
            let leaves = if round + 1 == rounds { shape } else { shape.div_ceil(2) };
            check.evaluate(&mut test_batch(row_len, leaves, round))?;
        }
    }
    Ok(())
}

/// Rows such as leaves have: beliefs from certainly empty to certainly solid, orbits within ±1. Each `number` has others.
pub fn test_batch(row_len: usize, leaves: usize, number: u64) -> EvaluationBatch {
    let mut batch = EvaluationBatch::new(row_len, leaves);
    batch.set_leaves(leaves);
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for input in batch.inputs_mut() {
        // Marsaglia's xorshift (2003): any numbers will do that are the same everywhere.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *input = (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
    }
    batch
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::super::evaluator::EvaluatorAttributes;
    use super::super::network_evaluator::{BatchPlan, NetworkEvaluator};
    use super::super::weights::NetworkWeights;
    use super::*;
    use crate::mission::Seed;

    fn layers() -> PolicyValueNetConfig {
        PolicyValueNetConfig::compact().with_cells_per_axis(8)
    }

    fn cpu() -> Result<Box<dyn Evaluator>, NetworkError> {
        let weights = NetworkWeights::untrained(&layers(), Seed(3))?;
        Ok(Box::new(NetworkEvaluator::<Flex>::new("CPU", &weights, Default::default(), BatchPlan::for_cpu())?))
    }

    fn adapter(driver: &str) -> AdapterDescription {
        AdapterDescription { index: 0, name: "card".into(), kind: AdapterKind::Discrete, driver: driver.into() }
    }

    fn tested(driver: &str) -> TestedDevice {
        TestedDevice::new(&adapter(driver), &layers(), &[1, 4, 16])
    }

    /// As the CPU, but for what is done to its answers; says how often it was asked.
    struct Card {
        inner: Box<dyn Evaluator>,
        asked: std::sync::Arc<std::sync::atomic::AtomicU32>,
        spoil: fn(u32, &mut EvaluationBatch),
    }

    impl Evaluator for Card {
        fn name(&self) -> String {
            "card".into()
        }

        fn attributes(&self) -> EvaluatorAttributes {
            self.inner.attributes()
        }

        fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
            self.inner.evaluate(batch)?;
            let asked = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            (self.spoil)(asked, batch);
            Ok(())
        }
    }

    /// Whether the card may be used, why not, and how many batches it was asked.
    fn outcome(
        verdicts: &DeviceVerdicts,
        tested: &TestedDevice,
        spoil: fn(u32, &mut EvaluationBatch),
    ) -> (Result<(), String>, u32) {
        let asked = std::sync::Arc::<std::sync::atomic::AtomicU32>::default();
        let card = Card { inner: cpu().unwrap(), asked: asked.clone(), spoil };
        let found = verdicts.require(tested, AdapterKind::Discrete, Box::new(card), cpu);
        let found = found.map(drop).map_err(|error| error.to_string());
        (found, asked.load(std::sync::atomic::Ordering::Relaxed))
    }

    fn sound(_: u32, _: &mut EvaluationBatch) {}

    #[test]
    fn a_sound_card_is_tested_once_for_each_driver_and_shape() {
        let folder = tempfile::tempdir().unwrap();
        let verdicts = DeviceVerdicts::in_file(&folder.path().join("new/devices.json"));
        assert_eq!(outcome(&verdicts, &tested("1.0"), sound), (Ok(()), 9));
        assert_eq!(outcome(&verdicts, &tested("1.0"), sound), (Ok(()), 0));
        assert_eq!(outcome(&verdicts, &tested("2.0"), sound).1, 9, "another driver");
        let larger = TestedDevice { shapes: vec![64], ..tested("1.0") };
        assert_eq!(outcome(&verdicts, &larger, sound).1, 3, "other shapes");
    }

    #[test]
    fn a_card_that_answers_wrongly_is_refused_now_and_later() {
        type Spoil = fn(u32, &mut EvaluationBatch);
        let wrong: [(&str, Spoil); 4] = [
            ("one logit of one row", |asked, batch| {
                if asked == 0 {
                    batch.evaluations_mut()[0].logits[7] += 1e-2;
                }
            }),
            ("only after tuning", |asked, batch| {
                if asked == 8 {
                    batch.evaluations_mut()[15].value += 1e-3;
                }
            }),
            ("rows exchanged", |_, batch| batch.evaluations_mut().reverse()),
            ("nothing at all", |_, batch| batch.evaluations_mut().fill(Default::default())),
        ];
        for (what, spoil) in wrong {
            let folder = tempfile::tempdir().unwrap();
            let verdicts = DeviceVerdicts::in_file(&folder.path().join("devices.json"));
            let (found, asked) = outcome(&verdicts, &tested("1.0"), spoil);
            let error = found.expect_err(what);
            assert!(error.starts_with("network device card is not used") && error.contains("devices.json"), "{error}");
            assert!(asked > 0);
            let (again, asked) = outcome(&verdicts, &tested("1.0"), spoil);
            assert_eq!((again, asked), (Err(error), 0), "{what}");
        }
    }

    #[test]
    fn damaged_and_unwritable_files_cost_another_test_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("devices.json");
        for damaged in ["", "[{]", "{\"tested\": 3}", "[{\"tested\": \"card\", \"difference\": null}]"] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(outcome(&DeviceVerdicts::in_file(&path), &tested("1.0"), sound), (Ok(()), 9), "{damaged}");
            assert_eq!(outcome(&DeviceVerdicts::in_file(&path), &tested("1.0"), sound).1, 0, "{damaged}");
        }
        // A file where a folder would have to be.
        let nowhere = DeviceVerdicts::in_file(&path.join("below/devices.json"));
        assert_eq!(outcome(&nowhere, &tested("1.0"), sound), (Ok(()), 9));
        assert_eq!(outcome(&DeviceVerdicts { path: None }, &tested("1.0"), sound), (Ok(()), 9));
    }

    #[test]
    fn the_oldest_verdicts_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let verdicts = DeviceVerdicts::in_file(&folder.path().join("devices.json"));
        for driver in 0..MOST_VERDICTS + 5 {
            verdicts.remember(Verdict { tested: tested(&driver.to_string()), difference: None });
        }
        let kept = verdicts.read();
        assert_eq!((kept.len(), kept[0].tested.driver.as_str()), (MOST_VERDICTS, "5"));
    }
}
