//! A run: subjects take turns, cell by cell and round by round, until the time is over.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::sys::statfs::{
    BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, FsType, OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC,
    XFS_SUPER_MAGIC, statfs,
};
use tempfile::TempDir;

use super::{
    BENCH_SCHEMA, CLIENTS, Cell, Comparison, Cost, Measured, SubjectCosts, Work, clients::Clients,
};
use crate::{
    judge::SubjectIdentity,
    subject::{Limits, Subject, watchdog},
};

/// As many rounds as the time is divided into: with six, a median has an interval.
const ROUNDS: u32 = 8;
/// So many rounds are made, however long they take: of fewer, nothing could be said about noise.
const ROUNDS_MIN: usize = 3;
/// After so many rounds nothing is gained by more.
const ROUNDS_MAX: usize = 200;
/// Most operations of one client in a slice: names stay few, and fit in memory.
const OPERATIONS_MAX: u64 = 2_000;
/// Most bytes of requests that one client has ready, so that four of them fit in memory.
const READY_BYTES_MAX: u64 = 24 << 20;
/// The built-in that stores nothing, and so tells what carrying a content takes.
const NULL_SUBJECT: &str = "memory";

/// See the module.
pub struct Bench {
    /// Each with the label that tells it from the others.
    pub subjects: Vec<(String, Subject)>,
    /// How long to measure.
    pub time: Duration,
    /// What a subject may use.
    pub limits: Limits,
    /// Where the roots are made: a disk, or nothing that syncs is measured as it is.
    pub directory: PathBuf,
}

/// Why nothing was measured at all.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A subject could not be used.
    #[error("cannot measure {label}: {reason}")]
    Unusable {
        /// Which one.
        label: String,
        /// Why.
        reason: String,
    },
    /// There is no place for its files.
    #[error(
        "cannot make a directory for the roots in {}: {source}; name another one with --directory",
        directory.display()
    )]
    Place {
        /// Where.
        directory: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// This executable cannot be started again.
    #[error(
        "the built-in `{NULL_SUBJECT}`, which tells what the protocol takes, does not run: {0}"
    )]
    NullSubject(String),
}

/// The processes of one subject: for every number of clients, some on a root of their own, or why there are none.
struct Contestant {
    groups: Vec<(usize, Result<Clients, String>)>,
    /// Rounds of each cell.
    rounds: Vec<Vec<(f64, f64)>>,
    /// How long one operation took, in nanoseconds, by which the next slice is sized.
    pace: Vec<Option<f64>>,
}

impl Bench {
    /// Measures all subjects.
    ///
    /// # Errors
    /// Where a subject cannot be used at all. What goes wrong later is part of the result.
    pub fn run(&self) -> Result<Comparison, BenchError> {
        let started = Instant::now();
        let prefix = format!("crashworthy-{}-", std::process::id());
        let scratch = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&self.directory)
            .and_then(|scratch| Ok((scratch.path().canonicalize()?, scratch)))
            .map_err(|source| BenchError::Place { directory: self.directory.clone(), source })?;
        let (path, _scratch): (PathBuf, TempDir) = scratch;
        let cells: Vec<Cell> = Cell::all().collect();
        let null = Subject::of_this_executable(NULL_SUBJECT)
            .map_err(|error| BenchError::NullSubject(error.to_string()))?;
        let (mut null, _) = Contestant::start(&null, self.limits, &path.join("null"), &cells)
            .map_err(BenchError::NullSubject)?;
        let mut identities = Vec::new();
        let mut contestants = Vec::new();
        for (index, (label, subject)) in self.subjects.iter().enumerate() {
            let root = path.join(index.to_string());
            let started = Contestant::start(subject, self.limits, &root, &cells);
            let (contestant, identity) =
                started.map_err(|reason| BenchError::Unusable { label: label.clone(), reason })?;
            identities.push(SubjectIdentity { command: subject.label.clone(), ..identity });
            contestants.push(contestant);
        }
        self.measure(started, &cells, &mut null, &mut contestants);
        let (file_system, in_memory) = file_system(&path);
        let subjects = self.subjects.iter().zip(identities).zip(contestants);
        Ok(Comparison {
            schema: BENCH_SCHEMA,
            file_system,
            in_memory,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            seconds: started.elapsed().as_secs_f64(),
            interrupted: watchdog::is_interrupted(),
            subjects: subjects
                .map(|(((label, subject), identity), contestant)| SubjectCosts {
                    label: label.clone(),
                    subject: identity,
                    options: subject.options.clone(),
                    certificate: None,
                    certified_at: None,
                    changed_since: Vec::new(),
                    standing: Vec::new(),
                    costs: contestant.costs(&cells, &null),
                })
                .collect(),
        })
    }

    fn measure(
        &self,
        started: Instant,
        cells: &[Cell],
        null: &mut Contestant,
        contestants: &mut [Contestant],
    ) {
        // Two slices for each subject in each cell, and the null subject in a quarter of them.
        let slices = (cells.len() * (2 * contestants.len() + 1)) as u32 * ROUNDS;
        let slice = self.time / slices;
        for round in 0..ROUNDS_MAX {
            for (index, cell) in cells.iter().enumerate() {
                // What carrying the content back takes.
                let carried = if cell.work == Work::Read {
                    // Without it, a read would seem to cost what the protocol does.
                    let Some((read, refused)) = null.slice(index, *cell, slice, round) else {
                        continue;
                    };
                    (read - refused).max(0.0)
                } else {
                    0.0
                };
                // Nobody is always the first.
                for turn in 0..contestants.len() {
                    if watchdog::is_interrupted() {
                        return;
                    }
                    let contestant = &mut contestants[(turn + round) % self.subjects.len()];
                    if let Some((timed, refused)) = contestant.slice(index, *cell, slice, round) {
                        contestant.rounds[index].push((timed, refused + carried));
                    }
                }
            }
            if round + 1 >= ROUNDS_MIN && started.elapsed() >= self.time {
                return;
            }
        }
    }
}

