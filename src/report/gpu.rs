use nvml_wrapper::Nvml;

/// Load of a graphics card at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct GpuLoad {
    /// Name of the card.
    pub name: String,
    /// Share of the last sampling period in which a kernel ran, 0 to 1.
    pub busy: f64,
    /// Memory in use by all programs, bytes.
    pub memory_bytes: u64,
}

/// Asks the first NVIDIA card through its driver's management library (NVML).
pub struct GpuMeter {
    library: Option<Nvml>,
}

impl GpuMeter {
    /// Loads the library where there is one.
    pub fn new() -> Self {
        Self { library: Nvml::init().ok() }
    }

    /// The card's load now; `None` without an NVIDIA card.
    pub fn read(&self) -> Option<GpuLoad> {
        let card = self.library.as_ref()?.device_by_index(0).ok()?;
        Some(GpuLoad {
            name: card.name().ok()?,
            busy: f64::from(card.utilization_rates().ok()?.gpu) / 100.0,
            memory_bytes: card.memory_info().ok()?.used,
        })
    }
}

impl Default for GpuMeter {
    fn default() -> Self {
        Self::new()
    }
}
