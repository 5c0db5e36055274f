use crate::episode::parameters::choice;
use crate::episode::parameters::spec::{
    Applies, ParameterGroup, ParameterId, ParameterKind, ParameterSpec, ParameterValue,
};
use crate::episode::settings::EpisodeSettings;
use crate::search::{InFlightKind, ModeKind};

/// A scale that a slider shows linearly.
const LINEAR: bool = false;
/// A scale that a slider shows logarithmically.
const LOG: bool = true;

const TARGET_SIZE: ParameterId = ParameterId::new("target.size_m");
/// What the size of a target without one of its own reads as.
const TARGET_SIZE_M: f64 = 8.0;

fn always(_: &EpisodeSettings) -> bool {
    true
}

macro_rules! number {
    ($path:literal, $group:ident, $label:literal, $unit:literal, $min:literal..=$max:literal, $log:expr, $applies:ident,
     settings.$($place:tt).+ $([$index:literal])?, $tooltip:literal) => {
        ParameterSpec {
            id: ParameterId::new($path),
            group: ParameterGroup::$group,
            label: $label,
            unit: $unit,
            kind: ParameterKind::Number,
            min: $min,
            max: $max,
            logarithmic: $log,
            choices: Vec::new,
            tooltip: $tooltip,
            applies: Applies::$applies,
            relevant: always,
            get: |settings| ParameterValue::Number(settings.$($place).+ $([$index])?),
            set: |settings, value| {
                if let ParameterValue::Number(number) = value {
                    settings.$($place).+ $([$index])? = *number;
                }
                Ok(())
            },
        }
    };
}

macro_rules! integer {
    ($path:literal, $group:ident, $label:literal, $unit:literal, $min:literal..=$max:literal, $log:expr, $applies:ident,
     settings.$($place:tt).+, $tooltip:literal) => {
        ParameterSpec {
            id: ParameterId::new($path),
            group: ParameterGroup::$group,
            label: $label,
            unit: $unit,
            kind: ParameterKind::Integer,
            min: $min as f64,
            max: $max as f64,
            logarithmic: $log,
            choices: Vec::new,
            tooltip: $tooltip,
            applies: Applies::$applies,
            relevant: always,
            get: |settings| ParameterValue::Integer(i64::from(settings.$($place).+)),
            set: |settings, value| {
                if let ParameterValue::Integer(integer) = value {
                    // Inside the range of the table, which fits into a u32.
                    settings.$($place).+ = *integer as u32;
                }
                Ok(())
            },
        }
    };
}

macro_rules! choice {
    ($path:literal, $group:ident, $label:literal, $applies:ident, $choice:ident, $tooltip:literal) => {
        ParameterSpec {
            id: ParameterId::new($path),
            group: ParameterGroup::$group,
            label: $label,
            unit: "",
            kind: ParameterKind::Choice,
            min: 0.0,
            max: 0.0,
            logarithmic: false,
            choices: choice::$choice::choices,
            tooltip: $tooltip,
            applies: Applies::$applies,
            relevant: always,
            get: |settings| ParameterValue::Choice(choice::$choice::get(settings)),
            set: |settings, value| match value {
                ParameterValue::Choice(name) => choice::$choice::set(settings, ParameterId::new($path), name),
                _ => Ok(()),
            },
        }
    };
}

