//! One fault ends one episode; the others end in the bits of a run without it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};

use super::components::EpisodePlanner;
use super::network::NetworkPlanner;
use super::test_support::small_settings;
use super::{
    EpisodePhase, EpisodeSettings, EpisodeSnapshot, EpisodeStatus, NoticeSeverity, SimCommand, Simulation,
    SimulationSnapshot,
};
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

/// A pipe that nobody feeds is read for ever.
#[cfg(unix)]
#[test]
fn a_scenario_from_a_silent_pipe_stops_neither_commands_nor_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("scenario.ron");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo");
    let mut simulation = Simulation::new(settings(PlannerKind::Passive, 1)).unwrap();
    simulation.command(SimCommand::LoadScenario(pipe.clone()));
    simulation.command(SimCommand::SetEpisodes(3));
    simulation.tick();
    let snapshot = simulation.snapshot();
    assert_eq!(snapshot.episodes.len(), 3);
    let text = &snapshot.notices.last().unwrap().text;
    assert!(text.starts_with("reading ") && text.contains("takes a while"), "{text}");
    // What comes at last is read and refused in words.
    std::fs::write(&pipe, "no scenario").unwrap();
    while simulation.idle_for() < Duration::MAX {
        simulation.tick();
    }
    let snapshot = simulation.snapshot();
    let last = snapshot.notices.last().unwrap();
    assert!(last.severity == NoticeSeverity::Error && last.text.contains("scenario.ron"), "{}", last.text);
    // The end waits for no reader.
    simulation.command(SimCommand::LoadScenario(pipe));
    simulation.tick();
    drop(simulation);
}
