//! The report as a text.

use std::fmt::Write;
use std::path::PathBuf;

use super::estimate::duration;
use super::sweep::counted;
use super::{CampaignSize, ComparisonRow, EfficiencyReport, Measurement, Regret, TIME_PARTS, comparison};

/// The whole text; `pictures` lie beside it.
pub(super) fn text(report: &EfficiencyReport, pictures: &[PathBuf]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, report, pictures);
    text
}

fn write_all(text: &mut String, report: &EfficiencyReport, pictures: &[PathBuf]) -> std::fmt::Result {
    let machine = &report.machine;
    writeln!(text, "# Efficiency of parallel search\n")?;
    writeln!(
        text,
        "{}, {} cores, {:.0} GB of memory, {}. Network on {}.\n",
        machine.cpu,
        machine.cores,
        machine.memory_bytes as f64 / 1e9,
        machine.gpu.as_deref().unwrap_or("no NVIDIA card"),
        machine.network,
    )?;
    best(text, report)?;
    for picture in pictures {
        let name = picture.file_name().unwrap_or_default().to_string_lossy();
        writeln!(text, "![{}]({name})\n", name.trim_end_matches(".svg").replace('_', " "))?;
    }
    speed(text, report)?;
    quality(text, report)?;
    estimate(text, &comparison(report))?;
    memory_and_flown(text, report)?;
    method(text, report)
}

fn best(text: &mut String, report: &EfficiencyReport) -> std::fmt::Result {
    writeln!(text, "## Best settings\n")?;
    for best in &report.best.settings {
        let mode = best.parallel.mode();
        writeln!(
            text,
            "- **{}**: {mode}, {}, {} in parallel: {}.",
            best.planner,
            counted(best.workers, "worker"),
            counted(best.episodes as usize, "episode"),
            best.why
        )?;
    }
    writeln!(
        text,
        "\nThe fastest setting wins that was shown to decide as well as the serial search: the whole 95 % interval of its extra \
         regret lies below a margin of {}, the cost of one burn of 0.01 m/s in `standoff_200m`. Where the interval is wider \
         than that, more states must be judged to tell.\n",
        Regret::MARGIN
    )
}

fn speed(text: &mut String, report: &EfficiencyReport) -> std::fmt::Result {
    writeln!(text, "## Speed\n")?;
    writeln!(
        text,
        "| planner | mode | workers | episodes | simulations/s | speed-up | images/s | evaluations/s | episodes/min \
         | 65 episodes | cores busy | each core | network busy | batch fill | card busy | memory |"
    )?;
    writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|")?;
    for measured in &report.measurements {
        speed_row(text, report, measured)?;
    }
    writeln!(text, "\n### Where the workers' time goes, %\n")?;
    writeln!(text, "| planner | mode | workers | episodes | {} |", TIME_PARTS.join(" | "))?;
    writeln!(text, "|---|---|--:|--:|{}", "--:|".repeat(TIME_PARTS.len()))?;
    for Measurement { point, time_split, .. } in &report.measurements {
        let shares: Vec<String> = time_split.iter().map(|share| format!("{:.1}", 100.0 * share)).collect();
        let (planner, mode, workers, episodes) = (point.planner, point.mode, point.workers, point.episodes);
        writeln!(text, "| {planner} | {mode} | {workers} | {episodes} | {} |", shares.join(" | "))?;
    }
    writeln!(text)
}

fn speed_row(text: &mut String, report: &EfficiencyReport, measured: &Measurement) -> std::fmt::Result {
    let point = &measured.point;
    let cores: Vec<String> = measured.per_core.iter().map(|load| format!("{:.0} %", 100.0 * load)).collect();
    let card = measured.gpu.as_ref();
    let card =
        card.map_or("–".into(), |gpu| format!("{:.0} %, {:.0} MB", 100.0 * gpu.busy, gpu.memory_bytes as f64 / 1e6));
    writeln!(
        text,
        "| {} | {} | {} | {} | {:.0} | {} | {:.0} | {:.0} | {:.2} | {} | {:.2} | {} | {:.0} % | {:.0} % | {card} | {:.0} MB |",
        point.planner,
        point.mode,
        point.workers,
        point.episodes,
        measured.simulations_per_s(),
        report.speed_up(measured).map_or("–".into(), |ratio| format!("{ratio:.2}")),
        measured.observations_per_s(),
        measured.evaluations_per_s(),
        measured.episodes_per_min(),
        duration(measured.campaign_s(CampaignSize::REFERENCE)),
        measured.cores_busy,
        if cores.is_empty() { "–".to_owned() } else { cores.join(" ") },
        100.0 * measured.network_busy,
        100.0 * measured.batch_fill,
        measured.resident_bytes as f64 / 1e6,
    )
}

