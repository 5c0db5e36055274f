//! What a `.vox` file holds, as far as shapes go: models, the nodes of the scene, and which layers are hidden.

use super::Fault;
use super::chunks::{Chunk, Chunks};
use super::placement::{Placement, Turn};
use super::reader::Reader;

/// MagicaVoxel's own limit: coordinates are bytes.
const LARGEST_SIDE: u64 = 256;
const MOST_MODELS: u64 = 8192;
const MOST_NODES: u64 = 65_536;
const MOST_LAYERS: u64 = 1024;
const MOST_COLOURS: u64 = 256;

/// A parsed file. Voxels and names stay where they are in the file's bytes; what is allocated is at most four times
/// the file.
pub(super) struct VoxFile<'a> {
    pub models: Vec<Model<'a>>,
    /// By id.
    nodes: Vec<(u32, Node<'a>)>,
    hidden_layers: Vec<u32>,
}

#[derive(Clone, Copy)]
pub(super) struct Model<'a> {
    /// Voxels along x, y, z, the empty ones included.
    pub size: [u32; 3],
    /// x, y, z and colour of each.
    voxels: &'a [u8],
}

impl Model<'_> {
    /// Voxels written down, solid or not.
    pub fn len(&self) -> u64 {
        self.voxels.len() as u64 / 4
    }

    /// The voxels that MagicaVoxel shows: colour 0 is none.
    pub fn solid(&self) -> impl Iterator<Item = [u8; 3]> + '_ {
        self.voxels.chunks_exact(4).filter(|voxel| voxel[3] != 0).map(|voxel| [voxel[0], voxel[1], voxel[2]])
    }
}

/// A node of the scene.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    /// Places, names and hides its child.
    Transform { placement: Placement, name: &'a [u8], is_hidden: bool, layer: u32, child: u32 },
    /// Ids of its children, 4 bytes each.
    Group { children: &'a [u8] },
    /// Shows a model, named by its place in the file.
    Shape { model: u32 },
}

impl<'a> VoxFile<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut file = Self::with_capacity_for(bytes)?;
        let mut size = None;
        for Chunk { id, content } in Chunks::of_file(bytes)? {
            match &id {
                b"SIZE" => size = Some(read_size(content)?),
                b"XYZI" => {
                    let size = size.ok_or_else(|| Fault::malformed("XYZI stands before any SIZE"))?;
                    file.models.push(read_model(content, size)?);
                }
                b"nTRN" => file.nodes.push(read_transform(content)?),
                b"nGRP" => file.nodes.push(read_group(content)?),
                b"nSHP" => file.nodes.push(read_shape(content)?),
                b"LAYR" => file.hidden_layers.extend(read_hidden_layer(content)?),
                b"RGBA" => check_limit("palette colours", content.len() as u64 / 4, MOST_COLOURS)?,
                _ => {}
            }
        }

        file.nodes.sort_unstable_by_key(|(id, _)| *id);
        if let Some(pair) = file.nodes.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Fault::Malformed(format!("two nodes have the number {}", pair[0].0)));
        }
        Ok(file)
    }

    /// Room for what the file holds and no more, once it is known to keep to the limits.
    fn with_capacity_for(bytes: &[u8]) -> Result<Self, Fault> {
        let (mut models, mut nodes, mut layers) = (0, 0, 0);
        for chunk in Chunks::of_file(bytes)? {
            match &chunk.id {
                b"XYZI" => models += 1,
                b"nTRN" | b"nGRP" | b"nSHP" => nodes += 1,
                b"LAYR" => layers += 1,
                _ => {}
            }
        }
        check_limit("models", models, MOST_MODELS)?;
        check_limit("scene nodes", nodes, MOST_NODES)?;
        check_limit("layers", layers, MOST_LAYERS)?;
        Ok(Self {
            models: Vec::with_capacity(models as usize),
            nodes: Vec::with_capacity(nodes as usize),
            hidden_layers: Vec::with_capacity(layers as usize),
        })
    }

    pub fn has_scene(&self) -> bool {
        !self.nodes.is_empty()
    }

    pub fn node(&self, id: u32) -> Result<&Node<'a>, Fault> {
        let place = self.nodes.binary_search_by_key(&id, |(id, _)| *id);
        let place = place.map_err(|_| Fault::Malformed(format!("its scene names a node {id}, which is missing")))?;
        Ok(&self.nodes[place].1)
    }

    pub fn model(&self, index: u32) -> Result<&Model<'a>, Fault> {
        self.models.get(index as usize).ok_or_else(|| {
            Fault::Malformed(format!("its scene shows a model {index}, and there are {}", self.models.len()))
        })
    }

    pub fn is_layer_hidden(&self, layer: u32) -> bool {
        self.hidden_layers.contains(&layer)
    }
}

pub(super) fn check_limit(what: &'static str, value: u64, limit: u64) -> Result<(), Fault> {
    if value <= limit { Ok(()) } else { Err(Fault::Limit { what, value, limit }) }
}

