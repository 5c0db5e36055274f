//! What a scenario may hold. Ranges are checked once, here; what is built from a valid scenario cannot fail on them.

use std::fmt::Display;
use std::ops::RangeInclusive;

use glam::DVec3;

use super::{FieldProblem, Scenario, ScenarioError};
use crate::orbit::{ChiefOrbit, Dynamics, OrbitError, RelativeOrbitalElements, model_error, roe_to_rtn_matrix};
use crate::sensor::Camera;
use crate::voxel::VoxelGrid;

/// Relative elements are a linearisation: beyond a tenth of the semi-major axis they mean nothing.
const MAX_ROE_SHARE: f64 = 0.1;
/// Most that first-order motion may be wrong, over the mission's largest distance: the camera then looks from a
/// direction that is at most 0.3° off. The reference orbit's share is 0.1 %.
const MAX_MODEL_ERROR_SHARE: f64 = 0.005;
/// Distance of the inclination from the equator at which the relative elements stay well conditioned.
const INCLINATION_DEG: RangeInclusive<f64> = 0.001..=179.999;
const SEMI_MAJOR_AXIS_KM: RangeInclusive<f64> = 1.0..=1e9;
const STEP_S: RangeInclusive<f64> = 0.001..=1e6;
const STEPS: RangeInclusive<u32> = 1..=100_000;
const DV_M_S: RangeInclusive<f64> = 1e-6..=10.0;
const FOV_DEG: RangeInclusive<f64> = 0.001..=120.0;
const PIXELS: RangeInclusive<u32> = 1..=Camera::MAX_PIXELS;
const CELLS_PER_AXIS: RangeInclusive<u32> = VoxelGrid::MIN_CELLS_PER_AXIS..=VoxelGrid::MAX_CELLS_PER_AXIS;
const VOXEL_SIZE_M: RangeInclusive<f64> = 1e-3..=1e3;
/// Probabilities of 0 and 1 would be certainties that no image could change.
const PROBABILITY: RangeInclusive<f64> = 1e-9..=1.0 - 1e-9;
const COST: RangeInclusive<f64> = 0.0..=1e6;

/// Passes when `valid`, otherwise says what the field holds and what it may hold.
fn check(valid: bool, field: &str, value: impl Display, accepted: impl Into<String>) -> Result<(), FieldProblem> {
    if valid {
        Ok(())
    } else {
        Err(FieldProblem { field: field.to_owned(), value: value.to_string(), accepted: accepted.into() })
    }
}

/// Passes when the value lies in the range. NaN lies in none.
fn check_range<T: PartialOrd + Display>(field: &str, value: T, range: &RangeInclusive<T>) -> Result<(), FieldProblem> {
    check(range.contains(&value), field, &value, format!("{} to {}", range.start(), range.end()))
}

fn check_probability(field: &str, value: f64) -> Result<(), FieldProblem> {
    check(PROBABILITY.contains(&value), field, value, "above 0 and below 1 (0.000000001 to 0.999999999)")
}

