//! Many threads on one root: writers and readers of the same and of different paths, deletes and
//! recoveries see no error, and no reader sees anything but one whole value.
//!
//! The locks are those of open files, so threads with an instance each contend exactly as processes do.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crashworthy::{
    ErrorKind, StorageBackend,
    fs::{Durability, FsBackend, FsOptions, Profile},
};

use crate::{Sandbox, path};

const THREADS: u8 = 8;
const ROUNDS: usize = 150;

/// A value that shows any tearing: one byte, repeated as often as that byte says.
fn value(seed: u8) -> Vec<u8> {
    vec![seed; usize::from(seed) * 100]
}

fn assert_whole(data: &[u8]) {
    let seed = data.first().copied().expect("no value is empty");
    assert!(data == value(seed), "torn: {} bytes of {seed}", data.len());
}

fn work(store: &FsBackend, thread: u8) {
    for round in 0..ROUNDS {
        let seed = 1 + thread * 20 + (round % 20) as u8;
        // A new directory each round, which all threads create at once.
        let shared = path(&format!("d{round}/e/shared"));
        let own = path(&format!("d{round}/e/own-{thread}"));
        store.write_file(&shared, &value(seed)).unwrap();
        store.write_file(&own, &value(seed)).unwrap();
        assert_whole(&store.read_file(&shared).unwrap());
        assert_eq!(store.read_file(&own).unwrap(), value(seed));
        store.write_file(&path("contended"), &value(seed)).unwrap();
        match store.read_file(&path("contended")) {
            Ok(data) => assert_whole(&data),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
        }
        if thread.is_multiple_of(2) {
            store.recover().unwrap();
        } else {
            store.delete_file(&path("contended")).unwrap();
        }
        let names = store.list_files(&path(&format!("d{round}/e"))).unwrap();
        assert!(names.iter().all(|name| name == "shared" || name.starts_with("own-")));
    }
}

#[test]
fn one_instance_for_all() {
    let sandbox = Sandbox::with(FsOptions::new().durability(Durability::File));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &sandbox.store;
            scope.spawn(move || work(store, thread));
        }
    });
    assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
}

#[test]
fn an_instance_each() {
    let sandbox = Sandbox::new(Profile::Hardened);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = FsBackend::open(sandbox.root()).unwrap();
            scope.spawn(move || work(&store, thread));
        }
    });
    assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
}

/// A file in the place of a directory comes and goes: what needs the directory fails because of the file, or
/// succeeds, and never for want of the directory that it is to create.
#[test]
fn a_file_that_is_deleted_is_no_missing_directory() {
    let sandbox = Sandbox::with(FsOptions::new().durability(Durability::None));
    let place = sandbox.root().join("d");
    let done = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if fs::write(&place, "x").is_ok() {
                    fs::remove_file(&place).unwrap();
                }
            }
        });
        let outcome = (0..600 * ROUNDS).try_for_each(|round| {
            let made = if round % 2 == 0 {
                sandbox.store.create_directory(&path("d"))
            } else {
                sandbox.store.write_file(&path("d/a"), b"x")
            };
            match made {
                Ok(()) => fs::remove_dir_all(&place).unwrap(),
                Err(error) if error.kind() == ErrorKind::Io => {}
                Err(error) => return Err(error),
            }
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        outcome
    });
    outcome.unwrap();
}

/// Writers that do nothing but write beside recoveries that do nothing but recover: the race for a
/// temporary file between its creation and its lock.
#[test]
fn recovery_never_takes_a_live_file() {
    let sandbox = Sandbox::with(FsOptions::new().durability(Durability::None));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &sandbox.store;
            scope.spawn(move || {
                for _ in 0..10 * ROUNDS {
                    if thread < 3 {
                        store.recover().unwrap();
                    } else {
                        store.write_file(&path(&format!("f{thread}")), b"value").unwrap();
                        assert_eq!(
                            store.read_file(&path(&format!("f{thread}"))).unwrap(),
                            b"value"
                        );
                    }
                }
            });
        }
    });
    assert_eq!(sandbox.temporary_files(), Vec::<String>::new());
}
