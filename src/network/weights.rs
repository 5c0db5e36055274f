//! Weights as bytes: what travels between devices, threads and files.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::files;
use crate::mission::Seed;
use crate::threads::guarded;

use super::config::PolicyValueNetConfig;
use super::error::{CheckpointError, NetworkError};
use super::model::PolicyValueNet;
use super::record::{StoredTensor, tensors};
use super::sealed::{SealedKind, check_sealed, open_sealed, seal};
use super::trained_ranges::TrainedRanges;

/// Trained on `standoff_200m`; `assets/networks/README.md` has the command.
const SHIPPED: &[u8] = include_bytes!("../../assets/networks/compact.bin");
const SHIPPED_NAME: &str = "assets/networks/compact.bin";

/// Enough to tell what a file is.
const START_BYTES: u64 = 64;
/// Header, configuration, and names around the numbers of the largest network.
const FRAME_BYTES: u64 = 128 * 1024;

/// A network at rest: its configuration, what it was trained on, and a Burn record of its weights in full precision
/// (MessagePack).
///
/// Every weight is finite and within ±[`LARGEST_WEIGHT`](Self::LARGEST_WEIGHT): others are neither loaded nor saved. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NetworkWeights {
    config: PolicyValueNetConfig,
    trained: Option<Arc<TrainedRanges>>,
    /// The record, from `record_start` on: a file is kept as it was read.
    bytes: Arc<Vec<u8>>,
    record_start: usize,
}

/// Equal layers and weights; what they were trained on does not count.
impl PartialEq for NetworkWeights {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.record() == other.record()
    }
}

impl Eq for NetworkWeights {}

impl NetworkWeights {
    /// Largest magnitude of a weight. Trained ones stay below 10.
    pub const LARGEST_WEIGHT: f32 = 1000.0;
    /// Largest file that is read: the largest network and what stands around its numbers.
    pub const LARGEST_FILE_BYTES: u64 = 4 * PolicyValueNetConfig::MOST_PARAMETERS as u64 + FRAME_BYTES;

    /// Untrained weights drawn from `seed`.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the configuration is out of range.
    pub fn untrained(config: &PolicyValueNetConfig, seed: Seed) -> Result<Self, NetworkError> {
        type Cpu = burn::backend::Flex;
        Self::of(config, PolicyValueNet::<Cpu>::new(config, seed, &Default::default())?)
    }

    /// The trained network that comes with the crate: the compact layers for a grid of 20³.
    ///
    /// # Errors
    /// [`CheckpointError`] only if the crate was built from a damaged file.
    pub fn shipped() -> Result<Self, CheckpointError> {
        Self::from_bytes(Path::new(SHIPPED_NAME), SHIPPED)
    }

    /// The weights of `network`, read back from its device.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if Burn cannot write the record, or a weight is not finite or too large.
    pub fn of<B: Backend>(config: &PolicyValueNetConfig, network: PolicyValueNet<B>) -> Result<Self, NetworkError> {
        let record = NamedMpkBytesRecorder::<FullPrecisionSettings>::default()
            .record(network.into_record(), ())
            .map_err(|error| NetworkError::Weights { reason: error.to_string() })?;
        parameters(config, &record).map_err(|reason| NetworkError::Weights { reason })?;
        Ok(Self { config: config.clone(), trained: None, bytes: Arc::new(record), record_start: 0 })
    }

    /// Layers these weights are for.
    pub fn config(&self) -> &PolicyValueNetConfig {
        &self.config
    }

    /// What they were trained on; `None` if that is not known, as in files of older versions.
    pub fn trained_ranges(&self) -> Option<&TrainedRanges> {
        self.trained.as_deref()
    }

    /// The same weights with what they were trained on.
    pub fn with_trained_ranges(self, ranges: TrainedRanges) -> Self {
        Self { trained: Some(Arc::new(ranges)), ..self }
    }

