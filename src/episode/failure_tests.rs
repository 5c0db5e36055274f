//! One fault ends one episode; the others end in the bits of a run without it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bevy::ecs::message::MessageReader;
use bevy::ecs::schedule::IntoScheduleConfigs;
use crossbeam_channel::{Receiver, unbounded};

use super::components::EpisodePlanner;
use super::file_work::FileWork;
use super::network::NetworkPlanner;
use super::test_support::small_settings;
use super::{
    EpisodeEvent, EpisodePhase, EpisodeSettings, EpisodeSnapshot, EpisodeStatus, NoticeSeverity, ParameterId,
    ParameterValue, SimCommand, Simulation, SimulationSnapshot, SimulationSystems,
};
#[cfg(unix)]
use crate::files::faults::make_pipe;
use crate::mission::Scenario;
use crate::network::{
    DeviceChoice, EvaluationBatch, Evaluator, EvaluatorAttributes, NetworkError, OpenedEvaluator, ResolvedDevice,
    SeededRandomEvaluator,
};
use crate::search::{PlannerKind, SearchConfig};
use crate::threads::lock;

/// The one that fails.
const FAILING: u32 = 2;

fn settings(planner: PlannerKind, workers: usize) -> EpisodeSettings {
    let small = small_settings(planner, workers);
    let search = SearchConfig { simulations: 20, horizon: 2, ..small.search.clone() };
    EpisodeSettings { search, start_paused: true, ..small }
}

/// Pictures the episodes at their beginning, flies them, pictures them again and lets what that has found be recorded.
fn fly(mut simulation: Simulation) -> Arc<SimulationSnapshot> {
    simulation.tick();
    simulation.snapshot();
    simulation.command(SimCommand::Play);
    simulation.run_to_end();
    simulation.snapshot();
    simulation.tick();
    assert!(simulation.is_finished());
    let mut planners = simulation.world_mut().query::<&EpisodePlanner>();
    // Whoever is over holds no tree.
    assert!(planners.iter(simulation.world()).all(EpisodePlanner::is_over));
    simulation.snapshot()
}

fn bits(episode: &EpisodeSnapshot) -> String {
    let floats = [episode.entropy_nats, episode.dv_spent_m_s, episode.range_m].map(f64::to_bits);
    let visits = episode.search.as_ref().map(|search| (search.visits, search.q.map(f32::to_bits)));
    format!("{} {floats:?} {visits:?} {:?} {:?}", episode.number, episode.probability_u8, episode.transitions)
}

/// Everything that happens to the failing episode, in order.
#[test]
fn a_host_hears_of_a_failure_once_after_all_that_came_before() {
    // The step whose record fails is flown, but nothing else is told of it.
    for (point, steps, expected_images) in [("first image", 0, 0), ("walk", 1, 2), ("step", 1, 2), ("record", 1, 1)] {
        let mut settings = settings(PlannerKind::Mcts, 2);
        settings.scenario.name = format!("panic at {point}");
        let mut simulation = Simulation::new(settings).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = heard.clone();
        let hear = move |mut events: MessageReader<EpisodeEvent>| {
            let of_it = events.read().filter(|event| event.episode().number == FAILING);
            lock(&told).extend(of_it.cloned());
        };
        simulation.schedule_mut().add_systems(hear.after(SimulationSystems::Record));
        fly(simulation);
        let heard = lock(&heard);
        assert!(matches!(heard.first(), Some(EpisodeEvent::Started(_))), "{heard:?}");
        let failures: Vec<_> = heard.iter().filter(|event| matches!(event, EpisodeEvent::Failed(_))).collect();
        let Some(EpisodeEvent::Failed(failed)) = heard.last() else { panic!("{heard:?}") };
        assert_eq!((failures.len(), failed.step), (1, steps), "{point}");
        assert!(failed.failure.reason.contains(point));
        let images = heard.iter().filter(|event| matches!(event, EpisodeEvent::Image(_))).count();
        assert_eq!(images, expected_images, "{point}");
    }
}

