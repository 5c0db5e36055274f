//! The report's tables as comma-separated values: points as decimal marks, no quoting needed.

use super::{CampaignSize, EfficiencyReport, TIME_PARTS};

/// One row a setting.
pub(super) fn measurements(report: &EfficiencyReport) -> String {
    let mut text = "planner,mode,workers,episodes,measured_s,simulations_per_decision,simulations_per_s,speed_up,\
        observations_per_s,evaluations_per_s,episodes_per_min,campaign_65_s,cores_busy,core_loads,network_busy,batch_fill,\
        gpu_busy,gpu_memory_mb,resident_mb"
        .to_owned();
    TIME_PARTS.iter().for_each(|part| text += &format!(",time_{part}"));
    text.push('\n');
    for measured in &report.measurements {
        let point = &measured.point;
        let cores: Vec<String> = measured.per_core.iter().map(|load| format!("{load:.2}")).collect();
        let gpu = |of: fn(&super::GpuLoad) -> f64| {
            measured.gpu.as_ref().map_or(String::new(), |gpu| format!("{:.3}", of(gpu)))
        };
        let mut row = vec![
            point.planner.to_string(),
            point.mode.to_string(),
            point.workers.to_string(),
            point.episodes.to_string(),
            format!("{:.3}", measured.wall_s),
            measured.simulations_per_decision.to_string(),
            format!("{:.1}", measured.simulations_per_s()),
            report.speed_up(measured).map_or(String::new(), |ratio| format!("{ratio:.3}")),
            format!("{:.1}", measured.observations_per_s()),
            format!("{:.1}", measured.evaluations_per_s()),
            format!("{:.3}", measured.episodes_per_min()),
            format!("{:.2}", measured.campaign_s(CampaignSize::REFERENCE)),
            format!("{:.3}", measured.cores_busy),
            cores.join(" "),
            format!("{:.3}", measured.network_busy),
            format!("{:.3}", measured.batch_fill),
            gpu(|load| load.busy),
            gpu(|load| load.memory_bytes as f64 / 1e6),
            format!("{:.1}", measured.resident_bytes as f64 / 1e6),
        ];
        row.extend(measured.time_split.iter().map(|share| format!("{share:.4}")));
        text += &row.join(",");
        text.push('\n');
    }
    text
}

/// One row a mode that was judged.
pub(super) fn quality(report: &EfficiencyReport) -> String {
    let mut text =
        "planner,mode,states,regret_mean,regret_interval_95,over_serial_mean,over_serial_interval_95,agreement\n"
            .to_owned();
    for regret in &report.regrets {
        text += &format!(
            "{},{},{},{:.6},{:.6},{:.6},{:.6},{:.3}\n",
            regret.planner,
            regret.mode,
            regret.samples.len(),
            regret.mean.0,
            regret.mean.1,
            regret.over_serial.0,
            regret.over_serial.1,
            regret.agreement,
        );
    }
    text
}
