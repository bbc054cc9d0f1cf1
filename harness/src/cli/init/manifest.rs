//! The test target in a package's Cargo.toml: added with everything else left as it is, comments included.
//!
//! The dependencies are named by path, to where this program was built from: that is where the repository is. Where
//! it is no longer there, they are named by version.

use std::{fmt::Write, path::Path};

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

/// The name of the test target.
const TARGET: &str = "certify";

/// Why a manifest was not edited.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManifestError {
    #[error("it is not valid TOML: {0}")]
    Syntax(Box<toml_edit::TomlError>),
    #[error("it has no [package]; run this in the folder of the package")]
    NoPackage,
    #[error("`{0}` is not a table; add these lines yourself:\n\n{added}", added = addition())]
    Shape(&'static str),
}

/// The manifest with the target and its dependencies; what is there stays.
pub(super) fn with_target(text: &str) -> Result<String, ManifestError> {
    let mut document: DocumentMut =
        text.parse().map_err(|error| ManifestError::Syntax(Box::new(error)))?;
    if !document.contains_key("package") {
        return Err(ManifestError::NoPackage);
    }
    let dependencies = document
        .entry("dev-dependencies")
        .or_insert(Item::Table(Table::new()))
        .as_table_like_mut()
        .ok_or(ManifestError::Shape("dev-dependencies"))?;
    for (name, folder) in dependencies_of_target() {
        if !dependencies.contains_key(name) {
            dependencies.insert(name, value(dependency(folder)));
        }
    }
    let tests = document
        .entry("test")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or(ManifestError::Shape("test"))?;
    let is_target = |test: &Table| test.get("name").and_then(Item::as_str) == Some(TARGET);
    if !tests.iter().any(is_target) {
        let mut target = Table::new();
        target.insert("name", value(TARGET));
        target.insert("harness", value(false));
        tests.push(target);
    }
    Ok(document.to_string())
}

/// The lines to add by hand.
pub(super) fn addition() -> String {
    let mut lines = String::new();
    for (name, folder) in dependencies_of_target() {
        let _ = writeln!(lines, "{name} = {}", dependency(folder));
    }
    format!("[dev-dependencies]\n{lines}\n[[test]]\nname = \"{TARGET}\"\nharness = false\n")
}

fn dependencies_of_target() -> impl Iterator<Item = (&'static str, &'static Path)> {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = harness.parent().unwrap_or(harness);
    [("crashworthy", root), ("crashworthy-harness", harness)].into_iter()
}

fn dependency(folder: &Path) -> InlineTable {
    let mut table = InlineTable::new();
    if folder.join("Cargo.toml").is_file() {
        table.insert("path", folder.display().to_string().into());
    } else {
        table.insert("version", env!("CARGO_PKG_VERSION").into());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str =
        "# mine\n[package]\nname = \"mine\"\n\n[dependencies]\nserde = \"1\" # kept\n";

    #[test]
    fn what_is_missing_is_added_and_everything_else_stays() {
        let edited = with_target(PACKAGE).expect("a manifest");
        assert!(edited.starts_with(PACKAGE), "{edited}");
        assert!(edited.ends_with(&addition()), "{edited}\n--\n{}", addition());
        assert_eq!(with_target(&edited).expect("a manifest"), edited, "once is enough");
    }

    #[test]
    fn what_is_there_is_not_changed() {
        let own = "[package]\nname = \"mine\"\n[dev-dependencies]\ncrashworthy = \"9\"\n\
                   crashworthy-harness = \"9\"\n[[test]]\nname = \"certify\"\nharness = false\n";
        assert_eq!(with_target(own).expect("a manifest"), own);
    }

    #[test]
    fn odd_manifests_are_refused_and_say_why() {
        for (text, why) in [
            ("[package", "not valid TOML"),
            ("[workspace]\nmembers = []\n", "has no [package]"),
            (
                "dev-dependencies = 1\n[package]\nname = \"a\"\n",
                "`dev-dependencies` is not a table",
            ),
            ("test = 1\n[package]\nname = \"a\"\n", "harness = false"),
        ] {
            let error = with_target(text).expect_err(text).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
