use super::SensorModel;

/// What noise does to one ray, decided before the ray is cast: how many occupied voxels it sees through before it
/// would report one, and how many empty voxels it passes before a false alarm.
///
/// Both numbers are geometric: a test per voxel crossed has the same distribution, but one 64-bit number per *ray*
/// is enough. That number is a function of the image's key and the ray's number, so rays may be cast in any order.
#[derive(Debug, Clone)]
pub(super) struct NoiseTable {
    sensor: SensorModel,
    /// Entry `k`: probability, times 2³², of passing `k + 1` empty voxels without a false alarm.
    silence: Vec<u64>,
    /// Entry `k`: probability, times 2³², of seeing through `k + 1` occupied voxels.
    miss: Vec<u64>,
}

/// The noise of one ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RayNoise {
    /// Empty voxels passed before a false alarm; [`RayNoise::NEVER`] if the longest ray would not meet one.
    pub empties: u32,
    random: u32,
}

impl RayNoise {
    pub const NEVER: u32 = u32::MAX;
}

impl NoiseTable {
    /// `most_crossings` is the largest number of voxels that a ray can cross.
    pub fn new(sensor: SensorModel, most_crossings: usize) -> Self {
        // Repeated products, not `powi`, whose last bits depend on the platform.
        let powers = |base: f64| {
            std::iter::successors(Some(base), |power| Some(power * base))
                .take(most_crossings)
                .map(|power| (power * 4_294_967_296.0) as u64)
                .take_while(|&threshold| threshold > 0)
                .collect()
        };
        Self { sensor, silence: powers(1.0 - sensor.p_hit_empty()), miss: powers(1.0 - sensor.p_hit_occupied()) }
    }

    pub const fn sensor(&self) -> &SensorModel {
        &self.sensor
    }

    /// The noise of ray number `ray` in the image with `key`: SplitMix64 (Steele, Lea & Flood 2014) as a counter.
    #[inline(always)]
    pub fn of_ray(&self, key: u64, ray: u32) -> RayNoise {
        let mut z = key.wrapping_add((u64::from(ray) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        RayNoise { empties: self.empties_before_alarm(z >> 32), random: z as u32 }
    }

    #[inline(always)]
    fn empties_before_alarm(&self, random: u64) -> u32 {
        match self.silence.last() {
            Some(&never) if random < never => RayNoise::NEVER,
            _ => self.silence.partition_point(|&threshold| random < threshold) as u32,
        }
    }

    /// Occupied voxels that the ray sees through before it reports one.
    #[inline(always)]
    pub fn misses(&self, noise: RayNoise) -> u32 {
        self.miss.iter().take_while(|&&threshold| u64::from(noise.random) < threshold).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAYS: u32 = 400_000;

    #[test]
    fn distances_to_false_alarms_are_geometric() {
        let table = NoiseTable::new(SensorModel::new(0.9, 0.02).unwrap(), 58);
        for passed in [0, 1, 5, 20, 57] {
            let silent = (0..RAYS).filter(|&ray| table.of_ray(11, ray).empties > passed).count();
            let expected = 0.98_f64.powi(passed as i32 + 1);
            let deviation = (expected * (1.0 - expected) / f64::from(RAYS)).sqrt();
            assert!((silent as f64 / f64::from(RAYS) - expected).abs() < 5.0 * deviation, "{passed}: {silent}");
        }
    }

    #[test]
    fn runs_of_missed_voxels_are_geometric_and_independent_of_false_alarms() {
        let table = NoiseTable::new(SensorModel::new(0.7, 0.02).unwrap(), 58);
        for misses in 1..5 {
            let noise = || (0..RAYS).map(|ray| table.of_ray(5, ray));
            let expected = 0.3_f64.powi(misses as i32);
            let share = noise().filter(|&n| table.misses(n) >= misses).count() as f64 / f64::from(RAYS);
            assert!((share - expected).abs() < 5.0 * (expected / f64::from(RAYS)).sqrt(), "{misses}: {share}");
        }
        let (mut early, mut early_and_missed) = (0.0, 0.0);
        for noise in (0..RAYS).map(|ray| table.of_ray(5, ray)).filter(|n| n.empties < 20) {
            early += 1.0;
            early_and_missed += f64::from(u8::from(table.misses(noise) > 0));
        }
        assert!((early_and_missed / early - 0.3).abs() < 5.0 * (0.21_f64 / early).sqrt());
    }

    #[test]
    fn a_perfect_sensor_has_neither_misses_nor_false_alarms() {
        let table = NoiseTable::new(SensorModel::perfect(), 58);
        for ray in 0..100_000 {
            let noise = table.of_ray(0, ray);
            assert_eq!((noise.empties, table.misses(noise)), (RayNoise::NEVER, 0));
        }
    }
}