    /// The network on `device`.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if the record is not one of a network with this configuration;
    /// [`NetworkError::DeviceFailed`] if the device cannot take it.
    pub fn to_network<B: Backend>(&self, device: &B::Device) -> Result<PolicyValueNet<B>, NetworkError> {
        let refused = |reason| NetworkError::Weights { reason };
        let parameters = parameters(&self.config, self.record()).map_err(refused)?;
        // The library panics where a device has no room.
        guarded(|| {
            let empty = PolicyValueNet::<B>::zeroed(&self.config, device)?;
            Ok(empty.map(&mut Fill::<B> { parameters: parameters.into_iter(), device }))
        })
        .unwrap_or_else(|reason| Err(NetworkError::DeviceFailed { device: format!("{device:?}"), reason }))
    }

    /// As the bytes of a file: sealed with length and checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Structs of numbers and texts always serialise.
        let parts = [serde_json::to_vec(&self.config), serde_json::to_vec(&self.trained_ranges())];
        let mut content = Vec::with_capacity(FRAME_BYTES as usize + self.record().len());
        for part in parts.map(Result::unwrap_or_default) {
            content.extend_from_slice(&(part.len() as u32).to_le_bytes());
            content.extend_from_slice(&part);
        }
        content.extend_from_slice(self.record());
        seal(SealedKind::Weights, &content)
    }

    /// From the bytes of a file; `path` is for the message. Configuration, shapes and numbers are checked before anything is built.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file and what is wrong with it.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, CheckpointError> {
        let Checked { config, trained, record } = checked(path, bytes)?;
        Ok(Self { config, trained, bytes: Arc::new(record.to_vec()), record_start: 0 })
    }

    /// Writes a weights file, atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        files::write(path, &self.to_bytes()).map_err(|source| CheckpointError::io(path, source))
    }

    /// Whether a file begins as a weights file, of whatever version; so a file of others is told from one that may be replaced.
    ///
    /// # Errors
    /// What the system says.
    pub fn is_file(path: &Path) -> io::Result<bool> {
        let start = files::read_start(path, START_BYTES)?;
        Ok(!matches!(check_sealed(SealedKind::Weights, path, &start), Err(CheckpointError::Foreign { .. })))
    }

    /// Reads a weights file, and checks it as [`from_bytes`](Self::from_bytes) does. Allocates no more than the file's size and a little.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file and what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let read = files::read(path, Self::LARGEST_FILE_BYTES);
        let bytes = read.map_err(|source| match source.kind() {
            // How it begins is all that is needed to tell.
            io::ErrorKind::FileTooLarge => foreign_or_too_large(path, source),
            _ => CheckpointError::io(path, source),
        })?;
        let Checked { config, trained, record } = checked(path, &bytes)?;
        let record_start = bytes.len() - record.len();
        Ok(Self { config, trained, bytes: Arc::new(bytes), record_start })
    }

    fn record(&self) -> &[u8] {
        &self.bytes[self.record_start..]
    }
}

/// A file that is too large says so, unless it is none of ours to begin with.
fn foreign_or_too_large(path: &Path, source: io::Error) -> CheckpointError {
    let start = files::read_start(path, START_BYTES).unwrap_or_default();
    match check_sealed(SealedKind::Weights, path, &start) {
        Err(foreign @ CheckpointError::Foreign { .. }) => foreign,
        _ => CheckpointError::io(path, source),
    }
}

/// The parts of a weights file that has passed every check.
struct Checked<'a> {
    config: PolicyValueNetConfig,
    trained: Option<Arc<TrainedRanges>>,
    record: &'a [u8],
}

fn checked<'a>(path: &Path, bytes: &'a [u8]) -> Result<Checked<'a>, CheckpointError> {
    let (version, content) = open_sealed(SealedKind::Weights, path, bytes)?;
    let torn = || CheckpointError::content(path, "the network configuration is torn");
    let (config, rest) = part(content).ok_or_else(torn)?;
    let config: PolicyValueNetConfig =
        serde_json::from_slice(config).map_err(|error| CheckpointError::content(path, error))?;
    config.validate().map_err(|error| CheckpointError::content(path, error))?;

    // The first version did not say what the network was trained on.
    let (trained, record) = if version == 1 { (None, rest) } else { trained_ranges(path, rest)? };
    parameters(&config, record)
        .map_err(|reason| CheckpointError::content(path, format!("weights do not fit: {reason}")))?;
    Ok(Checked { config, trained, record })
}

