//! Where the network runs: listed by name, chosen at run time, with the reason.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::NetworkError;

/// The device a user asks for. As text: `auto`, `cpu`, `vulkan`, `vulkan:1`, `vulkan:RTX`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum NetworkDevice {
    /// A hardware Vulkan adapter if there is one, else the CPU.
    #[default]
    Auto,
    /// One Vulkan adapter, or an error if it is not there.
    Vulkan(AdapterSelector),
    /// Burn's flex backend on the CPU cores.
    Cpu,
}

/// Which Vulkan adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterSelector {
    /// The first of the best kind: discrete before integrated before virtual before software.
    Best,
    /// By position in [`adapters`].
    Index(usize),
    /// By a part of its name, in any case.
    Name(String),
}

impl fmt::Display for NetworkDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Vulkan(AdapterSelector::Best) => f.write_str("vulkan"),
            Self::Vulkan(AdapterSelector::Index(index)) => write!(f, "vulkan:{index}"),
            Self::Vulkan(AdapterSelector::Name(name)) => write!(f, "vulkan:{name}"),
        }
    }
}

impl FromStr for NetworkDevice {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let lower = text.trim().to_lowercase();
        match lower.as_str() {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            "vulkan" => return Ok(Self::Vulkan(AdapterSelector::Best)),
            _ => {}
        }
        match lower.strip_prefix("vulkan:").map(str::trim) {
            Some(selector) if !selector.is_empty() => Ok(Self::Vulkan(match selector.parse() {
                Ok(index) => AdapterSelector::Index(index),
                Err(_) => AdapterSelector::Name(selector.to_owned()),
            })),
            _ => Err(NetworkError::DeviceName { text: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for NetworkDevice {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<NetworkDevice> for String {
    fn from(device: NetworkDevice) -> Self {
        device.to_string()
    }
}

/// What sort of adapter it is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdapterKind {
    /// A card with its own memory.
    Discrete,
    /// Graphics in the processor.
    Integrated,
    /// A card shared by virtual machines.
    Virtual,
    /// Vulkan emulated on the CPU: correct, but slower than the CPU backend.
    Software,
    /// The driver does not say.
    Unknown,
}

impl AdapterKind {
    /// Whether it computes in hardware of its own.
    pub fn is_hardware(self) -> bool {
        matches!(self, Self::Discrete | Self::Integrated | Self::Virtual)
    }
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Software => "software",
            Self::Unknown => "unknown kind",
        })
    }
}

/// One Vulkan adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterDescription {
    /// Position in [`adapters`].
    pub index: usize,
    /// Name that the driver gives.
    pub name: String,
    /// Sort of adapter.
    pub kind: AdapterKind,
    /// Driver and version.
    pub driver: String,
}

impl fmt::Display for AdapterDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vulkan:{} {} ({}, {})", self.index, self.name, self.kind, self.driver)
    }
}

/// All Vulkan adapters of this machine, in the driver's order. Empty without the `vulkan` feature.
pub fn adapters() -> Vec<AdapterDescription> {
    #[cfg(feature = "vulkan")]
    {
        super::vulkan::adapters()
    }
    #[cfg(not(feature = "vulkan"))]
    {
        Vec::new()
    }
}

/// A device that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedDevice {
    /// Burn's flex backend on the CPU cores.
    Cpu,
    /// Burn's Vulkan backend on this adapter.
    Vulkan(AdapterDescription),
}

impl fmt::Display for ResolvedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("CPU (Burn flex)"),
            Self::Vulkan(adapter) => write!(f, "{} (Vulkan, {})", adapter.name, adapter.kind),
        }
    }
}

/// The device that runs the network, and why this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceChoice {
    /// The device.
    pub device: ResolvedDevice,
    /// One sentence for log and panel.
    pub reason: String,
}

/// Picks one of `adapters`, or the CPU, for what was `requested`.
///
/// # Errors
/// [`NetworkError::DeviceMissing`] if a Vulkan adapter was named that is not there.
pub fn choose_device(requested: &NetworkDevice, adapters: &[AdapterDescription]) -> Result<DeviceChoice, NetworkError> {
    match requested {
        NetworkDevice::Cpu => Ok(DeviceChoice { device: ResolvedDevice::Cpu, reason: "the CPU was asked for".into() }),
        NetworkDevice::Auto => Ok(choose_automatically(adapters)),
        NetworkDevice::Vulkan(selector) => select(selector, adapters)
            .map(|adapter| DeviceChoice {
                device: ResolvedDevice::Vulkan(adapter.clone()),
                reason: format!("`{requested}` was asked for"),
            })
            .ok_or_else(|| NetworkError::DeviceMissing {
                requested: requested.to_string(),
                available: available(adapters),
            }),
    }
}

