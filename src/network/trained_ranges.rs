//! What a network was trained on, to be compared with what it is to plan.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mission::Scenario;

/// Relative difference that rounding may make.
const ROUNDING: f64 = 1e-9;

/// The scenarios that a network was trained on: for every value of a scenario that its decisions depend on, the range that
/// training has shown it. The target is not among them, for a network has to find its shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedRanges {
    /// Name of the scenario that training made its missions from.
    scenario: String,
    /// Least and largest number by the path of the field, as in a scenario file.
    numbers: BTreeMap<String, [f64; 2]>,
    /// Choices that are no numbers, by the path of the field.
    choices: BTreeMap<String, String>,
}

/// A value of a scenario that lies outside what a network was trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideTraining {
    /// Path of the field, as in a scenario file; it names the unit.
    pub path: String,
    /// Its value, or the range of its values.
    pub value: String,
    /// What training had.
    pub trained: String,
}

impl fmt::Display for OutsideTraining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, value, trained } = self;
        write!(f, "{path} = {value} (trained with {trained})")
    }
}

impl TrainedRanges {
    /// The ranges of one scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let numbers = numbers(scenario).map(|(path, range)| (path.to_owned(), range));
        let choices = choices(scenario).map(|(path, choice)| (path.to_owned(), choice));
        Self { scenario: scenario.name.clone(), numbers: numbers.into(), choices: choices.into() }
    }

    /// These ranges, made wide enough to hold `scenario` too. Its choices must be the same.
    pub fn with(mut self, scenario: &Scenario) -> Self {
        for (path, [low, high]) in numbers(scenario) {
            let range = self.numbers.entry(path.to_owned()).or_insert([low, high]);
            *range = [range[0].min(low), range[1].max(high)];
        }
        self
    }

    /// Name of the scenario that training made its missions from.
    pub fn scenario(&self) -> &str {
        &self.scenario
    }

    /// Every value of a scenario that lies outside; none where all are inside.
    pub fn outside(&self, scenario: &Scenario) -> Vec<OutsideTraining> {
        let numbers = numbers(scenario).into_iter().filter_map(|(path, flown)| {
            let trained = *self.numbers.get(path)?;
            let is_inside = at_least(flown[0], trained[0]) && at_least(-flown[1], -trained[1]);
            (!is_inside).then(|| OutsideTraining { path: path.into(), value: text(flown), trained: text(trained) })
        });
        let choices = choices(scenario).into_iter().filter_map(|(path, value)| {
            let trained = self.choices.get(path).filter(|trained| **trained != value)?.clone();
            Some(OutsideTraining { path: path.into(), value, trained })
        });
        numbers.chain(choices).collect()
    }

    /// Every range has its least number first.
    pub(super) fn validate(&self) -> Result<(), String> {
        match self.numbers.iter().find(|(_, [low, high])| low > high) {
            None => Ok(()),
            Some((path, [low, high])) => Err(format!("trained range of {path}: {low} to {high} is upside down")),
        }
    }
}

fn at_least(value: f64, limit: f64) -> bool {
    value >= limit - ROUNDING * limit.abs()
}

fn text([low, high]: [f64; 2]) -> String {
    // Sums and products of what a person wrote: their last digits are rounding.
    let short = |number: f64| format!("{number:.6e}").parse::<f64>().unwrap_or(number);
    match (short(low), short(high)) {
        (low, high) if low == high => low.to_string(),
        (low, high) => format!("{low} to {high}"),
    }
}

