//! The backends that come with the tool.

use super::Backend;

/// All of them, by name.
pub fn backends() -> Vec<Backend> {
    Vec::new()
}
