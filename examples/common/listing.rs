//! What can be chosen: scenarios, planners, devices and parameters.

use bevy_proxops::episode::{PARAMETERS, ParameterGroup, ParameterKind, ParameterSpec};
use bevy_proxops::mission::Scenario;
use bevy_proxops::network::{NetworkDevice, ResolvedDevice, adapters, choose_device};
use bevy_proxops::search::{Knowledge, PlannerKind};
use clap::ValueEnum;

/// A list to print.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Listing {
    /// The scenarios in the crate
    Scenarios,
    /// Who can choose the burns, and what it may know
    Planners,
    /// Where the network can run, and where `auto` runs it
    Devices,
    /// Everything that can be tuned, as a Markdown table
    Parameters,
}

/// The list as text.
pub fn text(listing: Listing) -> String {
    match listing {
        Listing::Scenarios => lines(Scenario::EMBEDDED.iter()),
        Listing::Planners => format!("{}\n{}", lines(PlannerKind::ALL), lines(Knowledge::ALL)),
        Listing::Devices => devices(),
        Listing::Parameters => parameter_tables(),
    }
}

fn devices() -> String {
    let adapters = adapters();
    let mut listed = vec![format!("cpu {}", ResolvedDevice::Cpu)];
    listed.extend(adapters.iter().map(ToString::to_string));
    match choose_device(&NetworkDevice::Auto, &adapters) {
        Ok(choice) => listed.push(format!("auto takes {}: {}", choice.device, choice.reason)),
        Err(error) => listed.push(format!("auto takes nothing: {error}")),
    }
    listed.join("\n")
}

fn lines<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join("\n")
}

/// One Markdown table with a row per parameter, under the headings of the panel.
fn parameter_tables() -> String {
    let mut rows = vec![
        "| Group | Parameter | Default | Accepted | Takes effect |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for group in ParameterGroup::ALL {
        rows.extend(PARAMETERS.iter().filter(|spec| spec.group == group).map(parameter_row));
    }
    rows.join("\n")
}

fn parameter_row(spec: &ParameterSpec) -> String {
    format!(
        "| {} | `{}` | {} | {} | {} |",
        spec.group.label(),
        spec.id,
        spec.with_unit(spec.default_value()),
        accepted(spec),
        spec.applies.label()
    )
}

fn accepted(spec: &ParameterSpec) -> String {
    match spec.kind {
        ParameterKind::Number | ParameterKind::Integer => format!("{} to {}", spec.min, spec.max),
        ParameterKind::Choice => (spec.choices)().join(", "),
        ParameterKind::Flag => "true, false".to_owned(),
    }
}
