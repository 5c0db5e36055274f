use std::path::{Path, PathBuf};

use super::{BestSettings, CampaignSize, Machine, Measurement, Regret, ReportError, SweepPoint, csv, markdown, plots};
use crate::files;
use crate::search::PlannerKind;

/// Everything that a sweep found out.
#[derive(Clone, Debug, PartialEq)]
pub struct EfficiencyReport {
    /// The machine.
    pub machine: Machine,
    /// Name of the scenario in which speed was measured.
    pub scenario: String,
    /// Name of the scenario in which decisions were judged.
    pub judged_scenario: String,
    /// Every setting, in the order in which it was measured.
    pub measurements: Vec<Measurement>,
    /// What the modes' decisions cost.
    pub regrets: Vec<Regret>,
    /// Memory.
    pub memory: MemoryFigures,
    /// Runs flown to their end.
    pub flown: Vec<FlownRun>,
    /// The fastest settings that were shown to decide as well as the serial search.
    pub best: BestSettings,
}

/// Memory of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MemoryFigures {
    /// Episodes in parallel.
    pub episodes: u32,
    /// Resident memory with all of them, bytes.
    pub resident_bytes: u64,
    /// Resident memory that one more episode takes, bytes.
    pub per_episode_bytes: f64,
}

/// A run that was flown to its end instead of extrapolated.
#[derive(Clone, Debug, PartialEq)]
pub struct FlownRun {
    /// The setting.
    pub point: SweepPoint,
    /// Its size.
    pub size: CampaignSize,
    /// Simulations of a decision.
    pub simulations_per_decision: u32,
    /// From the first image of the first episode to the end of the last one, s.
    pub wall_s: f64,
    /// CPU time of the process over wall time.
    pub cores_busy: f64,
}

impl EfficiencyReport {
    /// The serial search of one tree, with which a planner's settings are compared.
    pub fn serial(&self, planner: PlannerKind) -> Option<&Measurement> {
        self.measurements.iter().find(|measured| measured.point.planner == planner && measured.point.is_serial())
    }

    /// Simulations per second over those of the serial search; `None` if that was not measured.
    pub fn speed_up(&self, measured: &Measurement) -> Option<f64> {
        Some(measured.simulations_per_s() / self.serial(measured.point.planner)?.simulations_per_s())
    }

    /// The fastest of the settings that satisfy `which`.
    pub fn fastest(&self, which: impl Fn(&SweepPoint) -> bool) -> Option<&Measurement> {
        let candidates = self.measurements.iter().filter(|measured| which(&measured.point));
        candidates.max_by(|one, two| one.simulations_per_s().total_cmp(&two.simulations_per_s()))
    }

    /// Names of the files that [`write`](Self::write) makes or replaces.
    pub const FILES: [&str; 7] =
        ["report.md", "report.csv", "quality.csv", "speed_up.svg", "quality.svg", "modes.svg", "time_split.svg"];

    /// Writes `report.md`, `report.csv`, `quality.csv` and the plots into a folder, which it makes, and returns their paths.
    ///
    /// # Errors
    /// [`ReportError`] naming the file that could not be written.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
        let mut paths = plots::write(self, folder)?;
        let texts = [
            ("report.md", markdown::text(self, &paths)),
            ("report.csv", csv::measurements(self)),
            ("quality.csv", csv::quality(self)),
        ];
        for (name, text) in texts {
            let path = folder.join(name);
            write_whole(&path, text.as_bytes())?;
            paths.push(path);
        }
        paths.rotate_right(3);
        Ok(paths)
    }
}