fn read_size(content: &[u8]) -> Result<[u32; 3], Fault> {
    let mut reader = Reader::new(content, "SIZE");
    let size = [reader.number()?, reader.number()?, reader.number()?];
    for side in size {
        check_limit("voxels along a side of a model", side.into(), LARGEST_SIDE)?;
    }
    Ok(size)
}

fn read_model(content: &[u8], size: [u32; 3]) -> Result<Model<'_>, Fault> {
    let mut reader = Reader::new(content, "XYZI");
    let count = reader.number()?;
    let voxels = reader.items(count, 4)?;
    let outside = |voxel: &&[u8]| (0..3).any(|k| u32::from(voxel[k]) >= size[k]);
    if let Some(voxel) = voxels.chunks_exact(4).find(outside) {
        let place = &voxel[..3];
        return Err(Fault::Malformed(format!("a voxel at {place:?} lies outside its model of {size:?} voxels")));
    }
    Ok(Model { size, voxels })
}

fn read_transform(content: &[u8]) -> Result<(u32, Node<'_>), Fault> {
    let mut reader = Reader::new(content, "nTRN");
    let id = reader.number()?;
    let (mut name, mut is_hidden) = (&b""[..], false);
    reader.dictionary(|key, value| {
        match key {
            b"_name" => name = value,
            b"_hidden" => is_hidden = value == b"1",
            _ => {}
        }
        Ok(())
    })?;

    let child = reader.number()?;
    let _reserved = reader.number()?;
    let layer = reader.number()?;
    let mut first = None;
    for _ in 0..reader.number()? {
        let (frame, placement) = read_frame(&mut reader)?;
        if first.is_none_or(|(earliest, _)| frame < earliest) {
            first = Some((frame, placement));
        }
    }
    let placement = first.map_or(Placement::HERE, |(_, placement)| placement);
    Ok((id, Node::Transform { placement, name, is_hidden, layer, child }))
}

/// Number and placement of one key frame.
fn read_frame(reader: &mut Reader) -> Result<(u32, Placement), Fault> {
    let (mut frame, mut turn, mut shift) = (0, Turn::NONE, [0; 3]);
    reader.dictionary(|key, value| {
        match key {
            b"_f" => frame = parsed(key, value, |text| text.parse().ok())?,
            b"_r" => turn = parsed(key, value, |text| text.parse().ok().and_then(Turn::from_byte))?,
            b"_t" => shift = parsed(key, value, three_numbers)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((frame, Placement::new(turn, shift)))
}

fn three_numbers(text: &str) -> Option<[i32; 3]> {
    let mut words = text.split_ascii_whitespace().map(|word| word.parse().ok());
    let numbers = [words.next()??, words.next()??, words.next()??];
    words.next().is_none().then_some(numbers)
}

/// Longest value that a message quotes.
const QUOTED_BYTES: usize = 40;

fn parsed<T>(key: &[u8], value: &[u8], parse: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
    std::str::from_utf8(value).ok().and_then(|text| parse(text.trim())).ok_or_else(|| {
        let value = value[..value.len().min(QUOTED_BYTES)].escape_ascii();
        Fault::Malformed(format!("a node's {} is \"{value}\"", key.escape_ascii()))
    })
}

fn read_group(content: &[u8]) -> Result<(u32, Node<'_>), Fault> {
    let mut reader = Reader::new(content, "nGRP");
    let id = reader.number()?;
    reader.dictionary(|_, _| Ok(()))?;
    let count = reader.number()?;
    Ok((id, Node::Group { children: reader.items(count, 4)? }))
}

fn read_shape(content: &[u8]) -> Result<(u32, Node<'_>), Fault> {
    let mut reader = Reader::new(content, "nSHP");
    let id = reader.number()?;
    reader.dictionary(|_, _| Ok(()))?;
    let mut first = None;
    for _ in 0..reader.number()? {
        let model = reader.number()?;
        let mut frame = 0_u32;
        reader.dictionary(|key, value| {
            if key == b"_f" {
                frame = parsed(key, value, |text| text.parse().ok())?;
            }
            Ok(())
        })?;
        if first.is_none_or(|(earliest, _)| frame < earliest) {
            first = Some((frame, model));
        }
    }
    let (_, model) = first.ok_or_else(|| Fault::Malformed(format!("shape node {id} has no model")))?;
    Ok((id, Node::Shape { model }))
}

/// The layer's number, if it is hidden.
fn read_hidden_layer(content: &[u8]) -> Result<Option<u32>, Fault> {
    let mut reader = Reader::new(content, "LAYR");
    let id = reader.number()?;
    let mut is_hidden = false;
    reader.dictionary(|key, value| {
        is_hidden |= key == b"_hidden" && value == b"1";
        Ok(())
    })?;
    Ok(is_hidden.then_some(id))
}