/// Every scenario, sensor and search parameter that can be tuned, grouped and in the order in which panels show them.
pub static PARAMETERS: &[ParameterSpec] = &[
    choice! {
        "search.planner", Search, "Planner", Now, planner,
        "Who chooses the burns: passive flies the natural motion, random draws an action each step, mcts searches a tree, alpha_zero searches with a network, network_only follows the network without a search."
    },
    integer! {
        "search.simulations", Search, "Simulations", "", 1..=100_000, LOG, Now, settings.search.simulations,
        "Simulations per decision. More finds better burns and takes proportionally longer."
    },
    integer! {
        "search.horizon", Search, "Horizon", "steps", 1..=50, LINEAR, Now, settings.search.horizon,
        "Steps a simulation looks ahead. Longer sees later information and costs time and noise per simulation."
    },
    number! {
        "search.exploration", Search, "Exploration", "", 0.0..=20.0, LINEAR, Now, settings.search.exploration,
        "UCB1 constant c, on values normalised to 0..1 per tree. Higher spreads visits over more actions."
    },
    choice! {
        "search.parallel.mode", Search, "Parallel mode", Now, mode,
        "How one decision's simulations run: serial one leaf at a time, batched several leaves before any is evaluated, tree_parallel threads on one tree (not deterministic), root_parallel several trees merged at the root."
    },
    ParameterSpec {
        relevant: |settings| settings.search.parallel.mode == ModeKind::Batched,
        ..integer! {
            "search.parallel.leaves", Search, "Leaves in a batch", "", 1..=256, LOG, Now, settings.search.parallel.leaves,
            "Leaves that batched collects. More fill a network's batches with fewer episodes, and each is chosen without the values of the others."
        }
    },
    ParameterSpec {
        relevant: |settings| settings.search.parallel.mode == ModeKind::TreeParallel,
        ..integer! {
            "search.parallel.threads", Search, "Threads on a tree", "", 1..=64, LOG, Now, settings.search.parallel.threads,
            "Threads of tree_parallel, besides which every worker plans an episode of its own; with a network, leaves of a tree in flight."
        }
    },
    ParameterSpec {
        relevant: |settings| settings.search.parallel.mode == ModeKind::TreeParallel,
        ..choice! {
            "search.parallel.in_flight", Search, "Walks under way", Now, in_flight,
            "How tree_parallel counts walks under way: visits_only leaves values alone, virtual_loss also counts them as visits that went badly, which spreads walks further."
        }
    },
    ParameterSpec {
        relevant: |settings| {
            let parallel = &settings.search.parallel;
            parallel.mode == ModeKind::TreeParallel && parallel.in_flight == InFlightKind::VirtualLoss
        },
        ..number! {
            "search.parallel.virtual_loss_weight", Search, "Virtual loss", "", 0.0..=100.0, LINEAR, Now,
            settings.search.parallel.virtual_loss_weight,
            "Visits with the worst value met so far that a walk under way counts for. 0 is visits_only."
        }
    },
    ParameterSpec {
        relevant: |settings| settings.search.parallel.mode == ModeKind::RootParallel,
        ..integer! {
            "search.parallel.trees", Search, "Trees", "", 1..=64, LOG, Now, settings.search.parallel.trees,
            "Trees of root_parallel. They share the simulations: more trees are shallower ones."
        }
    },
    choice! {
        "search.knowledge", Search, "Planner knows", Now, knowledge,
        "sampled_belief draws shapes from the belief, which is all a planner may know; oracle is the same search with the true shape, for comparison."
    },
    choice! {
        "search.roll_out", Search, "Roll-outs", Now, roll_out,
        "How a simulation goes on below the tree: coast makes no burn; random draws burns, which is noisier and costs reward."
    },
    integer! {
        "search.alpha_zero.simulations", Search, "Network simulations", "", 1..=100_000, LOG, Now,
        settings.search.alpha_zero.simulations,
        "Simulations per decision of alpha_zero. Each asks the network once."
    },
    choice! {
        "search.alpha_zero.root", Search, "Network root", Now, root_rule,
        "How alpha_zero's root chooses: puct by priors and visits, gumbel by sequential halving, which does well with few simulations."
    },
    number! {
        "search.alpha_zero.exploration", Search, "Network exploration", "", 0.0..=20.0, LINEAR, Now,
        settings.search.alpha_zero.exploration,
        "PUCT constant c. Higher follows the network's priors for longer."
    },
    number! {
        "reward.dv_cost_per_m_s", Reward, "Cost of Δv", "per m/s", 0.0..=100.0, LINEAR, Now,
        settings.scenario.reward.dv_cost_per_m_s,
        "λ: what 1 m/s of Δv costs, in units of the whole initial entropy. Higher makes the planner thriftier."
    },
    number! {
        "reward.discount", Reward, "Discount", "", 0.001..=1.0, LINEAR, Now, settings.scenario.reward.discount,
        "γ per step. Lower values information sooner."
    },
    number! {
        "actions.small_dv_m_s", Actions, "Small burn", "m/s", 0.0001..=5.0, LOG, Now,
        settings.scenario.actions.small_dv_m_s,
        "Magnitude of the six small burns along ±R, ±T, ±N. Must be below the large one."
    },
    number! {
        "actions.large_dv_m_s", Actions, "Large burn", "m/s", 0.0001..=5.0, LOG, Now,
        settings.scenario.actions.large_dv_m_s,
        "Magnitude of the six large burns along ±R, ±T, ±N. Must be above the small one."
    },
    number! {
        "camera.fov_deg", Camera, "Field of view", "°", 0.5..=90.0, LOG, Now, settings.scenario.camera.fov_deg,
        "Full angle of the square image. Narrower puts more rays on a distant target and may not cover a near one."
    },
    integer! {
        "camera.pixels", Camera, "Pixels", "per side", 4..=255, LOG, Now, settings.scenario.camera.pixels,
        "Rays per image side. Time per image grows with the square."
    },
    number! {
        "sensor.p_hit_occupied", Sensor, "P(hit | occupied)", "", 0.01..=0.999999, LINEAR, Now,
        settings.scenario.sensor.p_hit_occupied,
        "Chance that a ray is stopped by an occupied voxel it crosses. Must exceed P(hit | empty)."
    },
    number! {
        "sensor.p_hit_empty", Sensor, "P(hit | empty)", "", 0.000001..=0.5, LOG, Now,
        settings.scenario.sensor.p_hit_empty,
        "Chance of a false alarm in an empty voxel that a ray crosses. Higher makes every hit worth less."
    },
    choice! {
        "sensor.update_rule", Sensor, "Update rule", Now, update_rule,
        "per_ray counts every ray as evidence of its own; once_per_image lets a voxel count once per image, hits or passes winning."
    },
    number! {
        "reward.keep_out_radius_m", Reward, "Keep-out radius", "m", 0.0..=10000.0, LINEAR, Now,
        settings.scenario.reward.keep_out_radius_m,
        "Coming closer than this is charged for, if a price is set."
    },
    number! {
        "reward.keep_out_cost", Reward, "Keep-out cost", "", 0.0..=100.0, LINEAR, Now,
        settings.scenario.reward.keep_out_cost,
        "Price of a step inside the keep-out radius, in units of the whole initial entropy. 0 switches it off."
    },
    choice! {
        "target", Target, "Shape", NextEpisode, target,
        "The true shape that is inspected. A .vox file is chosen by a scenario file or by its path."
    },
    ParameterSpec {
        id: TARGET_SIZE,
        group: ParameterGroup::Target,
        label: "Size",
        unit: "m",
        kind: ParameterKind::Number,
        min: 0.01,
        max: 1000.0,
        logarithmic: LOG,
        choices: Vec::new,
        tooltip: "Edge of a cube or diameter of a sphere. Must fit into the grid; the other shapes have sizes of their own.",
        applies: Applies::NextEpisode,
        relevant: |settings| choice::target::size_m(settings).is_some(),
        get: |settings| ParameterValue::Number(choice::target::size_m(settings).unwrap_or(TARGET_SIZE_M)),
        set: |settings, value| match value {
            ParameterValue::Number(size_m) => choice::target::set_size_m(settings, TARGET_SIZE, *size_m),
            _ => Ok(()),
        },
    },
    integer! {
        "grid.cells_per_axis", Grid, "Cells per axis", "", 8..=64, LINEAR, NextEpisode,
        settings.scenario.grid.cells_per_axis,
        "Voxels along each axis. Memory and time grow with its cube."
    },
    number! {
        "grid.voxel_size_m", Grid, "Voxel size", "m", 0.01..=100.0, LOG, NextEpisode,
        settings.scenario.grid.voxel_size_m,
        "Side of a voxel. The built-in targets grow with the grid."
    },
    number! {
        "grid.prior", Grid, "Prior", "", 0.001..=0.999, LINEAR, NextEpisode, settings.scenario.grid.prior,
        "P(occupied) of every voxel before the first image. 0.5 is the most uncertain."
    },
    integer! {
        "steps", Episode, "Steps", "", 1..=10_000, LOG, NextEpisode, settings.scenario.steps,
        "Decisions per episode."
    },
    number! {
        "step_s", Episode, "Step", "s", 1.0..=3600.0, LOG, NextEpisode, settings.scenario.step_s,
        "Time between two decisions; each ends with one image."
    },
    choice! {
        "dynamics", Episode, "Dynamics", NextEpisode, dynamics,
        "near_circular propagates the relative orbital elements linearly; two_body is exact for Keplerian motion and slower."
    },
    number! {
        "start.a_roe_m[0]", Start, "a·δa", "m", -5000.0..=5000.0, LINEAR, NextEpisode,
        settings.scenario.start.a_roe_m[0],
        "Relative semi-major axis at the start. Anything but 0 drifts along the track."
    },
    number! {
        "start.a_roe_m[1]", Start, "a·δλ", "m", -5000.0..=5000.0, LINEAR, NextEpisode,
        settings.scenario.start.a_roe_m[1],
        "Relative mean longitude at the start: mean along-track distance."
    },
    number! {
        "start.a_roe_m[2]", Start, "a·δex", "m", -5000.0..=5000.0, LINEAR, NextEpisode,
        settings.scenario.start.a_roe_m[2],
        "Relative eccentricity vector, x: size of the in-plane ellipse."
    },
    number! {
        "start.a_roe_m[3]", Start, "a·δey", "m", -5000.0..=5000.0, LINEAR, NextEpisode,
        settings.scenario.start.a_roe_m[3],
        "Relative eccentricity vector, y: size of the in-plane ellipse."
    },
    number! {
        "start.a_roe_m[4]", Start, "a·δix", "m", -5000.0..=5000.0, LINEAR, NextEpisode,
        settings.scenario.start.a_roe_m[4],
        "Relative inclination vector, x: cross-track amplitude."
    },
    number! {
        "start.a_roe_m[5]", Start, "a·δiy", "m", -5000.0..=5000.0, LINEAR, NextEpisode,
        settings.scenario.start.a_roe_m[5],
        "Relative inclination vector, y: cross-track amplitude."
    },
    number! {
        "start.spread_m[0]", Start, "± a·δa", "m", 0.0..=1000.0, LINEAR, NextEpisode,
        settings.scenario.start.spread_m[0],
        "Half width of the uniform perturbation that makes each episode's start its own."
    },
    number! {
        "start.spread_m[1]", Start, "± a·δλ", "m", 0.0..=1000.0, LINEAR, NextEpisode,
        settings.scenario.start.spread_m[1],
        "Half width of the uniform perturbation that makes each episode's start its own."
    },
    number! {
        "start.spread_m[2]", Start, "± a·δex", "m", 0.0..=1000.0, LINEAR, NextEpisode,
        settings.scenario.start.spread_m[2],
        "Half width of the uniform perturbation that makes each episode's start its own."
    },
    number! {
        "start.spread_m[3]", Start, "± a·δey", "m", 0.0..=1000.0, LINEAR, NextEpisode,
        settings.scenario.start.spread_m[3],
        "Half width of the uniform perturbation that makes each episode's start its own."
    },
    number! {
        "start.spread_m[4]", Start, "± a·δix", "m", 0.0..=1000.0, LINEAR, NextEpisode,
        settings.scenario.start.spread_m[4],
        "Half width of the uniform perturbation that makes each episode's start its own."
    },
    number! {
        "start.spread_m[5]", Start, "± a·δiy", "m", 0.0..=1000.0, LINEAR, NextEpisode,
        settings.scenario.start.spread_m[5],
        "Half width of the uniform perturbation that makes each episode's start its own."
    },
    number! {
        "chief.semi_major_axis_km", Chief, "Semi-major axis", "km", 6500.0..=50000.0, LOG, NextEpisode,
        settings.scenario.chief.semi_major_axis_km,
        "Size of the target's orbit. Larger is slower: burns take longer to show."
    },
    number! {
        "chief.eccentricity", Chief, "Eccentricity", "", 0.0..=0.7, LINEAR, NextEpisode,
        settings.scenario.chief.eccentricity,
        "Of the target's orbit. The near-circular dynamics are only good for small values."
    },
    number! {
        "chief.inclination_deg", Chief, "Inclination", "°", 0.1..=179.9, LINEAR, NextEpisode,
        settings.scenario.chief.inclination_deg,
        "Of the target's orbit. The relative motion does not depend on it without perturbations."
    },
    number! {
        "chief.raan_deg", Chief, "Right ascension of the node", "°", -360.0..=360.0, LINEAR, NextEpisode,
        settings.scenario.chief.raan_deg,
        "Of the target's orbit. The relative motion does not depend on it without perturbations."
    },
    number! {
        "chief.argument_of_perigee_deg", Chief, "Argument of perigee", "°", -360.0..=360.0, LINEAR, NextEpisode,
        settings.scenario.chief.argument_of_perigee_deg,
        "Of the target's orbit; shifts where on the relative ellipse the servicer starts."
    },
    number! {
        "chief.mean_anomaly_deg", Chief, "Mean anomaly at the start", "°", -360.0..=360.0, LINEAR, NextEpisode,
        settings.scenario.chief.mean_anomaly_deg,
        "Of the target at time 0; shifts where on the relative ellipse the servicer starts."
    },
    number! {
        "chief.mu_km3_s2", Chief, "Gravitational parameter", "km³/s²", 1.0..=200_000_000.0, LOG, NextEpisode,
        settings.scenario.chief.mu_km3_s2,
        "Of the body in the middle: 398600.4418 for the Earth."
    },
];
