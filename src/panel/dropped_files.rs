//! Files dropped on the window: scenarios are loaded, everything else is somebody else's business.

use std::fs;
use std::path::{Path, PathBuf};

use bevy_egui::egui::Context;

use crate::episode::SimCommand;
use crate::files;
use crate::mission::Scenario;

/// What comes of files dropped on the window in this frame: commands, and one line for each that is not loaded.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Dropped {
    pub commands: Vec<SimCommand>,
    pub refused: Vec<String>,
}

pub(super) fn dropped_files(ctx: &Context) -> Dropped {
    let paths: Vec<PathBuf> =
        ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect());
    let mut dropped = Dropped::default();
    for path in paths {
        match why_not_loaded(&path) {
            None => dropped.commands.push(SimCommand::LoadScenario(path)),
            Some(why) => dropped.refused.push(format!("{}: not loaded: {why}", path.display())),
        }
    }
    dropped
}

/// Told without opening it: a pipe would not answer, and a video is no business of ours.
fn why_not_loaded(path: &Path) -> Option<String> {
    let is_scenario = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ron"));
    if !is_scenario {
        return Some("a scenario file ends in .ron".to_owned());
    }
    let file = fs::metadata(path).and_then(|found| files::require_file(found.file_type()).map(|()| found));
    match file {
        Err(error) => Some(error.to_string()),
        Ok(found) if found.len() > Scenario::LARGEST_FILE_BYTES => {
            Some(format!("it has {} bytes, a scenario at most {}", found.len(), Scenario::LARGEST_FILE_BYTES))
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scenario_files_of_bearable_size_are_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: u64| {
            let path = folder.path().join(name);
            fs::File::create(&path).unwrap().set_len(bytes).unwrap();
            path
        };
        assert_eq!(why_not_loaded(&file("mine.ron", 10)), None);
        assert_eq!(why_not_loaded(&file("MINE.RON", Scenario::LARGEST_FILE_BYTES)), None);
        fs::create_dir(folder.path().join("folder.ron")).unwrap();
        for (path, why) in [
            (file("large.ron", Scenario::LARGEST_FILE_BYTES + 1), "at most 1048576"),
            (file("film.mp4", 1 << 32), "ends in .ron"),
            (file("bare", 3), "ends in .ron"),
            (folder.path().join("folder.ron"), "it is a directory, not a file"),
            (folder.path().join("gone.ron"), "os error"),
        ] {
            let said = why_not_loaded(&path);
            assert!(said.as_ref().is_some_and(|said| said.contains(why)), "{}: {said:?}", path.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_without_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.ron");
        files::faults::make_pipe(&pipe);
        assert_eq!(why_not_loaded(&pipe).as_deref(), Some("it is a pipe, not a file"));
    }
}
