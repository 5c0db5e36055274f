use bevy::prelude::*;
use glam::DVec3;

use crate::orbit::{ChiefOrbit, Dynamics, RelativeOrbitalElements, RelativeState};

/// Something that flies: turns relative elements at one time into positions at others.
#[derive(Clone, Copy)]
pub(super) struct Flight<'a> {
    pub chief: &'a ChiefOrbit,
    pub dynamics: Dynamics,
}

impl Flight<'_> {
    pub fn state(&self, roe: RelativeOrbitalElements, time_s: f64) -> RelativeState {
        self.dynamics.initial(self.chief, roe, time_s)
    }

    pub fn position(&self, state: &RelativeState) -> Vec3 {
        vec3(self.dynamics.rtn(self.chief, state).position_rtn_m)
    }

    /// Positions `state` passes from `from_s` to `to_s` seconds relative to its own time, both ends included.
    pub fn arc<'s>(
        &'s self,
        state: &'s RelativeState,
        from_s: f64,
        to_s: f64,
        pieces: u32,
    ) -> impl Iterator<Item = PathPoint> + 's {
        (0..=pieces).map(move |piece| {
            let dt_s = from_s + (to_s - from_s) * f64::from(piece) / f64::from(pieces.max(1));
            let state = self.dynamics.propagate(self.chief, state, dt_s);
            PathPoint { time_s: state.time_s, position_rtn_m: self.position(&state) }
        })
    }
}

/// One point of a drawn path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PathPoint {
    pub time_s: f64,
    pub position_rtn_m: Vec3,
}

pub(super) fn vec3(vector: DVec3) -> Vec3 {
    vector.as_vec3()
}

/// Place on a path at a time, straight between its points and held at its ends; `None` for an empty path.
pub(super) fn position_at(path: &[PathPoint], time_s: f64) -> Option<Vec3> {
    let after = path.partition_point(|point| point.time_s < time_s);
    let (Some(last), Some(first)) = (path.last(), path.first()) else { return None };
    let Some(end) = path.get(after) else { return Some(last.position_rtn_m) };
    let Some(start) = after.checked_sub(1).and_then(|before| path.get(before)) else {
        return Some(first.position_rtn_m);
    };
    let span = end.time_s - start.time_s;
    let share = if span > 0.0 { ((time_s - start.time_s) / span) as f32 } else { 1.0 };
    Some(start.position_rtn_m.lerp(end.position_rtn_m, share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> Vec<PathPoint> {
        [(10.0, 0.0), (20.0, 5.0), (20.0, 5.0), (30.0, 25.0)]
            .map(|(time_s, x)| PathPoint { time_s, position_rtn_m: Vec3::X * x })
            .to_vec()
    }

    #[test]
    fn a_place_on_a_path_lies_between_its_neighbours_and_is_held_at_the_ends() {
        for (time_s, x) in [(0.0, 0.0), (10.0, 0.0), (15.0, 2.5), (20.0, 5.0), (25.0, 15.0), (99.0, 25.0)] {
            assert_eq!(position_at(&path(), time_s), Some(Vec3::X * x), "at {time_s} s");
        }
        assert_eq!(position_at(&[], 0.0), None);
    }
}
