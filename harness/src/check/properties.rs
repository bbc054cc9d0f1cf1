//! No false alarm and no miss, on histories that nobody thought of: a plain map executes a random
//! workload, a kill strikes a random operation of it, and either the old or the new state survives.
//! No checker may report. Then one answer is made wrong, and some checker must.

use std::collections::{BTreeMap, BTreeSet};

use crashworthy::{
    ErrorKind::{Io, NotFound},
    Guarantee,
};
use proptest::prelude::*;

use super::{
    evidence_builder::{
        Builder, data, delete, done, exists, fail, list, mkdir, names, read, refuted, truth, write,
    },
    oracle::parent,
};
use crate::{
    fault::Strike,
    history::{
        Entry, Evidence, Invocation, Moment, Node, Outcome,
        Phase::{
            self, BesideWriter, Crashed, Finished, Recovered, Recovery, Retried, Retry, SetUp,
            Workload,
        },
        Reply, Tree,
    },
    subject::Bytes,
};

const FILES: [&str; 5] = ["d/a", "d/a.tmp", "d/b", "e/a", "d/f/a"];
const DIRECTORIES: [&str; 4] = ["d", "e", "d/f", "none"];

/// A correct backend, as a value.
#[derive(Clone, Default)]
struct Model {
    files: BTreeMap<String, Bytes>,
    directories: BTreeSet<String>,
}

impl Model {
    fn run(&mut self, invocation: &Invocation) -> Outcome {
        let path = invocation.path();
        match invocation {
            Invocation::WriteFile { .. } | Invocation::DeleteFile { .. }
                if self.directories.contains(path) =>
            {
                return fail(Io);
            }
            Invocation::WriteFile { data, .. } => {
                self.files.insert(path.to_owned(), data.clone());
                self.directories.extend(super::oracle::ancestors(path).map(str::to_owned));
            }
            Invocation::DeleteFile { .. } => drop(self.files.remove(path)),
            Invocation::CreateDirectory { .. } => {
                self.directories.insert(path.to_owned());
                self.directories.extend(super::oracle::ancestors(path).map(str::to_owned));
            }
            Invocation::Recover => {}
            Invocation::ReadFile { .. } => {
                let found = self.files.get(path).cloned();
                return found.map_or_else(|| fail(NotFound), |d| Outcome::Ok(Reply::Data(d)));
            }
            Invocation::Exists { .. } => {
                return truth(self.files.contains_key(path) || self.directories.contains(path));
            }
            Invocation::ListFiles { .. } => {
                let inside = self.files.keys().filter(|file| parent(file) == path);
                return names(&inside.map(|f| f.rsplit('/').next().unwrap()).collect::<Vec<_>>());
            }
        }
        done()
    }