impl Scenario {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ScenarioError::Field`] for the first field whose value is not accepted.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        self.validate_as(&self.origin_label())
    }

    pub(super) fn validate_as(&self, origin: &str) -> Result<(), ScenarioError> {
        self.first_problem().map_err(|problem| ScenarioError::Field { origin: origin.to_owned(), problem })
    }

    pub(super) fn first_problem(&self) -> Result<(), FieldProblem> {
        check(!self.name.trim().is_empty(), "name", format!("\"{}\"", self.name), "a text that is not empty")?;
        self.check_chief()?;
        self.check_start()?;
        self.check_perigee()?;
        check_range("step_s", self.step_s, &STEP_S)?;
        check_range("steps", self.steps, &STEPS)?;
        self.check_actions()?;
        check_range("camera.fov_deg", self.camera.fov_deg, &FOV_DEG)?;
        check_range("camera.pixels", self.camera.pixels, &PIXELS)?;
        self.check_sensor()?;
        check_range("grid.cells_per_axis", self.grid.cells_per_axis, &CELLS_PER_AXIS)?;
        check_range("grid.voxel_size_m", self.grid.voxel_size_m, &VOXEL_SIZE_M)?;
        check_probability("grid.prior", self.grid.prior)?;
        self.check_reward()?;
        self.check_dynamics()?;
        self.check_start_is_outside_the_grid()
    }

    fn check_chief(&self) -> Result<(), FieldProblem> {
        let chief = &self.chief;
        check_range("chief.semi_major_axis_km", chief.semi_major_axis_km, &SEMI_MAJOR_AXIS_KM)?;
        check((0.0..1.0).contains(&chief.eccentricity), "chief.eccentricity", chief.eccentricity, "0 to below 1")?;
        check_range("chief.inclination_deg", chief.inclination_deg, &INCLINATION_DEG)?;
        let angles = [
            ("chief.raan_deg", chief.raan_deg),
            ("chief.argument_of_perigee_deg", chief.argument_of_perigee_deg),
            ("chief.mean_anomaly_deg", chief.mean_anomaly_deg),
        ];
        for (field, angle_deg) in angles {
            check_range(field, angle_deg, &(-360.0..=360.0))?;
        }
        check(
            chief.mu_km3_s2 > 0.0 && chief.mu_km3_s2 <= 1e12,
            "chief.mu_km3_s2",
            chief.mu_km3_s2,
            "above 0 and at most 1e12",
        )?;
        let radius_km = chief.body_radius_km();
        check((0.0..=1e9).contains(&radius_km), "chief.body_radius_km", radius_km, "0 to 1000000000")
    }

    /// The chief itself must not go through the body that it circles.
    fn check_perigee(&self) -> Result<(), FieldProblem> {
        let chief = &self.chief;
        let (perigee_km, radius_km) = (chief.semi_major_axis_km * (1.0 - chief.eccentricity), chief.body_radius_km());
        check(
            perigee_km >= radius_km,
            "chief.semi_major_axis_km",
            format!("{}, which puts the perigee at {perigee_km:.3} km", chief.semi_major_axis_km),
            format!("an orbit that stays outside the central body (chief.body_radius_km, {radius_km} km)"),
        )
    }

    fn check_start(&self) -> Result<(), FieldProblem> {
        let limit_m = MAX_ROE_SHARE * self.chief.semi_major_axis_km * 1e3;
        for (index, (centre_m, spread_m)) in self.start.a_roe_m.into_iter().zip(self.start.spread_m).enumerate() {
            check_range(&format!("start.a_roe_m[{index}]"), centre_m, &(-limit_m..=limit_m))?;
            check_range(&format!("start.spread_m[{index}]"), spread_m, &(0.0..=limit_m))?;
        }
        let most = |index: usize| self.start.a_roe_m[index].abs() + self.start.spread_m[index];
        let relative = most(2).hypot(most(3)) / (self.chief.semi_major_axis_km * 1e3);
        check(
            self.chief.eccentricity + relative < 1.0,
            "chief.eccentricity",
            self.chief.eccentricity,
            format!(
                "below {} here, so that the servicer's start (start.a_roe_m, start.spread_m) is on an ellipse",
                1.0 - relative
            ),
        )
    }

    /// First-order motion is only good for nearly circular orbits, and not too far from the chief. What burns add to the
    /// error is small beside what the start has.
    fn check_dynamics(&self) -> Result<(), FieldProblem> {
        let (Dynamics::NearCircular, Ok(chief)) = (self.dynamics, self.chief_orbit()) else { return Ok(()) };
        let roe = RelativeOrbitalElements::from_metres(self.start.a_roe_m, self.chief.semi_major_axis_km);
        let found = model_error(Dynamics::NearCircular, &chief, roe, f64::from(self.steps) * self.step_s);
        check(
            found.share() <= MAX_MODEL_ERROR_SHARE,
            "dynamics",
            format!(
                "NearCircular, which is {:.1} m wrong within {:.0} m over this mission (chief.eccentricity = {})",
                found.error_m, found.range_m, self.chief.eccentricity
            ),
            format!(
                "TwoBody, or NearCircular where it is wrong by at most {} % of the largest distance",
                100.0 * MAX_MODEL_ERROR_SHARE
            ),
        )
    }

    fn check_actions(&self) -> Result<(), FieldProblem> {
        let actions = &self.actions;
        check_range("actions.small_dv_m_s", actions.small_dv_m_s, &DV_M_S)?;
        check_range("actions.large_dv_m_s", actions.large_dv_m_s, &(actions.small_dv_m_s..=*DV_M_S.end()))
    }

    fn check_sensor(&self) -> Result<(), FieldProblem> {
        let sensor = &self.sensor;
        check_probability("sensor.p_hit_occupied", sensor.p_hit_occupied)?;
        check_probability("sensor.p_hit_empty", sensor.p_hit_empty)?;
        check(
            sensor.p_hit_empty < sensor.p_hit_occupied,
            "sensor.p_hit_empty",
            sensor.p_hit_empty,
            format!("above 0 and below sensor.p_hit_occupied ({})", sensor.p_hit_occupied),
        )
    }

    fn check_reward(&self) -> Result<(), FieldProblem> {
        let reward = &self.reward;
        check_range("reward.dv_cost_per_m_s", reward.dv_cost_per_m_s, &COST)?;
        let discounts = reward.discount > 0.0 && reward.discount <= 1.0;
        check(discounts, "reward.discount", reward.discount, "above 0 and at most 1")?;
        check_range("reward.keep_out_radius_m", reward.keep_out_radius_m, &COST)?;
        check_range("reward.keep_out_cost", reward.keep_out_cost, &COST)
    }

    /// The start is known up to its spread, and the RTN map is linear: a box in R, T, N holds every start.
    fn check_start_is_outside_the_grid(&self) -> Result<(), FieldProblem> {
        let half_extent_m = 0.5 * f64::from(self.grid.cells_per_axis) * self.grid.voxel_size_m;
        let (centre, reach) = self.start_box_m();
        let clear = (0..3).any(|axis| centre[axis].abs() - reach[axis] >= half_extent_m);
        check(
            clear,
            "start.a_roe_m",
            format!(
                "({}), which puts the camera at ({:.1}, {:.1}, {:.1}) ± ({:.1}, {:.1}, {:.1}) m in R, T, N",
                self.start.a_roe_m.map(|metres| metres.to_string()).join(", "),
                centre.x,
                centre.y,
                centre.z,
                reach.x,
                reach.y,
                reach.z
            ),
            format!("a start that stays outside the target's grid (± {half_extent_m} m) for all of start.spread_m"),
        )
    }

    /// Centre and half size of the box of start positions, m in R, T, N.
    fn start_box_m(&self) -> (DVec3, DVec3) {
        // The map's angle is the mean argument of latitude; neither it nor its metres depend on the mean motion.
        let u_rad = (self.chief.argument_of_perigee_deg + self.chief.mean_anomaly_deg).to_radians();
        let matrix = roe_to_rtn_matrix(1.0, 1.0, u_rad);
        let position = |weights: &[f64; 6], entry: fn(f64) -> f64| {
            let row =
                |row: usize| -> f64 { matrix[row].iter().zip(weights).map(|(&e, weight)| entry(e) * weight).sum() };
            DVec3::new(row(0), row(1), row(2))
        };
        let reach = position(&self.start.spread_m, f64::abs);
        let centre = match (self.dynamics, self.chief_orbit()) {
            (Dynamics::TwoBody, Ok(chief)) => {
                let roe = RelativeOrbitalElements::from_metres(self.start.a_roe_m, self.chief.semi_major_axis_km);
                Dynamics::TwoBody.rtn(&chief, &Dynamics::TwoBody.initial(&chief, roe, 0.0)).position_rtn_m
            }
            _ => position(&self.start.a_roe_m, |entry| entry),
        };
        (centre, reach)
    }

    /// The chief's orbit in the units of maths.
    pub(super) fn chief_orbit(&self) -> Result<ChiefOrbit, OrbitError> {
        let chief = &self.chief;
        ChiefOrbit::new(
            chief.semi_major_axis_km,
            chief.eccentricity,
            chief.inclination_deg.to_radians(),
            chief.raan_deg.to_radians(),
            chief.argument_of_perigee_deg.to_radians(),
            chief.mean_anomaly_deg.to_radians(),
        )?
        .with_mu_km3_s2(chief.mu_km3_s2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Spoil = fn(&mut Scenario);

    #[test]
    fn the_reference_is_valid() {
        assert!(Scenario::reference().validate().is_ok());
    }

    #[test]
    fn every_bad_value_is_named_with_field_value_and_range() {
        let cases: &[(&str, Spoil)] = &[
            ("name = \"\" ", |s| s.name.clear()),
            ("chief.semi_major_axis_km = -7000 ", |s| s.chief.semi_major_axis_km = -7000.0),
            ("chief.eccentricity = 1 ", |s| s.chief.eccentricity = 1.0),
            ("chief.eccentricity = 0.99999 ", |s| s.chief.eccentricity = 0.99999),
            ("chief.inclination_deg = 0 ", |s| s.chief.inclination_deg = 0.0),
            ("chief.raan_deg = NaN ", |s| s.chief.raan_deg = f64::NAN),
            ("chief.mu_km3_s2 = 0 ", |s| s.chief.mu_km3_s2 = 0.0),
            ("start.a_roe_m[1] = NaN ", |s| s.start.a_roe_m[1] = f64::NAN),
            ("start.a_roe_m[0] = 1000000000 ", |s| s.start.a_roe_m[0] = 1e9),
            ("start.spread_m[3] = -1 ", |s| s.start.spread_m[3] = -1.0),
            ("step_s = 0 ", |s| s.step_s = 0.0),
            ("step_s = inf ", |s| s.step_s = f64::INFINITY),
            ("steps = 0 ", |s| s.steps = 0),
            ("actions.small_dv_m_s = 0 ", |s| s.actions.small_dv_m_s = 0.0),
            ("actions.large_dv_m_s = 0.001 ", |s| s.actions.large_dv_m_s = 0.001),
            ("camera.fov_deg = 0 ", |s| s.camera.fov_deg = 0.0),
            ("camera.fov_deg = 121 ", |s| s.camera.fov_deg = 121.0),
            ("camera.pixels = 0 ", |s| s.camera.pixels = 0),
            ("camera.pixels = 256 ", |s| s.camera.pixels = 256),
            ("sensor.p_hit_occupied = 1 ", |s| s.sensor.p_hit_occupied = 1.0),
            ("sensor.p_hit_empty = 0 ", |s| s.sensor.p_hit_empty = 0.0),
            ("sensor.p_hit_empty = 0.95 ", |s| s.sensor.p_hit_empty = 0.95),
            ("grid.cells_per_axis = 7 ", |s| s.grid.cells_per_axis = 7),
            ("grid.cells_per_axis = 65 ", |s| s.grid.cells_per_axis = 65),
            ("grid.voxel_size_m = -1 ", |s| s.grid.voxel_size_m = -1.0),
            ("grid.prior = 1 ", |s| s.grid.prior = 1.0),
            ("reward.dv_cost_per_m_s = -1 ", |s| s.reward.dv_cost_per_m_s = -1.0),
            ("reward.discount = 0 ", |s| s.reward.discount = 0.0),
            ("reward.discount = 1.1 ", |s| s.reward.discount = 1.1),
            ("reward.keep_out_cost = NaN ", |s| s.reward.keep_out_cost = f64::NAN),
            ("start.a_roe_m = (0, 5, 0, 0, 0, 0)", |s| s.start.a_roe_m = [0.0, 5.0, 0.0, 0.0, 0.0, 0.0]),
            ("start.a_roe_m = (0, 200, 100, 0, 50, 0)", |s| s.start.spread_m = [300.0; 6]),
        ];
        for (start, spoil) in cases {
            let mut scenario = Scenario::reference();
            spoil(&mut scenario);
            let message = scenario.validate().unwrap_err().to_string();
            let origin = format!("scenario \"{}\": ", scenario.name);
            assert!(message.starts_with(&format!("{origin}{start}")), "{message}");
            assert!(message.contains("accepted: "), "{message}");
        }
    }

    #[test]
    fn a_hold_outside_the_grid_is_accepted_until_its_spread_reaches_in() {
        let mut scenario = Scenario::reference();
        scenario.start.a_roe_m = [0.0, 40.0, 0.0, 0.0, 0.0, 0.0];
        scenario.start.spread_m = [0.0, 29.0, 0.0, 0.0, 0.0, 0.0];
        assert!(scenario.validate().is_ok());
        scenario.start.spread_m[1] = 31.0;
        assert!(scenario.validate().is_err());
    }
}
