//! Numbers as the panels print them: SI units, fixed decimals and fixed width, so that live figures do not jump.

/// Stands where a value is not known.
pub const UNKNOWN: &str = "–";

/// Entropy in nats, one decimal.
pub fn entropy(nats: f64) -> String {
    finite(nats, |v| format!("{} nat", grouped(v, 1)))
}

/// A fraction in percent, one decimal.
pub fn percent(fraction: f64) -> String {
    finite(fraction, |v| format!("{:.1} %", 100.0 * v))
}

/// A share in whole percent, for figures that change often.
pub fn share(fraction: f64) -> String {
    finite(fraction, |v| format!("{:.0} %", 100.0 * v))
}

/// A reward or value with its sign, in shares of the initial entropy.
pub fn reward(reward: f64) -> String {
    finite(reward, |v| format!("{v:+.4}"))
}

/// Events per minute.
pub fn per_minute(per_min: f64) -> String {
    finite(per_min, |v| if v >= 100.0 { format!("{v:.0} /min") } else { format!("{v:.1} /min") })
}

/// A velocity change in metres per second, to the millimetre per second.
pub fn dv(dv_m_s: f64) -> String {
    finite(dv_m_s, |v| format!("{v:.3} m/s"))
}

/// A distance in metres, one decimal.
pub fn range(range_m: f64) -> String {
    finite(range_m, |v| format!("{} m", grouped(v, 1)))
}

/// A count with thin spaces between thousands.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// Events per second with an SI prefix and three significant digits or one decimal, whichever is shorter.
pub fn rate(per_s: f64) -> String {
    finite(per_s, |v| match v.abs() {
        v_abs if v_abs >= 1e6 => format!("{:.2} M/s", v / 1e6),
        v_abs if v_abs >= 1e4 => format!("{:.1} k/s", v / 1e3),
        v_abs if v_abs >= 1e3 => format!("{:.2} k/s", v / 1e3),
        v_abs if v_abs >= 100.0 => format!("{v:.0} /s"),
        _ => format!("{v:.1} /s"),
    })
}

/// A duration in milliseconds, one decimal.
pub fn milliseconds(seconds: f64) -> String {
    finite(seconds, |v| format!("{:.1} ms", 1e3 * v))
}

/// A parameter's value: as many digits as tell it from its neighbours, never a run of zeros.
pub fn plain(value: f64) -> String {
    finite(value, |v| {
        let magnitude = v.abs();
        if v == 0.0 || (1e-4..1e7).contains(&magnitude) {
            let decimals = if magnitude >= 1000.0 { 1 } else { 6 };
            let text = format!("{v:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        } else {
            format!("{v:e}")
        }
    })
}

fn finite(value: f64, format: impl FnOnce(f64) -> String) -> String {
    if value.is_finite() { format(value) } else { UNKNOWN.to_owned() }
}

fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let sign = if value.is_sign_negative() && value != 0.0 { "−" } else { "" };
    format!("{sign}{}.{fraction}", count(whole.parse().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_carry_their_unit() {
        assert_eq!(entropy(5545.177), "5\u{2009}545.2 nat");
        assert_eq!(percent(0.4213), "42.1 %");
        assert_eq!(dv(0.05), "0.050 m/s");
        assert_eq!(range(-12.25), "−12.2 m");
        assert_eq!(milliseconds(0.0167), "16.7 ms");
        assert_eq!(share(0.417), "42 %");
        assert_eq!(reward(0.12346), "+0.1235");
        assert_eq!(per_minute(7.26), "7.3 /min");
    }

    #[test]
    fn rates_take_an_si_prefix() {
        assert_eq!(rate(3.12), "3.1 /s");
        assert_eq!(rate(314.2), "314 /s");
        assert_eq!(rate(3142.0), "3.14 k/s");
        assert_eq!(rate(31_420.0), "31.4 k/s");
        assert_eq!(rate(3_142_000.0), "3.14 M/s");
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1\u{2009}234\u{2009}567");
    }

    #[test]
    fn values_without_meaning_print_a_dash() {
        assert_eq!(entropy(f64::NAN), UNKNOWN);
        assert_eq!(rate(f64::INFINITY), UNKNOWN);
    }

    #[test]
    fn parameter_values_drop_trailing_zeros_only_after_the_point() {
        assert_eq!(plain(3000.0), "3000");
        assert_eq!(plain(1.4), "1.4");
        assert_eq!(plain(0.001), "0.001");
        assert_eq!(plain(0.0), "0");
        assert_eq!(plain(1e-9), "1e-9");
    }
}
