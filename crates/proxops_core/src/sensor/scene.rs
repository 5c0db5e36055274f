use crate::voxel::{ImaginedShape, Occupancy, VoxelGrid};

/// What rays look at. The states of voxels are bits: see [`Occupancy`].
pub(super) trait Scene {
    /// Whether some states may not be known before a ray asks for them.
    const DRAWN_BY_RAYS: bool;

    fn grid(&self) -> &VoxelGrid;

    /// States of all voxels as far as they are known and, last, of the outside.
    fn cells(&self) -> &[u8];

    /// State of one voxel or of the outside, found out if it is not known yet.
    fn state(&mut self, voxel: usize) -> u8;
}

impl Scene for &Occupancy {
    const DRAWN_BY_RAYS: bool = false;

    fn grid(&self) -> &VoxelGrid {
        Occupancy::grid(self)
    }

    #[inline(always)]
    fn cells(&self) -> &[u8] {
        self.cells_with_outside()
    }

    #[inline(always)]
    fn state(&mut self, voxel: usize) -> u8 {
        self.cells()[voxel]
    }
}

impl Scene for &mut ImaginedShape {
    const DRAWN_BY_RAYS: bool = true;

    fn grid(&self) -> &VoxelGrid {
        ImaginedShape::grid(self)
    }

    #[inline(always)]
    fn cells(&self) -> &[u8] {
        ImaginedShape::cells(self)
    }

    #[inline(always)]
    fn state(&mut self, voxel: usize) -> u8 {
        ImaginedShape::state(self, voxel)
    }
}
