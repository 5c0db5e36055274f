use glam::DVec3;
use serde::{Deserialize, Serialize};

/// Newton converges quadratically from the mean value; the bound only keeps a hopeless input (NaN) from looping.
const MAX_KEPLER_ITERATIONS: u32 = 64;

/// Absolute orbital elements that stay regular at zero eccentricity: a, e cos ω, e sin ω, i, Ω and u = ω + M.
/// Relative elements are differences of these (D'Amico 2010, Eq. 2.2). Singular only for equatorial orbits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuasiNonsingularElements {
    /// Semi-major axis, m.
    pub semi_major_axis_m: f64,
    /// e cos ω.
    pub eccentricity_x: f64,
    /// e sin ω.
    pub eccentricity_y: f64,
    /// Inclination, rad.
    pub inclination_rad: f64,
    /// Right ascension of the ascending node, rad.
    pub raan_rad: f64,
    /// Mean argument of latitude u = ω + M, rad.
    pub mean_argument_of_latitude_rad: f64,
}

/// The orbital plane's inertial axes: towards the ascending node, 90° ahead of it, and along the angular momentum.
struct OrbitalPlane {
    node: DVec3,
    ahead: DVec3,
}

impl OrbitalPlane {
    fn new(inclination_rad: f64, raan_rad: f64) -> Self {
        let (sin_i, cos_i) = inclination_rad.sin_cos();
        let (sin_raan, cos_raan) = raan_rad.sin_cos();
        Self {
            node: DVec3::new(cos_raan, sin_raan, 0.0),
            ahead: DVec3::new(-sin_raan * cos_i, cos_raan * cos_i, sin_i),
        }
    }
}

impl QuasiNonsingularElements {
    /// Eccentricity.
    pub fn eccentricity(&self) -> f64 {
        self.eccentricity_x.hypot(self.eccentricity_y)
    }

    /// η = √(1 − e²).
    pub fn eta(&self) -> f64 {
        (1.0 - self.eccentricity_x.powi(2) - self.eccentricity_y.powi(2)).sqrt()
    }

    /// Mean motion round a body with gravitational parameter `mu_m3_s2`, rad/s.
    pub fn mean_motion_rad_s(&self, mu_m3_s2: f64) -> f64 {
        (mu_m3_s2 / self.semi_major_axis_m.powi(3)).sqrt()
    }

    /// The elements `dt_s` later, two-body motion.
    pub fn propagated(&self, mu_m3_s2: f64, dt_s: f64) -> Self {
        let mean_argument_of_latitude_rad =
            self.mean_argument_of_latitude_rad + self.mean_motion_rad_s(mu_m3_s2) * dt_s;
        Self { mean_argument_of_latitude_rad, ..*self }
    }

    /// True argument of latitude θ = ω + f, rad in (−π, π].
    pub fn true_argument_of_latitude_rad(&self) -> f64 {
        let [x, y] = self.in_plane_position(self.eccentric_argument_of_latitude_rad());
        y.atan2(x)
    }

    /// Eccentric argument of latitude F = ω + E: solves Kepler's equation u = F − e_x sin F + e_y cos F.
    ///
    /// The left side grows strictly with F and |F − u| ≤ e, so Newton's step is kept inside that shrinking bracket.
    fn eccentric_argument_of_latitude_rad(&self) -> f64 {
        let (ex, ey) = (self.eccentricity_x, self.eccentricity_y);
        let mean = self.mean_argument_of_latitude_rad;
        let (mut low, mut high) = (mean - self.eccentricity(), mean + self.eccentricity());
        let mut eccentric = mean;
        for _ in 0..MAX_KEPLER_ITERATIONS {
            let (sin, cos) = eccentric.sin_cos();
            let residual = eccentric - ex * sin + ey * cos - mean;
            if residual > 0.0 {
                high = eccentric
            } else {
                low = eccentric
            }
            let newton = eccentric - residual / (1.0 - ex * cos - ey * sin);
            let next = if (low..=high).contains(&newton) { newton } else { 0.5 * (low + high) };
            let settled = (next - eccentric).abs() <= f64::EPSILON * eccentric.abs().max(1.0);
            eccentric = next;
            if settled {
                break;
            }
        }
        eccentric
    }

