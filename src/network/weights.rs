//! Weights as bytes: what travels between devices, threads and files.

use std::path::Path;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::mission::Seed;

use super::checkpoint::write_atomically;
use super::config::PolicyValueNetConfig;
use super::error::{CheckpointError, NetworkError};
use super::model::PolicyValueNet;
use super::sealed::{SealedKind, open_sealed, seal};

/// Trained on `standoff_200m`; `assets/networks/README.md` has the command.
const SHIPPED: &[u8] = include_bytes!("../../assets/networks/compact.bin");
const SHIPPED_NAME: &str = "assets/networks/compact.bin";

/// A network at rest: its configuration and a Burn record of its weights in full precision (MessagePack).
/// Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkWeights {
    config: PolicyValueNetConfig,
    record: Arc<[u8]>,
}

impl NetworkWeights {
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
    /// [`NetworkError::Weights`] if Burn cannot write the record.
    pub fn of<B: Backend>(config: &PolicyValueNetConfig, network: PolicyValueNet<B>) -> Result<Self, NetworkError> {
        let record = NamedMpkBytesRecorder::<FullPrecisionSettings>::default()
            .record(network.into_record(), ())
            .map_err(|error| NetworkError::Weights { reason: error.to_string() })?;
        Ok(Self { config: config.clone(), record: record.into() })
    }

    /// Layers these weights are for.
    pub fn config(&self) -> &PolicyValueNetConfig {
        &self.config
    }

    /// The network on `device`.
    ///
    /// # Errors
    /// [`NetworkError::Weights`] if the record is not one of a network with this configuration.
    pub fn to_network<B: Backend>(&self, device: &B::Device) -> Result<PolicyValueNet<B>, NetworkError> {
        let record = NamedMpkBytesRecorder::<FullPrecisionSettings>::default()
            .load(self.record.to_vec(), device)
            .map_err(|error| NetworkError::Weights { reason: error.to_string() })?;
        let empty = PolicyValueNet::<B>::zeroed(&self.config, device)?;
        let expected = shapes(&empty);
        let network = empty.load_record(record);
        let found = shapes(&network);
        if found != expected {
            return Err(NetworkError::Weights { reason: format!("shapes {found:?} where {expected:?} are needed") });
        }
        Ok(network)
    }

    /// As the bytes of a file: sealed with length and checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of numbers always serialises.
        let config = serde_json::to_vec(&self.config).unwrap_or_default();
        let mut content = Vec::with_capacity(4 + config.len() + self.record.len());
        content.extend_from_slice(&(config.len() as u32).to_le_bytes());
        content.extend_from_slice(&config);
        content.extend_from_slice(&self.record);
        seal(SealedKind::Weights, &content)
    }

    /// From the bytes of a file; `path` is for the message.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file and what is wrong with it.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, CheckpointError> {
        let content = open_sealed(SealedKind::Weights, path, bytes)?;
        let torn = || CheckpointError::content(path, "the network configuration is torn");
        let (length, rest) = content.split_first_chunk::<4>().ok_or_else(torn)?;
        let (config, record) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(torn)?;
        let config: PolicyValueNetConfig =
            serde_json::from_slice(config).map_err(|error| CheckpointError::content(path, error))?;
        config.validate().map_err(|error| CheckpointError::content(path, error))?;
        Ok(Self { config, record: record.into() })
    }

    /// Writes a weights file, atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        write_atomically(path, &self.to_bytes())
    }

    /// Reads a weights file and makes sure that its network can be built.
    ///
    /// # Errors
    /// [`CheckpointError`] naming the file and what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = std::fs::read(path).map_err(|source| CheckpointError::io(path, source))?;
        let weights = Self::from_bytes(path, &bytes)?;
        weights
            .to_network::<burn::backend::Flex>(&Default::default())
            .map_err(|error| CheckpointError::content(path, error))?;
        Ok(weights)
    }
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

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::tensor::TensorData;

    use super::*;

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

    #[test]
    fn a_missing_file_is_named() {
        let error = NetworkWeights::load(Path::new("/nowhere/net.bin")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/net.bin"), "{error}");
    }
}
