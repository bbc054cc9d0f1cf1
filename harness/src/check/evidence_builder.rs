//! Builds evidence by hand, for tests: the scenario and the history grow together.

use std::sync::Arc;

use crashworthy::{ErrorKind, Guarantee};

use crate::{
    fault::{Interleaving, Side, Strike},
    history::{
        Baseline, Entry, Evidence, Invocation, Moment, Node, Outcome, Phase, Reply, Span, Tree,
    },
    scenario::{Actor, Plant, Scenario},
    schedule::Schedule,
};

pub(super) fn write(path: &str, data: &str) -> Invocation {
    Invocation::WriteFile { path: path.into(), data: data.into() }
}

pub(super) fn read(path: &str) -> Invocation {
    Invocation::ReadFile { path: path.into() }
}

pub(super) fn exists(path: &str) -> Invocation {
    Invocation::Exists { path: path.into() }
}

pub(super) fn list(directory: &str) -> Invocation {
    Invocation::ListFiles { directory: directory.into() }
}

pub(super) fn mkdir(path: &str) -> Invocation {
    Invocation::CreateDirectory { path: path.into() }
}

pub(super) fn delete(path: &str) -> Invocation {
    Invocation::DeleteFile { path: path.into() }
}

pub(super) fn done() -> Outcome {
    Outcome::Ok(Reply::Done)
}

pub(super) fn data(text: &str) -> Outcome {
    Outcome::Ok(Reply::Data(text.into()))
}

pub(super) fn truth(truth: bool) -> Outcome {
    Outcome::Ok(Reply::Truth(truth))
}

pub(super) fn names(names: &[&str]) -> Outcome {
    Outcome::Ok(Reply::Names(names.iter().map(|name| (*name).to_owned()).collect()))
}

pub(super) fn fail(kind: ErrorKind) -> Outcome {
    Outcome::Fail { kind, message: "as told".to_owned() }
}

pub(super) fn missing() -> Outcome {
    fail(ErrorKind::NotFound)
}

pub(super) fn broken() -> Outcome {
    Outcome::Broken("it exited with status 101".to_owned())
}

pub(super) fn tree(nodes: &[(&str, Option<&str>)]) -> Tree {
    let node = |data: Option<&str>| data.map_or(Node::Directory, |text| Node::File(text.into()));
    nodes.iter().map(|(path, data)| ((*path).to_owned(), node(*data))).collect()
}

/// Evidence in the making. Without a word about the strike, nothing struck.
#[derive(Clone)]
pub(super) struct Builder {
    scenario: Scenario,
    baseline: Baseline,
    pub(super) evidence: Box<Evidence>,
}

impl Builder {
    pub(super) fn new(strike: Strike) -> Self {
        let scenario =
            Scenario { name: "t".into(), actors: vec![Actor::default()], ..Scenario::default() };
        let evidence = Box::new(Evidence {
            scenario: Arc::default(),
            strike,
            recovers: true,
            baseline: Arc::default(),
            history: Vec::new(),
            trees: Vec::new(),
            outside: Vec::new(),
        });
        Self { scenario, baseline: Baseline::default(), evidence }
    }

    pub(super) fn calm() -> Self {
        Self::new(Strike::None)
    }

    pub(super) fn killed() -> Self {
        Self::new(Strike::Kill { event: 0, side: Side::Before })
    }

    pub(super) fn paused() -> Self {
        Self::new(Strike::Pause { event: 0 })
    }

    /// Several actors with these names, by a schedule that only says whom it kills.
    pub(super) fn concurrent(actors: &[&str], killed: &[usize]) -> Self {
        let mut schedule = Schedule::default();
        for actor in killed {
            schedule.kill(*actor, None);
        }
        let strike = Strike::Schedule(Interleaving { schedule, ..Interleaving::default() });
        let actor = |name: &&str| Actor { name: (*name).to_owned(), operations: Vec::new() };
        let mut builder = Self::new(strike);
        builder.scenario.actors = actors.iter().map(actor).collect();
        builder
    }

