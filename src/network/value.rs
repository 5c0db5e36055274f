//! What the value head predicts.
//!
//! With `h = H(b)/H₀` the entropy that remains as a fraction of the episode's initial entropy, the return to come
//! `G = Σ γᵏ r` of the reward `r = (H_before − H_after)/H₀ − λ|Δv|` cannot exceed `h`: no more can be learned than
//! is unknown. The head therefore predicts
//!
//! `v = G / h`, the fraction of the remaining entropy that will be learned, less the cost of burns in the same unit,
//!
//! through a hyperbolic tangent, so `−1 < v < 1`. `v = 1` means that everything still unknown is learned at once and
//! free of charge, `v = 0` that nothing is gained, `v < 0` that burns cost more than their images bring. A target
//! below −1 is clamped: how bad a bad plan is does not matter to the search.

/// Return to come for the value `v` of the head; `remaining_entropy` is H(b)/H₀.
pub fn return_from_value(value: f32, remaining_entropy: f64) -> f64 {
    f64::from(value) * remaining_entropy
}

/// Target of the value head for the return to come `return_to_come` from a belief with `remaining_entropy` = H(b)/H₀.
/// Zero where nothing remains to be learned.
pub fn value_target(return_to_come: f64, remaining_entropy: f64) -> f32 {
    if remaining_entropy <= 0.0 {
        return 0.0;
    }
    (return_to_come / remaining_entropy).clamp(-1.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_within_bounds_comes_back() {
        for (gain, remaining) in [(0.31, 0.62), (-0.02, 0.5), (0.0, 0.1), (0.9, 0.9)] {
            let back = return_from_value(value_target(gain, remaining), remaining);
            assert!((back - gain).abs() < 1e-7, "{gain} came back as {back}");
        }
    }

    #[test]
    fn targets_stay_within_the_range_of_the_head() {
        assert_eq!(value_target(-3.0, 0.5), -1.0);
        assert_eq!(value_target(0.2, 0.1), 1.0);
        assert_eq!(value_target(0.2, 0.0), 0.0);
    }
}
