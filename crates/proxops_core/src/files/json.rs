//! JSON whose numbers come back: a number that is not finite is refused instead of becoming `null`.

use std::io;

use serde::{Deserialize, Deserializer, Serialize};

use super::finite::check;

/// One line.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] naming the field that is not finite.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> io::Result<Vec<u8>> {
    check(value).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(serde_json::to_vec(value)?)
}

/// For people.
///
/// # Errors
/// As [`to_vec`].
pub fn to_vec_pretty<T: Serialize + ?Sized>(value: &T) -> io::Result<Vec<u8>> {
    check(value).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(serde_json::to_vec_pretty(value)?)
}

/// For `#[serde(deserialize_with)]`: a number, or the `null` that older files have in the place of one that was not finite.
///
/// # Errors
/// Whatever else stands there.
pub fn number_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// As [`number_or_null`], single precision.
///
/// # Errors
/// Whatever else stands there.
pub fn single_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f32::NAN))
}

/// As [`number_or_null`], for a list.
///
/// # Errors
/// Whatever else stands there.
pub fn numbers_or_nulls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let numbers = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(numbers.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}
