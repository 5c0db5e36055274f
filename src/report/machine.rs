use std::time::{Duration, Instant};

use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::GpuMeter;

/// The machine that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Cores that the program may use.
    pub cores: usize,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// NVIDIA card, if there is one.
    pub gpu: Option<String>,
    /// Where the network runs, and why.
    pub network: String,
}

impl Machine {
    /// This machine; `network` says where the network runs.
    pub fn here(network: String) -> Self {
        let mut system = System::new();
        system.refresh_memory();
        system.refresh_cpu_all();
        let cpu = system.cpus().first().map_or_else(|| "unknown".to_owned(), |cpu| cpu.brand().trim().to_owned());
        Self {
            cpu,
            cores: cores(),
            memory_bytes: system.total_memory(),
            gpu: GpuMeter::new().read().map(|load| load.name),
            network,
        }
    }
}

/// Cores that the program may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Resident memory of this process, bytes; 0 where the system does not tell.
pub fn resident_bytes() -> u64 {
    ProcessMeter::start().process().map_or(0, |process| process.memory())
}

/// Measures what this process uses from one moment to another.
pub struct ProcessMeter {
    system: System,
    id: Option<Pid>,
    cpu_ms: u64,
    at: Instant,
}

/// What a process has used.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessUse {
    /// Wall time.
    pub wall: Duration,
    /// CPU time over wall time: 2.0 is two cores at work all the time.
    pub cores_busy: f64,
    /// Load of each core of the machine, 0 to 1, other programs included; none after too short a time to tell.
    pub per_core: Vec<f32>,
    /// Resident memory now, bytes.
    pub resident_bytes: u64,
}

impl ProcessMeter {
    /// Begins to measure.
    pub fn start() -> Self {
        let mut meter =
            Self { system: System::new(), id: sysinfo::get_current_pid().ok(), cpu_ms: 0, at: Instant::now() };
        meter.refresh();
        meter.cpu_ms = meter.process().map_or(0, |process| process.accumulated_cpu_time());
        meter.at = Instant::now();
        meter
    }

    /// What was used since the start.
    pub fn read(&mut self) -> ProcessUse {
        let wall = self.at.elapsed();
        self.refresh();
        let (cpu_ms, resident_bytes) =
            self.process().map_or((0, 0), |process| (process.accumulated_cpu_time(), process.memory()));
        let cpu_s = cpu_ms.saturating_sub(self.cpu_ms) as f64 / 1e3;
        let known = wall >= MINIMUM_CPU_UPDATE_INTERVAL;
        let per_core = self.system.cpus().iter().filter(|_| known).map(|cpu| cpu.cpu_usage() / 100.0).collect();
        ProcessUse { cores_busy: cpu_s / wall.as_secs_f64().max(f64::MIN_POSITIVE), wall, per_core, resident_bytes }
    }

    fn refresh(&mut self) {
        self.system.refresh_cpu_usage();
        if let Some(id) = self.id {
            let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
            self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, what);
        }
    }

    fn process(&self) -> Option<&sysinfo::Process> {
        self.system.process(self.id?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used_by_working_for(time: Duration) -> (ProcessUse, usize) {
        let mut meter = ProcessMeter::start();
        let ballast = vec![1_u8; 32 << 20];
        let mut sum = 0_u64;
        while meter.at.elapsed() < time {
            sum = sum.wrapping_add(ballast.iter().map(|&byte| u64::from(byte)).sum());
        }
        std::hint::black_box(sum);
        (meter.read(), meter.system.cpus().len())
    }

    #[test]
    fn a_busy_process_uses_a_core_and_has_memory() {
        let (used, cores) = used_by_working_for(MINIMUM_CPU_UPDATE_INTERVAL);
        assert!(used.wall >= MINIMUM_CPU_UPDATE_INTERVAL);
        assert!(used.cores_busy > 0.0 && used.resident_bytes > 32 << 20, "{used:?}");
        assert_eq!(used.per_core.len(), cores);
    }

    #[test]
    fn the_loads_of_cores_take_time_to_tell() {
        let (used, _) = used_by_working_for(Duration::ZERO);
        assert!(used.wall >= MINIMUM_CPU_UPDATE_INTERVAL || used.per_core.is_empty(), "{used:?}");
    }
}
