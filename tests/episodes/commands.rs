use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_proxops::episode::{EpisodeSettings, NoticeSeverity, PARAMETERS, Simulation, SimulationSnapshot, Speed};
use bevy_proxops::prelude::*;
use bevy_proxops::report::BestSetting;
use bevy_proxops::search::{ParallelConfig, SearchMode};
use bevy_proxops::shape::TargetShape;

use crate::support::{bits, fly, parameter, paused_settings, small_settings};

fn simulation(settings: EpisodeSettings) -> Simulation {
    Simulation::new(settings).unwrap()
}

/// Sends a command and ticks until nothing moves without another.
fn obey(simulation: &mut Simulation, command: SimCommand) -> Arc<SimulationSnapshot> {
    simulation.command(command);
    simulation.tick();
    while !simulation.is_finished() && simulation.idle_for() < Duration::MAX {
        simulation.tick();
    }
    simulation.snapshot()
}

fn set(path: &str, value: ParameterValue) -> SimCommand {
    SimCommand::SetParameter { id: parameter(path), value }
}

fn steps(snapshot: &SimulationSnapshot) -> Vec<u32> {
    snapshot.episodes.iter().map(|episode| episode.step).collect()
}

fn errors(snapshot: &SimulationSnapshot) -> Vec<&str> {
    let errors = snapshot.notices.iter().filter(|notice| notice.severity == NoticeSeverity::Error);
    errors.map(|notice| notice.text.as_str()).collect()
}

#[test]
fn a_paused_run_steps_once_per_command_and_ends_in_the_same_bits() {
    let mut simulation = simulation(paused_settings(PlannerKind::Mcts));
    simulation.tick();
    assert_eq!(steps(&simulation.snapshot()), [0, 0, 0, 0]);
    for step in 1..=5 {
        assert_eq!(steps(&obey(&mut simulation, SimCommand::StepOnce)), [step; 4]);
    }
    assert!(simulation.is_finished());
    let stepped = simulation.snapshot();
    let flown = fly(small_settings(PlannerKind::Mcts));
    for (stepped, flown) in stepped.episodes.iter().zip(&flown.episodes) {
        assert_eq!(bits(stepped), bits(flown));
    }
}

#[test]
fn a_run_is_finished_only_once_it_has_begun_and_only_if_no_episode_follows() {
    let mut ending = simulation(small_settings(PlannerKind::Passive));
    assert!(!ending.is_finished() && !ending.snapshot().is_finished(), "no episode has begun");
    ending.run_to_end();
    assert!(ending.is_finished() && ending.snapshot().is_finished());
    ending.command(SimCommand::SetAutoRestart(true));
    ending.tick();
    assert!(!ending.is_finished() && !ending.snapshot().is_finished(), "other episodes follow");
}

#[test]
fn a_step_asked_for_together_with_a_reset_is_that_of_the_new_episodes() {
    let mut simulation = simulation(paused_settings(PlannerKind::Passive));
    obey(&mut simulation, SimCommand::StepOnce);
    simulation.command(SimCommand::StepOnce);
    simulation.command(SimCommand::Reset { seed: None });
    assert_eq!(steps(&obey(&mut simulation, SimCommand::StepOnce)), [1; 4]);
}

#[test]
fn pause_freezes_a_search_and_play_resumes_it() {
    let mut settings = small_settings(PlannerKind::Mcts);
    settings.search.simulations = 2000;
    settings.tick_allowance = Duration::from_millis(1);
    let mut simulation = simulation(settings);
    simulation.tick();
    let frozen = obey(&mut simulation, SimCommand::Pause);
    assert!(frozen.paused);
    assert!(frozen.episodes.iter().any(|episode| matches!(episode.status, EpisodeStatus::Searching { done: 1.., .. })));
    simulation.tick();
    let still = simulation.snapshot();
    assert!(frozen.episodes.iter().zip(&still.episodes).all(|(before, after)| Arc::ptr_eq(before, after)));
    simulation.command(SimCommand::Play);
    simulation.tick();
    assert!(!simulation.snapshot().paused);
    assert_ne!(simulation.snapshot().episodes[0].status, frozen.episodes[0].status);
}

#[test]
fn a_rate_paces_every_episode() {
    let settings = EpisodeSettings { speed: Speed::Rate(20.0), ..small_settings(PlannerKind::Passive) };
    let start = Instant::now();
    let flown = fly(settings);
    // Five decisions, the first at once: four intervals of 50 ms.
    assert!(start.elapsed() >= Duration::from_millis(200), "took {:?}", start.elapsed());
    assert!(flown.is_finished());
}

#[test]
fn search_parameters_act_on_the_next_decision() {
    let mut simulation = simulation(paused_settings(PlannerKind::Mcts));
    let before = obey(&mut simulation, SimCommand::StepOnce);
    assert_eq!(before.episodes[0].search.as_ref().unwrap().simulations, 60);
    obey(&mut simulation, set("search.simulations", ParameterValue::Integer(90)));
    let after = obey(&mut simulation, SimCommand::StepOnce);
    assert_eq!(after.episodes[0].search.as_ref().unwrap().simulations, 90);
    assert!(after.episodes[0].altered && !before.episodes[0].altered);
    assert!(after.pending.is_empty() && errors(&after).is_empty());
}

