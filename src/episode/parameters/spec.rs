use std::fmt;

use bevy::reflect::Reflect;
use thiserror::Error;

use crate::episode::parameters::table::PARAMETERS;
use crate::episode::settings::EpisodeSettings;

/// Names one entry of [`PARAMETERS`] by its dotted path, such as `sensor.p_hit_occupied`.
///
/// Paths of scenario parameters are those of the scenario file, index of an array included (`start.a_roe_m[1]`);
/// those of the planner begin with `search.`.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[reflect(Debug, Clone, PartialEq, Hash)]
pub struct ParameterId(&'static str);

impl ParameterId {
    pub(super) const fn new(path: &'static str) -> Self {
        Self(path)
    }

    /// The parameter of that path, if there is one.
    pub fn find(path: &str) -> Option<Self> {
        PARAMETERS.iter().map(|spec| spec.id).find(|id| id.0 == path)
    }

    /// The dotted path.
    pub fn path(self) -> &'static str {
        self.0
    }

    /// The parameter's entry in the table.
    pub fn spec(self) -> &'static ParameterSpec {
        PARAMETERS
            .iter()
            .find(|spec| spec.id == self)
            // An id can only be made from an entry of the table: its constructor is private to the table.
            .expect("every ParameterId names an entry of PARAMETERS")
    }
}

impl fmt::Display for ParameterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// Value of a parameter; which variant, says [`ParameterSpec::kind`].
#[derive(Reflect, Clone, Debug, PartialEq)]
#[reflect(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// A real number in the parameter's unit.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// One of [`ParameterSpec::choices`].
    Choice(String),
    /// Yes or no.
    Flag(bool),
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParameterValue::Number(value) => write!(formatter, "{value}"),
            ParameterValue::Integer(value) => write!(formatter, "{value}"),
            ParameterValue::Choice(value) => formatter.write_str(value),
            ParameterValue::Flag(value) => write!(formatter, "{value}"),
        }
    }
}

/// Which variant of [`ParameterValue`] a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// [`ParameterValue::Number`].
    Number,
    /// [`ParameterValue::Integer`].
    Integer,
    /// [`ParameterValue::Choice`].
    Choice,
    /// [`ParameterValue::Flag`].
    Flag,
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ParameterKind::Number => "a number",
            ParameterKind::Integer => "a whole number",
            ParameterKind::Choice => "one of its choices",
            ParameterKind::Flag => "true or false",
        })
    }
}

/// Headings under which parameters are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ParameterGroup {
    /// How a decision is made.
    Search,
    /// What a step is worth.
    Reward,
    /// What the servicer can do.
    Actions,
    /// What the servicer's camera sees.
    Camera,
    /// How far the camera's hits can be trusted and what they do to the belief.
    Sensor,
    /// What is looked at.
    Target,
    /// The volume the belief covers.
    Grid,
    /// Length and dynamics of an episode.
    Episode,
    /// Where the servicer starts.
    Start,
    /// The orbit of the target.
    Chief,
}

impl ParameterGroup {
    /// All groups, in the order a panel shows them.
    pub const ALL: [ParameterGroup; 10] = [
        ParameterGroup::Search,
        ParameterGroup::Reward,
        ParameterGroup::Actions,
        ParameterGroup::Camera,
        ParameterGroup::Sensor,
        ParameterGroup::Target,
        ParameterGroup::Grid,
        ParameterGroup::Episode,
        ParameterGroup::Start,
        ParameterGroup::Chief,
    ];

    /// The heading.
    pub fn label(self) -> &'static str {
        match self {
            ParameterGroup::Search => "Search",
            ParameterGroup::Reward => "Reward",
            ParameterGroup::Actions => "Burns",
            ParameterGroup::Camera => "Camera",
            ParameterGroup::Sensor => "Sensor",
            ParameterGroup::Target => "Target",
            ParameterGroup::Grid => "Belief grid",
            ParameterGroup::Episode => "Episode",
            ParameterGroup::Start => "Start",
            ParameterGroup::Chief => "Chief orbit",
        }
    }
}

/// When a changed parameter takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// At the next decision of every running episode.
    Now,
    /// When an episode begins.
    NextEpisode,
}

impl Applies {
    /// `now` or `next episode`.
    pub fn label(self) -> &'static str {
        match self {
            Applies::Now => "now",
            Applies::NextEpisode => "next episode",
        }
    }
}

/// One tunable parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParameterSpec {
    /// Name in commands and files.
    pub id: ParameterId,
    /// Heading.
    pub group: ParameterGroup,
    /// Short name for people.
    pub label: &'static str,
    /// Unit, empty for a pure number.
    pub unit: &'static str,
    /// Which values it takes.
    pub kind: ParameterKind,
    /// Least number or whole number; 0 for other kinds.
    pub min: f64,
    /// Greatest number or whole number; 0 for other kinds.
    pub max: f64,
    /// Whether a slider should be logarithmic.
    pub logarithmic: bool,
    /// The values a [`ParameterKind::Choice`] offers; empty for other kinds.
    pub choices: fn() -> Vec<String>,
    /// What it is and what a change does.
    pub tooltip: &'static str,
    /// When a change takes effect.
    pub applies: Applies,
    /// Whether it means anything in these settings; a panel greys it out if not.
    pub relevant: fn(&EpisodeSettings) -> bool,
    /// Reads the value out of settings.
    pub get: fn(&EpisodeSettings) -> ParameterValue,
    /// Writes a value of the right kind and range into settings; use [`ParameterSpec::apply`], which checks both.
    pub(super) set: fn(&mut EpisodeSettings, &ParameterValue) -> Result<(), ParameterError>,
}

