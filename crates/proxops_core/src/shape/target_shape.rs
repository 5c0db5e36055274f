use std::fmt;
use std::path::{Path, PathBuf};

use glam::DVec3;
use serde::{Deserialize, Serialize};

use super::{ModelFit, ObjectChoice, TargetDescription, TargetError, builtin, generated, vox};
use crate::voxel::{Occupancy, VoxelGrid};

/// The true shape of the object under inspection, centred in the grid, its axes along R, T and N.
///
/// In scenario files: `Reference`, `Cube(side_m: 8.0)`, `Sphere(diameter_m: 9.0)`, `LBracket`, `Dock`,
/// `Embedded("comsat")`, `Voxels(name: "rod", cells: [(9, 9, 3), (9, 9, 4)])` or `Vox(path: "my.vox")`, the latter also as
/// `Vox(path: "my.vox", object: Name("bus"), fit: Shrink)`.
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
    /// A MagicaVoxel scene: its objects, placed and turned as the editor shows them at the beginning of an animation,
    /// without the hidden ones; one voxel of the scene is one grid voxel. The middle of all solid voxels comes to the
    /// middle of the grid.
    Vox {
        /// The file; relative paths start at the scenario file's folder.
        path: PathBuf,
        /// Which of its objects. Default [`ObjectChoice::Shown`].
        #[serde(default, skip_serializing_if = "ObjectChoice::is_default")]
        object: ObjectChoice,
        /// What if they do not fit the grid. Default [`ModelFit::Refuse`].
        #[serde(default, skip_serializing_if = "ModelFit::is_default")]
        fit: ModelFit,
    },
    /// A shape of one's own, voxel by voxel: see [`TargetShape::from_fn`].
    Voxels {
        /// What it is called in lists and messages.
        name: String,
        /// The solid voxels as cell coordinates along R, T and N, each below the grid's cells per axis.
        cells: Vec<[u32; 3]>,
    },
}

/// A shape in its grid.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedTarget {
    /// The solid voxels.
    pub occupancy: Occupancy,
    /// What it turned out to be.
    pub description: TargetDescription,
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
            Self::Vox { path, .. } => write!(f, "{}", path.display()),
            Self::Voxels { name, .. } => f.write_str(name),
        }
    }
}

impl TargetShape {
    /// All shown objects of a `.vox` file, refused when they do not fit.
    pub fn vox(path: impl Into<PathBuf>) -> Self {
        Self::Vox { path: path.into(), object: ObjectChoice::default(), fit: ModelFit::default() }
    }

    /// A shape from code: every voxel of the grid is solid for whose centre `is_solid` says so, in metres along R, T and N
    /// from the target's centre.
    ///
    /// ```
    /// use proxops_core::shape::TargetShape;
    /// use proxops_core::voxel::VoxelGrid;
    ///
    /// let grid = VoxelGrid::default();
    /// let ring = TargetShape::from_fn("ring", &grid, |centre| {
    ///     centre.x.abs() < 1.0 && (5.0..8.0).contains(&centre.truncate().with_x(centre.z).length())
    /// });
    /// assert!(ring.occupancy(&grid, None).is_ok());
    /// ```
    pub fn from_fn(name: impl Into<String>, grid: &VoxelGrid, mut is_solid: impl FnMut(DVec3) -> bool) -> Self {
        let solid = grid.indices().filter(|voxel| is_solid(grid.centre_m(*voxel)));
        Self::Voxels { name: name.into(), cells: solid.map(|voxel| grid.coordinates(voxel)).collect() }
    }

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
    /// As [`TargetShape::load`].
    pub fn occupancy(&self, grid: &VoxelGrid, base_dir: Option<&Path>) -> Result<Occupancy, TargetError> {
        Ok(self.load(grid, base_dir)?.occupancy)
    }

