//! How much larger than life target and servicer are drawn: as asked for from afar, true to scale where they come close.

use std::fmt::{Display, Formatter};

use bevy::prelude::*;

use super::scene::SceneBelief;
use super::servicer::{HALF_SIZE_M, ServicerMotion};
use super::settings::ViewSettings;

/// How many times larger than life things are drawn in this frame. The view writes it before [`ViewSystems::Draw`](super::ViewSystems::Draw);
/// a host that draws something of its own beside target or servicer reads it.
///
/// From afar these are the magnifications of [`ViewSettings`]. Where the servicer comes near, both shrink together and
/// without a jump towards 1, so that the two never fill more than half of the distance between them, unless they do so
/// in truth: what seems to touch does touch. The path is always drawn true to scale.
///
/// `Display` says so in ASCII: `not to scale: target x2.6, servicer x5.7, path x1`, or `true to scale`.
#[derive(Resource, Reflect, Clone, Copy, Debug, PartialEq)]
#[reflect(Resource, Default, Debug, Clone, PartialEq)]
pub struct DrawnScale {
    /// Factor of the target's grid and of the camera's field of view, at least 1.
    pub target: f32,
    /// Factor of the servicer, at least 1.
    pub servicer: f32,
}

impl Default for DrawnScale {
    fn default() -> Self {
        Self { target: 1.0, servicer: 1.0 }
    }
}

/// Share of the distance between target and servicer that the two may fill together while one of them is magnified.
/// The target's share is measured along an edge; the corners of its grid reach √3 times as far and stay clear too.
const SHARE: f32 = 0.5;

impl DrawnScale {
    /// Whether nothing is magnified.
    pub fn is_true(&self) -> bool {
        *self == Self::default()
    }

    /// The magnifications asked for.
    fn full(settings: &ViewSettings) -> Self {
        Self { target: settings.target_scale(), servicer: settings.servicer_scale() }
    }

    /// The largest share of `full`'s magnification at which target and servicer fill no more than [`SHARE`] of their distance.
    fn at_distance(full: Self, grid_half_extent_m: f32, distance_m: f32) -> Self {
        let true_m = grid_half_extent_m + HALF_SIZE_M;
        let added_m = (full.target - 1.0) * grid_half_extent_m + (full.servicer - 1.0) * HALF_SIZE_M;
        let free_m = SHARE * distance_m - true_m;
        if free_m >= added_m {
            return full;
        }

        let share = if free_m > 0.0 { free_m / added_m } else { 0.0 };
        Self { target: 1.0 + (full.target - 1.0) * share, servicer: 1.0 + (full.servicer - 1.0) * share }
    }
}

impl Display for DrawnScale {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        if self.is_true() {
            return f.write_str("true to scale");
        }
        let (target, servicer) = (factor(self.target), factor(self.servicer));
        write!(f, "not to scale: target {target}, servicer {servicer}, path x1")
    }
}

/// One decimal, none for whole factors.
fn factor(value: f32) -> String {
    if value.fract() == 0.0 { format!("x{value}") } else { format!("x{value:.1}") }
}

/// Follows the servicer as it is shown, not as the newest snapshot has it.
pub(super) fn choose_scale(
    settings: Res<ViewSettings>,
    belief: Res<SceneBelief>,
    motion: Res<ServicerMotion>,
    mut scale: ResMut<DrawnScale>,
) {
    let full = DrawnScale::full(&settings);
    scale.set_if_neq(match (&belief.source, motion.position_rtn_m) {
        (Some((grid, _)), Some(position)) => {
            DrawnScale::at_distance(full, grid.half_extent_m() as f32, position.length())
        }
        _ => full,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_EXTENT_M: f32 = 10.0;

    fn at(distance_m: f32) -> DrawnScale {
        DrawnScale::at_distance(DrawnScale::full(&ViewSettings::default()), HALF_EXTENT_M, distance_m)
    }

    fn filled_m(scale: DrawnScale) -> f32 {
        scale.target * HALF_EXTENT_M + scale.servicer * HALF_SIZE_M
    }

    #[test]
    fn from_afar_the_magnifications_are_those_asked_for() {
        assert_eq!(at(200.0), DrawnScale { target: 4.0, servicer: 10.0 });
        assert_eq!(at(f32::INFINITY), at(200.0));
    }

    #[test]
    fn target_and_servicer_never_fill_more_than_half_of_their_distance_unless_they_do_in_truth() {
        /// Rounding of the sums, m.
        const ROUNDING_M: f32 = 1e-3;
        for distance_m in (0..4000).map(|tenth| tenth as f32 / 10.0) {
            let filled_m = filled_m(at(distance_m));
            let most_m = (0.5 * distance_m).max(HALF_EXTENT_M + HALF_SIZE_M);
            assert!(filled_m <= most_m + ROUNDING_M, "{filled_m} m of {distance_m} m are filled");
        }
    }

    #[test]
    fn no_larger_magnification_would_do() {
        for distance_m in [30.0, 50.0, 70.0, 100.0] {
            assert!((filled_m(at(distance_m)) - 0.5 * distance_m).abs() < 1e-3, "at {distance_m} m");
        }
    }

    #[test]
    fn the_scale_never_jumps_on_the_way_in() {
        let steps = (0..30_000).map(|centimetre| (at(centimetre as f32 / 100.0), at((centimetre + 1) as f32 / 100.0)));
        for (near, far) in steps {
            assert!((0.0..0.01).contains(&(far.servicer - near.servicer)), "{near:?} to {far:?} within a centimetre");
            assert!((0.0..0.01).contains(&(far.target - near.target)), "{near:?} to {far:?} within a centimetre");
        }
    }

    #[test]
    fn close_by_everything_is_true_to_scale() {
        for distance_m in [0.0, 12.0, 23.0, f32::NAN] {
            assert!(at(distance_m).is_true(), "at {distance_m} m");
        }
        let unmagnified = DrawnScale::default();
        assert!(DrawnScale::at_distance(unmagnified, HALF_EXTENT_M, 30.0).is_true());
    }

    #[test]
    fn the_scale_says_what_it_is() {
        assert_eq!(at(200.0).to_string(), "not to scale: target x4, servicer x10, path x1");
        assert_eq!(at(70.0).to_string(), "not to scale: target x2.6, servicer x5.7, path x1");
        assert_eq!(at(5.0).to_string(), "true to scale");
    }
}
