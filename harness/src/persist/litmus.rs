//! The litmus cases: classic crash-consistency questions, each with the legal outcomes per model, written
//! by hand in `harness/litmus/*.toml`. Exact equality is demanded: an outcome too many accuses the
//! innocent, one too few acquits the guilty.
//!
//! A call is `write PATH OFFSET TEXT`, `append PATH TEXT`, `rename A B` and so on; `x*4096` is a text of so
//! many `x`. A call on a path acts on what the path first stood for if it is written `@PATH`;
//! `create-unnamed` gives a file without a name such a one. An outcome lists `path=content`,
//! `directory/` and `path:attribute=value`; a zero byte is shown as `_`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::{Bound, InodeId, Limits, MODELS, Model, Order, Recording, States, Sync, Synchronous};
use crate::{
    history::{Node, Tree},
    subject::Bytes,
};

static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/litmus");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What is asked.
    question: String,
    settled: Vec<String>,
    calls: Vec<String>,
    outcomes: BTreeMap<String, BTreeSet<String>>,
}

/// `ab` is itself; `x*3+y` is `xxxy`; `_` is a zero byte.
fn bytes(text: &str) -> Vec<u8> {
    let part = |part: &str| match part.split_once('*') {
        Some((one, count)) => one.repeat(count.parse().expect("a count")),
        None => part.to_owned(),
    };
    let text: String = text.split('+').map(part).collect();
    text.bytes().map(|byte| if byte == b'_' { 0 } else { byte }).collect()
}

/// Content longer than this is shown by runs of equal bytes.
const SHOWN_BYTES_MAX: usize = 32;

fn text(content: &[u8]) -> String {
    let shown = |byte: u8| if byte == 0 { '_' } else { char::from(byte) };
    if content.len() <= SHOWN_BYTES_MAX {
        return content.iter().map(|byte| shown(*byte)).collect();
    }
    let runs = content.chunk_by(|a, b| a == b);
    runs.map(|run| format!("{}*{}", shown(run[0]), run.len())).collect::<Vec<_>>().join("+")
}

fn parse(entries: &[String]) -> Tree {
    let (attributes, entries): (Vec<_>, Vec<_>) =
        entries.iter().partition(|entry| entry.contains(':'));
    let node = |entry: &String| match entry.split_once('=') {
        Some((path, content)) => (path.to_owned(), Node::File(Bytes::from(bytes(content)))),
        None => (entry.trim_end_matches('/').to_owned(), Node::Directory),
    };
    let mut tree: Tree = entries.into_iter().map(node).collect();
    for attribute in attributes {
        let (path, attribute) = attribute.split_once(':').expect("PATH:NAME=VALUE");
        let (name, value) = attribute.split_once('=').expect("PATH:NAME=VALUE");
        let attributes = tree.attributes.entry(path.to_owned()).or_default();
        attributes.insert(name.to_owned(), value.into());
    }
    tree
}

pub(super) fn show(tree: &Tree) -> String {
    let mut line = String::new();
    for (path, node) in &tree.nodes {
        match node {
            Node::File(content) => write!(line, "{path}={} ", text(content)),
            Node::Directory => write!(line, "{path}/ "),
            Node::Symlink(target) => write!(line, "{path}->{target} "),
            Node::Other => write!(line, "{path}? "),
        }
        .expect("a string takes it");
        for (name, value) in tree.attributes.get(path).into_iter().flatten() {
            write!(line, "{path}:{name}={} ", text(value)).expect("a string takes it");
        }
    }
    line.trim_end().to_owned()
}

