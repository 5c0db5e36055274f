//! Networks by the name that a command line gives them.

use std::path::Path;

use bevy_proxops::mission::{Scenario, Seed};
use bevy_proxops::network::{NetworkError, NetworkWeights, PolicyValueNetConfig};

/// Name of the network that comes with the crate.
const SHIPPED: &str = "shipped";
/// Name of an untrained network with layers that fit the grid.
const UNTRAINED: &str = "untrained";

/// The weights of a file, or of an untrained network by the name of its layers, and where they come from; `None` for the
/// network that comes with the crate.
pub fn by_name(
    name: &str,
    scenario: &Scenario,
    seed: Seed,
) -> Result<(Option<NetworkWeights>, String), Box<dyn std::error::Error>> {
    let cells = scenario.grid.cells_per_axis as usize;
    let layers = |name: &str| PolicyValueNetConfig::named(name).map(|layers| layers.with_cells_per_axis(cells));
    let config = match name {
        SHIPPED => return Ok((None, String::new())),
        UNTRAINED => first_that_fits(layers("compact")?, layers("reference")?),
        _ if PolicyValueNetConfig::NAMES.contains(&name) => layers(name)?,
        _ => return from_file(name, cells),
    };
    Ok((Some(NetworkWeights::untrained(&config, seed)?), format!("untrained, seed {}", seed.0)))
}

fn first_that_fits(one: PolicyValueNetConfig, other: PolicyValueNetConfig) -> PolicyValueNetConfig {
    if one.validate().is_ok() { one } else { other }
}

fn from_file(name: &str, cells: usize) -> Result<(Option<NetworkWeights>, String), Box<dyn std::error::Error>> {
    let path = Path::new(name);
    let weights = NetworkWeights::load(path).map_err(|error| match path.exists() {
        true => error.to_string(),
        false => format!("{error}; accepted are a weights file, {SHIPPED}, {UNTRAINED}, reference and compact"),
    })?;
    let reads = weights.config().cells_per_axis;
    if reads != cells {
        let allowed = format!("{cells}, the scenario's grid, but {name} was made for {reads}");
        let error = NetworkError::Config { field: "cells_per_axis".into(), value: reads.to_string(), allowed };
        return Err(error.into());
    }
    Ok((Some(weights), name.to_owned()))
}
