//! The learning rate at every step.

/// Half a cosine from `initial` to `last` over `steps` learning steps, `last` ever after (Loshchilov & Hutter 2017,
/// eq. 5, one period). A pure function of the step: nothing to store, nothing to forget when a run goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineDecay {
    /// Rate at step 0.
    pub initial: f64,
    /// Rate from step `steps` on.
    pub last: f64,
    /// Steps of the decay.
    pub steps: u64,
}

impl CosineDecay {
    /// The rate at `step`, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.last;
        }
        let phase = std::f64::consts::PI * step as f64 / self.steps as f64;
        self.last + 0.5 * (self.initial - self.last) * (1.0 + phase.cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_from_first_to_last_and_stays() {
        let decay = CosineDecay { initial: 5e-4, last: 1e-5, steps: 1000 };
        assert_eq!(decay.at(0), 5e-4);
        assert!((decay.at(500) - 2.55e-4).abs() < 1e-12);
        assert_eq!(decay.at(1000), 1e-5);
        assert_eq!(decay.at(u64::MAX), 1e-5);
        assert!((0..1000).all(|step| decay.at(step + 1) < decay.at(step)));
    }

    #[test]
    fn no_steps_means_the_last_rate() {
        assert_eq!(CosineDecay { initial: 1.0, last: 0.1, steps: 0 }.at(0), 0.1);
    }
}