/// Episode 2 has failed in that phase with that reason, and all others are those of the other run.
fn assert_one_failed(failed: &SimulationSnapshot, whole: &SimulationSnapshot, phase: EpisodePhase, reason: &str) {
    assert_eq!(failed.episodes.len(), 5);
    for (one, other) in failed.episodes.iter().zip(&whole.episodes) {
        if one.number != FAILING {
            assert_eq!((one.status, &one.failure), (EpisodeStatus::Finished, &None));
            assert_eq!(bits(one), bits(other), "{reason}");
            continue;
        }
        assert_eq!(one.status, EpisodeStatus::Failed, "{reason}");
        let failure = one.failure.as_ref().expect("a failure");
        assert!(failure.phase == phase && failure.reason.contains(reason), "{failure}");
        assert_eq!(one.states.len(), one.transitions.len() + 1);
        let of_it = |text: &str| text.starts_with("episode 2 ended") && text.contains(reason);
        let told: Vec<_> = failed.notices.iter().filter(|notice| of_it(&notice.text)).collect();
        assert!(matches!(&told[..], [one] if one.severity == NoticeSeverity::Error), "{:?}", failed.notices);
    }
}

#[test]
fn a_panic_in_any_phase_ends_its_episode_and_no_other() {
    use EpisodePhase::{Evaluation, FirstImage, Record, Search, Snapshot, Step};
    let everywhere = [
        ("first image", FirstImage),
        ("begin", Search),
        ("walk", Search),
        ("decide", Search),
        ("step", Step),
        ("record", Record),
        ("snapshot", Snapshot),
    ];
    let at_network = [("write", Evaluation), ("apply", Evaluation)];
    let with_network = [&everywhere[..], &at_network].concat();
    for (planner, points) in [(PlannerKind::Mcts, &everywhere[..]), (PlannerKind::AlphaZero, &with_network)] {
        let whole = fly(Simulation::new(settings(planner, 1)).unwrap());
        assert!(whole.episodes.iter().all(|episode| episode.status == EpisodeStatus::Finished));
        for workers in [1, 2] {
            for &(point, phase) in points {
                let mut settings = settings(planner, workers);
                settings.scenario.name = format!("panic at {point}");
                let failed = fly(Simulation::new(settings).unwrap());
                assert_one_failed(&failed, &whole, phase, &format!("{point} of episode 2 panics on purpose"));
            }
        }
    }
}

#[test]
fn a_failed_episode_has_no_successor_until_a_reset() {
    let mut settings = EpisodeSettings { auto_restart: true, ..settings(PlannerKind::Passive, 1) };
    settings.scenario.name = "panic at step".to_owned();
    let mut simulation = Simulation::new(settings).unwrap();
    simulation.command(SimCommand::Play);
    (0..20).for_each(|_| simulation.tick());
    let snapshot = simulation.snapshot();
    let failed = &snapshot.episodes[FAILING as usize];
    assert_eq!((failed.number, failed.status), (FAILING, EpisodeStatus::Failed));
    assert!(snapshot.episodes.iter().all(|episode| episode.number == FAILING || episode.number > 4));
    simulation.command(SimCommand::Reset { seed: None });
    simulation.tick();
    assert_ne!(simulation.snapshot().episodes[FAILING as usize].status, EpisodeStatus::Failed);
}

type Look = dyn Fn(&EvaluationBatch) -> Result<(), NetworkError> + Send + Sync;

/// Answers by the rows alone, and does to every batch first what a test wants.
struct Injected(Arc<Look>);

impl Evaluator for Injected {
    fn name(&self) -> String {
        "injected".into()
    }

    fn attributes(&self) -> EvaluatorAttributes {
        SeededRandomEvaluator::new(1).attributes()
    }

    fn evaluate(&mut self, batch: &mut EvaluationBatch) -> Result<(), NetworkError> {
        (self.0)(batch)?;
        SeededRandomEvaluator::new(1).evaluate(batch)
    }
}

/// A run whose network is the injected one.
fn with_evaluator(
    workers: usize,
    look: impl Fn(&EvaluationBatch) -> Result<(), NetworkError> + Send + Sync + 'static,
) -> Simulation {
    let look: Arc<Look> = Arc::new(look);
    let mut simulation = Simulation::new(settings(PlannerKind::AlphaZero, workers)).unwrap();
    simulation.world_mut().insert_resource(NetworkPlanner::opening_with(Arc::new(move |_, _, _, _| {
        let choice = DeviceChoice { device: ResolvedDevice::Cpu, reason: "a test".into() };
        Ok(OpenedEvaluator { evaluator: Box::new(Injected(look.clone())), choice })
    })));
    simulation
}