    fn tree(&self) -> Tree {
        let files = self.files.iter().map(|(path, data)| (path.clone(), Node::File(data.clone())));
        let directories = self.directories.iter().map(|path| (path.clone(), Node::Directory));
        files.chain(directories).collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Plan {
    Calm,
    Paused(usize),
    /// At this operation; whether it happened; whether recovery was killed as well.
    Killed(usize, bool, bool),
}

fn operation() -> impl Strategy<Value = Invocation> {
    let file = || proptest::sample::select(&FILES[..]);
    let directory = || proptest::sample::select(&DIRECTORIES[..]);
    prop_oneof![
        5 => (file(), "[a-c]{0,2}").prop_map(|(path, data)| write(path, &data)),
        3 => file().prop_map(delete),
        1 => directory().prop_map(delete),
        2 => directory().prop_map(mkdir),
        1 => file().prop_map(read),
        1 => file().prop_map(exists),
        1 => directory().prop_map(list),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    prop_oneof![
        1 => Just(Plan::Calm),
        1 => (0..8_usize).prop_map(Plan::Paused),
        3 => (0..8_usize, any::<bool>(), any::<bool>()).prop_map(|(a, b, c)| Plan::Killed(a, b, c)),
    ]
}

fn observe(evidence: &mut Evidence, model: &mut Model, phase: Phase) {
    let scenario = evidence.scenario.clone();
    let files = scenario.paths().into_iter().flat_map(|path| [read(path), exists(path)]);
    for invocation in files.chain(scenario.directories().into_iter().map(list)) {
        say(evidence, model, phase, invocation);
    }
}

fn say(evidence: &mut Evidence, model: &mut Model, phase: Phase, invocation: Invocation) {
    let outcome = model.run(&invocation);
    evidence.history.push(Entry { phase, invocation, outcome, span: None });
}

/// What the harness would see of a correct backend.
fn observed(
    set_up: &[Invocation],
    workload: &[Invocation],
    plan: Plan,
    judges: &[Guarantee],
) -> Evidence {
    let mut builder = match plan {
        Plan::Calm => Builder::calm(),
        Plan::Paused(_) => Builder::paused(),
        Plan::Killed(..) => Builder::killed(),
    };
    for guarantee in judges {
        builder = builder.judging(*guarantee);
    }
    for invocation in set_up {
        builder = builder.set_up(invocation.clone(), done());
    }
    for invocation in workload {
        builder = builder.unreached(invocation.clone());
    }
    for path in FILES {
        builder = builder.baseline_file(path);
    }
    let mut evidence = builder.build();
    evidence.history.clear();
    let mut model = Model::default();
    for invocation in set_up {
        say(&mut evidence, &mut model, SetUp, invocation.clone());
    }
    evidence.trees.push((Moment::Settled, model.tree()));
    let strike_at = match plan {
        Plan::Calm => None,
        Plan::Paused(at) | Plan::Killed(at, ..) => Some(at % workload.len()),
    };
    let mut interrupted = None;
    for (index, invocation) in workload.iter().enumerate() {
        if let Plan::Killed(_, happened, _) = plan
            && strike_at == Some(index)
        {
            if happened {
                model.run(invocation);
            }
            let (invocation, outcome) = (invocation.clone(), Outcome::Killed);
            interrupted = Some(invocation.clone());
            evidence.history.push(Entry { phase: Workload, invocation, outcome, span: None });
            break;
        }
        say(&mut evidence, &mut model, Workload, invocation.clone());
        evidence.trees.push((Moment::Acknowledged(index), model.tree()));
        if strike_at == Some(index) {
            say(&mut evidence, &mut model, BesideWriter, Invocation::Recover);
        }
    }
    let Plan::Killed(_, _, again) = plan else {
        observe(&mut evidence, &mut model, Finished);
        return evidence;
    };
    observe(&mut evidence, &mut model, Crashed);
    if again {
        let (invocation, outcome) = (Invocation::Recover, Outcome::Killed);
        evidence.history.push(Entry { phase: Recovery, invocation, outcome, span: None });
    }
    say(&mut evidence, &mut model, Recovery, Invocation::Recover);
    evidence.trees.push((Moment::Recovered, model.tree()));
    observe(&mut evidence, &mut model, Recovered);
    let interrupted = interrupted.expect("a kill interrupts an operation");
    say(&mut evidence, &mut model, Retry, interrupted.clone());
    match &interrupted {
        Invocation::DeleteFile { path } => {
            say(&mut evidence, &mut model, Retry, write(path, "again"));
        }
        Invocation::CreateDirectory { path } => {
            say(&mut evidence, &mut model, Retry, write(&format!("{path}/retry.bin"), "again"));
        }
        _ => {}
    }
    observe(&mut evidence, &mut model, Retried);
    evidence
}

fn trial() -> impl Strategy<Value = (Evidence, Plan)> {
    let changes = operation().prop_filter("a set-up only changes, and successfully", |op| {
        op.is_change() && !matches!(op, Invocation::DeleteFile { path } if DIRECTORIES.contains(&path.as_str()))
    });
    let judges = prop_oneof![Just(vec![]), Just(vec![Guarantee::PathFidelity])];
    let workload = proptest::collection::vec(operation(), 1..8);
    (proptest::collection::vec(changes, 0..5), workload, plan(), judges).prop_map(
        |(set_up, workload, plan, judges)| (observed(&set_up, &workload, plan, &judges), plan),
    )
}

/// Makes the answer of entry `index` wrong; `None` where every answer would be fine.
fn falsified(evidence: &Evidence, plan: Plan, index: usize, how: bool) -> Option<Outcome> {
    let entry = &evidence.history[index];
    let path = entry.invocation.path();
    let is_judged = match plan {
        Plan::Calm => true,
        Plan::Paused(_) => entry.phase == Finished,
        Plan::Killed(..) => entry.phase.is_after_crash(),
    };
    if !is_judged
        || entry.outcome == Outcome::Killed
        || DIRECTORIES.contains(&path)
            && matches!(
                entry.invocation,
                Invocation::DeleteFile { .. }
                    | Invocation::Exists { .. }
                    | Invocation::ReadFile { .. }
            )
    {
        return None;
    }
    let paused = matches!(plan, Plan::Paused(_));
    // What a delete of a directory may have taken is the fault-free run's question.
    let deletes_directory = |e: &Entry| matches!(&e.invocation, Invocation::DeleteFile { path } if DIRECTORIES.contains(&path.as_str()));
    if paused && evidence.history.iter().any(deletes_directory) {
        return None;
    }
    let in_flight = |at: &str| {
        let killed = |e: &Entry| e.outcome == Outcome::Killed && e.invocation.path() == at;
        entry.phase != Retried
            && evidence.history.iter().any(|e| killed(e) && e.invocation.is_change())
    };
    // A file where a directory is listed: nothing says what the list is.
    if let Invocation::ListFiles { .. } = entry.invocation
        && std::iter::once(path)
            .chain(super::oracle::ancestors(path))
            .any(|at| evidence.history.iter().any(|e| e.invocation == write(at, "again")))
    {
        return None;
    }
    Some(match &entry.outcome {
        Outcome::Fail { .. } if paused => return None,
        Outcome::Ok(Reply::Data(_)) if how && !in_flight(path) => fail(NotFound),
        Outcome::Fail { .. } if how && !in_flight(path) => data(""),
        Outcome::Ok(Reply::Data(_)) | Outcome::Fail { .. } => data("ghost"),
        Outcome::Ok(Reply::Truth(is)) if !in_flight(path) && (*is || !paused) => truth(!is),
        Outcome::Ok(Reply::Names(all)) => match all.split_last() {
            Some((last, rest)) if how && !in_flight(&format!("{path}/{last}")) => {
                Outcome::Ok(Reply::Names(rest.to_vec()))
            }
            _ if paused => return None,
            _ => Outcome::Ok(Reply::Names([all.as_slice(), &["ghost".to_owned()]].concat())),
        },
        Outcome::Ok(Reply::Done) if how => Outcome::Broken("it died".to_owned()),
        Outcome::Ok(Reply::Done) => fail(Io),
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn correct_backends_are_never_accused((evidence, _) in trial()) {
        prop_assert_eq!(refuted(&evidence), []);
    }

    #[test]
    fn one_wrong_answer_is_never_missed((evidence, plan) in trial(), at: prop::sample::Index, how: bool) {
        let candidates: Vec<_> = (0..evidence.history.len())
            .filter_map(|index| Some((index, falsified(&evidence, plan, index, how)?)))
            .collect();
        prop_assume!(!candidates.is_empty());
        let (index, wrong) = at.get(&candidates).clone();
        let mut evidence = evidence;
        evidence.history[index].outcome = wrong;
        prop_assert!(
            evidence.strike == Strike::None || super::walk::is_set_up(&evidence),
            "the falsified answer lies in the part that is judged",
        );
        let refuted = refuted(&evidence);
        prop_assert!(!refuted.is_empty(), "{:?} was missed", evidence.history[index]);
    }
}
