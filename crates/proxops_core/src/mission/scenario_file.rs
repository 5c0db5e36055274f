//! Reading and writing scenarios as RON.

use std::fs;
use std::path::Path;

use ron::extensions::Extensions;
use ron::ser::PrettyConfig;

use super::field_path::field_path_at;
use super::refused_value::refused_value;
use super::{Scenario, ScenarioError};
use crate::files;
use crate::shape::TargetShape;

impl Scenario {
    /// Larger files are no scenarios and are refused unread.
    pub const LARGEST_FILE_BYTES: u64 = 1 << 20;

    /// Reads and validates a scenario. `source_name` is what messages call it.
    ///
    /// # Errors
    /// [`ScenarioError::Syntax`] with line and column for text that is no scenario, [`ScenarioError::Field`] for a
    /// value that is not accepted.
    pub fn from_ron_str(text: &str, source_name: &str) -> Result<Self, ScenarioError> {
        let text = files::without_byte_order_mark(text);
        let scenario: Self = format().from_str(text).map_err(|error| {
            let (line, column) = (error.span.start.line, error.span.start.col);
            let problem = refused_value(text, &error, &|text| format().from_str(text));
            let message = problem.map(|problem| problem.to_string()).unwrap_or_else(|| {
                let field = field_path_at(text, line, column);
                field.map_or_else(|| error.code.to_string(), |field| format!("{field}: {}", error.code))
            });
            ScenarioError::Syntax { origin: source_name.to_owned(), line, column, message }
        })?;
        scenario.validate_as(source_name)?;
        Ok(scenario)
    }

    /// Reads and validates a scenario file. Relative `.vox` paths in it count from the file's folder.
    ///
    /// # Errors
    /// [`ScenarioError::Read`] for a file that cannot be read, otherwise as [`Scenario::from_ron_str`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        let path = path.as_ref();
        let text = files::read_text(path, Self::LARGEST_FILE_BYTES)
            .map_err(|source| ScenarioError::Read { path: path.to_owned(), source })?;
        let scenario = Self::from_ron_str(&text, &path.display().to_string())?;
        Ok(Self { origin: Some(path.to_owned()), ..scenario })
    }

    /// Writes the scenario as RON, all fields included. The file is replaced as a whole or not at all. A relative
    /// `.vox` path becomes absolute when the file goes to another folder than the one it counts from.
    ///
    /// # Errors
    /// [`ScenarioError::Write`] when the file or its folder cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ScenarioError> {
        let path = path.as_ref();
        let scenario = Self { target: self.target_seen_from(folder_of(path)), ..self.clone() };
        let text = ron::ser::to_string_pretty(&scenario, PrettyConfig::default().struct_names(true))
            .map_err(|error| ScenarioError::Serialize { origin: self.origin_label(), message: error.to_string() })?;
        files::write(path, text.as_bytes()).map_err(|source| ScenarioError::Write { path: path.to_owned(), source })
    }

    /// The target as a file in `folder` must name it.
    fn target_seen_from(&self, folder: &Path) -> TargetShape {
        match (&self.target, self.base_dir()) {
            (TargetShape::Vox { path, object, fit }, Some(base))
                if path.is_relative() && !same_folder(base, folder) =>
            {
                let path = std::path::absolute(base.join(path)).unwrap_or_else(|_| base.join(path));
                TargetShape::Vox { path, object: object.clone(), fit: *fit }
            }
            _ => self.target.clone(),
        }
    }

    /// What messages call this scenario: the file it came from, or its name.
    pub fn origin_label(&self) -> String {
        match &self.origin {
            Some(path) => path.display().to_string(),
            None => format!("scenario \"{}\"", self.name),
        }
    }

    /// The folder from which relative paths in this scenario count, when it came from a file.
    pub fn base_dir(&self) -> Option<&Path> {
        self.origin.as_deref().map(folder_of)
    }
}

/// RON in which an optional field takes its bare value too: `3.5` as well as `Some(3.5)`.
fn format() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

/// The folder that a file lies in; the working folder for a bare name.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn same_folder(one: &Path, other: &Path) -> bool {
    let real = |folder: &Path| fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    real(one) == real(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::faults::at_every_call;

    #[test]
    fn a_saved_scenario_loads_as_itself() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mine.ron");
        let mut scenario = Scenario { name: "mine".to_owned(), steps: 7, ..Scenario::reference() };
        scenario.sensor.p_hit_empty = 0.1 + 0.2;
        scenario.save(&path).expect("a writable folder");
        let loaded = Scenario::load(&path).expect("the saved scenario");
        assert_eq!(loaded.origin.as_deref(), Some(path.as_path()));
        assert_eq!(Scenario { origin: None, ..loaded }, scenario);
    }

    #[test]
    fn saving_over_a_file_replaces_it_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mine.ron");
        fs::write(&path, "old").expect("a writable folder");
        Scenario::reference().save(&path).expect("a writable folder");
        assert!(Scenario::load(&path).is_ok());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_save_that_fails_leaves_the_scenario_before_and_names_the_file() {
        let scenario = |steps| Scenario { steps, ..Scenario::reference() };
        let prepare = || {
            let folder = tempfile::tempdir().expect("a temporary folder");
            scenario(5).save(folder.path().join("mine.ron")).expect("a writable folder");
            folder
        };
        let save = |folder: &mut tempfile::TempDir| scenario(6).save(folder.path().join("mine.ron"));
        at_every_call(prepare, save, |folder, fault, at, result| {
            let error = result.expect_err("a fault").to_string();
            assert!(error.contains("mine.ron"), "{fault:?} at {at}: {error}");
            let steps = Scenario::load(folder.path().join("mine.ron")).expect("a whole scenario").steps;
            assert!(steps == 5 || steps == 6, "{fault:?} at {at}: {steps}");
        });
    }

    #[test]
    fn a_scenario_saved_elsewhere_keeps_its_vox_file() {
        let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let scenario = Scenario {
            target: TargetShape::vox("shape.vox"),
            origin: Some(here.path().join("mine.ron")),
            ..Scenario::reference()
        };
        let target_of = |folder: &Path| {
            scenario.save(folder.join("copy.ron")).expect("a writable folder");
            Scenario::load(folder.join("copy.ron")).expect("the saved scenario").target
        };
        assert_eq!(target_of(here.path()), scenario.target);
        assert_eq!(target_of(there.path()), TargetShape::vox(here.path().join("shape.vox")));
    }

    #[test]
    fn saving_into_a_missing_folder_names_the_file() {
        let error = Scenario::reference().save("/nonexistent/folder/mine.ron").unwrap_err().to_string();
        assert!(error.contains("/nonexistent/folder/mine.ron"), "{error}");
    }

    #[test]
    fn an_empty_scenario_is_the_reference() {
        assert_eq!(Scenario::from_ron_str("()", "empty").expect("defaults"), Scenario::reference());
    }
}
