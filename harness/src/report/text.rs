//! Text of others made fit to be shown: paths, contents and messages come from backends and scenario
//! files, and may hold anything.
//!
//! What a terminal could act on is escaped, and so is what a reader could not see: control characters,
//! text direction marks, combining characters. What is too long loses its middle, since names that are
//! generated differ most at their ends.

/// Longest component of a path shown whole, in characters: room for a name, not for a hash.
const COMPONENT_CHARS_MAX: usize = 24;
/// Longest path shown whole, in characters: it still fits one line with the words around it.
const PATH_CHARS_MAX: usize = 64;
/// Longest content shown in words, in characters.
const CONTENT_CHARS_MAX: usize = 28;
/// Longest message of a subject shown whole, in characters.
const MESSAGE_CHARS_MAX: usize = 240;

/// `text` with everything escaped that is not plainly visible. Escaping twice changes nothing.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    out
}

/// A path in quotes, escaped, long parts shortened in the middle.
pub(super) fn path(path: &str) -> String {
    let components: Vec<_> =
        path.split('/').map(|component| middle_cut(component, COMPONENT_CHARS_MAX)).collect();
    let short = middle_cut(&components.join("/"), PATH_CHARS_MAX);
    format!("\"{}\"", printable(&short.replace('"', "\\\"")))
}

/// How long a content is, and how it begins where it is text.
pub(super) fn content(data: &[u8]) -> String {
    let bytes = count(data.len(), "byte");
    match std::str::from_utf8(data) {
        Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => {
            format!("{bytes}, \"{}\"", printable(&end_cut(text, CONTENT_CHARS_MAX)))
        }
        _ => bytes,
    }
}

/// A subject's own words: escaped, and cut where they go on for too long.
pub(super) fn message(text: &str) -> String {
    printable(&end_cut(text.trim(), MESSAGE_CHARS_MAX))
}

/// `1 byte`, `1,234 bytes`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(n))
}

/// `n` with a comma between every three digits.
pub(crate) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn middle_cut(text: &str, chars_max: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= chars_max {
        return text.to_owned();
    }
    let kept = chars_max - 1;
    let (head, tail) = (kept / 2, kept - kept / 2);
    chars[..head].iter().chain(&['…']).chain(&chars[chars.len() - tail..]).collect()
}

fn end_cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped_once() {
        let text = "a\u{1b}[31m\n\u{202e}e\u{301}\u{200b} \"q\" \\ é ✓";
        let escaped = "a\\u{1b}[31m\\n\\u{202e}e\\u{301}\\u{200b} \"q\" \\ é ✓";
        assert_eq!(printable(text), escaped);
        assert_eq!(printable(escaped), escaped);
    }

    #[test]
    fn long_paths_keep_their_ends() {
        assert_eq!(path("blocks/a.bin"), "\"blocks/a.bin\"");
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(path(&format!("blocks/{hash}.bin")), "\"blocks/0123456789a…89abcdef.bin\"");
        let deep = path(&"ab/".repeat(200));
        assert_eq!(deep.chars().count(), PATH_CHARS_MAX + 2);
        assert_eq!(path("a\"b"), "\"a\\\"b\"");
    }

    #[test]
    fn contents_show_how_they_begin() {
        assert_eq!(content(b""), "0 bytes");
        assert_eq!(content(b"x"), "1 byte, \"x\"");
        assert_eq!(content(&[0; 4096]), "4,096 bytes");
        assert_eq!(
            content("é".repeat(40).as_bytes()),
            format!("80 bytes, \"{}…\"", "é".repeat(28))
        );
    }
}