    /// Fills a grid with the shape and says what it turned out to be. `base_dir` is where relative `.vox` paths start.
    ///
    /// # Errors
    /// [`TargetError`] if the shape is larger than the grid or smaller than a voxel, a name is unknown, or a file
    /// cannot be read, is not a MagicaVoxel scene, exceeds a limit, lacks the chosen object or has no solid voxel.
    pub fn load(&self, grid: &VoxelGrid, base_dir: Option<&Path>) -> Result<LoadedTarget, TargetError> {
        let occupancy = match self {
            Self::Reference => builtin::reference(grid),
            Self::Cube { side_m } => builtin::cube(grid, *side_m)?,
            Self::Sphere { diameter_m } => builtin::sphere(grid, *diameter_m)?,
            Self::LBracket => builtin::l_bracket(grid),
            Self::Dock => builtin::dock(grid),
            Self::Generated { number } => generated::satellite(grid, *number),
            Self::Voxels { name, cells } => of_cells(grid, name, cells)?,
            Self::Embedded(name) => return vox::embedded(grid, name),
            Self::Vox { path, object, fit } => {
                let path = base_dir.map_or_else(|| path.clone(), |base| base.join(path));
                return vox::from_file(grid, &path, vox::Request { object: Some(object), fit: *fit });
            }
        };
        let description = TargetDescription::of_one(self.to_string(), &occupancy);
        Ok(LoadedTarget { occupancy, description })
    }
}

/// The grid with these cells solid.
fn of_cells(grid: &VoxelGrid, name: &str, cells: &[[u32; 3]]) -> Result<Occupancy, TargetError> {
    let mut occupancy = Occupancy::empty(*grid);
    for cell in cells {
        if cell.iter().any(|place| *place >= grid.cells_per_axis()) {
            let name = name.to_owned();
            return Err(TargetError::CellOutside { name, cell: *cell, cells_per_axis: grid.cells_per_axis() });
        }
        let [x, y, z] = *cell;
        occupancy.set(grid.index(x, y, z), true);
    }
    if occupancy.count() == 0 {
        return Err(TargetError::NoCells { name: name.to_owned() });
    }
    Ok(occupancy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_from_code_is_solid_where_it_says_so_and_refused_outside_of_the_grid() {
        let grid = VoxelGrid::default();
        let shape = TargetShape::from_fn("slab", &grid, |centre_m| centre_m.x.abs() < 1.0 && centre_m.z > 0.0);
        let occupancy = shape.occupancy(&grid, None).unwrap();
        assert_eq!(occupancy.count(), 2 * 20 * 10);
        assert!(occupancy.occupied().all(|voxel| grid.centre_m(voxel).z > 0.0));
        assert_eq!(shape.load(&grid, None).unwrap().description.name, "slab");
        let coarse = VoxelGrid::new(8, 2.5).unwrap();
        let refused = shape.occupancy(&coarse, None).unwrap_err().to_string();
        assert!(refused.contains("slab") && refused.contains("[9, 0, 10]") && refused.contains("to 7"), "{refused}");
        let nothing = TargetShape::from_fn("nothing", &grid, |_| false);
        assert_eq!(nothing.occupancy(&grid, None), Err(TargetError::NoCells { name: "nothing".into() }));
    }

    #[test]
    fn every_shape_survives_a_scenario_file() {
        let text = [
            (r#"Reference"#, TargetShape::Reference),
            (r#"Cube(side_m: 8.0)"#, TargetShape::Cube { side_m: 8.0 }),
            (r#"Sphere(diameter_m: 9.5)"#, TargetShape::Sphere { diameter_m: 9.5 }),
            (r#"Embedded("comsat")"#, TargetShape::Embedded("comsat".into())),
            (r#"Generated(number: 7)"#, TargetShape::Generated { number: 7 }),
            (r#"Vox(path: "my.vox")"#, TargetShape::vox("my.vox")),
            (
                r#"Voxels(name: "rod", cells: [(9, 9, 3), (9, 9, 4)])"#,
                TargetShape::Voxels { name: "rod".into(), cells: vec![[9, 9, 3], [9, 9, 4]] },
            ),
            (
                r#"Vox(path: "my.vox", object: Name("bus"), fit: Crop)"#,
                TargetShape::Vox {
                    path: "my.vox".into(),
                    object: ObjectChoice::Name("bus".into()),
                    fit: ModelFit::Crop,
                },
            ),
            (
                r#"Vox(path: "my.vox", object: Number(2))"#,
                TargetShape::Vox { path: "my.vox".into(), object: ObjectChoice::Number(2), fit: ModelFit::Refuse },
            ),
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