#[test]
fn a_row_that_makes_the_network_panic_ends_its_episode_and_no_other() {
    // The first batch of the first of two cohorts holds the first leaves of episodes 0, 2 and 4.
    let first: Arc<Mutex<Option<Vec<f32>>>> = Arc::default();
    let seen = first.clone();
    let whole = fly(with_evaluator(1, move |batch| {
        lock(&seen).get_or_insert_with(|| batch.row(1).to_vec());
        Ok(())
    }));
    let row = lock(&first).take().unwrap();
    for workers in [1, 2] {
        let row = row.clone();
        let failed = fly(with_evaluator(workers, move |batch| {
            let holds_it = (0..batch.leaves()).any(|leaf| batch.row(leaf) == row);
            assert!(!holds_it, "this row is bad");
            Ok(())
        }));
        assert_one_failed(&failed, &whole, EpisodePhase::Evaluation, "this row is bad");
    }
}

#[test]
fn a_network_that_fails_pauses_the_run_and_is_opened_anew_by_play() {
    let whole = fly(with_evaluator(1, |_| Ok(())));
    let is_broken = Arc::new(AtomicBool::new(false));
    let (broken, batches) = (is_broken.clone(), AtomicUsize::new(0));
    let mut simulation = with_evaluator(2, move |_| {
        if batches.fetch_add(1, Ordering::Relaxed) == 7 {
            broken.store(true, Ordering::Relaxed);
        }
        assert!(!broken.load(Ordering::Relaxed), "out of memory");
        Ok(())
    });
    simulation.command(SimCommand::Play);
    simulation.run_to_end();
    let paused = simulation.snapshot();
    let text = &paused.notices.last().unwrap().text;
    assert!(paused.paused && text.contains("paused: ") && text.contains("out of memory"), "{text}");
    assert!(paused.episodes.iter().all(|episode| episode.failure.is_none()));

    is_broken.store(false, Ordering::Relaxed);
    simulation.command(SimCommand::Play);
    simulation.run_to_end();
    let flown = simulation.snapshot();
    for (one, other) in flown.episodes.iter().zip(&whole.episodes) {
        assert_eq!((one.status, bits(one)), (EpisodeStatus::Finished, bits(other)));
    }
}

#[test]
fn commands_are_carried_out_while_the_network_answers_to_nobody() {
    let (release, gate): (_, Receiver<()>) = unbounded();
    let (told, asked) = unbounded();
    let mut simulation = with_evaluator(2, move |_| {
        let _ = told.send(());
        let _ = gate.recv();
        Ok(())
    });
    simulation.command(SimCommand::Play);
    // Ticks return although the network does not; without that the test would hang here.
    while asked.is_empty() {
        simulation.tick();
    }
    simulation.tick();
    simulation.command(SimCommand::SetEpisodes(3));
    simulation.command(SimCommand::Pause);
    simulation.tick();
    let snapshot = simulation.snapshot();
    assert!(snapshot.paused && snapshot.episodes.len() == 3);
    assert_eq!(simulation.idle_for(), Duration::MAX);

    drop(release);
    simulation.command(SimCommand::Play);
    simulation.run_to_end();
    assert!(simulation.is_finished());
}

/// A file that does not come, as from a server that is gone.
#[test]
fn a_file_that_does_not_come_stops_neither_commands_nor_the_end() {
    let mut simulation = Simulation::new(settings(PlannerKind::Passive, 1)).unwrap();
    let read_late = |simulation: &mut Simulation| {
        let (release, gate) = crossbeam_channel::bounded::<()>(0);
        let read = move || {
            let _ = gate.recv();
            Err(Scenario::load("late.ron").unwrap_err().into())
        };
        simulation.world_mut().resource_mut::<FileWork>().read("reading late.ron".to_owned(), read).unwrap();
        release
    };
    let release = read_late(&mut simulation);
    simulation.command(SimCommand::SetEpisodes(3));
    simulation.tick();
    let snapshot = simulation.snapshot();
    assert_eq!(snapshot.episodes.len(), 3);
    let text = &snapshot.notices.last().unwrap().text;
    assert!(text.starts_with("reading ") && text.contains("takes a while"), "{text}");
    // What comes at last is taken, here an error.
    drop(release);
    while simulation.idle_for() < Duration::MAX {
        simulation.tick();
    }
    let snapshot = simulation.snapshot();
    let last = snapshot.notices.last().unwrap();
    assert!(last.severity == NoticeSeverity::Error && last.text.contains("late.ron"), "{}", last.text);
    // The end waits for no reader.
    let _never_released = read_late(&mut simulation);
    simulation.tick();
    drop(simulation);
}