fn choose_automatically(adapters: &[AdapterDescription]) -> DeviceChoice {
    let hardware = best(adapters).filter(|adapter| adapter.kind.is_hardware());
    if let Some(adapter) = hardware {
        let reason = "it is the best hardware Vulkan adapter".into();
        return DeviceChoice { device: ResolvedDevice::Vulkan(adapter.clone()), reason };
    }
    let reason = match adapters {
        [] if cfg!(not(feature = "vulkan")) => "this program was built without the `vulkan` feature".into(),
        [] => "no Vulkan adapter was found".into(),
        _ => format!("no hardware Vulkan adapter was found, only {}", available(adapters)),
    };
    DeviceChoice { device: ResolvedDevice::Cpu, reason }
}

fn select<'a>(selector: &AdapterSelector, adapters: &'a [AdapterDescription]) -> Option<&'a AdapterDescription> {
    match selector {
        AdapterSelector::Best => best(adapters),
        AdapterSelector::Index(index) => adapters.iter().find(|adapter| adapter.index == *index),
        AdapterSelector::Name(name) => {
            let name = name.to_lowercase();
            adapters.iter().find(|adapter| adapter.name.to_lowercase().contains(&name))
        }
    }
}

/// `min_by_key` keeps the first of equals.
fn best(adapters: &[AdapterDescription]) -> Option<&AdapterDescription> {
    adapters.iter().min_by_key(|adapter| adapter.kind)
}

fn available(adapters: &[AdapterDescription]) -> String {
    if adapters.is_empty() {
        return "cpu".into();
    }
    let names: Vec<String> = adapters.iter().map(ToString::to_string).collect();
    format!("cpu, {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(index: usize, name: &str, kind: AdapterKind) -> AdapterDescription {
        AdapterDescription { index, name: name.into(), kind, driver: "test 1.0".into() }
    }

    fn machine() -> Vec<AdapterDescription> {
        vec![
            adapter(0, "llvmpipe", AdapterKind::Software),
            adapter(1, "Iris Xe", AdapterKind::Integrated),
            adapter(2, "RTX 4090", AdapterKind::Discrete),
        ]
    }

    #[test]
    fn auto_takes_the_best_hardware_adapter() {
        let choice = choose_device(&NetworkDevice::Auto, &machine()).unwrap();
        assert_eq!(choice.device, ResolvedDevice::Vulkan(machine().remove(2)));
    }

    #[test]
    fn auto_never_takes_software_vulkan_and_says_why() {
        let choice = choose_device(&NetworkDevice::Auto, &machine()[..1]).unwrap();
        assert_eq!(choice.device, ResolvedDevice::Cpu);
        assert!(choice.reason.contains("only") && choice.reason.contains("llvmpipe"), "{}", choice.reason);
    }

    #[test]
    fn an_adapter_is_found_by_number_and_by_part_of_its_name() {
        for text in ["vulkan:1", "vulkan:iris", "Vulkan:XE"] {
            let choice = choose_device(&text.parse().unwrap(), &machine()).unwrap();
            assert_eq!(choice.device, ResolvedDevice::Vulkan(machine().remove(1)), "{text}");
        }
    }

    #[test]
    fn a_missing_adapter_lists_what_there_is() {
        let error = choose_device(&"vulkan:radeon".parse().unwrap(), &machine()).unwrap_err().to_string();
        assert!(error.contains("vulkan:radeon") && error.contains("RTX 4090"), "{error}");
    }

    #[test]
    fn devices_survive_text() {
        for text in ["auto", "cpu", "vulkan", "vulkan:3", "vulkan:rtx 4090"] {
            assert_eq!(text.parse::<NetworkDevice>().unwrap().to_string(), text);
        }
        for text in ["gpu", "vulkan:", ""] {
            assert!(text.parse::<NetworkDevice>().unwrap_err().to_string().contains("`auto`, `cpu`"));
        }
    }
}
