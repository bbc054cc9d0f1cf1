//! Plants as a scenario writes them, and the checks that keep every plant inside the root.
//!
//! The harness itself puts plants on disk. A path that leaves the root, in its text or through a
//! link planted before it, would make the harness write where it has no business.

use std::ops::Range;

use crashworthy::StoragePath;

use super::{
    data::Contents,
    problem::Problem,
    table::{self, Table, Value, keys},
};
use crate::scenario::{OUTSIDE, Plant};

/// The kind of each plant, and its keys.
const KINDS: [(&str, &[&str]); 3] = [
    ("file", &["file", "data"]),
    ("directory", &["directory"]),
    ("symlink", &["symlink", "target"]),
];
/// Longest target of a link in bytes: `PATH_MAX` of Linux less its terminating NUL.
const TARGET_BYTES_MAX: usize = 4095;

/// The plants in the array `value`.
pub(super) fn plants(value: &Value<'_>, contents: &mut Contents) -> Result<Vec<Plant>, Problem> {
    let mut plants: Vec<Plant> = Vec::new();
    for value in table::array("plants", value)? {
        let (plant, span) = plant(value, contents)?;
        for earlier in &plants {
            compatible(earlier, &plant, span.clone())?;
        }
        plants.push(plant);
    }
    Ok(plants)
}

fn plant(value: &Value<'_>, contents: &mut Contents) -> Result<(Plant, Range<usize>), Problem> {
    let entries =
        table::entries("a plant", "a table such as { file = \"path\", data = \"…\" }", value)?;
    let keys = keys(entries);
    let kind = KINDS.iter().find(|(kind, _)| keys.iter().any(|(key, _)| key == kind));
    let Some((kind, known)) = kind else {
        let kinds = KINDS.map(|(kind, _)| kind);
        let listing = format!("plants are: {}", kinds.join(", "));
        return Err(match keys.into_iter().find(|(key, _)| !["data", "target"].contains(key)) {
            Some((key, span)) => Problem::unknown(span, "plant", key, kinds, &listing),
            None => Problem::new(value.span(), "a plant has no kind", listing),
        });
    };
    let table = Table::new("this plant", value.span(), entries, known)?;
    let place = table.require(kind)?;
    let path = table::string(kind, place)?;
    let path = StoragePath::new(path)
        .map_err(|error| {
            let message = format!("the plant's path is refused: {error}");
            Problem::new(place.span(), message, "expected a path below the root")
        })?
        .to_string();
    if path.contains(OUTSIDE) {
        let message = format!("the plant's path has {OUTSIDE:?}, which lies outside the root");
        return Err(Problem::new(place.span(), message, "expected a path below the root"));
    }
    let plant = match *kind {
        "file" => Plant::File { path, data: contents.read(table.require("data")?)? },
        "directory" => Plant::Directory { path },
        _ => Plant::Symlink { path, target: target(table.require("target")?)? },
    };
    Ok((plant, place.span()))
}

/// A target that `symlink` accepts; where it leads is the scenario's point and not restricted.
fn target(value: &Value<'_>) -> Result<String, Problem> {
    let target = table::string("target", value)?;
    let wrong = match target {
        "" => "is empty",
        _ if target.contains('\0') => "holds a NUL byte",
        _ if target.len() > TARGET_BYTES_MAX => "has more than 4095 bytes",
        _ => return Ok(target.to_owned()),
    };
    Err(Problem::new(
        value.span(),
        format!("the link's target {wrong}"),
        "expected a target that a symbolic link can have",
    ))
}

/// Refuses two plants at one path, and one below another that is not a directory.
fn compatible(earlier: &Plant, later: &Plant, span: Range<usize>) -> Result<(), Problem> {
    let (first, second) = (path(earlier), path(later));
    if first == second {
        let message = format!("{second:?} is planted twice");
        return Err(Problem::new(span, message, "expected a path of its own"));
    }
    for (above, below, plant) in [(first, second, earlier), (second, first, later)] {
        let is_below = below.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
        if is_below && !matches!(plant, Plant::Directory { .. }) {
            return Err(Problem::new(
                span,
                format!("{below:?} is planted below {above:?}, which is not a directory"),
                "expected every plant to stay inside the root",
            ));
        }
    }
    Ok(())
}

fn path(plant: &Plant) -> &str {
    match plant {
        Plant::File { path, .. } | Plant::Directory { path } | Plant::Symlink { path, .. } => path,
    }
}
