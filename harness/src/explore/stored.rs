//! What a scenario has stored when its process has ended: the files, to be damaged one at a time, and what
//! a fresh process reads of them.
//!
//! A damage is done in place and undone, so that the file, its times and its attributes stay what they were:
//! what rots does not say when.

use std::{
    fs::{self, File, FileTimes, OpenOptions, Permissions},
    io,
    ops::Range,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use super::{
    observe::Notes,
    trial::{Record, Stage, TrialError, offers_recovery, subject_failed},
};
use crate::{
    fault::{Damage, Strike},
    history::{Entry, Evidence, Invocation, Moment, Node, Outcome, Phase, Tree},
    subject::{Bytes, Plain, watchdog},
    trace::Trace,
};

/// How long opening or reading a damaged file may take. Longer than any sound answer; shorter than what
/// other operations are given, because a reader that hangs may hang at every damage.
pub(super) const READ_WAIT_MAX: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Stored {
    notes: Notes,
    tree: Tree,
    recovers: bool,
}

/// A file that is damaged at the moment.
#[must_use]
pub(super) struct Damaged {
    file: File,
    content: Bytes,
    touched: Range<usize>,
    times: FileTimes,
}

impl Stage<'_> {
    /// Runs set-up and workload in a process of their own, lets it end, and has a fresh one read.
    pub(super) fn store(&mut self) -> Result<Stored, TrialError> {
        let mut notes = self.notes()?;
        let mut process = self.launcher.plain.start()?;
        let greeted = process.greet(&notes.arena.root(), &self.subject.options);
        if greeted.is_ok() {
            for invocation in &self.scenario.set_up {
                notes.run(Phase::SetUp, &mut process, invocation);
            }
            for invocation in self.scenario.workload() {
                notes.run(Phase::Workload, &mut process, invocation);
            }
            process.finish()?;
        }
        self.launcher.bury(&process)?;
        let hello = greeted.map_err(|why| subject_failed(&notes, &why))?;
        let recovers = offers_recovery(&hello);
        let mut stored = Stored { notes, tree: Tree::default(), recovers };
        let answers = self.read_freshly(&mut stored)?;
        stored.notes.history.extend(reads(self, Phase::Undamaged, answers));
        // Now, so that what any reader leaves, like a file to lock, is no disturbance.
        stored.tree = stored.notes.look(Moment::Stored)?.clone();
        Ok(stored)
    }

    /// A process that will open roots one after the other.
    pub(super) fn reader(&mut self) -> Result<Plain, TrialError> {
        let mut process = self.launcher.plain.start()?;
        match process.hello() {
            Ok(_) => {
                process.limit_operations(READ_WAIT_MAX);
                Ok(process)
            }
            Err(why) => {
                self.launcher.bury(&process)?;
                Err(TrialError::Subject(why))
            }
        }
    }

    /// What `reader` answers to a read of every path that the scenario names, in a place that nobody has
    /// seen before.
    pub(super) fn read(
        &mut self,
        stored: &mut Stored,
        reader: &mut Plain,
    ) -> Result<Vec<Outcome>, TrialError> {
        let arena = &mut stored.notes.arena;
        self.scratch.move_arena(arena)?;
        let opened = reader.open(&arena.root(), &self.subject.options);
        let answers = self.scenario.paths().into_iter().map(|path| match &opened {
            Outcome::Ok(_) => {
                let read = Invocation::ReadFile { path: path.to_owned() };
                arena.anonymous(reader.call(&arena.aimed(&read)))
            }
            refused => arena.anonymous(refused.clone()),
        });
        let answers = answers.collect();
        // Subjects that were ended by Ctrl-C look like subjects that died.
        if watchdog::is_interrupted() { Err(TrialError::Interrupted) } else { Ok(answers) }
    }

    /// As [`Self::read`], by a process that was started for it.
    pub(super) fn read_freshly(&mut self, stored: &mut Stored) -> Result<Vec<Outcome>, TrialError> {
        let mut reader = self.reader()?;
        let answers = self.read(stored, &mut reader);
        self.launcher.bury(&reader)?;
        answers
    }

    /// One trial under a strike on a stored file.
    pub(super) fn strike_stored(&mut self, strike: &Strike) -> Result<Record, TrialError> {
        let mut stored = self.store()?;
        let _damaged = stored.damage(strike)?;
        let answers = self.read_freshly(&mut stored)?;
        let evidence = stored.evidence(self, strike, answers)?;
        Ok(Record { evidence, trace: Trace::default(), recovery: Trace::default() })
    }
}

