//! Which field a place in a RON text belongs to: RON's own messages say where, not in which field.

use std::ops::Range;

/// Path of the field whose value holds the given place (line and column from 1), for example `sensor.p_hit_empty`.
pub(super) fn field_path_at(text: &str, line: usize, column: usize) -> Option<String> {
    let end = byte_offset(text, line, column)?;
    let mut open: Vec<Option<&str>> = Vec::new();
    let mut field: Option<&str> = None;
    let mut word: Option<&str> = None;
    let tokens = Tokens { rest: &text[..end] };
    for token in tokens {
        match token {
            "(" | "[" | "{" => open.push(field.take()),
            ")" | "]" | "}" => field = open.pop().flatten(),
            ":" => field = word,
            "," => field = None,
            _ => {}
        }
        word = Some(token);
    }
    open.push(field);
    let path: Vec<&str> = open.into_iter().flatten().collect();
    (!path.is_empty()).then(|| path.join("."))
}

/// The byte of a place, and the first token that ends after it.
pub(super) fn token_after(text: &str, line: usize, column: usize) -> Option<(usize, Range<usize>)> {
    let at = byte_offset(text, line, column)?;
    let mut tokens = Tokens { rest: text };
    while let Some(token) = tokens.next() {
        let end = text.len() - tokens.rest.len();
        if end > at {
            return Some((at, end - token.len()..end));
        }
    }
    None
}

fn byte_offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let line_start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let after = text.get(line_start..)?;
    let in_line = after.char_indices().nth(column.saturating_sub(1)).map_or(after.len(), |(offset, _)| offset);
    Some(line_start + in_line)
}

/// Words, strings and single punctuation marks of a RON text, without comments.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.skip_blanks_and_comments();
        let first = self.rest.chars().next()?;
        let length = match first {
            '"' => string_length(self.rest),
            _ if is_word(first) => self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len()),
            _ => first.len_utf8(),
        };
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(token)
    }
}

impl Tokens<'_> {
    fn skip_blanks_and_comments(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let end = match self.rest.get(..2) {
                Some("//") => self.rest.find('\n'),
                Some("/*") => self.rest.find("*/").map(|end| end + 2),
                _ => return,
            };
            self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+')
}

/// Length of a quoted string at the start of a text, its quotes included; all of the text when it never ends.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (offset, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return offset + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Scenario(\n    name: \"a (b: c\", // d: e\n    sensor: SensorSettings(p_hit_empty: oops),\n    steps: x,\n    target: Cube(side_m: y),\n)";

    fn path_of(needle: &str) -> Option<String> {
        let offset = TEXT.find(needle).expect("in the text");
        let line = TEXT[..offset].matches('\n').count() + 1;
        let column = offset - TEXT[..offset].rfind('\n').map_or(0, |newline| newline + 1) + 1;
        field_path_at(TEXT, line, column)
    }

    #[test]
    fn places_are_named_by_their_fields() {
        assert_eq!(path_of("oops").as_deref(), Some("sensor.p_hit_empty"));
        assert_eq!(path_of("x,").as_deref(), Some("steps"));
        assert_eq!(path_of("y)").as_deref(), Some("target.side_m"));
        assert_eq!(path_of("Scenario"), None);
        assert_eq!(path_of("steps"), None);
    }

    #[test]
    fn a_place_outside_the_text_is_its_end() {
        assert_eq!(field_path_at("(steps: ", 1, 99).as_deref(), Some("steps"));
        assert_eq!(field_path_at("(steps: ", 99, 1).as_deref(), Some("steps"));
        assert_eq!(field_path_at("", 1, 1), None);
        assert_eq!(field_path_at("\"ä", 0, 0), None);
    }
}
