//! Text files that people write.

use std::fs;
use std::io;
use std::path::Path;

/// Marks a text as UTF-8. Some editors put it at the beginning of every file; it says nothing here.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text without the byte order mark that it may begin with.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Reads a text file without its byte order mark.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut text = fs::read_to_string(path)?;
    let mark = text.len() - without_mark(&text).len();
    text.drain(..mark);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_order_mark_is_dropped_and_only_at_the_beginning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (written, read_back) in
            [("\u{feff}(a)\r\n", "(a)\r\n"), ("(a\u{feff})", "(a\u{feff})"), ("\u{feff}", ""), ("", "")]
        {
            fs::write(file.path(), written).unwrap();
            assert_eq!(read(file.path()).unwrap(), read_back);
        }
    }
}
