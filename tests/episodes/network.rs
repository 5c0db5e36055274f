use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_proxops::episode::{
    EpisodeSettings, NetworkSettings, NoticeSeverity, Simulation, SimulationSnapshot, TrainingSettings,
    TrainingSnapshot, TrainingStatus,
};
use bevy_proxops::network::{NetworkDevice, NetworkWeights, PolicyValueNetConfig};
use bevy_proxops::prelude::*;
use bevy_proxops::search::AlphaZeroConfig;
use bevy_proxops::training::{HistoryEntry, LearnerConfig, TrainingConfig, TrainingRun};

use crate::support::{bits, small_settings};

/// Far beyond what is needed, so that only a hang fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// A batch or a learning step under way is waited for; they take milliseconds here.
const PROMPT: Duration = Duration::from_secs(3);

/// Four episodes that consult an untrained network for beliefs of 8³ voxels on the CPU.
fn consulting() -> EpisodeSettings {
    let mut settings = small_settings(PlannerKind::AlphaZero);
    settings.search.alpha_zero = AlphaZeroConfig { simulations: 9, ..Default::default() };
    settings.network = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
    settings
}

fn network(cells_per_axis: usize, seed: u64) -> NetworkWeights {
    let config = PolicyValueNetConfig::compact().with_cells_per_axis(cells_per_axis);
    NetworkWeights::untrained(&config, Seed(seed)).unwrap()
}

fn last_notice(snapshot: &SimulationSnapshot) -> (NoticeSeverity, String) {
    snapshot.notices.last().map(|notice| (notice.severity, notice.text.clone())).unwrap()
}

fn obey(simulation: &mut Simulation, command: SimCommand) -> Arc<SimulationSnapshot> {
    simulation.command(command);
    simulation.tick();
    simulation.snapshot()
}

#[test]
fn what_the_network_does_is_published_and_adds_up() {
    let mut simulation = Simulation::new(consulting()).unwrap();
    assert!(simulation.snapshot().network.is_none());
    simulation.run_to_end();
    let snapshot = simulation.snapshot();
    let network = snapshot.network.as_ref().unwrap();
    assert_eq!(network.device, "CPU (Burn flex)");
    assert_eq!((network.reason.as_str(), network.warm_up), ("the CPU was asked for", (1, 1)));
    assert!(network.architecture.starts_with("compact, ") && network.source.contains("8³"), "{network:?}");
    assert!(!network.is_trained);
    // Two leaves a cohort, padded to a piece of eight rows.
    assert_eq!(network.batch_sizes.iter().map(|(rows, _)| *rows).collect::<Vec<_>>(), [8]);
    let total = simulation.total_diagnostics();
    assert!(total.network.fill > 0.2 && total.network.fill <= 0.25, "{:?}", total.network);
    let mean_batch = total.network.evaluations_per_s / total.network.batches_per_s;
    assert!((mean_batch - 8.0 * total.network.fill).abs() < 1e-9);
    let split = total.time_split;
    let sum = split.tree + split.orbit + split.rays + split.belief + split.other + split.network + split.idle;
    assert!((sum - 1.0).abs() < 1e-9, "{split:?}");
    assert!(total.network.busy > 0.0 && split.network > 0.0);
}

/// One episode of one step that plans with the shipped network.
fn planned_with_shipped(scenario: &str, change: impl Fn(&mut Scenario)) -> Vec<String> {
    let mut scenario = Scenario::embedded(scenario).unwrap();
    scenario.steps = 2;
    change(&mut scenario);
    let search = SearchConfig { planner: PlannerKind::NetworkOnly, ..Default::default() };
    let network = NetworkSettings { device: NetworkDevice::Cpu, ..Default::default() };
    let settings = EpisodeSettings { network, workers: Some(1), ..EpisodeSettings::headless(scenario, search) };
    let mut simulation = Simulation::new(settings).unwrap();
    simulation.run_to_end();
    let snapshot = simulation.snapshot();
    let warnings = snapshot.notices.iter().filter(|notice| notice.severity == NoticeSeverity::Warning);
    warnings.map(|notice| notice.text.clone()).collect()
}

