//! The soak: a subject under load for as long as there is time, with nobody who chooses an order.
//!
//! Schedules are few and short, and made by a tracer that stops everybody; here some processes call at full speed, for
//! seconds and on one root, as they would in use. Calm phases alternate with phases in which one of them is killed
//! every few tens of milliseconds. Each path's history is judged while it grows and forgotten where it was right, so
//! that memory is bounded by what is under way and not by how long it takes.
//!
//! Chance decides what happens. So a soak refutes and never upholds: what it does not find, what it could not decide
//! and how much it did are no part of a verdict. What it finds is told by the same checkers that judge schedules, from
//! the last stretch of one path's history.

mod content;
mod key;
mod ledger;
mod phase;
mod stretch;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crashworthy::{Guarantee, Operation, PersistenceModel};

use self::{
    content::Content,
    key::{Key, Standing},
    ledger::{DIRECTORIES, Ledger, is_refusal},
    phase::{Phase, Sort},
    stretch::{Setting, Stretch},
};
use super::{
    arena::{Arena, Scratch},
    trial::{TrialError, offers_recovery},
};
use crate::{
    fault::Strike,
    history::{Baseline, Entry, Evidence, Invocation, Outcome, Phase as When, Reply},
    judge::{Case, Docket, Losses, Ruling, SoakTotals},
    subject::{Bytes, Launcher, Limits, Plain, Subject, watchdog},
    trace::Trace,
};

/// Longest phase: files of paths that were given up stay until it ends, and so do those that kills leave behind.
const PHASE_MAX: Duration = Duration::from_secs(1);
/// Shortest phase: time to start the processes and to get to work.
const PHASE_MIN: Duration = Duration::from_millis(200);
/// A soak has so many phases at least, where it is not too short for that.
const PHASES_MIN: u32 = 4;
/// Phases that ended early without a finding, after which there is no point in more of them.
const FRUITLESS_MAX: usize = 3;
/// How long a replay tries to see something again.
const REPLAY: Duration = Duration::from_secs(10);
/// What the scenario of its evidence is called.
pub(super) const NAME: &str = "soak";
/// A file that nobody stores.
const MISSING: &str = "missing.bin";
/// A file that is stored and deleted before the clients come, where they do not look.
const PROBE: &str = "probe/file";

/// Calm ones come first: what goes wrong in them is not for the kills.
pub(super) const SORTS: [Sort; 3] = [Sort::Steady, Sort::Restarting, Sort::Killing];
/// What is judged while nobody is killed.
const CALM: [Guarantee; 4] = [
    Guarantee::NoTornRead,
    Guarantee::LastWriteWins,
    Guarantee::Linearizable,
    Guarantee::NoSpuriousError,
];
/// What is judged while clients are killed.
const KILLING: [Guarantee; 1] = [Guarantee::CrashIsolated];

/// See the module.
pub(super) struct Soak<'a> {
    pub(super) subject: &'a Subject,
    pub(super) limits: Limits,
    pub(super) seed: u64,
    /// Nothing is begun after that.
    pub(super) until: Instant,
    /// Whatever is not done by then is killed, and says nothing.
    pub(super) gone_by: Option<Instant>,
    pub(super) is_over: &'a (dyn Fn() -> bool + Sync),
}

/// What refutes a guarantee.
pub(super) struct Found {
    pub(super) guarantee: Guarantee,
    ruling: Ruling,
    evidence: Evidence,
}

/// The guarantees that a soak can still refute.
pub(super) fn hunted(known: &Docket) -> BTreeSet<Guarantee> {
    let is_open =
        |guarantee: &Guarantee| known.case(*guarantee, PersistenceModel::default()).is_none();
    let mut hunted: BTreeSet<Guarantee> = CALM.into_iter().filter(is_open).collect();
    // Where processes disturb each other anyway, a kill cannot be told from that; the schedules have doubts then.
    if hunted.len() == CALM.len() {
        let is_clear = |guarantee: &Guarantee| known.doubts(*guarantee).next().is_none();
        hunted.extend(KILLING.into_iter().filter(is_open).filter(is_clear));
    }
    hunted
}