/// Wherever a file is read, a pipe is refused without waiting for the other end.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_any_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for pipe in ["pipe.ron", "pipe.vox", "pipe.bin"] {
        make_pipe(&at(pipe));
    }
    std::fs::write(at("voxels.ron"), "(target: Vox(path: \"pipe.vox\"))").unwrap();
    let mut simulation = Simulation::new(settings(PlannerKind::Passive, 1)).unwrap();
    let commands = [
        (SimCommand::LoadScenario(at("pipe.ron")), "pipe.ron"),
        (SimCommand::LoadScenario(at("voxels.ron")), "pipe.vox"),
        (SimCommand::LoadNetwork(at("pipe.bin")), "pipe.bin"),
    ];
    for (command, file) in commands {
        simulation.command(command.clone());
        simulation.tick();
        while simulation.idle_for() < Duration::MAX && !simulation.world().resource::<FileWork>().is_empty() {
            simulation.tick();
        }
        let snapshot = simulation.snapshot();
        let text = &snapshot.notices.last().unwrap().text;
        assert!(text.contains(file) && text.contains("it is a pipe, not a file"), "{command:?}: {text}");
    }

    // What the simulation's own thread reads.
    let target = crate::shape::TargetShape::vox(at("pipe.vox"));
    let piped =
        EpisodeSettings { scenario: Scenario { target, ..Scenario::reference() }, ..settings(PlannerKind::Passive, 1) };
    let refused = Simulation::new(piped).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("pipe.vox: it is a pipe, not a file"), "{refused}");
}

#[test]
fn a_network_replaces_a_network_and_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("thesis.pdf"), "%PDF-1.7").unwrap();
    std::fs::write(at("empty.bin"), "").unwrap();
    let mut simulation = Simulation::new(settings(PlannerKind::Passive, 1)).unwrap();
    let mut save = |name: &str| {
        simulation.command(SimCommand::SaveNetwork(at(name)));
        simulation.tick();
        while !simulation.world().resource::<FileWork>().is_empty() {
            simulation.tick();
        }
        simulation.snapshot().notices.last().unwrap().clone()
    };
    let refused = save("thesis.pdf");
    assert!(refused.severity == NoticeSeverity::Error && refused.text.contains("is not replaced"), "{}", refused.text);
    assert_eq!(std::fs::read(at("thesis.pdf")).unwrap(), b"%PDF-1.7");
    for name in ["new.bin", "new.bin", "empty.bin"] {
        let written = save(name);
        assert!(written.text.starts_with("network written to "), "{}", written.text);
    }
}

/// A slider that is dragged makes dozens of missions a second.
#[test]
fn a_change_of_a_parameter_does_not_read_the_targets_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.vox");
    std::fs::write(&path, include_bytes!("../../crates/proxops_core/assets/targets/comsat.vox")).unwrap();
    let scenario = Scenario { target: crate::shape::TargetShape::vox(&path), ..Scenario::reference() };
    let mut simulation = Simulation::new(EpisodeSettings { scenario, ..settings(PlannerKind::Passive, 1) }).unwrap();
    simulation.tick();
    std::fs::remove_file(&path).unwrap();
    let set = |path, value| SimCommand::SetParameter { id: ParameterId::find(path).unwrap(), value };
    simulation.command(set("reward.discount", ParameterValue::Number(0.5)));
    simulation.tick();
    let snapshot = simulation.snapshot();
    assert_eq!(snapshot.settings.scenario.reward.discount, 0.5, "{:?}", snapshot.notices);
    // Another grid needs it again.
    simulation.command(set("grid.cells_per_axis", ParameterValue::Integer(24)));
    simulation.tick();
    let snapshot = simulation.snapshot();
    let text = &snapshot.notices.last().unwrap().text;
    assert!(text.contains("mine.vox") && snapshot.settings.scenario.grid.cells_per_axis == 20, "{text}");
}
