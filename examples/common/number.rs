//! Numbers as options: what is refused says what is accepted.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Reads whole numbers of a range.
pub fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| in_range(text, &range, "whole numbers")
}

/// Reads numbers of a range.
pub fn number(range: RangeInclusive<f64>) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| in_range(text, &range, "numbers")
}

fn in_range<T: FromStr + PartialOrd + Display>(text: &str, range: &RangeInclusive<T>, what: &str) -> Result<T, String> {
    let number = text.trim().parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("accepted are {what} from {} to {}", range.start(), range.end()))
}
