//! Doubtful voxels of a small grid are drawn as fewer, larger ones: at its size on the screen nobody could tell.

/// How many cells become one along each axis: the smallest divisor that leaves at most 10, as long as it leaves 4.
pub(super) fn factor(cells_per_axis: u32) -> u32 {
    const MOST: u32 = 10;
    const FEWEST: u32 = 4;
    let divides = |factor: &u32| cells_per_axis.is_multiple_of(*factor);
    let fits = |factor: &u32| (FEWEST..=MOST).contains(&(cells_per_axis / factor));
    (1..=cells_per_axis).find(|factor| divides(factor) && fits(factor)).unwrap_or(1)
}

/// Mean probability of the cells of each block that are below `confirmed_byte`, in grid order of the coarse grid.
pub(super) fn below(probabilities: &[u8], cells_per_axis: u32, confirmed_byte: u8) -> Vec<u8> {
    let (cells, factor) = (cells_per_axis as usize, factor(cells_per_axis) as usize);
    let coarse = cells / factor;
    let mut sums = vec![(0_u32, 0_u32); coarse.pow(3)];
    for (index, byte) in probabilities.iter().enumerate().filter(|(_, byte)| **byte < confirmed_byte) {
        let [x, y, z] = [index / (cells * cells), index / cells % cells, index % cells].map(|cell| cell / factor);
        let (sum, count) = &mut sums[(x * coarse + y) * coarse + z];
        *sum += u32::from(*byte);
        *count += 1;
    }
    sums.into_iter().map(|(sum, count)| (sum / count.max(1)) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_grids_become_between_four_and_ten_cells_wide() {
        for (cells, expected) in [(8, 1), (10, 1), (20, 2), (30, 3), (32, 4), (64, 8), (23, 1)] {
            assert_eq!(factor(cells), expected, "{cells} cells");
        }
    }

    #[test]
    fn a_block_shows_the_mean_of_its_doubtful_cells() {
        let mut fine = vec![40_u8; 8000];
        // One block: a confirmed cell does not count, one cell is empty.
        fine[0] = 255;
        fine[1] = 0;
        let coarse = below(&fine, 20, 230);
        assert_eq!(coarse.len(), 1000);
        assert_eq!(u32::from(coarse[0]), 6 * 40 / 7);
        assert_eq!(coarse[999], 40);
    }
}