#[test]
fn a_change_after_the_end_does_not_mark_a_finished_episode() {
    let mut simulation = simulation(small_settings(PlannerKind::Passive));
    simulation.run_to_end();
    let after = obey(&mut simulation, set("reward.discount", ParameterValue::Number(0.5)));
    assert!(after.episodes.iter().all(|episode| !episode.altered));
}

#[test]
fn scenario_parameters_that_apply_now_reach_running_episodes() {
    let mut simulation = simulation(paused_settings(PlannerKind::Passive));
    obey(&mut simulation, SimCommand::StepOnce);
    obey(&mut simulation, set("camera.fov_deg", ParameterValue::Number(4.0)));
    let after = obey(&mut simulation, SimCommand::StepOnce);
    for episode in &after.episodes {
        assert_eq!(episode.mission.scenario().camera.fov_deg, 4.0);
        assert_eq!(episode.step, 2);
    }
}

#[test]
fn parameters_of_the_next_episode_wait_for_it_and_say_so() {
    let mut simulation = simulation(paused_settings(PlannerKind::Passive));
    obey(&mut simulation, SimCommand::StepOnce);
    let waiting = obey(&mut simulation, set("grid.cells_per_axis", ParameterValue::Integer(12)));
    assert_eq!(waiting.pending.iter().map(|id| id.path()).collect::<Vec<_>>(), ["grid.cells_per_axis"]);
    assert_eq!(waiting.settings.scenario.grid.cells_per_axis, 12);
    assert_eq!(waiting.episodes[0].probability_u8.len(), 8 * 8 * 8);
    let restarted = obey(&mut simulation, SimCommand::Reset { seed: None });
    assert!(restarted.pending.is_empty());
    assert_eq!(restarted.episodes[0].probability_u8.len(), 12 * 12 * 12);
    assert_eq!(steps(&restarted), [0; 4]);
}

#[test]
fn a_bad_parameter_is_named_and_the_episodes_go_on() {
    let bad = [
        (set("sensor.p_hit_occupied", ParameterValue::Number(1.5)), "sensor.p_hit_occupied = 1.5"),
        (set("sensor.p_hit_occupied", ParameterValue::Number(f64::NAN)), "sensor.p_hit_occupied = NaN"),
        (set("sensor.p_hit_empty", ParameterValue::Flag(true)), "sensor.p_hit_empty = true"),
        (set("search.simulations", ParameterValue::Integer(0)), "search.simulations = 0"),
        (set("search.planner", ParameterValue::Choice("clairvoyant".to_owned())), "passive, random, mcts"),
        // In range, but below P(hit | empty) once that is raised.
        (set("sensor.p_hit_occupied", ParameterValue::Number(0.011)), "p_hit_occupied"),
        (SimCommand::SetEpisodes(0), "episodes = 0"),
        (SimCommand::SetSpeed(Speed::Rate(0.0)), "speed = 0"),
        (SimCommand::SetSpeed(Speed::Rate(f64::NAN)), "speed = NaN"),
        (SimCommand::Focus(77), "focus = 77"),
        (SimCommand::ChooseScenario("atlantis".to_owned()), "atlantis"),
        (SimCommand::LoadScenario("no/such/file.ron".into()), "no/such/file.ron"),
    ];
    let mut settings = paused_settings(PlannerKind::Mcts);
    settings.scenario.sensor.p_hit_empty = 0.1;
    let mut simulation = simulation(settings.clone());
    obey(&mut simulation, SimCommand::StepOnce);
    for (number, (command, named)) in bad.into_iter().enumerate() {
        let after = obey(&mut simulation, command.clone());
        assert_eq!(errors(&after).len(), number + 1, "{command:?} gives exactly one error");
        assert!(errors(&after)[number].contains(named), "{command:?}: {}", errors(&after)[number]);
        assert_eq!(*after.settings, settings);
    }
    let gone_on = obey(&mut simulation, SimCommand::Play);
    let flown = fly(EpisodeSettings { start_paused: false, ..settings });
    for (gone_on, flown) in gone_on.episodes.iter().zip(&flown.episodes) {
        assert_eq!(bits(gone_on), bits(flown));
    }
}

#[test]
fn a_scenario_is_chosen_by_name_or_file_and_starts_all_episodes_anew() {
    let mut simulation = simulation(paused_settings(PlannerKind::Passive));
    obey(&mut simulation, SimCommand::StepOnce);
    let standoff = obey(&mut simulation, SimCommand::ChooseScenario("standoff_200m".to_owned()));
    assert_eq!(standoff.settings.scenario.name, "standoff_200m");
    assert_eq!(steps(&standoff), [0; 4]);
    assert_eq!(standoff.episodes[0].mission.scenario().name, "standoff_200m");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.ron");
    let mut mine = small_settings(PlannerKind::Passive).scenario;
    mine.name = "mine".to_owned();
    mine.save(&path).unwrap();
    let loaded = obey(&mut simulation, SimCommand::LoadScenario(path.clone()));
    mine.origin = Some(path);
    assert_eq!(loaded.settings.scenario, mine);
}

