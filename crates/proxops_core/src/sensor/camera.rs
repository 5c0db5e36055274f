use glam::DVec3;

use super::SensorError;

/// A pinhole camera with a square image.
///
/// Pixel (i, j) of `n × n` looks along `forward + x_i·right + y_j·up` with `x_i = ((2i + 1)/n − 1)·tan(fov/2)`, and
/// `y_j` likewise: equally spaced on the image plane, each ray through the middle of its pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    fov_rad: f64,
    pixels: u32,
}

impl Camera {
    /// Widest field of view: beyond it nearly all pixels look at the rim.
    pub const MAX_FOV_RAD: f64 = 2.8;
    /// Most pixels along one side: the rays of one image, which may all cross one voxel, still count in 16 bits.
    pub const MAX_PIXELS: u32 = 255;

    /// A camera with `pixels`² pixels and a field of view of `fov_rad` from edge to edge.
    ///
    /// # Errors
    /// [`SensorError`] unless 0 < `fov_rad` ≤ 2.8 and 1 ≤ `pixels` ≤ 255.
    pub fn new(fov_rad: f64, pixels: u32) -> Result<Self, SensorError> {
        if !(fov_rad > 0.0 && fov_rad <= Self::MAX_FOV_RAD) {
            return Err(SensorError::FieldOfView { value_rad: fov_rad });
        }
        if !(1..=Self::MAX_PIXELS).contains(&pixels) {
            return Err(SensorError::Pixels { value: pixels });
        }
        Ok(Self { fov_rad, pixels })
    }

    /// Field of view from edge to edge in radians.
    pub const fn fov_rad(&self) -> f64 {
        self.fov_rad
    }

    /// Pixels along one side.
    pub const fn pixels(&self) -> u32 {
        self.pixels
    }

    /// Rays of one image.
    pub const fn rays(&self) -> u32 {
        self.pixels * self.pixels
    }

    /// Half the image's edge at unit distance.
    pub fn half_extent(&self) -> f64 {
        (0.5 * self.fov_rad).tan()
    }

    /// Offset of pixel row or column `i` from the optical axis at unit distance.
    pub fn pixel_offset(&self, i: u32) -> f64 {
        (f64::from(2 * i + 1) / f64::from(self.pixels) - 1.0) * self.half_extent()
    }
}

/// Where the camera is and how it is turned: an orthonormal right-handed frame in RTN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraPose {
    /// Position in RTN metres from the grid's centre.
    pub position_m: DVec3,
    /// Unit vector towards the image's right.
    pub right: DVec3,
    /// Unit vector towards the image's top.
    pub up: DVec3,
    /// Unit vector along the optical axis.
    pub forward: DVec3,
}

impl CameraPose {
    /// Sine of the angle to N below which the image's top turns to T.
    const POLE: f64 = 1e-9;

    /// The camera at a position in RTN metres, looking at the grid's centre, its top towards N, or towards T where
    /// it looks along N. At the very centre it looks along T.
    pub fn looking_at_centre(position_rtn_m: DVec3) -> Self {
        let forward = (-position_rtn_m).try_normalize().unwrap_or(DVec3::Y);
        let mut right = forward.cross(DVec3::Z);
        if right.length() < Self::POLE {
            right = forward.cross(DVec3::Y);
        }
        let right = right.normalize();
        Self { position_m: position_rtn_m, right, up: right.cross(forward), forward }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rays_lie_in_the_middle_of_equal_pixels() {
        let camera = Camera::new(10_f64.to_radians(), 64).unwrap();
        let pixel = 2.0 * camera.half_extent() / 64.0;
        assert!((camera.pixel_offset(0) + camera.half_extent() - 0.5 * pixel).abs() < 1e-15);
        assert!((camera.pixel_offset(41) - camera.pixel_offset(40) - pixel).abs() < 1e-15);
        assert_eq!(camera.pixel_offset(31), -camera.pixel_offset(32));
    }

    #[test]
    fn the_top_of_the_image_points_to_n_or_along_n_to_t() {
        let pose = CameraPose::looking_at_centre(DVec3::new(-50.0, 150.0, 20.0));
        assert!(pose.up.z > 0.9 && pose.up.dot(pose.forward).abs() < 1e-15 && pose.right.z.abs() < 1e-15);
        let polar = CameraPose::looking_at_centre(DVec3::new(0.0, 0.0, -200.0));
        assert_eq!((polar.forward, polar.up), (DVec3::Z, DVec3::Y));
        assert!(CameraPose::looking_at_centre(DVec3::ZERO).forward.is_normalized());
    }

    #[test]
    fn cameras_without_angle_or_pixels_are_rejected() {
        for fov in [0.0, -1.0, 3.0, f64::NAN] {
            assert!(matches!(Camera::new(fov, 64), Err(SensorError::FieldOfView { .. })), "{fov}");
        }
        for pixels in [0, 256] {
            assert_eq!(Camera::new(0.1, pixels), Err(SensorError::Pixels { value: pixels }));
        }
    }
}