/// Runs a soak of one sort with this seed, until it shows that `guarantee` is refuted or there was time enough.
pub(super) fn replay(
    subject: &Subject,
    limits: Limits,
    (seed, kills): (u64, bool),
    guarantee: Guarantee,
) -> Result<Option<Box<Case>>, TrialError> {
    let until = Instant::now() + REPLAY;
    let soak = Soak { subject, limits, seed, until, gone_by: None, is_over: &|| false };
    let mut docket = Docket::default();
    let mut totals = SoakTotals::default();
    let sorts = SORTS.into_iter().filter(|sort| (*sort == Sort::Killing) == kills);
    let sorts: Vec<Sort> = sorts.collect();
    soak.run(&BTreeSet::from([guarantee]), &sorts, &mut totals, &mut |found| {
        keep(&mut docket, found);
    })?;
    Ok(docket.case(guarantee, Strike::Soak { seed, kills }.model()).cloned().map(Box::new))
}

/// Keeps what a soak found; the case, where it is the one that is kept.
pub(super) fn keep<'a>(
    docket: &'a mut Docket,
    Found { guarantee, ruling, evidence }: &Found,
) -> Option<&'a Case> {
    let none = Trace::default();
    let model = evidence.strike.model();
    if docket.entry(*guarantee, model).is_none_or(|entry| entry.trials == 0) {
        // Nothing else has compared anything, and here something was.
        docket.count(ruling, model, None, &evidence.scenario);
    }
    docket.keep(ruling, evidence, &none, &none, &Losses::default());
    docket.case(*guarantee, model)
}