/// Records one call as a litmus file spells it.
pub(super) fn record(
    recording: &mut Recording,
    opened: &mut BTreeMap<String, InodeId>,
    call: &str,
) -> Result<(), super::RecordError> {
    let words: Vec<&str> = call.split_whitespace().collect();
    let word = |index: usize| words.get(index).copied().unwrap_or("");
    let number = |index: usize| word(index).parse::<u64>().expect("a number");
    let inode = match word(1).strip_prefix('@') {
        Some(path) => Ok(opened[path]),
        None => recording.resolve(word(1)),
    };
    if let Ok(inode) = inode {
        opened.entry(word(1).trim_start_matches('@').to_owned()).or_insert(inode);
    }
    match word(0) {
        "create" => {
            opened.insert(word(1).to_owned(), recording.create(word(1))?);
        }
        "create-unnamed" => {
            opened.insert(word(1).to_owned(), recording.create_unnamed());
        }
        "link-unnamed" => recording.link_inode(inode?, word(2))?,
        "open-truncated" => drop(recording.open_truncated(word(1))?),
        "write" => recording.write(inode?, number(2), &bytes(word(3)))?,
        "append" => recording.append(inode?, &bytes(word(2)))?,
        "write-sync" => {
            recording.write_synchronous(inode?, number(2), &bytes(word(3)), Synchronous::Sync)?;
        }
        "write-dsync" => {
            let how = Synchronous::DataSync;
            recording.write_synchronous(inode?, number(2), &bytes(word(3)), how)?;
        }
        "truncate" => recording.truncate(inode?, number(2))?,
        "rename" => recording.rename(word(1), word(2))?,
        "exchange" => recording.exchange(word(1), word(2))?,
        "link" => recording.link(word(1), word(2))?,
        "symlink" => drop(recording.symlink(word(1), word(2))?),
        "set-attribute" => {
            recording.set_attribute(inode?, word(2), Some(&bytes(word(3))))?;
        }
        "remove-attribute" => recording.set_attribute(inode?, word(2), None)?,
        "mkdir" => drop(recording.mkdir(word(1))?),
        "unlink" => recording.unlink(word(1))?,
        "rmdir" => recording.rmdir(word(1))?,
        "fsync" => recording.sync(Sync::Fsync(inode?)),
        "fdatasync" => recording.sync(Sync::Fdatasync(inode?)),
        "fail-sync" => recording.fail_sync(inode?),
        "msync" => recording.msync(inode?, number(2), number(3)),
        "sync-file-range" => recording.sync_file_range(inode?, number(2), number(3)),
        "sync" => recording.sync(Sync::Sync),
        "syncfs" => recording.sync(Sync::Syncfs),
        other => panic!("there is no call {other:?}"),
    }
    Ok(())
}

fn outcomes(recording: &Recording, model: &Model) -> BTreeSet<String> {
    let order = Order::new(recording, model);
    let mut states = States::new(recording, &order, recording.end(), Limits::seeded(0));
    assert!(matches!(states.bound(), Bound::Exhaustive { .. }), "a litmus case is small");
    let mut found = BTreeSet::new();
    while states.advance().is_some() {
        found.insert(show(&states.tree()));
    }
    found
}

#[test]
fn every_model_gives_exactly_the_legal_outcomes() {
    let mut differences = String::new();
    assert!(CASES.files().count() >= 11, "litmus cases are missing");
    for file in CASES.files() {
        let name = Path::file_stem(file.path()).expect("a name").display().to_string();
        let source = file.contents_utf8().expect("UTF-8");
        let case: Case = toml::from_str(source).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!case.question.is_empty(), "{name} asks nothing");
        let mut recording = Recording::new(&parse(&case.settled));
        let mut opened = BTreeMap::new();
        for call in &case.calls {
            record(&mut recording, &mut opened, call)
                .unwrap_or_else(|error| panic!("{name}: {call}: {error}"));
        }
        assert_eq!(case.outcomes.len(), MODELS.len(), "{name}: one table per model");
        for model in MODELS {
            let expected = &case.outcomes[model.name];
            let found = outcomes(&recording, model);
            for outcome in found.difference(expected) {
                writeln!(differences, "{name}, {}: not listed: {outcome:?}", model.name).unwrap();
            }
            for outcome in expected.difference(&found) {
                writeln!(differences, "{name}, {}: not found: {outcome:?}", model.name).unwrap();
            }
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}
