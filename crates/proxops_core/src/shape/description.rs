use std::fmt;

use serde::Serialize;

use crate::voxel::Occupancy;

/// What a target turned out to be when it was put into its grid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TargetDescription {
    /// The shape, or the path of its file.
    pub name: String,
    /// Objects of a scene that are flown; 1 for a built-in shape.
    pub objects: u32,
    /// Their names, as far as they have any: each once, at most [`TargetDescription::MOST_NAMES`].
    pub object_names: Vec<String>,
    /// Objects of the scene that are not flown: hidden, or others were chosen.
    pub left_out_objects: u32,
    /// Solid voxels in the grid.
    pub voxels: usize,
    /// Grid voxels between the outermost solid ones along R, T and N.
    pub span: [u32; 3],
    /// How many voxels of the scene became one along each axis; 1 as drawn.
    pub shrunk_by: u32,
    /// Voxels of the scene's objects cut off because they lie beyond the grid.
    pub cropped_voxels: u64,
}

impl TargetDescription {
    /// Most names that are kept.
    pub const MOST_NAMES: usize = 8;

    /// Of a shape that is one object.
    pub(super) fn of_one(name: String, occupancy: &Occupancy) -> Self {
        let (voxels, span) = (occupancy.count(), span(occupancy));
        Self { name, objects: 1, voxels, span, shrunk_by: 1, ..Self::default() }
    }

    /// Whether something of a file's scene is missing, or is not as it was drawn.
    pub fn is_altered(&self) -> bool {
        self.left_out_objects > 0 || self.shrunk_by > 1 || self.cropped_voxels > 0
    }
}

/// Voxels between the outermost solid ones along each axis.
pub(super) fn span(occupancy: &Occupancy) -> [u32; 3] {
    let grid = occupancy.grid();
    let (mut low, mut high) = ([u32::MAX; 3], [0; 3]);
    for voxel in occupancy.occupied() {
        for (k, place) in grid.coordinates(voxel).into_iter().enumerate() {
            low[k] = low[k].min(place);
            high[k] = high[k].max(place + 1);
        }
    }
    std::array::from_fn(|k| high[k].saturating_sub(low[k]))
}

impl fmt::Display for TargetDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, t, n] = self.span;
        write!(f, "{}: {}", self.name, counted(self.objects.into(), "object"))?;
        if !self.object_names.is_empty() {
            write!(f, " ({})", self.object_names.join(", "))?;
        }
        write!(f, ", {}, {r} × {t} × {n} along R, T, N", counted(self.voxels as u64, "voxel"))?;
        if self.left_out_objects > 0 {
            write!(f, "; {} hidden or not chosen", counted(self.left_out_objects.into(), "object"))?;
        }
        if self.shrunk_by > 1 {
            write!(f, "; drawn {} times smaller to fit the grid", self.shrunk_by)?;
        }
        if self.cropped_voxels > 0 {
            write!(f, "; {} beyond the grid cut off", counted(self.cropped_voxels, "voxel"))?;
        }
        Ok(())
    }
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_what_is_missing_and_only_that() {
        let plain = TargetDescription {
            name: "a.vox".to_owned(),
            objects: 1,
            voxels: 96,
            span: [6, 4, 4],
            shrunk_by: 1,
            ..Default::default()
        };
        assert_eq!(plain.to_string(), "a.vox: 1 object, 96 voxels, 6 × 4 × 4 along R, T, N");
        assert!(!plain.is_altered());
        let altered = TargetDescription {
            objects: 3,
            object_names: vec!["bus".to_owned(), "panel".to_owned()],
            left_out_objects: 1,
            shrunk_by: 2,
            cropped_voxels: 7,
            ..plain
        };
        assert_eq!(
            altered.to_string(),
            "a.vox: 3 objects (bus, panel), 96 voxels, 6 × 4 × 4 along R, T, N; 1 object hidden or not chosen; \
             drawn 2 times smaller to fit the grid; 7 voxels beyond the grid cut off"
        );
        assert!(altered.is_altered());
    }
}
