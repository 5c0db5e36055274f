use bevy::prelude::*;

/// Where a viewpoint lies among the cells of a cubic grid: one cell coordinate per axis, −1 before and `n` past the grid.
///
/// The painter's order depends on nothing else, so it is worked out anew only when this changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewpointCell(pub IVec3);

impl ViewpointCell {
    /// The cell of a viewpoint given in cells from the grid's lowest corner.
    pub fn new(viewpoint_cells: Vec3, cells_per_axis: u32) -> Self {
        // A camera that is not yet placed has no finite position; any order will do for it.
        let viewpoint = if viewpoint_cells.is_finite() { viewpoint_cells } else { Vec3::splat(-1.0) };
        let limit = cells_per_axis as i32;
        Self(viewpoint.floor().clamp(Vec3::splat(-1.0), Vec3::splat(limit as f32)).as_ivec3())
    }
}

/// Calls `visit` with the linear index of every cell of an n×n×n grid, `(x·n + y)·n + z`, so that no cell comes after
/// one that it may hide: exact back-to-front order in O(n³), without distances and without sorting.
///
/// On each axis the cells on either side of the viewpoint are taken from the far end inward and the viewpoint's own slab last.
/// If A hides B, then on no axis is B nearer than A, so B comes first in all three loops.
pub fn back_to_front(cells_per_axis: u32, viewpoint: ViewpointCell, mut visit: impl FnMut(u32)) {
    let [xs, ys, zs] = viewpoint.0.to_array().map(|cell| axis_order(cells_per_axis, cell));
    for x in &xs {
        for y in &ys {
            let row = (x * cells_per_axis + y) * cells_per_axis;
            for z in &zs {
                visit(row + z);
            }
        }
    }
}

fn axis_order(cells: u32, viewpoint: i32) -> Vec<u32> {
    let before = viewpoint.clamp(0, cells as i32) as u32;
    let past = (viewpoint + 1).clamp(0, cells as i32) as u32;
    (0..before).chain((past..cells).rev()).chain(before..past).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: u32 = 5;

    fn viewpoints() -> impl Iterator<Item = Vec3> {
        let along = [-40.0, -0.5, 0.3, 2.5, 4.9, 5.2, 17.0];
        along
            .into_iter()
            .flat_map(move |x| along.into_iter().flat_map(move |y| along.into_iter().map(move |z| Vec3::new(x, y, z))))
    }

    fn coordinates(index: u32) -> [i32; 3] {
        [index / (CELLS * CELLS), index / CELLS % CELLS, index % CELLS].map(|cell| cell as i32)
    }

    /// Whether some ray from the viewpoint may pass `front` before `back`: on every axis `front` lies between the viewpoint's slab and `back`.
    fn may_hide(viewpoint: Vec3, front: u32, back: u32) -> bool {
        let cell = viewpoint.floor().as_ivec3().to_array();
        front != back
            && (0..3).all(|axis| {
                let (near, far) = (coordinates(front)[axis] - cell[axis], coordinates(back)[axis] - cell[axis]);
                near == far || near == 0 || (near.signum() == far.signum() && near.abs() < far.abs())
            })
    }

    fn ranks(order: impl Iterator<Item = u32>) -> Vec<usize> {
        let mut ranks = vec![usize::MAX; CELLS.pow(3) as usize];
        for (rank, index) in order.enumerate() {
            assert_eq!(ranks[index as usize], usize::MAX, "cell {index} came twice");
            ranks[index as usize] = rank;
        }
        assert!(!ranks.contains(&usize::MAX), "a cell is missing");
        ranks
    }

    fn painter_ranks(viewpoint: Vec3) -> Vec<usize> {
        let mut order = Vec::new();
        back_to_front(CELLS, ViewpointCell::new(viewpoint, CELLS), |index| order.push(index));
        ranks(order.into_iter())
    }

    fn distance_ranks(viewpoint: Vec3) -> Vec<usize> {
        let distance = |index: &u32| {
            let centre = Vec3::from(coordinates(*index).map(|cell| cell as f32 + 0.5));
            -centre.distance_squared(viewpoint)
        };
        let mut order: Vec<u32> = (0..CELLS.pow(3)).collect();
        order.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        ranks(order.into_iter())
    }

    #[test]
    fn no_cell_comes_after_one_that_it_may_hide() {
        for viewpoint in viewpoints() {
            let ranks = painter_ranks(viewpoint);
            for front in 0..CELLS.pow(3) {
                for back in (0..CELLS.pow(3)).filter(|back| may_hide(viewpoint, front, *back)) {
                    assert!(ranks[front as usize] > ranks[back as usize], "{front} may hide {back} from {viewpoint}");
                }
            }
        }
    }

    #[test]
    fn agrees_with_a_sort_by_distance_wherever_order_matters() {
        for viewpoint in [Vec3::new(-7.0, 2.2, 11.0), Vec3::new(9.0, 8.0, 6.5), Vec3::new(2.4, -30.0, 3.1)] {
            let (painter, distance) = (painter_ranks(viewpoint), distance_ranks(viewpoint));
            for front in 0..CELLS.pow(3) {
                for back in (0..CELLS.pow(3)).filter(|back| may_hide(viewpoint, front, *back)) {
                    let (front, back) = (front as usize, back as usize);
                    assert_eq!(painter[front] > painter[back], distance[front] > distance[back], "{viewpoint}");
                }
            }
        }
    }

    #[test]
    fn a_viewpoint_without_a_place_still_orders_every_cell() {
        painter_ranks(Vec3::splat(f32::NAN));
    }
}
