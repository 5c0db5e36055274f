//! The scenarios shipped inside the crate, so that a host needs no asset folder.

use std::path::Path;

use super::{Scenario, ScenarioError};

macro_rules! embedded_scenarios {
    ($($name:literal),+ $(,)?) => {
        /// Names of the shipped scenarios, for [`Scenario::embedded`], simplest first.
        pub const EMBEDDED_SCENARIOS: &[&str] = &[$($name),+];

        const TEXTS: &[&str] = &[$(include_str!(concat!("../../assets/scenarios/", $name, ".ron"))),+];
    };
}

embedded_scenarios!(
    "reference",
    "standoff_200m",
    "standoff_400m",
    "small_ellipse",
    "drifting",
    "narrow_fov",
    "short_episode",
    "hidden_dock",
    "unseen_satellite",
);

impl Scenario {
    /// Names of the shipped scenarios.
    pub const EMBEDDED: &'static [&'static str] = EMBEDDED_SCENARIOS;

    /// A shipped scenario by name.
    ///
    /// # Errors
    /// [`ScenarioError::UnknownName`], naming those there are.
    pub fn embedded(name: &str) -> Result<Self, ScenarioError> {
        let text = Self::embedded_text(name).ok_or_else(|| ScenarioError::UnknownName { name: name.to_owned() })?;
        Self::from_ron_str(text, &format!("{name}.ron (embedded)"))
    }

    /// A scenario as a person names it. A name with a path separator or ending in `.ron` is a file; any other is that of
    /// a shipped scenario or else, if there is anything of that name, of a file in the working folder.
    ///
    /// # Errors
    /// As [`Scenario::load`] for a file, as [`Scenario::embedded`] for a name.
    pub fn named(name: &str) -> Result<Self, ScenarioError> {
        let path = Path::new(name);
        let has_separator = name.contains(std::path::is_separator);
        let is_file = has_separator || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ron"));
        if is_file || (Self::embedded_text(name).is_none() && path.exists()) {
            Self::load(path)
        } else {
            Self::embedded(name)
        }
    }

    /// The text of a shipped scenario's file, comments included.
    pub fn embedded_text(name: &str) -> Option<&'static str> {
        EMBEDDED_SCENARIOS.iter().position(|embedded| *embedded == name).map(|index| TEXTS[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_is_valid_and_named_like_its_file() {
        for name in EMBEDDED_SCENARIOS {
            let scenario = Scenario::embedded(name).expect("a valid shipped scenario");
            assert_eq!(scenario.name, *name);
            assert!(!scenario.description.is_empty());
        }
    }

    #[test]
    fn the_reference_file_says_every_default() {
        assert_eq!(Scenario::embedded("reference").expect("valid"), Scenario::reference());
    }

    /// The reference file is where users look fields up: none may be missing, none without a comment.
    #[test]
    fn the_reference_file_documents_every_field() {
        let text = Scenario::embedded_text("reference").expect("shipped");
        let full = ron::ser::to_string_pretty(&Scenario::reference(), ron::ser::PrettyConfig::default()).expect("RON");
        let fields = full.lines().filter_map(|line| line.trim().split_once(": ")).map(|(field, _)| field);
        for field in fields {
            let place = text.lines().position(|line| line.trim().starts_with(&format!("{field}:")));
            let place = place.unwrap_or_else(|| panic!("{field} is missing"));
            let above = text.lines().nth(place - 1).unwrap_or_default().trim();
            assert!(above.starts_with("//"), "{field} has no comment above it");
        }
    }

    #[test]
    fn a_name_with_a_separator_or_an_existing_file_is_a_file_whatever_its_extension() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["noext", "mine.ron", "MINE.RON", "mine.txt", "reference"] {
            let path = folder.path().join(file);
            std::fs::write(&path, "(name: \"mine\")").unwrap();
            assert_eq!(Scenario::named(path.to_str().unwrap()).unwrap().name, "mine", "{file}");
        }
        assert_eq!(Scenario::named("reference").unwrap(), Scenario::reference());
        for missing in ["./noext", "missing.ron", "folder/"] {
            assert!(matches!(Scenario::named(missing), Err(ScenarioError::Read { .. })), "{missing}");
        }
        // Tests run in the package's folder, where this is a file without extension; that it is no scenario is said of
        // the file.
        assert!(matches!(Scenario::named("LICENSE-MIT"), Err(ScenarioError::Syntax { .. })));
        let folder = Scenario::named("src").unwrap_err().to_string();
        assert_eq!(folder, "src: scenario file cannot be read: it is a directory, not a file");
        assert!(matches!(Scenario::named("refrence"), Err(ScenarioError::UnknownName { .. })));
    }

    #[test]
    fn an_unknown_name_lists_those_there_are() {
        let message = Scenario::embedded("refrence").unwrap_err().to_string();
        assert!(message.contains("refrence") && message.contains("standoff_200m"), "{message}");
    }
}
