//! Words of commands that are shown to be copied: a shell takes each for one word, whatever a folder is called.

use std::path::Path;

/// A path as a shell takes it for one word.
pub(crate) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word() {
        for (path, said) in [
            ("runs/fs-documented/latest", "runs/fs-documented/latest"),
            ("b 1.json", "'b 1.json'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(word(Path::new(path)), said);
        }
    }
}
