//! A time in minutes as an option.

/// Reads 0 to 1000000 minutes.
pub fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "expected a number of minutes".to_owned())?;
    if (0.0..=1e6).contains(&minutes) { Ok(minutes) } else { Err("accepted are 0 to 1000000".to_owned()) }
}