type RangesAndRest<'a> = (Option<Arc<TrainedRanges>>, &'a [u8]);

fn trained_ranges<'a>(path: &Path, content: &'a [u8]) -> Result<RangesAndRest<'a>, CheckpointError> {
    let torn = || CheckpointError::content(path, "what the network was trained on is torn");
    let (trained, rest) = part(content).ok_or_else(torn)?;
    let trained: Option<TrainedRanges> =
        serde_json::from_slice(trained).map_err(|error| CheckpointError::content(path, error))?;
    if let Some(ranges) = &trained {
        ranges.validate().map_err(|reason| CheckpointError::content(path, reason))?;
    }
    Ok((trained.map(Arc::new), rest))
}

/// A part that is as long as the number in front of it says, and what comes after.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// The tensors of a record, one a parameter of the network, with numbers that a network can have.
fn parameters<'a>(config: &PolicyValueNetConfig, record: &'a [u8]) -> Result<Vec<StoredTensor<'a>>, String> {
    // Counted first: from here on nothing is larger than the record.
    let numbers = config.parameter_count();
    if numbers.saturating_mul(4) > record.len() {
        let bytes = record.len();
        return Err(format!("{bytes} bytes cannot hold the {numbers} parameters that the configuration needs"));
    }

    let parameters = tensors(record)?;
    let found: Vec<&[usize]> = parameters.iter().map(|parameter| &parameter.shape[..]).collect();
    let expected = config.parameter_shapes();
    if found != expected {
        return Err(format!("shapes {found:?} where {expected:?} are needed"));
    }

    let mut ids = HashSet::new();
    for parameter in &parameters {
        parameter.check_numbers(NetworkWeights::LARGEST_WEIGHT)?;
        let is_new = parameter.param_id().is_some_and(|id| ids.insert(id));
        if !is_new {
            return Err(format!("{} has the identity {:?}, which is none of its own", parameter.name(), parameter.id));
        }
    }
    Ok(parameters)
}

/// Puts stored tensors in the places of the parameters of an empty network, in its order. None of the zeros are made.
struct Fill<'a, B: Backend> {
    parameters: std::vec::IntoIter<StoredTensor<'a>>,
    device: &'a B::Device,
}

