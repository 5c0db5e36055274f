use super::Fault;

/// Reads the fields of a chunk's content from front to back. Nothing is copied and nothing allocated, so a count that
/// lies runs out of bytes and harms no more.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    chunk: &'static str,
}

impl<'a> Reader<'a> {
    /// `chunk` is what messages call it.
    pub fn new(content: &'a [u8], chunk: &'static str) -> Self {
        Self { rest: content, chunk }
    }

    pub fn number(&mut self) -> Result<u32, Fault> {
        let (number, rest) = self.rest.split_first_chunk().ok_or_else(|| self.too_short(4))?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*number))
    }

    /// `count` items of `size` bytes each.
    pub fn items(&mut self, count: u32, size: u64) -> Result<&'a [u8], Fault> {
        let needed = u64::from(count) * size;
        let bytes = usize::try_from(needed).ok().and_then(|needed| self.rest.split_at_checked(needed));
        let (items, rest) = bytes.ok_or_else(|| self.too_short(needed))?;
        self.rest = rest;
        Ok(items)
    }

    fn text(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.number()?;
        self.items(length, 1)
    }

    /// Hands every pair of a dictionary to `entry`.
    pub fn dictionary(&mut self, mut entry: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        for _ in 0..self.number()? {
            let (key, value) = (self.text()?, self.text()?);
            entry(key, value)?;
        }
        Ok(())
    }

    fn too_short(&self, needed: u64) -> Fault {
        let (chunk, left) = (self.chunk, self.rest.len());
        Fault::Malformed(format!("{chunk} counts on {needed} more bytes and has {left}"))
    }
}
