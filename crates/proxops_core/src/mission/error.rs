use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::orbit::OrbitError;
use crate::sensor::SensorError;
use crate::shape::TargetError;
use crate::voxel::VoxelError;

/// One field with a value that is not accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldProblem {
    /// Path of the field, for example `sensor.p_hit_empty`.
    pub field: String,
    /// The value that was given.
    pub value: String,
    /// What is accepted, in words and in the field's unit.
    pub accepted: String,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} = {} is not accepted; accepted: {}", self.field, self.value, self.accepted)
    }
}

/// What can be wrong with a scenario. `origin` is the file it came from, or its name.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// A field's value is not accepted.
    #[error("{origin}: {problem}")]
    Field {
        /// File or name of the scenario.
        origin: String,
        /// Field, value and accepted range.
        problem: FieldProblem,
    },
    /// The text is no scenario in RON: truncated, a wrong type, an unknown field.
    #[error("{origin}:{line}:{column}: {message}")]
    Syntax {
        /// File or name of the scenario.
        origin: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser found there.
        message: String,
    },
    /// The file cannot be read.
    #[error("{}: scenario file cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written; what was there before is untouched.
    #[error("{}: scenario file cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The scenario cannot be put into RON.
    #[error("{origin}: scenario cannot be written as RON: {message}")]
    Serialize {
        /// File or name of the scenario.
        origin: String,
        /// Why.
        message: String,
    },
    /// No embedded scenario has this name.
    #[error("scenario \"{name}\" is not embedded; embedded are {}", super::EMBEDDED_SCENARIOS.join(", "))]
    UnknownName {
        /// The name that was given.
        name: String,
    },
}

/// What can be wrong when a scenario is turned into a mission.
#[derive(Debug, Error)]
pub enum MissionError {
    /// The scenario itself.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The target's shape: too large for the grid, empty, or a file that is no `.vox`.
    #[error("{origin}: {source}")]
    Target {
        /// File or name of the scenario.
        origin: String,
        /// What is wrong with the shape.
        source: TargetError,
    },
    /// The voxel grid or its prior.
    #[error("{origin}: grid: {source}")]
    Grid {
        /// File or name of the scenario.
        origin: String,
        /// What is wrong with the grid.
        source: VoxelError,
    },
    /// The camera or the sensor.
    #[error("{origin}: sensor: {source}")]
    Sensor {
        /// File or name of the scenario.
        origin: String,
        /// What is wrong with the sensor.
        source: SensorError,
    },
    /// The chief's orbit.
    #[error("{origin}: chief: {source}")]
    Orbit {
        /// File or name of the scenario.
        origin: String,
        /// What is wrong with the orbit.
        source: OrbitError,
    },
}
