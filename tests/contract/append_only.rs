//! The append-only strategy's own machinery: what is on the disk, which version counts, and the clean-up.

use std::{
    fs::{self, File},
    path::PathBuf,
    thread,
};

use crashworthy::{
    ErrorKind, StorageBackend,
    fs::{FsBackend, Strategy},
};

use crate::{Sandbox, path, strategies::options};

const CHANCE: &str = "0123456789abcdef0123456789abcdef";
/// Later than any clock of a test.
const FAR_AHEAD: &str = "7fffffffffffffff";

fn sandbox() -> Sandbox {
    Sandbox::with(options(Strategy::AppendOnly))
}

fn history(sandbox: &Sandbox, path: &str) -> PathBuf {
    sandbox.root().join("versions").join(path)
}

/// The kinds of the versions of `path`, oldest first.
fn kinds(sandbox: &Sandbox, path: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(history(sandbox, path))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.into_iter().map(|name| name.split_once('.').unwrap().1.to_owned()).collect()
}

#[test]
fn a_write_makes_a_file_of_its_own_and_removes_those_that_it_replaces() {
    let sandbox = sandbox();
    sandbox.store.write_file(&path("d/a"), b"1").unwrap();
    let first = fs::read_dir(history(&sandbox, "d/a")).unwrap().next().unwrap().unwrap().path();
    let open = File::open(&first).unwrap();
    sandbox.store.write_file(&path("d/a"), b"2").unwrap();
    assert!(!first.exists());
    assert_eq!(std::io::read_to_string(open).unwrap(), "1", "who reads it is not disturbed");
    assert_eq!(kinds(&sandbox, "d/a"), ["value"]);
    sandbox.store.delete_file(&path("d/a")).unwrap();
    assert_eq!(kinds(&sandbox, "d/a"), ["deleted"]);
    sandbox.store.delete_file(&path("d/a")).unwrap();
    assert_eq!(kinds(&sandbox, "d/a"), ["deleted"]);
    sandbox.store.write_file(&path("d/a"), b"3").unwrap();
    assert_eq!(kinds(&sandbox, "d/a"), ["value"]);
    assert!(sandbox.root().join("directories/d").is_dir());
}

#[test]
fn the_newest_name_counts_and_a_write_is_newer_than_a_clock_that_is_ahead() {
    let sandbox = sandbox();
    let store = &sandbox.store;
    store.write_file(&path("a"), b"now").unwrap();
    let ahead = history(&sandbox, "a").join(format!("{FAR_AHEAD}-{CHANCE}.value"));
    fs::write(&ahead, "ahead").unwrap();
    assert_eq!(store.read_file(&path("a")).unwrap(), b"ahead");
    store.write_file(&path("a"), b"after").unwrap();
    assert_eq!(store.read_file(&path("a")).unwrap(), b"after");
    fs::write(&ahead, "ahead").unwrap();
    store.delete_file(&path("a")).unwrap();
    assert!(!store.exists(&path("a")).unwrap());
}

/// A writer that was stopped before its rename publishes when the file has been written and deleted since.
#[test]
fn an_older_version_that_comes_late_does_not_show() {
    let sandbox = sandbox();
    let store = &sandbox.store;
    let late = history(&sandbox, "a").join(format!("0000000000000001-{CHANCE}.value"));
    store.write_file(&path("a"), b"value").unwrap();
    store.delete_file(&path("a")).unwrap();
    fs::write(&late, "late").unwrap();
    assert_eq!(store.read_file(&path("a")).unwrap_err().kind(), ErrorKind::NotFound);
    store.delete_file(&path("a")).unwrap();
    assert!(!late.exists());
    assert!(!store.exists(&path("a")).unwrap());
}

#[test]
fn recovery_removes_what_is_out_of_date_and_what_is_long_abandoned() {
    let sandbox = sandbox();
    sandbox.store.recover().unwrap();
    sandbox.store.write_file(&path("d/e/a"), b"value").unwrap();
    let at = history(&sandbox, "d/e/a");
    let live = at.join(format!("{FAR_AHEAD}-{CHANCE}.tmp"));
    for stale in ["value", "deleted", "tmp"] {
        fs::write(at.join(format!("0000000000000001-{CHANCE}.{stale}")), "").unwrap();
    }
    fs::write(&live, "").unwrap();
    fs::write(at.join("README"), "foreign").unwrap();
    let other = FsBackend::open_with(sandbox.root(), options(Strategy::AppendOnly)).unwrap();
    other.recover().unwrap();
    assert!(live.exists() && at.join("README").exists());
    assert_eq!(fs::read_dir(&at).unwrap().count(), 3);
    assert_eq!(sandbox.store.read_file(&path("d/e/a")).unwrap(), b"value");
    assert_eq!(sandbox.store.list_files(&path("d/e")).unwrap(), ["a"]);
}

#[test]
fn a_history_that_is_longer_than_one_listing_is_read_to_its_end() {
    let sandbox = sandbox();
    sandbox.store.write_file(&path("a"), b"value").unwrap();
    for stamp in 1..2000 {
        fs::write(history(&sandbox, "a").join(format!("{stamp:016x}-{CHANCE}.value")), "old")
            .unwrap();
    }
    assert_eq!(sandbox.store.read_file(&path("a")).unwrap(), b"value");
    sandbox.store.write_file(&path("a"), b"newer").unwrap();
    assert_eq!(sandbox.store.read_file(&path("a")).unwrap(), b"newer");
    assert_eq!(kinds(&sandbox, "a"), ["value"]);
}

/// No name is the backend's own, neither that of a version nor those of the trees.
#[test]
fn a_path_may_be_named_like_anything_on_the_disk() {
    let sandbox = sandbox();
    let store = &sandbox.store;
    let new = format!("d/{FAR_AHEAD}-{CHANCE}.value");
    let old = format!("d/0000000000000001-{CHANCE}.value");
    let long = "x".repeat(255);
    let names = ["versions", "directories", "d/versions", "a.tmp", &new, &old, &long];
    for name in names {
        store.write_file(&path(name), name.as_bytes()).unwrap();
    }
    for name in names {
        assert_eq!(store.read_file(&path(name)).unwrap(), name.as_bytes());
    }
    store.write_file(&path("d/b"), b"x").unwrap();
    store.recover().unwrap();
    assert_eq!(store.read_file(&path("d")).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(store.list_files(&path("d")).unwrap().len(), 4);
}

/// Writes, deletes and recoveries beside each other: no operation fails, and what is read is whole.
#[test]
fn deletes_and_clean_ups_get_in_nobodys_way() {
    const ROUNDS: usize = 500;
    let sandbox = sandbox();
    let store = &sandbox.store;
    thread::scope(|scope| {
        for worker in 0..4 {
            scope.spawn(move || {
                let (own, shared) = (path(&format!("d/own-{worker}")), path("d/shared"));
                for round in 0..ROUNDS {
                    let value = format!("{worker} {round}").into_bytes();
                    store.write_file(&own, &value).unwrap();
                    store.write_file(&shared, &value).unwrap();
                    assert_eq!(store.read_file(&own).unwrap(), value);
                    match store.read_file(&shared) {
                        Ok(value) => assert!(value.contains(&b' ')),
                        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
                    }
                    if round % 10 == worker {
                        store.delete_file(&shared).unwrap();
                        store.recover().unwrap();
                        assert!(store.list_files(&path("d")).unwrap().len() <= 5);
                    }
                }
            });
        }
    });
    store.recover().unwrap();
    assert_eq!(kinds(&sandbox, "d/shared").len(), 1);
}