/// The numbers that decisions depend on. Where the line of nodes and the perigee lie, and where on its orbit the chief begins,
/// is only seen through the argument of latitude, which goes all round in training too.
fn numbers(scenario: &Scenario) -> [(&'static str, [f64; 2]); 23] {
    let Scenario { chief, start, actions, camera, sensor, grid, reward, .. } = scenario;
    let one = |number: f64| [number, number];
    let start = |k: usize| [start.a_roe_m[k] - start.spread_m[k], start.a_roe_m[k] + start.spread_m[k]];
    [
        ("chief.semi_major_axis_km", one(chief.semi_major_axis_km)),
        ("chief.eccentricity", one(chief.eccentricity)),
        ("chief.inclination_deg", one(chief.inclination_deg)),
        ("chief.mu_km3_s2", one(chief.mu_km3_s2)),
        ("start.a_roe_m[0]", start(0)),
        ("start.a_roe_m[1]", start(1)),
        ("start.a_roe_m[2]", start(2)),
        ("start.a_roe_m[3]", start(3)),
        ("start.a_roe_m[4]", start(4)),
        ("start.a_roe_m[5]", start(5)),
        ("step_s", one(scenario.step_s)),
        // Every episode ends with one step left.
        ("steps", [1.0, f64::from(scenario.steps)]),
        ("actions.small_dv_m_s", one(actions.small_dv_m_s)),
        ("actions.large_dv_m_s", one(actions.large_dv_m_s)),
        ("camera.fov_deg", one(camera.fov_deg)),
        ("camera.pixels", one(f64::from(camera.pixels))),
        ("sensor.p_hit_occupied", one(sensor.p_hit_occupied)),
        ("sensor.p_hit_empty", one(sensor.p_hit_empty)),
        ("grid.voxel_size_m", one(grid.voxel_size_m)),
        ("grid.prior", one(grid.prior)),
        ("reward.dv_cost_per_m_s", one(reward.dv_cost_per_m_s)),
        ("reward.discount", one(reward.discount)),
        ("reward.keep_out_cost", one(reward.keep_out_cost)),
    ]
}

/// The choices that decisions depend on, spelt as in a scenario file.
fn choices(scenario: &Scenario) -> [(&'static str, String); 2] {
    [
        ("dynamics", format!("{:?}", scenario.dynamics)),
        ("sensor.update_rule", format!("{:?}", scenario.sensor.update_rule)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbit::Dynamics;

    fn told(ranges: &TrainedRanges, scenario: &Scenario) -> Vec<String> {
        ranges.outside(scenario).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_scenario_is_inside_its_own_ranges_and_a_shorter_one_too() {
        let scenario = Scenario::embedded("standoff_200m").unwrap();
        let ranges = TrainedRanges::of(&scenario);
        assert!(told(&ranges, &scenario).is_empty());
        assert!(told(&ranges, &Scenario { steps: 6, ..scenario }).is_empty());
    }

    #[test]
    fn every_value_outside_is_named_with_what_it_is_and_what_was_trained() {
        let scenario = Scenario::embedded("standoff_200m").unwrap();
        let mut near = scenario.clone();
        near.start.a_roe_m[1] = 150.0;
        let ranges = TrainedRanges::of(&scenario).with(&near);
        let mut other = scenario.clone();
        other.camera.fov_deg = 2.0;
        other.start.a_roe_m[1] = 100.0;
        other.dynamics = Dynamics::TwoBody;
        let expected = [
            "start.a_roe_m[1] = 90 to 110 (trained with 140 to 210)",
            "camera.fov_deg = 2 (trained with 10)",
            "dynamics = TwoBody (trained with NearCircular)",
        ];
        assert_eq!(told(&ranges, &other), expected);
    }

    #[test]
    fn ranges_survive_their_file_and_are_refused_upside_down() {
        let ranges = TrainedRanges::of(&Scenario::reference());
        let text = serde_json::to_string(&ranges).unwrap();
        let read: TrainedRanges = serde_json::from_str(&text).unwrap();
        assert!(told(&read, &Scenario::reference()).is_empty());
        read.validate().unwrap();
        let mut wrong = ranges;
        wrong.numbers.insert("grid.prior".into(), [0.5, 0.1]);
        assert_eq!(wrong.validate().unwrap_err(), "trained range of grid.prior: 0.5 to 0.1 is upside down");
    }
}