/// Writes a file, whole or not at all; makes its folder.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = files::create_folder(folder).and_then(|()| files::write(path, content));
    written.map_err(|error| ReportError::File { path: path.to_owned(), reason: format!("cannot be written: {error}") })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::measurement::tests::measured;
    use super::*;
    use crate::files::faults::at_every_call;
    use crate::search::{InFlight, SearchMode};

    /// A report with round figures.
    pub fn report() -> EfficiencyReport {
        let tree = SearchMode::TreeParallel { threads: 2, in_flight: InFlight::VirtualLoss { weight: 1.0 } };
        let batched = SearchMode::Batched { leaves: 32 };
        let of = |planner, rate: u64| {
            [
                measured(planner, SearchMode::Serial, 1, 1, rate),
                measured(planner, batched, 1, 1, rate * 11 / 10),
                measured(planner, tree, 1, 1, rate * 18 / 10),
                measured(planner, SearchMode::Serial, 1, 8, rate),
                measured(planner, SearchMode::Serial, 2, 8, rate * 19 / 10),
                measured(planner, SearchMode::Serial, 4, 8, rate * 17 / 10),
            ]
        };
        let measurements = [of(PlannerKind::Mcts, 12_000), of(PlannerKind::AlphaZero, 1000)].concat();
        let regret = |planner, mode, over_serial| Regret {
            planner,
            mode,
            samples: vec![0.01, 0.03],
            agreement: 0.5,
            mean: (0.02, 0.01),
            over_serial,
        };
        let regrets = [PlannerKind::Mcts, PlannerKind::AlphaZero]
            .map(|planner| [regret(planner, SearchMode::Serial, (0.0, 0.0)), regret(planner, batched, (0.01, 0.005))]);
        let regrets = regrets.concat();
        let machine = Machine {
            cpu: "test processor".into(),
            cores: 2,
            memory_bytes: 8_000_000_000,
            gpu: None,
            network: "CPU: no card".into(),
        };
        EfficiencyReport {
            best: BestSettings::find(machine.cpu.clone(), &measurements, &regrets),
            machine,
            scenario: "reference".into(),
            judged_scenario: "standoff_200m".into(),
            memory: MemoryFigures { episodes: 256, resident_bytes: 400_000_000, per_episode_bytes: 1_000_000.0 },
            flown: vec![FlownRun {
                point: measurements[4].point.clone(),
                size: CampaignSize { episodes: 1, steps: 50 },
                simulations_per_decision: 3000,
                wall_s: 12.5,
                cores_busy: 1.0,
            }],
            measurements,
            regrets,
        }
    }

    #[test]
    fn speed_ups_are_over_the_serial_search_of_the_same_planner() {
        let report = report();
        let fastest = report.fastest(|point| point.planner == PlannerKind::AlphaZero).unwrap();
        assert_eq!((fastest.point.workers, report.speed_up(fastest)), (2, Some(1.9)));
    }

    #[test]
    fn a_report_that_fails_leaves_whole_files_and_names_the_one_that_failed() {
        let write = |folder: &mut tempfile::TempDir| report().write(&folder.path().join("new"));
        let mut old = tempfile::tempdir().unwrap();
        let whole: Vec<_> = write(&mut old).unwrap().iter().map(|path| std::fs::read(path).unwrap()).collect();
        let prepare = || tempfile::tempdir().unwrap();
        at_every_call(prepare, write, |folder, fault, at, result| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("/new/") && error.contains("cannot be written"), "{fault:?} at {at}: {error}");
            let left = std::fs::read_dir(folder.path().join("new")).into_iter().flatten().map(|entry| entry.unwrap());
            for entry in left.filter(|entry| !files::is_temporary(&entry.file_name().to_string_lossy())) {
                let content = std::fs::read(entry.path()).unwrap();
                assert!(whole.contains(&content), "{fault:?} at {at}: {:?} is not whole", entry.path());
            }
        });
    }

    #[test]
    fn a_report_is_a_text_two_tables_and_pictures_that_the_text_shows() {
        let folder = tempfile::tempdir().unwrap();
        let paths = report().write(&folder.path().join("new")).unwrap();
        let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, EfficiencyReport::FILES);
        let text = std::fs::read_to_string(&paths[0]).unwrap();
        for picture in &names[3..] {
            assert!(picture.ends_with(".svg") && text.contains(picture), "{picture}");
        }
        assert!(names.len() >= 6, "{names:?}");
        let csv = std::fs::read_to_string(&paths[1]).unwrap();
        let columns: Vec<_> = csv.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(columns, [columns[0]; 13], "a head and one row a setting");
    }
}
