//! `.vox` files written byte by byte, for tests.

/// A chunk with its header.
pub fn chunk(id: &[u8; 4], content: &[u8], children: &[u8]) -> Vec<u8> {
    let lengths = [content.len() as u32, children.len() as u32].map(u32::to_le_bytes);
    [&id[..], &lengths[0], &lengths[1], content, children].concat()
}

/// A file with these chunks below `MAIN`.
pub fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"VOX ", &200_u32.to_le_bytes()[..], &chunk(b"MAIN", &[], &chunks.concat())].concat()
}

pub fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn dictionary(entries: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let entries: Vec<Vec<u8>> = entries.iter().map(|(key, value)| [text(key), text(value)].concat()).collect();
    [numbers(&[entries.len() as u32]), entries.concat()].concat()
}

/// `SIZE` and `XYZI` of a model; voxels are x, y, z and colour.
pub fn model(size: [u32; 3], voxels: &[[u8; 4]]) -> Vec<u8> {
    let content = [numbers(&[voxels.len() as u32]), voxels.concat()].concat();
    [chunk(b"SIZE", &numbers(&size), &[]), chunk(b"XYZI", &content, &[])].concat()
}

/// A model without an empty voxel.
pub fn solid(size: [u32; 3]) -> Vec<u8> {
    let voxels: Vec<[u8; 4]> = (0..size[0])
        .flat_map(|x| (0..size[1]).flat_map(move |y| (0..size[2]).map(move |z| [x as u8, y as u8, z as u8, 1])))
        .collect();
    model(size, &voxels)
}

/// No layer.
pub const NO_LAYER: u32 = u32::MAX;

pub fn transform(id: u32, child: u32, layer: u32, attributes: &[(&str, &str)], frames: &[&[(&str, &str)]]) -> Vec<u8> {
    let frames_content: Vec<u8> = frames.iter().flat_map(|frame| dictionary(frame)).collect();
    let content = [
        numbers(&[id]),
        dictionary(attributes),
        numbers(&[child, u32::MAX, layer, frames.len() as u32]),
        frames_content,
    ];
    chunk(b"nTRN", &content.concat(), &[])
}

pub fn group(id: u32, children: &[u32]) -> Vec<u8> {
    let content = [numbers(&[id]), dictionary(&[]), numbers(&[children.len() as u32]), numbers(children)];
    chunk(b"nGRP", &content.concat(), &[])
}

pub fn shape(id: u32, model: u32) -> Vec<u8> {
    chunk(b"nSHP", &[numbers(&[id]), dictionary(&[]), numbers(&[1, model]), dictionary(&[])].concat(), &[])
}

pub fn layer(id: u32, attributes: &[(&str, &str)]) -> Vec<u8> {
    chunk(b"LAYR", &[numbers(&[id]), dictionary(attributes), numbers(&[u32::MAX])].concat(), &[])
}

/// An object of a [`scene`].
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    pub model: u32,
    pub layer: u32,
    pub attributes: &'a [(&'a str, &'a str)],
    pub frame: &'a [(&'a str, &'a str)],
}

impl Default for Placed<'_> {
    fn default() -> Self {
        Self { model: 0, layer: NO_LAYER, attributes: &[], frame: &[] }
    }
}

/// Root, group, and below it one transform and shape for every object.
pub fn scene(models: &[Vec<u8>], objects: &[Placed]) -> Vec<u8> {
    let ids: Vec<u32> = (0..objects.len() as u32).map(|index| 2 + 2 * index).collect();
    let mut chunks = models.to_vec();
    chunks.extend([transform(0, 1, NO_LAYER, &[], &[&[]]), group(1, &ids)]);
    for (id, object) in ids.into_iter().zip(objects) {
        chunks.push(transform(id, id + 1, object.layer, object.attributes, &[object.frame]));
        chunks.push(shape(id + 1, object.model));
    }
    file(&chunks)
}