    /// Position over the semi-major axis along (node, ahead), Broucke & Cefola (1972).
    fn in_plane_position(&self, eccentric_rad: f64) -> [f64; 2] {
        let (ex, ey) = (self.eccentricity_x, self.eccentricity_y);
        let beta = 1.0 / (1.0 + self.eta());
        let (sin, cos) = eccentric_rad.sin_cos();
        [
            (1.0 - beta * ey * ey) * cos + beta * ex * ey * sin - ex,
            (1.0 - beta * ex * ex) * sin + beta * ex * ey * cos - ey,
        ]
    }

    /// Inertial position (m) and velocity (m/s) round a body with gravitational parameter `mu_m3_s2`.
    pub fn to_eci(&self, mu_m3_s2: f64) -> (DVec3, DVec3) {
        let (ex, ey, a) = (self.eccentricity_x, self.eccentricity_y, self.semi_major_axis_m);
        let eccentric = self.eccentric_argument_of_latitude_rad();
        let (sin, cos) = eccentric.sin_cos();
        let beta = 1.0 / (1.0 + self.eta());
        let [x, y] = self.in_plane_position(eccentric);
        let speed = self.mean_motion_rad_s(mu_m3_s2) * a / (1.0 - ex * cos - ey * sin);
        let vx = speed * (beta * ex * ey * cos - (1.0 - beta * ey * ey) * sin);
        let vy = speed * ((1.0 - beta * ex * ex) * cos - beta * ex * ey * sin);
        let plane = OrbitalPlane::new(self.inclination_rad, self.raan_rad);
        (a * (x * plane.node + y * plane.ahead), vx * plane.node + vy * plane.ahead)
    }

