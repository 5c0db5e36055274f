//! What parallel search gains on this machine and what it costs in decisions: the plan of a sweep, its measurements, the
//! report and its files. Knows nothing of Bevy; [`episode`](crate::episode) runs the episodes that are measured.
mod best;
mod chart;
mod csv;
mod efficiency;
mod error;
mod estimate;
mod gpu;
mod machine;
mod markdown;
mod measurement;
mod plots;
mod quality;
mod sweep;

pub use best::{BestSetting, BestSettings};
pub use chart::{Chart, Series};
pub use efficiency::{EfficiencyReport, FlownRun, MemoryFigures};
pub use error::ReportError;
pub use estimate::{ComparisonRow, comparison};
pub use gpu::{GpuLoad, GpuMeter};
pub use machine::{Machine, ProcessMeter, ProcessUse, resident_bytes};
pub use measurement::{Counted, Measurement, TIME_PARTS};
pub use quality::{QualityPlan, Regret, measure_regret};
pub use sweep::{CampaignSize, SweepPlan, SweepPoint};
