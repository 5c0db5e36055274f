use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{TargetError, builtin, generated, vox};
use crate::voxel::{Occupancy, VoxelGrid};

/// The true shape of the object under inspection, centred in the grid, its axes along R, T and N.
///
/// In scenario files: `Reference`, `Cube(side_m: 8.0)`, `Sphere(diameter_m: 9.0)`, `LBracket`, `Dock`,
/// `Embedded("comsat")` or `Vox(path: "my.vox")`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum TargetShape {
    /// The reference satellite: body, one solar panel and an antenna; 620 voxels on a 20³ grid. On other grids it
    /// scales with the grid's edge.
    #[default]
    Reference,
    /// A solid cube.
    Cube {
        /// Edge in metres.
        side_m: f64,
    },
    /// A solid sphere.
    Sphere {
        /// Diameter in metres.
        diameter_m: f64,
    },
    /// Two plates at a right angle with a gusset; scales with the grid's edge.
    LBracket,
    /// A concave docking port: a block with a funnel-shaped bay, seen into from the +T side only; scales with the
    /// grid's edge.
    Dock,
    /// A satellite shipped with the crate, one of [`TargetShape::EMBEDDED`]; one model voxel is one grid voxel.
    Embedded(String),
    /// A satellite drawn from a family with bus, panels, dishes and booms: one for every number. Scales with the grid's
    /// edge.
    Generated {
        /// Which one.
        number: u64,
    },
    /// A MagicaVoxel model, its first one if there are several; one model voxel is one grid voxel.
    Vox {
        /// The file; relative paths start at the scenario file's folder.
        path: PathBuf,
    },
}

impl fmt::Display for TargetShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference => f.write_str("reference"),
            Self::Cube { side_m } => write!(f, "cube {side_m} m"),
            Self::Sphere { diameter_m } => write!(f, "sphere {diameter_m} m"),
            Self::LBracket => f.write_str("L-bracket"),
            Self::Dock => f.write_str("dock"),
            Self::Embedded(name) => f.write_str(name),
            Self::Generated { number } => write!(f, "generated satellite {number}"),
            Self::Vox { path } => write!(f, "{}", path.display()),
        }
    }
}

impl TargetShape {
    /// Names of the satellites shipped with the crate.
    pub const EMBEDDED: [&str; 3] = ["comsat", "space_telescope", "upper_stage"];

    /// Every shape that needs no file, each at its default size: what a panel or a command line offers.
    pub fn built_in() -> Vec<Self> {
        let mut shapes = vec![
            Self::Reference,
            Self::Cube { side_m: 8.0 },
            Self::Sphere { diameter_m: 9.0 },
            Self::LBracket,
            Self::Dock,
        ];
        shapes.extend(Self::EMBEDDED.map(|name| Self::Embedded(name.to_owned())));
        shapes
    }

    /// Names of [`built_in`](Self::built_in), in the same order.
    pub fn names() -> Vec<&'static str> {
        let mut names = vec!["reference", "cube", "sphere", "l_bracket", "dock"];
        names.extend(Self::EMBEDDED);
        names
    }

    /// The built-in shape of one of [`names`](Self::names).
    pub fn from_name(name: &str) -> Option<Self> {
        let position = Self::names().iter().position(|&known| known == name)?;
        Self::built_in().into_iter().nth(position)
    }

    /// Fills a grid with the shape. `base_dir` is where relative `.vox` paths start.
    ///
    /// # Errors
    /// [`TargetError`] if the shape is larger than the grid or smaller than a voxel, a name is unknown, or a file
    /// cannot be read, is not a MagicaVoxel model or has no solid voxel.
    pub fn occupancy(&self, grid: &VoxelGrid, base_dir: Option<&Path>) -> Result<Occupancy, TargetError> {
        match self {
            Self::Reference => Ok(builtin::reference(grid)),
            Self::Cube { side_m } => builtin::cube(grid, *side_m),
            Self::Sphere { diameter_m } => builtin::sphere(grid, *diameter_m),
            Self::LBracket => Ok(builtin::l_bracket(grid)),
            Self::Dock => Ok(builtin::dock(grid)),
            Self::Embedded(name) => vox::embedded(grid, name),
            Self::Generated { number } => Ok(generated::satellite(grid, *number)),
            Self::Vox { path } => match base_dir {
                Some(base) => vox::from_file(grid, &base.join(path)),
                None => vox::from_file(grid, path),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_survives_a_scenario_file() {
        let text = [
            (r#"Reference"#, TargetShape::Reference),
            (r#"Cube(side_m: 8.0)"#, TargetShape::Cube { side_m: 8.0 }),
            (r#"Sphere(diameter_m: 9.5)"#, TargetShape::Sphere { diameter_m: 9.5 }),
            (r#"Embedded("comsat")"#, TargetShape::Embedded("comsat".into())),
            (r#"Generated(number: 7)"#, TargetShape::Generated { number: 7 }),
            (r#"Vox(path: "my.vox")"#, TargetShape::Vox { path: "my.vox".into() }),
        ];
        for (text, shape) in text {
            assert_eq!(ron::from_str::<TargetShape>(text).as_ref(), Ok(&shape), "{text}");
            assert_eq!(ron::from_str::<TargetShape>(&ron::to_string(&shape).unwrap()).as_ref(), Ok(&shape));
        }
        assert!(ron::from_str::<TargetShape>("Cube(side_m: 8.0, colour: 3)").is_err());
    }

    #[test]
    fn every_built_in_shape_fits_and_is_found_by_its_name() {
        let grid = VoxelGrid::default();
        assert_eq!(TargetShape::names().len(), TargetShape::built_in().len());
        for (name, shape) in TargetShape::names().into_iter().zip(TargetShape::built_in()) {
            let occupancy = shape.occupancy(&grid, None).unwrap();
            assert!((100..4000).contains(&occupancy.count()), "{name}: {}", occupancy.count());
            assert_eq!(TargetShape::from_name(name), Some(shape));
        }
        assert_eq!(TargetShape::from_name("teapot"), None);
    }

    #[test]
    fn built_in_shapes_keep_their_proportions_on_other_grids() {
        for shape in [TargetShape::Reference, TargetShape::LBracket, TargetShape::Dock] {
            let share = |cells| {
                let grid = VoxelGrid::new(cells, 20.0 / f64::from(cells)).unwrap();
                let occupancy = shape.occupancy(&grid, None).unwrap();
                occupancy.count() as f64 / grid.len() as f64
            };
            // Slanted faces become finer steps; boxes keep their share exactly.
            let tolerance = if shape == TargetShape::Reference { 1e-12 } else { 0.05 };
            assert!((share(40) / share(20) - 1.0).abs() < tolerance, "{shape}: {}", share(40) / share(20));
            for cells in [8, 13, 33, 64] {
                assert!((0.5..2.0).contains(&(share(cells) / share(20))), "{shape} on {cells}: {}", share(cells));
            }
        }
    }
}
