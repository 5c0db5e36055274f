//! How much memory a run asks for and how much it may have: asked before it begins, not found out by the system.
//!
//! Every floor gives the figures of what it holds, from the sizes of the real types; whoever starts a run adds them up in
//! a [`MemoryEstimate`] and checks it against a [`MemoryLimit`]. Estimates are upper bounds of what is allocated: buffers
//! that grow are counted at their largest.

use std::fmt;
use std::sync::OnceLock;

use sysinfo::System;
use thiserror::Error;

/// What a run asks for, by parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryEstimate {
    parts: Vec<MemoryPart>,
}

/// One part of an estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPart {
    /// What it is, in words.
    pub what: String,
    /// Its size.
    pub bytes: u64,
    /// The settings that it grows with.
    pub settings: &'static str,
}

impl MemoryEstimate {
    /// Adds a part.
    pub fn add(&mut self, what: impl Into<String>, bytes: u64, settings: &'static str) {
        self.parts.push(MemoryPart { what: what.into(), bytes, settings });
    }

    /// This and what something beside it asks for.
    pub fn and(mut self, beside: Self) -> Self {
        self.parts.extend(beside.parts);
        self
    }

    /// All parts.
    pub fn parts(&self) -> &[MemoryPart] {
        &self.parts
    }

    /// All parts together.
    pub fn total_bytes(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.bytes))
    }

    /// Whether it stays within the limit.
    ///
    /// # Errors
    /// [`MemoryError::TooMuch`] with the figures, the largest part and the settings to change.
    pub fn check(&self, limit: &MemoryLimit) -> Result<(), MemoryError> {
        limit.validate()?;
        let asked_bytes = self.total_bytes();
        let largest = self.parts.iter().max_by_key(|part| part.bytes);
        match largest {
            Some(largest) if asked_bytes > limit.bytes() => {
                Err(MemoryError::TooMuch { asked_bytes, largest: largest.clone(), limit: *limit })
            }
            _ => Ok(()),
        }
    }
}

/// The most that a run may ask for: a share of a machine's memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryLimit {
    /// The share, 0.01 to 1.
    pub share: f64,
    /// Memory of the machine, or of the control group (a container's limit) where that is less.
    pub machine_bytes: u64,
}

impl Default for MemoryLimit {
    fn default() -> Self {
        Self::of_this_machine(Self::DEFAULT_SHARE)
    }
}

impl MemoryLimit {
    /// The share that a run may ask for unless it is told otherwise.
    pub const DEFAULT_SHARE: f64 = 0.6;
    /// Least and greatest share.
    pub const SHARES: std::ops::RangeInclusive<f64> = 0.01..=1.0;

    /// That share of this machine's memory.
    pub fn of_this_machine(share: f64) -> Self {
        Self { share, machine_bytes: machine_bytes() }
    }

    /// Whether the share lies in its range.
    ///
    /// # Errors
    /// [`MemoryError::Share`].
    pub fn validate(&self) -> Result<(), MemoryError> {
        if Self::SHARES.contains(&self.share) { Ok(()) } else { Err(MemoryError::Share(self.share)) }
    }

    /// The limit in bytes.
    pub fn bytes(&self) -> u64 {
        (self.machine_bytes as f64 * self.share) as u64
    }
}

/// Why a run may not begin.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MemoryError {
    /// It asks for more than it may have.
    #[error(
        "memory: this needs about {}, of which {} for {}; allowed are {} ({} % of {}): lower {}, or raise memory_share \
         (now {}) if the machine is yours alone",
        Amount(*asked_bytes), Amount(largest.bytes), largest.what, Amount(limit.bytes()),
        (100.0 * limit.share).round(), Amount(limit.machine_bytes), largest.settings, limit.share
    )]
    TooMuch {
        /// All of it.
        asked_bytes: u64,
        /// Its largest part.
        largest: MemoryPart,
        /// What it was checked against.
        limit: MemoryLimit,
    },
    /// A share outside its range.
    #[error("memory_share = {0}: accepted are {least} to {most}", least = MemoryLimit::SHARES.start(), most = MemoryLimit::SHARES.end())]
    Share(f64),
}

/// Bytes for people, in powers of a thousand.
struct Amount(u64);

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            ..1_000_000 => write!(formatter, "{:.0} kB", bytes / 1e3),
            1_000_000..1_000_000_000 => write!(formatter, "{:.0} MB", bytes / 1e6),
            1_000_000_000..1_000_000_000_000 => write!(formatter, "{:.1} GB", bytes / 1e9),
            _ => write!(formatter, "{:.0} TB", bytes / 1e12),
        }
    }
}

/// Size of so many things of so many bytes, or of a longer product; the largest number where it is beyond counting.
pub fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1_u64, |product, &factor| product.saturating_mul(factor as u64))
}

/// Memory that this process can have at most: the machine's, or its control group's where that is less. Without limit
/// where the system does not tell.
pub fn machine_bytes() -> u64 {
    static BYTES: OnceLock<u64> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let mut system = System::new();
        system.refresh_memory();
        let group = system.cgroup_limits().map(|limits| limits.total_memory);
        [Some(system.total_memory()), group].into_iter().flatten().filter(|bytes| *bytes > 0).min().unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(bytes: u64) -> MemoryEstimate {
        let mut estimate = MemoryEstimate::default();
        estimate.add("histories", 1_000_000, "steps");
        estimate.add("4096 search trees", bytes, "search.simulations or episodes");
        estimate
    }

    #[test]
    fn what_exceeds_the_limit_is_refused_with_the_figure_and_the_setting() {
        let limit = MemoryLimit { share: 0.5, machine_bytes: 16_000_000_000 };
        estimate(7_000_000_000).check(&limit).unwrap();
        let error = estimate(108_000_000_000).check(&limit).unwrap_err().to_string();
        assert_eq!(
            error,
            "memory: this needs about 108.0 GB, of which 108.0 GB for 4096 search trees; allowed are 8.0 GB (50 % of \
             16.0 GB): lower search.simulations or episodes, or raise memory_share (now 0.5) if the machine is yours alone"
        );
        assert!(estimate(u64::MAX).check(&limit).unwrap_err().to_string().contains(" TB"));
    }

    #[test]
    fn shares_outside_their_range_are_named() {
        for share in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1.5] {
            let limit = MemoryLimit { share, machine_bytes: 1 << 40 };
            let error = estimate(0).check(&limit).unwrap_err().to_string();
            assert!(error.starts_with("memory_share = ") && error.ends_with("accepted are 0.01 to 1"), "{error}");
        }
    }

    #[test]
    fn this_machine_has_memory() {
        assert!((64 << 20..=u64::MAX).contains(&machine_bytes()));
        assert_eq!(product(&[usize::MAX, 3]), u64::MAX);
    }
}
