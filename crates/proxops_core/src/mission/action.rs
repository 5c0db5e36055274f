use std::fmt;

use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::orbit::Impulse;

/// One of 13 choices: no burn, or a small or large burn along ±R, ±T or ±N. The magnitudes are the [`ActionSet`]'s.
///
/// Index 0 is no burn; then for R, T, N in turn: +small, −small, +large, −large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Action(u8);

impl Action {
    /// Number of actions.
    pub const COUNT: usize = 13;
    /// No burn.
    pub const NONE: Self = Self(0);
    /// Every action, in index order.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self(0); Self::COUNT];
        let mut index = 0;
        while index < Self::COUNT {
            all[index] = Self(index as u8);
            index += 1;
        }
        all
    };

    /// Position in [`Self::ALL`].
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The action at an index below [`Self::COUNT`].
    pub const fn from_index(index: usize) -> Option<Self> {
        if index < Self::COUNT { Some(Self(index as u8)) } else { None }
    }

    /// Axis of the burn: 0 for R, 1 for T, 2 for N; none without a burn.
    pub const fn axis(self) -> Option<usize> {
        if self.0 == 0 { None } else { Some((self.0 as usize - 1) / 4) }
    }

    /// Whether the burn points along the positive axis.
    pub const fn is_positive(self) -> bool {
        self.0 % 2 == 1
    }

    /// Whether the burn is the larger of the two sizes.
    pub const fn is_large(self) -> bool {
        self.0 > 0 && (self.0 - 1) % 4 >= 2
    }

    /// Name of the burn's axis: `R`, `T` or `N`; none without a burn.
    pub fn axis_name(self) -> Option<&'static str> {
        self.axis().map(|axis| ["R", "T", "N"][axis])
    }
}

impl TryFrom<u8> for Action {
    type Error = String;

    fn try_from(index: u8) -> Result<Self, String> {
        Self::from_index(index.into()).ok_or_else(|| format!("action = {index} is outside the accepted range 0 to 12"))
    }
}

impl From<Action> for u8 {
    fn from(action: Action) -> Self {
        action.0
    }
}

impl fmt::Display for Action {
    /// For example `T +large`; [`ActionSet::label`] knows the magnitude.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(axis) = self.axis_name() else { return formatter.pad("none") };
        let sign = if self.is_positive() { '+' } else { '-' };
        let size = if self.is_large() { "large" } else { "small" };
        formatter.pad(&format!("{axis} {sign}{size}"))
    }
}

/// The two burn sizes from which the 13 actions are made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionSet {
    /// Small burn, m/s. Default 0.01.
    pub small_dv_m_s: f64,
    /// Large burn, m/s. Default 0.05.
    pub large_dv_m_s: f64,
}

impl Default for ActionSet {
    fn default() -> Self {
        Self { small_dv_m_s: 0.01, large_dv_m_s: 0.05 }
    }
}

impl ActionSet {
    /// Signed size of an action's burn along its axis, m/s.
    fn signed_dv_m_s(&self, action: Action) -> f64 {
        let size = if action.is_large() { self.large_dv_m_s } else { self.small_dv_m_s };
        if action.is_positive() { size } else { -size }
    }

    /// The impulse of an action.
    #[inline]
    pub fn impulse(&self, action: Action) -> Impulse {
        let Some(axis) = action.axis() else { return Impulse::NONE };
        Impulse { dv_rtn_m_s: DVec3::AXES[axis] * self.signed_dv_m_s(action) }
    }

    /// What an action costs, m/s.
    #[inline]
    pub fn dv_m_s(&self, action: Action) -> f64 {
        if action == Action::NONE { 0.0 } else { self.signed_dv_m_s(action).abs() }
    }

    /// Axis and signed size in m/s, for example `T +0.05`; `none` without a burn.
    pub fn label(&self, action: Action) -> String {
        match action.axis_name() {
            Some(axis) => format!("{axis} {:+}", self.signed_dv_m_s(action)),
            None => "none".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_follow_the_published_order() {
        let labels: Vec<String> = Action::ALL.iter().map(|&action| ActionSet::default().label(action)).collect();
        let expected = [
            "none", "R +0.01", "R -0.01", "R +0.05", "R -0.05", "T +0.01", "T -0.01", "T +0.05", "T -0.05", "N +0.01",
            "N -0.01", "N +0.05", "N -0.05",
        ];
        assert_eq!(labels, expected);
        assert_eq!(Action::from_index(12).map(|action| action.to_string()).as_deref(), Some("N -large"));
        assert_eq!(Action::from_index(13), None);
    }

    #[test]
    fn an_action_costs_the_size_of_its_impulse() {
        let set = ActionSet { small_dv_m_s: 0.02, large_dv_m_s: 0.3 };
        for action in Action::ALL {
            assert_eq!(set.impulse(action).magnitude_m_s(), set.dv_m_s(action));
        }
        assert_eq!(set.impulse(Action(8)).dv_rtn_m_s, DVec3::new(0.0, -0.3, 0.0));
    }

    #[test]
    fn an_action_out_of_range_is_refused_in_files() {
        assert_eq!(ron::from_str::<Action>("12").ok(), Action::from_index(12));
        assert!(ron::from_str::<Action>("13").unwrap_err().to_string().contains("0 to 12"));
    }
}