fn quality(text: &mut String, report: &EfficiencyReport) -> std::fmt::Result {
    writeln!(text, "## Quality of decisions\n")?;
    writeln!(
        text,
        "Regret: the value that a search with many times the simulations gives to its own choice, less what it gives to the \
         mode's choice, in units of the total reward; with 95 % intervals. Scenario `{}`.\n",
        report.judged_scenario
    )?;
    writeln!(text, "| planner | mode | states | regret | over serial | shown as good as serial | same choice |")?;
    writeln!(text, "|---|---|--:|--:|--:|---|--:|")?;
    for regret in &report.regrets {
        let with_interval = |(mean, interval): (f64, f64)| format!("{mean:+.5} ± {interval:.5}");
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {:.0} % |",
            regret.planner,
            regret.mode,
            regret.samples.len(),
            with_interval(regret.mean),
            with_interval(regret.over_serial),
            if regret.is_as_good_as_serial() { "yes" } else { "no" },
            100.0 * regret.agreement,
        )?;
    }
    writeln!(text)
}

fn estimate(text: &mut String, rows: &[ComparisonRow]) -> std::fmt::Result {
    writeln!(text, "## Against the estimate\n")?;
    writeln!(
        text,
        "The system was planned by an estimate for a Python prototype: one process per episode, 12 cores, a 6 GB card. None of \
         it was measured.\n"
    )?;
    writeln!(text, "| | estimate | here |\n|---|---|---|")?;
    rows.iter().try_for_each(|row| writeln!(text, "| {} | {} | {} |", row.what, row.estimate, row.measured))?;
    writeln!(text)
}

fn memory_and_flown(text: &mut String, report: &EfficiencyReport) -> std::fmt::Result {
    let memory = &report.memory;
    writeln!(text, "## Memory and whole runs\n")?;
    writeln!(
        text,
        "- {} episodes with trees of 100 simulations: {:.0} MB resident, {:.3} MB for each more.",
        memory.episodes,
        memory.resident_bytes as f64 / 1e6,
        memory.per_episode_bytes / 1e6,
    )?;
    for run in &report.flown {
        let point = &run.point;
        writeln!(
            text,
            "- Flown to the end: {} of {} steps, {} {}, {} simulations a decision, {}: {}, {:.2} cores busy.",
            counted(run.size.episodes as usize, "episode"),
            run.size.steps,
            point.planner,
            point.mode,
            run.simulations_per_decision,
            counted(point.workers, "worker"),
            duration(run.wall_s),
            run.cores_busy,
        )?;
    }
    writeln!(text)
}

fn method(text: &mut String, report: &EfficiencyReport) -> std::fmt::Result {
    let seconds = report.measurements.iter().map(|measured| measured.wall_s).fold(f64::INFINITY, f64::min).floor();
    let (episodes, steps) = (CampaignSize::REFERENCE.episodes, CampaignSize::REFERENCE.steps);
    writeln!(text, "## How it was measured\n")?;
    writeln!(
        text,
        "Scenario `{}`. Every setting took rounds of decisions for at least {seconds:.0} s, in one process, one after the other: a \
         round is one decision of every episode at its beginning, after a third and after two thirds of its steps, for images \
         cost more from near than from afar. A decision is timed until fewer episodes are left than can keep the workers at \
         work, for a run that goes on would begin the next ones; small searches fly in between, and are not timed. \"65 episodes\" is \
         the time that {episodes} episodes of {steps} steps take at the measured speed: an extrapolation, but for the runs listed as flown. \
         Speed-ups are over one tree searched serially by one worker. Workers walk trees and take images; a network on the CPU \
         has threads of its own, so one worker of AlphaZero already keeps more than one core busy. Cores busy: CPU time of the process over wall time. Each \
         core: load of the machine's cores, other programs included. Network busy: share of the wall time in which the \
         network's thread evaluates. Time split: shares of the workers' wall time; `network` is waiting for it.",
        report.scenario
    )
}