#[test]
fn the_number_of_episodes_changes_without_disturbing_those_that_stay() {
    let mut simulation = simulation(paused_settings(PlannerKind::Passive));
    let before = obey(&mut simulation, SimCommand::StepOnce);
    let more = obey(&mut simulation, SimCommand::SetEpisodes(6));
    assert_eq!(steps(&more), [1, 1, 1, 1, 0, 0]);
    assert_eq!(more.episodes.iter().map(|episode| episode.number).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert!(before.episodes.iter().zip(&more.episodes).all(|(before, after)| Arc::ptr_eq(before, after)));
    assert_eq!(steps(&obey(&mut simulation, SimCommand::SetEpisodes(2))), [1, 1]);
}

#[test]
fn a_finished_episode_is_followed_by_a_new_number_which_inherits_the_focus() {
    let mut simulation =
        simulation(EpisodeSettings { auto_restart: true, episodes: 2, ..small_settings(PlannerKind::Passive) });
    simulation.tick();
    simulation.command(SimCommand::Focus(1));
    while simulation.snapshot().diagnostics.episodes_done < 5 {
        simulation.tick();
    }
    let snapshot = simulation.snapshot();
    assert!(snapshot.episodes.iter().all(|episode| episode.number >= 2));
    assert_eq!(snapshot.focus, snapshot.episodes[1].number);
    assert_eq!(snapshot.focused().unwrap().number, snapshot.focus);
}

#[test]
fn every_parameter_reads_what_was_written_and_its_default_is_in_range() {
    for spec in PARAMETERS {
        let default = spec.default_value();
        spec.check(&default).unwrap();
        let mut settings = small_settings(PlannerKind::Random);
        if spec.id.path() == "target.size_m" {
            assert!(!(spec.relevant)(&settings) && spec.apply(&mut settings, &default).is_err(), "no size of its own");
            settings.scenario.target = TargetShape::Cube { side_m: 3.0 };
        }
        spec.apply(&mut settings, &default).unwrap();
        assert_eq!((spec.get)(&settings), default, "{}", spec.id);
        assert_eq!(spec.id.spec().label, spec.label);
        for choice in (spec.choices)() {
            let choice = ParameterValue::Choice(choice);
            spec.apply(&mut settings, &choice).unwrap();
            assert_eq!((spec.get)(&settings), choice, "{}", spec.id);
        }
    }
}

#[test]
fn settings_that_cannot_be_flown_are_refused_by_name() {
    let refused = |settings: EpisodeSettings| Simulation::new(settings).err().unwrap().to_string();
    let valid = small_settings(PlannerKind::Mcts);
    assert!(refused(EpisodeSettings { episodes: 0, ..valid.clone() }).starts_with("episodes = 0"));
    assert!(refused(EpisodeSettings { workers: Some(0), ..valid.clone() }).starts_with("workers = 0"));
    assert!(refused(EpisodeSettings { speed: Speed::Rate(-1.0), ..valid.clone() }).starts_with("speed = -1"));
    let mut scenario = valid.scenario.clone();
    scenario.step_s = f64::NAN;
    assert!(refused(EpisodeSettings { scenario, ..valid }).contains("step_s"));
}

#[test]
fn a_measured_setting_changes_planner_mode_workers_and_episodes_at_once() {
    let mut simulation = simulation(paused_settings(PlannerKind::Passive));
    let setting = BestSetting {
        planner: PlannerKind::Mcts,
        parallel: ParallelConfig::from(SearchMode::Batched { leaves: 5 }),
        workers: 3,
        episodes: 6,
        why: "it is the fastest".into(),
    };
    let snapshot = obey(&mut simulation, SimCommand::UseSetting(setting.clone()));
    assert_eq!((snapshot.episodes.len(), snapshot.diagnostics.workers), (6, 3));
    assert_eq!(
        (snapshot.settings.search.planner, &snapshot.settings.search.parallel),
        (setting.planner, &setting.parallel)
    );
    assert_eq!(steps(&obey(&mut simulation, SimCommand::StepOnce)), [1; 6]);

    let idle = BestSetting { workers: 0, ..setting.clone() };
    let none = BestSetting { episodes: 0, ..setting.clone() };
    let wild = BestSetting { parallel: ParallelConfig { leaves: 0, ..setting.parallel.clone() }, ..setting };
    for (bad, named) in [(idle, "workers = 0"), (none, "episodes = 0"), (wild, "parallel.leaves: 0")] {
        let snapshot = obey(&mut simulation, SimCommand::UseSetting(bad));
        assert!(errors(&snapshot).last().unwrap().contains(named), "{:?}", snapshot.notices);
        assert_eq!((snapshot.episodes.len(), snapshot.diagnostics.workers), (6, 3), "nothing has changed");
    }
}
