//! How much of what can be seen an episode has learned, and what it means that this may pass 100 %.

use crate::episode::EpisodeSnapshot;
use crate::panel::figures;

/// Less than this above 1 still prints as 100.0 %.
const PRINTED: f64 = 0.0005;
/// Follows a share above 100 %: what it means stands in the tooltip.
const MARK: &str = "ℹ";

const MEANING: &str = "Share of what an ideal camera could find out that has been found out: entropy removed, over the entropy of all voxels that can be seen from outside.";
const OVERSHOOT: &str = "It may pass 100 %. That is no error of the program: false alarms of the camera make the belief certain also of voxels that no one can see, and this certainty counts too, right or wrong.";

/// Entropy removed over the entropy that an ideal camera could remove. It passes 1 where false alarms make the belief
/// certain of voxels that no one can see.
pub fn learned_fraction(episode: &EpisodeSnapshot) -> f64 {
    (episode.initial_entropy_nats - episode.entropy_nats) / episode.reachable_entropy_nats
}

/// Whether a share is above 100 % as it is printed.
pub(super) fn is_overshoot(fraction: f64) -> bool {
    fraction > 1.0 + PRINTED
}

/// The share in percent, marked where it is above 100 %.
pub(super) fn learned_percent(fraction: f64) -> String {
    let percent = figures::percent(fraction);
    if is_overshoot(fraction) { format!("{percent} {MARK}") } else { percent }
}

/// What the share means, in plain words; `fraction` where one is shown.
pub(super) fn learned_help(fraction: Option<f64>) -> String {
    match fraction.filter(|fraction| is_overshoot(*fraction)) {
        Some(fraction) => format!("{MEANING}\n\nHere it is {}. {OVERSHOOT}", figures::percent(fraction)),
        None => format!("{MEANING}\n\n{OVERSHOOT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_share_that_prints_above_100_percent_is_marked() {
        assert_eq!(learned_percent(0.562), "56.2 %");
        assert_eq!(learned_percent(1.0004), "100.0 %");
        assert_eq!(learned_percent(1.004), "100.4 % ℹ");
    }

    #[test]
    fn the_help_says_why_100_percent_may_be_passed() {
        for fraction in [None, Some(0.5), Some(1.2)] {
            assert!(learned_help(fraction).contains("false alarms"), "{fraction:?}");
        }
    }
}
