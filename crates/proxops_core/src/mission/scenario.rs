use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ActionSet, RewardSettings};
use crate::orbit::{Dynamics, MU_EARTH_KM3_S2, R_EARTH_EQUATOR_KM};
use crate::sensor::UpdateRule;
use crate::shape::TargetShape;
use crate::voxel::{VoxelError, VoxelGrid};

/// A mission as a person writes it: one RON file, degrees and metres, every field optional.
///
/// A field left out has the value of the reference scenario; an unknown field is an error. Files are read with
/// [`Scenario::load`], shipped scenarios with [`Scenario::embedded`], and [`Scenario::validate`] tells what is wrong
/// with one made in code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Short name, shown in lists and messages.
    pub name: String,
    /// One sentence on what the scenario is for.
    pub description: String,
    /// The target's orbit.
    pub chief: ChiefElements,
    /// Where the servicer starts.
    pub start: StartState,
    /// Model of the relative motion. Default [`Dynamics::NearCircular`].
    pub dynamics: Dynamics,
    /// Time between decisions, s. Default 120.
    pub step_s: f64,
    /// Decisions in an episode. Default 50.
    pub steps: u32,
    /// Burn sizes.
    pub actions: ActionSet,
    /// The servicer's camera.
    pub camera: CameraSettings,
    /// The sensor's likelihoods and the belief update.
    pub sensor: SensorSettings,
    /// The voxel grid and the belief before the first image.
    pub grid: GridSettings,
    /// The object in the grid. Default [`TargetShape::Reference`].
    pub target: TargetShape,
    /// What a step is worth.
    pub reward: RewardSettings,
    /// The file this was read from: named in messages, and the folder from which a relative `.vox` path counts.
    #[serde(skip)]
    pub origin: Option<PathBuf>,
}

/// Classical elements of the target's (the chief's) orbit at the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChiefElements {
    /// Semi-major axis, km. Default 7000.
    pub semi_major_axis_km: f64,
    /// Eccentricity, 0 to below 1. Default 0.001.
    pub eccentricity: f64,
    /// Inclination, degrees, between 0 and 180. Default 98.
    pub inclination_deg: f64,
    /// Right ascension of the ascending node, degrees. Default 0.
    pub raan_deg: f64,
    /// Argument of perigee, degrees. Default 30.
    pub argument_of_perigee_deg: f64,
    /// Mean anomaly at the start, degrees. Default 0.
    pub mean_anomaly_deg: f64,
    /// Gravitational parameter of the central body, km³/s². Default 398600.4418, the Earth.
    pub mu_km3_s2: f64,
    /// Radius of the central body, km: an orbit that comes nearer to its centre is refused. Default: 6378.137 with the
    /// Earth's `mu_km3_s2`, otherwise none, which lets every orbit pass.
    pub body_radius_km: Option<f64>,
}

impl ChiefElements {
    /// The radius in force, km; 0 when it is not known.
    pub fn body_radius_km(&self) -> f64 {
        let of_the_earth = if self.mu_km3_s2 == MU_EARTH_KM3_S2 { R_EARTH_EQUATOR_KM } else { 0.0 };
        self.body_radius_km.unwrap_or(of_the_earth)
    }
}

/// Where the servicer starts, as relative orbital elements times the chief's semi-major axis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StartState {
    /// a·δα in the order (δa, δλ, δex, δey, δix, δiy), m. Default (0, 200, 100, 0, 50, 0).
    pub a_roe_m: [f64; 6],
    /// Each episode's start is drawn uniformly within ± this of `a_roe_m`, m. Default (0, 20, 10, 10, 10, 10).
    pub spread_m: [f64; 6],
}

/// A square pinhole camera that always points at the grid's centre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraSettings {
    /// Full field of view, degrees, above 0 and at most 120. Default 10.
    pub fov_deg: f64,
    /// Pixels per side, 1 to 255. Default 64.
    pub pixels: u32,
}

/// The sensor's likelihoods and how an image changes the belief.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SensorSettings {
    /// Probability that a ray stops in an occupied voxel that it enters. Default 0.95.
    pub p_hit_occupied: f64,
    /// Probability that a ray stops in an empty voxel that it enters (a false alarm). Default 0.001.
    pub p_hit_empty: f64,
    /// How an image's counts change the belief. Default [`UpdateRule::PerRay`], the exact posterior.
    pub update_rule: UpdateRule,
}

/// The voxel grid, cubic and centred on the target, and the belief before the first image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridSettings {
    /// Voxels per side, 8 to 64. Default 20.
    pub cells_per_axis: u32,
    /// Side of a voxel, m. Default 1.
    pub voxel_size_m: f64,
    /// Probability of being occupied that every voxel starts with. Default 0.5.
    pub prior: f64,
}

impl GridSettings {
    /// The grid of these settings.
    ///
    /// # Errors
    /// [`VoxelError`] for a grid that cannot be, which the scenario's own check refuses too.
    pub fn voxel_grid(&self) -> Result<VoxelGrid, VoxelError> {
        VoxelGrid::new(self.cells_per_axis, self.voxel_size_m)
    }
}

impl Scenario {
    /// The reference scenario: the one every default comes from.
    pub fn reference() -> Self {
        Self::default()
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "reference".to_owned(),
            description: "One orbit round a box with a panel and an antenna; even passive flight learns most of it"
                .to_owned(),
            chief: ChiefElements::default(),
            start: StartState::default(),
            dynamics: Dynamics::default(),
            step_s: 120.0,
            steps: 50,
            actions: ActionSet::default(),
            camera: CameraSettings::default(),
            sensor: SensorSettings::default(),
            grid: GridSettings::default(),
            target: TargetShape::Reference,
            reward: RewardSettings::default(),
            origin: None,
        }
    }
}

impl Default for ChiefElements {
    fn default() -> Self {
        Self {
            semi_major_axis_km: 7000.0,
            eccentricity: 0.001,
            inclination_deg: 98.0,
            raan_deg: 0.0,
            argument_of_perigee_deg: 30.0,
            mean_anomaly_deg: 0.0,
            mu_km3_s2: MU_EARTH_KM3_S2,
            body_radius_km: None,
        }
    }
}

impl Default for StartState {
    fn default() -> Self {
        Self { a_roe_m: [0.0, 200.0, 100.0, 0.0, 50.0, 0.0], spread_m: [0.0, 20.0, 10.0, 10.0, 10.0, 10.0] }
    }
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self { fov_deg: 10.0, pixels: 64 }
    }
}

impl Default for SensorSettings {
    fn default() -> Self {
        Self { p_hit_occupied: 0.95, p_hit_empty: 0.001, update_rule: UpdateRule::PerRay }
    }
}

impl Default for GridSettings {
    fn default() -> Self {
        Self { cells_per_axis: 20, voxel_size_m: 1.0, prior: 0.5 }
    }
}
