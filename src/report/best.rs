use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::search::{ParallelConfig, PlannerKind, SearchMode};

use super::{Measurement, Regret, ReportError};

/// Far more than two settings and their reasons.
const LARGEST_FILE_BYTES: u64 = 1 << 20;

/// The fastest setting of one planner that was shown to decide as well as the serial search: [`Regret::is_as_good_as_serial`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestSetting {
    /// Who plans.
    pub planner: PlannerKind,
    /// How one tree is searched.
    pub parallel: ParallelConfig,
    /// Threads that plan and observe.
    pub workers: usize,
    /// Episodes in parallel.
    pub episodes: u32,
    /// Why this one, in one sentence.
    pub why: String,
}

/// The best settings of a machine, one a planner: a file that `watch` offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestSettings {
    /// The machine they were measured on.
    pub machine: String,
    /// At most one a planner.
    pub settings: Vec<BestSetting>,
}

impl BestSettings {
    /// Where `efficiency --apply` writes and `watch` looks, below the working directory.
    pub const DEFAULT_PATH: &str = "out/efficiency/best.ron";

    /// Picks for every planner the fastest measured setting among those that were shown to decide as well as the
    /// serial search.
    pub fn find(machine: String, measurements: &[Measurement], regrets: &[Regret]) -> Self {
        let settings = [PlannerKind::Mcts, PlannerKind::AlphaZero]
            .into_iter()
            .filter_map(|planner| best_of(planner, measurements, regrets))
            .collect();
        Self { machine, settings }
    }

    /// The setting of a planner.
    pub fn of(&self, planner: PlannerKind) -> Option<&BestSetting> {
        self.settings.iter().find(|setting| setting.planner == planner)
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`ReportError::File`] naming the file, with line and column of what is wrong.
    pub fn load(path: &Path) -> Result<Self, ReportError> {
        let failed = |reason: String| ReportError::File { path: path.to_owned(), reason };
        let text =
            files::read_text(path, LARGEST_FILE_BYTES).map_err(|error| failed(format!("cannot be read: {error}")))?;
        ron::from_str(&text).map_err(|error| failed(error.to_string()))
    }

    /// Writes the settings, whole or not at all.
    ///
    /// # Errors
    /// [`ReportError::File`].
    pub fn save(&self, path: &Path) -> Result<(), ReportError> {
        let failed = |reason: String| ReportError::File { path: path.to_owned(), reason };
        let text = ron::ser::to_string_pretty(self, Default::default()).map_err(|error| failed(error.to_string()))?;
        super::efficiency::write_whole(path, text.as_bytes())
    }
}

fn best_of(planner: PlannerKind, measurements: &[Measurement], regrets: &[Regret]) -> Option<BestSetting> {
    let own = || measurements.iter().filter(|measured| measured.point.planner == planner);
    // A mode that was not judged was not shown to decide as well.
    let is_as_good = |measured: &Measurement| {
        let mode = measured.point.mode;
        let judged = regrets.iter().find(|regret| regret.planner == planner && regret.mode == mode);
        mode == SearchMode::Serial || judged.is_some_and(Regret::is_as_good_as_serial)
    };
    let fastest = |of: &mut dyn Iterator<Item = &Measurement>| -> Option<Measurement> {
        of.max_by(|one, two| one.simulations_per_s().total_cmp(&two.simulations_per_s())).cloned()
    };
    let any = fastest(&mut own())?;
    let best = fastest(&mut own().filter(|measured| is_as_good(measured)))?;
    let serial = own().find(|measured| measured.point.is_serial());
    let speed_up = serial.map_or(1.0, |serial| best.simulations_per_s() / serial.simulations_per_s());
    let mut why = format!(
        "{speed_up:.2} times the simulations per second of one tree on one worker, with {:.2} cores busy",
        best.cores_busy
    );
    if any.point != best.point {
        why += &format!("; {} is faster but was not shown to decide as well as the serial search", any.point.mode);
    }
    Some(BestSetting {
        planner,
        parallel: ParallelConfig::from(best.point.mode),
        workers: best.point.workers,
        episodes: best.point.episodes,
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::super::measurement::tests::measured;
    use super::*;

    const FAST: SearchMode = SearchMode::Batched { leaves: 32 };

    fn regret(mode: SearchMode, over_serial: (f64, f64)) -> Regret {
        let planner = PlannerKind::Mcts;
        Regret { planner, mode, samples: Vec::new(), agreement: 1.0, mean: (0.0, 0.0), over_serial }
    }

    fn measurements() -> Vec<Measurement> {
        vec![
            measured(PlannerKind::Mcts, SearchMode::Serial, 1, 1, 1000),
            measured(PlannerKind::Mcts, SearchMode::Serial, 2, 8, 1900),
            measured(PlannerKind::Mcts, FAST, 2, 8, 2500),
        ]
    }

    #[test]
    fn the_fastest_setting_wins_if_its_decisions_were_shown_to_be_as_good() {
        let harmless = BestSettings::find("here".into(), &measurements(), &[regret(FAST, (0.0002, 0.0007))]);
        assert_eq!(harmless.of(PlannerKind::Mcts).unwrap().parallel.mode(), FAST);
        // Surely worse; perhaps worse, for the interval is wide; never judged.
        for regrets in [vec![regret(FAST, (0.03, 0.02))], vec![regret(FAST, (0.01, 0.02))], vec![]] {
            let costly = BestSettings::find("here".into(), &measurements(), &regrets);
            let best = costly.of(PlannerKind::Mcts).unwrap();
            assert_eq!((best.parallel.mode(), best.workers, best.episodes), (SearchMode::Serial, 2, 8));
            assert!(best.why.starts_with("1.90 times") && best.why.contains("was not shown to"), "{}", best.why);
            assert_eq!(costly.of(PlannerKind::AlphaZero), None);
        }
    }

    #[test]
    fn settings_survive_their_file_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/best.ron");
        let settings = BestSettings::find("here".into(), &measurements(), &[]);
        settings.save(&path).unwrap();
        assert_eq!(BestSettings::load(&path).unwrap(), settings);
        std::fs::write(&path, "(machine: 3)").unwrap();
        let error = BestSettings::load(&path).unwrap_err().to_string();
        assert!(error.contains("best.ron") && error.contains("1:11"), "{error}");
    }
}
