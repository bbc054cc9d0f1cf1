//! The documented profile must have the specification's flaws: they are what the harness has to find.

use std::fs;

use crashworthy::{ErrorKind, StorageBackend, fs::Profile};

use crate::{Sandbox, path};

#[test]
fn the_temporary_name_aliases_a_file_of_the_user() {
    let sandbox = Sandbox::new(Profile::Documented);
    sandbox.store.write_file(&path("d/a.tmp"), b"user").unwrap();
    sandbox.store.write_file(&path("d/a"), b"value").unwrap();
    assert_eq!(sandbox.store.read_file(&path("d/a.tmp")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn what_a_crash_leaves_is_listed_and_overwritten_by_the_next_write() {
    let sandbox = Sandbox::new(Profile::Documented);
    sandbox.store.create_directory(&path("d")).unwrap();
    fs::write(sandbox.root().join("d/a.tmp"), "half of a long val").unwrap();
    assert_eq!(sandbox.store.list_files(&path("d")).unwrap(), ["a.tmp"]);
    sandbox.store.write_file(&path("d/a"), b"value").unwrap();
    assert_eq!(sandbox.store.list_files(&path("d")).unwrap(), ["a"]);
    assert_eq!(sandbox.store.read_file(&path("d/a")).unwrap(), b"value");
}

#[test]
fn a_failed_rename_leaves_the_temporary_file() {
    let sandbox = Sandbox::new(Profile::Documented);
    sandbox.store.create_directory(&path("d/e")).unwrap();
    assert_eq!(sandbox.store.write_file(&path("d/e"), b"x").unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(sandbox.store.list_files(&path("d")).unwrap(), ["e.tmp"]);
}

#[test]
fn a_name_without_room_for_the_suffix_is_refused() {
    let sandbox = Sandbox::new(Profile::Documented);
    let error = sandbox.store.write_file(&path(&"x".repeat(252)), b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPath);
    sandbox.store.write_file(&path(&"x".repeat(251)), b"x").unwrap();
}

#[test]
fn there_is_no_recovery() {
    let sandbox = Sandbox::new(Profile::Documented);
    assert_eq!(sandbox.store.recover().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn the_name_that_hardened_reserves_is_free() {
    let sandbox = Sandbox::new(Profile::Documented);
    sandbox.store.write_file(&path(".crashworthy-tmp/a"), b"x").unwrap();
}
