use thiserror::Error;

/// What can be wrong with the settings of a search.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SearchError {
    /// A number lies outside its range.
    #[error("search.{field}: {value} is not accepted, it must be {accepted}")]
    OutOfRange {
        /// Field of [`SearchConfig`](super::SearchConfig).
        field: &'static str,
        /// What was given.
        value: String,
        /// The accepted range, in words.
        accepted: &'static str,
    },
    /// A choice that does not exist.
    #[error("search.{field}: `{value}` is not one of {accepted}")]
    UnknownChoice {
        /// Field of [`SearchConfig`](super::SearchConfig).
        field: &'static str,
        /// What was given.
        value: String,
        /// The choices there are.
        accepted: String,
    },
}