    /// An operation of one of several actors, from one moment to another; one that was killed has no end.
    pub(super) fn by(
        mut self,
        actor: usize,
        (invoked, returned): (u64, u64),
        invocation: Invocation,
        outcome: Outcome,
    ) -> Self {
        self.scenario.actors[actor].operations.push(invocation.clone());
        let returned = (outcome != Outcome::Killed).then_some(returned);
        let span = Some(Span { actor, invoked, returned });
        self.evidence.history.push(Entry { phase: Phase::Workload, invocation, outcome, span });
        self
    }

    /// A read by a fresh process when all actors have finished.
    pub(super) fn quiet(self, invocation: Invocation, outcome: Outcome) -> Self {
        self.saw(Phase::Quiet, invocation, outcome)
    }

    pub(super) fn judging(mut self, guarantee: Guarantee) -> Self {
        self.scenario.judges.push(guarantee);
        self
    }

    pub(super) fn plant(mut self, plant: Plant) -> Self {
        self.scenario.plants.push(plant);
        self
    }

    /// An operation that is refused as well where one actor runs after the other.
    pub(super) fn refusing(mut self, invocation: Invocation) -> Self {
        self.baseline.refused.push(invocation);
        self
    }

    /// A set-up operation with its outcome.
    pub(super) fn set_up(mut self, invocation: Invocation, outcome: Outcome) -> Self {
        self.scenario.set_up.push(invocation.clone());
        self.saw(Phase::SetUp, invocation, outcome)
    }

    /// A workload operation with its outcome.
    pub(super) fn op(self, invocation: Invocation, outcome: Outcome) -> Self {
        self.unreached(invocation.clone()).saw(Phase::Workload, invocation, outcome)
    }

    /// A workload operation that the process did not live to see.
    pub(super) fn unreached(mut self, invocation: Invocation) -> Self {
        self.scenario.actors[0].operations.push(invocation);
        self
    }

    /// Any other operation.
    pub(super) fn saw(mut self, phase: Phase, invocation: Invocation, outcome: Outcome) -> Self {
        self.evidence.history.push(Entry { phase, invocation, outcome, span: None });
        self
    }

    pub(super) fn baseline_file(mut self, path: &str) -> Self {
        self.baseline.files.insert(path.to_owned());
        self
    }

    /// The workload's operation with this index fails without any fault.
    pub(super) fn fails_anyway(mut self, index: usize) -> Self {
        self.baseline.failed.insert(index);
        self
    }

    pub(super) fn twins(mut self, one: Tree, other: Tree) -> Self {
        self.baseline.twins = Some(Box::new((one, other)));
        self
    }

    pub(super) fn tree(mut self, moment: Moment, tree: Tree) -> Self {
        self.evidence.trees.push((moment, tree));
        self
    }

    pub(super) fn outside(mut self, line: &str) -> Self {
        self.evidence.outside.push(line.to_owned());
        self
    }

    pub(super) fn build(self) -> Evidence {
        let mut evidence = self.evidence;
        evidence.scenario = Arc::new(self.scenario);
        evidence.baseline = Arc::new(self.baseline);
        *evidence
    }
}

/// The guarantees that all checkers together refute, with the first finding of each.
pub(super) fn refuted(evidence: &Evidence) -> Vec<(Guarantee, String)> {
    super::all()
        .iter()
        .filter_map(|checker| {
            let judgement = checker.check(&super::Trial::new(evidence));
            assert!(judgement.comparisons >= judgement.findings.len(), "{judgement:?}");
            Some((checker.guarantee(), judgement.findings.first()?.summary.clone()))
        })
        .collect()
}

/// How many comparisons the checker of `guarantee` made.
pub(super) fn comparisons(evidence: &Evidence, guarantee: Guarantee) -> usize {
    super::checker(guarantee).check(&super::Trial::new(evidence)).comparisons
}
