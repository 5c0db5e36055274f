use super::Camera;

/// What can be wrong with a camera or a sensor.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SensorError {
    /// The field of view is no angle a flat image can have.
    #[error("camera field of view is {value_rad} rad; allowed: above 0 and at most {} rad", Camera::MAX_FOV_RAD)]
    FieldOfView {
        /// The rejected angle in radians.
        value_rad: f64,
    },
    /// The image has no pixel, or more than the counts of one voxel can hold.
    #[error("camera.pixels is {value}; allowed: 1 to {}", Camera::MAX_PIXELS)]
    Pixels {
        /// The rejected number of pixels along one side.
        value: u32,
    },
    /// A likelihood is not strictly between 0 and 1.
    #[error("sensor.{field} is {value}; allowed: above 0 and below 1")]
    Probability {
        /// The field, as written in a scenario file.
        field: &'static str,
        /// The rejected probability.
        value: f64,
    },
    /// A hit would speak against occupancy.
    #[error("sensor.p_hit_occupied is {p_hit_occupied}; allowed: above sensor.p_hit_empty, which is {p_hit_empty}")]
    Uninformative {
        /// Probability of a hit in an occupied voxel.
        p_hit_occupied: f64,
        /// Probability of a hit in an empty voxel.
        p_hit_empty: f64,
    },
}
