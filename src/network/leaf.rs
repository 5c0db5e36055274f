//! Between the search's leaves and the network's rows.

use crate::mission::Mission;
use crate::search::{LeafValue, NodeId, SearchTree};

use super::config::PolicyValueNetConfig;
use super::error::NetworkError;
use super::evaluator::LeafEvaluation;
use super::input::{BeliefEncoding, InputEncoder, OrbitFeatures};
use super::value::return_from_value;

/// Turns leaves of one kind of mission into rows of a batch, and evaluations into values that the search backs up.
#[derive(Clone, Debug)]
pub struct LeafEncoder {
    inputs: InputEncoder,
}

impl LeafEncoder {
    /// For the network `config` and missions with the grid and sensor of `mission`.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the network reads another grid.
    pub fn new(config: &PolicyValueNetConfig, mission: &Mission) -> Result<Self, NetworkError> {
        let cells = mission.grid().cells_per_axis() as usize;
        if cells != config.cells_per_axis {
            return Err(NetworkError::Config {
                field: "cells_per_axis".into(),
                value: config.cells_per_axis.to_string(),
                allowed: format!("{cells}, the mission's grid"),
            });
        }
        Ok(Self { inputs: InputEncoder::new(config, BeliefEncoding::new(mission.compact_code()))? })
    }

    /// Numbers in a row.
    pub fn row_len(&self) -> usize {
        self.inputs.row_len()
    }

    /// Orbit and clock at a node.
    pub fn orbit(&self, mission: &Mission, tree: &SearchTree, node: NodeId) -> OrbitFeatures {
        let state = &tree.node(node).state;
        let rtn = mission.dynamics().rtn(mission.chief(), state);
        OrbitFeatures::new(
            rtn.position_rtn_m,
            rtn.velocity_rtn_m_s,
            state.argument_of_latitude_rad,
            mission.steps().saturating_sub(tree.step(node)),
            remaining_entropy(mission, tree, node),
        )
    }

    /// Writes the row of a leaf.
    pub fn write(&self, mission: &Mission, tree: &SearchTree, node: NodeId, row: &mut [f32]) {
        self.inputs.write(tree.belief(node), &self.orbit(mission, tree, node), row);
    }

    /// What the search backs up for an evaluated leaf.
    pub fn value(&self, mission: &Mission, tree: &SearchTree, node: NodeId, evaluation: &LeafEvaluation) -> LeafValue {
        let value = return_from_value(evaluation.value, remaining_entropy(mission, tree, node));
        LeafValue { node, value: value as f32, priors: Some(evaluation.priors()) }
    }
}

/// H(b)/H₀ at a node.
pub fn remaining_entropy(mission: &Mission, tree: &SearchTree, node: NodeId) -> f64 {
    tree.node(node).entropy_nats / mission.initial_entropy_nats()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::{Scenario, Seed};
    use crate::search::{AlphaZeroConfig, AlphaZeroSearch, Exploration};
    use crate::sensor::{Observation, RayCaster};

    #[test]
    fn the_root_is_written_as_the_mission_knows_it() {
        let mission = Mission::new(Scenario::reference(), None).unwrap();
        let (mut caster, mut observation) =
            (RayCaster::new(*mission.grid(), *mission.camera()), Observation::new(*mission.grid()));
        let state = mission.begin(Seed(1), 0, &mut caster, &mut observation);
        let search = AlphaZeroSearch::begin(
            &mission,
            &state,
            &AlphaZeroConfig::default(),
            Exploration::Off,
            SearchTree::default(),
        );
        let encoder = LeafEncoder::new(&PolicyValueNetConfig::reference(), &mission).unwrap();
        let mut row = vec![f32::NAN; encoder.row_len()];
        encoder.write(&mission, &search.tree(), NodeId::ROOT, &mut row);

        let orbit = &row[8000..];
        let position = state.position_rtn_m(&mission);
        assert!((f64::from(orbit[0]) - position.x / 200.0).abs() < 1e-6);
        assert_eq!(orbit[12], 1.0, "50 steps are left");
        let remaining = state.belief.entropy_nats() / mission.initial_entropy_nats();
        assert!((f64::from(orbit[13]) - remaining).abs() < 1e-6);
        for (cell, log_odds) in row.iter().zip(state.belief.log_odds_slice()) {
            // A byte of the search's code is 0.15 nats of log-odds; a hit is rounded to half of that.
            assert!((f64::from(*cell) - (log_odds / 4.0).tanh()).abs() < 0.03);
        }
        let evaluation = LeafEvaluation { value: 0.5, ..Default::default() };
        let value = encoder.value(&mission, &search.tree(), NodeId::ROOT, &evaluation);
        assert!((f64::from(value.value) - 0.5 * remaining).abs() < 1e-6);
    }

    #[test]
    fn a_network_for_another_grid_is_refused() {
        let mission = Mission::new(Scenario::reference(), None).unwrap();
        let config = PolicyValueNetConfig::compact().with_cells_per_axis(16);
        let error = LeafEncoder::new(&config, &mission).unwrap_err().to_string();
        assert!(error.contains("cells_per_axis = 16") && error.contains("20, the mission's grid"), "{error}");
    }
}
