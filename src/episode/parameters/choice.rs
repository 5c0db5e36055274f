//! Parameters that are one of a few names: how the names are read from and written into settings.

use crate::episode::parameters::spec::{ParameterError, ParameterId};
use crate::episode::settings::EpisodeSettings;

/// The entry of `options` named `name`, or the error that lists all names.
fn pick<T: Clone>(id: ParameterId, name: &str, options: &[(&str, T)]) -> Result<T, ParameterError> {
    options.iter().find(|(option, _)| *option == name).map(|(_, value)| value.clone()).ok_or_else(|| {
        ParameterError::UnknownChoice { id, value: name.to_owned(), choices: names(options) }
    })
}

fn names<T>(options: &[(&str, T)]) -> Vec<String> {
    options.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn name_of<T: PartialEq>(options: &[(&str, T)], value: &T) -> Option<String> {
    options.iter().find(|(_, option)| option == value).map(|(name, _)| (*name).to_owned())
}

/// A choice between the values of a plain enum held in one field of the settings.
macro_rules! enum_choice {
    ($module:ident, $type:ty, settings.$($place:ident).+, [$(($name:literal, $value:expr)),+ $(,)?]) => {
        pub(super) mod $module {
            use super::*;

            const OPTIONS: &[(&str, $type)] = &[$(($name, $value)),+];

            pub fn choices() -> Vec<String> {
                names(OPTIONS)
            }

            pub fn get(settings: &EpisodeSettings) -> String {
                // Every value of the enum is listed above.
                name_of(OPTIONS, &settings.$($place).+).unwrap_or_default()
            }

            pub fn set(settings: &mut EpisodeSettings, id: ParameterId, name: &str) -> Result<(), ParameterError> {
                settings.$($place).+ = pick(id, name, OPTIONS)?;
                Ok(())
            }
        }
    };
}

enum_choice!(planner, crate::search::PlannerKind, settings.search.planner, [
    ("passive", crate::search::PlannerKind::Passive),
    ("random", crate::search::PlannerKind::Random),
    ("mcts", crate::search::PlannerKind::Mcts),
]);

enum_choice!(knowledge, crate::search::Knowledge, settings.search.knowledge, [
    ("sampled-belief", crate::search::Knowledge::SampledBelief),
    ("oracle", crate::search::Knowledge::Oracle),
]);

enum_choice!(dynamics, crate::orbit::Dynamics, settings.scenario.dynamics, [
    ("near-circular", crate::orbit::Dynamics::NearCircular),
    ("two-body", crate::orbit::Dynamics::TwoBody),
]);

enum_choice!(update_rule, crate::sensor::UpdateRule, settings.scenario.sensor.update_rule, [
    ("per-ray", crate::sensor::UpdateRule::PerRay),
    ("once-per-image, hit wins", crate::sensor::UpdateRule::OncePerImage { hit_wins: true }),
    ("once-per-image, pass wins", crate::sensor::UpdateRule::OncePerImage { hit_wins: false }),
]);

/// The shape that is inspected.
pub(super) mod target {
    use super::*;
    use crate::target::TargetShape;

    pub fn choices() -> Vec<String> {
        TargetShape::names().iter().map(ToString::to_string).collect()
    }

    pub fn get(settings: &EpisodeSettings) -> String {
        settings.scenario.target.to_string()
    }

    pub fn set(settings: &mut EpisodeSettings, id: ParameterId, name: &str) -> Result<(), ParameterError> {
        settings.scenario.target = name.parse::<TargetShape>().map_err(|_| ParameterError::UnknownChoice {
            id,
            value: name.to_owned(),
            choices: choices(),
        })?;
        Ok(())
    }
}
