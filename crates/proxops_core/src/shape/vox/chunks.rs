//! The chunks of a `.vox` file, found without recursion and without copying.
//!
//! A chunk is a name of four letters, the length of its content, the length of its children, the content and the
//! children. `MAIN` has all others as children; those have none, but the format would allow it.

use super::Fault;

/// Levels of chunks, `MAIN` included. MagicaVoxel writes two.
pub(super) const DEEPEST_NESTING: u64 = 4;

const HEADER_BYTES: usize = 12;

/// One chunk below `MAIN`.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub id: [u8; 4],
    pub content: &'a [u8],
}

struct Header {
    id: [u8; 4],
    content_bytes: usize,
    children_bytes: usize,
}

impl Header {
    /// `None` when fewer bytes are left than a header has.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let [a, b, c, d, content @ .., e, f, g, h] = *header;
        let length = |bytes| u32::from_le_bytes(bytes) as usize;
        Some(Self { id: [a, b, c, d], content_bytes: length(content), children_bytes: length([e, f, g, h]) })
    }

    fn name(&self) -> String {
        self.id.escape_ascii().to_string()
    }
}

/// The chunks right below `MAIN`, all lengths checked.
pub(super) struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// Checks every chunk of a file, at whatever depth: each must lie within its parent, and none too deep.
    pub fn of_file(bytes: &'a [u8]) -> Result<Self, Fault> {
        let after_magic = bytes.strip_prefix(b"VOX ").ok_or_else(|| Fault::malformed("it does not begin with VOX"))?;
        let body = after_magic.get(4..).ok_or_else(|| Fault::malformed("it ends within its version"))?;
        let main = Header::read(body).ok_or_else(|| Fault::malformed("it ends before its first chunk"))?;
        if main.id != *b"MAIN" {
            return Err(Fault::Malformed(format!("its first chunk is {} and not MAIN", main.name())));
        }

        let body = &body[HEADER_BYTES..];
        let children = body.get(main.content_bytes..).and_then(|rest| rest.get(..main.children_bytes));
        let rest = children.ok_or_else(|| {
            let said = main.content_bytes + main.children_bytes;
            Fault::Malformed(format!("MAIN says that it holds {said} bytes, the file has {} left", body.len()))
        })?;
        check_nesting(rest)?;
        Ok(Self { rest })
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let header = Header::read(self.rest)?;
        let (content, rest) = self.rest[HEADER_BYTES..].split_at_checked(header.content_bytes)?;
        self.rest = rest.get(header.children_bytes..)?;
        Some(Chunk { id: header.id, content })
    }
}

/// Walks all chunks below `MAIN` with a stack of the ends of those that are open.
fn check_nesting(main: &[u8]) -> Result<(), Fault> {
    let mut ends = Vec::with_capacity(DEEPEST_NESTING as usize);
    ends.push(main.len());
    let mut at = 0;
    while let Some(&end) = ends.last() {
        if at == end {
            ends.pop();
            continue;
        }
        let left = &main[at..end];
        let header = Header::read(left)
            .ok_or_else(|| Fault::Malformed(format!("{} stray bytes stand where a chunk should begin", left.len())))?;
        let held = header.content_bytes + header.children_bytes;
        if held > left.len() - HEADER_BYTES {
            let (name, left) = (header.name(), left.len() - HEADER_BYTES);
            return Err(Fault::Malformed(format!(
                "{name} says that it holds {held} bytes, its parent has {left} left"
            )));
        }

        at += HEADER_BYTES + header.content_bytes;
        if header.children_bytes > 0 {
            // `MAIN` and the chunk itself come on top of those that are open below `MAIN`.
            let level = ends.len() as u64 + 2;
            if level > DEEPEST_NESTING {
                let value = level + levels_below(&main[at..]);
                return Err(Fault::Limit { what: "levels of nested chunks", value, limit: DEEPEST_NESTING });
            }
            ends.push(at + header.children_bytes);
        }
    }
    Ok(())
}

/// How many levels follow one another when only first children are looked at, for the message alone.
fn levels_below(mut bytes: &[u8]) -> u64 {
    let mut levels = 0;
    while let Some(header) = Header::read(bytes)
        && header.children_bytes > 0
        && let Some(children) = bytes[HEADER_BYTES..].get(header.content_bytes..)
    {
        levels += 1;
        bytes = children;
    }
    levels
}
