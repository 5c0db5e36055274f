//! Chief orbit, relative orbital elements, impulses and the radial–transverse–normal (RTN) frame. Knows nothing of
//! Bevy.
//!
//! The *chief* is the target's (here: the inspected object's) orbit; the *deputy* is the servicer. The deputy's motion
//! is held as quasi-nonsingular [`RelativeOrbitalElements`], which an [`Impulse`] changes and [`Dynamics`] propagates;
//! [`RtnState`] is the same motion as position and velocity in the chief's rotating RTN frame. Everything is `f64`.
//!
//! | module | holds |
//! |---|---|
//! | `chief` | [`ChiefOrbit`]: classical elements at t = 0 |
//! | `elements` | [`QuasiNonsingularElements`]: absolute elements regular at zero eccentricity, to and from inertial states |
//! | `roe` | [`RelativeOrbitalElements`]: difference of two such sets |
//! | `rtn` | [`RtnState`], the near-circular map and its exact inverse |
//! | `impulse` | [`Impulse`], near-circular and exact control matrices |
//! | `two_body` | exact relative motion through inertial states |
//! | `dynamics` | [`Dynamics`] and [`RelativeState`]: the two models behind one interface |
//! | `model_error` | how far a model strays from exact motion |
//! | `j2` | secular J2 state transition matrix |
//! | `safety` | passive safety, closest approach |

mod chief;
mod dynamics;
mod elements;
mod error;
mod impulse;
mod j2;
mod model_error;
mod roe;
mod rtn;
mod safety;
mod two_body;

#[cfg(test)]
mod test_support;

pub use chief::{ChiefOrbit, MU_EARTH_KM3_S2};
pub use dynamics::{Dynamics, RelativeState};
pub use elements::QuasiNonsingularElements;
pub use error::OrbitError;
pub use impulse::{Impulse, control_matrix_exact, control_matrix_near_circular};
pub use j2::{J2_EARTH, OblateBody, R_EARTH_EQUATOR_KM, SecularRates, j2_state_transition_matrix};
pub use model_error::{ModelError, model_error};
pub use roe::RelativeOrbitalElements;
pub use rtn::{RtnState, roe_to_rtn_matrix, rtn_to_roe_matrix};
pub use safety::{closest_range_m, minimum_radial_normal_separation_m};
pub use two_body::{apply_impulse_exact, roe_from_rtn_exact, rtn_exact};

/// Wraps an angle to (−π, π].
pub(crate) fn wrap_angle_rad(angle_rad: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    let wrapped = angle_rad.rem_euclid(TAU);
    if wrapped > PI { wrapped - TAU } else { wrapped }
}
