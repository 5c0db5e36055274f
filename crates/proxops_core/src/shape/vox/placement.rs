/// Turned and mirrored in steps of 90°, then moved: where a MagicaVoxel object stands in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    turn: Turn,
    /// In voxels.
    shift: [i64; 3],
}

/// A matrix with one entry of ±1 in every row and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Column of each row's entry.
    column: [u8; 3],
    /// Sign of each row's entry.
    sign: [i8; 3],
}

impl Turn {
    pub const NONE: Self = Self { column: [0, 1, 2], sign: [1, 1, 1] };

    /// From a `_r` byte: columns of the first two rows in bits 0–1 and 2–3, signs of the three rows in bits 4, 5 and 6.
    /// `None` for a byte that is no such matrix.
    pub fn from_byte(byte: u8) -> Option<Self> {
        let (first, second) = (byte & 3, (byte >> 2) & 3);
        if first == 3 || second == 3 || first == second || byte >= 0x80 {
            return None;
        }
        let sign = [4, 5, 6].map(|bit| if byte >> bit & 1 == 0 { 1 } else { -1 });
        Some(Self { column: [first, second, 3 - first - second], sign })
    }

    fn apply(&self, vector: [i64; 3]) -> [i64; 3] {
        std::array::from_fn(|row| i64::from(self.sign[row]) * vector[usize::from(self.column[row])])
    }

    /// `self` after `inner`.
    fn after(&self, inner: &Self) -> Self {
        let row = |row: usize| usize::from(self.column[row]);
        Self {
            column: std::array::from_fn(|k| inner.column[row(k)]),
            sign: std::array::from_fn(|k| self.sign[k] * inner.sign[row(k)]),
        }
    }
}

impl Placement {
    pub const HERE: Self = Self { turn: Turn::NONE, shift: [0; 3] };

    pub fn new(turn: Turn, shift: [i32; 3]) -> Self {
        Self { turn, shift: shift.map(i64::from) }
    }

    /// The placement in the grandparent of something that stands at `inner` in a parent which stands at `self`.
    pub fn of_child(&self, inner: &Self) -> Self {
        let moved = self.turn.apply(inner.shift);
        Self { turn: self.turn.after(&inner.turn), shift: std::array::from_fn(|k| moved[k] + self.shift[k]) }
    }

    /// The cell into which a model's voxel comes. MagicaVoxel turns a model about the corner of voxels at half its size,
    /// rounded down: `floor(R (v + ½ − ⌊size/2⌋) + t)`. Here in half voxels, which keeps whole numbers.
    pub fn cell(&self, voxel: [u8; 3], size: [u32; 3]) -> [i64; 3] {
        let from_pivot = std::array::from_fn(|k| 2 * (i64::from(voxel[k]) - i64::from(size[k] / 2)) + 1);
        let turned = self.turn.apply(from_pivot);
        std::array::from_fn(|k| (turned[k] - 1) / 2 + self.shift[k])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All 48 bytes that are matrices.
    fn bytes() -> Vec<u8> {
        (0..=255).filter(|byte| Turn::from_byte(*byte).is_some()).collect()
    }

    #[test]
    fn forty_eight_bytes_are_turns_half_of_them_mirrored() {
        let determinant = |turn: Turn| {
            let permutation = if (turn.column[0] + 1) % 3 == turn.column[1] { 1 } else { -1 };
            permutation * turn.sign.iter().product::<i8>()
        };
        let determinants: Vec<i8> = bytes().into_iter().filter_map(Turn::from_byte).map(determinant).collect();
        assert_eq!((determinants.len(), determinants.iter().sum::<i8>()), (48, 0));
    }

    /// The printed example of the format, and the quarter turn about z that MagicaVoxel writes as 17.
    #[test]
    fn printed_bytes_are_the_printed_matrices() {
        let printed = Turn::from_byte(1 | (2 << 2) | (1 << 5) | (1 << 6)).unwrap();
        assert_eq!(printed.apply([5, 6, 7]), [6, -7, -5]);
        assert_eq!(Turn::from_byte(17).unwrap().apply([5, 6, 7]), [-6, 5, 7]);
        assert_eq!(Turn::from_byte(4), Some(Turn::NONE));
    }

    /// The same as the definition with floating-point matrices, for odd and even sizes, every turn and every voxel.
    #[test]
    fn every_turn_places_every_voxel_as_the_formula_says() {
        for byte in bytes() {
            let turn = Turn::from_byte(byte).unwrap();
            let matrix: [[f64; 3]; 3] = std::array::from_fn(|row| {
                std::array::from_fn(|column| {
                    if usize::from(turn.column[row]) == column { f64::from(turn.sign[row]) } else { 0.0 }
                })
            });
            for size in [[1, 1, 1], [2, 2, 2], [3, 3, 3], [1, 2, 3], [4, 3, 5], [2, 5, 1]] {
                let placement = Placement::new(turn, [7, -3, 0]);
                let voxels =
                    (0..size[0]).flat_map(|x| (0..size[1]).flat_map(move |y| (0..size[2]).map(move |z| [x, y, z])));
                for voxel in voxels {
                    let centre: [f64; 3] =
                        std::array::from_fn(|k| f64::from(voxel[k]) + 0.5 - (f64::from(size[k]) / 2.0).floor());
                    let expected: [i64; 3] = std::array::from_fn(|row| {
                        let turned: f64 = (0..3).map(|k| matrix[row][k] * centre[k]).sum();
                        (turned + [7.0, -3.0, 0.0][row]).floor() as i64
                    });
                    assert_eq!(placement.cell(voxel.map(|v| v as u8), size), expected, "{byte} {size:?} {voxel:?}");
                }
            }
        }
    }

    /// Worked by hand: three voxels in a row turned about their middle corner, odd and even.
    #[test]
    fn half_turns_about_the_corner_of_odd_and_even_rows() {
        // −1 in the first two rows: half a turn about z.
        let half = Placement::new(Turn::from_byte(4 | (1 << 4) | (1 << 5)).unwrap(), [0; 3]);
        let row = |placement: &Placement, size: u32| -> Vec<i64> {
            (0..size).map(|x| placement.cell([x as u8, 0, 0], [size, 1, 1])[0]).collect()
        };
        assert_eq!((row(&Placement::HERE, 3), row(&half, 3)), (vec![-1, 0, 1], vec![0, -1, -2]));
        assert_eq!((row(&Placement::HERE, 4), row(&half, 4)), (vec![-2, -1, 0, 1], vec![1, 0, -1, -2]));
        assert_eq!((row(&Placement::HERE, 1), row(&half, 1)), (vec![0], vec![-1]));
    }

    #[test]
    fn a_child_of_a_turned_parent_is_turned_and_moved_with_it() {
        for (outer, inner) in bytes().into_iter().flat_map(|outer| bytes().into_iter().map(move |inner| (outer, inner)))
        {
            let outer = Placement::new(Turn::from_byte(outer).unwrap(), [3, 5, -8]);
            let inner = Placement::new(Turn::from_byte(inner).unwrap(), [-2, 9, 4]);
            // A point instead of a voxel: apply both in turn.
            let apply = |placement: &Placement, point| {
                let turned = placement.turn.apply(point);
                std::array::from_fn::<i64, 3, _>(|k| turned[k] + placement.shift[k])
            };
            let both = outer.of_child(&inner);
            assert_eq!(apply(&both, [1, 20, 300]), apply(&outer, apply(&inner, [1, 20, 300])));
        }
    }
}
