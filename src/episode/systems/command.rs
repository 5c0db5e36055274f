use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::change_detection::{Mut, Res, ResMut};
use bevy::ecs::message::Messages;
use bevy::ecs::system::Query;

use crate::episode::command::{SimCommand, Speed};
use crate::episode::components::{Episode, EpisodeMission, EpisodePace, EpisodePlanner};
use crate::episode::error::EpisodeError;
use crate::episode::file_work::{FileNews, FileWork};
use crate::episode::parameters::{ParameterId, ParameterValue};
use crate::episode::run::{Run, note_target, waiting_parameters, with_immediate_parameters};
use crate::episode::settings::EpisodeSettings;
use crate::episode::systems::network::{
    load_network, network_loaded, network_saved, save_network, start_training, use_shipped_network,
};
use crate::episode::training::Trainer;
use crate::episode::trees::EpisodeTrees;
use crate::episode::workers::EpisodeWorkers;
use crate::flight::Workers;
use crate::mission::{Mission, Scenario};
use crate::report::BestSetting;

/// How long a tick waits for files that its commands read or write. Most are done by then, so that the next command finds
/// them so.
const FILE_PATIENCE: Duration = Duration::from_millis(50);
/// Most episode numbers that an error message lists.
const LISTED: usize = 16;

pub type Episodes<'w, 's> =
    Query<'w, 's, (&'static Episode, &'static mut EpisodeMission, &'static mut EpisodePace, &'static EpisodePlanner)>;

/// Carries out commands in the order they came; one that cannot be carried out becomes an error notice.
pub fn carry_out_commands(
    mut run: ResMut<Run>,
    mut trainer: ResMut<Trainer>,
    mut workers: ResMut<EpisodeWorkers>,
    trees: Res<EpisodeTrees>,
    mut files: ResMut<FileWork>,
    mut commands: ResMut<Messages<SimCommand>>,
    mut episodes: Episodes,
) {
    if commands.is_empty() && files.is_empty() {
        return;
    }
    let before = run.settings.clone();
    let mut deadline = Instant::now();
    take_files(&mut files, deadline, &mut run, &trainer, &mut episodes);
    deadline += FILE_PATIENCE;
    for commands in in_groups(commands.drain()) {
        let done = match commands {
            Group::One(command) => carry_out(command, &mut run, &mut trainer, &mut workers, &mut files, &mut episodes),
            Group::Parameters(changes) => {
                change_parameters(changes, &mut run, &trainer, &mut episodes);
                Ok(())
            }
        };
        if let Err(error) = done {
            run.notices.error(error.to_string());
        }
        take_files(&mut files, deadline, &mut run, &trainer, &mut episodes);
        for doing in files.take_untold() {
            run.notices.info(format!("{doing} takes a while; everything else goes on"));
        }
    }
    if !Arc::ptr_eq(&before, &run.settings) {
        trees.fit_settings(&run.settings);
    }
    run.pending = episodes
        .iter()
        .flat_map(|(_, episode, ..)| waiting_parameters(episode.mission.scenario(), &run.settings))
        .collect::<BTreeSet<_>>();
}

/// Puts in force what has come of files by then.
fn take_files(files: &mut FileWork, deadline: Instant, run: &mut Run, trainer: &Trainer, episodes: &mut Episodes) {
    for news in files.take_ended(deadline) {
        let done = news.and_then(|news| match news {
            // Without a base folder, relative paths count from the scenario's own.
            FileNews::Scenario(scenario, mission) => fly_scenario(*scenario, mission, None, run, trainer),
            FileNews::Network(path, weights) => network_loaded(&path, weights, run, episodes),
            FileNews::NetworkSaved(path, weights) => {
                network_saved(&path, &weights, run);
                Ok(())
            }
        });
        if let Err(error) = done {
            run.notices.error(error.to_string());
        }
    }
}

