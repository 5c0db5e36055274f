//! Commands about the network and its training, and what the training run has to say.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use bevy::ecs::change_detection::ResMut;

use crate::episode::error::EpisodeError;
use crate::episode::file_work::{FileNews, FileWork};
use crate::episode::network::{described, planning_weights};
use crate::episode::run::Run;
use crate::episode::systems::command::{Episodes, unfinished};
use crate::episode::training::{Trainer, TrainingNews};
use crate::files;
use crate::network::NetworkWeights;

/// Extension of weights files.
const EXTENSION: &str = "bin";

/// Reads a network from a file, to plan with it then.
pub fn load_network(path: PathBuf, files: &mut FileWork) -> Result<(), EpisodeError> {
    files.read(format!("reading {}", path.display()), move || {
        let weights = NetworkWeights::load(&path)?;
        Ok(FileNews::Network(path, weights))
    })
}

/// Plans with a network that has been read.
pub fn network_loaded(
    path: &Path,
    weights: NetworkWeights,
    run: &mut Run,
    episodes: &mut Episodes,
) -> Result<(), EpisodeError> {
    let text = format!("network of {}: {}", path.display(), described(weights.config()));
    plan_with(weights, path.display().to_string(), run, episodes)?;
    run.notices.info(text);
    Ok(())
}

/// Plans with the network of the crate.
pub fn use_shipped_network(run: &mut Run, episodes: &mut Episodes) -> Result<(), EpisodeError> {
    let shipped = NetworkWeights::shipped()?;
    require_grid(&shipped, "the shipped network", run)?;
    let settings = &mut Arc::make_mut(&mut run.settings).network;
    settings.weights = None;
    settings.source.clear();
    mark_altered(run, episodes);
    run.notices.info(format!("network shipped with the crate: {}", described(shipped.config())));
    Ok(())
}

/// Writes the network that plans to a file.
pub fn save_network(path: PathBuf, run: &Run, file_work: &mut FileWork) -> Result<(), EpisodeError> {
    let path = if path.extension().is_none() { path.with_extension(EXTENSION) } else { path };
    let cells = run.mission.grid().cells_per_axis();
    let settings = run.settings.clone();
    file_work.write(format!("writing {}", path.display()), move || {
        let (weights, _) = planning_weights(&settings.network, cells, settings.seed)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            files::create_folder(folder).map_err(|source| EpisodeError::Output { path: folder.to_owned(), source })?;
        }
        require_replaceable(&path)?;
        weights.save(&path)?;
        Ok(FileNews::NetworkSaved(path, weights))
    })
}

/// Passes if there is no file, an empty one or a network: whatever else is typed as a path is not overwritten.
fn require_replaceable(path: &Path) -> Result<(), EpisodeError> {
    let holds_something = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    if !holds_something || NetworkWeights::is_file(path).unwrap_or(false) {
        return Ok(());
    }
    let reason = "it is there already and is no network, so it is not replaced";
    let source = io::Error::new(io::ErrorKind::AlreadyExists, reason);
    Err(EpisodeError::Output { path: path.to_owned(), source })
}

/// Tells of a network that has been written.
pub fn network_saved(path: &Path, weights: &NetworkWeights, run: &mut Run) {
    run.notices.info(format!("network written to {}: {}", path.display(), described(weights.config())));
}

/// Starts or resumes the training run.
pub fn start_training(run: &mut Run, trainer: &mut Trainer) -> Result<(), EpisodeError> {
    let settings = &run.settings;
    trainer.start(settings)?;
    run.notices.info(format!("training in {}", settings.training.directory.display()));
    Ok(())
}

/// Takes over what the training run has learnt and passes on what it has to say.
pub fn attend_training(mut run: ResMut<Run>, mut trainer: ResMut<Trainer>, mut episodes: Episodes) {
    for news in trainer.take_news() {
        match news {
            TrainingNews::Info(text) => run.notices.info(text),
            TrainingNews::Warning(text) => run.notices.warning(text),
            TrainingNews::Error(text) => run.notices.error(text),
            TrainingNews::Network { weights, source } => {
                match plan_with(weights, source.clone(), &mut run, &mut episodes) {
                    Ok(()) => run.notices.info(format!("network of {source} plans from now on")),
                    Err(error) => run.notices.warning(error.to_string()),
                }
            }
        }
    }
}

/// Has the episodes plan with other weights.
fn plan_with(
    weights: NetworkWeights,
    source: String,
    run: &mut Run,
    episodes: &mut Episodes,
) -> Result<(), EpisodeError> {
    require_grid(&weights, &source, run)?;
    let settings = &mut Arc::make_mut(&mut run.settings).network;
    settings.weights = Some(weights);
    settings.source = source;
    mark_altered(run, episodes);
    Ok(())
}

fn require_grid(weights: &NetworkWeights, source: &str, run: &Run) -> Result<(), EpisodeError> {
    let (network, scenario) = (weights.config().cells_per_axis, run.mission.grid().cells_per_axis());
    if network == scenario as usize {
        return Ok(());
    }
    Err(EpisodeError::NetworkGrid { source_name: source.to_owned(), network, scenario })
}

/// Episodes that go on with another network are not those that their numbers alone would give.
fn mark_altered(run: &Run, episodes: &mut Episodes) {
    if run.settings.search.planner.needs_network() {
        unfinished(episodes).for_each(|(_, mut episode, ..)| episode.altered = true);
    }
}
