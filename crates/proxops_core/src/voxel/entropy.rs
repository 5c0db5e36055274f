//! Binary entropy as a function of log-odds, in straight-line arithmetic that compilers can put into vector lanes.

/// Beyond this |log-odds| the entropy is below 1e-300 nats and `exp` would leave the normal numbers.
const LARGEST_LOG_ODDS: f64 = 700.0;

/// Taylor coefficients 1/k! of the exponential; on |r| ≤ ln2/2 the twelve terms leave 7e-15 relative.
const EXP: [[f64; 4]; 3] = [
    [1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0],
    [1.0 / 40_320.0, 1.0 / 362_880.0, 1.0 / 3_628_800.0, 1.0 / 39_916_800.0],
];

/// Chebyshev interpolation of atanh(√z)/√z on 0 ≤ z ≤ 1/9, good to 3e-16.
const ATANH: [[f64; 4]; 3] = [
    [1.0, 0.33333333333341286, 0.199999999976438, 0.1428571455582858],
    [0.11111095430673142, 0.09091429900236955, 0.07681838124445817, 0.06795652742789947],
    [0.04940394524382393, 0.08890381913056651, 0.0, 0.0],
];

/// Four interleaved Horner schemes in x⁴: a quarter of the chain of dependent operations of one.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[[f64; 4]; N], x: f64) -> f64 {
    let square = x * x;
    let fourth = square * square;
    let mut sums = coefficients[N - 1];
    for group in coefficients[..N - 1].iter().rev() {
        for (sum, coefficient) in sums.iter_mut().zip(group) {
            *sum = *sum * fourth + coefficient;
        }
    }
    (sums[0] + sums[1] * x) + (sums[2] + sums[3] * x) * square
}

/// `exp(−x)` for 0 ≤ x ≤ 700 by Cody–Waite range reduction.
#[inline(always)]
fn exp_of_negative(x: f64) -> f64 {
    // Adding and subtracting 1.5·2⁵² rounds to an integer, which then sits in the low mantissa bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let shifted = -x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (-x - k * LN2_HIGH) - k * LN2_LOW;
    let power_of_two = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    polynomial(&EXP, r) * power_of_two
}

/// Entropy in nats of a voxel whose log-odds of being occupied are `log_odds`: `softplus(|L|) − |L|·σ(|L|)`.
///
/// Stable for every finite value; at most ln 2, even in `log_odds`; absolute error below 5e-15.
#[inline(always)]
pub fn entropy_of_log_odds(log_odds: f64) -> f64 {
    let a = log_odds.abs().min(LARGEST_LOG_ODDS);
    let e = exp_of_negative(a);
    // One division serves both e/(1+e), the smaller probability, and e/(2+e), the argument of atanh in ln(1+e).
    let reciprocal = 1.0 / ((1.0 + e) * (2.0 + e));
    let smaller_probability = e * (2.0 + e) * reciprocal;
    let s = e * (1.0 + e) * reciprocal;
    2.0 * s * polynomial(&ATANH, s * s) + a * smaller_probability
}

/// Sum of [`entropy_of_log_odds`] over a slice, in nats. The order of additions is fixed: eight running sums.
#[inline(always)]
pub(crate) fn entropy_of_slice(log_odds: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (groups, rest) = log_odds.as_chunks::<8>();
    for group in groups {
        for (lane, &l) in lanes.iter_mut().zip(group) {
            *lane += entropy_of_log_odds(l);
        }
    }
    for (lane, &l) in lanes.iter_mut().zip(rest) {
        *lane += entropy_of_log_odds(l);
    }
    lanes.iter().sum()
}

/// Probability of occupancy `1/(1 + e^−L)` for log-odds `L`.
#[inline(always)]
pub fn probability_of_log_odds(log_odds: f64) -> f64 {
    let e = exp_of_negative(log_odds.abs().min(LARGEST_LOG_ODDS));
    let smaller = e / (1.0 + e);
    if log_odds >= 0.0 { 1.0 - smaller } else { smaller }
}

/// Log-odds `ln(p/(1−p))` of a probability in (0, 1).
pub fn log_odds_of_probability(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

/// Entropy in nats of a binary variable that is true with `probability`.
pub fn entropy_of_probability(probability: f64) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    term(probability) + term(1.0 - probability)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use super::*;

    /// The error promised by `entropy_of_log_odds`.
    const ENTROPY_TOLERANCE_NATS: f64 = 5e-15;

    fn textbook_entropy(l: f64) -> f64 {
        let a = l.abs();
        let e = (-a).exp();
        e.ln_1p() + a * e / (1.0 + e)
    }

    #[test]
    fn entropy_agrees_with_the_library_functions_everywhere() {
        for i in -80_000..=80_000 {
            let l = f64::from(i) * 1e-3;
            let error = (entropy_of_log_odds(l) - textbook_entropy(l)).abs();
            assert!(error < ENTROPY_TOLERANCE_NATS, "L = {l}: {error}");
        }
        for l in [1e3, -1e3, 1e300, f64::INFINITY] {
            assert!((0.0..1e-300).contains(&entropy_of_log_odds(l)), "{l}");
        }
        assert!((entropy_of_log_odds(0.0) - LN_2).abs() < ENTROPY_TOLERANCE_NATS);
    }

    #[test]
    fn probability_inverts_log_odds() {
        for p in [1e-12, 1e-3, 0.047, 0.5, 0.7, 0.999_999] {
            let back = probability_of_log_odds(log_odds_of_probability(p));
            assert!((back - p).abs() < 1e-14 * p.max(0.1), "{p} {back}");
        }
        assert!((entropy_of_probability(0.3) - entropy_of_log_odds(log_odds_of_probability(0.3))).abs() < 1e-14);
    }
}