impl Contestant {
    fn start(
        subject: &Subject,
        limits: Limits,
        root: &Path,
        cells: &[Cell],
    ) -> Result<(Self, SubjectIdentity), String> {
        let mut groups = Vec::new();
        let mut identity = SubjectIdentity::default();
        for count in CLIENTS {
            let root = root.join(count.to_string());
            std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
            match Clients::start(subject, limits, &root, count) {
                Ok((clients, hello)) => {
                    identity.name = hello.name;
                    identity.version = hello.version;
                    groups.push((count, Ok(clients)));
                }
                // Nothing could be measured.
                Err(reason) if count == 1 => return Err(reason),
                Err(reason) => groups.push((count, Err(reason))),
            }
        }
        let rounds = vec![Vec::new(); cells.len()];
        Ok((Self { groups, rounds, pace: vec![None; cells.len()] }, identity))
    }

    /// One round of the cell `index`; `None` where this group of clients has failed, now or before.
    fn slice(
        &mut self,
        index: usize,
        cell: Cell,
        slice: Duration,
        round: usize,
    ) -> Option<(f64, f64)> {
        let group = &mut self.groups.iter_mut().find(|(count, _)| *count == cell.clients)?.1;
        let clients = group.as_mut().ok()?;
        let fitting = (READY_BYTES_MAX / cell.bytes as u64).clamp(1, OPERATIONS_MAX);
        let count = self.pace[index].map_or(1, |nanos| {
            ((slice.as_secs_f64() * 1e9 / nanos.max(1.0)) as u64).clamp(1, fitting)
        });
        match clients.slice(cell.work, cell.bytes, count, round % 2 == 1) {
            Ok((timed, refused)) => {
                self.pace[index] = Some(timed);
                Some((timed, refused))
            }
            Err(reason) => {
                *group = Err(reason);
                None
            }
        }
    }

    /// Why nothing more comes of `cell`, if it is so.
    fn failure(&self, cell: Cell) -> Option<&String> {
        let (_, group) = self.groups.iter().find(|(count, _)| *count == cell.clients)?;
        group.as_ref().err()
    }

    fn costs(&self, cells: &[Cell], null: &Self) -> Vec<Cost> {
        let reason = |cell: &Cell| match (self.failure(*cell), null.failure(*cell)) {
            (Some(reason), _) => reason.clone(),
            (None, Some(reason)) if cell.work == Work::Read => {
                format!(
                    "the built-in `{NULL_SUBJECT}`, which tells what the protocol takes: {reason}"
                )
            }
            _ => "the run was over before its turn; give it more time with --time".to_owned(),
        };
        let measured = |(cell, rounds): (&Cell, &Vec<(f64, f64)>)| {
            let failed = self.failure(*cell).is_some();
            // Figures of a subject that fails now and then would look like those of one that works.
            let measured =
                if failed && !watchdog::is_interrupted() { None } else { Measured::of(rounds) };
            Cost {
                cell: *cell,
                measured: measured
                    .unwrap_or_else(|| Measured::NotMeasured { reason: reason(cell) }),
            }
        };
        cells.iter().zip(&self.rounds).map(measured).collect()
    }
}

/// The type of the file system at `path`, and whether it is memory.
fn file_system(path: &Path) -> (String, bool) {
    let Ok(found) = statfs(path).map(|stat| stat.filesystem_type()) else {
        return ("unknown".into(), false);
    };
    let named: [(FsType, &str); 5] = [
        (EXT4_SUPER_MAGIC, "ext2/ext3/ext4"),
        (XFS_SUPER_MAGIC, "xfs"),
        (BTRFS_SUPER_MAGIC, "btrfs"),
        (OVERLAYFS_SUPER_MAGIC, "overlayfs"),
        (TMPFS_MAGIC, "tmpfs"),
    ];
    let name = named.iter().find(|(magic, _)| *magic == found).map(|(_, name)| *name);
    (name.map_or_else(|| format!("{:#x}", found.0), str::to_owned), found == TMPFS_MAGIC)
}