/// One command, or all parameter changes that come one after the other.
#[derive(Debug, PartialEq)]
enum Group {
    One(SimCommand),
    Parameters(Vec<(ParameterId, ParameterValue)>),
}

/// Dragging a slider sends dozens of parameter changes, a host perhaps thousands a second, and each would make a mission:
/// they are put in force together.
fn in_groups(commands: impl Iterator<Item = SimCommand>) -> Vec<Group> {
    let mut groups = Vec::new();
    for command in commands {
        match (groups.last_mut(), command) {
            (Some(Group::Parameters(changes)), SimCommand::SetParameter { id, value }) => changes.push((id, value)),
            (_, SimCommand::SetParameter { id, value }) => groups.push(Group::Parameters(vec![(id, value)])),
            (_, command) => groups.push(Group::One(command)),
        }
    }
    groups
}

/// Puts parameter changes in force as if one after the other; of each parameter the last value counts.
fn change_parameters(
    changes: Vec<(ParameterId, ParameterValue)>,
    run: &mut Run,
    trainer: &Trainer,
    episodes: &mut Episodes,
) {
    let last = last_of_each(changes);
    let mut wanted = (*run.settings).clone();
    let applied = last.iter().try_for_each(|(id, value)| id.spec().apply(&mut wanted, value));
    if applied.is_ok() && change_settings(wanted, run, trainer, episodes).is_ok() {
        return;
    }
    // Not all of them can be: those that can are kept, in their order, and the others are named.
    for (id, value) in last {
        let mut wanted = (*run.settings).clone();
        let applied = id.spec().apply(&mut wanted, &value).map_err(EpisodeError::from);
        if let Err(error) = applied.and_then(|()| change_settings(wanted, run, trainer, episodes)) {
            run.notices.error(error.to_string());
        }
    }
}

/// The last change of each parameter, in the order of those.
fn last_of_each(changes: Vec<(ParameterId, ParameterValue)>) -> Vec<(ParameterId, ParameterValue)> {
    let mut seen = BTreeSet::new();
    let mut last: Vec<_> = changes.into_iter().rev().filter(|(id, _)| seen.insert(*id)).collect();
    last.reverse();
    last
}

fn carry_out(
    command: SimCommand,
    run: &mut Run,
    trainer: &mut Trainer,
    workers: &mut Workers,
    files: &mut FileWork,
    episodes: &mut Episodes,
) -> Result<(), EpisodeError> {
    match command {
        SimCommand::Play => play(run, episodes),
        SimCommand::Pause => run.paused = true,
        SimCommand::StepOnce => {
            run.paused = true;
            run.granted = run.granted.saturating_add(1);
        }
        SimCommand::SetSpeed(speed) => set_speed(speed, run, episodes)?,
        SimCommand::Reset { seed } => {
            let settings = Arc::make_mut(&mut run.settings);
            settings.seed = seed.unwrap_or(settings.seed);
            restart(run);
        }
        SimCommand::Restart => restart(run),
        SimCommand::SetEpisodes(count) => {
            let wanted = EpisodeSettings { episodes: count, ..(*run.settings).clone() };
            change_settings(wanted, run, trainer, episodes)?;
        }
        SimCommand::SetAutoRestart(auto_restart) => Arc::make_mut(&mut run.settings).auto_restart = auto_restart,
        SimCommand::SetParameter { id, value } => change_parameters(vec![(id, value)], run, trainer, episodes),
        SimCommand::ChooseScenario(name) => {
            let base_dir = run.settings.base_dir.clone();
            change_scenario(Scenario::embedded(&name)?, base_dir, run, trainer)?;
        }
        SimCommand::LoadScenario(path) => files.read(format!("reading {}", path.display()), move || {
            let scenario = Scenario::load(&path)?;
            let mission = Arc::new(Mission::new(scenario.clone(), None)?);
            Ok(FileNews::Scenario(Box::new(scenario), mission))
        })?,
        SimCommand::Focus(number) => focus(number, run, episodes)?,
        SimCommand::UseSetting(setting) => use_setting(&setting, run, trainer, workers, episodes)?,
        SimCommand::LoadNetwork(path) => load_network(path, files)?,
        SimCommand::UseShippedNetwork => use_shipped_network(run, episodes)?,
        SimCommand::SaveNetwork(path) => save_network(path, run, files)?,
        SimCommand::StartTraining => start_training(run, trainer)?,
        SimCommand::PauseTraining => trainer.pause()?,
        SimCommand::RecordForTraining(record_for_training) => {
            let wanted = EpisodeSettings { record_for_training, ..(*run.settings).clone() };
            change_settings(wanted, run, trainer, episodes)?;
        }
    }
    Ok(())
}

