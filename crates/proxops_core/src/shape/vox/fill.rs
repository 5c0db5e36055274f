//! The chosen objects of a scene put into a grid.

use std::fmt::Write;

use super::file::{VoxFile, check_limit};
use super::scene::Object;
use super::{Fault, Request};
use crate::shape::description::{TargetDescription, span};
use crate::shape::{LoadedTarget, ModelFit, ObjectChoice};
use crate::voxel::{Occupancy, VoxelGrid};

/// Voxels of all placed objects together: twice a full 256³ model.
const MOST_PLACED_VOXELS: u64 = 1 << 25;
/// Objects that a message lists.
const MOST_LISTED: u32 = 32;

/// The smallest box of cells that holds everything met so far.
struct Bounds {
    low: [i64; 3],
    high: [i64; 3],
}

impl Bounds {
    fn extent(&self) -> [u64; 3] {
        std::array::from_fn(|k| self.high[k].abs_diff(self.low[k]) + 1)
    }
}

/// How cells of the scene become cells of the grid: `(cell − origin) / shrunk_by + offset`.
struct Fitting {
    origin: [i64; 3],
    shrunk_by: u64,
    offset: [i64; 3],
}

/// Reads a file and fills a grid with its chosen objects. The description still lacks its name.
pub(super) fn filled(grid: &VoxelGrid, bytes: &[u8], request: Request) -> Result<LoadedTarget, Fault> {
    let file = VoxFile::read(bytes)?;
    if file.models.is_empty() {
        return Err(Fault::malformed("no model in it"));
    }
    let selection = Selection { file: &file, object: request.object.unwrap_or(&ObjectChoice::Shown) };
    let (bounds, mut description) = selection.survey()?;
    let bounds = bounds.ok_or(Fault::NoSolidVoxel)?;
    let fitting = fitting(&bounds, grid, request.fit)?;

    let mut occupancy = Occupancy::empty(*grid);
    description.cropped_voxels = selection.fill(&fitting, grid, &mut occupancy)?;
    description.voxels = occupancy.count();
    if description.voxels == 0 {
        return Err(Fault::NoSolidVoxel);
    }
    description.span = span(&occupancy);
    description.shrunk_by = fitting.shrunk_by as u32;
    Ok(LoadedTarget { occupancy, description })
}

struct Selection<'s> {
    file: &'s VoxFile<'s>,
    object: &'s ObjectChoice,
}

impl<'s> Selection<'s> {
    /// Hands every object to `visit`, and whether it is chosen.
    fn objects(&self, mut visit: impl FnMut(Object<'s>, bool) -> Result<(), Fault>) -> Result<(), Fault> {
        let wanted = match self.object {
            ObjectChoice::Name(name) if !name.is_empty() => Some(name.as_bytes()),
            _ => None,
        };
        self.file.objects(wanted, |object| {
            let is_chosen = match self.object {
                ObjectChoice::Shown => !object.is_hidden,
                ObjectChoice::Name(_) => object.is_named,
                ObjectChoice::Number(number) => object.number == *number,
            };
            visit(object, is_chosen)
        })
    }

    /// Where the chosen objects lie, and how many there are of which names. No bounds without a solid voxel.
    fn survey(&self) -> Result<(Option<Bounds>, TargetDescription), Fault> {
        let mut description = TargetDescription::default();
        let (mut bounds, mut placed) = (None::<Bounds>, 0);
        self.objects(|object, is_chosen| {
            if !is_chosen {
                description.left_out_objects += 1;
                return Ok(());
            }
            description.objects += 1;
            note_name(&mut description.object_names, object.name);
            placed += object.model.len();
            check_limit("voxels of all objects together", placed, MOST_PLACED_VOXELS)?;
            for voxel in object.model.solid() {
                let cell = object.placement.cell(voxel, object.model.size);
                let bounds = bounds.get_or_insert(Bounds { low: cell, high: cell });
                for (k, place) in cell.into_iter().enumerate() {
                    bounds.low[k] = bounds.low[k].min(place);
                    bounds.high[k] = bounds.high[k].max(place);
                }
            }
            Ok(())
        })?;
        match self.object {
            ObjectChoice::Shown => Ok((bounds, description)),
            _ if description.objects > 0 => Ok((bounds, description)),
            wanted => Err(Fault::UnknownObject { wanted: wanted.to_string(), present: self.list()? }),
        }
    }

    /// The objects there are, for a message.
    fn list(&self) -> Result<String, Fault> {
        let mut list = String::new();
        let mut total = 0;
        self.objects(|object, _| {
            total += 1;
            if total <= MOST_LISTED {
                let separator = if total == 1 { "" } else { ", " };
                // Writing into a string cannot fail.
                let _ = write!(list, "{separator}{}", object.number);
                if !object.name.is_empty() {
                    let _ = write!(list, " \"{}\"", readable(object.name).escape_debug());
                }
            }
            Ok(())
        })?;
        if total > MOST_LISTED {
            let _ = write!(list, " and {} more", total - MOST_LISTED);
        }
        Ok(if total == 0 { "none".to_owned() } else { list })
    }

    /// Sets the grid's cells; how many voxels came to lie beyond it.
    fn fill(&self, fitting: &Fitting, grid: &VoxelGrid, occupancy: &mut Occupancy) -> Result<u64, Fault> {
        let mut cut_off = 0;
        self.objects(|object, is_chosen| {
            for voxel in object.model.solid().filter(|_| is_chosen) {
                match fitting.cell(object.placement.cell(voxel, object.model.size), grid.cells_per_axis()) {
                    Some([x, y, z]) => occupancy.set(grid.index(x, y, z), true),
                    None => cut_off += 1,
                }
            }
            Ok(())
        })?;
        Ok(cut_off)
    }
}

/// Longest name that is shown.
const NAME_CHARACTERS: usize = 40;

/// A name as text, cut where it gets long.
fn readable(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(4 * NAME_CHARACTERS)]).chars().take(NAME_CHARACTERS).collect()
}

fn note_name(names: &mut Vec<String>, name: &[u8]) {
    if name.is_empty() || names.len() == TargetDescription::MOST_NAMES {
        return;
    }
    let name = readable(name);
    if !names.contains(&name) {
        names.push(name);
    }
}

/// Puts the middle of the bounds at the middle of the grid; where that falls between two cells, at the lower one.
fn fitting(bounds: &Bounds, grid: &VoxelGrid, fit: ModelFit) -> Result<Fitting, Fault> {
    let (cells, extent) = (u64::from(grid.cells_per_axis()), bounds.extent());
    let longest = extent.into_iter().max().unwrap_or(0);
    let shrunk_by = match fit {
        _ if longest <= cells => 1,
        ModelFit::Refuse => return Err(Fault::LargerThanGrid { extent }),
        ModelFit::Shrink => longest.div_ceil(cells),
        ModelFit::Crop => 1,
    };
    // Along other axes the grid may be larger or, when cropping, smaller than the scene.
    let offset = extent.map(|e| (cells as i64 - e.div_ceil(shrunk_by) as i64).div_euclid(2));
    Ok(Fitting { origin: bounds.low, shrunk_by, offset })
}

impl Fitting {
    /// `None` beyond the grid.
    fn cell(&self, cell: [i64; 3], cells_per_axis: u32) -> Option<[u32; 3]> {
        let mut place = [0; 3];
        for k in 0..3 {
            let along = cell[k].abs_diff(self.origin[k]) / self.shrunk_by;
            place[k] = u32::try_from(along as i64 + self.offset[k]).ok().filter(|along| *along < cells_per_axis)?;
        }
        Some(place)
    }
}
