use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ActionSet, MissionError, Scenario};
use crate::orbit::{ChiefOrbit, Dynamics};
use crate::sensor::{Camera, SensorModel, UpdateRule};
use crate::shape::{LoadedTarget, TargetDescription};
use crate::voxel::{Belief, CompactCode, Occupancy, VoxelGrid};

/// A validated scenario turned into maths: the decision problem that episodes share.
#[derive(Debug, Clone)]
pub struct Mission {
    scenario: Scenario,
    chief: ChiefOrbit,
    /// The chief's e cos ω and e sin ω.
    pub(super) chief_eccentricity: [f64; 2],
    /// 0 when it is not known.
    pub(super) body_radius_km: f64,
    grid: VoxelGrid,
    camera: Camera,
    sensor: SensorModel,
    compact_code: CompactCode,
    truth: Arc<Occupancy>,
    /// The folder from which a relative path in the scenario's target counts.
    target_base: Option<PathBuf>,
    target: TargetDescription,
    surface: Occupancy,
    prior_belief: Belief,
    reachable_entropy_nats: f64,
}

impl Mission {
    /// Validates a scenario and prepares it. A relative `.vox` path counts from `base_dir`, or else from the folder of
    /// the file that the scenario was loaded from.
    ///
    /// # Errors
    /// [`MissionError`], naming the scenario's file, the field, its value and what is accepted.
    pub fn new(scenario: Scenario, base_dir: Option<&Path>) -> Result<Self, MissionError> {
        Self::with_target_of(None, scenario, base_dir)
    }

    /// As [`Mission::new`] for another scenario; its target's file is not read again if this mission has the same one on the
    /// same grid.
    ///
    /// # Errors
    /// As [`Mission::new`].
    pub fn changed_to(&self, scenario: Scenario, base_dir: Option<&Path>) -> Result<Self, MissionError> {
        Self::with_target_of(Some(self), scenario, base_dir)
    }

    fn with_target_of(other: Option<&Self>, scenario: Scenario, base_dir: Option<&Path>) -> Result<Self, MissionError> {
        scenario.validate()?;
        let origin = scenario.origin_label();
        let grid =
            scenario.grid.voxel_grid().map_err(|source| MissionError::Grid { origin: origin.clone(), source })?;
        let prior_belief = Belief::uniform(grid, scenario.grid.prior)
            .map_err(|source| MissionError::Grid { origin: origin.clone(), source })?;
        let camera = Camera::new(scenario.camera.fov_deg.to_radians(), scenario.camera.pixels)
            .map_err(|source| MissionError::Sensor { origin: origin.clone(), source })?;
        let sensor = SensorModel::new(scenario.sensor.p_hit_occupied, scenario.sensor.p_hit_empty)
            .map_err(|source| MissionError::Sensor { origin: origin.clone(), source })?;
        let chief = scenario.chief_orbit().map_err(|source| MissionError::Orbit { origin: origin.clone(), source })?;
        let elements = chief.elements_at(0.0);
        let target_base = base_dir.or(scenario.base_dir()).map(Path::to_owned);
        let same = other.filter(|other| {
            (&other.scenario.target, &other.target_base, other.grid) == (&scenario.target, &target_base, grid)
        });
        let (truth, target) = match same {
            Some(other) => (other.truth.clone(), other.target.clone()),
            None => {
                let LoadedTarget { occupancy, description } = scenario
                    .target
                    .load(&grid, target_base.as_deref())
                    .map_err(|source| MissionError::Target { origin, source })?;
                (Arc::new(occupancy), description)
            }
        };
        let reachable_share = truth.reachable().count() as f64 / grid.len() as f64;
        Ok(Self {
            chief,
            chief_eccentricity: [elements.eccentricity_x, elements.eccentricity_y],
            body_radius_km: scenario.chief.body_radius_km(),
            grid,
            camera,
            compact_code: CompactCode::new(sensor.llr_hit(), sensor.llr_pass()),
            sensor,
            surface: truth.surface(),
            truth,
            target_base,
            target,
            reachable_entropy_nats: prior_belief.entropy_nats() * reachable_share,
            prior_belief,
            scenario,
        })
    }

    /// Bytes of a mission on that grid: true shape, its surface, and the belief before any image.
    pub const fn memory_bytes(grid: &VoxelGrid) -> usize {
        2 * Occupancy::memory_bytes(grid) + Belief::memory_bytes(grid)
    }

    /// What a person wrote.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The target's orbit.
    #[inline]
    pub fn chief(&self) -> &ChiefOrbit {
        &self.chief
    }

    /// Model of the relative motion.
    #[inline]
    pub fn dynamics(&self) -> Dynamics {
        self.scenario.dynamics
    }

    /// Time between decisions, s.
    #[inline]
    pub fn step_s(&self) -> f64 {
        self.scenario.step_s
    }

    /// Decisions in an episode.
    #[inline]
    pub fn steps(&self) -> u32 {
        self.scenario.steps
    }

    /// Burn sizes.
    #[inline]
    pub fn actions(&self) -> &ActionSet {
        &self.scenario.actions
    }

    /// Discount γ per step.
    #[inline]
    pub fn discount(&self) -> f64 {
        self.scenario.reward.discount
    }

    /// The voxel grid.
    #[inline]
    pub fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// The servicer's camera.
    #[inline]
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// The sensor's likelihoods.
    #[inline]
    pub fn sensor(&self) -> &SensorModel {
        &self.sensor
    }

    /// How an image changes a belief.
    #[inline]
    pub fn update_rule(&self) -> UpdateRule {
        self.scenario.sensor.update_rule
    }

    /// Quantisation of a search's one-byte beliefs for this sensor.
    #[inline]
    pub fn compact_code(&self) -> &CompactCode {
        &self.compact_code
    }

    /// The true shape. Only the world may look at it; a planner that does is for comparison only.
    pub fn truth(&self) -> &Arc<Occupancy> {
        &self.truth
    }

    /// What the target turned out to be: objects, voxels, span, and what of a file is missing.
    pub fn target(&self) -> &TargetDescription {
        &self.target
    }

    /// True voxels with an empty voxel or the outside beside them.
    pub fn surface(&self) -> &Occupancy {
        &self.surface
    }

    /// The belief before any image.
    pub fn prior_belief(&self) -> &Belief {
        &self.prior_belief
    }

    /// H₀: entropy of the belief before any image, nats.
    #[inline]
    pub fn initial_entropy_nats(&self) -> f64 {
        self.prior_belief.entropy_nats()
    }

    /// The share of H₀ that lies in voxels which a camera outside could ever see: empty ones connected to the outside
    /// and the occupied ones touching those. An error-free camera could learn this much and no more. The sensor lets a
    /// few rays pass through solid voxels (1 − p_hit_occupied), so interiors become faintly visible and long flights
    /// may exceed it slightly.
    #[inline]
    pub fn reachable_entropy_nats(&self) -> f64 {
        self.reachable_entropy_nats
    }

    /// Reward of a step: `(H_before − H_after)/H_0 − λ|Δv|`. The keep-out cost comes apart, in
    /// [`Mission::keep_out_cost`].
    #[inline]
    pub fn reward(&self, entropy_drop_nats: f64, dv_m_s: f64) -> f64 {
        self.scenario.reward.reward(entropy_drop_nats, self.initial_entropy_nats(), dv_m_s)
    }
}
