//! Every transition twice: once as it was, once in a mirror that swaps +N and −N.
//!
//! Relative motion along N is an oscillation of its own and the camera keeps N upright, so mirroring belief, orbit and
//! burns gives another transition of the same process.

use crate::mission::Action;

/// Scratch for mirrored beliefs.
#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    cells_per_axis: usize,
    belief: Vec<i16>,
}

impl Mirror {
    /// For beliefs of n³ cells.
    pub fn new(cells_per_axis: usize) -> Self {
        Self { cells_per_axis, belief: vec![0; cells_per_axis.pow(3)] }
    }

    /// The belief with its N axis, the fastest, reversed.
    pub fn belief(&mut self, belief: &[i16]) -> &[i16] {
        let lines = belief.chunks(self.cells_per_axis);
        for (line, mirrored) in lines.zip(self.belief.chunks_mut(self.cells_per_axis)) {
            mirrored.copy_from_slice(line);
            mirrored.reverse();
        }
        &self.belief
    }

    /// The policy with the burns along +N and −N swapped.
    pub fn policy(policy: &[f32; Action::COUNT]) -> [f32; Action::COUNT] {
        let mut mirrored = *policy;
        // Actions come as no burn, then +small, −small, +large, −large along R, T and N.
        mirrored.swap(9, 10);
        mirrored.swap(11, 12);
        mirrored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::{ActionSet, Mission, Scenario, Seed};
    use crate::network::OrbitFeatures;
    use crate::orbit::RelativeOrbitalElements;

    #[test]
    fn the_mirrored_burns_are_those_along_minus_n() {
        let actions = ActionSet { small_dv_m_s: 0.01, large_dv_m_s: 0.05 };
        let order: [f32; Action::COUNT] = std::array::from_fn(|index| index as f32);
        for (index, mirrored) in Mirror::policy(&order).into_iter().enumerate() {
            let dv = |index: usize| actions.impulse(Action::from_index(index).unwrap()).dv_rtn_m_s;
            let (one, other) = (dv(index), dv(mirrored as usize));
            assert_eq!((one.x, one.y, one.z), (other.x, other.y, -other.z));
        }
    }

    #[test]
    fn mirrored_orbits_stay_mirrored() {
        let mission = Mission::new(Scenario::reference(), None).unwrap();
        let start = mission.initial_state(Seed(1), 0).relative;
        let mut roe = start.roe;
        roe = RelativeOrbitalElements { dix: -roe.dix, diy: -roe.diy, ..roe };
        let mut mirrored = mission.dynamics().initial(mission.chief(), roe, start.time_s);
        let mut state = start;
        for (action, opposite) in [(0, 0), (9, 10), (4, 4), (12, 11), (5, 5)] {
            state = mission.advance(&state, Action::from_index(action).unwrap()).relative;
            mirrored = mission.advance(&mirrored, Action::from_index(opposite).unwrap()).relative;
            let features = |state| {
                let rtn = mission.dynamics().rtn(mission.chief(), state);
                OrbitFeatures::new(rtn.position_rtn_m, rtn.velocity_rtn_m_s, state.argument_of_latitude_rad, 3, 0.5)
            };
            let (one, other) = (features(&state).mirrored_along_normal(), features(&mirrored));
            // Positions of some hundred metres agree to rounding.
            assert!(one.0.iter().zip(other.0).all(|(a, b)| (a - b).abs() < 1e-6), "{one:?} {other:?}");
        }
    }

    #[test]
    fn mirroring_twice_changes_nothing() {
        let belief: Vec<i16> = (0..64).collect();
        let mut mirror = Mirror::new(4);
        let once = mirror.belief(&belief).to_vec();
        assert_eq!(once[..4], [3, 2, 1, 0]);
        assert_eq!(mirror.belief(&once), belief);
    }
}