impl Stored {
    /// Every stored file with its content, sorted by path.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        let root = self.notes.arena.root();
        self.tree.nodes.iter().filter_map(move |(path, node)| match node {
            // A name that is not text is known by another one here, and cannot be opened by it.
            Node::File(content) if root.join(path).exists() => Some((path.as_str(), content)),
            _ => None,
        })
    }

    /// Damages a file as `strike` says.
    pub(super) fn damage(&self, strike: &Strike) -> Result<Damaged, TrialError> {
        let Strike::BitRot { path, damage } = strike else {
            return Err(TrialError::Diverged("the strike is not one on a stored file".into()));
        };
        let Some(Node::File(content)) = self.tree.nodes.get(path) else {
            return Err(TrialError::Diverged(format!("it stored no file {path:?} this time")));
        };
        let (Some(after), Some(touched)) = (damage.of(content), damage.range(content.len())) else {
            return Err(TrialError::Diverged(format!("it stored another {path:?} this time")));
        };
        let file = open_for_writing(&self.notes.arena.root().join(path))?;
        let metadata = file.metadata()?;
        let times =
            FileTimes::new().set_accessed(metadata.accessed()?).set_modified(metadata.modified()?);
        match damage {
            Damage::Truncate { length } => file.set_len(*length)?,
            _ => file.write_all_at(&after[touched.clone()], touched.start as u64)?,
        }
        file.set_times(times)?;
        Ok(Damaged { file, content: content.clone(), touched, times })
    }

    /// Whether what is on disk is no longer what was stored: some subjects repair or remove what they find
    /// damaged.
    pub(super) fn is_disturbed(&self) -> io::Result<bool> {
        Ok(self.notes.arena.tree()? != self.tree)
    }

    /// The evidence of a trial under `strike` in which the reads gave `answers`.
    pub(super) fn evidence(
        &self,
        stage: &Stage<'_>,
        strike: &Strike,
        answers: Vec<Outcome>,
    ) -> io::Result<Evidence> {
        Ok(Evidence {
            scenario: stage.scenario.clone(),
            strike: strike.clone(),
            recovers: self.recovers,
            baseline: stage.baseline.clone(),
            history: self
                .notes
                .history
                .iter()
                .cloned()
                .chain(reads(stage, Phase::Damaged, answers))
                .collect(),
            trees: self.notes.trees.clone(),
            outside: self.notes.arena.changes_outside()?,
        })
    }
}

/// The reads of a phase, one of every path that the scenario names.
fn reads(stage: &Stage<'_>, phase: Phase, answers: Vec<Outcome>) -> impl Iterator<Item = Entry> {
    stage.scenario.paths().into_iter().zip(answers).map(move |(path, outcome)| {
        let invocation = Invocation::ReadFile { path: path.to_owned() };
        Entry { phase, invocation, outcome, span: None }
    })
}

impl Damaged {
    /// Makes the file what it was.
    pub(super) fn undo(self) -> io::Result<()> {
        self.file.set_len(self.content.len() as u64)?;
        self.file.write_all_at(&self.content[self.touched.clone()], self.touched.start as u64)?;
        self.file.set_times(self.times)
    }
}

/// Opens a file for writing, also one that its owner has made read-only, and leaves it so.
fn open_for_writing(path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().write(true).open(path);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let permissions = fs::metadata(path)?.permissions();
            let writable = Permissions::from_mode(permissions.mode() | 0o200);
            fs::set_permissions(path, writable)?;
            let file = open();
            fs::set_permissions(path, permissions)?;
            file
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::{explore::arena::Scratch, history::History, scenario::Plant};

    const PATH: &str = "d/a";

    fn stored(scratch: &mut Scratch, content: &str) -> Stored {
        let arena = scratch.arena().unwrap();
        arena.plant(&[Plant::File { path: PATH.into(), data: content.into() }]).unwrap();
        let file = arena.root().join(PATH);
        let long_ago = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        File::options().write(true).open(&file).unwrap().set_times(long_ago).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
        let tree = arena.tree().unwrap();
        let notes = Notes { arena, history: History::new(), trees: Vec::new() };
        Stored { notes, tree, recovers: false }
    }

    #[test]
    fn a_damage_changes_the_bytes_and_nothing_else_and_is_undone_wherever_the_file_is() {
        let mut scratch = Scratch::new().unwrap();
        let mut stored = stored(&mut scratch, "value");
        for damage in [
            Damage::Flip { offset: 4, mask: 0x80 },
            Damage::Zero { offset: 1, length: 3 },
            Damage::Truncate { length: 0 },
            Damage::Truncate { length: 4 },
        ] {
            let strike = Strike::BitRot { path: PATH.into(), damage };
            let damaged = stored.damage(&strike).unwrap();
            let file = |stored: &Stored| {
                let path = stored.notes.arena.root().join(PATH);
                let metadata = fs::metadata(&path).unwrap();
                let mode = metadata.permissions().mode() & 0o777;
                (fs::read(path).unwrap(), metadata.modified().unwrap(), mode)
            };
            let is = |bytes: Vec<u8>| (bytes, SystemTime::UNIX_EPOCH, 0o444);
            assert_eq!(file(&stored), is(damage.of(b"value").unwrap()), "{damage:?}");
            assert!(stored.is_disturbed().unwrap());
            scratch.move_arena(&mut stored.notes.arena).unwrap();
            damaged.undo().unwrap();
            assert_eq!(file(&stored), is(b"value".to_vec()), "{damage:?}");
            assert!(!stored.is_disturbed().unwrap());
        }
    }

    #[test]
    fn what_is_not_there_this_time_cannot_be_damaged() {
        let mut scratch = Scratch::new().unwrap();
        let stored = stored(&mut scratch, "value");
        let strike = |path: &str, offset| {
            let damage = Damage::Flip { offset, mask: 1 };
            stored.damage(&Strike::BitRot { path: path.into(), damage })
        };
        for impossible in [strike("gone", 0), strike("d", 0), strike(PATH, 5)] {
            assert!(matches!(impossible, Err(TrialError::Diverged(_))));
        }
    }
}