impl<B: Backend> ModuleMapper<B> for Fill<'_, B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        // As many as there are parameters, and with identities: both were checked.
        let Some(stored) = self.parameters.next() else { return param };
        let id = stored.param_id().unwrap_or_else(ParamId::new);
        let data = TensorData::new(stored.numbers().collect::<Vec<f32>>(), stored.shape);
        param.transform_for_load(Tensor::from_data(data, self.device), id)
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::module::ModuleVisitor;

    use super::*;
    use crate::files::faults::at_every_call;
    use crate::mission::Scenario;

    fn small() -> PolicyValueNetConfig {
        PolicyValueNetConfig::compact().with_cells_per_axis(8)
    }

    fn outputs(weights: &NetworkWeights) -> Vec<f32> {
        let network = weights.to_network::<Flex>(&Default::default()).unwrap();
        let row_len = weights.config().row_len();
        let rows = TensorData::new((0..row_len).map(|index| (index as f32).sin()).collect(), [1, row_len]);
        network.forward_packed(Tensor::from_data(rows, &Default::default())).into_data().into_vec().unwrap()
    }

    #[test]
    fn weights_survive_a_file_bit_for_bit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("net.bin");
        let weights = NetworkWeights::untrained(&small(), Seed(5)).unwrap();
        weights.save(&path).unwrap();
        let loaded = NetworkWeights::load(&path).unwrap();
        assert_eq!(loaded, weights);
        assert_eq!(outputs(&loaded), outputs(&weights));
    }

    #[test]
    fn what_they_were_trained_on_survives_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.bin");
        let ranges = TrainedRanges::of(&Scenario::reference());
        let weights = NetworkWeights::untrained(&small(), Seed(5)).unwrap();
        assert_eq!(weights.trained_ranges(), None);
        weights.clone().with_trained_ranges(ranges.clone()).save(&path).unwrap();
        let loaded = NetworkWeights::load(&path).unwrap();
        assert_eq!((loaded.trained_ranges(), &loaded), (Some(&ranges), &weights));
        let again = NetworkWeights::from_bytes(&path, &loaded.to_bytes()).unwrap();
        assert_eq!(again.trained_ranges(), Some(&ranges));
    }

    #[test]
    fn a_file_of_the_first_version_loads_without_what_it_was_trained_on() {
        let weights = NetworkWeights::untrained(&small(), Seed(5)).unwrap();
        let config = serde_json::to_vec(&small()).unwrap();
        let content = [&(config.len() as u32).to_le_bytes()[..], &config[..], weights.record()].concat();
        let mut file = seal(SealedKind::Weights, &content);
        // The version, in front of length and checksum of the content.
        file[12] = 1;
        let loaded = NetworkWeights::from_bytes(Path::new("old.bin"), &file).unwrap();
        assert_eq!((loaded.trained_ranges(), &loaded), (None, &weights));
    }

    #[test]
    fn the_shipped_network_is_sound_small_and_no_untrained_one() {
        let shipped = NetworkWeights::shipped().unwrap();
        assert_eq!(shipped.config(), &PolicyValueNetConfig::compact());
        assert!(SHIPPED.len() < 6_000_000);
        let untrained = NetworkWeights::untrained(shipped.config(), Seed(1)).unwrap();
        assert_ne!(outputs(&shipped), outputs(&untrained));
    }

    #[test]
    fn weights_of_another_architecture_are_refused() {
        let weights = NetworkWeights::untrained(&small(), Seed(5)).unwrap();
        let other = NetworkWeights { config: PolicyValueNetConfig { joint_features: 95, ..small() }, ..weights };
        let error = other.to_network::<Flex>(&Default::default()).unwrap_err().to_string();
        assert!(error.contains("are needed"), "{error}");
    }

    /// Shapes of all parameters, in the order of the layers.
    fn shapes<B: Backend>(network: &PolicyValueNet<B>) -> Vec<Vec<usize>> {
        struct Shapes(Vec<Vec<usize>>);
        impl<B: Backend> ModuleVisitor<B> for Shapes {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
                self.0.push(param.dims().to_vec());
            }
        }
        let mut visitor = Shapes(Vec::new());
        network.visit(&mut visitor);
        visitor.0
    }

    #[test]
    fn shapes_are_those_of_the_network_in_its_order() {
        for config in [PolicyValueNetConfig::reference(), PolicyValueNetConfig::compact()] {
            let network = PolicyValueNet::<Flex>::zeroed(&config, &Default::default()).unwrap();
            assert_eq!(shapes(&network), config.parameter_shapes());
        }
    }

    #[test]
    fn a_save_that_fails_leaves_the_network_before_and_names_the_file() {
        let (old, new) = (1, 2);
        let weights = |seed| NetworkWeights::untrained(&small(), Seed(seed)).unwrap();
        let prepare = || {
            let folder = tempfile::tempdir().unwrap();
            weights(old).save(&folder.path().join("net.bin")).unwrap();
            folder
        };
        let save = |folder: &mut tempfile::TempDir| weights(new).save(&folder.path().join("net.bin"));
        at_every_call(prepare, save, |folder, fault, at, result| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("net.bin"), "{fault:?} at {at}: {error}");
            let left = NetworkWeights::load(&folder.path().join("net.bin")).unwrap();
            assert!(left == weights(old) || left == weights(new), "{fault:?} at {at}");
        });
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = NetworkWeights::load(Path::new("/nowhere/net.bin")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/net.bin"), "{error}");
    }
}
