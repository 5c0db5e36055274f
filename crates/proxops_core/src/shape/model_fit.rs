use serde::{Deserialize, Serialize};

/// What happens to a MagicaVoxel scene with more voxels along an axis than the grid. Whatever fits is flown as drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ModelFit {
    /// It is refused, with both sizes.
    #[default]
    Refuse,
    /// It is drawn smaller by the least whole number k with which it fits: a grid voxel is solid where any of k³ voxels
    /// of the scene is, counted from its low corner, so that thin panels stay whole.
    Shrink,
    /// Its middle is flown: what lies beyond the grid is cut off.
    Crop,
}

impl ModelFit {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
