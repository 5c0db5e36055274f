use super::SensorModel;
use super::ray_packet::{LANES, Lanes, bits_where};

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
    /// Occupied voxels seen through before one is reported.
    pub misses: u32,
}

impl RayNoise {
    pub const NEVER: u32 = u32::MAX;
}

/// The noise of sixteen neighbouring rays.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketNoise {
    /// Voxels that the packet's rays have walked since they met the grid.
    walked: u32,
    /// Voxels that each ray walks before a false alarm, occupied ones seen through among them.
    alarm_after: Lanes<u32>,
    /// No alarm comes before so many voxels.
    earliest_alarm: u32,
    pub misses: Lanes<u32>,
}

impl PacketNoise {
    /// Walks on, and gives the rays with a false alarm within these voxels, the first in the lowest bit.
    #[inline(always)]
    pub fn alarms_within(&mut self, voxels: u32) -> u32 {
        self.walked += voxels;
        if self.walked <= self.earliest_alarm { 0 } else { bits_where(|lane| self.alarm_after.0[lane] < self.walked) }
    }

    /// What was left to one ray before the last so many voxels.
    pub fn left(&self, lane: usize, voxels: u32) -> RayNoise {
        let empties = self.alarm_after.0[lane] - (self.walked - voxels);
        RayNoise { empties, misses: self.misses.0[lane] }
    }

    /// Sets what is left to one ray now.
    pub fn set_left(&mut self, lane: usize, left: RayNoise) {
        self.alarm_after.0[lane] = left.empties.saturating_add(self.walked);
        self.misses.0[lane] = left.misses;
    }
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

    /// The noise of ray number `ray` in the image with `key`.
    #[inline(always)]
    pub fn of_ray(&self, key: u64, ray: u32) -> RayNoise {
        let random = random_of_ray(key, ray);
        let (high, low) = (random >> 32, random & u64::from(u32::MAX));
        let silent = self.silence.last().is_some_and(|&whole_way| high < whole_way);
        RayNoise {
            empties: if silent { RayNoise::NEVER } else { passed(&self.silence, high) },
            misses: passed(&self.miss, low),
        }
    }

    /// The noise of sixteen rays given by number: that of [`of_ray`](Self::of_ray), found by vector
    /// arithmetic but for the few rays that noise touches.
    #[inline(always)]
    pub fn of_packet(&self, key: u64, rays: &Lanes<u32>) -> PacketNoise {
        let silent_below = self.silence.last().copied().unwrap_or(0);
        let missing_below = self.miss.first().copied().unwrap_or(0);
        let mut noise = PacketNoise {
            walked: 0,
            alarm_after: Lanes([RayNoise::NEVER; LANES]),
            earliest_alarm: RayNoise::NEVER,
            misses: Lanes([0; LANES]),
        };
        let mut touched = bits_where(|lane| {
            let random = random_of_ray(key, rays.0[lane]);
            let (high, low) = (random >> 32, random & u64::from(u32::MAX));
            (high >= silent_below) | (low < missing_below)
        });
        while touched != 0 {
            let lane = touched.trailing_zeros() as usize;
            let of_ray = self.of_ray(key, rays.0[lane]);
            noise.set_left(lane, of_ray);
            noise.earliest_alarm = noise.earliest_alarm.min(of_ray.empties);
            touched &= touched - 1;
        }
        noise
    }
}

/// A number of 64 random bits for every ray of every image: SplitMix64 (Steele, Lea & Flood 2014) as a counter.
#[inline(always)]
fn random_of_ray(key: u64, ray: u32) -> u64 {
    let mut z = key.wrapping_add((u64::from(ray) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// How many of the falling thresholds lie above a random number of 32 bits.
#[inline(always)]
fn passed(thresholds: &[u64], random: u64) -> u32 {
    thresholds.partition_point(|&threshold| random < threshold) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAYS: u32 = 400_000;

    #[test]
    fn a_packet_has_the_noise_of_its_rays() {
        for sensor in [SensorModel::reference(), SensorModel::perfect(), SensorModel::new(0.4, 0.3).unwrap()] {
            let table = NoiseTable::new(sensor, 58);
            for first_ray in (0..4096).step_by(LANES) {
                let packet = table.of_packet(77, &Lanes(std::array::from_fn(|lane| first_ray + lane as u32)));
                for lane in 0..LANES {
                    let ray = packet.left(lane, 0);
                    assert_eq!(ray, table.of_ray(77, first_ray + lane as u32));
                }
            }
        }
    }

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
            let share = noise().filter(|&n| n.misses >= misses).count() as f64 / f64::from(RAYS);
            assert!((share - expected).abs() < 5.0 * (expected / f64::from(RAYS)).sqrt(), "{misses}: {share}");
        }
        let (mut early, mut early_and_missed) = (0.0, 0.0);
        for noise in (0..RAYS).map(|ray| table.of_ray(5, ray)).filter(|n| n.empties < 20) {
            early += 1.0;
            early_and_missed += f64::from(u8::from(noise.misses > 0));
        }
        assert!((early_and_missed / early - 0.3).abs() < 5.0 * (0.21_f64 / early).sqrt());
    }

    #[test]
    fn a_perfect_sensor_has_neither_misses_nor_false_alarms() {
        let table = NoiseTable::new(SensorModel::perfect(), 58);
        for ray in 0..100_000 {
            let noise = table.of_ray(0, ray);
            assert_eq!((noise.empties, noise.misses), (RayNoise::NEVER, 0));
        }
    }
}
