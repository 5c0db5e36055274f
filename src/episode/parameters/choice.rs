//! Parameters that are one of a few names: how the names are read from and written into settings.

use crate::episode::parameters::spec::{ParameterError, ParameterId};
use crate::episode::settings::EpisodeSettings;
use crate::orbit::Dynamics;
use crate::search::{InFlightKind, Knowledge, ModeKind, PlannerKind, RollOutPolicy, RootRule};
use crate::sensor::UpdateRule;

/// A choice between the named values of a plain enum that sits in one field of the settings.
macro_rules! enum_choice {
    ($module:ident, $type:ty, settings.$($place:ident).+, [$($name:expr => $value:expr),+ $(,)?]) => {
        pub(super) mod $module {
            use super::*;

            const OPTIONS: &[(&str, $type)] = &[$(($name, $value)),+];

            pub fn choices() -> Vec<String> {
                OPTIONS.iter().map(|(name, _)| (*name).to_owned()).collect()
            }

            pub fn get(settings: &EpisodeSettings) -> String {
                let value = &settings.$($place).+;
                let option = OPTIONS.iter().find(|(_, option)| option == value);
                option.map_or_else(|| format!("{value:?}"), |(name, _)| (*name).to_owned())
            }

            pub fn set(settings: &mut EpisodeSettings, id: ParameterId, name: &str) -> Result<(), ParameterError> {
                let option = OPTIONS.iter().find(|(option, _)| *option == name);
                settings.$($place).+ = option.ok_or_else(|| unknown(id, name, choices()))?.1;
                Ok(())
            }
        }
    };
}

fn unknown(id: ParameterId, name: &str, choices: Vec<String>) -> ParameterError {
    ParameterError::UnknownChoice { id, value: name.to_owned(), choices }
}

enum_choice!(planner, PlannerKind, settings.search.planner, [
    PlannerKind::Passive.name() => PlannerKind::Passive,
    PlannerKind::Random.name() => PlannerKind::Random,
    PlannerKind::Mcts.name() => PlannerKind::Mcts,
    PlannerKind::AlphaZero.name() => PlannerKind::AlphaZero,
    PlannerKind::NetworkOnly.name() => PlannerKind::NetworkOnly,
]);

enum_choice!(knowledge, Knowledge, settings.search.knowledge, [
    Knowledge::SampledBelief.name() => Knowledge::SampledBelief,
    Knowledge::Oracle.name() => Knowledge::Oracle,
]);

enum_choice!(roll_out, RollOutPolicy, settings.search.roll_out, [
    RollOutPolicy::Random.name() => RollOutPolicy::Random,
    RollOutPolicy::Coast.name() => RollOutPolicy::Coast,
]);

enum_choice!(mode, ModeKind, settings.search.parallel.mode, [
    ModeKind::Serial.name() => ModeKind::Serial,
    ModeKind::Batched.name() => ModeKind::Batched,
    ModeKind::TreeParallel.name() => ModeKind::TreeParallel,
    ModeKind::RootParallel.name() => ModeKind::RootParallel,
]);

enum_choice!(in_flight, InFlightKind, settings.search.parallel.in_flight, [
    InFlightKind::VisitsOnly.name() => InFlightKind::VisitsOnly,
    InFlightKind::VirtualLoss.name() => InFlightKind::VirtualLoss,
]);

enum_choice!(root_rule, RootRule, settings.search.alpha_zero.root, [
    RootRule::Puct.name() => RootRule::Puct,
    RootRule::Gumbel.name() => RootRule::Gumbel,
]);

enum_choice!(dynamics, Dynamics, settings.scenario.dynamics, [
    "near_circular" => Dynamics::NearCircular,
    "two_body" => Dynamics::TwoBody,
]);

enum_choice!(update_rule, UpdateRule, settings.scenario.sensor.update_rule, [
    "per_ray" => UpdateRule::PerRay,
    "once_per_image_hit_wins" => UpdateRule::OncePerImage { hit_wins: true },
    "once_per_image_hit_and_pass" => UpdateRule::OncePerImage { hit_wins: false },
]);

/// The shape that is inspected, and the size of those that have one of their own.
pub(super) mod target {
    use super::*;
    use crate::shape::TargetShape;

    pub fn choices() -> Vec<String> {
        TargetShape::names().into_iter().map(str::to_owned).collect()
    }

    /// The name of the shape's kind, whatever its size; of a file, its path.
    pub fn get(settings: &EpisodeSettings) -> String {
        let name = match &settings.scenario.target {
            TargetShape::Reference => "reference",
            TargetShape::Cube { .. } => "cube",
            TargetShape::Sphere { .. } => "sphere",
            TargetShape::LBracket => "l_bracket",
            TargetShape::Dock => "dock",
            TargetShape::Embedded(name) => name,
            generated @ TargetShape::Generated { .. } => return generated.to_string(),
            voxels @ TargetShape::Voxels { .. } => return voxels.to_string(),
            TargetShape::Vox { path, .. } => return path.display().to_string(),
        };
        name.to_owned()
    }

    /// One of the built-in shapes, or the path of a `.vox` file.
    pub fn set(settings: &mut EpisodeSettings, id: ParameterId, name: &str) -> Result<(), ParameterError> {
        // What it is already keeps its size, its number, and the objects chosen from its file.
        if name == get(settings) {
            return Ok(());
        }
        let file = || name.ends_with(".vox").then(|| TargetShape::vox(name));
        let shape = TargetShape::from_name(name).or_else(file);
        settings.scenario.target = shape.ok_or_else(|| unknown(id, name, choices()))?;
        Ok(())
    }

    /// Edge or diameter in metres, if the shape has one of its own.
    pub fn size_m(settings: &EpisodeSettings) -> Option<f64> {
        match settings.scenario.target {
            TargetShape::Cube { side_m } => Some(side_m),
            TargetShape::Sphere { diameter_m } => Some(diameter_m),
            _ => None,
        }
    }

    pub fn set_size_m(settings: &mut EpisodeSettings, id: ParameterId, size_m: f64) -> Result<(), ParameterError> {
        match &mut settings.scenario.target {
            TargetShape::Cube { side_m: size } | TargetShape::Sphere { diameter_m: size } => *size = size_m,
            _ => return Err(ParameterError::Irrelevant { id, reason: "only a cube and a sphere have a size" }),
        }
        Ok(())
    }
}
