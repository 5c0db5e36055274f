use bevy_proxops::episode::{EfficiencySweep, measure_efficiency};
use bevy_proxops::network::NetworkDevice;
use bevy_proxops::prelude::*;
use bevy_proxops::report::{QualityPlan, ReportError, SweepPlan};

use crate::support::small_settings;

/// A sweep of everything, as small as can be.
fn plan() -> SweepPlan {
    let mut judged = Scenario::embedded("standoff_200m").unwrap();
    judged.camera.pixels = 8;
    let quality = QualityPlan {
        scenario: judged,
        states: 2,
        simulations: 3,
        judge_factor: 2,
        leaves: vec![1, 2],
        ..Default::default()
    };
    SweepPlan {
        scenario: small_settings(PlannerKind::Mcts).scenario,
        seconds_per_point: 0.01,
        mcts_simulations: 12,
        alpha_zero_simulations: 2,
        memory_episodes: 16,
        flies_campaign: true,
        quality,
        device: NetworkDevice::Cpu,
        ..SweepPlan::quick(1)
    }
}

#[test]
fn a_sweep_measures_every_setting_and_judges_every_mode() {
    let plan = plan();
    let mut heard = Vec::new();
    let report = measure_efficiency(&plan, &mut |progress| {
        heard.push((progress.done, progress.of));
        true
    })
    .unwrap();
    let (parts, threads) = (heard.len(), std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32));
    assert_eq!(heard, (0..parts).map(|done| (done, parts)).collect::<Vec<_>>(), "every part is announced once");

    let measured: Vec<_> = report.measurements.iter().map(|measured| measured.point.clone()).collect();
    assert_eq!(measured, plan.points);
    for measured in &report.measurements {
        assert!(measured.counted.simulations > 0 && measured.wall_s >= plan.seconds_per_point, "{measured:?}");
        assert!((measured.time_split.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{measured:?}");
    }
    let of_network = report.measurements.iter().filter(|measured| measured.point.planner == PlannerKind::AlphaZero);
    assert!(of_network.clone().count() > 0 && of_network.clone().all(|measured| measured.batch_fill > 0.0));

    assert_eq!(report.regrets.len(), 2 * plan.quality.modes(threads).len());
    assert!(report.regrets.iter().all(|regret| regret.samples.len() == 2 && regret.mean.0 >= 0.0));
    let flown: Vec<_> = report.flown.iter().map(|run| (run.point.planner, run.size.decisions())).collect();
    assert_eq!(flown, [(PlannerKind::Mcts, 50), (PlannerKind::AlphaZero, 65 * 50)]);
    assert!(report.best.of(PlannerKind::Mcts).is_some() && report.best.of(PlannerKind::AlphaZero).is_some());
}

#[test]
fn whoever_watches_a_sweep_may_stop_it() {
    let stopped = measure_efficiency(&plan(), &mut |progress| progress.done < 2);
    assert!(matches!(stopped, Err(ReportError::Stopped)), "{stopped:?}");
    // In the background it ends after the part that it is measuring.
    let mut sweep = EfficiencySweep::start(plan()).unwrap();
    sweep.stop();
    let result = loop {
        if let Some(result) = sweep.take_result() {
            break result;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    assert!(matches!(result, Err(ReportError::Stopped)));
    assert!(sweep.take_result().is_none(), "it is taken once");
}