impl Soak<'_> {
    /// Runs phases of these sorts in turn, and looks for a refutation of each that is
    /// `hunted`; what was seen before an error stands in `totals`.
    pub(super) fn run(
        &self,
        hunted: &BTreeSet<Guarantee>,
        sorts: &[Sort],
        totals: &mut SoakTotals,
        tell: &mut dyn FnMut(&Found),
    ) -> Result<(), TrialError> {
        let mut launcher = Launcher::new(&Arc::new(self.subject.clone()), self.limits)?;
        let mut scratch = Scratch::new()?;
        let mut hunted = hunted.clone();
        let length = (self.until.saturating_duration_since(Instant::now()) / PHASES_MIN)
            .clamp(PHASE_MIN, PHASE_MAX);
        let (mut fruitless, mut number, mut suspicion) = (0, 0_u64, None::<Found>);
        let mut sorts = sorts.iter().copied().cycle();
        while fruitless < FRUITLESS_MAX && !hunted.is_empty() && !self.has_ended() {
            let Some(sort) = sorts.next() else { break };
            let kills = sort == Sort::Killing;
            // Calm phases come in any case, also after what is for the kills: it may not have been.
            if kills && let Some(one) = suspicion.take() {
                hunted.remove(&one.guarantee);
                tell(&one);
            }
            if kills && !KILLING.iter().any(|guarantee| hunted.contains(guarantee)) {
                continue;
            }
            number += 1;
            let until = self.until.min(Instant::now() + length);
            let (found, is_cut) =
                self.phase(&mut launcher, &mut scratch, (number, sort), until, totals)?;
            fruitless += usize::from(is_cut && found.is_empty());
            for one in found {
                if kills {
                    suspicion.get_or_insert(one);
                    continue;
                }
                hunted.retain(|guarantee| !KILLING.contains(guarantee));
                suspicion = None;
                if hunted.remove(&one.guarantee) {
                    tell(&one);
                }
            }
        }
        if let Some(one) = suspicion {
            tell(&one);
        }
        Ok(())
    }

    /// One phase: what it refutes, and whether it ended before its time.
    fn phase(
        &self,
        launcher: &mut Launcher,
        scratch: &mut Scratch,
        (number, sort): (u64, Sort),
        until: Instant,
        totals: &mut SoakTotals,
    ) -> Result<(Vec<Found>, bool), TrialError> {
        let started = Instant::now();
        let kills = sort == Sort::Killing;
        let arena = scratch.arena()?;
        let strike = Strike::Soak { seed: self.seed, kills };
        let (setting, refused) = self.introduce(launcher, &arena, strike)?;
        let missing = setting.baseline.missing;
        let ledger = Mutex::new(Ledger::new(kills, setting.recovers, missing, refused));
        let phase = Phase {
            subject: self.subject,
            limits: self.limits,
            arena: &arena,
            seed: self.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            sort,
            until,
            gone_by: self.gone_by,
            is_over: self.is_over,
        };
        let ran = phase.run(&ledger);
        let mut ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        totals.operations += ledger.operations;
        totals.kills += ledger.kills;
        totals.undecided += ledger.undecided;
        totals.seconds += started.elapsed().as_secs_f64();
        ran?;
        let is_cut = Instant::now() < until;
        let keys = ledger.close();
        let quiet = self.look(launcher, &arena, &keys)?;
        Ok((found(&keys, &quiet, &setting, if kills { &KILLING } else { &CALM }), is_cut))
    }

    /// What the subject says of itself, and of a file that is missing; and which operations it refuses although it is
    /// alone.
    fn introduce(
        &self,
        launcher: &mut Launcher,
        arena: &Arena,
        strike: Strike,
    ) -> Result<(Setting, Vec<Operation>), TrialError> {
        let mut process = self.start(launcher)?;
        let greeted = process.greet(&arena.root(), &self.subject.options);
        let missing = match process.call(&Invocation::ReadFile { path: MISSING.to_owned() }) {
            Outcome::Fail { kind, .. } => Some(kind),
            _ => None,
        };
        let (path, data) = (|| PROBE.to_owned(), Bytes::from("probe"));
        let directory = PROBE.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
        let all = [
            Invocation::WriteFile { path: path(), data },
            Invocation::ReadFile { path: path() },
            Invocation::Exists { path: path() },
            Invocation::ListFiles { directory },
            Invocation::DeleteFile { path: path() },
            Invocation::Recover,
        ];
        let refused = all.iter().filter(|invocation| is_refusal(&process.call(invocation)));
        let refused = refused.map(Invocation::operation).collect();
        launcher.bury(&process)?;
        let hello = greeted.map_err(|why| TrialError::Subject(arena.anonymous_text(&why)))?;
        let baseline = Arc::new(Baseline { missing, ..Baseline::default() });
        Ok((Setting { strike, recovers: offers_recovery(&hello), baseline }, refused))
    }

    /// What a fresh process sees of each path when all have finished.
    fn look(
        &self,
        launcher: &mut Launcher,
        arena: &Arena,
        keys: &[Key],
    ) -> Result<Vec<Entry>, TrialError> {
        let mut process = self.start(launcher)?;
        let opened = process.greet(&arena.root(), &self.subject.options);
        let of_key = |key: &Key| {
            let path = || key.path.clone();
            [Invocation::ReadFile { path: path() }, Invocation::Exists { path: path() }]
        };
        let lists = DIRECTORIES
            .into_iter()
            .map(|directory| Invocation::ListFiles { directory: directory.to_owned() });
        let mut quiet = Vec::new();
        for invocation in keys.iter().flat_map(of_key).chain(lists) {
            let outcome = match &opened {
                Ok(_) => process.call(&invocation),
                Err(why) => Outcome::Broken(why.clone()),
            };
            let outcome = arena.anonymous(outcome);
            quiet.push(Entry { phase: When::Quiet, invocation, outcome, span: None });
        }
        launcher.bury(&process)?;
        if watchdog::is_interrupted() {
            return Err(TrialError::Interrupted);
        }
        if self.gone_by.is_some_and(|gone_by| gone_by <= Instant::now()) {
            // Its answers may be missing because it was killed.
            quiet.clear();
        }
        Ok(quiet)
    }

    fn start(&self, launcher: &mut Launcher) -> Result<Plain, TrialError> {
        let mut process = launcher.plain.start()?;
        process.kill_at = self.gone_by;
        Ok(process)
    }

    fn has_ended(&self) -> bool {
        self.until <= Instant::now() || (self.is_over)()
    }
}

/// What the checkers say of each path. The first that refutes something is taken.
fn found(keys: &[Key], quiet: &[Entry], setting: &Setting, judges: &[Guarantee]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut left: BTreeSet<Guarantee> = judges.iter().copied().collect();
    // What could not be decided while it grew is not begun again.
    for key in keys.iter().filter(|key| key.standing != Standing::Undecided) {
        let (before, entries) = key.stretch();
        if entries.is_empty() {
            continue;
        }
        let quiet: Vec<Entry> = quiet.iter().filter_map(|entry| seen_of(key, entry)).collect();
        let earlier = earlier(key, &entries, &quiet);
        let stretch = Stretch { path: key.path.clone(), earlier, before, entries, quiet };
        let asked: Vec<Guarantee> = left.iter().copied().collect();
        for (guarantee, finding) in stretch.ruling(setting, &asked) {
            if finding.is_some() && left.remove(&guarantee) {
                let reduced = stretch.clone().reduced(setting, guarantee);
                let ruling = reduced.ruling(setting, &[guarantee]);
                let evidence = reduced.evidence(setting, &[guarantee]);
                found.push(Found { guarantee, ruling, evidence });
            }
        }
    }
    found
}

