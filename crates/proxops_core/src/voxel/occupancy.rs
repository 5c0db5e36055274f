use super::{VoxelGrid, VoxelIndex};

/// Which voxels of a grid are solid.
#[derive(Clone, PartialEq)]
pub struct Occupancy {
    grid: VoxelGrid,
    /// One state per voxel and, last, the state of everything outside: rays that have left the grid read it.
    cells: Vec<u8>,
}

impl std::fmt::Debug for Occupancy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Occupancy").field("grid", &self.grid).field("count", &self.count()).finish()
    }
}

impl Occupancy {
    pub(crate) const EMPTY: u8 = 0;
    pub(crate) const OCCUPIED: u8 = 1;
    pub(crate) const OUTSIDE: u8 = 2;
    /// Of an imagined shape: not drawn yet.
    pub(crate) const UNDRAWN: u8 = 4;

    /// Bytes of the states of that grid's voxels and of the outside.
    pub const fn memory_bytes(grid: &VoxelGrid) -> usize {
        grid.len() + 1
    }

    /// A grid without a single occupied voxel.
    pub fn empty(grid: VoxelGrid) -> Self {
        let mut cells = vec![Self::EMPTY; grid.len()];
        cells.push(Self::OUTSIDE);
        Self { grid, cells }
    }

    /// The voxels for which `occupied` holds.
    pub fn from_fn(grid: VoxelGrid, mut occupied: impl FnMut(VoxelIndex) -> bool) -> Self {
        let mut occupancy = Self::empty(grid);
        for voxel in grid.indices() {
            occupancy.set(voxel, occupied(voxel));
        }
        occupancy
    }

    /// The grid whose voxels these are.
    pub const fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// Whether a voxel is solid.
    pub fn is_occupied(&self, voxel: VoxelIndex) -> bool {
        self.as_bytes()[voxel.as_usize()] == Self::OCCUPIED
    }

    /// Makes a voxel solid or empty.
    pub fn set(&mut self, voxel: VoxelIndex, occupied: bool) {
        self.as_bytes_mut()[voxel.as_usize()] = u8::from(occupied);
    }

    /// One byte per voxel in index order: 1 solid, 0 empty. Length `n³`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.cells[..self.grid.len()]
    }

    pub(crate) fn as_bytes_mut(&mut self) -> &mut [u8] {
        let len = self.grid.len();
        &mut self.cells[..len]
    }

    /// All voxels and the outside, length `n³ + 1`.
    pub(crate) fn cells_with_outside(&self) -> &[u8] {
        &self.cells
    }

    /// Number of solid voxels.
    pub fn count(&self) -> usize {
        self.as_bytes().iter().map(|&cell| usize::from(cell)).sum()
    }

    /// The solid voxels in index order.
    pub fn occupied(&self) -> impl Iterator<Item = VoxelIndex> + '_ {
        self.grid.indices().filter(|&voxel| self.is_occupied(voxel))
    }

    /// The solid voxels with at least one of six face neighbours empty or outside the grid.
    pub fn surface(&self) -> Self {
        Self::from_fn(self.grid, |voxel| self.is_occupied(voxel) && self.touches_empty(voxel))
    }

    fn touches_empty(&self, voxel: VoxelIndex) -> bool {
        let neighbours = self.grid.neighbours(voxel);
        neighbours.iter().any(|neighbour| neighbour.is_none_or(|v| !self.is_occupied(v)))
    }

    /// The voxels that an ideal camera outside could ever see: empty ones joined to the outside through empty
    /// ones (by faces), and the solid ones that touch those or the outside.
    pub fn reachable(&self) -> Self {
        let open = self.open_to_outside();
        let seen = |neighbour: &Option<VoxelIndex>| neighbour.is_none_or(|v| open.is_occupied(v));
        Self::from_fn(self.grid, |voxel| {
            open.is_occupied(voxel) || self.is_occupied(voxel) && self.grid.neighbours(voxel).iter().any(seen)
        })
    }

    /// Marks the empty voxels joined to the outside through faces of empty voxels.
    fn open_to_outside(&self) -> Self {
        let mut open = Self::empty(self.grid);
        let at_border = |&voxel: &VoxelIndex| self.grid.neighbours(voxel).contains(&None);
        let mut frontier: Vec<_> =
            self.grid.indices().filter(at_border).filter(|&voxel| !self.is_occupied(voxel)).collect();
        while let Some(voxel) = frontier.pop() {
            if open.is_occupied(voxel) {
                continue;
            }
            open.set(voxel, true);
            let next = self.grid.neighbours(voxel).into_iter().flatten();
            frontier.extend(next.filter(|&v| !self.is_occupied(v) && !open.is_occupied(v)));
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn box_between(grid: VoxelGrid, low: u32, high: u32) -> Occupancy {
        Occupancy::from_fn(grid, |v| grid.coordinates(v).iter().all(|c| (low..high).contains(c)))
    }

    #[test]
    fn the_surface_of_a_cube_is_all_but_its_inner_cube() {
        let cube = box_between(VoxelGrid::default(), 6, 14);
        assert_eq!(cube.count(), 512);
        assert_eq!(cube.surface().count(), 512 - 216);
        let full = box_between(VoxelGrid::default(), 0, 20);
        assert_eq!(full.surface().count(), 8000 - 18 * 18 * 18);
    }

    #[test]
    fn a_sealed_hollow_is_out_of_reach_until_a_face_opens() {
        let grid = VoxelGrid::new(10, 1.0).unwrap();
        let mut shell = box_between(grid, 2, 8);
        let hollow = grid.index(5, 5, 5);
        for voxel in grid.indices().filter(|&v| grid.coordinates(v).iter().all(|c| (3..7).contains(c))) {
            shell.set(voxel, false);
        }
        let sealed = shell.reachable();
        assert!(!sealed.is_occupied(hollow));
        assert_eq!(sealed.count(), 1000 - 64);
        shell.set(grid.index(2, 5, 5), false);
        let opened = shell.reachable();
        assert!(opened.is_occupied(hollow));
        // Edges and corners of the shell's outside are seen from outside: all voxels are now within reach.
        assert_eq!(opened.count(), 1000);
    }

    #[test]
    fn occupied_voxels_come_in_index_order() {
        let grid = VoxelGrid::default();
        let mut occupancy = Occupancy::empty(grid);
        occupancy.set(VoxelIndex(77), true);
        occupancy.set(VoxelIndex(5), true);
        assert_eq!(occupancy.occupied().collect::<Vec<_>>(), [VoxelIndex(5), VoxelIndex(77)]);
        assert_eq!(occupancy.as_bytes().len(), 8000);
    }
}