#[test]
fn a_network_outside_of_its_training_says_once_which_values_and_what_was_trained() {
    assert!(planned_with_shipped("standoff_200m", |_| {}).is_empty());
    let warnings = planned_with_shipped("narrow_fov", |_| {});
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.starts_with("the network was not trained for this: "), "{warning}");
    assert!(warning.contains("camera.fov_deg = 2 (trained with 10)"), "{warning}");
    let warnings = planned_with_shipped("standoff_200m", |scenario| scenario.sensor.p_hit_occupied = 0.5);
    assert!(matches!(&warnings[..], [one] if one.contains("sensor.p_hit_occupied = 0.5 (trained with 0.95)")));
}

#[test]
fn a_network_of_unknown_training_says_so() {
    let mut settings = consulting();
    settings.network.weights = Some(network(8, 77));
    let mut simulation = Simulation::new(settings).unwrap();
    simulation.run_to_end();
    let snapshot = simulation.snapshot();
    let told = snapshot.notices.iter().filter(|notice| notice.text.contains("does not say what it was trained on"));
    assert_eq!(told.count(), 1, "{:?}", snapshot.notices);
}

#[test]
fn a_network_that_cannot_be_used_is_named_and_everything_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("picture.png"), b"\x89PNG and so on, long enough for a header").unwrap();
    network(12, 1).save(&path("large.bin")).unwrap();
    let bad = [
        (SimCommand::LoadNetwork(path("nowhere.bin")), vec!["nowhere.bin"]),
        (SimCommand::LoadNetwork(path("picture.png")), vec!["picture.png", "not a network weights file"]),
        (SimCommand::LoadNetwork(path("large.bin")), vec!["large.bin", "12³", "8³"]),
        (SimCommand::UseShippedNetwork, vec!["shipped", "20³", "8³"]),
        (SimCommand::SaveNetwork(path("picture.png/net.bin")), vec!["picture.png"]),
        (SimCommand::PauseTraining, vec!["no run is under way"]),
    ];
    let settings = EpisodeSettings { start_paused: true, ..consulting() };
    let mut simulation = Simulation::new(settings.clone()).unwrap();
    for (command, expected) in bad {
        let after = obey(&mut simulation, command);
        let (severity, text) = last_notice(&after);
        assert_eq!(severity, NoticeSeverity::Error);
        assert!(expected.iter().all(|part| text.contains(part)), "{expected:?}: {text}");
        assert_eq!(*after.settings, settings);
    }
    simulation.command(SimCommand::Play);
    simulation.run_to_end();
    assert!(simulation.is_finished());
}

#[test]
fn a_saved_network_plans_as_the_one_it_was_saved_from() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = consulting();
    settings.network.weights = Some(network(8, 7));
    let mut first = Simulation::new(settings).unwrap();
    let saved = obey(&mut first, SimCommand::SaveNetwork(folder.path().join("new/mine")));
    let file = folder.path().join("new/mine.bin");
    assert_eq!(last_notice(&saved).0, NoticeSeverity::Info, "{:?}", last_notice(&saved));
    assert_eq!(NetworkWeights::load(&file).unwrap(), network(8, 7));
    first.run_to_end();

    let mut other = Simulation::new(EpisodeSettings { start_paused: true, ..consulting() }).unwrap();
    let loaded = obey(&mut other, SimCommand::LoadNetwork(file.clone()));
    assert_eq!(Path::new(&loaded.settings.network.source), file);
    other.command(SimCommand::Play);
    other.run_to_end();
    let (first, other) = (first.snapshot(), other.snapshot());
    assert!(other.network.as_ref().unwrap().is_trained, "other weights than training begins with");
    for (one, two) in first.episodes.iter().zip(&other.episodes) {
        assert_eq!(bits(one), bits(two));
    }
}