/// Lets the run go on; steps asked for while it was paused are part of it.
fn play(run: &mut Run, episodes: &mut Episodes) {
    run.paused = false;
    run.granted = 0;
    episodes.iter_mut().for_each(|(_, _, mut pace, _)| pace.granted = 0);
}

fn use_setting(
    setting: &BestSetting,
    run: &mut Run,
    trainer: &Trainer,
    workers: &mut Workers,
    episodes: &mut Episodes,
) -> Result<(), EpisodeError> {
    let mut wanted = (*run.settings).clone();
    wanted.search.planner = setting.planner;
    wanted.search.parallel = setting.parallel.clone();
    wanted.episodes = setting.episodes;
    wanted.workers = Some(setting.workers);
    change_settings(wanted, run, trainer, episodes)?;
    workers.set_count(setting.workers);
    if let Some(shortage) = workers.shortage(Some(setting.workers)) {
        run.notices.warning(shortage);
    }
    Ok(())
}

fn set_speed(speed: Speed, run: &mut Run, episodes: &mut Episodes) -> Result<(), EpisodeError> {
    if !speed.is_valid() {
        return Err(EpisodeError::Speed(speed));
    }
    Arc::make_mut(&mut run.settings).speed = speed;
    // From 0.1 to 1000 decisions a second nobody wants to wait out the ten seconds of the old pace.
    let now = Instant::now();
    episodes.iter_mut().for_each(|(_, _, mut pace, _)| pace.due = pace.due.min(now));
    Ok(())
}

/// Puts changed settings in force: all of them for the next episodes, and for the running ones what applies at once.
fn change_settings(
    wanted: EpisodeSettings,
    run: &mut Run,
    trainer: &Trainer,
    episodes: &mut Episodes,
) -> Result<(), EpisodeError> {
    require_memory(&wanted, trainer)?;
    let search_changed = wanted.search != run.settings.search;
    if wanted.scenario != run.settings.scenario {
        let mission = Arc::new(run.mission.changed_to(wanted.scenario.clone(), wanted.base_dir.as_deref())?);
        let replacements = replacement_missions(&wanted, &mission, episodes)?;
        for (_, mut episode, ..) in unfinished(episodes) {
            let replacement = replacements.get(&address(&episode.mission)).cloned().flatten();
            episode.altered |= replacement.is_some();
            episode.next = replacement;
        }
        if wanted.scenario.target != run.settings.scenario.target {
            note_target(&mission, &mut run.notices);
        }
        run.mission = mission;
    }
    if search_changed {
        unfinished(episodes).for_each(|(_, mut episode, ..)| episode.altered = true);
    }
    run.settings = Arc::new(wanted);
    Ok(())
}

/// Refuses what asks, together with a training run at work, for more memory than there is.
fn require_memory(wanted: &EpisodeSettings, trainer: &Trainer) -> Result<(), EpisodeError> {
    wanted.validate_planning()?;
    Ok(wanted.memory_estimate().and(trainer.memory_estimate()).check(&wanted.memory_limit())?)
}

/// The episodes that a change can still reach.
pub fn unfinished<'a>(
    episodes: &'a mut Episodes,
) -> impl Iterator<Item = (&'a Episode, Mut<'a, EpisodeMission>, Mut<'a, EpisodePace>, &'a EpisodePlanner)> {
    episodes.iter_mut().filter(|(.., planner)| !planner.is_over())
}

