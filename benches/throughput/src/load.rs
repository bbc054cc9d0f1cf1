//! The work that is measured: one kind of operation at one size, by some writers on different keys of one instance.
//!
//! Only the operations themselves are on the clock. What they need beforehand and leave behind is made and removed
//! off it, through the same peer.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crashworthy::{Result, StorageBackend, StoragePath};
use strum::{Display, VariantArray};

use crate::Keeps;

/// Files of each writer that are read or overwritten in turn: a few, so that none is special.
const FILES: u64 = 8;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Job {
    /// A write of a path that nothing is stored under.
    Write,
    /// A write of one that has a value, with another one of the same size.
    Overwrite,
    /// A read of a value that was written a moment ago: it comes from memory wherever it can.
    Read,
    /// A delete of a value that is there.
    Delete,
}

/// How large a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, VariantArray)]
pub enum Size {
    /// 1,024 bytes
    #[strum(serialize = "1-KiB")]
    Kib1 = 1 << 10,
    /// 65,536 bytes
    #[strum(serialize = "64-KiB")]
    Kib64 = 64 << 10,
    /// 1,048,576 bytes
    #[strum(serialize = "1-MiB")]
    Mib1 = 1 << 20,
}

impl Size {
    /// In bytes.
    pub fn bytes(self) -> usize {
        self as usize
    }
}

impl Job {
    /// On which step of the ladder a peer is with this job. Reads are compared by what they check instead.
    pub fn step(self, peer: &crate::Peer) -> String {
        let keeps = |keeps: Keeps| keeps.to_string();
        match self {
            Self::Write | Self::Overwrite => keeps(peer.writes),
            Self::Delete => keeps(peer.deletes),
            Self::Read if peer.checks_reads => "1-checksum".into(),
            Self::Read => "0-unchecked".into(),
        }
    }
}

/// A job under way on one instance of a peer.
pub struct Load {
    backend: Box<dyn StorageBackend>,
    job: Job,
    writers: u64,
    /// Two values that differ, written in turn.
    values: [Vec<u8>; 2],
    /// So many operations of each writer were done before.
    done: u64,
}

impl Load {
    /// Prepares the job.
    ///
    /// # Errors
    /// What the peer says.
    pub fn new(
        backend: Box<dyn StorageBackend>,
        job: Job,
        size: Size,
        writers: u64,
    ) -> Result<Self> {
        let value = |seed: u64| {
            // Nothing that a file system or a database could compress or leave out.
            let mut state = seed;
            let byte = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            };
            std::iter::repeat_with(byte).take(size.bytes()).collect()
        };
        let load = Self { backend, job, writers, values: [value(1), value(2)], done: 0 };
        for writer in 0..writers {
            // Also where nothing is read: the directories are there then.
            for file in 0..FILES {
                load.backend.write_file(&path(writer, "kept", file), &load.values[0])?;
            }
        }
        Ok(load)
    }

    /// Has every writer do `count` operations, all at once; how long that took.
    ///
    /// # Errors
    /// The first thing that failed.
    pub fn run(&mut self, count: u64) -> Result<Duration> {
        let turns = self.done..self.done + count;
        self.done += count;
        if self.job == Job::Delete {
            self.by_all(
                |writer, turn| self.backend.write_file(&path(writer, "new", turn), &self.values[0]),
                turns.clone(),
            )?;
        }
        let taken = self.by_all(|writer, turn| self.operate(writer, turn), turns.clone())?;
        if self.job == Job::Write {
            self.by_all(
                |writer, turn| self.backend.delete_file(&path(writer, "new", turn)),
                turns,
            )?;
        }
        Ok(taken)
    }

    fn operate(&self, writer: u64, turn: u64) -> Result<()> {
        match self.job {
            Job::Write => self.backend.write_file(&path(writer, "new", turn), &self.values[0]),
            Job::Overwrite => {
                let value = &self.values[usize::from((turn / FILES).is_multiple_of(2))];
                self.backend.write_file(&path(writer, "kept", turn % FILES), value)
            }
            Job::Read => {
                let data = self.backend.read_file(&path(writer, "kept", turn % FILES))?;
                assert_eq!(
                    data.len(),
                    self.values[0].len(),
                    "a peer that reads less is not faster"
                );
                Ok(())
            }
            Job::Delete => self.backend.delete_file(&path(writer, "new", turn)),
        }
    }

    fn by_all(
        &self,
        operate: impl Fn(u64, u64) -> Result<()> + Sync,
        turns: std::ops::Range<u64>,
    ) -> Result<Duration> {
        let writers = self.writers;
        let run = |writer| turns.clone().try_for_each(|turn| operate(writer, turn));
        if writers == 1 {
            let started = Instant::now();
            run(0)?;
            return Ok(started.elapsed());
        }
        // The clock starts when all threads are there, and stops when the last has done its share. It is read by
        // those who work: this thread may get a processor long after they did.
        let ready = Barrier::new(writers as usize);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..writers)
                .map(|writer| {
                    let (ready, run) = (&ready, &run);
                    scope.spawn(move || {
                        ready.wait();
                        let started = Instant::now();
                        run(writer).map(|()| (started, Instant::now()))
                    })
                })
                .collect();
            let spans = threads
                .into_iter()
                .map(|thread| thread.join().expect("a writer does not panic"))
                .collect::<Result<Vec<_>>>()?;
            let first = spans.iter().map(|(started, _)| *started).min();
            let last = spans.iter().map(|(_, ended)| *ended).max();
            Ok(first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first))
        })
    }
}

/// A directory for each writer, as with one channel each.
fn path(writer: u64, kind: &str, number: u64) -> StoragePath {
    StoragePath::new(format!("channels/{writer}/{kind}-{number}.bin")).expect("a plain path")
}