#[test]
fn new_weights_reach_searches_under_way_and_mark_their_episodes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.bin");
    network(8, 9).save(&file).unwrap();
    let mut settings = consulting();
    settings.search.alpha_zero.simulations = 400;
    settings.tick_allowance = Duration::ZERO;
    let mut simulation = Simulation::new(settings).unwrap();
    let start = Instant::now();
    let searches = |snapshot: &SimulationSnapshot| {
        let searches = |status| matches!(status, EpisodeStatus::Searching { done: 5.., .. });
        !snapshot.episodes.is_empty() && snapshot.episodes.iter().all(|episode| searches(episode.status))
    };
    while !searches(&simulation.snapshot()) {
        assert!(start.elapsed() < PATIENCE);
        simulation.tick();
    }
    let before = simulation.snapshot();
    let opened = |snapshot: &SimulationSnapshot| {
        snapshot.notices.iter().filter(|notice| notice.text.starts_with("network on")).count()
    };
    let after = obey(&mut simulation, SimCommand::LoadNetwork(file.clone()));
    assert!(searches(&after), "nobody starts anew");
    assert!(!before.episodes[0].altered);
    simulation.run_to_end();
    let after = simulation.snapshot();
    assert!(simulation.is_finished() && after.episodes.iter().all(|episode| episode.altered));
    assert_eq!(opened(&after), 1, "the device is not opened again");
    assert_eq!(after.network.as_ref().unwrap().source, file.display().to_string());
}

/// A run whose cycles take milliseconds.
fn tiny_training(directory: &Path) -> TrainingSettings {
    let config = TrainingConfig {
        search: AlphaZeroConfig { simulations: 4, ..Default::default() },
        learner: LearnerConfig { batch_size: 8, decay_steps: 20, ..Default::default() },
        replay_transitions: 40,
        episodes_per_cycle: 4,
        learning_steps_per_cycle: 3,
        parallel: 4,
        evaluate_every: 2,
        evaluation_pairs: 3,
        ..Default::default()
    };
    TrainingSettings { directory: directory.to_owned(), config }
}

