//! Scenarios made in code or by a panel: whatever the values, an error or a mission that flies.

use proptest::prelude::*;
use proxops_core::mission::{Action, Mission, Scenario, Seed};
use proxops_core::orbit::Dynamics;
use proxops_core::sensor::{Observation, RayCaster};
use proxops_core::shape::TargetShape;

/// Any number at all: ordinary, tiny, huge, negative, not a number.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0f64,
        2 => 0.0..1.0f64,
        1 => prop::num::f64::ANY,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, f64::MAX]),
    ]
}

/// Every number of a scenario, by name.
const NUMBERS: &[fn(&mut Scenario, f64)] = &[
    |s, x| s.chief.semi_major_axis_km = x,
    |s, x| s.chief.eccentricity = x,
    |s, x| s.chief.inclination_deg = x,
    |s, x| s.chief.raan_deg = x,
    |s, x| s.chief.argument_of_perigee_deg = x,
    |s, x| s.chief.mean_anomaly_deg = x,
    |s, x| s.chief.mu_km3_s2 = x,
    |s, x| s.start.a_roe_m[1] = x,
    |s, x| s.start.spread_m[2] = x,
    |s, x| s.step_s = x,
    |s, x| s.actions.small_dv_m_s = x,
    |s, x| s.actions.large_dv_m_s = x,
    |s, x| s.camera.fov_deg = x,
    |s, x| s.sensor.p_hit_occupied = x,
    |s, x| s.sensor.p_hit_empty = x,
    |s, x| s.grid.voxel_size_m = x,
    |s, x| s.grid.prior = x,
    |s, x| s.reward.dv_cost_per_m_s = x,
    |s, x| s.reward.discount = x,
    |s, x| s.reward.keep_out_radius_m = x,
    |s, x| s.reward.keep_out_cost = x,
];

fn fly_three_steps(mission: &Mission) {
    let mut caster = RayCaster::new(*mission.grid(), *mission.camera());
    let mut observation = Observation::new(*mission.grid());
    let mut state = mission.begin(Seed(1), 0, &mut caster, &mut observation);
    for action in [Action::NONE, Action::ALL[4], Action::ALL[7]] {
        match mission.step(&mut state, action, &mut caster, &mut observation) {
            Ok(transition) => {
                assert!(transition.reward.is_finite(), "{transition:?}");
                assert!(transition.entropy_after_nats >= 0.0, "{transition:?}");
                assert!(transition.position_rtn_m.is_finite(), "{transition:?}");
            }
            Err(refusal) => assert!(state.is_done(mission) && state.position_rtn_m(mission).is_finite(), "{refusal}"),
        }
    }
}

proptest! {
    #[test]
    fn any_values_give_an_error_or_a_mission_that_flies(
        changes in prop::collection::vec((0..NUMBERS.len(), any_number()), 1..4),
        two_body: bool,
    ) {
        let mut scenario = Scenario { dynamics: if two_body { Dynamics::TwoBody } else { Dynamics::NearCircular }, ..Scenario::reference() };
        for (number, value) in changes {
            NUMBERS[number](&mut scenario, value);
        }
        match Mission::new(scenario, None) {
            Ok(mission) => fly_three_steps(&mission),
            Err(error) => prop_assert!(error.to_string().contains("accepted: "), "{error}"),
        }
    }
}

#[test]
fn the_extremes_of_every_range_fly() {
    type Extreme = fn(&mut Scenario);
    let extremes: &[Extreme] = &[
        |s| s.camera.pixels = 1,
        |s| s.camera.pixels = 255,
        |s| s.camera.fov_deg = 120.0,
        |s| s.camera.fov_deg = 0.001,
        |s| s.grid.cells_per_axis = 8,
        |s| s.grid.cells_per_axis = 64,
        |s| s.grid.voxel_size_m = 1e-3,
        |s| s.grid.prior = 1e-9,
        |s| s.grid.prior = 1.0 - 1e-9,
        |s| s.sensor.p_hit_occupied = 1.0 - 1e-9,
        |s| s.sensor.p_hit_empty = 1e-9,
        |s| s.sensor.p_hit_empty = 0.95 - 1e-12,
        |s| (s.sensor.p_hit_occupied, s.sensor.p_hit_empty) = (2e-9, 1e-9),
        |s| s.actions.large_dv_m_s = 10.0,
        |s| (s.step_s, s.steps) = (1e6, 100_000),
        |s| (s.dynamics, s.chief.eccentricity, s.chief.semi_major_axis_km) = (Dynamics::TwoBody, 0.9, 70_000.0),
        |s| (s.chief.mu_km3_s2, s.chief.body_radius_km) = (100.0, Some(6900.0)),
    ];
    for extreme in extremes {
        let mut scenario = Scenario::reference();
        extreme(&mut scenario);
        fly_three_steps(&Mission::new(scenario.clone(), None).unwrap_or_else(|error| panic!("{error}: {scenario:?}")));
    }
}

fn case(name: &str) -> Result<Scenario, String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    Scenario::load(path).map_err(|error| error.to_string())
}

#[test]
fn near_circular_dynamics_are_refused_where_they_are_wrong_with_the_error_and_the_setting_to_change() {
    let message = case("molniya_nc.ron").expect_err("e = 0.7");
    for part in ["molniya_nc.ron", "dynamics = NearCircular", "m wrong within", "chief.eccentricity = 0.7", "TwoBody"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let at = |eccentricity: f64, dynamics| {
        let mut scenario = Scenario { dynamics, ..Scenario::reference() };
        scenario.chief.semi_major_axis_km = 26_560.0;
        scenario.chief.eccentricity = eccentricity;
        scenario.validate()
    };
    assert!(at(0.002, Dynamics::NearCircular).is_ok());
    for eccentricity in [0.01, 0.1, 0.7] {
        assert!(at(eccentricity, Dynamics::NearCircular).is_err(), "{eccentricity}");
        assert!(at(eccentricity, Dynamics::TwoBody).is_ok(), "{eccentricity}");
    }
}

#[test]
fn an_orbit_through_its_central_body_is_refused_with_perigee_and_radius() {
    let mut scenario = Scenario { dynamics: Dynamics::TwoBody, ..Scenario::reference() };
    scenario.chief.eccentricity = 0.1;
    let message = scenario.validate().unwrap_err().to_string();
    assert!(message.contains("6300.000 km") && message.contains("6378.137 km"), "{message}");
    // Round a body of another mass and unknown size every orbit passes.
    scenario.chief.mu_km3_s2 = 42_828.4;
    assert!(scenario.validate().is_ok());
    scenario.chief.body_radius_km = Some(6301.0);
    assert!(scenario.validate().is_err());
    for radius in ["3389.5", "Some(3389.5)", "None"] {
        let text = format!("(chief: (mu_km3_s2: 42828.4, body_radius_km: {radius}))");
        assert!(Scenario::from_ron_str(&text, "mars").is_ok(), "{radius}");
    }
}

#[test]
fn a_target_larger_than_its_grid_names_size_and_limit() {
    let scenario = Scenario { target: TargetShape::Cube { side_m: 21.0 }, ..Scenario::reference() };
    let message = Mission::new(scenario, None).unwrap_err().to_string();
    for part in ["scenario \"reference\"", "side_m", "21", "20"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_unknown_shipped_satellite_lists_those_there_are() {
    let scenario = Scenario { target: TargetShape::Embedded("teapot".to_owned()), ..Scenario::reference() };
    let message = Mission::new(scenario, None).unwrap_err().to_string();
    assert!(message.contains("teapot") && message.contains("comsat"), "{message}");
}
