//! Means and how sure they are.

/// Mean and half the width of its 95 % interval, by Student's t for up to 30 samples and the normal law beyond.
pub fn mean_and_interval(samples: &[f64]) -> (f64, f64) {
    /// Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
    const STUDENT: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];
    let count = samples.len();
    let mean = samples.iter().sum::<f64>() / count.max(1) as f64;
    if count < 2 {
        return (mean, f64::INFINITY);
    }
    let variance = samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
    let quantile = STUDENT.get(count - 2).copied().unwrap_or(1.96);
    (mean, quantile * (variance / count as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_students() {
        let (mean, half) = mean_and_interval(&[1.0, 2.0, 3.0]);
        // Standard deviation 1, three samples: 4.303/√3.
        assert!((mean - 2.0).abs() < 1e-12 && (half - 4.303 / 3_f64.sqrt()).abs() < 1e-12);
        assert_eq!(mean_and_interval(&[1.0]).1, f64::INFINITY);
    }
}