fn training(simulation: &mut Simulation, wanted: impl Fn(&TrainingSnapshot) -> bool) -> Arc<SimulationSnapshot> {
    let start = Instant::now();
    loop {
        simulation.tick();
        let snapshot = simulation.snapshot();
        let training = snapshot.training.as_ref().unwrap();
        if wanted(training) {
            return snapshot;
        }
        assert_ne!(training.status, TrainingStatus::Failed, "{:?}", last_notice(&snapshot));
        assert!(start.elapsed() < PATIENCE, "{training:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn training_beside_the_episodes_pauses_resumes_and_hands_its_network_over() {
    let folder = tempfile::tempdir().unwrap();
    let (beside, alone) = (folder.path().join("beside"), folder.path().join("alone"));
    let settings = EpisodeSettings { training: tiny_training(&beside), start_paused: true, ..consulting() };
    let mut simulation = Simulation::new(settings.clone()).unwrap();
    assert!(simulation.snapshot().training.is_none());
    obey(&mut simulation, SimCommand::StartTraining);
    let running = training(&mut simulation, |training| training.cycle >= 1);
    assert_eq!(running.training.as_ref().unwrap().cycles[0].cycle, 1);
    let twice = obey(&mut simulation, SimCommand::StartTraining);
    assert!(
        last_notice(&twice).1.contains("a run in") || twice.notices.iter().any(|n| n.text.contains("is under way"))
    );

    let start = Instant::now();
    obey(&mut simulation, SimCommand::PauseTraining);
    training(&mut simulation, |training| training.status == TrainingStatus::Paused);
    assert!(start.elapsed() < PROMPT, "{:?}", start.elapsed());
    obey(&mut simulation, SimCommand::StartTraining);
    let done = training(&mut simulation, |training| training.cycle >= 3);
    let source = &done.settings.network.source;
    assert!(source.starts_with("training in ") && source.contains("cycle"), "{source}");
    let start = Instant::now();
    drop(simulation);
    assert!(start.elapsed() < PROMPT);

    let mut config = settings.training.config.clone();
    config.scenario = settings.scenario.clone();
    config.network = config.network.with_cells_per_axis(8);
    let mut straight = TrainingRun::start(config, &alone, &NetworkDevice::Cpu, None).unwrap();
    let mut history = Vec::new();
    for _ in 0..3 {
        let report = straight.run_cycle(&mut |_| std::ops::ControlFlow::Continue(())).unwrap();
        history.push(HistoryEntry::Cycle(report.cycle));
        history.extend(report.evaluation.map(HistoryEntry::Evaluation));
    }
    let shown = done.training.as_ref().unwrap();
    let (mut cycles, mut evaluations) = (Vec::new(), Vec::new());
    for entry in history {
        match entry {
            HistoryEntry::Cycle(entry) => cycles.push(entry),
            HistoryEntry::Evaluation(entry) => evaluations.push(entry),
            HistoryEntry::Divergence(entry) => panic!("{entry}"),
        }
    }
    assert_eq!(shown.cycles[..3], cycles);
    assert_eq!(shown.evaluations[..1], evaluations);
}

#[test]
fn training_learns_from_the_episodes_that_fly_if_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let settings = EpisodeSettings { training: tiny_training(folder.path()), auto_restart: true, ..consulting() };
    assert!(!settings.record_for_training);
    let mut simulation = Simulation::new(settings).unwrap();
    obey(&mut simulation, SimCommand::StartTraining);
    let alone = training(&mut simulation, |training| training.cycle >= 2);
    assert!(alone.training.as_ref().unwrap().cycles.iter().all(|cycle| cycle.recorded == 0));
    let told = obey(&mut simulation, SimCommand::RecordForTraining(true));
    assert!(told.settings.record_for_training);
    training(&mut simulation, |training| training.cycles.iter().any(|cycle| cycle.recorded > 0));
    obey(&mut simulation, SimCommand::Pause);
    obey(&mut simulation, SimCommand::PauseTraining);
    training(&mut simulation, |training| training.status == TrainingStatus::Paused);
}

/// Ticks until training in `folder` has failed, and returns the error that the user is told.
fn failure_of_training(simulation: &mut Simulation) -> String {
    obey(simulation, SimCommand::StartTraining);
    let start = Instant::now();
    while simulation.snapshot().training.as_ref().is_none_or(|training| training.status != TrainingStatus::Failed) {
        simulation.tick();
        assert!(start.elapsed() < PATIENCE);
    }
    // The news comes with the tick after.
    simulation.tick();
    let snapshot = simulation.snapshot();
    let errors: Vec<_> = snapshot.notices.iter().filter(|notice| notice.severity == NoticeSeverity::Error).collect();
    assert_eq!(errors.len(), 1, "{:?}", snapshot.notices);
    errors[0].text.clone()
}

#[test]
fn a_training_run_that_fails_says_why_and_the_episodes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("run.json"), r#"{"format": "bevy_proxops run", "version": 1}"#).unwrap();
    std::fs::write(folder.path().join("manifest.json"), "PNG").unwrap();
    let settings = EpisodeSettings { training: tiny_training(folder.path()), ..consulting() };
    let mut simulation = Simulation::new(settings).unwrap();
    let error = failure_of_training(&mut simulation);
    assert!(error.contains("manifest.json"), "{error}");
    simulation.run_to_end();
    assert!(simulation.is_finished());
}

#[test]
fn training_leaves_a_folder_with_other_things_and_a_run_in_use_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (others, used) = (folder.path().join("others"), folder.path().join("used"));
    std::fs::create_dir(&others).unwrap();
    std::fs::write(others.join("history.jsonl"), "mine").unwrap();
    let config = TrainingConfig {
        scenario: consulting().scenario,
        network: PolicyValueNetConfig::compact().with_cells_per_axis(8),
        ..tiny_training(&used).config
    };
    let run = TrainingRun::start(config, &used, &NetworkDevice::Cpu, None).unwrap();

    for (path, expected) in [(&others, "not empty and not a run"), (&used, "another process or app is at work")] {
        let settings = EpisodeSettings { training: tiny_training(path), ..consulting() };
        let error = failure_of_training(&mut Simulation::new(settings).unwrap());
        assert!(error.contains(expected) && error.contains(&path.display().to_string()), "{error}");
    }
    assert_eq!(std::fs::read_to_string(others.join("history.jsonl")).unwrap(), "mine");
    assert_eq!(std::fs::read_dir(&others).unwrap().count(), 1);
    drop(run);
}
