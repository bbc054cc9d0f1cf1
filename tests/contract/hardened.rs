//! The hardened profile's own machinery: the reserved directory, error paths, and recovery.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    sync::Barrier,
    thread,
};

use crashworthy::{
    ErrorKind, StorageBackend,
    fs::{FsBackend, Profile},
};

use crate::{Sandbox, path, tree};

const ORPHAN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let sandbox = Sandbox::new(Profile::Hardened);
    sandbox.store.write_file(&path("d/file"), b"old").unwrap();
    let before = tree(&sandbox.root());
    for refused in ["d", "d/file/below"] {
        let error = sandbox.store.write_file(&path(refused), b"new").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{refused}");
    }
    assert_eq!(tree(&sandbox.root()), before);
    assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
}

#[test]
fn the_reserved_directory_is_out_of_reach() {
    let sandbox = Sandbox::new(Profile::Hardened);
    let store = &sandbox.store;
    store.write_file(&path("a"), b"x").unwrap();
    fs::write(sandbox.root().join(".crashworthy-tmp").join(ORPHAN), "left").unwrap();
    for directory in [".crashworthy-tmp", ".Crashworthy-TMP"] {
        let file = path(&format!("{directory}/{ORPHAN}"));
        for error in [
            store.write_file(&file, b"x").unwrap_err(),
            store.read_file(&file).unwrap_err(),
            store.list_files(&path(directory)).unwrap_err(),
            store.create_directory(&path(directory)).unwrap_err(),
            store.exists(&file).unwrap_err(),
            store.delete_file(&file).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidPath, "{error}");
        }
    }
    assert_eq!(sandbox.temporary_files(), [ORPHAN]);
    store.write_file(&path("d/.crashworthy-tmp"), b"only the root's is reserved").unwrap();
}

#[test]
fn a_name_of_full_length_is_fine() {
    let sandbox = Sandbox::new(Profile::Hardened);
    let long = path(&"x".repeat(255));
    sandbox.store.write_file(&long, b"x").unwrap();
    assert_eq!(sandbox.store.read_file(&long).unwrap(), b"x");
}

#[test]
fn the_deepest_path_is_fine_or_refused_clearly() {
    let sandbox = Sandbox::new(Profile::Hardened);
    let deep = path(&vec!["x"; 2048].join("/"));
    sandbox.store.write_file(&deep, b"x").unwrap();
    assert_eq!(sandbox.store.read_file(&deep).unwrap(), b"x");
}

#[test]
fn a_write_survives_the_loss_of_the_reserved_directory() {
    let sandbox = Sandbox::new(Profile::Hardened);
    sandbox.store.write_file(&path("a"), b"1").unwrap();
    fs::remove_dir(sandbox.root().join(".crashworthy-tmp")).unwrap();
    sandbox.store.write_file(&path("a"), b"2").unwrap();
    assert_eq!(sandbox.store.read_file(&path("a")).unwrap(), b"2");
}

#[test]
fn recovery_needs_nothing_to_be_there() {
    let sandbox = Sandbox::new(Profile::Hardened);
    sandbox.store.recover().unwrap();
    sandbox.store.recover().unwrap();
    assert!(tree(&sandbox.root()).is_empty());
}

#[test]
fn recovery_takes_orphans_and_leaves_the_living_and_the_foreign() {
    const LIVE: &str = "ffffffffffffffffffffffffffffffff";
    const NAMED_LIKE_ONE: &str = "00000000000000000000000000000000";
    let sandbox = Sandbox::new(Profile::Hardened);
    sandbox.store.write_file(&path("a"), b"x").unwrap();
    let reserved = sandbox.root().join(".crashworthy-tmp");
    fs::write(reserved.join(ORPHAN), "left").unwrap();
    fs::write(reserved.join("README"), "foreign").unwrap();
    fs::create_dir(reserved.join(NAMED_LIKE_ONE)).unwrap();
    let live = File::create(reserved.join(LIVE)).unwrap();
    live.lock().unwrap();

    let recover = || {
        FsBackend::open(sandbox.root()).unwrap().recover().unwrap();
        let mut left = sandbox.temporary_files();
        left.sort();
        left
    };
    assert_eq!(recover(), [NAMED_LIKE_ONE, "README", LIVE]);
    drop(live);
    assert_eq!(recover(), [NAMED_LIKE_ONE, "README"]);
    assert_eq!(sandbox.store.read_file(&path("a")).unwrap(), b"x");
}

#[test]
fn recovery_goes_where_threads_beside_each_other_write() {
    const STAGES: usize = 8;
    let sandbox = Sandbox::new(Profile::Hardened);
    sandbox.store.write_file(&path("a"), b"x").unwrap();
    let reserved = sandbox.root().join(".crashworthy-tmp");
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), reserved.join("2")).unwrap();
    fs::write(reserved.join("3"), "foreign").unwrap();
    for stage in [1, STAGES - 1, STAGES] {
        fs::create_dir(reserved.join(stage.to_string())).unwrap();
    }
    let kept = [
        reserved.join("1/README"),
        reserved.join(STAGES.to_string()).join(ORPHAN),
        elsewhere.path().join(ORPHAN),
    ];
    let lost = [reserved.join("1").join(ORPHAN), reserved.join("7").join(ORPHAN)];
    for file in kept.iter().chain(&lost) {
        fs::write(file, "left").unwrap();
    }
    sandbox.store.recover().unwrap();
    assert!(kept.iter().all(|file| file.exists()));
    assert!(!lost.iter().any(|file| file.exists()));
}

#[test]
fn threads_beside_each_other_write_again_when_their_directories_are_gone() {
    const THREADS: u64 = 10;
    let sandbox = Sandbox::new(Profile::Hardened);
    for round in 0..3 {
        let started = Barrier::new(THREADS as usize);
        thread::scope(|scope| {
            for writer in 0..THREADS {
                let (store, started) = (&sandbox.store, &started);
                scope.spawn(move || {
                    started.wait();
                    for file in 0..4 {
                        let path = path(&format!("{writer}/{file}"));
                        let value = [round, file];
                        store.write_file(&path, &value).unwrap();
                        assert_eq!(store.read_file(&path).unwrap(), value);
                    }
                });
            }
        });
        assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
        fs::remove_dir_all(sandbox.root().join(".crashworthy-tmp")).unwrap();
    }
}

#[test]
fn opening_creates_the_root_and_refuses_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("x/y/z");
    FsBackend::open(&root).unwrap().write_file(&path("a"), b"x").unwrap();
    FsBackend::open(&root).unwrap().read_file(&path("a")).unwrap();
    assert_eq!(FsBackend::open(root.join("a")).unwrap_err().kind(), ErrorKind::Io);
}