    /// Elements of the osculating orbit through an inertial position (m) and velocity (m/s): the inverse of
    /// [`Self::to_eci`]. Angles come back in (−π, π]. An unbound state has no such elements and gives NaN.
    pub fn from_eci(position_m: DVec3, velocity_m_s: DVec3, mu_m3_s2: f64) -> Self {
        let radius = position_m.length();
        let momentum = position_m.cross(velocity_m_s);
        let inclination_rad = momentum.x.hypot(momentum.y).atan2(momentum.z);
        let raan_rad = momentum.x.atan2(-momentum.y);
        let plane = OrbitalPlane::new(inclination_rad, raan_rad);
        let semi_major_axis_m = 1.0 / (2.0 / radius - velocity_m_s.length_squared() / mu_m3_s2);
        let eccentricity = velocity_m_s.cross(momentum) / mu_m3_s2 - position_m / radius;
        let (ex, ey) = (eccentricity.dot(plane.node), eccentricity.dot(plane.ahead));
        let elements = Self {
            semi_major_axis_m,
            eccentricity_x: ex,
            eccentricity_y: ey,
            inclination_rad,
            raan_rad,
            mean_argument_of_latitude_rad: 0.0,
        };
        let eta = elements.eta();
        let beta = 1.0 / (1.0 + eta);
        let (x, y) = (position_m.dot(plane.node) / semi_major_axis_m, position_m.dot(plane.ahead) / semi_major_axis_m);
        let cos = ex + ((1.0 - beta * ex * ex) * x - beta * ex * ey * y) / eta;
        let sin = ey + ((1.0 - beta * ey * ey) * y - beta * ex * ey * x) / eta;
        Self { mean_argument_of_latitude_rad: sin.atan2(cos) - ex * sin + ey * cos, ..elements }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{assert_close, reference_chief};
    use super::super::wrap_angle_rad;
    use super::*;

    fn as_array(elements: &QuasiNonsingularElements) -> [f64; 6] {
        [
            elements.semi_major_axis_m,
            elements.eccentricity_x,
            elements.eccentricity_y,
            elements.inclination_rad,
            elements.raan_rad,
            wrap_angle_rad(elements.mean_argument_of_latitude_rad),
        ]
    }

    #[test]
    fn elements_survive_the_round_trip_through_inertial_states() {
        let mu = reference_chief().mu_m3_s2();
        for eccentricity in [0.0, 0.001, 0.3, 0.8] {
            for angle in 0..12 {
                let angle = f64::from(angle) * 0.6 - 3.0;
                let elements = QuasiNonsingularElements {
                    semi_major_axis_m: 7e6,
                    eccentricity_x: eccentricity * angle.cos(),
                    eccentricity_y: eccentricity * angle.sin(),
                    inclination_rad: 1.7,
                    raan_rad: -0.4,
                    mean_argument_of_latitude_rad: 1.9 * angle,
                };
                let (position, velocity) = elements.to_eci(mu);
                let back = QuasiNonsingularElements::from_eci(position, velocity, mu);
                // Metres for the first component, so the others are held to the same relative accuracy elsewhere.
                assert!((back.semi_major_axis_m - 7e6).abs() < 1e-6);
                assert_close(&as_array(&back)[1..], &as_array(&elements)[1..], 1e-13 / (1.0 - eccentricity).powi(2));
            }
        }
    }

    #[test]
    fn velocity_is_the_derivative_of_position() {
        let mu = reference_chief().mu_m3_s2();
        let elements = QuasiNonsingularElements { eccentricity_x: 0.4, ..reference_chief().elements_at(700.0) };
        const HALF_STEP_S: f64 = 0.05;
        let (ahead, _) = elements.propagated(mu, HALF_STEP_S).to_eci(mu);
        let (behind, _) = elements.propagated(mu, -HALF_STEP_S).to_eci(mu);
        let (_, velocity) = elements.to_eci(mu);
        assert!(((ahead - behind) / (2.0 * HALF_STEP_S) - velocity).length() < 1e-4);
    }

    /// Two-body case of nyx (`mission_design/orbitaldyn.rs`), one day; its gravitational parameter gives 0.7 mm.
    #[test]
    fn one_day_of_two_body_motion_matches_nyx_to_1_mm() {
        const MU_M3_S2: f64 = 398_600.435_436_096e9;
        let start = DVec3::new(-2_436.45e3, -2_436.45e3, 6_891.037e3);
        let elements = QuasiNonsingularElements::from_eci(start, DVec3::new(5_088.611, -5_088.611, 0.0), MU_M3_S2);
        let (position, velocity) = elements.propagated(MU_M3_S2, 86_400.0).to_eci(MU_M3_S2);
        let expected = DVec3::new(-5_971_194.375_461_378, 3_945_517.831_291_771, 2_864_621.070_800_713_4);
        assert!((position - expected).length() < 1e-3, "{}", (position - expected).length());
        let expected = DVec3::new(49.083_201_633_792_19, -4_185.084_192_180_62, 5_848.947_414_864_886);
        assert!((velocity - expected).length() < 1e-6, "{}", (velocity - expected).length());
    }

    #[test]
    fn kepler_is_solved_at_the_edge_of_parabolic() {
        let elements = QuasiNonsingularElements {
            eccentricity_x: 0.999,
            eccentricity_y: 0.0,
            ..reference_chief().elements_at(0.0)
        };
        for mean in [-3.1, -0.01, 1e-6, 0.3, 3.1] {
            let solved = QuasiNonsingularElements { mean_argument_of_latitude_rad: mean, ..elements }
                .eccentric_argument_of_latitude_rad();
            assert!((solved - 0.999 * solved.sin() - mean).abs() < 1e-14, "mean {mean}");
        }
    }
}