/// Values that were seen and not written in this stretch, but before it.
fn earlier(key: &Key, entries: &[Entry], quiet: &[Entry]) -> Vec<Content> {
    let written = |entry: &Entry| match &entry.invocation {
        Invocation::WriteFile { data, .. } => Content::of(data),
        _ => None,
    };
    let written: Vec<Content> = entries.iter().filter_map(written).collect();
    let seen = |entry: &Entry| match &entry.outcome {
        Outcome::Ok(Reply::Data(data)) => Content::of(data),
        _ => None,
    };
    let seen: BTreeSet<u32> = entries
        .iter()
        .chain(quiet)
        .filter_map(seen)
        .filter(|value| key.read(*value).is_some() && !written.contains(value))
        .map(|value| value.number)
        .collect();
    seen.into_iter().map(|number| Content { key: key.number, number }).collect()
}

/// What an answer of the last process says of this path.
fn seen_of(key: &Key, entry: &Entry) -> Option<Entry> {
    let (directory, name) = key.path.rsplit_once('/')?;
    let mut entry = entry.clone();
    match (&entry.invocation, &mut entry.outcome) {
        (Invocation::ListFiles { directory: listed }, outcome) if listed == directory => {
            if let Outcome::Ok(Reply::Names(names)) = outcome {
                names.retain(|one| one == name);
            }
            Some(entry)
        }
        (invocation, _) => (invocation.path() == key.path).then_some(entry),
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    use super::*;
    use crate::explore::soak::{key::Told, ledger::CLIENTS};

    /// A file system in memory that a phase's clients take turns on, at random.
    fn run(operations: usize, seed: u64) -> (Ledger, usize) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut files: std::collections::BTreeMap<String, Bytes> =
            std::collections::BTreeMap::new();
        let mut ledger = Ledger::new(false, true, None, Vec::new());
        let mut answers: [Option<Outcome>; CLIENTS] = [const { None }; CLIENTS];
        let mut kept_max = 0;
        for _ in 0..operations {
            let client = rand::RngExt::random_range(&mut random, 0..CLIENTS);
            if let Some(outcome) = answers[client].take() {
                ledger.end(client, Told::of(outcome));
            } else if let Some(task) = ledger.begin(client, &mut random) {
                // It takes effect at once, and is heard of later.
                answers[client] = Some(perform(&mut files, task.invocation()));
            }
            kept_max = kept_max.max(ledger.kept());
        }
        (ledger, kept_max)
    }

    fn perform(
        files: &mut std::collections::BTreeMap<String, Bytes>,
        invocation: Invocation,
    ) -> Outcome {
        let reply = match invocation {
            Invocation::WriteFile { path, data } => {
                files.insert(path, data);
                Reply::Done
            }
            Invocation::DeleteFile { path } => {
                files.remove(&path);
                Reply::Done
            }
            Invocation::ReadFile { path } => {
                let Some(data) = files.get(&path) else {
                    let kind = crashworthy::ErrorKind::NotFound;
                    return Outcome::Fail { kind, message: "no such file".into() };
                };
                Reply::Data(data.clone())
            }
            Invocation::Exists { path } => Reply::Truth(files.contains_key(&path)),
            Invocation::ListFiles { directory } => {
                let below = |path: &String| Some(path.strip_prefix(&directory)?[1..].to_owned());
                Reply::Names(files.keys().filter_map(below).collect())
            }
            Invocation::CreateDirectory { .. } | Invocation::Recover => Reply::Done,
        };
        Outcome::Ok(reply)
    }

    #[test]
    fn a_sound_history_is_never_suspect_and_takes_bounded_memory() {
        for seed in 0..3 {
            let (mut ledger, kept_max) = run(60_000, seed);
            assert!(ledger.operations > 25_000, "{}", ledger.operations);
            assert!(kept_max < 1_000, "{kept_max} operations kept");
            assert_eq!(ledger.undecided, 0);
            assert!(ledger.close().iter().all(|key| key.standing == Standing::Good));
        }
    }
}