impl ParameterSpec {
    /// The value in [`EpisodeSettings::default`].
    pub fn default_value(&self) -> ParameterValue {
        (self.get)(&EpisodeSettings::default())
    }

    /// What it takes, in words: kind, and range or choices.
    pub fn accepted(&self) -> String {
        match self.kind {
            ParameterKind::Number | ParameterKind::Integer => {
                format!("{} from {} to {}", self.kind, self.min, self.with_unit(self.max))
            }
            ParameterKind::Choice => format!("one of {}", (self.choices)().join(", ")),
            ParameterKind::Flag => self.kind.to_string(),
        }
    }

    /// Whether the value is of the right kind and inside the range.
    ///
    /// # Errors
    /// A [`ParameterError`] naming parameter, value and what is accepted.
    pub fn check(&self, value: &ParameterValue) -> Result<(), ParameterError> {
        match (self.kind, value) {
            (ParameterKind::Number, ParameterValue::Number(number)) => self.check_range(*number),
            (ParameterKind::Integer, ParameterValue::Integer(integer)) => self.check_range(*integer as f64),
            (ParameterKind::Choice, ParameterValue::Choice(_)) | (ParameterKind::Flag, ParameterValue::Flag(_)) => {
                Ok(())
            }
            _ => Err(ParameterError::WrongKind { id: self.id, value: value.clone(), expected: self.kind }),
        }
    }

    /// Writes the value into the settings after checking kind and range. What the value means together with
    /// the others is checked by [`Scenario::validate`](crate::mission::Scenario::validate).
    ///
    /// # Errors
    /// A [`ParameterError`]; the settings are then unchanged.
    pub fn apply(&self, settings: &mut EpisodeSettings, value: &ParameterValue) -> Result<(), ParameterError> {
        self.check(value)?;
        (self.set)(settings, value)
    }

    /// Copies the value from one run's settings to another's. It is not checked: a scenario file may hold values
    /// that are valid but outside the range that a panel offers.
    pub(in crate::episode) fn copy(&self, from: &EpisodeSettings, to: &mut EpisodeSettings) {
        // Setters only refuse names and shapes that settings cannot hold, and this one comes from settings.
        let _ = (self.set)(to, &(self.get)(from));
    }

    /// A number followed by the parameter's unit.
    pub fn with_unit(&self, number: impl fmt::Display) -> String {
        with_unit(number, self.unit)
    }

    fn check_range(&self, number: f64) -> Result<(), ParameterError> {
        // Written so that NaN fails.
        if number >= self.min && number <= self.max {
            return Ok(());
        }
        Err(ParameterError::OutOfRange { id: self.id, value: number, unit: self.unit, min: self.min, max: self.max })
    }
}

/// A number and its unit: a space between them, but none before a degree sign or where there is no unit.
fn with_unit(number: impl fmt::Display, unit: &str) -> String {
    match unit {
        "" | "°" => format!("{number}{unit}"),
        _ => format!("{number} {unit}"),
    }
}

/// Why a parameter could not be changed.
#[derive(Error, Clone, Debug, PartialEq)]
pub enum ParameterError {
    /// Not in the range of the table.
    #[error("{id} = {}: accepted are {min} to {}", with_unit(value, unit), with_unit(max, unit))]
    OutOfRange {
        /// Which parameter.
        id: ParameterId,
        /// The refused value.
        value: f64,
        /// Unit of value and range.
        unit: &'static str,
        /// Least accepted value.
        min: f64,
        /// Greatest accepted value.
        max: f64,
    },
    /// A number where a choice belongs, or the like.
    #[error("{id} = {value}: this parameter takes {}", id.spec().accepted())]
    WrongKind {
        /// Which parameter.
        id: ParameterId,
        /// The refused value.
        value: ParameterValue,
        /// What it takes.
        expected: ParameterKind,
    },
    /// Not one of the choices.
    #[error("{id} = {value:?}: accepted are {}", choices.join(", "))]
    UnknownChoice {
        /// Which parameter.
        id: ParameterId,
        /// The refused value.
        value: String,
        /// What it offers.
        choices: Vec<String>,
    },
    /// Means nothing in the present settings.
    #[error("{id}: {reason}")]
    Irrelevant {
        /// Which parameter.
        id: ParameterId,
        /// What it would take to mean something.
        reason: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_join_number_and_unit_without_a_stray_space() {
        let accepted = |path: &str| ParameterId::find(path).unwrap().spec().accepted();
        assert_eq!(accepted("steps"), "a whole number from 1 to 10000");
        assert_eq!(accepted("camera.fov_deg"), "a number from 0.5 to 90°");
        assert!(accepted("search.planner").starts_with("one of passive, random, "));
        let refusal = |path: &str| {
            let spec = ParameterId::find(path).unwrap().spec();
            spec.check(&ParameterValue::Number(spec.max + 1.0)).unwrap_err().to_string()
        };
        assert_eq!(refusal("search.exploration"), "search.exploration = 21: accepted are 0 to 20");
        assert_eq!(refusal("camera.fov_deg"), "camera.fov_deg = 91°: accepted are 0.5 to 90°");
        assert_eq!(refusal("grid.voxel_size_m"), "grid.voxel_size_m = 101 m: accepted are 0.01 to 100 m");
    }

    #[test]
    fn no_refusal_of_the_table_has_a_space_at_its_end_or_before_a_colon() {
        for spec in PARAMETERS.iter().filter(|spec| matches!(spec.kind, ParameterKind::Number)) {
            let refusal = spec.check(&ParameterValue::Number(f64::NAN)).unwrap_err().to_string();
            assert!(!refusal.ends_with(' ') && !refusal.contains(" :") && !refusal.contains("  "), "{refusal:?}");
        }
    }
}
