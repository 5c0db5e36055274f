//! A value that its field cannot hold: RON's own messages say neither the value nor what is accepted.

use std::ops::Range;

use ron::error::{Error as Code, SpannedError};

use super::field_path::{field_path_at, token_after};
use super::{FieldProblem, Scenario};

/// What a number's type can hold, but hardly a field accepts: the field's own check then says what it accepts.
const STAND_INS: [&str; 2] = ["4294967295", "NaN"];
/// The largest numbers of the whole types that a scenario has.
const LARGEST: [u64; 2] = [u64::MAX, u32::MAX as u64];
/// Most characters of a value that a message repeats.
const MOST_CHARACTERS: usize = 40;

/// The field, its value and what it accepts, for a text that `parse` refuses with `error` because of the value of one field.
pub(super) fn refused_value(
    text: &str,
    error: &SpannedError,
    parse: &dyn Fn(&str) -> Result<Scenario, SpannedError>,
) -> Option<FieldProblem> {
    let (line, column) = (error.span.start.line, error.span.start.col);
    let field = field_path_at(text, line, column)?;
    let (at, place) = token_after(text, line, column)?;
    let value = &text[place.clone()];
    let is_value = value.starts_with(|c: char| c.is_alphanumeric() || "\"-+._".contains(c));
    if !is_value {
        return None;
    }
    let inside = Inside { text, place: place.clone(), parse };
    let accepted = match &error.code {
        Code::ExpectedString => Some("a text in quotes".to_owned()),
        Code::ExpectedIdentifier => inside.variants(),
        Code::IntegerOutOfBounds | Code::InvalidIntegerDigit { .. } | Code::ExpectedInteger | Code::ExpectedFloat => {
            inside.numbers(&field)
        }
        // A whole number was read, and what follows belongs to it: 6.5.
        Code::ExpectedComma if place.start < at => inside.numbers(&field),
        _ => None,
    }?;
    Some(FieldProblem { field, value: shortened(value), accepted })
}

/// A text in which one value is exchanged for others.
struct Inside<'a> {
    text: &'a str,
    place: Range<usize>,
    parse: &'a dyn Fn(&str) -> Result<Scenario, SpannedError>,
}

impl Inside<'_> {
    fn with(&self, value: &str) -> String {
        format!("{}{value}{}", &self.text[..self.place.start], &self.text[self.place.end..])
    }

    /// Names of an enumeration, told by RON of one that none has.
    fn variants(&self) -> Option<String> {
        match (self.parse)(&self.with("NoSuchName")).err()?.code {
            Code::NoSuchEnumVariant { expected, .. } => Some(format!("{}, without quotes", expected.join(", "))),
            _ => None,
        }
    }

    /// What the field accepts: by its own check, alone or with the rest of the text around it, or else what its type holds.
    fn numbers(&self, field: &str) -> Option<String> {
        for stand_in in STAND_INS {
            for text in [alone(field, stand_in), self.with(stand_in)] {
                let Some(problem) = (self.parse)(&text).ok().and_then(|scenario| scenario.first_problem().err()) else {
                    continue;
                };
                let rest = problem.field.strip_prefix(field);
                if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('[')) {
                    return Some(problem.accepted);
                }
            }
        }
        let holds = |value: &str| (self.parse)(&self.with(value)).is_ok();
        let largest = LARGEST.into_iter().find(|largest| holds(&largest.to_string()));
        largest.map(|largest| format!("a whole number from 0 to {largest}"))
    }
}

/// A scenario that says nothing but one field.
fn alone(field: &str, value: &str) -> String {
    let parts: Vec<&str> = field.split('.').collect();
    format!("({}: {value}{}", parts.join(": ("), ")".repeat(parts.len()))
}

/// The beginning of a value, in one line.
fn shortened(value: &str) -> String {
    let in_line = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = value.chars().take(MOST_CHARACTERS).map(in_line).collect();
    if value.chars().nth(MOST_CHARACTERS).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Scenario::from_ron_str(text, "f").unwrap_err().to_string()
    }

    #[test]
    fn a_value_that_its_type_cannot_hold_is_named_with_what_its_field_accepts() {
        for (text, expected) in [
            ("(steps: 99999999999)", "f:1:9: steps = 99999999999 is not accepted; accepted: 1 to 100000"),
            ("(steps: -3)", "f:1:10: steps = -3 is not accepted; accepted: 1 to 100000"),
            ("(steps: 1e5)", "steps = 1e5 is not accepted; accepted: 1 to 100000"),
            ("(steps: \"3\")", "steps = \"3\" is not accepted; accepted: 1 to 100000"),
            ("(steps: 0x1FFFFFFFFF)", "steps = 0x1FFFFFFFFF is not accepted; accepted: 1 to 100000"),
            ("(camera: (pixels: 6.5))", "camera.pixels = 6.5 is not accepted; accepted: 1 to 255"),
            ("(camera: (pixels: 70000))", "camera.pixels = 70000 is not accepted; accepted: 1 to 255"),
            ("(grid: (cells_per_axis: -8))", "grid.cells_per_axis = -8 is not accepted; accepted: 8 to 64"),
            ("(step_s: \"fast\")", "step_s = \"fast\" is not accepted; accepted: 0.001 to 1000000"),
            ("(step_s: 1.2.3)", "step_s = 1.2.3 is not accepted; accepted: 0.001 to 1000000"),
            ("(grid: (prior: true))", "grid.prior = true is not accepted; accepted: above 0 and below 1"),
            (
                "(chief: (body_radius_km: \"x\"))",
                "chief.body_radius_km = \"x\" is not accepted; accepted: 0 to 1000000000",
            ),
            (
                "(start: (a_roe_m: (0, \"x\", 0, 0, 0, 0)))",
                "start.a_roe_m = \"x\" is not accepted; accepted: -700000 to 700000",
            ),
            (
                "(target: Generated(number: -3))",
                "target.number = -3 is not accepted; accepted: a whole number from 0 to ",
            ),
            (
                "(target: Vox(path: \"a\", object: Number(-3)))",
                "target.object = -3 is not accepted; accepted: a whole number from 0 to 4294967295",
            ),
            ("(name: 5)", "name = 5 is not accepted; accepted: a text in quotes"),
            (
                "(dynamics: \"TwoBody\")",
                "dynamics = \"TwoBody\" is not accepted; accepted: NearCircular, TwoBody, without quotes",
            ),
            // Other mistakes in the same file do not hide what is accepted.
            ("(steps: -3, step_s: \"fast\")", "steps = -3 is not accepted; accepted: 1 to 100000"),
        ] {
            let said = message(text);
            assert!(said.contains(expected), "{text}: {said}");
        }
    }

    #[test]
    fn what_is_no_value_is_told_by_ron() {
        for (text, expected) in [
            ("(steps: 5 name: \"x\")", "steps: Expected comma"),
            ("(steps: )", "steps: Expected integer"),
            ("(steps: [1])", "steps: Expected integer"),
            ("(steps: 5", "steps: Expected comma"),
        ] {
            let said = message(text);
            assert!(said.ends_with(expected), "{text}: {said}");
        }
    }

    #[test]
    fn a_long_value_is_shortened_to_one_line() {
        let said = message(&format!("(steps: \"{}\")", "ab\n".repeat(10_000)));
        assert!(said.contains("accepted: 1 to 100000") && said.len() < 200 && !said.contains('\n'), "{said}");
    }
}
