use thiserror::Error;

use crate::episode::command::Speed;
use crate::episode::parameters::ParameterError;
use crate::episode::settings::MAX_EPISODES;
use crate::mission::{MissionError, ScenarioError};
use crate::search::SearchError;

/// Why a run cannot begin, or a command cannot be carried out.
#[derive(Error, Debug)]
pub enum EpisodeError {
    /// The scenario cannot be flown.
    #[error(transparent)]
    Mission(#[from] MissionError),
    /// The scenario cannot be read.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The search is set up wrongly.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A parameter has a value it does not accept.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// Too few or too many episodes.
    #[error("episodes = {0}: accepted are 1 to {MAX_EPISODES}")]
    Episodes(u32),
    /// No thread to work with.
    #[error("workers = 0: accepted are 1 and more, or none for one per core")]
    Workers,
    /// A pace outside the range.
    #[error("speed = {0}: accepted are {min}× to {max}×, or max", min = Speed::MIN_RATE, max = Speed::MAX_RATE)]
    Speed(Speed),
    /// Nobody has that number.
    #[error("focus = {number}: no running episode has this number; running are {running}")]
    Focus {
        /// The number asked for.
        number: u32,
        /// The numbers there are.
        running: String,
    },
}
