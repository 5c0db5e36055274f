//! Relative motion against the trajectories of an independent program (`tests/reference/README.md`).

use proxops_core::mission::{Action, ActionSet};
use proxops_core::orbit::{ChiefOrbit, Dynamics, RelativeOrbitalElements, RelativeState};

const PASSIVE: &str = include_str!("../reference/passive_trajectory.csv");
const MANEUVER: &str = include_str!("../reference/maneuver_trajectory.csv");

/// Both programs work in f64; what differs is the order of operations.
const RELATIVE_TOLERANCE: f64 = 1e-9;
/// Inertial positions of 7000 km in two formulations, over one orbit.
const EXACT_TOLERANCE_M: f64 = 1e-3;

const STEP_S: f64 = 120.0;

/// One row of a reference trajectory.
struct Row {
    time_s: f64,
    /// The burn at the start of the interval that ends here; none in the first row.
    action: Option<Action>,
    roe: [f64; 6],
    linear_rtn: [f64; 6],
    exact_position_rtn_m: [f64; 3],
}

fn rows(csv: &str) -> Vec<Row> {
    csv.lines().skip(1).map(parse_row).collect()
}

fn parse_row(line: &str) -> Row {
    let values: Vec<f64> =
        line.split(',').map(|value| value.parse().expect("a number in the reference data")).collect();
    let part = |start: usize| -> [f64; 6] { values[start..start + 6].try_into().expect("six columns") };
    Row {
        time_s: values[0],
        action: (values[1] >= 0.0).then(|| Action::from_index(values[1] as usize).expect("an action index")),
        roe: part(2),
        linear_rtn: part(8),
        exact_position_rtn_m: values[14..17].try_into().expect("three columns"),
    }
}

fn chief() -> ChiefOrbit {
    ChiefOrbit::new(7000.0, 0.001, 98f64.to_radians(), 0.0, 30f64.to_radians(), 0.0).expect("valid elements")
}

/// Flies a reference trajectory's actions and hands each row with the state that should match it.
fn fly(dynamics: Dynamics, csv: &str, mut compare: impl FnMut(&Row, &RelativeState)) {
    let (chief, actions) = (chief(), ActionSet::default());
    let rows = rows(csv);
    assert_eq!(rows.len(), 51, "the reference has 51 states");
    let mut state = dynamics.initial(&chief, RelativeOrbitalElements::from_array(rows[0].roe), 0.0);
    for row in &rows {
        if let Some(action) = row.action {
            let burned = dynamics.apply_impulse(&chief, &state, &actions.impulse(action));
            state = dynamics.propagate(&chief, &burned, STEP_S);
        }
        assert_eq!(state.time_s, row.time_s);
        compare(row, &state);
    }
}

/// Differences count against the size of the whole vector: single components pass through zero.
fn assert_relative(actual: &[f64], expected: &[f64], what: &str) {
    let scale = expected.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    for (a, e) in actual.iter().zip(expected) {
        assert!((a - e).abs() <= RELATIVE_TOLERANCE * scale, "{what}: {actual:?} is not {expected:?}");
    }
}

fn near_circular_matches(csv: &str) {
    fly(Dynamics::NearCircular, csv, |row, state| {
        assert_relative(&state.roe.as_array(), &row.roe, &format!("elements at {} s", row.time_s));
        let rtn = Dynamics::NearCircular.rtn(&chief(), state);
        let (position, velocity) = (rtn.position_rtn_m.to_array(), rtn.velocity_rtn_m_s.to_array());
        assert_relative(&position, &row.linear_rtn[..3], &format!("position at {} s", row.time_s));
        assert_relative(&velocity, &row.linear_rtn[3..], &format!("velocity at {} s", row.time_s));
    });
}

fn two_body_matches(csv: &str) {
    fly(Dynamics::TwoBody, csv, |row, state| {
        let position = Dynamics::TwoBody.rtn(&chief(), state).position_rtn_m;
        let error_m = (position - glam::DVec3::from_array(row.exact_position_rtn_m)).length();
        assert!(error_m <= EXACT_TOLERANCE_M, "{error_m} m off at {} s", row.time_s);
    });
}

#[test]
fn near_circular_motion_matches_the_passive_reference() {
    near_circular_matches(PASSIVE);
}

#[test]
fn near_circular_motion_matches_the_maneuver_reference() {
    near_circular_matches(MANEUVER);
}

#[test]
fn two_body_motion_matches_the_passive_reference() {
    two_body_matches(PASSIVE);
}

#[test]
fn two_body_motion_matches_the_maneuver_reference() {
    two_body_matches(MANEUVER);
}

/// The published accuracy of the model that searches use: at most 0.41 m over 50 passive steps.
#[test]
fn near_circular_motion_stays_within_its_stated_error_of_exact_motion() {
    let mut largest_m = 0.0f64;
    fly(Dynamics::NearCircular, PASSIVE, |row, state| {
        let position = Dynamics::NearCircular.rtn(&chief(), state).position_rtn_m;
        largest_m = largest_m.max((position - glam::DVec3::from_array(row.exact_position_rtn_m)).length());
    });
    assert!((0.40..0.42).contains(&largest_m), "{largest_m} m");
}
