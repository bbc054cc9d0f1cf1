//! loom: two threads acknowledge in one directory, and somebody removes it in between. Nobody acknowledges
//! before the name of the very directory that they have opened is durable.

use std::io;

use loom::{model::Builder, thread};

use super::{Mutex, Settled};
use crate::{StoragePath, fs::sync::Arc};

/// How often loom takes a thread off that could go on. With five it takes a minute, and finds nothing more.
const PREEMPTIONS_MAX: usize = 3;

/// A directory on a disk: which one in a row of those that had its name.
struct Disk(Mutex<State>);

struct State {
    present: Option<u32>,
    created: u32,
    durable: u32,
}

impl Disk {
    /// With a directory that another process has created, and not synced.
    fn new() -> Self {
        Self(Mutex::new(State { present: Some(1), created: 1, durable: 0 }))
    }

    fn open(&self) -> Option<u32> {
        self.0.lock().unwrap().present
    }

    fn create(&self) {
        let mut state = self.0.lock().unwrap();
        if state.present.is_none() {
            state.created += 1;
            state.present = Some(state.created);
        }
    }

    fn remove(&self) {
        self.0.lock().unwrap().present = None;
    }

    fn sync(&self) {
        let mut state = self.0.lock().unwrap();
        state.durable = state.present.unwrap_or(state.durable);
    }

    fn is_durable(&self, directory: u32) -> bool {
        self.0.lock().unwrap().durable >= directory
    }
}

trait Remembers: Default + Send + Sync + 'static {
    fn settle(
        &self,
        path: &StoragePath,
        sync: impl FnMut(&StoragePath) -> io::Result<()>,
    ) -> io::Result<()>;
    fn create(&self, path: &StoragePath, create: impl FnOnce() -> io::Result<()>)
    -> io::Result<()>;
}

impl Remembers for Settled {
    fn settle(
        &self,
        path: &StoragePath,
        sync: impl FnMut(&StoragePath) -> io::Result<()>,
    ) -> io::Result<()> {
        self.settle(path, sync)
    }

    fn create(
        &self,
        path: &StoragePath,
        create: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        self.create(path, create)
    }
}

/// What `settled_directory` does, and the acknowledgement after it.
fn acknowledge(settled: &impl Remembers, disk: &Disk, path: &StoragePath) {
    let opened = loop {
        if let Some(opened) = disk.open() {
            break opened;
        }
        let created = settled.create(path, || {
            disk.create();
            Ok(())
        });
        created.unwrap();
    };
    let settle = settled.settle(path, |_| {
        disk.sync();
        Ok(())
    });
    settle.unwrap();
    // Whoever removes a directory takes all of it, synced or not.
    let is_there = disk.open() == Some(opened);
    assert!(!is_there || disk.is_durable(opened), "acknowledged before the sync");
}

fn model<S: Remembers>() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS_MAX);
    builder.check(|| {
        let shared = Arc::new((S::default(), Disk::new()));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let path = StoragePath::new("d").unwrap();
                    for _ in 0..2 {
                        acknowledge(&shared.0, &shared.1, &path);
                    }
                })
            })
            .collect();
        shared.1.remove();
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

#[test]
fn nobody_acknowledges_before_the_sync() {
    model::<Settled>();
}

/// Wrong in one of four ways.
#[derive(Default)]
struct Careless<const MISTAKE: u8>(Settled);

const REMEMBERS_BEFORE_THE_SYNC: u8 = 0;
const CREATES_BEFORE_IT_FORGETS: u8 = 1;
const FORGETS_BEFORE_IT_CREATES: u8 = 2;
const REMEMBERS_A_SYNC_OF_THE_PAST: u8 = 3;

impl<const MISTAKE: u8> Remembers for Careless<MISTAKE> {
    fn settle(
        &self,
        path: &StoragePath,
        mut sync: impl FnMut(&StoragePath) -> io::Result<()>,
    ) -> io::Result<()> {
        if matches!(MISTAKE, CREATES_BEFORE_IT_FORGETS | FORGETS_BEFORE_IT_CREATES) {
            return self.0.settle(path, sync);
        }
        if self.0.known().directories.contains(path) {
            return Ok(());
        }
        if MISTAKE == REMEMBERS_BEFORE_THE_SYNC {
            self.0.known().directories.insert(path.clone());
            return sync(path);
        }
        sync(path)?;
        self.0.known().directories.insert(path.clone());
        Ok(())
    }

    fn create(
        &self,
        path: &StoragePath,
        create: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        if MISTAKE == CREATES_BEFORE_IT_FORGETS {
            create()?;
            return self.0.create(path, || Ok(()));
        }
        if MISTAKE == FORGETS_BEFORE_IT_CREATES {
            self.0.create(path, || Ok(()))?;
            return create();
        }
        self.0.create(path, create)
    }
}

#[test]
#[should_panic(expected = "acknowledged before the sync")]
fn remembering_before_the_sync_is_convicted() {
    model::<Careless<REMEMBERS_BEFORE_THE_SYNC>>();
}

#[test]
#[should_panic(expected = "acknowledged before the sync")]
fn creating_before_forgetting_is_convicted() {
    model::<Careless<CREATES_BEFORE_IT_FORGETS>>();
}

#[test]
#[should_panic(expected = "acknowledged before the sync")]
fn forgetting_before_creating_is_convicted() {
    model::<Careless<FORGETS_BEFORE_IT_CREATES>>();
}

#[test]
#[should_panic(expected = "acknowledged before the sync")]
fn remembering_a_sync_of_the_past_is_convicted() {
    model::<Careless<REMEMBERS_A_SYNC_OF_THE_PAST>>();
}