/// For every mission that is being flown, by address: the one to go on with, or `None` if nothing changes for it.
fn replacement_missions(
    wanted: &EpisodeSettings,
    wanted_mission: &Arc<Mission>,
    episodes: &Episodes,
) -> Result<BTreeMap<usize, Option<Arc<Mission>>>, EpisodeError> {
    let mut replacements = BTreeMap::new();
    for (_, episode, ..) in episodes {
        let flown = &episode.mission;
        if replacements.contains_key(&address(flown)) {
            continue;
        }
        let scenario = with_immediate_parameters(flown.scenario(), wanted);
        let replacement = if scenario == *flown.scenario() {
            None
        } else if scenario == wanted.scenario {
            Some(wanted_mission.clone())
        } else {
            Some(Arc::new(flown.changed_to(scenario, wanted.base_dir.as_deref())?))
        };
        replacements.insert(address(flown), replacement);
    }
    Ok(replacements)
}

fn address(mission: &Arc<Mission>) -> usize {
    Arc::as_ptr(mission).addr()
}

fn change_scenario(
    scenario: Scenario,
    base_dir: Option<PathBuf>,
    run: &mut Run,
    trainer: &Trainer,
) -> Result<(), EpisodeError> {
    let mission = Arc::new(Mission::new(scenario.clone(), base_dir.as_deref())?);
    fly_scenario(scenario, mission, base_dir, run, trainer)
}

fn fly_scenario(
    scenario: Scenario,
    mission: Arc<Mission>,
    base_dir: Option<PathBuf>,
    run: &mut Run,
    trainer: &Trainer,
) -> Result<(), EpisodeError> {
    require_memory(&EpisodeSettings { scenario: scenario.clone(), ..(*run.settings).clone() }, trainer)?;
    run.mission = mission;
    run.notices.info(format!("scenario {}: all episodes start anew", scenario.name));
    note_target(&run.mission, &mut run.notices);
    let settings = Arc::make_mut(&mut run.settings);
    settings.scenario = scenario;
    settings.base_dir = base_dir;
    restart(run);
    Ok(())
}

/// Has all episodes start anew; steps asked for before were meant for the old ones.
fn restart(run: &mut Run) {
    run.restart = true;
    run.granted = 0;
}

fn focus(number: u32, run: &mut Run, episodes: &Episodes) -> Result<(), EpisodeError> {
    if let Some((episode, ..)) = episodes.iter().find(|(episode, ..)| episode.number == number) {
        run.focus_slot = episode.slot;
        return Ok(());
    }
    let numbers: BTreeSet<u32> = episodes.iter().map(|(episode, ..)| episode.number).collect();
    let mut running = numbers.iter().take(LISTED).map(u32::to_string).collect::<Vec<_>>().join(", ");
    if numbers.len() > LISTED {
        running.push_str(" …");
    }
    Err(EpisodeError::Focus { number, running })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_slider_drag_only_the_last_value_counts() {
        let discount = ParameterId::find("reward.discount").unwrap();
        let cost = ParameterId::find("reward.dv_cost_per_m_s").unwrap();
        let number = ParameterValue::Number;
        let set = |id, value| SimCommand::SetParameter { id, value: number(value) };
        let sent = [set(discount, 0.1), set(cost, 1.0), set(discount, 0.2), SimCommand::Play, set(discount, 0.3)];
        let groups = in_groups(sent.into_iter());
        let changes = vec![(discount, number(0.1)), (cost, number(1.0)), (discount, number(0.2))];
        let after = vec![(discount, number(0.3))];
        assert_eq!(
            groups,
            [Group::Parameters(changes.clone()), Group::One(SimCommand::Play), Group::Parameters(after)]
        );
        assert_eq!(last_of_each(changes), [(cost, number(1.0)), (discount, number(0.2))]);
    }
}
