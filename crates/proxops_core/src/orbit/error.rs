use thiserror::Error;

/// What can be wrong with an orbit. Messages name the quantity, its value and the accepted range.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum OrbitError {
    /// A quantity lies outside its accepted range, or is not a finite number.
    #[error("{quantity} = {value} is outside the accepted range {accepted}")]
    OutOfRange {
        /// Name of the quantity with its unit, for example `eccentricity`.
        quantity: &'static str,
        /// The value that was given.
        value: f64,
        /// The accepted range in words, in the same unit.
        accepted: &'static str,
    },
    /// A name that is no dynamics model.
    #[error("dynamics = \"{0}\" is not known; accepted are \"NearCircular\" and \"TwoBody\"")]
    UnknownDynamics(String),
}
